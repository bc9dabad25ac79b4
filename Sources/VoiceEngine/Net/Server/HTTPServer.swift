// The engine's own server: HTTP/1.1 and WebSocket, for carriers that connect to it.
//
//     accept > HTTP parser > upgrade? ── no ──> ServerConnection > ServerRouter > answer
//                               └───── yes ──> ServerWebSocket  > ServerWebSocketPeer
//
// A connection lives on one event loop of the engine. Routes are values that answer at once; whoever needs time opens a
// WebSocket. Everything is bounded by `ServerLimits`: connections, headers, bodies, messages, time, and what waits for
// a client that does not read. `stop` closes the port, tells every connection, and cuts off what is left after a
// moment.

package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#endif

/// Why a server could not start.
package struct ServerStartError: Error, Equatable, Sendable {
    /// Names the address and the cause.
    package let detail: String

    package init(detail: String) { self.detail = detail }
}

/// A listening server. Safe to use from any thread.
package final class HTTPServer: Sendable {
    private let listener: any Channel
    private let connections: ServerConnections

    private init(listener: any Channel, connections: ServerConnections) {
        self.listener = listener
        self.connections = connections
    }

    /// Listens at `host` and `port` (0: any free one).
    ///
    /// - Returns: A future that fails with `ServerStartError`.
    package static func start(
        host: String, port: Int, router: ServerRouter, limits: ServerLimits = ServerLimits(),
        on group: any EventLoopGroup
    ) -> EventLoopFuture<HTTPServer> {
        let connections = ServerConnections(limits: limits)
        let upgrade = ServerUpgrade(router: router, limits: limits)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer { channel in
                guard connections.add(channel) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    try configure(channel, upgrade: upgrade, router: router, limits: limits)
                }
            }
            .bind(host: host, port: port)
            .map { HTTPServer(listener: $0, connections: connections) }
            .flatMapErrorThrowing { error in
                throw ServerStartError(detail: "cannot listen on \(host):\(port): \(cause(of: error))")
            }
    }

    /// Builds the pipeline of a fresh connection.
    package static func configure(
        _ channel: any Channel, router: ServerRouter, limits: ServerLimits
    ) throws {
        try configure(channel, upgrade: ServerUpgrade(router: router, limits: limits), router: router, limits: limits)
    }

    private static func configure(
        _ channel: any Channel, upgrade: ServerUpgrade, router: ServerRouter, limits: ServerLimits
    ) throws {
        let connection = ServerConnection(router: router, limits: limits)
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.headerFieldBytes
        decoderLimits.maxHeaderListSize = limits.headerListBytes
        decoderLimits.maxHeaderFieldCount = limits.headerFields
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrade],
                completionHandler: { $0.pipeline.syncOperations.removeHandler(bound.value, promise: nil) }
            ),
            withErrorHandling: false, withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
            withDecoderLimitConfiguration: decoderLimits)
        try channel.pipeline.syncOperations.addHandler(connection)
    }

    /// The port that is listened on; 0 when it is not known.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// Connections that are open now.
    package var liveConnections: Int { connections.count }

    /// Takes no new connections; the open ones go on.
    package func stopAccepting() -> EventLoopFuture<Void> {
        listener.close().flatMapErrorThrowing { error in
            guard case .alreadyClosed? = error as? ChannelError else { throw error }
        }
    }

    /// Takes no new connections, tells the open ones to end, and closes those that are left after `stopTimeout`.
    /// May be called more than once.
    package func stop() -> EventLoopFuture<Void> {
        let connections = self.connections
        return stopAccepting().recover { _ in }.flatMap { [listener] in
            connections.stop(on: listener.eventLoop)
        }
    }

    static func cause(of error: any Error) -> String {
        switch error {
        case let error as IOError: "\(String(cString: strerror(error.errnoCode))) (errno \(error.errnoCode))"
        case is SocketAddressError: "the host name is not known"
        default: "\(error)"
        }
    }
}

/// The open connections of a server. Safe to use from any thread.
final class ServerConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isStopped = false
    }

    private let limits: ServerLimits
    private let state = Mutex(State())

    init(limits: ServerLimits) { self.limits = limits }

    var count: Int { state.withLock { $0.channels.count } }

    /// Takes a new connection in until it closes; false when there are too many or the server stops.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isTaken = state.withLock { state in
            guard !state.isStopped, state.channels.count < limits.connections else { return false }
            state.channels[id] = channel
            return true
        }
        if isTaken {
            channel.closeFuture.whenComplete { _ in self.state.withLock { _ = $0.channels.removeValue(forKey: id) } }
        }
        return isTaken
    }

    func stop(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let channels = state.withLock { state in
            state.isStopped = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ServerStopEvent.stop) }
        let cutOff = loop.scheduleTask(in: limits.stopTimeout) {
            for channel in channels { channel.close(promise: nil) }
        }
        let closed = EventLoopFuture.andAllComplete(channels.map(\.closeFuture), on: loop)
        closed.whenComplete { _ in cutOff.cancel() }
        return closed
    }
}
