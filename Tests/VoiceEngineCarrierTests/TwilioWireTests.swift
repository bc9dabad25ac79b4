import NIOCore
import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct TwilioWireTests {
    private func decode(_ text: String) -> Result<StreamMessage, StreamWireError> {
        decode(Array(text.utf8))
    }

    private func decode(_ bytes: [UInt8]) -> Result<StreamMessage, StreamWireError> {
        bytes.withUnsafeBytes { bytes in
            do throws(StreamWireError) { return .success(try TwilioWire().decode(text: bytes)) } catch {
                return .failure(error)
            }
        }
    }

    @Test(arguments: [
        (TwilioSays.connected, StreamMessage.connected),
        (TwilioSays.stop, .stop),
        (TwilioSays.mark("v17"), .mark(17)),
        (TwilioSays.mark("turn-7"), .mark(nil)),
        (TwilioSays.mark("v"), .mark(nil)),
        (TwilioSays.mark("v99999999999999999999"), .mark(nil)),
        (TwilioSays.dtmf("#"), .digit(UInt8(ascii: "#"))),
        (#"{"event":"galaxy","x":[1,{"y":null}]}"#, .unknown),
        (#"{"mark":{"name":"v2"},"event":"mark"}"#, .mark(2)),
    ])
    func readsTheDocumentedMessages(text: String, message: StreamMessage) {
        #expect(decode(text) == .success(message))
    }

    @Test func readsMediaWhereverItsFieldsStand() throws {
        let texts = [
            TwilioSays.media("AAEC"), #"{"media":{"payload":"AAEC"},"event":"media"}"#,
            #"{"event":"media","media":{"chunk":2,"timestamp":5,"payload":"AAEC","track":"inbound"}}"#,
            #"{ "event" : "media" , "media" : { "payload" : "AAEC", "payload" : "no" } }"#,
        ]
        for text in texts {
            guard case .success(.media(let media)) = decode(text) else {
                Issue.record("no media: \(text)")
                continue
            }
            #expect(String(decoding: Array(text.utf8)[media.payload], as: UTF8.self) == "AAEC")
            #expect(media.coding == .base64)
        }
    }

    @Test func theOtherTrackIsNotTheCaller() {
        #expect(decode(#"{"event":"media","media":{"track":"outbound","payload":""}}"#) == .success(.nothing))
    }

    @Test func readsStartWithNumbersInEitherForm() {
        var start = StreamStart()
        start.callID = "CA1"
        start.variables = [
            "caller": "+15551", "called": "+15552", "tenant": "acme", "callSid": "CA1", "accountSid": "AC1",
        ]
        #expect(decode(TwilioSays.start()) == .success(.start(start)))
        let strings = TwilioSays.start().replacing("8000", with: "\"8000\"").replacing(":1},", with: ":\"1\"},")
        #expect(decode(strings) == .success(.start(start)))
    }

    @Test func parametersMayHoldAnyText() {
        guard
            case .success(.start(let start)) = decode(
                TwilioSays.start(parameters: #"{"a\"b":"x\u00e9\ud83d\ude00\/","n":5,"o":{},"":"e"}"#))
        else { return #expect(Bool(false)) }
        let own = start.variables.filter { !["callSid", "accountSid"].contains($0.key) }
        #expect(own == ["a\"b": "xé😀/", "n": "5", "": "e"])
    }

    @Test(arguments: [
        ("", "message"), ("[]", "message"), ("{", "message"), (#"{"event":"media""#, "message"),
        ("{}", "event"), (#"{"event":7}"#, "event"), (#"{"event":"media"}"#, "media.payload"),
        (#"{"event":"media","media":{"payload":7}}"#, "media.payload"),
        (#"{"event":"media","media":{"x":{"payload":"AA"}}}"#, "media.payload"),
        (#"{"event":"dtmf","dtmf":{"digit":"12"}}"#, "dtmf.digit"), (#"{"event":"mark"}"#, "mark.name"),
        (#"{"event":"start"}"#, "start"), (#"{"event":"start","start":{}}"#, "streamSid"),
        (#"{"event":"start","start":{"streamSid":"a\"b"}}"#, "streamSid"),
    ])
    func errorsNameTheField(text: String, field: String) {
        guard case .failure(let error) = decode(text) else { return #expect(Bool(false), "\(text)") }
        #expect(error.field == field)
        #expect(error.description.hasPrefix(field + ": expected "))
    }

    @Test func tooManyParametersAreRefused() {
        let many = "{" + (0...StreamFields.mostParameters).map { "\"p\($0)\":\"\"" }.joined(separator: ",") + "}"
        #expect(
            decode(TwilioSays.start(parameters: many))
                == .failure(.init("start", .fewerParameters(StreamFields.mostParameters))))
    }

    /// Broken copies of every message, many times: an answer or an error, and every range within the message.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomMutationsNeverTrap(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let originals = [
            TwilioSays.connected, TwilioSays.start(), TwilioSays.media(TwilioSays.silence), TwilioSays.mark("v12"),
            TwilioSays.dtmf("1"), TwilioSays.stop, TwilioSays.media(#"AA\/\/"#),
        ].map { Array($0.utf8) }
        var inbound = StreamInboundAudio()
        var understood = 0
        for round in 0..<6_000 {
            var bytes = originals[round % originals.count]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place...)
                case 2: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
                default: bytes.remove(at: place)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            guard case .success(let message) = decode(bytes) else { continue }
            understood += 1
            guard case .media(let media) = message else { continue }
            bytes.withUnsafeBytes { bytes in
                #expect(media.payload.lowerBound >= 0 && media.payload.upperBound <= bytes.count)
                if let audio = try? inbound.decode(media, of: bytes) {
                    #expect(audio.count <= media.payload.count)
                }
            }
        }
        #expect(understood > 500)
    }

    @Test func decodesPayloadsWithAndWithoutEscapes() throws {
        var inbound = StreamInboundAudio()
        for text in [TwilioSays.media("/////w=="), TwilioSays.media(#"\/\/\/\/\/w=="#)] {
            let bytes = Array(text.utf8)
            try bytes.withUnsafeBytes { bytes in
                guard case .media(let media) = try TwilioWire().decode(text: bytes) else { return #expect(Bool(false)) }
                #expect(try Array(inbound.decode(media, of: bytes)) == [255, 255, 255, 255])
            }
        }
        let odd = Array(TwilioSays.media("AAAAA").utf8)
        odd.withUnsafeBytes { bytes in
            guard case .media(let media)? = try? TwilioWire().decode(text: bytes) else { return #expect(Bool(false)) }
            #expect(throws: StreamWireError("media.payload", .base64)) {
                try inbound.decode(media, of: bytes)
            }
        }
    }

    @Test func writesExactlyTheDocumentedFields() throws {
        let wire = TwilioWire()
        #expect(wire.written(.mark(1)) == nil)
        _ = try wire.says(TwilioSays.start())
        #expect(
            wire.writtenMedia([255, 255, 255, 255])
                == [.text(#"{"event":"media","streamSid":"MZ1","media":{"payload":"/////w=="}}"#)])
        for number in [1, 9, 10, 109, 1_000_000] as [Int64] {
            let text = #"{"event":"mark","streamSid":"MZ1","mark":{"name":"v\#(number)"}}"#
            #expect(wire.written(.mark(number)) == [.text(text)])
            #expect(decode(text) == .success(.mark(number)))
        }
        #expect(wire.written(.clear) == [.text(#"{"event":"clear","streamSid":"MZ1"}"#)])
        for command in [
            .accepted, .refused(""), .reply, .digits("1"), .transfer("+1"), .hangUp(""), .stopped,
        ] as [StreamCommand] { #expect(wire.written(command) == nil, "\(command)") }
    }
}
