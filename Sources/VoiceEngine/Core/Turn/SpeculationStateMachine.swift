/// Whether answers are begun before the caller's turn is committed.
package struct SpeculationPolicy: Equatable, Sendable {
    package var isEnabled: Bool
    /// Answers begun for one turn; a recogniser that cannot make up its mind costs no more.
    package var mostDrafts: Int
    /// Words that stay the same for this long while the caller is silent are taken for all there are.
    package var stable: Nanoseconds

    package init(isEnabled: Bool = true, mostDrafts: Int = 3, stable: Nanoseconds = .milliseconds(100)) {
        self.isEnabled = isEnabled
        self.mostDrafts = mostDrafts
        self.stable = stable
    }
}

/// When an answer is begun ahead of the commit, and what becomes of it. Pure: no clock, no I/O.
///
///     listening ─pause─► waiting ─words stay the same─► held ─the same words are committed─► release
///         │ ▲               ▲                            │ ▲
///         │ └──── voice ────┴───── other words, voice ───┘ │ ► drop
///         └──────────── a sign of the recogniser ──────────┘
///
/// The early signs: the recogniser's own (it takes the turn for over soon), a local model's, and words that sound
/// finished and do not change while the caller is silent.
package struct SpeculationStateMachine {
    package enum Action: Equatable, Sendable {
        case none
        /// Call `timerFired` then; replaces an earlier wait.
        case wait(until: Instant)
        /// Begin an answer to these words and hold it.
        case draft(String)
        /// The answer that is held is not wanted; call `timerFired` at `until`.
        case drop(until: Instant?)
        /// The answer that is held is the turn's.
        case release
    }

    /// The words of the utterance so far.
    private struct Heard {
        var text = ""
        var isSettled = false
        var soundsComplete = true
        var changed = Instant.zero

        func isSame(as other: String) -> Bool { Backchannel.words(in: text) == Backchannel.words(in: other) }
    }

    private enum State {
        /// The caller speaks, or nobody does.
        case listening
        /// The caller is silent: words that stay the same from now on are all there are.
        case waiting(since: Instant, deadline: Instant?)
        /// An answer to these words is held. `since`: of the silence, where there is one.
        case held(String, since: Instant?)
    }

    private let policy: SpeculationPolicy
    private var state = State.listening
    private var heard = Heard()
    /// Answers begun for this turn.
    private var drafts = 0

    package init(policy: SpeculationPolicy) { self.policy = policy }

    /// The caller is audible, for the first time or again.
    package mutating func voiceStarted() -> Action {
        defer { state = .listening }
        // What was settled covers only the audio before this.
        heard.isSettled = false
        if case .held = state { return .drop(until: nil) }
        return .none
    }

    /// - Parameter mayDraft: The agent has nothing else to do.
    package mutating func voicePaused(mayDraft: Bool, at now: Instant) -> Action {
        switch state {
        case .held(let drafted, let since):
            state = .held(drafted, since: since ?? now)
            return .none
        case .listening, .waiting:
            state = .waiting(since: now, deadline: nil)
            return look(mayDraft: mayDraft, at: now)
        }
    }

    /// Newer words of the utterance.
    package mutating func words(
        _ text: String, isSettled: Bool, soundsComplete: Bool, mayDraft: Bool, at now: Instant
    ) -> Action {
        let changed = heard.isSame(as: text) ? heard.changed : now
        heard = Heard(text: text, isSettled: isSettled, soundsComplete: soundsComplete, changed: changed)
        switch state {
        case .listening: return .none
        case .waiting: return look(mayDraft: mayDraft, at: now)
        case .held(let drafted, let since):
            guard !heard.isSame(as: drafted) else { return .none }
            guard let since else {
                state = .listening
                return .drop(until: nil)
            }
            let deadline = isWorthIt ? now + policy.stable : nil
            state = .waiting(since: since, deadline: deadline)
            return .drop(until: deadline)
        }
    }

    /// Somebody who should know takes the turn for over soon.
    package mutating func sign(mayDraft: Bool, at now: Instant) -> Action {
        switch state {
        case .listening: return draft(since: nil, mayDraft: mayDraft)
        case .waiting(let since, _): return draft(since: since, mayDraft: mayDraft)
        case .held: return .none
        }
    }

    /// The sign was wrong: the caller goes on.
    package mutating func resumed() -> Action {
        switch state {
        case .listening, .waiting: return .none
        case .held:
            state = .listening
            return .drop(until: nil)
        }
    }

    package mutating func timerFired(mayDraft: Bool, at now: Instant) -> Action {
        switch state {
        case .waiting(_, let deadline?) where now >= deadline: look(mayDraft: mayDraft, at: now)
        case .listening, .waiting, .held: .none
        }
    }

    /// The turn is committed with these words.
    package mutating func committed(_ text: String) -> Action {
        defer { reset() }
        guard case .held(let drafted, _) = state else { return .none }
        return Backchannel.words(in: drafted) == Backchannel.words(in: text) ? .release : .drop(until: nil)
    }

    /// The utterance is forgotten, or the call is over.
    package mutating func dropped() -> Action {
        defer { reset() }
        if case .held = state { return .drop(until: nil) }
        return .none
    }

    /// The answer that was held has failed, or something else has to be said first.
    package mutating func lost() {
        guard case .held(_, let since) = state else { return }
        state = since.map { .waiting(since: $0, deadline: nil) } ?? .listening
    }

    // MARK: -

    private mutating func reset() {
        state = .listening
        heard = Heard()
        drafts = 0
    }

    private var isWorthIt: Bool {
        policy.isEnabled && drafts < policy.mostDrafts && !heard.text.isEmpty && heard.soundsComplete
    }

    /// The caller is silent. Are these all the words?
    private mutating func look(mayDraft: Bool, at now: Instant) -> Action {
        guard case .waiting(let since, let armed) = state, isWorthIt else { return .none }
        let deadline = heard.isSettled ? now : max(since, heard.changed) + policy.stable
        if now >= deadline { return draft(since: since, mayDraft: mayDraft) }
        guard deadline != armed else { return .none }
        state = .waiting(since: since, deadline: deadline)
        return .wait(until: deadline)
    }

    private mutating func draft(since: Instant?, mayDraft: Bool) -> Action {
        guard policy.isEnabled, mayDraft, drafts < policy.mostDrafts, !heard.text.isEmpty else { return .none }
        drafts += 1
        state = .held(heard.text, since: since)
        return .draft(heard.text)
    }
}
