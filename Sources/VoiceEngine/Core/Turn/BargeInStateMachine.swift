/// When the caller's voice is an interruption.
package struct BargeInPolicy: Equatable, Sendable {
    package var isEnabled: Bool
    /// Voice that is shorter does not pause the agent. Counted from where the detector is sure.
    package var pauseAfter: Nanoseconds
    /// Speech this long interrupts although it was but one word.
    package var confirmAfter: Nanoseconds
    /// How long after the end of short speech to wait for its words before the agent goes on. For those of a recogniser
    /// that tells them only after the speech, but then surely, it waits for `longest`: an agent who goes on, and is
    /// stopped again by words that were on their way, stammers.
    package var wordsWait: Nanoseconds
    /// Sounds without words, one after the other, hold the agent for this long; then it goes on over them.
    package var longest: Nanoseconds

    /// A sound that is shorter and comes without words is a click or a cough: the agent goes on so soon after it.
    package static let burst = Nanoseconds.milliseconds(300)
    package static let burstWait = Nanoseconds.milliseconds(100)
    /// Sounds without words in a row after which the next must be longer to pause the agent, by this for each.
    package static let alarms = 2
    package static let alarmStep = Nanoseconds.milliseconds(200)
    package static let longestAlarm = Nanoseconds.milliseconds(600)
    /// A recogniser that tells the words only after the speech is given so many times `longest`.
    package static let slowEars: Int64 = 4

    package init(
        isEnabled: Bool = true, pauseAfter: Nanoseconds = .zero, confirmAfter: Nanoseconds = .milliseconds(700),
        wordsWait: Nanoseconds = .milliseconds(500), longest: Nanoseconds = .milliseconds(2_500)
    ) {
        self.isEnabled = isEnabled
        self.pauseAfter = pauseAfter
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
/// Two steps: voice suspends the reply at once (the playout pauses at a known sample); words confirm the interruption,
/// or their absence and backchannels resume the reply. A sound without any word never cancels a reply.
///
///     idle ─voice─► noticed ─long enough─► suspended ─words─► confirm ─► idle
///      │              │ pause ► idle          │ ▲
///      └── voice, no minimum ─────────────────┘ └── backchannel, noise ─► resume ─► idle
package struct BargeInStateMachine: ~Copyable {
    package enum Action: Equatable {
        case none
        /// Pause the playout of this reply; call `timerFired` at `until`.
        case pause(TurnID, until: Instant)
        /// Call `timerFired` then; replaces an earlier wait.
        case wait(until: Instant)
        /// Ask the recogniser for all that it has heard, and call `timerFired` then.
        case askForWords(until: Instant)
        /// Cancel the reply; what the caller says is the next turn.
        case confirm(TurnID)
        /// Play on at the paused sample. Words that still come are weighed anew.
        case resume(TurnID)
    }

    private enum Voice: Equatable {
        case silent
        case ongoing(since: Instant)
    }

    private struct Patience {
        /// With sounds without words.
        let sounds: Nanoseconds
        /// With the words of a voice that has paused.
        let words: Nanoseconds

        init(_ policy: BargeInPolicy, hearsWordsLate: Bool) {
            sounds = hearsWordsLate ? policy.longest * BargeInPolicy.slowEars : policy.longest
            words = hearsWordsLate ? max(policy.longest, policy.wordsWait) : policy.wordsWait
        }
    }

    /// A paused reply that waits for the decision.
    private struct Doubt {
        let turn: TurnID
        let patience: Patience
        /// Sounds without words hold the reply until then.
        let limit: Instant
        var voice: Voice
        var words: OverlapWords
        var deadline: Instant
    }

    private enum State {
        case idle(Voice)
        /// Not long enough yet to pause the reply.
        case noticed(TurnID, since: Instant, Patience, deadline: Instant)
        case suspended(Doubt)
    }

    private let policy: BargeInPolicy
    private var state = State.idle(.silent)
    /// Sounds without words that paused the agent, since words did.
    private var alarms = 0

    package init(policy: BargeInPolicy) { self.policy = policy }

    /// The reply that is paused and waits for the decision.
    package var suspended: TurnID? {
        switch state {
        case .idle, .noticed: nil
        case .suspended(let doubt): doubt.turn
        }
    }

    /// - Parameters:
    ///   - reply: The reply that is under way and may be interrupted, if any.
    ///   - hearsWordsLate: The recogniser tells the words only after the speech.
    package mutating func voiceStarted(
        over reply: TurnID?, hearsWordsLate: Bool = false, at now: Instant
    ) -> Action {
        switch state {
        case .idle:
            state = .idle(.ongoing(since: now))
            return notice(reply, hearsWordsLate: hearsWordsLate, at: now)
        case .suspended(var doubt):
            guard doubt.voice == .silent else { return .none }
            doubt.voice = .ongoing(since: now)
            doubt.deadline = now + policy.confirmAfter
            state = .suspended(doubt)
            return .wait(until: doubt.deadline)
        case .noticed: return .none
        }
    }

    /// What had to be heard of the reply is over: from now on a voice may interrupt it.
    package mutating func mayInterrupt(_ reply: TurnID, hearsWordsLate: Bool = false, at now: Instant) -> Action {
        switch state {
        case .idle(.ongoing): notice(reply, hearsWordsLate: hearsWordsLate, at: now)
        case .idle(.silent), .noticed, .suspended: .none
        }
    }

    /// - Parameter lastSpeech: The end of the voice, which is earlier than `now`.
    package mutating func voicePaused(lastSpeech: Instant, at now: Instant) -> Action {
        switch state {
        case .idle, .noticed:
            state = .idle(.silent)
            return .none
        case .suspended(var doubt):
            guard case .ongoing(let since) = doubt.voice else { return .none }
            if doubt.words == .backchannel || now >= doubt.limit { return decide(doubt) }
            let isBurst = doubt.words == .nothing && lastSpeech - since < BargeInPolicy.burst
            doubt.voice = .silent
            doubt.deadline = now + (isBurst ? min(BargeInPolicy.burstWait, policy.wordsWait) : doubt.patience.words)
            state = .suspended(doubt)
            return .askForWords(until: doubt.deadline)
        }
    }

    /// - Parameter isSettled: The words cover all of the speech so far.
    package mutating func words(
        _ words: OverlapWords, isSettled: Bool, over reply: TurnID?, at now: Instant
    ) -> Action {
        switch state {
        case .idle, .noticed:
            // Also a voice too quiet for the detector, but not for the recogniser.
            guard policy.isEnabled, let reply, words == .interruption else { return .none }
            return confirm(reply)
        case .suspended(var doubt):
            doubt.words = words
            state = .suspended(doubt)
            switch (words, doubt.voice) {
            case (.interruption, _): return confirm(doubt.turn)
            case (.backchannel, .silent): return decide(doubt)
            case (.few, .silent), (.nothing, .silent): return isSettled ? decide(doubt) : .none
            case (_, .ongoing(let since)): return longEnough(doubt, since: since, at: now)
            }
        }
    }

    package mutating func timerFired(at now: Instant) -> Action {
        switch state {
        case .idle: return .none
        case .noticed(let turn, let since, let patience, let deadline):
            guard now >= deadline else { return .none }
            return suspend(turn, since: since, patience, at: now)
        case .suspended(let doubt):
            guard now >= doubt.deadline else { return .none }
            switch doubt.voice {
            case .silent: return decide(doubt)
            case .ongoing(let since): return longEnough(doubt, since: since, at: now)
            }
        }
    }

    /// The host or a key interrupts: no decision needed.
    package mutating func interrupt(_ reply: TurnID?) -> Action {
        switch state {
        case .idle, .noticed: reply.map { confirm($0) } ?? .none
        case .suspended(let doubt): confirm(doubt.turn)
        }
    }

    /// The caller's turn was committed with these words while the decision was open: they decide.
    package mutating func committed(_ words: OverlapWords) -> Action {
        switch state {
        case .idle, .noticed: return .none
        case .suspended(var doubt):
            doubt.words = words
            return decide(doubt)
        }
    }

    /// The reply has ended by itself.
    package mutating func replyEnded(_ reply: TurnID) {
        switch state {
        case .idle: break
        case .noticed(let turn, let since, _, _): if turn == reply { state = .idle(.ongoing(since: since)) }
        case .suspended(let doubt): if doubt.turn == reply { state = .idle(doubt.voice) }
        }
    }

    // MARK: -

    private mutating func notice(_ reply: TurnID?, hearsWordsLate: Bool, at now: Instant) -> Action {
        guard policy.isEnabled, let reply else { return .none }
        let patience = Patience(policy, hearsWordsLate: hearsWordsLate)
        let extra = BargeInPolicy.alarmStep * Int64(max(alarms - BargeInPolicy.alarms + 1, 0))
        let minimum = max(policy.pauseAfter, min(extra, BargeInPolicy.longestAlarm))
        guard minimum > .zero else { return suspend(reply, since: now, patience, at: now) }
        state = .noticed(reply, since: now, patience, deadline: now + minimum)
        return .wait(until: now + minimum)
    }

    private mutating func suspend(_ turn: TurnID, since: Instant, _ patience: Patience, at now: Instant) -> Action {
        let deadline = max(since + policy.confirmAfter, now)
        state = .suspended(
            Doubt(
                turn: turn, patience: patience, limit: now + patience.sounds, voice: .ongoing(since: since),
                words: .nothing, deadline: deadline))
        return .pause(turn, until: deadline)
    }

    /// While the voice goes on: has it gone on for long enough?
    private mutating func longEnough(_ doubt: Doubt, since: Instant, at now: Instant) -> Action {
        var doubt = doubt
        let next =
            switch doubt.words {
            case .few, .interruption: since + policy.confirmAfter
            // "yeah, yeah, yeah": the same time once more, then it is taken for an interruption.
            case .backchannel: since + policy.confirmAfter + policy.confirmAfter
            case .nothing: max(doubt.limit, since + policy.confirmAfter)
            }
        guard now < next else { return doubt.words == .nothing ? resume(doubt) : confirm(doubt.turn) }
        guard next != doubt.deadline else { return .none }
        // A later deadline is set when the earlier one has passed.
        if next > doubt.deadline, now < doubt.deadline { return .none }
        doubt.deadline = next
        state = .suspended(doubt)
        return .wait(until: next)
    }

    /// Nothing more is to be known now.
    private mutating func decide(_ doubt: Doubt) -> Action {
        switch doubt.words {
        case .nothing, .backchannel: resume(doubt)
        case .few, .interruption: confirm(doubt.turn)
        }
    }

    private mutating func confirm(_ turn: TurnID) -> Action {
        alarms = 0
        switch state {
        case .idle: break
        case .noticed(_, let since, _, _): state = .idle(.ongoing(since: since))
        case .suspended(let doubt): state = .idle(doubt.voice)
        }
        return .confirm(turn)
    }

    private mutating func resume(_ doubt: Doubt) -> Action {
        if doubt.words == .nothing { alarms += 1 }
        // A sound that goes on for ever pauses the agent once.
        state = .idle(doubt.voice)
        return .resume(doubt.turn)
    }
}
