internal import NIOCore
internal import NIOEmbedded
import Testing
internal import VoiceEngineNet

/// TLS between two handlers in memory: every byte on the wire is the test's.
@Suite struct TLSHandlerTests {
    final class Sink: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var bytes: [UInt8] = []
        var events: [String] = []
        var established: TLSEstablished?
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
        }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? TLSEstablished { established = event }
            if event as? ChannelEvent == .inputClosed { events.append("inputClosed") }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            events.append((error as? TLSError)?.kind.rawValue ?? "\(error)")
        }
        func channelInactive(context: ChannelHandlerContext) { events.append("inactive") }
    }

    struct Peer {
        let channel = EmbeddedChannel()
        let sink = Sink()
        init(_ handler: TLSHandler) throws {
            try channel.pipeline.syncOperations.addHandlers([handler, sink])
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        }
        func take() -> [UInt8] {
            var bytes: [UInt8] = []
            while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
            return bytes
        }
        func give(_ bytes: [UInt8], pieces: Int) {
            var rest = bytes[...]
            while !rest.isEmpty, channel.isActive {
                channel.pipeline.fireChannelRead(ByteBuffer(bytes: rest.prefix(pieces)))
                channel.pipeline.fireChannelReadComplete()
                rest = rest.dropFirst(pieces)
            }
        }
    }

    let certificates: Certificates
    init() throws { certificates = try Certificates.shared.get() }

    private func server(_ name: String = "good") throws -> TLSContext {
        try TLSContext(
            .server(certificateChain: certificates.path("\(name).pem"), privateKey: certificates.path("\(name).key")))
    }
    private func client() throws -> TLSContext { try TLSContext(.client(.file(certificates.authority))) }

    /// Carries bytes until both sides are silent.
    private func pump(_ a: Peer, _ b: Peer, pieces: Int = .max) {
        var moved = true
        while moved {
            let (fromA, fromB) = (a.take(), b.take())
            moved = !fromA.isEmpty || !fromB.isEmpty
            b.give(fromA, pieces: pieces)
            a.give(fromB, pieces: pieces)
        }
    }

    private func connect(
        _ client: TLSContext, _ server: TLSContext, host: String = "localhost", pieces: Int = .max
    ) throws -> (Peer, Peer) {
        let pair = (try Peer(TLSHandler(client, host: host, port: 1)), try Peer(TLSHandler(server)))
        pump(pair.0, pair.1, pieces: pieces)
        return pair
    }

    @Test(arguments: [1, 3, 7, 100, 5_000, Int.max])
    func carriesBytesInAnySplit(pieces: Int) throws {
        let (a, b) = try connect(try client(), try server(), pieces: pieces)
        #expect(a.sink.established?.applicationProtocol == "http/1.1")
        #expect(b.sink.established?.applicationProtocol == "http/1.1")
        #expect(a.sink.established?.version == "TLSv1.3")
        let message = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        a.channel.writeAndFlush(ByteBuffer(bytes: message), promise: nil)
        b.channel.writeAndFlush(ByteBuffer(bytes: message.reversed()), promise: nil)
        pump(a, b, pieces: pieces)
        #expect(b.sink.bytes == message)
        #expect(a.sink.bytes == message.reversed())
    }

    @Test func keepsWritesUntilTheHandshakeAndAnswersTheirPromises() throws {
        let a = try Peer(TLSHandler(try client(), host: "127.0.0.1", port: 1))
        let b = try Peer(TLSHandler(try server()))
        var done: [Int] = []
        for number in 0..<3 {
            a.channel.write(ByteBuffer(string: "\(number)")).assumeIsolated().whenSuccess { done.append(number) }
        }
        a.channel.flush()
        a.channel.write(ByteBuffer(string: "not flushed"), promise: nil)
        #expect(done.isEmpty)
        pump(a, b)
        #expect(String(decoding: b.sink.bytes, as: UTF8.self) == "012")
        #expect(done.sorted() == [0, 1, 2])
    }

    @Test func boundsWhatWaitsForTheHandshake() throws {
        let a = try Peer(TLSHandler(try client(), host: "localhost", port: 1))
        let buffer = ByteBuffer(repeating: 0, count: TLSHandler.maximumWaitingBytes)
        a.channel.write(buffer, promise: nil)
        var failed = false
        a.channel.write(ByteBuffer(string: "x")).assumeIsolated().whenFailure { _ in failed = true }
        #expect(failed)
    }

    @Test(arguments: [
        ("wrong", "wrongHost"), ("expired", "certificateExpired"), ("future", "certificateExpired"),
        ("stranger", "unknownAuthority"), ("self", "unknownAuthority"), ("client", "badCertificate"),
    ])
    func refusesABadCertificate(_ row: (String, String)) throws {
        let (a, b) = try connect(try client(), try server(row.0))
        #expect(a.sink.events == [row.1, "inactive"])
        #expect(a.sink.established == nil)
        #expect(!a.channel.isActive)
        #expect(b.sink.events.first == "handshakeRefused")
    }

    @Test func checksTheAddressOfAnIPLiteral() throws {
        #expect(try connect(try client(), try server(), host: "127.0.0.1").0.sink.established != nil)
        #expect(try connect(try client(), try server(), host: "127.0.0.2").0.sink.events.first == "wrongHost")
        #expect(try connect(try client(), try server(), host: "").0.sink.events.first == "badConfiguration")
        #expect(
            try connect(try client(), try server(), host: "localhost\0.example").0.sink.events.first
                == "badConfiguration")
    }

    @Test func namesTheServerButNotAnAddress() throws {
        // The first flight is not encrypted.
        let named = try Peer(TLSHandler(try client(), host: "localhost", port: 1)).take()
        #expect(String(decoding: named, as: UTF8.self).contains("localhost"))
        #expect(String(decoding: named, as: UTF8.self).contains("http/1.1"))
        for address in ["127.0.0.1", "::1"] {
            let hello = try Peer(TLSHandler(try client(), host: address, port: 1)).take()
            #expect(hello.first == 0x16)
            #expect(!String(decoding: hello, as: UTF8.self).contains(address))
        }
    }

    @Test func resumesASession() throws {
        let (clients, servers) = (try client(), try server())
        let (a, b) = try connect(clients, servers)
        #expect(a.sink.established?.isResumed == false)
        a.channel.close(promise: nil)
        pump(a, b)
        #expect(try connect(clients, servers).0.sink.established?.isResumed == true)
        #expect(try connect(clients, servers, host: "127.0.0.1").0.sink.established?.isResumed == false)
    }

    @Test func tellsAPlainTextAnswerApart() throws {
        let a = try Peer(TLSHandler(try client(), host: "localhost", port: 1))
        a.give(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), pieces: .max)
        #expect(a.sink.events == ["notTLS", "inactive"])
    }

    @Test func aCutDuringTheHandshakeIsARefusal() throws {
        let a = try Peer(TLSHandler(try client(), host: "localhost", port: 1))
        a.channel.close(promise: nil)
        #expect(a.sink.events == ["inactive"])  // closed by us: no error
        let b = try Peer(TLSHandler(try client(), host: "localhost", port: 1))
        b.channel.pipeline.fireChannelInactive()
        #expect(b.sink.events == ["handshakeRefused", "inactive"])
    }

    @Test func tellsAGoodbyeFromACut() throws {
        let (a, b) = try connect(try client(), try server())
        b.channel.writeAndFlush(ByteBuffer(string: "last"), promise: nil)
        b.channel.close(promise: nil)
        pump(a, b)
        #expect(a.sink.events == ["inputClosed", "inactive"])
        #expect(String(decoding: a.sink.bytes, as: UTF8.self) == "last")
        let (c, _) = try connect(try client(), try server())
        c.channel.pipeline.fireChannelInactive()
        #expect(c.sink.events == ["truncated", "inactive"])
    }

    @Test func garbageNeverTraps() throws {
        var generator = SystemRandomNumberGenerator()
        let (clients, servers) = (try client(), try server())
        for round in 0..<20 {
            let a = try Peer(TLSHandler(clients, host: "localhost", port: 1))
            let b = try Peer(TLSHandler(servers))
            var hello = round % 2 == 0 ? a.take() : []
            if !hello.isEmpty {
                hello[Int.random(in: 0..<hello.count, using: &generator)] ^= UInt8.random(
                    in: 1...255, using: &generator)
            }
            b.give(
                hello + (0..<100).map { _ in UInt8.random(in: 0...255, using: &generator) },
                pieces: Int.random(in: 1...99))
            a.give(b.take(), pieces: Int.random(in: 1...99))
            // Flipped bytes after the handshake break the record, not the process.
            let (c, d) = try connect(clients, servers)
            c.channel.writeAndFlush(ByteBuffer(string: "hello"), promise: nil)
            var record = c.take()
            record[Int.random(in: 5..<record.count, using: &generator)] ^= 1
            d.give(record, pieces: .max)
            #expect(d.sink.events.first == "protocolViolation")
            #expect(d.sink.bytes.isEmpty)
        }
    }

    @Test func namesTheFileThatCannotBeUsed() {
        #expect(throws: TLSError.self) { try TLSContext(.client(.file("/nowhere/ca.pem"))) }
        do { _ = try TLSContext(.server(certificateChain: "/nowhere/c.pem", privateKey: "/k.pem")) } catch {
            #expect("\(error)".contains("/nowhere/c.pem"))
        }
        #expect(throws: TLSError.self) {
            try TLSContext(
                .server(certificateChain: certificates.path("good.pem"), privateKey: certificates.path("ca.key")))
        }
    }
}
