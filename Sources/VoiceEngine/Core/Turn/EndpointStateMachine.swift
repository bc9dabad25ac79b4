/// How long the caller may be silent before the turn is the agent's.
package struct EndpointPolicy: Equatable, Sendable {
    /// Silence that ends an utterance whose words sound finished.
    package var silence: Nanoseconds
    /// Silence that ends one whose words sound unfinished ("I would like to").
    package var incompleteSilence: Nanoseconds
    /// How long to wait for a settled transcript once the silence would do.
    package var transcriptWait: Nanoseconds

    package init(
        silence: Nanoseconds = .milliseconds(300), incompleteSilence: Nanoseconds = .milliseconds(900),
        transcriptWait: Nanoseconds = .milliseconds(700)
    ) {
        self.silence = silence
        self.incompleteSilence = incompleteSilence
        self.transcriptWait = transcriptWait
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
///                      ▲                 │ ladder, not settled
///                      └──── voice ──────┴──► awaitingTranscript ─settled or late─► commit or discard
///
/// The earliest evidence that suffices wins: the recogniser's own end of turn, or the silence ladder with settled words.
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

    private enum State {
        case idle
        case speaking(Words)
        case trailing(Words, lastSpeech: Instant, deadline: Instant)
        case awaitingTranscript(Words, lastSpeech: Instant, since: Instant, deadline: Instant)
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
        case .idle: state = .speaking(Words())
        case .speaking: break
        case .trailing(let words, _, _), .awaitingTranscript(let words, _, _, _):
            // What was settled covers only the audio before this.
            state = .speaking(Words(text: words.text, isSettled: false, soundsComplete: words.soundsComplete))
        }
        return .none
    }

    /// The caller has been silent for a moment.
    /// - Parameter lastSpeech: The end of the speech, which is earlier than `now`.
    package mutating func voicePaused(lastSpeech: Instant, at now: Instant) -> Action {
        switch state {
        case .speaking(let words): return trail(words, lastSpeech: lastSpeech)
        case .idle, .trailing, .awaitingTranscript: return .none
        }
    }

    /// Newer words of this utterance.
    package mutating func transcript(
        _ text: String, isSettled: Bool, soundsComplete: Bool, at now: Instant
    ) -> Action {
        let words = Words(text: text, isSettled: isSettled, soundsComplete: soundsComplete)
        switch state {
        case .idle:
            // Words without voice: the detector missed a quiet caller. Each change counts as speech.
            return text.isEmpty ? .none : trail(words, lastSpeech: now)
        case .speaking:
            state = .speaking(words)
            return .none
        case .trailing(_, let lastSpeech, let deadline):
            state = .trailing(words, lastSpeech: lastSpeech, deadline: deadline)
            return .none
        case .awaitingTranscript(_, let lastSpeech, let since, let deadline):
            guard isSettled else {
                state = .awaitingTranscript(words, lastSpeech: lastSpeech, since: since, deadline: deadline)
                return .none
            }
            return settled(words, lastSpeech: lastSpeech, decidable: since, at: now)
        }
    }

    /// The recogniser says that the turn is over.
    package mutating func providerEnded(at now: Instant) -> Action {
        switch state {
        case .idle: return .none
        case .speaking(let words):
            guard !words.text.isEmpty else { return .none }
            return commit(words, lastSpeech: now, decidable: now)
        case .trailing(let words, let lastSpeech, _), .awaitingTranscript(let words, let lastSpeech, _, _):
            guard !words.text.isEmpty else { return .none }
            return commit(words, lastSpeech: lastSpeech, decidable: now)
        }
    }

    package mutating func timerFired(at now: Instant) -> Action {
        switch state {
        case .idle, .speaking: return .none
        case .trailing(let words, let lastSpeech, let deadline):
            guard now >= deadline else { return .none }
            guard words.isSettled else {
                let until = now + policy.transcriptWait
                state = .awaitingTranscript(words, lastSpeech: lastSpeech, since: now, deadline: until)
                return .requestTranscript(until: until)
            }
            return settled(words, lastSpeech: lastSpeech, decidable: now, at: now)
        case .awaitingTranscript(let words, let lastSpeech, let since, let deadline):
            guard now >= deadline else { return .none }
            return commit(words, lastSpeech: lastSpeech, decidable: since)
        }
    }

    /// The utterance is not to become a turn (a backchannel, a text typed meanwhile).
    package mutating func drop() { state = .idle }

    // MARK: -

    private mutating func trail(_ words: Words, lastSpeech: Instant) -> Action {
        let deadline = lastSpeech + policy.silence
        state = .trailing(words, lastSpeech: lastSpeech, deadline: deadline)
        return .wait(until: deadline)
    }

    /// The silence would do and the words are settled: finished, unfinished, or none?
    private mutating func settled(_ words: Words, lastSpeech: Instant, decidable: Instant, at now: Instant) -> Action {
        let patience = lastSpeech + policy.incompleteSilence
        if !words.text.isEmpty, !words.soundsComplete, now < patience {
            state = .trailing(words, lastSpeech: lastSpeech, deadline: patience)
            return .wait(until: patience)
        }
        return commit(words, lastSpeech: lastSpeech, decidable: decidable)
    }

    private mutating func commit(_ words: Words, lastSpeech: Instant, decidable: Instant) -> Action {
        state = .idle
        guard !words.text.isEmpty else { return .discard }
        return .commit(Utterance(text: words.text, lastSpeech: lastSpeech, decidable: decidable))
    }
}
