import NIOCore
import Testing

@testable import VoiceLab

@Suite struct WireTests {
    @Test func shaAndHandshakeMatchTheStandards() {
        let hex = SHA1.digest(Array("abc".utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(hex == "a9993e364706816aba3e25717850c26c9cd0d89d")
        // RFC 6455, section 1.3.
        #expect(WebSocketHandshake.accept(key: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
    ])
    func base64MatchesTheVectorsOfItsRFC(plain: String, text: String) {
        #expect(Base64.encode(plain.utf8) == Array(text.utf8))
        #expect(Base64.decode(text.utf8) == Array(plain.utf8))
    }

    @Test(arguments: ["Z", "Zg=", "Z===", "Zg==Zg==", "Z!==", "Zm9v\n", "=AAA"])
    func base64RefusesWhatNoEncoderWrites(text: String) { #expect(Base64.decode(text.utf8) == nil) }

    @Test func muLawMatchesG711() {
        // The ends, the zeros and a middle value of the recommendation's table.
        #expect(MuLaw.linear[0x00] == -32_124 && MuLaw.linear[0x80] == 32_124)
        #expect(MuLaw.linear[0xFF] == 0 && MuLaw.linear[0x7F] == 0 && MuLaw.linear[0xF0] == 120)
        for byte in UInt8.min...UInt8.max where byte != 0x7F { #expect(MuLaw.encode(MuLaw.linear[Int(byte)]) == byte) }
        #expect(MuLaw.encode(.min) == 0x00 && MuLaw.encode(.max) == 0x80)
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536, 70_001])
    func framesSurviveTheWireHoweverTheyAreCut(length: Int) throws {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for peer in [WebSocketParser.Peer.client, .server] {
            var wire = ByteBuffer()
            WebSocketFrame.write(opcode: 2, payload: payload, mask: peer == .client ? 0x0102_0304 : nil, into: &wire)
            var parser = WebSocketParser(peer: peer)
            var received = ByteBuffer()
            var result: [UInt8]?
            let step = max(1, wire.readableBytes / 5)
            while let piece = wire.readSlice(length: min(step, wire.readableBytes)), piece.readableBytes > 0 {
                received.writeImmutableBuffer(piece)
                if case .binary(let data)? = try parser.next(from: &received) { result = Array(data.readableBytesView) }
            }
            #expect(result == payload)
        }
    }

    @Test(
        arguments: [
            ([0x81, 0x01, 0x41], WebSocketParser.Peer.client, "without mask"),
            ([0x81, 0x81, 0, 0, 0, 0, 0x41], .server, "mask"),
            ([0xC1, 0x00], .server, "reserved"), ([0x83, 0x00], .server, "opcode"),
            ([0x80, 0x00], .server, "continuation"),
            ([0x09, 0x00], .server, "control"), ([0x88, 0x01, 0x03], .server, "close"),
            ([0x81, 0x7E, 0x00, 0x05], .server, "shortest"),
        ] as [([UInt8], WebSocketParser.Peer, String)])
    func brokenFramesAreViolations(bytes: [UInt8], peer: WebSocketParser.Peer, reason: String) {
        var parser = WebSocketParser(peer: peer)
        var buffer = ByteBuffer(bytes: bytes)
        let error = #expect(throws: WireViolation.self) { try parser.next(from: &buffer) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func fragmentsAreJoinedAroundControlFrames() throws {
        var buffer = ByteBuffer(bytes: [0x01, 0x02, 0x61, 0x62, 0x89, 0x00, 0x80, 0x01, 0x63])
        var parser = WebSocketParser(peer: .server)
        guard case .ping? = try parser.next(from: &buffer) else {
            Issue.record("no ping")
            return
        }
        guard case .text(let text)? = try parser.next(from: &buffer) else {
            Issue.record("no text")
            return
        }
        #expect(String(buffer: text) == "abc")
    }

    @Test func httpBodiesOfBothKindsAreRead() throws {
        var buffer = ByteBuffer(
            string:
                "POST /a?b HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyzHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "2\r\nab\r\n1;e=f\r\nc\r\n0\r\n\r\nrest")
        var parser = HTTPParser()
        let request = try #require(try parser.next(from: &buffer))
        #expect(request.method == "POST" && request.target == "/a?b" && request.body == Array("xyz".utf8))
        let response = try #require(try parser.next(from: &buffer))
        #expect(response.status == 200 && response.body == Array("abc".utf8))
        #expect(String(buffer: buffer) == "rest")
    }

    @Test(arguments: ["A\r\nContent-Length: -1\r\n\r\n", "A\r\nContent-Length: x\r\n\r\n", "A\r\nno colon\r\n\r\n"])
    func brokenHeadsAreViolations(text: String) {
        var parser = HTTPParser()
        var buffer = ByteBuffer(string: text)
        #expect(throws: WireViolation.self) { try parser.next(from: &buffer) }
    }

    @Test(arguments: [
        ("ws://127.0.0.1:80/a", "127.0.0.1", 80, "/a"), ("wss://a.example", "a.example", 443, "/"),
        ("http://[::1]:8080/x?y", "::1", 8080, "/x?y"),
    ])
    func addressesAreTakenApart(url: String, host: String, port: Int, target: String) throws {
        let endpoint = try #require(Endpoint(url: url))
        #expect(endpoint.host == host && endpoint.port == port && endpoint.target == target)
    }

    @Test(arguments: ["", "a", "ftp://a", "ws://", "ws://a:0/", "ws://a:99999/", "ws://a:x/"])
    func wrongAddressesAreNone(url: String) { #expect(Endpoint(url: url) == nil) }

    @Test func queriesAreDecoded() {
        let query = QueryParameters(target: "/v1/listen?a=b%20c&d&a=x&e=1+2&f=%zz")
        #expect(
            query["a"] == "b c" && query["d"] == "" && query["e"] == "1 2" && query["f"] == "%zz" && query["g"] == nil)
    }

    @Test func wavesAreReadWhateverTheirForm() throws {
        let path = "/nowhere"
        func file(_ format: [UInt8], _ data: [UInt8]) -> [UInt8] {
            Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WAVEfmt ".utf8) + [16, 0, 0, 0] + format + Array("data".utf8)
                + [0xFF, 0xFF, 0xFF, 0x7F] + data
        }
        let stereo = try WaveFile.parse(
            file([1, 0, 2, 0, 0x80, 0x3E, 0, 0, 0, 0, 0, 0, 4, 0, 16, 0], [1, 2, 9, 9, 3, 4, 9, 9]), path: path)
        #expect(stereo.samples == [0x0201, 0x0403] && stereo.rate == 16_000)
        let law = try WaveFile.parse(
            file([7, 0, 1, 0, 0x40, 0x1F, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0], [0x80, 0xFF]), path: path)
        #expect(law.samples == [32_124, 0] && law.rate == 8_000)
        for bytes in [
            [], Array("RIFFxxxxWAVE".utf8),
            file([3, 0, 1, 0, 0x40, 0x1F, 0, 0, 0, 0, 0, 0, 4, 0, 32, 0], [0, 0, 0, 0]),
        ] {
            #expect(throws: WaveError.self) { try WaveFile.parse(bytes, path: path) }
        }
    }

    @Test func resamplingKeepsTheToneAndDropsTheAlias() {
        func sine(_ hertz: Double, _ rate: Double) -> [Int16] {
            (0..<Int(rate)).map { Int16(10_000 * sinOf(2 * .pi * hertz * Double($0) / rate)) }
        }
        let kept = Resampling.toTelephoneRate(sine(1_000, 22_050), from: 22_050)
        #expect(abs(kept.count - 8_000) <= 1)
        #expect(abs(Level.decibels(kept[1_000..<7_000]) - Level.decibels(sine(1_000, 8_000)[1_000..<7_000])) < 0.2)
        let alias = Resampling.toTelephoneRate(sine(5_500, 16_000), from: 16_000)
        #expect(Level.decibels(alias[1_000..<7_000]) < -70)
    }
}
