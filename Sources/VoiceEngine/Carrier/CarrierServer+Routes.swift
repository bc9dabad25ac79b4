package import VoiceEngineNet
package import VoiceEngineSession
internal import VoiceEngineCore

extension CarrierServer {
    /// What this server answers; a value, so that it can be asked without a socket.
    package static func router(
        _ configuration: CarrierServerConfiguration, host: any CallHost, calls: CarrierCalls,
        counters: ServerCounters = ServerCounters(), expected: ExpectedCalls? = nil
    ) -> ServerRouter {
        let control = CarrierControl(
            configuration.control, twilioAuthToken: configuration.settings.twilio.authToken?.value,
            publicAddress: configuration.publicAddress, host: host, calls: calls, log: configuration.log)
        let context = MediaStreamContext(
            host: control.twilioGate, calls: calls, log: configuration.log, control: control.twilio,
            park: control.park)
        let media = ServerAction.webSocket { (request) throws(ServerResponse) in
            guard control.voiceWebhook.isSignedHandshake(request) else {
                throw .text(403, "X-Twilio-Signature: not the signature of this address.")
            }
            let agent = request.parameters["agent"] ?? ""
            return { MediaStreamCall(context: context, wire: TwilioWire(), agent: agent, eventLoop: $0) }
        }
        let page = BrowserPage(
            access: BrowserAccess(enabled: configuration.settings.browser.isEnabled, listeningOn: configuration.host),
            publicAddress: configuration.publicAddress, host: host, calls: calls, log: configuration.log)
        let token = ControlToken(configuration.settings.control.token?.value)
        let twilio = [
            ServerRoute(["GET"], "/twilio/media", media),
            ServerRoute(["GET"], "/twilio/media/:agent", media),
        ]
        return ServerRouter(
            control.webhookRoutes + control.callRoutes { token.refusal($0) } + twilio
                + streamRoutes(configuration, control, host: host, calls: calls)
                + operatorRoutes(host: host, calls: calls, counters: counters)
                + [expected].compactMap { $0 }.map { calls in
                    calls.route(check: { (agent) throws(CallRefusal) in try host.admit(agent: agent) }) {
                        token.refusal($0)
                    }
                }
        ).adding(page.routes(fallback: about))
    }

    /// What an operator asks.
    private static func operatorRoutes(
        host: any CallHost, calls: CarrierCalls, counters: ServerCounters
    ) -> [ServerRoute] {
        let metrics = ServerAction.respond { _ in
            var page = PrometheusPage()
            calls.write(to: &page)
            counters.write(to: &page)
            return ServerResponse(
                contentType: "text/plain; version=0.0.4; charset=utf-8", body: page.text + host.metricsText())
        }
        return [
            ServerRoute(["GET"], "/healthz", .respond { _ in .text(200, "ok") }),
            ServerRoute(["GET"], "/readyz", .respond { _ in readiness(host: host, calls: calls) }),
            ServerRoute(["GET"], "/metrics", metrics),
        ]
    }

    /// A port that others reach, and streams that anybody may open: each costs what its providers cost.
    static func warnOfOpenStreams(_ configuration: CarrierServerConfiguration) {
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        let isReached = !PublicAddress.isLoopback(host) || configuration.publicAddress.map { !$0.isLoopback } ?? false
        let settings = configuration.settings
        guard isReached, settings.streams.token == nil else { return }
        var open = ["/asterisk/media", "/freeswitch/…", "/jambonz/media"]
        if settings.vonage == nil { open.append("/vonage/media") }
        if settings.genesys == nil { open.append("/genesys/audiohook") }
        configuration.log(
            .warning,
            "VOICE_STREAM_TOKEN is not set: whoever reaches this server may call by \(open.joined(separator: ", "))")
    }

    private static func streamRoutes(
        _ configuration: CarrierServerConfiguration, _ control: CarrierControl, host: any CallHost, calls: CarrierCalls
    ) -> [ServerRoute] {
        let token = StreamToken(configuration.settings.streams.token?.value)
        let open = MediaStreamContext(host: host, calls: calls, log: configuration.log)
        let credentials = OtherStreamRoutes.Credentials(
            configuration.settings, publicAddress: configuration.publicAddress, now: configuration.control.now)
        let others =
            StreamRoutes.others(open, token) + AsteriskRoutes.routes(open, token)
            + OtherStreamRoutes.routes(open, credentials)
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
        /telnyx/voice/AGENT   webhook of a Telnyx application (POST)
        /telnyx/media/AGENT   media streams of Telnyx; as well /signalwire/media, /plivo/media, /exotel/media
        /asterisk/media/AGENT Asterisk's chan_websocket (WebSocket)
        /freeswitch/fork/AGENT  /freeswitch/stream/AGENT  /jambonz/media/AGENT  /vonage/media/AGENT
        /genesys/audiohook/AGENT
        /calls                calls out, and what becomes of them; /calls/ID/play plays a recording (Telnyx)
        /healthz  /readyz     is the server up; does it take calls
        /metrics              Prometheus
        """
}
