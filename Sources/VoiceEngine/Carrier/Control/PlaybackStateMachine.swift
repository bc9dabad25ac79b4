/// How far a recording has come that a carrier plays into a call. Pure. Reports may come late, twice or out of order; a
/// recording never goes back.
struct PlaybackStateMachine: Equatable, Sendable {
    enum Stage: String, Sendable {
        /// The carrier has it, or is about to get it; others may play first.
        case queued
        case playing
        case ended
    }

    /// Why a recording ended.
    enum Cause: Equatable, Sendable {
        /// It was played to its end.
        case completed
        /// Somebody stopped it, or all of the call's.
        case stopped
        case callEnded
        /// With what the carrier says of it.
        case failed(String)

        var name: String {
            switch self {
            case .completed: "completed"
            case .stopped: "stopped"
            case .callEnded: "call_ended"
            case .failed: "failed"
            }
        }

        var detail: String? { if case .failed(let detail) = self, !detail.isEmpty { detail } else { nil } }
    }

    enum Event: Equatable, Sendable {
        case started
        case ended(Cause)
    }

    enum Action: Equatable, Sendable {
        case moved(Stage)
        /// It is there already, or further.
        case ignored
    }

    private enum State: Equatable, Sendable {
        case queued
        case playing
        case ended(Cause)
    }

    private var state = State.queued

    var stage: Stage {
        switch state {
        case .queued: .queued
        case .playing: .playing
        case .ended: .ended
        }
    }

    var cause: Cause? { if case .ended(let cause) = state { cause } else { nil } }

    mutating func take(_ event: Event) -> Action {
        switch (event, state) {
        case (.started, .queued): return move(.playing)
        case (.ended(let cause), .queued), (.ended(let cause), .playing): return move(.ended(cause))
        case (.started, .playing), (.started, .ended), (.ended, .ended): return .ignored
        }
    }

    private mutating func move(_ next: State) -> Action {
        state = next
        return .moved(stage)
    }
}
