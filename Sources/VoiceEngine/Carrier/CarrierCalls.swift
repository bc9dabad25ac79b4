internal import NIOCore
internal import Synchronization
package import VoiceEngineCore
package import VoiceEngineSession

/// A live call as its server sees it. Confined to the call's loop.
protocol CarrierCall: AnyObject {
    /// The server wants the call to end now.
    func endByServer(reason: String)
    /// The carrier has told, beside the call's audio, who has answered.
    func carrierFound(_ finding: AnswerFinding)
    /// The carrier plays a recording beside the agent, or has stopped.
    func carrierPlays(_ isPlaying: Bool)
}

extension CarrierCall {
    func carrierFound(_ finding: AnswerFinding) {}
    func carrierPlays(_ isPlaying: Bool) {}
}

/// What a carrier knows a call by.
struct CarrierCallKey: Hashable, Sendable {
    /// The name of its wire: ids are the carrier's own.
    let carrier: String
    let id: String
}

/// The live calls of a server: which are taken (`AdmissionStateMachine`), which there are, and when the last one has
/// gone. Safe to use from any thread.
package final class CarrierCalls: Sendable {
    private struct Entry {
        let call: NIOLoopBound<any CarrierCall>
        let key: CarrierCallKey?
    }

    private struct State {
        var calls: [ObjectIdentifier: Entry] = [:]
        var keys: [CarrierCallKey: ObjectIdentifier] = [:]
        var admission: AdmissionStateMachine
        var refusals: [AdmissionStateMachine.Refusal: Int] = [:]
        /// Lateness of frames over the last moments.
        var lateness = Nanoseconds.zero
        var waiting: [EventLoopPromise<Void>] = []
    }

    private let most: Int
    private let now: @Sendable () -> Instant
    private let state: Mutex<State>

    /// - Parameters:
    ///   - most: Live calls.
    ///   - admission: What else is looked at.
    ///   - now: nil: the clock of the event loops.
    package init(
        most: Int, admission: ServerDocument.Admission = .init(), now: (@Sendable () -> Instant)? = nil
    ) {
        self.most = max(1, most)
        // Once per call: a webhook has no tick that could hand it down.
        self.now = now ?? { Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }
        let machine = AdmissionStateMachine(
            most: most, rate: admission.callsPerSecond.map { ($0, admission.burst) }, late: admission.late)
        state = Mutex(State(admission: machine))
    }

    package var count: Int { state.withLock { $0.calls.count } }
    package var isDraining: Bool { state.withLock { $0.admission.isDraining } }

    /// A call is announced: whether it will be taken. If so, a place is kept for it, for a moment.
    package func admit() throws(CallRefusal) {
        let now = now()
        try check(
            state.withLock { state in
                note(state.admission.announced(live: state.calls.count, at: now), &state)
            })
    }

    /// The lateness of frames over the last moments. [99th percentile]
    ///
    /// - Returns: What changes with it.
    func observe(_ lateness: Nanoseconds, at now: Instant) -> AdmissionStateMachine.Pressure {
        state.withLock { state in
            state.lateness = lateness
            return state.admission.observed(lateness, at: now)
        }
    }

    /// Takes a call in. It must be removed again, whatever becomes of it.
    ///
    /// - Parameter key: By which `tell` finds it; of two calls that claim the same, the later one.
    func add(
        _ call: any CarrierCall, as key: CarrierCallKey? = nil, on eventLoop: any EventLoop
    ) throws(CallRefusal) {
        let bound = NIOLoopBound(call, eventLoop: eventLoop)
        let id = ObjectIdentifier(call)
        let now = now()
        let verdict = state.withLock { state in
            let verdict = note(state.admission.arrived(live: state.calls.count, at: now), &state)
            guard verdict == .take else { return verdict }
            state.calls[id] = Entry(call: bound, key: key)
            if let key { state.keys[key] = id }
            return verdict
        }
        try check(verdict)
    }

    func remove(_ call: any CarrierCall) {
        let id = ObjectIdentifier(call)
        let waiting = state.withLock { state in
            let entry = state.calls.removeValue(forKey: id)
            if let key = entry?.key, state.keys[key] == id { state.keys[key] = nil }
            guard state.calls.isEmpty else { return [EventLoopPromise<Void>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for promise in waiting { promise.succeed() }
    }

    /// Takes no calls any more.
    func startDraining() { state.withLock { $0.admission.drain() } }

    /// Succeeds when no call is left.
    func whenEmpty(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let isEmpty = state.withLock { state in
            if !state.calls.isEmpty { state.waiting.append(promise) }
            return state.calls.isEmpty
        }
        if isEmpty { promise.succeed() }
        return promise.futureResult
    }

    /// Asks every call to end.
    func endAll(reason: String) {
        for call in state.withLock({ $0.calls.values.map(\.call) }) {
            call.eventLoop.execute { call.value.endByServer(reason: reason) }
        }
    }

    /// Lets a live call know who has answered it; nothing happens when there is none under this name.
    func tell(_ key: CarrierCallKey, _ finding: AnswerFinding) {
        let call = call(key)
        call?.eventLoop.execute { call?.value.carrierFound(finding) }
    }

    /// Lets a live call know that its carrier plays a recording, or has stopped.
    func tell(_ key: CarrierCallKey, isPlaying: Bool) {
        let call = call(key)
        call?.eventLoop.execute { call?.value.carrierPlays(isPlaying) }
    }

    /// The live calls that a carrier knows by this id: mostly one, or none.
    func keys(ofCall id: String) -> [CarrierCallKey] { state.withLock { $0.keys.keys.filter { $0.id == id } } }

    private func call(_ key: CarrierCallKey) -> NIOLoopBound<any CarrierCall>? {
        state.withLock { state in state.keys[key].flatMap { state.calls[$0]?.call } }
    }

    private func note(
        _ verdict: AdmissionStateMachine.Verdict, _ state: inout State
    ) -> AdmissionStateMachine.Verdict {
        if case .refuse(let refusal, _) = verdict { state.refusals[refusal, default: 0] += 1 }
        return verdict
    }

    private func check(_ verdict: AdmissionStateMachine.Verdict) throws(CallRefusal) {
        guard case .refuse(let refusal, let wait) = verdict else { return }
        switch refusal {
        case .draining: throw CallRefusal(.draining, "the server takes no new calls")
        case .calls: throw CallRefusal(.full, "the server has its \(most) calls")
        case .rate: throw CallRefusal(.full, "too many new calls in a second", retry: .tooFast(wait))
        case .lateness:
            throw CallRefusal(.full, "the server is overloaded: its frames are late", retry: .after(wait))
        }
    }
}

extension CarrierCalls {
    func write(to page: inout PrometheusPage) {
        let (calls, admission, refusals, lateness) = state.withLock {
            ($0.calls.count, $0.admission, $0.refusals, $0.lateness)
        }
        page.gauge("voice_engine_server_calls", "Calls of carriers that are live.", [([:], calls)])
        page.counter(
            "voice_engine_server_calls_refused_total", "Calls of carriers that were not taken.",
            AdmissionStateMachine.Refusal.allCases.map { reason -> (PrometheusPage.Labels, Int) in
                (["reason": reason.rawValue], refusals[reason] ?? 0)
            })
        page.gauge(
            "voice_engine_server_draining", "Whether no new calls are taken because the server ends.",
            [([:], admission.isDraining ? 1 : 0)])
        page.gauge(
            "voice_engine_server_overloaded", "Whether no new calls are taken because frames are late.",
            [([:], admission.isLate ? 1 : 0)])
        page.times(
            "voice_engine_server_frame_lateness_p99_seconds",
            "99th percentile of the lateness of frames over the last half second.", [([:], lateness.seconds)])
    }
}
