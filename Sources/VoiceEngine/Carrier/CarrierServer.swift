// The server that carriers call: Twilio's webhook and media streams, and what an operator asks it.
//
//     Twilio ── POST /twilio/voice/AGENT ──► TwiML with the stream's address        (TwilioVoiceWebhook)
//            ── WebSocket /twilio/media/AGENT ──► one MediaStreamCall = one session (TwilioWire)
//     Asterisk ── WebSocket /asterisk/media/AGENT                                    (AsteriskWire)
//     browser ── GET /, WebSocket /browser/call/AGENT                                (BrowserPage, BrowserCall)
//     operator ── /healthz  /readyz  /metrics  /calls
//
// A call lives on the event loop of its connection. Calls are counted in `CarrierCalls`: beyond `maximumCalls`, when too
// many come in a second, while frames are late and while draining, the webhook answers with a sentence and a hang-up,
// and a stream is closed with 1013.

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

    /// How much of a drain's time is kept for goodbyes; half of a short one.
    package static let goodbyeTime = TimeAmount.seconds(8)

    private struct Parts {
        var server: HTTPServer
        var audioSocket: AudioSocketServer?
        var host: any CallHost
        var calls: CarrierCalls
        var certificate: ServerCertificate?
        var watch: OverloadWatch
    }

    private let server: HTTPServer
    private let audioSocket: AudioSocketServer?
    private let host: any CallHost
    private let calls: CarrierCalls
    private let certificate: ServerCertificate?
    private let watch: OverloadWatch
    private let eventLoop: any EventLoop

    private init(_ parts: Parts, eventLoop: any EventLoop) {
        server = parts.server
        audioSocket = parts.audioSocket
        host = parts.host
        calls = parts.calls
        certificate = parts.certificate
        watch = parts.watch
        self.eventLoop = eventLoop
    }

    /// Listens, and answers calls with the agents of `host`. Blocks for the files of the certificate, if there is one.
    ///
    /// - Returns: A future that fails with `ServerStartError`, which names address or file, and cause.
    package static func start(
        _ configuration: CarrierServerConfiguration, host: any CallHost, on group: any EventLoopGroup
    ) -> EventLoopFuture<CarrierServer> {
        let settings = configuration.settings
        let eventLoop = group.next()
        if let secret = settings.genesys?.clientSecret, Base64Text.decode(secret.value)?.isEmpty ?? true {
            return eventLoop.makeFailedFuture(
                ServerStartError(.settings, detail: "genesys.client_secret_env: expected base64 in \(secret.variable)"))
        }
        let certificate: ServerCertificate?
        do throws(TLSError) {
            certificate = try settings.tls.map { tls throws(TLSError) in
                try ServerCertificate(.init(chain: tls.certificate, privateKey: tls.privateKey))
            }
        } catch {
            return eventLoop.makeFailedFuture(ServerStartError(.settings, detail: "tls: \(error.detail)"))
        }
        let counters = ServerCounters()
        let calls = CarrierCalls(
            most: settings.admission.mostCalls ?? configuration.maximumCalls, admission: settings.admission)
        let expected = settings.audioSocket.map { _ in ExpectedCalls(now: configuration.control.now) }
        let router = router(configuration, host: host, calls: calls, counters: counters, expected: expected)
        warnOfOpenStreams(configuration)
        let watch = OverloadWatch(calls: calls, host: host, log: configuration.log, on: eventLoop)
        return HTTPServer.start(
            host: configuration.host, port: configuration.port, router: router, limits: settings.limits,
            certificate: certificate, counters: counters, on: group
        ).flatMap { server in
            AudioSocketServer.start(
                configuration, .init(host: host, calls: calls, expected: expected, server: server), on: group
            )
            .flatMapError { error in server.stop().flatMapThrowing { throw error } }
            .map { audioSocket in
                watch.start()
                let parts = Parts(
                    server: server, audioSocket: audioSocket, host: host, calls: calls, certificate: certificate,
                    watch: watch)
                return CarrierServer(parts, eventLoop: eventLoop)
            }
        }
    }

    /// Reads the certificate's files again; connections from now on get the new one. Blocks for the files.
    ///
    /// - Throws: What is wrong with them; the certificate stays as it was.
    package func reloadCertificate() throws(TLSError) { try certificate?.reload() }

    /// The same, if a file has changed.
    ///
    /// - Returns: Whether there is a new certificate.
    package func reloadCertificateIfChanged() throws(TLSError) -> Bool {
        try certificate?.reloadIfChanged() ?? false
    }

    /// The port that is listened on.
    package var port: Int { server.port }
    /// The port for AudioSocket; nil without one.
    package var audioSocketPort: Int? { audioSocket?.port }
    package var liveCalls: Int { calls.count }
    package var liveConnections: Int { server.liveConnections }

    /// Takes no new calls, and waits until the live ones have ended. Shortly before `timeout` the agents of those that
    /// are left say goodbye; what is left then is ended. The port
    /// stays open, so that `/readyz` and late webhooks are answered.
    ///
    /// - Returns: Whether all calls ended by themselves.
    package func drain(timeout: TimeAmount) -> EventLoopFuture<Bool> {
        calls.startDraining()
        let done = eventLoop.makePromise(of: Bool.self)
        let (calls, host) = (self.calls, self.host)
        let eventLoop = self.eventLoop
        eventLoop.execute {
            let isOver = NIOLoopBoundBox(false, eventLoop: eventLoop)
            let farewell = eventLoop.scheduleTask(
                in: timeout - min(Self.goodbyeTime, .nanoseconds(timeout.nanoseconds / 2))
            ) {
                host.sayGoodbye(reason: "the server is going down")
            }
            let limit = eventLoop.scheduleTask(in: timeout) {
                isOver.value = true
                calls.endAll(reason: "the server is going down")
                // A call that cannot be ended holds nobody up: its socket is closed by `stop`.
                eventLoop.scheduleTask(in: Self.endTimeout) { done.succeed(false) }
            }
            calls.whenEmpty(on: eventLoop).hop(to: eventLoop).whenSuccess {
                farewell.cancel()
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
        watch.stop()
        guard let audioSocket else { return server.stop() }
        return server.stop().and(audioSocket.stop()).map { _ in }
    }
}
