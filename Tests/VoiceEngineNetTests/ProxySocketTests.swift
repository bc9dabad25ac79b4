import Foundation
internal import NIOCore
internal import NIOPosix
import Testing
internal import VoiceEngineNet

/// TLS through a real tunnel, also inside the TLS of the proxy itself.
@Suite struct ProxySocketTests {
    /// The proxy: reads CONNECT, connects to the one server there is, and carries bytes both ways.
    final class Tunnel: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let server: SocketAddress
        let requests: Requests
        var request = ""
        var early: [ByteBuffer] = []
        var other: (any Channel)?

        init(to server: SocketAddress, _ requests: Requests) { (self.server, self.requests) = (server, requests) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            if let other { return other.writeAndFlush(bytes, promise: nil) }
            request += String(buffer: bytes)
            guard request.hasSuffix("\r\n\r\n") else { return }
            requests.add(request)
            let client = NIOLoopBound(context.channel, eventLoop: context.eventLoop)
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            ClientBootstrap(group: context.eventLoop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Back(client.value))
                    }
                }
                .connect(to: server).whenSuccess { channel in
                    bound.value.other = channel
                    client.value.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n"), promise: nil)
                }
        }
        func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    final class Back: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let client: any Channel
        init(_ client: any Channel) { self.client = client }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            client.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }
        func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
    }

    /// What the proxy was asked for.
    final class Requests: @unchecked Sendable {
        private let lock = NSLock()
        private var texts: [String] = []
        func add(_ text: String) { lock.withLock { texts.append(text) } }
        var all: [String] { lock.withLock { texts } }
    }

    /// Answers every request with two bytes.
    final class Answer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.channel.writeAndFlush(
                ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), promise: nil)
        }
    }

    let certificates: Certificates
    init() throws { certificates = try Certificates.shared.get() }

    private func context(_ name: String) throws -> TLSContext {
        try TLSContext(
            .server(certificateChain: certificates.path("\(name).pem"), privateKey: certificates.path("\(name).key")))
    }

    private func listen(
        _ group: MultiThreadedEventLoopGroup, tls: TLSContext?,
        _ handler: @escaping @Sendable () -> any ChannelInboundHandler
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls { try channel.pipeline.syncOperations.addHandler(TLSHandler(tls)) }
                try channel.pipeline.syncOperations.addHandler(handler())
            }
        }.bind(host: "127.0.0.1", port: 0).get()
    }

    @Test(arguments: [false, true]) func carriesTLSThroughAProxy(secureProxy: Bool) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await listen(group, tls: try context("proxied")) { Answer() }
        let address = try #require(server.localAddress)
        let requests = Requests()
        let proxy = try await listen(group, tls: secureProxy ? try context("good") : nil) {
            Tunnel(to: address, requests)
        }
        let port = try #require(proxy.localAddress?.port)
        var configuration = NetworkClient.Configuration()
        configuration.trust = .file(certificates.authority)
        // However long a busy machine takes between two requests.
        configuration.idleLifetime = .hours(1)
        configuration.proxies = ProxySettings(try Proxy("\(secureProxy ? "https" : "http")://u:p@localhost:\(port)"))
        let client = try NetworkClient(configuration)
        let loop = group.next()
        for url in ["https://api.example/", "https://api.example/again", "https://wrong.example/"] {
            let result = loop.makePromise(of: String.self)
            let request = HTTPRequest("GET", try WebURL(url))
            loop.execute {
                var text = ""
                _ = client.send(request, on: loop) { event in
                    switch event {
                    case .head: break
                    case .body(let part): text += String(buffer: part)
                    case .end: result.succeed(text)
                    case .failed(let error): result.fail(error)
                    }
                }
            }
            if url.contains("wrong") {
                await #expect(throws: NetworkError.self) { try await result.futureResult.get() }
            } else {
                #expect(try await result.futureResult.get() == "hi")
            }
        }
        #expect(
            requests.all.map { $0.prefix { $0 != "\r\n" } } == [
                "CONNECT api.example:443 HTTP/1.1", "CONNECT wrong.example:443 HTTP/1.1",
            ])
        #expect(requests.all.allSatisfy { $0.contains("Proxy-Authorization: Basic dTpw\r\n") })
        client.closeIdleConnections()
        for _ in 0..<3 { try await loop.submit {}.get() }
        #expect(client.counters.isQuiet)
        try await server.close()
        try await proxy.close()
        try await group.shutdownGracefully()
    }
}
