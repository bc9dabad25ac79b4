import Testing

@testable import VoiceEngineNet

@Suite struct ServerPartsTests {
    @Test func handshakesAreCountedBySeconds() {
        var rate = HandshakeRate(most: 2)
        #expect([1, 1, 1, 2, 2, 2, 4].map { rate.take(in: $0) } == [true, true, false, true, true, false, true])
        var any = HandshakeRate(most: 0)
        #expect((0..<1_000).allSatisfy { _ in any.take(in: 1) })
    }

    // MARK: Router

    private let router = ServerRouter([
        ServerRoute(["GET"], "/", .respond { _ in .text(200, "root") }),
        ServerRoute(["GET", "POST"], "/voice/:agent", .respond { .text(200, $0.parameters["agent"] ?? "") }),
        ServerRoute(["GET"], "/voice", .respond { _ in .text(200, "default") }),
    ])

    @Test(arguments: [
        ("GET", "/", "root"), ("HEAD", "/", "root"), ("GET", "", "root"), ("GET", "/voice/", "default"),
        ("POST", "/voice/a%20b%2Fc", "agent=a b/c"), ("GET", "/voice/../x", "404"), ("GET", "/nothing", "404"),
        ("DELETE", "/voice/x", "405 GET, POST"), ("POST", "/voice", "405 GET"), ("GET", "/voice/%zz", "404"),
    ])
    func findsTheRoute(method: String, path: String, result: String) {
        let found: String
        switch router.match(method: method, path: path) {
        case .found(.respond(let answer), let parameters):
            found =
                parameters["agent"].map { "agent=\($0)" }
                ?? String(answer(ServerRequest(method: method, target: path)).body.dropLast())
        case .found(.respondLater, _): found = "later"
        case .found(.webSocket, _): found = "websocket"
        case .notFound: found = "404"
        case .methodNotAllowed(let methods): found = "405 " + methods.joined(separator: ", ")
        }
        #expect(found == result)
    }

    @Test func requestsAreTakenApart() {
        let request = ServerRequest(
            method: "GET", target: "/a%20b?x=1?y#z",
            headers: [(name: "HOST", value: " \t h "), (name: "host", value: "2")])
        #expect(request.path == "/a%20b")
        #expect(request.query == "x=1?y")
        #expect(request.header("Host") == "h")
        #expect(request.header("none") == nil)
    }

    // MARK: Forms

    @Test(arguments: [
        ("a=1&b=2", [FormField("a", "1"), FormField("b", "2")]), ("", []), ("&&", []), ("a", [FormField("a", "")]),
        ("a=b=c&a=+%2B%c3%A9", [FormField("a", "b=c"), FormField("a", " +é")]), ("=", [FormField("", "")]),
        ("x=%ff", [FormField("x", "\u{FFFD}")]),
    ])
    func decodesForms(text: String, fields: [FormField]) throws {
        #expect(try FormDecoder.fields(text.utf8) == fields)
    }

    @Test(arguments: ["a=%", "a=%1", "%gg=1", "a=%1x"])
    func brokenEscapesAreNamed(text: String) {
        #expect(throws: FormError.badEscape(field: 1)) { try FormDecoder.fields(("ok=1&" + text).utf8) }
    }

    @Test func segmentsComeBack() {
        let text = "a/b c&é?#%\"😀-._~"
        let encoded = FormDecoder.encodedSegment(text)
        #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#&\"".utf8.contains($0) })
        #expect(FormDecoder.decoded(encoded.utf8, plusIsBlank: false) == text)
    }

    // MARK: Handshake

    @Test func acceptsTheHandshakeOfTheSpecification() throws {
        #expect(ServerHandshake.acceptValue(key: ClientFrames.key) == ClientFrames.accept)
        let headers: [(name: String, value: String)] = [
            ("Connection", "keep-alive, Upgrade"), ("Upgrade", "WebSocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", ClientFrames.key),
        ]
        #expect(
            try ServerHandshake.accept(ServerRequest(method: "GET", target: "/", headers: headers))
                == ClientFrames.accept)
        for (index, status) in [400, 426, 426, 400].enumerated() {
            var broken = headers
            broken.remove(at: index)
            let request = ServerRequest(method: "GET", target: "/", headers: broken)
            #expect { try ServerHandshake.accept(request) } throws: { ($0 as? ServerResponse)?.status == status }
        }
    }

    @Test(
        arguments: [
            (["media"], "media"), (["chat, media"], "media"), (["chat", " audio , media"], "audio"), (["Media"], nil),
            (["chat"], nil), ([","], nil), ([], nil), (["mediation"], nil),
        ] as [([String], String?)])
    func agreesOnTheFirstSubprotocolThatBothSpeak(headers: [String], agreed: String?) {
        let request = ServerRequest(
            method: "GET", target: "/", headers: headers.map { (name: "sec-websocket-protocol", value: $0) })
        #expect(ServerHandshake.subprotocol(request, spoken: ["media", "audio"]) == agreed)
    }

    // MARK: Liveness

    @Test func aPeerThatDoesNotAnswerAPingIsGivenUp() {
        var liveness = ServerPeerLiveness()
        #expect(liveness.intervalPassed() == .ping)
        liveness.heard()
        #expect(liveness.intervalPassed() == .ping)
        #expect(liveness.intervalPassed() == .giveUp)
    }
}

@Suite struct ServerFrameParserTests {
    /// What a parser says to bytes that come in pieces, as text.
    private func events(
        _ bytes: [UInt8], of sender: WebSocketFrameParser.Sender = .client, most: Int = 1_000,
        pieces: (Int) -> Int = { $0 }
    ) -> [String] {
        var parser = WebSocketFrameParser(of: sender, maximumMessageBytes: most)
        var events: [String] = []
        var start = 0
        while start < bytes.count {
            let count = max(1, min(bytes.count - start, pieces(bytes.count - start)))
            Array(bytes[start..<(start + count)]).withUnsafeBytes { piece in
                var rest = piece
                loop: while true {
                    switch parser.next(&rest) {
                    case .needsMore: break loop
                    case .text(let message): events.append("text " + String(decoding: message, as: UTF8.self))
                    case .binary(let message): events.append("binary \(message.count)")
                    case .ping(let payload): events.append("ping " + String(decoding: payload, as: UTF8.self))
                    case .pong: events.append("pong")
                    case .close(let code, let reason):
                        events.append("close \(code) " + String(decoding: reason, as: UTF8.self))
                    case .violation(let code, _): events.append("violation \(code)")
                    }
                }
                #expect(rest.isEmpty)
            }
            start += count
        }
        return events
    }

    private static let text = ClientFrames.text
    private static let fragments = fragments(mask: [1, 2, 3, 4])

    private static func fragments(mask: [UInt8]?) -> [UInt8] {
        ClientFrames.frame(Array("ab".utf8), fin: false, mask: mask)
            + ClientFrames.frame(Array("!".utf8), opcode: 9, mask: mask)
            + ClientFrames.frame([], opcode: 0, fin: false, mask: mask)
            + ClientFrames.frame(Array("cd".utf8), opcode: 0, mask: mask)
    }

    @Test(arguments: [(WebSocketFrameParser.Sender.client, [9, 8, 7, 6] as [UInt8]?), (.server, nil)])
    func readsEveryKindOfFrame(sender: WebSocketFrameParser.Sender, mask: [UInt8]?) {
        let long = String(repeating: "x", count: 300)
        func text(_ text: String) -> [UInt8] { ClientFrames.frame(Array(text.utf8), mask: mask) }
        func events(_ bytes: [UInt8], pieces: (Int) -> Int = { $0 }) -> [String] {
            self.events(bytes, of: sender, pieces: pieces)
        }
        let bytes =
            text("hi") + text("") + text(long) + ClientFrames.frame([1, 2], opcode: 2, mask: mask)
            + Self.fragments(mask: mask) + ClientFrames.frame([], opcode: 10, mask: mask)
            + ClientFrames.frame([3, 0xE8, 65], opcode: 8, mask: mask)
        let expected = ["text hi", "text ", "text " + long, "binary 2", "ping !", "text abcd", "pong", "close 1000 A"]
        #expect(events(bytes) == expected)
        for size in 1...9 { #expect(events(bytes, pieces: { _ in size }) == expected) }
        var random = SeededRandom(seed: 7)
        for _ in 0..<200 { #expect(events(bytes, pieces: { .random(in: 1...$0, using: &random) }) == expected) }
    }

    @Test(
        arguments: [
            (ClientFrames.frame([1], mask: nil), 1002), (ClientFrames.frame([1], reserved: 0x40), 1002),
            (ClientFrames.frame([1], opcode: 3), 1002), (ClientFrames.frame([1], opcode: 11), 1002),
            (ClientFrames.frame([1], opcode: 0), 1002), (ClientFrames.frame([1], opcode: 9, fin: false), 1002),
            (ClientFrames.frame([UInt8](repeating: 1, count: 126), opcode: 9), 1002),
            (ClientFrames.frame([1], fin: false) + ClientFrames.frame([1]), 1002),
            (ClientFrames.frame([1], opcode: 8), 1002), (ClientFrames.frame([3, 0xED], opcode: 8), 1002),
            (ClientFrames.frame([UInt8](repeating: 65, count: 1_001)), 1009),
            (
                ClientFrames.frame([UInt8](repeating: 65, count: 600), fin: false)
                    + ClientFrames.frame([UInt8](repeating: 65, count: 401), opcode: 0), 1009
            ),
            ([0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], 1009),
        ] as [([UInt8], Int)])
    func violationsEndTheStream(bytes: [UInt8], code: Int) {
        #expect(events(bytes + ClientFrames.text("late")) == ["violation \(code)"])
        #expect(events(bytes + ClientFrames.text("late"), pieces: { _ in 1 }) == ["violation \(code)"])
    }

    @Test func aServerMustNotMask() {
        #expect(events(ClientFrames.text("x") + ClientFrames.text("late"), of: .server) == ["violation 1002"])
        let long = ClientFrames.frame([UInt8](repeating: 65, count: 1_001), mask: nil)
        #expect(events(long, of: .server) == ["violation 1009"])
    }

    @Test func aServerIsHeardOutAsItCloses() {
        func close(_ payload: [UInt8]) -> [String] {
            events(ClientFrames.frame(payload, opcode: 8, mask: nil), of: .server)
        }
        #expect(close([]) == ["close 1005 "])
        #expect(close([3]) == ["close 1005 "])
        #expect(close([3, 0xED, 65, 66]) == ["close 1002 AB"], "1005 must not be sent")
        #expect(close([0xFF, 0xFF]) == ["close 1002 "])
        #expect(close([0x0F, 0xA1, 65]) == ["close 4001 A"])
    }

    @Test func aCloseMayBeWithoutCode() {
        #expect(events(ClientFrames.frame([], opcode: 8)) == ["close 1005 "])
        #expect(events(ClientFrames.frame([UInt8](repeating: 65, count: 1_000))).count == 1)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomBytesNeverTrapAndAnySplitReadsAlike(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let mask: [UInt8]? = Bool.random(using: &random) ? [5, 6, 7, 8] : nil
            var bytes = Self.fragments(mask: mask) + ClientFrames.frame(Array("hello".utf8), mask: mask)
            bytes += ClientFrames.frame([3, 0xE8], opcode: 8, mask: mask)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            #expect(events(bytes) == events(bytes, pieces: { .random(in: 1...min(5, $0), using: &random) }))
            let whole = events(bytes, of: .server)
            #expect(whole == events(bytes, of: .server, pieces: { .random(in: 1...min(5, $0), using: &random) }))
        }
    }
}
