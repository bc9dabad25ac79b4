internal import NIOCore
internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

/// Answers Telnyx's webhooks, and does what they lead to. Safe to use from any thread.
///
///     webhook ─► TelnyxSignature ─► TelnyxEvent ─► seen before? ─► TelnyxCallStateMachine ─► TelnyxCallControl
///                                                        └─► PlacedCalls, Playbacks
///
/// A webhook is answered at once, whatever becomes of the command that it leads to.
final class TelnyxWebhook: Sendable {
    private struct State {
        var machines: [String: TelnyxCallStateMachine] = [:]
        /// Ids of calls in the order in which they came; beyond `mostCalls` the oldest is forgotten.
        var calls: [String] = []
        /// Calls that are over: what is told of them afterwards leads to nothing.
        var over = RecentNames(most: mostCalls)
        /// Ids of webhooks.
        var seen = RecentNames(most: mostSeen)
    }

    static let path = "/telnyx/voice"
    static let media = "/telnyx/media"
    static let mostCalls = 8_192
    static let mostSeen = 16_384

    private let account: TelnyxAccount
    private let control: TelnyxCallControl
    private let signature: TelnyxSignature?
    private let publicAddress: PublicAddress?
    private let passes: StreamPass
    private let placed: PlacedCalls
    private let playbacks: Playbacks
    private let fallback: CallFallback
    /// Unix time. [s]
    private let now: @Sendable () -> Int64
    private let admit: @Sendable (_ agent: String) throws(CallRefusal) -> Void
    /// Lets the live call know who has answered it.
    private let found: @Sendable (_ call: String, _ finding: AnswerFinding) -> Void
    private let log: Log
    private let state = Mutex(State())

    init(
        control: TelnyxCallControl, publicAddress: PublicAddress?, passes: StreamPass, placed: PlacedCalls,
        playbacks: Playbacks, fallback: CallFallback, log: Log, now: @escaping @Sendable () -> Int64,
        found: @escaping @Sendable (_ call: String, _ finding: AnswerFinding) -> Void = { _, _ in },
        admit: @escaping @Sendable (_ agent: String) throws(CallRefusal) -> Void
    ) {
        self.found = found
        account = control.wire.account
        self.control = control
        signature = account.publicKey.map { TelnyxSignature(publicKey: $0) }
        self.publicAddress = publicAddress
        self.passes = passes
        self.placed = placed
        self.playbacks = playbacks
        self.fallback = fallback
        self.log = log
        self.now = now
        self.admit = admit
    }

    /// Calls that have not ended, as far as Telnyx has told.
    var liveCalls: Int { state.withLock { $0.machines.count } }

    /// - Parameters:
    ///   - agent: From the path; empty for the only one there is.
    ///   - eventLoop: Where the commands go out.
    func answer(_ request: ServerRequest, agent: String, on eventLoop: any EventLoop) -> ServerResponse {
        if let problem = unsigned(request) { return .text(403, problem.text) }
        let event: TelnyxEvent
        do {
            event = try TelnyxEvent(request.body)
        } catch {
            return .text(400, error.description)
        }
        guard let address = publicAddress ?? PublicAddress(of: request) else {
            return .text(400, "Host: expected the name of this server, or set public_url.")
        }
        guard isNew(event) else { return Self.noted }
        report(event)
        if let step = step(event, agent: agent) {
            take(step, of: event, Origin(agent: agent, address: address, eventLoop: eventLoop))
        }
        return Self.noted
    }

    private static let noted = ServerResponse.text(200, "ok")

    private func unsigned(_ request: ServerRequest) -> TelnyxSignature.Problem? {
        guard let signature else { return nil }
        do {
            try signature.check(
                signature: request.header("telnyx-signature-ed25519"), timestamp: request.header("telnyx-timestamp"),
                body: request.body, now: now())
            return nil
        } catch {
            return error
        }
    }

    private func isNew(_ event: TelnyxEvent) -> Bool {
        state.withLock { $0.seen.insert(event.id) }
    }

    // MARK: What is told

    private func report(_ event: TelnyxEvent) {
        switch event.kind {
        case .playback(let step, let url):
            playbacks.report(step, of: .init(id: event.state.playback, url: url), in: event.call)
        case .hungUp: playbacks.callEnded(event.call)
        case .machine, .greetingEnded:
            if let finding = event.kind.finding { found(event.call, finding) }
        case .streamFailed(let reason):
            log(
                .warning,
                "telnyx: the stream of call \(CarrierText.line(event.call)) failed: \(CarrierText.line(reason))")
        case .incoming, .dialled, .answered, .speakEnded, .digit, .streamStarted, .streamStopped, .other:
            break
        }
        guard let id = event.state.placedCall ?? placed.id(ofCarrierID: event.call), let call = placed.call(id),
            call.carrier == .telnyx, call.carrierID == nil || call.carrierID == event.call
        else { return }
        if call.carrierID == nil { placed.named(id, carrierID: event.call) }
        let finding = event.kind.finding ?? .unknown
        if case .machine(let who) = event.kind { placed.answered(id, by: who, finding) }
        if case .greetingEnded(let how) = event.kind { placed.answered(id, by: "machine, greeting: " + how, finding) }
        if let progress = Self.progress(event.kind, stage: call.progress.stage) { placed.report(progress, of: id) }
    }

    /// - Returns: nil for what changes nothing.
    static func progress(
        _ kind: TelnyxEvent.Kind, stage: PlacedCallStateMachine.Stage
    ) -> PlacedCallStateMachine.Event? {
        switch kind {
        case .dialled: .rings
        case .answered: .answered
        case .hungUp(let cause, _):
            switch cause {
            case "user_busy": .ended(.busy)
            case "call_rejected": .ended(.rejected)
            case "no_answer", "timeout": .ended(.noAnswer)
            case "originator_cancel": .ended(.canceled)
            case "normal_clearing", "time_limit": .ended(stage == .answered ? .completed : .canceled)
            case let other: .ended(stage == .answered ? .completed : .failed(CarrierText.line(other)))
            }
        case .incoming, .speakEnded, .playback, .digit, .machine, .greetingEnded, .streamStarted, .streamStopped,
            .streamFailed, .other:
            nil
        }
    }

    // MARK: What is done

    /// Where a webhook came in.
    private struct Origin: Sendable {
        let agent: String
        let address: PublicAddress
        let eventLoop: any EventLoop
    }

    private func step(_ event: TelnyxEvent, agent: String) -> TelnyxCallStateMachine.Event? {
        switch event.kind {
        case .incoming: .incoming(admission(agent))
        case .dialled: .dialled
        case .answered: .answered
        case .hungUp: .hungUp
        case .speakEnded: .speakEnded
        case .streamFailed: .streamFailed
        case .playback, .digit, .machine, .greetingEnded, .streamStarted, .streamStopped, .other: nil
        }
    }

    private func admission(_ agent: String) -> TelnyxCallStateMachine.Admission {
        do throws(CallRefusal) {
            try admit(agent)
            return .welcome
        } catch {
            switch error.kind {
            case .unknownAgent, .badRequest, .notAuthentic:
                log(.error, "telnyx: a call is rejected: \(error.detail)")
                return .unknownAgent
            case .full, .draining, .notReady, .failed: return .refused(fallback)
            }
        }
    }

    private func take(_ step: TelnyxCallStateMachine.Event, of event: TelnyxEvent, _ origin: Origin) {
        let action = state.withLock { state in
            guard !state.over.contains(event.call) else { return TelnyxCallStateMachine.Action.ignored }
            var machine = state.machines[event.call] ?? TelnyxCallStateMachine()
            let action = machine.take(step, fallback: fallback)
            if action != .ignored { Self.keep(machine, of: event.call, in: &state) }
            return action
        }
        perform(action, event, origin)
    }

    private static func keep(_ machine: TelnyxCallStateMachine, of call: String, in state: inout State) {
        if machine.isEnded {
            state.over.insert(call)
            if state.machines.removeValue(forKey: call) != nil { state.calls.removeAll { $0 == call } }
        } else if state.machines.updateValue(machine, forKey: call) == nil {
            state.calls.append(call)
            if state.calls.count > mostCalls { state.machines[state.calls.removeFirst()] = nil }
        }
    }

    private func perform(_ action: TelnyxCallStateMachine.Action, _ event: TelnyxEvent, _ origin: Origin) {
        switch action {
        case .none: break
        case .ignored: log(.debug, "telnyx: ignored: \(event.kind) of a call that is not there for it")
        case .answerWithStream:
            let state = TelnyxClientState(token: passes.pass(for: StreamGate.subject(ofCall: event.call)))
            let stream = Self.stream(at: origin.address, agent: origin.agent, token: state.token ?? "", account)
            send(.answer(stream, state), event, origin)
        case .answer: send(.answer(nil, TelnyxClientState()), event, origin)
        case .reject(let isBusy): send(.reject(isBusy ? .busy : .rejected), event, origin)
        case .speak(let sentence): send(.speak(sentence, voice: account.voice), event, origin)
        case .transfer(let target): send(.transfer(to: target), event, origin)
        case .hangUp: send(.hangUp, event, origin)
        }
    }

    /// - Important: The id of the command is that of its webhook: were a webhook taken twice, Telnyx would see that the
    ///   command is the same.
    private func send(_ command: TelnyxREST.Command, _ event: TelnyxEvent, _ origin: Origin) {
        control.send(command, to: event.call, commandID: "\(command.name)-\(event.id)", on: origin.eventLoop)
            .whenFailure { [self] error in
                // Callers hang up when they like.
                let isOver = (error as? CallControlError)?.isCallOver ?? false
                log(isOver ? .debug : .error, "telnyx: \(error)")
                take(.commandFailed, of: event, origin)
            }
    }

    /// The media stream of an agent.
    static func stream(
        at address: PublicAddress, agent: String, token: String, _ account: TelnyxAccount
    ) -> TelnyxStream {
        let path = agent.isEmpty ? "" : "/" + FormDecoder.encodedSegment(agent)
        return TelnyxStream(url: address.webSocketURL(media + path), token: token, codec: account.codec)
    }
}
