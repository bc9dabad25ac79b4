// The server that carriers call: Twilio's webhook and media streams, and what an operator asks it.
//
//     Twilio ── POST /twilio/voice/AGENT ──► TwiML with the stream's address        (TwilioVoiceWebhook)
//            ── WebSocket /twilio/media/AGENT ──► one MediaStreamCall = one session (TwilioWire)
//     operator ── /healthz  /readyz  /metrics  /
//
// A call lives on the event loop of its connection. Calls are counted in `CarrierCalls`: beyond `maximumCalls`, and
// while draining, the webhook answers with a sentence and a hang-up, and a stream is closed with 1013.

package import NIOCore
package import VoiceEngineCore
package import VoiceEngineNet
package import VoiceEngineSession

package struct CarrierServerConfiguration: Sendable {
    /// Address to listen on.
    package var host = "127.0.0.1"
    /// 0: any free one.
    package var port = 0
    /// How carriers reach the server; nil takes the host of each request.
    package var publicAddress: PublicAddress?
    /// Without `settings.admission.mostCalls`.
    package var maximumCalls = 1_000
    /// The server document, or the settings of a server without one.
    package var settings = ServerDocument()
    /// Carriers' accounts, outgoing calls, and what callers get whom no agent can answer.
    package var control = CarrierControlSettings()
    package var log = Log.none

    package init() {}
}

/// A running server. Safe to use from any thread; futures complete on the engine's loops and may be waited for outside
/// them.
package final class CarrierServer: Sendable {
    /// How calls that were told to end are waited for.
    package static let endTimeout = TimeAmount.milliseconds(500)

    private let server: HTTPServer
    private let audioSocket: AudioSocketServer?
    private let calls: CarrierCalls
    private let eventLoop: any EventLoop

    private init(
        server: HTTPServer, audioSocket: AudioSocketServer?, calls: CarrierCalls, eventLoop: any EventLoop
    ) {
        self.server = server
        self.audioSocket = audioSocket
        self.calls = calls
        self.eventLoop = eventLoop
    }

    /// Listens, and answers calls with the agents of `host`.
    ///
    /// - Returns: A future that fails with `ServerStartError`, which names address and cause.
    package static func start(
        _ configuration: CarrierServerConfiguration, host: any CallHost, on group: any EventLoopGroup
    ) -> EventLoopFuture<CarrierServer> {
        let calls = CarrierCalls(most: configuration.settings.admission.mostCalls ?? configuration.maximumCalls)
        let router = router(configuration, host: host, calls: calls)
        let eventLoop = group.next()
        return HTTPServer.start(
            host: configuration.host, port: configuration.port, router: router, limits: configuration.settings.limits,
            on: group
        ).flatMap { server in
            AudioSocketServer.start(configuration, host: host, calls: calls, on: group)
                .flatMapError { error in server.stop().flatMapThrowing { throw error } }
                .map { CarrierServer(server: server, audioSocket: $0, calls: calls, eventLoop: eventLoop) }
        }
    }

    /// The port that is listened on.
    package var port: Int { server.port }
    /// The port for AudioSocket; nil without one.
    package var audioSocketPort: Int? { audioSocket?.port }
    package var liveCalls: Int { calls.count }
    package var liveConnections: Int { server.liveConnections + (audioSocket?.liveConnections ?? 0) }

    /// Takes no new calls, and waits until the live ones have ended; those left after `timeout` are ended. The port
    /// stays open, so that `/readyz` and late webhooks are answered.
    ///
    /// - Returns: Whether all calls ended by themselves.
    package func drain(timeout: TimeAmount) -> EventLoopFuture<Bool> {
        calls.startDraining()
        let done = eventLoop.makePromise(of: Bool.self)
        let calls = self.calls
        let eventLoop = self.eventLoop
        eventLoop.execute {
            let isOver = NIOLoopBoundBox(false, eventLoop: eventLoop)
            let limit = eventLoop.scheduleTask(in: timeout) {
                isOver.value = true
                calls.endAll(reason: "the server is going down")
                // A call that cannot be ended holds nobody up: its socket is closed by `stop`.
                eventLoop.scheduleTask(in: Self.endTimeout) { done.succeed(false) }
            }
            calls.whenEmpty(on: eventLoop).hop(to: eventLoop).whenSuccess {
                limit.cancel()
                done.succeed(!isOver.value)
            }
        }
        return done.futureResult
    }

    /// Ends all calls and closes the port. May be called more than once.
    package func stop() -> EventLoopFuture<Void> {
        calls.startDraining()
        calls.endAll(reason: "the server stops")
        guard let audioSocket else { return server.stop() }
        return server.stop().and(audioSocket.stop()).map { _ in }
    }

    // MARK: Routes

    /// What this server answers; a value, so that it can be asked without a socket.
    package static func router(
        _ configuration: CarrierServerConfiguration, host: any CallHost, calls: CarrierCalls
    ) -> ServerRouter {
        let control = CarrierControl(
            configuration.control, twilioAuthToken: configuration.settings.twilio.authToken?.value,
            publicAddress: configuration.publicAddress, host: host, calls: calls, log: configuration.log)
        let context = MediaStreamContext(
            host: control.twilioGate, calls: calls, log: configuration.log, control: control.twilio)
        let media = ServerAction.webSocket { (request) throws(ServerResponse) in
            guard control.voiceWebhook.isSignedHandshake(request) else {
                throw .text(403, "X-Twilio-Signature: not the signature of this address.")
            }
            let agent = request.parameters["agent"] ?? ""
            return { MediaStreamCall(context: context, wire: TwilioWire(), agent: agent, eventLoop: $0) }
        }
        let token = ControlToken(configuration.settings.control.token?.value)
        return ServerRouter(
            control.webhookRoutes + control.callRoutes { token.refusal($0) } + [
                ServerRoute(["GET"], "/twilio/media", media),
                ServerRoute(["GET"], "/twilio/media/:agent", media),
                ServerRoute(["GET"], "/healthz", .respond { _ in .text(200, "ok") }),
                ServerRoute(["GET"], "/readyz", .respond { _ in readiness(host: host, calls: calls) }),
                ServerRoute(
                    ["GET"], "/metrics",
                    .respond { _ in
                        ServerResponse(
                            contentType: "text/plain; version=0.0.4; charset=utf-8", body: host.metricsText())
                    }),
                ServerRoute(["GET"], "/", .respond { _ in .text(200, about) }),
            ] + AsteriskRoutes.routes(MediaStreamContext(host: host, calls: calls, log: configuration.log))
                + streamRoutes(configuration, control, host: host, calls: calls))
    }

    private static func streamRoutes(
        _ configuration: CarrierServerConfiguration, _ control: CarrierControl, host: any CallHost, calls: CarrierCalls
    ) -> [ServerRoute] {
        let token = StreamToken(configuration.settings.streams.token?.value)
        let open = MediaStreamContext(host: host, calls: calls, log: configuration.log)
        let others = StreamRoutes.others(open, token)
        guard let telnyx = control.telnyx else { return others }
        let context = MediaStreamContext(
            host: control.telnyxGate, calls: calls, log: configuration.log, control: telnyx)
        let settings = TelnyxWire.Settings(
            telnyx.wire.account, isL16BigEndian: configuration.settings.telnyx?.l16ByteOrder != .little)
        return StreamRoutes.telnyx(context, settings) + others
    }

    private static func readiness(host: any CallHost, calls: CarrierCalls) -> ServerResponse {
        if calls.isDraining { return .text(503, "draining: no new calls are taken") }
        return host.isReady ? .text(200, "ready") : .text(503, "not ready: what the agents need is still being loaded")
    }

    private static let about = """
        libvoiceengine: voice agents for telephone calls.

        /twilio/voice/AGENT   voice webhook of a Twilio number (POST or GET); AGENT may be left out if there is one
        /twilio/media/AGENT   its media streams (WebSocket)
        /telnyx/media/AGENT   media streams of Telnyx; as well /signalwire/media, /plivo/media, /exotel/media
        /asterisk/media/AGENT Asterisk's chan_websocket (WebSocket)
        /healthz  /readyz     is the server up; does it take calls
        /metrics              Prometheus
        """
}
