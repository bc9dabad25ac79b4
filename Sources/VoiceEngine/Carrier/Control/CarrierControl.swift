internal import NIOCore
package import VoiceEngineNet
internal import VoiceEngineCore
internal import VoiceEngineSession

#if canImport(Glibc)
    internal import Glibc
#endif

/// What a server needs for all of the carriers that is HTTP and not media. The secrets are never logged.
package struct CarrierControlSettings: Sendable {
    /// nil: calls come in by webhook, and nothing is asked of Twilio.
    package var twilio: TwilioAccount?
    /// nil: there is no Telnyx.
    package var telnyx: TelnyxAccount?
    /// For callers whom no agent can answer.
    package var fallback = CallFallback.sorry
    /// Placed calls that are remembered, ended ones included.
    package var mostPlacedCalls = 4_096
    /// The way to the carriers' REST APIs; without it none is asked.
    package var network: NetworkClient?
    /// Unix time. [s] For signatures that bear their time, and for what operators read.
    package var now: @Sendable () -> Int64 = { Int64(time(nil)) }

    package init() {}

    /// Of the server document, and of the environment where the document is silent.
    package init(
        _ document: ServerDocument, network: NetworkClient?, environment: (String) -> String?
    ) throws(AccountProblem) {
        twilio = try TwilioAccount(document.twilio, environment)
        telnyx = try TelnyxAccount(document.telnyx, environment)
        fallback = try CallFallback(document.twilio.fallback)
        self.network = network
    }
}

/// Everything of a server's carriers that is HTTP and not media: webhooks, status callbacks, the control API, and the
/// gates that the media streams pass. Safe to use from any thread.
final class CarrierControl: Sendable {
    let placed: PlacedCalls
    /// The conversations of Twilio's calls that come back.
    let park: CallPark
    let voiceWebhook: TwilioVoiceWebhook
    let callbacks: TwilioCallbacks
    let telnyxWebhook: TelnyxWebhook?
    let desk: CallDesk
    /// What live calls of the carrier can be asked for; nil where there is no account.
    let twilio: TwilioCallControl?
    let telnyx: TelnyxCallControl?
    /// Between the streams of each carrier and the engine.
    let twilioGate: StreamGate
    let telnyxGate: StreamGate

    private let host: any CallHost
    private let calls: CarrierCalls

    /// - Parameter twilioAuthToken: With it only what Twilio signed is taken.
    init(
        _ settings: CarrierControlSettings, twilioAuthToken: String?, publicAddress: PublicAddress?,
        host: any CallHost, calls: CarrierCalls, log: Log
    ) {
        self.host = host
        self.calls = calls
        let rest = settings.network.map { CarrierREST(network: $0) }
        let ledger = TwilioCallLedger()
        let authToken = twilioAuthToken ?? settings.twilio?.authToken
        let twilioPasses = authToken.map { StreamPass(secret: $0) } ?? StreamPass()
        // The API key is as good a secret: it is what proves us to Telnyx.
        let telnyxPasses = settings.telnyx.map { StreamPass(secret: $0.apiKey) } ?? StreamPass()
        let park = CallPark(now: settings.now)
        self.park = park
        let placed = PlacedCalls(most: settings.mostPlacedCalls, now: settings.now)
        self.placed = placed
        let playbacks = Playbacks(now: settings.now) {
            calls.tell(CarrierCallKey(carrier: TelnyxWire.carrier, id: $0), isPlaying: $1)
        }
        voiceWebhook = TwilioVoiceWebhook(
            publicAddress: publicAddress, signature: authToken.map { TwilioSignature(authToken: $0) },
            fallback: settings.fallback, desk: .init(passes: twilioPasses, ledger: ledger))
        callbacks = TwilioCallbacks(
            reader: voiceWebhook.reader, fallback: settings.fallback, ledger: ledger, placed: placed, log: log,
            park: park, found: { calls.tell(CarrierCallKey(carrier: TwilioWire.carrier, id: $0), $1) })
        twilio = settings.twilio.flatMap { account in
            rest.map {
                TwilioCallControl(
                    wire: TwilioREST(account: account), rest: $0, comesBack: .init(ledger: ledger, park: park))
            }
        }
        telnyx = settings.telnyx.flatMap { account in
            rest.map {
                TelnyxCallControl(wire: TelnyxREST(account: account), rest: $0)
            }
        }
        let admit: @Sendable (String) throws(CallRefusal) -> Void = { (agent) throws(CallRefusal) in
            try host.admit(agent: agent)
            try calls.admit()
        }
        telnyxWebhook = telnyx.map {
            TelnyxWebhook(
                control: $0, publicAddress: publicAddress, passes: telnyxPasses, placed: placed,
                playbacks: playbacks, fallback: settings.fallback, log: log, now: settings.now,
                found: { calls.tell(CarrierCallKey(carrier: TelnyxWire.carrier, id: $0), $1) }, admit: admit)
        }
        var placers: [PlacingCarrier: any CallPlacer] = [:]
        if let twilio { placers[.twilio] = TwilioPlacer(twilio: twilio, passes: twilioPasses, ledger: ledger) }
        if let telnyx { placers[.telnyx] = TelnyxPlacer(telnyx: telnyx, passes: telnyxPasses) }
        desk = CallDesk(
            placers: placers, placed: placed, playbacks: playbacks, publicAddress: publicAddress, log: log,
            live: { calls.keys(ofCall: $0) }, admit: admit)
        twilioGate = StreamGate(
            host: host, admission: authToken == nil ? .open : .withPass, passes: twilioPasses, placed: placed,
            park: park, told: { ledger.streamCame($0, isConnected: $1) })
        telnyxGate = StreamGate(host: host, admission: .withPass, passes: telnyxPasses, placed: placed)
        Self.warn(settings, isTwilioChecked: authToken != nil, log)
    }

    private static func warn(_ settings: CarrierControlSettings, isTwilioChecked: Bool, _ log: Log) {
        if !isTwilioChecked {
            log(
                .warning,
                "TWILIO_AUTH_TOKEN is not set: requests and streams are taken without checking that Twilio signed them")
        }
        if let telnyx = settings.telnyx, telnyx.publicKey == nil {
            log(
                .warning,
                "TELNYX_PUBLIC_KEY is not set: webhooks are taken without checking that Telnyx signed them")
        }
    }

    // MARK: Routes

    /// What carriers call.
    var webhookRoutes: [ServerRoute] { twilioRoutes + telnyxRoutes }

    /// What operators call.
    ///
    /// - Parameter refusal: The answer to whoever may not; nil lets the request through.
    func callRoutes(refusal: @escaping @Sendable (ServerRequest) -> ServerResponse?) -> [ServerRoute] {
        let desk = desk
        func now(_ answer: @escaping @Sendable (ServerRequest) -> ServerResponse) -> ServerAction {
            .respond { refusal($0) ?? answer($0) }
        }
        func later(
            _ answer: @escaping @Sendable (ServerRequest, any EventLoop) -> EventLoopFuture<ServerResponse>
        ) -> ServerAction {
            .respondLater { request, eventLoop in
                refusal(request).map { eventLoop.makeSucceededFuture($0) } ?? answer(request, eventLoop)
            }
        }
        return [
            ServerRoute(["POST"], "/calls", later { desk.place($0, on: $1) }),
            ServerRoute(["GET"], "/calls", now { _ in desk.list() }),
            ServerRoute(["GET"], "/calls/:call", now { desk.show($0.parameters["call"] ?? "") }),
            ServerRoute(["DELETE"], "/calls/:call", later { desk.hangUp($0.parameters["call"] ?? "", on: $1) }),
            ServerRoute(["POST"], "/calls/:call/play", later { desk.play($0, on: $1) }),
            ServerRoute(["DELETE"], "/calls/:call/play", later { desk.stopPlayback($0, on: $1) }),
            ServerRoute(["DELETE"], "/calls/:call/play/:playback", later { desk.stopPlayback($0, on: $1) }),
        ]
    }

    private var twilioRoutes: [ServerRoute] {
        let (webhook, callbacks, host, calls) = (voiceWebhook, callbacks, host, calls)
        let voice = ServerAction.respond { request in
            webhook.answer(request, agent: request.parameters["agent"] ?? "") { (agent) throws(CallRefusal) in
                try host.admit(agent: agent)
                try calls.admit()
            }
        }
        let methods = ["GET", "POST"]
        return [
            ServerRoute(methods, TwilioPath.voice, voice),
            ServerRoute(methods, TwilioPath.voice + "/:agent", voice),
            ServerRoute(
                methods, TwilioPath.status + "/:call",
                .respond { callbacks.status($0, id: $0.parameters["call"] ?? "") }),
            ServerRoute(methods, TwilioPath.streamStatus, .respond { callbacks.streamStatus($0) }),
            ServerRoute(methods, TwilioPath.after, .respond { callbacks.after($0) }),
        ]
    }

    private var telnyxRoutes: [ServerRoute] {
        guard let webhook = telnyxWebhook else { return [] }
        let voice = ServerAction.respondLater { request, eventLoop in
            eventLoop.makeSucceededFuture(
                webhook.answer(request, agent: request.parameters["agent"] ?? "", on: eventLoop))
        }
        return [
            ServerRoute(["POST"], TelnyxWebhook.path, voice),
            ServerRoute(["POST"], TelnyxWebhook.path + "/:agent", voice),
        ]
    }
}
