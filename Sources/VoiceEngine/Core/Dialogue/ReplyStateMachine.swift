/// How far one reply has come, from its first segment to the last sample heard. Pure.
///
///     writing ─text finished─► speaking ─all audio there─► playingOut ─heard─► ended(.finished)
///        ▲                        ▲      └─ cancel anywhere, fail before all audio is there ─► ended(…)
///        └ release                └ release
///     drafting ─all written─► drafted     not to be heard yet ─ cancel, fail ─► ended(.dropped)
///
/// Each reply reaches `ended` exactly once, whatever is interrupted when.
package struct ReplyStateMachine: ~Copyable {
    package enum Outcome: Equatable, Sendable {
        case finished, interrupted, failed
        /// Nobody was to hear it, and nobody did.
        case dropped
    }

    package enum Action: Equatable {
        case none
        /// All text has been handed over: let the voice finish.
        case finishSpeech
        /// All audio is queued: the reply ends when the queue has been heard.
        case playOut
        case end(Outcome)
        /// Makes no sense in this state.
        case ignored
    }

    private enum State {
        /// Held: only its first segment is spoken.
        case drafting(spoken: Int, completed: Int)
        /// Held, and there is no more of it.
        case drafted(spoken: Int, completed: Int)
        case writing(spoken: Int, completed: Int)
        case speaking(spoken: Int, completed: Int)
        case playingOut
        case ended
    }

    private var state: State

    /// - Parameter isHeld: It is not to be heard before `release`.
    package init(isHeld: Bool = false) {
        state = isHeld ? .drafting(spoken: 0, completed: 0) : .writing(spoken: 0, completed: 0)
    }

    /// It waits for its release.
    package var isHeld: Bool {
        switch state {
        case .drafting, .drafted: true
        case .writing, .speaking, .playingOut, .ended: false
        }
    }

    /// The next segment waits for the release as well: one is enough to begin with.
    package var keepsSegments: Bool {
        switch state {
        case .drafting(let spoken, _): spoken > 0
        case .drafted, .writing, .speaking, .playingOut, .ended: false
        }
    }

    package var hasEnded: Bool {
        switch state {
        case .ended: true
        case .drafting, .drafted, .writing, .speaking, .playingOut: false
        }
    }

    /// All audio of the reply is in the playout queue: a last, short frame may leave.
    package var isPlayingOut: Bool {
        switch state {
        case .playingOut: true
        case .drafting, .drafted, .writing, .speaking, .ended: false
        }
    }

    /// A segment was handed to the voice.
    /// - Returns: Its index, or nil when the reply takes no more text.
    package mutating func segmentSpoken() -> Int? {
        switch state {
        case .writing(let spoken, let completed):
            state = .writing(spoken: spoken + 1, completed: completed)
            return spoken
        case .drafting(let spoken, let completed):
            state = .drafting(spoken: spoken + 1, completed: completed)
            return spoken
        case .drafted, .speaking, .playingOut, .ended: return nil
        }
    }

    /// All of a held reply is written, and given to the voice.
    package mutating func draftWritten() -> Action {
        switch state {
        case .drafting(let spoken, let completed):
            guard spoken > 0 else { return .none }
            state = .drafted(spoken: spoken, completed: completed)
            return .finishSpeech
        case .drafted, .writing, .speaking, .playingOut, .ended: return .ignored
        }
    }

    /// From now on it is heard.
    package mutating func release() -> Action {
        switch state {
        case .drafting(let spoken, let completed):
            state = .writing(spoken: spoken, completed: completed)
            return .none
        case .drafted(let spoken, let completed):
            state = .speaking(spoken: spoken, completed: completed)
            return completed == spoken ? allQueued() : .none
        case .writing, .speaking, .playingOut, .ended: return .ignored
        }
    }

    /// The language model has finished; no further segments come.
    package mutating func textFinished() -> Action {
        switch state {
        case .writing(0, _): return end(.finished)
        case .writing(let spoken, let completed):
            state = .speaking(spoken: spoken, completed: completed)
            return .finishSpeech
        case .drafting, .drafted, .speaking, .playingOut, .ended: return .ignored
        }
    }

    /// All audio up to and including the segment of this index has been queued.
    package mutating func segmentsCompleted(through index: Int) -> Action {
        switch state {
        case .writing(let spoken, let completed):
            state = .writing(spoken: spoken, completed: max(completed, min(index, spoken - 1) + 1))
            return .none
        case .speaking(let spoken, let completed):
            let now = max(completed, min(index, spoken - 1) + 1)
            state = .speaking(spoken: spoken, completed: now)
            return now == spoken ? allQueued() : .none
        case .drafting(let spoken, let completed):
            state = .drafting(spoken: spoken, completed: max(completed, min(index, spoken - 1) + 1))
            return .none
        case .drafted(let spoken, let completed):
            state = .drafted(spoken: spoken, completed: max(completed, min(index, spoken - 1) + 1))
            return .none
        case .playingOut, .ended: return .ignored
        }
    }

    /// Checked after `finishSpeech`: the voice may have delivered everything before the text was known to be finished.
    package mutating func speechFinishing() -> Action {
        switch state {
        case .speaking(let spoken, let completed): return completed == spoken ? allQueued() : .none
        case .drafting, .drafted, .writing, .playingOut, .ended: return .none
        }
    }

    /// The caller has heard everything that was queued.
    package mutating func heardAll() -> Action {
        switch state {
        case .playingOut: return end(.finished)
        case .drafting, .drafted, .writing, .speaking, .ended: return .ignored
        }
    }

    package mutating func cancel() -> Action {
        switch state {
        case .writing, .speaking, .playingOut: end(.interrupted)
        case .drafting, .drafted: end(.dropped)
        case .ended: .ignored
        }
    }

    /// The model or the voice has failed. A voice whose audio is all queued is needed no more: the reply plays out.
    package mutating func fail() -> Action {
        switch state {
        case .writing, .speaking: end(.failed)
        case .drafting, .drafted: end(.dropped)
        case .playingOut, .ended: .ignored
        }
    }

    /// No voice is left: what is queued is heard out.
    package mutating func voiceLost() -> Action {
        switch state {
        case .writing, .speaking: allQueued()
        case .drafting, .drafted: end(.dropped)
        case .playingOut, .ended: .ignored
        }
    }

    // MARK: -

    private mutating func allQueued() -> Action {
        state = .playingOut
        return .playOut
    }

    private mutating func end(_ outcome: Outcome) -> Action {
        state = .ended
        return .end(outcome)
    }
}
