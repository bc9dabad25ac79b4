package import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#endif

/// Listens for plain TCP connections, for carriers that speak neither HTTP nor WebSocket. Safe to use from any thread.
///
///     accept > ServerByteStream > ServerBytePeer
///
/// A connection lives on one event loop, and counts as waiting until its peer ends that. Beyond the connections that
/// `ServerLimits` grants a new one is closed at once.
package final class ByteServer: Sendable {
    /// What was sent and not acknowledged for this long ends a connection: its host is gone. [ms]
    package static let unacknowledgedLimit = 10_000

    private let listener: any Channel
    private let connections: ServerConnections
    /// Another server's, which closes them.
    private let isGuest: Bool

    private init(listener: any Channel, connections: ServerConnections, isGuest: Bool) {
        self.listener = listener
        self.connections = connections
        self.isGuest = isGuest
    }

    /// Listens at `host` and `port` (0: any free one).
    ///
    /// - Parameters:
    ///   - server: Connections are counted, limited and closed together with those of this one.
    ///   - accept: Called for each connection, on its loop.
    /// - Returns: A future that fails with `ServerStartError`.
    package static func start(
        host: String, port: Int, limits: ServerLimits = ServerLimits(), beside server: HTTPServer? = nil,
        on group: any EventLoopGroup, accept: @escaping @Sendable (any EventLoop) -> any ServerBytePeer
    ) -> EventLoopFuture<ByteServer> {
        let connections = server?.connections ?? ServerConnections(limits: limits)
        let rounds = server?.rounds ?? LoopReadRounds(group)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: .init(unacknowledgedLimit))
            .childChannelInitializer { channel in
                guard connections.add(channel, isWaiting: true) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    try configure(channel, peer: accept(channel.eventLoop), limits: limits, rounds: rounds) {
                        connections.upgraded($0)
                    }
                }
            }
            .bind(host: host, port: port)
            .map { ByteServer(listener: $0, connections: connections, isGuest: server != nil) }
            .flatMapErrorThrowing { error in
                throw ServerStartError(detail: "cannot listen on \(host):\(port): \(HTTPServer.cause(of: error))")
            }
    }

    /// Builds the pipeline of a fresh connection. On the connection's loop.
    package static func configure(_ channel: any Channel, peer: any ServerBytePeer, limits: ServerLimits) throws {
        try configure(channel, peer: peer, limits: limits, rounds: nil) { _ in }
    }

    /// - Parameters:
    ///   - rounds: nil: the connection is read by itself.
    ///   - waited: Told when the connection no longer counts as waiting.
    private static func configure(
        _ channel: any Channel, peer: any ServerBytePeer, limits: ServerLimits, rounds: LoopReadRounds?,
        waited: @escaping (any Channel) -> Void
    ) throws {
        try channel.pipeline.syncOperations.addHandler(
            ServerByteStream(
                limits: limits, peer: peer, allocator: channel.allocator, rounds: rounds, waited: waited))
    }

    /// The port that is listened on; 0 when it is not known.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// Connections that are open now.
    package var liveConnections: Int { connections.count }

    /// Takes no new connections, and closes the open ones unless they are another server's. May be called more than once.
    package func stop() -> EventLoopFuture<Void> {
        if isGuest { return listener.close().recover { _ in } }
        let connections = self.connections
        return listener.close().recover { _ in }.flatMap { [listener] in connections.stop(on: listener.eventLoop) }
    }
}
