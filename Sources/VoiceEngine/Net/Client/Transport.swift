package import NIOCore
internal import NIOPosix

/// How a byte stream to a server is made: sockets, or what a test puts in their place.
package struct Transport: Sendable {
    /// Makes a connected channel on the given loop; runs the initializer before the channel is active.
    package typealias Connect =
        @Sendable (
            _ origin: Origin, _ eventLoop: any EventLoop, _ timeout: TimeAmount,
            _ initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
        ) -> EventLoopFuture<any Channel>

    let connect: Connect

    package init(connect: @escaping Connect) { self.connect = connect }

    /// TCP. Names are resolved by the system off the loop; NIO tries the addresses by RFC 8305.
    package static let sockets = Transport { origin, eventLoop, timeout, initializer in
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 32 << 10, high: 64 << 10))
            // A voice that is held stops after one such read instead of four of 64 KB each.
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 2_048, maximum: 8_192)
            )
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer(initializer)
        if let address = try? SocketAddress(ipAddress: origin.host, port: origin.port) {
            return bootstrap.connect(to: address)
        }
        return bootstrap.connect(host: origin.host, port: origin.port)
    }
}

/// Makes connections that are ready for their first byte: resolved, connected, TLS established.
///
/// - Important: Confined to the given loop.
enum Connector {
    /// - Parameters:
    ///   - route: As `NetworkClient.route` gives it for HTTP and WebSocket.
    ///   - handlers: Run on the loop for a new channel; adds the handlers of the protocol above TLS.
    static func open(
        _ origin: Origin, by route: Route = .direct, network: NetworkClient, on eventLoop: any EventLoop,
        timeout: TimeAmount, handlers: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let ready = eventLoop.makePromise(of: (any Channel).self)
        let tls = network.tls
        network.count {
            $0.connections += 1
            $0.connectionsOpened += 1
        }
        let peer = route.proxy?.origin ?? origin
        let connected = network.transport.connect(peer, eventLoop, timeout) { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                if peer.isSecure { try pipeline.addHandler(TLSHandler(tls, host: peer.host, port: peer.port)) }
                var signal: ConnectGate.Signal = peer.isSecure ? .tls : .active
                if case .tunnel(let proxy) = route {
                    try pipeline.addHandler(ProxyTunnel(proxy, to: origin, tls: origin.isSecure ? tls : nil))
                    signal = origin.isSecure ? .tls : .tunnel
                }
                try pipeline.addHandler(ConnectGate(waitsFor: signal, ready: ready))
                try handlers(channel)
            }
        }
        // The channel is counted until it is gone, however far it came.
        connected.whenComplete { result in
            switch result {
            case .success(let channel): channel.closeFuture.whenComplete { _ in network.count { $0.connections -= 1 } }
            case .failure(let error):
                network.count { $0.connections -= 1 }
                ready.fail(reason(error, origin, route.proxy))
            }
        }
        let deadline = eventLoop.scheduleTask(in: timeout) {
            ready.fail(late(origin, route.proxy))
            connected.whenSuccess { $0.close(promise: nil) }
        }
        ready.futureResult.whenComplete { _ in deadline.cancel() }
        return ready.futureResult
    }

    /// Behind a proxy a timeout says so: it is as likely the proxy's as the server's.
    static func late(_ origin: Origin, _ proxy: Proxy?) -> NetworkError {
        guard let proxy else { return .timeout(.connect) }
        return .unreachable("timed out while connecting to \(origin) through the proxy \(proxy)")
    }

    private static func reason(_ error: any Error, _ origin: Origin, _ proxy: Proxy?) -> NetworkError {
        let peer = proxy.map { "the proxy \($0)" } ?? "\(origin)"
        switch error {
        case let error as NetworkError: return error
        case let error as TLSError: return .tls(error)
        case ChannelError.connectTimeout: return late(origin, proxy)
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty {
                let host = proxy.map { "of the proxy \($0.origin.host)" } ?? origin.host
                return .unreachable("cannot find the host \(host)")
            }
            let single = error.connectionErrors.first.map { "\($0.error)" } ?? ""
            if error.connectionErrors.contains(where: {
                if case ChannelError.connectTimeout = $0.error { true } else { false }
            }) {
                return late(origin, proxy)
            }
            return .unreachable("cannot connect to \(peer): \(single)")
        default: return .unreachable("cannot connect to \(peer): \(error)")
        }
    }
}

/// Tells when a new connection can be used, then leaves the pipeline.
private final class ConnectGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    /// After what a connection can be used.
    enum Signal { case active, tunnel, tls }

    private let signal: Signal
    private let ready: EventLoopPromise<any Channel>

    init(waitsFor signal: Signal, ready: EventLoopPromise<any Channel>) {
        self.signal = signal
        self.ready = ready
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if signal == .active { open(context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        switch signal {
        case .active: break
        case .tunnel: if event is TunnelOpened { open(context) }
        case .tls: if event is TLSEstablished { open(context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as NetworkError: ready.fail(error)
        case let error as TLSError: ready.fail(NetworkError.tls(error))
        default: ready.fail(NetworkError.unreachable("\(error)"))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ready.fail(NetworkError.closedBeforeAnswer)
        context.fireChannelInactive()
    }

    private func open(_ context: ChannelHandlerContext) {
        let channel = context.channel
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        ready.succeed(channel)
    }
}
