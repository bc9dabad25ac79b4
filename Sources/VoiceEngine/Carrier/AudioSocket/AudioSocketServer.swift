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
    /// What the listener needs beside its settings.
    struct Surroundings {
        let host: any CallHost
        let calls: CarrierCalls
        let expected: ExpectedCalls?
        /// Its connections count among those of this server.
        let server: HTTPServer
    }

    private let server: ByteServer

    private init(_ server: ByteServer) { self.server = server }

    /// The listener that a server is configured with, if it is.
    ///
    /// - Returns: A future that fails with `ServerStartError`, which names address and cause.
    static func start(
        _ configuration: CarrierServerConfiguration, _ around: Surroundings, on group: any EventLoopGroup
    ) -> EventLoopFuture<AudioSocketServer?> {
        guard let audioSocket = configuration.settings.audioSocket else { return group.next().makeSucceededFuture(nil) }
        let peer = peer(
            audioSocket, host: around.host, calls: around.calls, expected: around.expected, log: configuration.log)
        return ByteServer.start(
            host: audioSocket.host, port: audioSocket.port, limits: configuration.settings.limits,
            beside: around.server, on: group, accept: peer
        ).map { AudioSocketServer($0) }
    }

    /// Makes the far end of each connection; a value, so that it can be tried without a socket.
    package static func peer(
        _ configuration: ServerDocument.AudioSocket, host: any CallHost, calls: CarrierCalls,
        expected: ExpectedCalls? = nil, log: Log
    ) -> @Sendable (any EventLoop) -> any ServerBytePeer {
        let context = AudioSocketContext(
            host: host, calls: calls, agent: configuration.agent, log: log, expected: expected,
            takesOnlyExpected: configuration.takesOnlyExpected)
        return { AudioSocketCall(context: context, eventLoop: $0) }
    }

    /// The port that is listened on.
    package var port: Int { server.port }

    /// Closes the port; what is open is closed by the server that it counts with. May be called more than once.
    package func stop() -> EventLoopFuture<Void> { server.stop() }
}
