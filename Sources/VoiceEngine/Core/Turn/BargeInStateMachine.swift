/// When the caller's voice is an interruption.
package struct BargeInPolicy: Equatable, Sendable {
    package var isEnabled: Bool
    /// Speech this long interrupts even without words. Counted from the onset.
    package var confirmAfter: Nanoseconds
    /// How long after the end of short speech to wait for its words before the agent goes on.
    package var wordsWait: Nanoseconds
    /// Sounds without words, one after the other, hold the agent for this long, and until the last of them is over.
    package var longest: Nanoseconds

    package init(
        isEnabled: Bool = true, confirmAfter: Nanoseconds = .milliseconds(700),
        wordsWait: Nanoseconds = .milliseconds(500), longest: Nanoseconds = .milliseconds(2_500)
    ) {
        self.isEnabled = isEnabled
        self.confirmAfter = confirmAfter
        self.wordsWait = wordsWait
        self.longest = longest
    }
}

/// What the words spoken over the agent weigh.
package enum OverlapWords: Equatable, Sendable {
    /// None, or none understood.
    case nothing
    /// "mhm", "yeah": the caller follows, and does not want the floor.
    case backchannel
    /// Real words, but fewer than the policy's minimum; decides when the caller has finished.
    case few
    /// Enough words, or a phrase that always interrupts.
    case interruption
}

/// Whether voice over the agent's reply stops it. Pure: no clock, no I/O, no logging.
///
/// Two steps: voice suspends the reply at once (the playout pauses at a known sample); words, duration or silence then
/// confirm the interruption or resume the reply.
package struct BargeInStateMachine: ~Copyable {
    package enum Action: Equatable {
        case none
        /// Pause the playout of this reply; call `timerFired` at `until`.
        case pause(TurnID, until: Instant)
        /// Call `timerFired` then; replaces an earlier wait.
        case wait(until: Instant)
        /// Cancel the reply; what the caller says is the next turn.
        case confirm(TurnID)
        /// Play on at the paused sample; drop the utterance.
        case resume(TurnID)
    }

    private enum Speech {
        case ongoing(since: Instant)
        case over
    }

    private enum State {
        case idle
        case suspended(TurnID, since: Instant, Speech, OverlapWords, deadline: Instant)
    }

    private let policy: BargeInPolicy
    private var state = State.idle

    package init(policy: BargeInPolicy) { self.policy = policy }

    /// The reply that is paused and waits for the decision.
    package var suspended: TurnID? {
        switch state {
        case .idle: nil
        case .suspended(let turn, _, _, _, _): turn
        }
    }

    /// - Parameter reply: The reply that is under way and may be interrupted, if any.
    package mutating func voiceStarted(over reply: TurnID?, at now: Instant) -> Action {
        switch state {
        case .idle:
            guard policy.isEnabled, let reply else { return .none }
            let deadline = now + policy.confirmAfter
            state = .suspended(reply, since: now, .ongoing(since: now), .nothing, deadline: deadline)
            return .pause(reply, until: deadline)
        case .suspended(let turn, let since, .over, let words, _):
            let deadline = now + policy.confirmAfter
            state = .suspended(turn, since: since, .ongoing(since: now), words, deadline: deadline)
            return .wait(until: deadline)
        case .suspended(_, _, .ongoing, _, _): return .none
        }
    }

    package mutating func voicePaused(at now: Instant) -> Action {
        switch state {
        case .idle, .suspended(_, _, .over, _, _): return .none
        case .suspended(let turn, let since, .ongoing, let words, _):
            guard now < since + policy.longest else { return decide(turn, by: words) }
            let deadline = now + policy.wordsWait
            state = .suspended(turn, since: since, .over, words, deadline: deadline)
            return .wait(until: deadline)
        }
    }

    /// - Parameter isSettled: The words cover all of the speech so far.
    package mutating func words(
        _ words: OverlapWords, isSettled: Bool, over reply: TurnID?, at now: Instant
    ) -> Action {
        switch state {
        case .idle:
            // A voice too quiet for the detector, but not for the recogniser.
            guard policy.isEnabled, let reply, words == .interruption else { return .none }
            return .confirm(reply)
        case .suspended(let turn, let since, let speech, _, let deadline):
            switch (words, speech) {
            case (.interruption, _): return confirm(turn)
            case (.few, .over): return isSettled ? confirm(turn) : keep(turn, since, speech, words, deadline)
            case (.nothing, .over), (.backchannel, .over):
                return isSettled ? resume(turn) : keep(turn, since, speech, words, deadline)
            case (.nothing, .ongoing), (.backchannel, .ongoing), (.few, .ongoing):
                return keep(turn, since, speech, words, deadline)
            }
        }
    }

    package mutating func timerFired(at now: Instant) -> Action {
        switch state {
        case .idle: return .none
        case .suspended(let turn, let since, let speech, let words, let deadline):
            guard now >= deadline else { return .none }
            switch (speech, words) {
            case (.ongoing(let began), .backchannel):
                // "yeah, yeah, yeah": give it the same time once more, then take it for an interruption.
                let later = began + policy.confirmAfter + policy.confirmAfter
                guard now < later else { return confirm(turn) }
                state = .suspended(turn, since: since, speech, words, deadline: later)
                return .wait(until: later)
            case (.ongoing, .nothing), (.ongoing, .few), (.ongoing, .interruption): return confirm(turn)
            case (.over, _): return decide(turn, by: words)
            }
        }
    }

    /// The host or a key interrupts: no decision needed.
    package mutating func interrupt(_ reply: TurnID?) -> Action {
        switch state {
        case .idle: return reply.map(Action.confirm) ?? .none
        case .suspended(let turn, _, _, _, _): return confirm(turn)
        }
    }

    /// The caller's turn was committed with these words while the decision was open: they decide.
    package mutating func committed(_ words: OverlapWords) -> Action {
        switch state {
        case .idle: .none
        case .suspended(let turn, _, _, _, _): decide(turn, by: words)
        }
    }

    /// The reply has ended by itself.
    package mutating func replyEnded(_ reply: TurnID) {
        switch state {
        case .idle: break
        case .suspended(let turn, _, _, _, _): if turn == reply { state = .idle }
        }
    }

    // MARK: -

    /// Nothing more is to be known.
    private mutating func decide(_ turn: TurnID, by words: OverlapWords) -> Action {
        switch words {
        case .nothing, .backchannel: resume(turn)
        case .few, .interruption: confirm(turn)
        }
    }

    private mutating func confirm(_ turn: TurnID) -> Action {
        state = .idle
        return .confirm(turn)
    }

    private mutating func resume(_ turn: TurnID) -> Action {
        state = .idle
        return .resume(turn)
    }

    private mutating func keep(
        _ turn: TurnID, _ since: Instant, _ speech: Speech, _ words: OverlapWords, _ deadline: Instant
    ) -> Action {
        state = .suspended(turn, since: since, speech, words, deadline: deadline)
        return .none
    }
}
