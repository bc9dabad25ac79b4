/// How long the caller may be silent before the turn is the agent's.
package struct EndpointPolicy: Equatable, Sendable {
    /// Silence that ends an utterance whose words sound finished.
    package var silence: Nanoseconds
    /// Silence that ends one whose words sound unfinished ("I would like to").
    package var incompleteSilence: Nanoseconds
    /// How long to wait for a settled transcript once the silence would do.
    package var transcriptWait: Nanoseconds
    /// So long without a new word ends an utterance although the detector still hears a voice: it hears noise.
    package var stall: Nanoseconds

    package init(
        silence: Nanoseconds = .milliseconds(300), incompleteSilence: Nanoseconds = .milliseconds(900),
        transcriptWait: Nanoseconds = .milliseconds(700), stall: Nanoseconds = .seconds(2)
    ) {
        self.silence = silence
        self.incompleteSilence = incompleteSilence
        self.transcriptWait = transcriptWait
        self.stall = stall
    }
}

/// What the caller said in one turn, and when it could be known.
package struct Utterance: Equatable, Sendable {
    package var text: String
    /// The caller's last speech.
    package var lastSpeech: Instant
    /// From here on only the transcript was missing.
    package var decidable: Instant

    package init(text: String, lastSpeech: Instant, decidable: Instant) {
        self.text = text
        self.lastSpeech = lastSpeech
        self.decidable = decidable
    }
}

/// When the caller has finished. Pure: no clock, no I/O, no logging.
///
///     idle ─voice─► speaking ─pause─► trailing ─ladder, settled─► commit
///      │               ▲ │               │ ladder, not settled
///      │               └─┼─── voice ─────┴──► awaitingTranscript ─settled or late─► commit or discard
///      │                 └─ words stall ─────►      ▲
///      └─ words without voice ─► trailing ──────────┘
///
/// The earliest evidence that suffices wins: the recogniser's own end of turn, or the silence ladder with settled
/// words. Where the detector is of no use (a caller too quiet for it, a noise that never pauses) the absence of new
/// words is the silence.
package struct EndpointStateMachine: ~Copyable {
    package enum Action: Equatable {
        case none
        /// Call `timerFired` then; replaces an earlier wait.
        case wait(until: Instant)
        /// Ask the recogniser for a settled transcript and call `timerFired` then.
        case requestTranscript(until: Instant)
        case commit(Utterance)
        /// It was no speech, or none that anybody understood.
        case discard
    }

    /// The recogniser's latest word on this utterance.
    private struct Words {
        var text = ""
        var isSettled = false
        var soundsComplete = true
    }

    /// Since when the caller is silent, and who says so.
    private struct Silence {
        enum Evidence { case voice, words }

        let since: Instant
        let evidence: Evidence
    }

    private enum State {
        case idle
        /// `changed`: when the words last did; nil without words.
        case speaking(Words, changed: Instant?)
        case trailing(Words, Silence, deadline: Instant)
        case awaitingTranscript(Words, Silence, since: Instant, deadline: Instant)
    }

    private let policy: EndpointPolicy
    private var state = State.idle

    package init(policy: EndpointPolicy) { self.policy = policy }

    /// Whether the caller has begun an utterance that is neither committed nor discarded.
    package var hasUtterance: Bool {
        switch state {
        case .idle: false
        case .speaking, .trailing, .awaitingTranscript: true
        }
    }

    /// The caller is audible, for the first time or again after a pause.
    package mutating func voiceStarted(at now: Instant) -> Action {
        switch state {
        case .idle: return speak(Words(), changedAt: now)
        case .speaking: return .none
        case .trailing(let words, _, _), .awaitingTranscript(let words, _, _, _):
            // What was settled covers only the audio before this.
            let unsettled = Words(text: words.text, isSettled: false, soundsComplete: words.soundsComplete)
            return speak(unsettled, changedAt: now)
        }
    }

    /// The caller has been silent for a moment.
    /// - Parameter lastSpeech: The end of the speech, which is earlier than `now`.
    package mutating func voicePaused(lastSpeech: Instant, at now: Instant) -> Action {
        switch state {
        case .speaking(let words, _): return trail(words, since: lastSpeech)
        case .trailing(let words, let silence, _):
            // The utterance began before its voice was noticed, or after a commit in the middle of speech.
            return silence.evidence == .words ? trail(words, since: lastSpeech) : .none
        case .idle, .awaitingTranscript: return .none
        }
    }

    /// Newer words of this utterance.
    package mutating func transcript(
        _ text: String, isSettled: Bool, soundsComplete: Bool, at now: Instant
    ) -> Action {
        let words = Words(text: text, isSettled: isSettled, soundsComplete: soundsComplete)
        switch state {
        case .idle:
            // Words without voice: the detector missed a quiet caller.
            return text.isEmpty ? .none : trailWords(words, at: now)
        case .speaking(let earlier, let changed):
            guard text == earlier.text else { return speak(words, changedAt: now) }
            state = .speaking(words, changed: changed)
            return .none
        case .trailing(let earlier, let silence, let deadline):
            if silence.evidence == .words, text != earlier.text { return trailWords(words, at: now) }
            if isSettled, soundsComplete, !text.isEmpty, now >= silence.since + policy.silence {
                // The ladder had been climbed; only these words were missing.
                return commit(words, lastSpeech: silence.since, decidable: now)
            }
            state = .trailing(words, silence, deadline: deadline)
            return .none
        case .awaitingTranscript(let earlier, let silence, let since, let deadline):
            if isSettled { return settled(words, silence, decidable: since, at: now) }
            if silence.evidence == .words, text != earlier.text { return trailWords(words, at: now) }
            state = .awaitingTranscript(words, silence, since: since, deadline: deadline)
            return .none
        }
    }

    /// The recogniser says that the turn is over.
    package mutating func providerEnded(at now: Instant) -> Action {
        switch state {
        case .idle: return .none
        case .speaking(let words, _):
            guard !words.text.isEmpty else { return .none }
            return commit(words, lastSpeech: now, decidable: now)
        case .trailing(let words, let silence, _):
            guard !words.text.isEmpty else { return .none }
            return commit(words, lastSpeech: silence.since, decidable: now)
        case .awaitingTranscript(let words, let silence, let since, _):
            guard !words.text.isEmpty else { return .none }
            return commit(words, lastSpeech: silence.since, decidable: since)
        }
    }

    package mutating func timerFired(at now: Instant) -> Action {
        switch state {
        case .idle: return .none
        case .speaking(let words, let changed):
            guard let changed, now >= changed + policy.stall else { return .none }
            return climbed(words, Silence(since: changed, evidence: .words), at: now)
        case .trailing(let words, let silence, let deadline):
            guard now >= deadline else { return .none }
            return climbed(words, silence, at: now)
        case .awaitingTranscript(let words, let silence, let since, let deadline):
            guard now >= deadline else { return .none }
            return commit(words, lastSpeech: silence.since, decidable: since)
        }
    }

    /// The utterance is not to become a turn (a backchannel, a text typed meanwhile).
    package mutating func drop() { state = .idle }

    // MARK: -

    private mutating func speak(_ words: Words, changedAt now: Instant) -> Action {
        guard !words.text.isEmpty else {
            state = .speaking(words, changed: nil)
            return .none
        }
        state = .speaking(words, changed: now)
        return .wait(until: now + policy.stall)
    }

    private mutating func trail(_ words: Words, since lastSpeech: Instant) -> Action {
        let deadline = lastSpeech + policy.silence
        state = .trailing(words, Silence(since: lastSpeech, evidence: .voice), deadline: deadline)
        return .wait(until: deadline)
    }

    /// Each change counts as speech. Words come in bursts, so that the longer silence is waited for.
    private mutating func trailWords(_ words: Words, at now: Instant) -> Action {
        let deadline = now + policy.incompleteSilence
        state = .trailing(words, Silence(since: now, evidence: .words), deadline: deadline)
        return .wait(until: deadline)
    }

    /// The silence would do; the words?
    private mutating func climbed(_ words: Words, _ silence: Silence, at now: Instant) -> Action {
        guard !words.isSettled else { return settled(words, silence, decidable: now, at: now) }
        let until = now + policy.transcriptWait
        state = .awaitingTranscript(words, silence, since: now, deadline: until)
        return .requestTranscript(until: until)
    }

    /// The silence would do and the words are settled: finished, unfinished, or none?
    private mutating func settled(_ words: Words, _ silence: Silence, decidable: Instant, at now: Instant) -> Action {
        guard !words.text.isEmpty, !words.soundsComplete else {
            return commit(words, lastSpeech: silence.since, decidable: decidable)
        }
        let patience = silence.since + policy.incompleteSilence
        guard now < patience else {
            return commit(words, lastSpeech: silence.since, decidable: max(decidable, patience))
        }
        state = .trailing(words, silence, deadline: patience)
        return .wait(until: patience)
    }

    private mutating func commit(_ words: Words, lastSpeech: Instant, decidable: Instant) -> Action {
        state = .idle
        guard !words.text.isEmpty else { return .discard }
        return .commit(Utterance(text: words.text, lastSpeech: lastSpeech, decidable: decidable))
    }
}
