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
    /// - Parameter handlers: Run on the loop for a new channel; adds the handlers of the protocol above TLS.
    static func open(
        _ origin: Origin, network: NetworkClient, on eventLoop: any EventLoop, timeout: TimeAmount,
        handlers: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let ready = eventLoop.makePromise(of: (any Channel).self)
        let tls = origin.isSecure ? network.tls : nil
        network.count {
            $0.connections += 1
            $0.connectionsOpened += 1
        }
        let connected = network.transport.connect(origin, eventLoop, timeout) { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                if let tls { try pipeline.addHandler(TLSHandler(tls, host: origin.host, port: origin.port)) }
                try pipeline.addHandler(ConnectGate(waitsForTLS: tls != nil, ready: ready))
                try handlers(channel)
            }
        }
        // The channel is counted until it is gone, however far it came.
        connected.whenComplete { result in
            switch result {
            case .success(let channel): channel.closeFuture.whenComplete { _ in network.count { $0.connections -= 1 } }
            case .failure(let error):
                network.count { $0.connections -= 1 }
                ready.fail(reason(error, origin))
            }
        }
        let deadline = eventLoop.scheduleTask(in: timeout) {
            ready.fail(NetworkError.timeout(.connect))
            connected.whenSuccess { $0.close(promise: nil) }
        }
        ready.futureResult.whenComplete { _ in deadline.cancel() }
        return ready.futureResult
    }

    private static func reason(_ error: any Error, _ origin: Origin) -> NetworkError {
        switch error {
        case let error as NetworkError: return error
        case let error as TLSError: return .tls(error)
        case ChannelError.connectTimeout: return .timeout(.connect)
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty { return .unreachable("cannot find the host \(origin.host)") }
            let single = error.connectionErrors.first.map { "\($0.error)" } ?? ""
            if error.connectionErrors.contains(where: {
                if case ChannelError.connectTimeout = $0.error { true } else { false }
            }) {
                return .timeout(.connect)
            }
            return .unreachable("cannot connect to \(origin): \(single)")
        default: return .unreachable("cannot connect to \(origin): \(error)")
        }
    }
}

/// Tells when a new connection can be used, then leaves the pipeline.
private final class ConnectGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    private let waitsForTLS: Bool
    private let ready: EventLoopPromise<any Channel>

    init(waitsForTLS: Bool, ready: EventLoopPromise<any Channel>) {
        self.waitsForTLS = waitsForTLS
        self.ready = ready
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if !waitsForTLS { open(context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if event is TLSEstablished { open(context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ready.fail((error as? TLSError).map(NetworkError.tls) ?? NetworkError.unreachable("\(error)"))
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
