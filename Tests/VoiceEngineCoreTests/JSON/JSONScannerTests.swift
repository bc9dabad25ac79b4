import Testing

@testable import VoiceEngineCore

@Suite struct JSONScannerTests {
    private func scan(_ text: [UInt8], _ visit: (borrowing JSONScanner.Member) -> Void) throws {
        try text.withUnsafeBytes { try JSONScanner.scan($0, visit) }
    }

    @Test func findsTheFieldsOfAMediaMessage() throws {
        let message = """
            {"event":"media","sequenceNumber":"4","media":{"track":"inbound","chunk":"2","timestamp":"5",
            "payload":"no+JhoaJjpz/"},"streamSid":"MZ1"}
            """
        var found: [String] = []
        try scan(Array(message.utf8)) { member in
            if member.isNamed("event") { found.append("event \(member.isString("media"))") }
            if member.isNamed("payload", in: "media") { found.append("payload \(member.text ?? "")") }
            if member.isNamed("timestamp", in: "media") { found.append("timestamp \(member.integer ?? -1)") }
            if member.isNamed("media") { found.append("media \(member.kind)") }
            if member.isNamed("payload") { found.append("wrong") }
            if member.isNamed("streamSid") { found.append("sid \(member.text ?? "")") }
        }
        #expect(found == ["event true", "timestamp 5", "payload no+JhoaJjpz/", "media object", "sid MZ1"])
    }

    /// Names are compared by words that overlap: each byte of each length counts.
    @Test func knowsNamesByEveryByte() throws {
        let names: [StaticString] = [
            "", "a", "ab", "abc", "abcd", "abcde", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijklmno",
            "abcdefghijklmnop", "abcdefghijklmnopq", "abcdefghijklmnopqrstuvwxy",
        ]
        for name in names {
            let bytes = Array("\(name)".utf8)
            for place in -1..<bytes.count {
                var other = bytes
                if place >= 0 { other[place] = UInt8(ascii: "_") }
                let text =
                    #"{"\#(String(decoding: other, as: UTF8.self))":"\#(String(decoding: other, as: UTF8.self))"}"#
                try scan(Array(text.utf8)) { member in
                    for candidate in names {
                        let isSame = "\(candidate)" == String(decoding: other, as: UTF8.self)
                        #expect(member.isNamed(candidate) == isSame && member.isString(candidate) == isSame)
                    }
                }
            }
        }
    }

    /// Texts that hold a decoy of `media.payload`, with the payload that is really there.
    @Test(
        arguments: [
            (#"{"a":"\",\"media\":{\"payload\":\"x\"}"}"#, nil),
            (#"{"other":{"payload":"x"}}"#, nil),
            (#"{"media":{"deep":{"payload":"x"}}}"#, nil),
            (#"{"media":[{"payload":"x"}]}"#, nil),
            (#"{"list":[{"media":{"payload":"x"}}]}"#, nil),
            (#"{"payload":"x","media":"payload"}"#, nil),
            (#"{"x":{"media":{"payload":"y"}},"media":{"b":[[{}]],"payload":"z"}}"#, "z"),
            (#"{"media":{"payload ":"x","Payload":"x","payloa":"x","payload":"z"}}"#, "z"),
            (#"{"media":{"\u0070ayload":"x"}}"#, nil),
            (#"{"media":{"payload":"a\/b\u002b"}}"#, "a/b+"),
            (#"{"media":{},"m":{"payload":"x"}}"#, nil),
        ] as [(String, String?)])
    func isNotFooledByNestedOrEscapedContent(text: String, payload: String?) throws {
        var found: String?
        try scan(Array(text.utf8)) { if $0.isNamed("payload", in: "media") { found = $0.text } }
        #expect(found == payload)
    }

    @Test func readsWholeNumbersOfEitherSpelling() throws {
        var values: [Int64?] = []
        try scan(Array(#"{"a":12,"b":"-34","c":1.5,"d":"1x","e":"","f":null,"g":"12345678901234567890","h":"-"}"#.utf8))
        {
            values.append($0.integer)
        }
        #expect(values == [12, -34, nil, nil, nil, nil, nil, nil])
    }

    @Test func agreesWithTheParserOnEveryVector() {
        for (text, _) in JSONParserTests.accepted { check("{\"k\":\(text)}") }
        for (text, _, _, _) in JSONParserTests.refused {
            check(text)
            check("{\"k\":\(text)}")
            check("{\"k\":{\"l\":\(text)}}")
            check("{\"k\":[1,\(text)]}")
        }
    }

    @Test func takesWhatTheParserTakesUnderRandomChange() throws {
        let seedText = Array(
            #"{"event":"media","n":[1,-2.5e3,{"a":null}],"media":{"payload":"AA\/\u00e9é","t":true,"o":{"x":{}}},"z":"😀"}"#
                .utf8)
        let alphabet = Array("{}[]\",:\\u0e.-+tfn \u{1}é".utf8)
        var taken = 0
        for seed in 0..<6_000 as Range<UInt64> {
            var generator = SeededRandom(seed: seed)
            var bytes = seedText
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: index)
                case 2: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                default: bytes.removeSubrange(index...)
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            if agree(bytes, "seed \(seed)") { taken += 1 }
        }
        #expect(taken > 150 && taken < 5_850)
    }

    @Test func pureNoiseNeverTraps() {
        for seed in 0..<2_000 as Range<UInt64> {
            var generator = SeededRandom(seed: seed)
            let bytes = (0..<Int.random(in: 0..<200, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            _ = agree([0x7B, 0x22] + bytes, "seed \(seed)")
            _ = agree(bytes, "seed \(seed)")
        }
    }

    @Test func everyPrefixOfAMessageIsRefusedByBoth() {
        let text = Array(#"{"a":{"b":"\u00e9é\n","c":[1.5e1,true]},"d":null}"#.utf8)
        for count in 0..<text.count { #expect(!agree(Array(text[..<count]), "prefix \(count)")) }
        #expect(agree(text, "whole"))
    }

    @Test func holdsItsDepth() throws {
        let nested = { (depth: Int) in
            Array((String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)).utf8)
        }
        try scan(nested(64)) { _ in }
        #expect(throws: JSONFault(offset: 64 * 5, expected: .shallower)) { try scan(nested(65)) { _ in } }
    }

    private func check(_ text: String) { _ = agree(Array(text.utf8), text) }

    /// Whether both take the bytes; they must not differ, but for repeated keys, huge numbers and texts that are no
    /// object.
    private func agree(_ bytes: [UInt8], _ comment: String) -> Bool {
        var fault: JSONFault?
        var visited: [(String?, String?)] = []
        do {
            try scan(bytes) { visited.append(($0.text, nil)) }
        } catch {
            fault = error as? JSONFault
        }
        do {
            let value = try JSONValue.parse(bytes)
            #expect((fault == nil) == (value.object != nil), "\(comment): scanner \(String(describing: fault))")
        } catch {
            if error.fault.expected == .newKey || error.fault.expected == .numberInRange { return false }
            let same = fault == error.fault || fault?.expected == .object
            #expect(same, "\(comment): scanner \(String(describing: fault)), parser \(error)")
        }
        return fault == nil
    }
}
