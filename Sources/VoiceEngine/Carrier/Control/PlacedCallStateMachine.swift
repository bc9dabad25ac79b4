/// How far a placed call has come. Pure. Reports may come late, twice or out of order; a call never goes back.
package struct PlacedCallStateMachine: Equatable, Sendable {
    package enum Stage: String, Comparable, Sendable {
        case queued, ringing, answered, ended

        private var rank: Int {
            switch self {
            case .queued: 0
            case .ringing: 1
            case .answered: 2
            case .ended: 3
            }
        }

        package static func < (a: Stage, b: Stage) -> Bool { a.rank < b.rank }
    }

    /// Why a call ended.
    package enum Cause: Equatable, Sendable {
        /// It was answered and somebody hung up.
        case completed
        case busy
        case noAnswer
        case rejected
        /// Taken back before it was answered.
        case canceled
        /// With what the carrier says of it.
        case failed(String)

        package var name: String {
            switch self {
            case .completed: "completed"
            case .busy: "busy"
            case .noAnswer: "no_answer"
            case .rejected: "rejected"
            case .canceled: "canceled"
            case .failed: "failed"
            }
        }

        package var detail: String? { if case .failed(let detail) = self, !detail.isEmpty { detail } else { nil } }
    }

    package enum Event: Equatable, Sendable {
        case rings
        case answered
        case ended(Cause)
    }

    package enum Action: Equatable, Sendable {
        case moved(Stage)
        /// It is there already, or further.
        case ignored
    }

    private enum State: Equatable, Sendable {
        case queued
        case ringing
        case answered
        case ended(Cause)
    }

    private var state = State.queued

    package init() {}

    package var stage: Stage {
        switch state {
        case .queued: .queued
        case .ringing: .ringing
        case .answered: .answered
        case .ended: .ended
        }
    }

    package var cause: Cause? { if case .ended(let cause) = state { cause } else { nil } }

    package mutating func take(_ event: Event) -> Action {
        switch (event, state) {
        case (.rings, .queued): return move(.ringing)
        case (.answered, .queued), (.answered, .ringing): return move(.answered)
        case (.ended(let cause), .queued), (.ended(let cause), .ringing), (.ended(let cause), .answered):
            return move(.ended(cause))
        case (.rings, .ringing), (.rings, .answered), (.rings, .ended), (.answered, .answered), (.answered, .ended),
            (.ended, .ended):
            return .ignored
        }
    }

    private mutating func move(_ next: State) -> Action {
        state = next
        return .moved(stage)
    }
}
