import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
import Synchronization
import Testing
internal import VoiceEngineNet

/// The client over real sockets on loopback, with TLS.
@Suite struct SocketTests {
    /// Answers every request with its own body.
    final class Echo: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        var body = ByteBuffer()
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head: body.clear()
            case .body(var part): body.writeBuffer(&part)
            case .end:
                let head = HTTPResponseHead(
                    version: .http1_1, status: .ok, headers: ["Content-Length": "\(body.readableBytes)"])
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }

    let certificates: Certificates
    init() throws { certificates = try Certificates.shared.get() }

    private func serve(_ group: MultiThreadedEventLoopGroup, _ certificate: String?) async throws -> any Channel {
        let tls = try certificate.map {
            try TLSContext(
                .server(certificateChain: certificates.path("\($0).pem"), privateKey: certificates.path("\($0).key")))
        }
        return try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(TLSHandler(tls)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Echo())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// The body of the answer, or the failure.
    private func request(
        _ client: NetworkClient, _ url: String, _ body: [UInt8], _ loop: any EventLoop, method: String = "POST",
        opened: (@Sendable (TimeAmount) -> Void)? = nil
    ) async throws -> [UInt8] {
        let url = try WebURL(url)
        let answer = loop.makePromise(of: [UInt8].self)
        loop.execute {
            var bytes: [UInt8] = []
            _ = client.send(HTTPRequest(method, url, body: body), on: loop, opened: opened) { event in
                switch event {
                case .head: break
                case .body(let part): bytes += part.readableBytesView
                case .end: answer.succeed(bytes)
                case .failed(let error): answer.fail(error)
                }
            }
        }
        return try await answer.futureResult.get()
    }

    private func client() throws -> NetworkClient {
        var configuration = NetworkClient.Configuration()
        configuration.trust = .file(certificates.authority)
        // However long a busy machine takes between two requests.
        configuration.idleLifetime = .hours(1)
        return try NetworkClient(configuration)
    }

    @Test(arguments: [true, false])
    func sendsALargeBodyThereAndBack(secure: Bool) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await serve(group, secure ? "good" : nil)
        let port = try #require(server.localAddress?.port)
        let client = try client()
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        let waits = Mutex<[TimeAmount]>([])
        for _ in 0..<2 {
            let answer = try await request(
                client, "\(secure ? "https" : "http")://localhost:\(port)/", body, group.next()
            ) { time in waits.withLock { $0.append(time) } }
            #expect(answer == body)
        }
        // The second request finds the connection of the first.
        #expect(waits.withLock { $0.map { $0 > .zero } } == [true])
        #expect(client.counters.connectionsOpened == 1)
        #expect(client.counters.requestsOnReusedConnections == 1)
        client.closeIdleConnections()
        try await server.close()
        // Under TLS the close takes a few turns of the loop.
        for _ in 0..<1_000 where !client.counters.isQuiet { try await group.next().submit {}.get() }
        #expect(client.counters.isQuiet)
        try await group.shutdownGracefully()
    }

    @Test(arguments: [
        ("wrong", TLSError.Kind.wrongHost, "is for another host"),
        ("expired", .certificateExpired, "is not valid any more"),
        ("future", .certificateExpired, "is not valid yet"),
        ("stranger", .unknownAuthority, "signed by an authority that is not trusted here"),
        ("self", .unknownAuthority, "is signed by itself"),
        ("client", .badCertificate, "is not made for a server"),
    ])
    func namesTheFaultOfACertificate(_ row: (String, TLSError.Kind, String)) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await serve(group, row.0)
        let port = try #require(server.localAddress?.port)
        do {
            _ = try await request(try client(), "https://localhost:\(port)/", [1], group.next())
            Issue.record("accepted")
        } catch NetworkError.tls(let error) {
            #expect(error.kind == row.1)
            #expect(error.detail.contains("localhost"))
            #expect(error.detail.contains(row.2))
        }
        try await server.close()
        try await group.shutdownGracefully()
    }

    @Test func namesAServerWithoutTLSAndOneThatIsNotThere() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await serve(group, nil)
        let port = try #require(server.localAddress?.port)
        do {
            _ = try await request(try client(), "https://localhost:\(port)/", [1], group.next())
            Issue.record("accepted")
        } catch NetworkError.tls(let error) { #expect(error.kind == .notTLS) }
        try await server.close()
        do {
            _ = try await request(try client(), "http://localhost:\(port)/", [1], group.next())
            Issue.record("connected")
        } catch NetworkError.unreachable(let text) { #expect(text.contains("localhost:\(port)")) }
        try await group.shutdownGracefully()
    }

    /// OpenSSL's own server, so that both ends are not ours.
    private func opensslServer(_ arguments: [String], certificate: String = "good") throws -> (Process, Int) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            [
                "s_server", "-accept", "127.0.0.1:0", "-cert", certificates.path("\(certificate).pem"), "-key",
                certificates.path("\(certificate).key"),
            ]
            + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = Pipe()
        try process.run()
        // "ACCEPT 127.0.0.1:PORT" is printed once it listens.
        var text = ""
        while !text.contains("ACCEPT") || !text.hasSuffix("\n") {
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { break }
            text += String(decoding: part, as: UTF8.self)
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT") } ?? ""
        return (process, Int(line.split(separator: ":").last ?? "") ?? 0)
    }

    @Test func refusesTLS11() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (process, port) = try opensslServer(["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        defer { kill(process.processIdentifier, SIGKILL) }
        try #require(port > 0)
        do {
            _ = try await request(try client(), "https://localhost:\(port)/", [1], group.next())
            Issue.record("accepted")
        } catch NetworkError.tls(let error) {
            #expect(error == TLSError(.handshakeRefused, "localhost does not offer TLS 1.2 or newer"))
        }
        try await group.shutdownGracefully()
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func speaksWithOpenSSL(version: String) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (process, port) = try opensslServer([version, "-www"])
        defer { kill(process.processIdentifier, SIGKILL) }
        try #require(port > 0)
        let client = try client()
        let url = "https://localhost:\(port)/"
        // The page tells how the server saw the connection; it closes behind each answer, so each is a new connection.
        for line in ["New, ", "Reused, ", "Reused, "] {
            let page = try await request(client, url, [], group.next(), method: "GET")
            let text = String(decoding: page, as: UTF8.self)
            #expect(text.contains(version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3"))
            #expect(text.contains(line + (version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3")))
        }
        #expect(client.counters.connectionsOpened == 3)
        // Tickets belong to the name that was verified.
        let other = try await request(client, "https://127.0.0.1:\(port)/", [], group.next(), method: "GET")
        #expect(String(decoding: other, as: UTF8.self).contains("New, "))
        try await group.shutdownGracefully()
    }

    @Test func refusesAWeakKey() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (process, port) = try opensslServer(["-cipher", "DEFAULT@SECLEVEL=0"], certificate: "weak")
        defer { kill(process.processIdentifier, SIGKILL) }
        try #require(port > 0)
        do {
            _ = try await request(try client(), "https://localhost:\(port)/", [1], group.next())
            Issue.record("accepted")
        } catch NetworkError.tls(let error) {
            #expect(error.kind == .badCertificate)
            #expect(error.detail.contains("is too weak to be trusted"))
        }
        try await group.shutdownGracefully()
    }
}
