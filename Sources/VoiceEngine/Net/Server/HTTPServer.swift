// The engine's own server: HTTP/1.1 and WebSocket, for carriers that connect to it.
//
//     accept > HTTP parser > upgrade? ── no ──> ServerConnection > ServerRouter > answer
//                               └───── yes ──> ServerWebSocket  > ServerWebSocketPeer
//
// A connection lives on one event loop of the engine, behind a TLS handler if the server has a certificate. Routes are
// values that answer at once or by a future. Everything is bounded by `ServerLimits`: connections in all and of one
// address, headers, bodies, messages, time, and what waits for a client that does not read; `ServerCounters` counts who
// was turned away. `stop` closes the port, tells every connection, and cuts off what is left after a
// moment.

package import NIOCore
internal import NIOHTTP1
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#endif

/// Why a server could not start.
package struct ServerStartError: Error, Equatable, Sendable {
    package enum Kind: Sendable {
        /// The address cannot be listened on.
        case address
        /// The settings, or the files that they name, cannot be used.
        case settings
    }

    package let kind: Kind
    /// Names the address, or the key or file, and the cause.
    package let detail: String

    package init(_ kind: Kind = .address, detail: String) {
        self.kind = kind
        self.detail = detail
    }
}

/// What all connections of a server share.
struct ServerSite: Sendable {
    let router: ServerRouter
    let limits: ServerLimits
    let counters: ServerCounters
    /// nil: each connection is read by itself.
    var rounds: LoopReadRounds?
}

/// A listening server. Safe to use from any thread.
package final class HTTPServer: Sendable {
    private let listener: any Channel
    let connections: ServerConnections
    let rounds: LoopReadRounds

    private init(listener: any Channel, connections: ServerConnections, rounds: LoopReadRounds) {
        self.listener = listener
        self.connections = connections
        self.rounds = rounds
    }

    /// Listens at `host` and `port` (0: any free one).
    ///
    /// - Parameter certificate: nil: plain text.
    /// - Returns: A future that fails with `ServerStartError`.
    package static func start(
        host: String, port: Int, router: ServerRouter, limits: ServerLimits = ServerLimits(),
        certificate: ServerCertificate? = nil, counters: ServerCounters = ServerCounters(),
        on group: any EventLoopGroup
    ) -> EventLoopFuture<HTTPServer> {
        let connections = ServerConnections(limits: limits, counters: counters)
        let rounds = LoopReadRounds(group)
        let site = ServerSite(router: router, limits: limits, counters: counters, rounds: rounds)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer { channel in
                guard connections.add(channel, isWaiting: true, isSecure: certificate != nil) else {
                    return channel.close()
                }
                return channel.eventLoop.makeCompletedFuture {
                    if let certificate {
                        try channel.pipeline.syncOperations.addHandler(TLSHandler(certificate.context))
                    }
                    try configure(channel, site, isSecure: certificate != nil) { connections.upgraded($0) }
                }
            }
            .bind(host: host, port: port)
            .map { HTTPServer(listener: $0, connections: connections, rounds: rounds) }
            .flatMapErrorThrowing { error in
                throw ServerStartError(detail: "cannot listen on \(host):\(port): \(cause(of: error))")
            }
    }

    /// Builds the pipeline of a fresh connection.
    package static func configure(
        _ channel: any Channel, router: ServerRouter, limits: ServerLimits, counters: ServerCounters = ServerCounters()
    ) throws {
        let site = ServerSite(router: router, limits: limits, counters: counters)
        try configure(channel, site, isSecure: false) { _ in }
    }

    /// - Parameter upgraded: Told when the connection becomes a WebSocket.
    private static func configure(
        _ channel: any Channel, _ site: ServerSite, isSecure: Bool, upgraded: @escaping @Sendable (any Channel) -> Void
    ) throws {
        let connection = ServerConnection(site, isSecure: isSecure)
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = site.limits.headerFieldBytes
        decoderLimits.maxHeaderListSize = site.limits.headerListBytes
        decoderLimits.maxHeaderFieldCount = site.limits.headerFields
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [ServerUpgrade(site, isSecure: isSecure)],
                completionHandler: { context in
                    upgraded(context.channel)
                    context.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
                }
            ),
            withErrorHandling: false, withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
            withDecoderLimitConfiguration: decoderLimits)
        try channel.pipeline.syncOperations.addHandler(connection)
    }

    /// The port that is listened on; 0 when it is not known.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// Connections that are open now.
    package var liveConnections: Int { connections.count }

    /// Those of them that are no WebSocket.
    package var waitingConnections: Int { connections.waitingCount }

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
