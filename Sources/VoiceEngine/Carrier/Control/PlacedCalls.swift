internal import Synchronization
package import VoiceEngineCore

/// The carriers that place calls.
package enum PlacingCarrier: String, CaseIterable, Sendable {
    case twilio, telnyx
}

/// A call that this server placed, or is about to.
package struct PlacedCall: Equatable, Sendable {
    /// Ours, of the control API. Cannot be guessed.
    package let id: String
    package let order: CallOrder
    package let carrier: PlacingCarrier
    package let from: String
    /// The carrier's: call SID or call control id; nil until it has one.
    package var carrierID: String?
    package var progress = PlacedCallStateMachine()
    /// What the carrier says of who has answered, in its own words.
    package var answeredBy: String?
    /// The same, as a session takes it.
    package var finding: AnswerFinding?
    /// Unix time. [s]
    package let created: Int64
    package var answered: Int64?
    package var ended: Int64?
}

/// The calls that this server placed: bounded, and forgotten some time after their end. Safe to use from any thread.
///
/// Full means: when no ended call can be forgotten to make room, no further call is placed.
package final class PlacedCalls: Sendable {
    private struct State {
        var calls: [String: PlacedCall] = [:]
        /// In the order in which they were placed.
        var order: [String] = []
        var byCarrierID: [String: String] = [:]
        /// When it was last looked at what can be forgotten. Unix time. [s]
        var tidied = Int64.min
    }

    /// How long an ended call is remembered. [s]
    package static let memory: Int64 = 3_600
    /// No carrier lets a call live longer; what became of this one we were not told. [s]
    package static let longestCall: Int64 = 24 * 3_600 + 3_600

    private let most: Int
    /// Unix time. [s]
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    package init(most: Int, now: @escaping @Sendable () -> Int64) {
        self.most = max(1, most)
        self.now = now
    }

    /// - Returns: The new call; nil when the table is full of calls that have not ended.
    package func add(_ order: CallOrder, carrier: PlacingCarrier, from: String) -> PlacedCall? {
        let now = now()
        let call = PlacedCall(id: RandomID.make("call"), order: order, carrier: carrier, from: from, created: now)
        return state.withLock { state in
            Self.forget(&state, before: now)
            if state.calls.count >= most, !Self.forgetOldestEnded(&state) { return nil }
            state.calls[call.id] = call
            state.order.append(call.id)
            return call
        }
    }

    /// The carrier has taken the call under this id.
    package func named(_ id: String, carrierID: String) {
        state.withLock { state in
            guard state.calls[id] != nil else { return }
            state.calls[id]?.carrierID = carrierID
            state.byCarrierID[carrierID] = id
        }
    }

    /// - Returns: What the report changed; nil for a call that is not ours.
    @discardableResult
    package func report(_ event: PlacedCallStateMachine.Event, of id: String) -> PlacedCallStateMachine.Action? {
        let now = now()
        return state.withLock { state in
            guard var call = state.calls[id] else { return nil }
            let action = call.progress.take(event)
            switch action {
            case .moved(.answered): call.answered = now
            case .moved(.ended): call.ended = now
            case .moved(.queued), .moved(.ringing), .ignored: break
            }
            state.calls[id] = call
            return action
        }
    }

    /// Who has answered; the last word counts.
    package func answered(_ id: String, by who: String, _ finding: AnswerFinding) {
        state.withLock { state in
            state.calls[id]?.answeredBy = String(who.prefix(64))
            state.calls[id]?.finding = finding
        }
    }

    package func call(_ id: String) -> PlacedCall? {
        state.withLock { state in
            Self.forget(&state, before: now())
            return state.calls[id]
        }
    }

    /// Our id of a carrier's.
    package func id(ofCarrierID carrierID: String) -> String? { state.withLock { $0.byCarrierID[carrierID] } }

    /// The newest first.
    package var all: [PlacedCall] {
        state.withLock { state in
            Self.forget(&state, before: now())
            return state.order.reversed().compactMap { state.calls[$0] }
        }
    }

    // MARK: Forgetting

    /// Once a second: it looks at every call, and is asked with every webhook.
    private static func forget(_ state: inout State, before now: Int64) {
        guard state.tidied != now else { return }
        state.tidied = now
        let old = state.order.compactMap { state.calls[$0] }.filter { call in
            call.ended.map { now - $0 > memory } ?? (now - call.created > longestCall)
        }
        guard !old.isEmpty else { return }
        for call in old { drop(call, &state) }
        let left = state.calls
        state.order.removeAll { left[$0] == nil }
    }

    private static func forgetOldestEnded(_ state: inout State) -> Bool {
        guard
            let index = state.order.firstIndex(where: { state.calls[$0]?.ended != nil }),
            let call = state.calls[state.order[index]]
        else { return false }
        state.order.remove(at: index)
        drop(call, &state)
        return true
    }

    private static func drop(_ call: PlacedCall, _ state: inout State) {
        state.calls[call.id] = nil
        if let carrierID = call.carrierID { state.byCarrierID[carrierID] = nil }
    }
}
