// Asterisk's AudioSocket, without any module in Asterisk: the dialplan's AudioSocket() connects to this server.
//
//     Asterisk ── TCP, UUID ──► one AudioSocketCall = one session
//              ◄── audio ────►
//
// The protocol has neither authentication nor encryption: the listener is for loopback or a network of one's own. A
// call lives on the event loop of its connection and counts among the server's calls; one that is refused is told to go
// on in the dialplan at once.

package import NIOCore
package import VoiceEngineCore
package import VoiceEngineNet
package import VoiceEngineSession

/// A running listener. Safe to use from any thread.
package final class AudioSocketServer: Sendable {
    private let server: ByteServer

    private init(_ server: ByteServer) { self.server = server }

    /// - Parameter calls: Where its calls are counted, together with those of other carriers.
    /// - Returns: A future that fails with `ServerStartError`, which names address and cause.
    package static func start(
        _ configuration: ServerDocument.AudioSocket, host: any CallHost, calls: CarrierCalls, limits: ServerLimits,
        log: Log, on group: any EventLoopGroup
    ) -> EventLoopFuture<AudioSocketServer> {
        let peer = peer(configuration, host: host, calls: calls, log: log)
        return ByteServer.start(
            host: configuration.host, port: configuration.port, limits: limits, on: group, accept: peer
        ).map { AudioSocketServer($0) }
    }

    /// The listener that a server is configured with, if it is.
    static func start(
        _ configuration: CarrierServerConfiguration, host: any CallHost, calls: CarrierCalls,
        on group: any EventLoopGroup
    ) -> EventLoopFuture<AudioSocketServer?> {
        guard let audioSocket = configuration.settings.audioSocket else { return group.next().makeSucceededFuture(nil) }
        return start(
            audioSocket, host: host, calls: calls, limits: configuration.settings.limits, log: configuration.log,
            on: group
        ).map { $0 }
    }

    /// Makes the far end of each connection; a value, so that it can be tried without a socket.
    package static func peer(
        _ configuration: ServerDocument.AudioSocket, host: any CallHost, calls: CarrierCalls, log: Log
    ) -> @Sendable (any EventLoop) -> any ServerBytePeer {
        let context = AudioSocketContext(host: host, calls: calls, agent: configuration.agent, log: log)
        return { AudioSocketCall(context: context, eventLoop: $0) }
    }

    /// The port that is listened on.
    package var port: Int { server.port }
    package var liveConnections: Int { server.liveConnections }

    /// Closes the port and what is open. May be called more than once.
    package func stop() -> EventLoopFuture<Void> { server.stop() }
}
