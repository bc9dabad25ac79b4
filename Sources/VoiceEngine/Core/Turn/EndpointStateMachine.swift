/// When the caller has finished. Pure: no clock, no I/O, no logging.
///
///     idle ─voice─► speaking ─pause─► trailing ─rung, settled─► commit
///      │               ▲ │               │ rung, not settled
///      │               └─┼─── voice ─────┴──► awaitingTranscript ─settled or late─► commit or discard
///      │                 └─ words stall ─────►      ▲         └─ late, no words ─► unanswered ─words─► commit
///      └─ words without voice ─► trailing ──────────┘                                  └─ 10 s ─► forget
///
/// The earliest evidence that suffices ends the turn:
///
/// | evidence | suffices |
/// |---|---|
/// | the recogniser's judgement of the meaning (Flux, `<end>`) | at once, with words |
/// | the recogniser's silence (speech_final, UtteranceEnd) | at once, where the short rung would do |
/// | the engine's own silence, with settled words | on the rung below |
///
/// | rung | when | silence |
/// |---|---|---|
/// | short | the words sound finished | `silence` |
/// | middle | the words hang ("and my"), or the model on the audio takes the turn for unfinished | `incompleteSilence` |
/// | long | the agent has asked for something that is spelled out | `spelledSilence` |
///
/// The model on the audio moves an utterance by one rung: up to the middle when it hears an unfinished turn, from the
/// long one down to the middle when it hears a finished one and the words agree. It is never waited for. Where the
/// detector is of no use (a caller too quiet for it, a noise that never pauses) the absence of new words is the
/// silence.
///
/// A settled transcript is waited for as long as this recogniser usually takes. Words that come later than that are not
/// lost: an utterance without any stays `unanswered`, and its words become the turn when they come. While a recogniser
/// is being replaced no silence ends anything: its words are still on their way.
package struct EndpointStateMachine: ~Copyable {
    package enum Action: Equatable {
        case none
        /// Call `timerFired` then; replaces an earlier wait.
        case wait(until: Instant)
        /// Ask the recogniser for a settled transcript and call `timerFired` then.
        case requestTranscript(until: Instant)
        case commit(Utterance)
        /// It was no speech: the recogniser may forget it.
        case discard
        /// Nobody has understood it so far, and the call goes on. The recogniser must not forget it; call `timerFired`
        /// then.
        case leave(until: Instant)
        /// What was left is of no interest any more: the recogniser may forget it.
        case forget
    }

    /// The recogniser's latest word on this utterance.
    private struct Words {
        var text = ""
        var isSettled = false
        var soundsComplete = true
    }

    /// Since when the caller is silent, who says so, and what it sounds like.
    private struct Silence {
        enum Evidence { case voice, words }
        enum Sound { case unknown, finished, unfinished }

        let since: Instant
        let evidence: Evidence
        var sound = Sound.unknown
    }

    private enum State {
        case idle
        /// `changed`: when the words last did; nil without words.
        case speaking(Words, since: Instant, changed: Instant?)
        case trailing(Words, Silence, deadline: Instant)
        case awaitingTranscript(Words, Silence, since: Instant, deadline: Instant)
        /// The wait was for nothing; `since` when it began.
        case unanswered(Silence, since: Instant, until: Instant)
    }

    private enum Recogniser {
        case working
        /// Another one takes over and hears what the first has not told.
        case repairing(until: Instant)
    }

    private let policy: EndpointPolicy
    private var state = State.idle
    private var recogniser = Recogniser.working
    /// What the agent has asked for.
    package private(set) var expected = ExpectedAnswer.open
    /// Within which nearly all settled transcripts of the recogniser in use came; nil while too few are known.
    package var usualWait: Nanoseconds?

    package init(policy: EndpointPolicy) { self.policy = policy }

    /// Whether the caller has begun an utterance that is neither committed nor given up.
    package var hasUtterance: Bool {
        switch state {
        case .idle, .unanswered: false
        case .speaking, .trailing, .awaitingTranscript: true
        }
    }

    /// A reply was heard that ends like this: it holds for what the caller says from now on, and is saying.
    package mutating func expect(_ answer: ExpectedAnswer) { expected = answer }

    // MARK: - Voice

    /// The caller is audible, for the first time or again after a pause.
    package mutating func voiceStarted(at now: Instant) -> Action {
        switch state {
        case .idle, .unanswered: return speak(Words(), since: now, changedAt: now)
        case .speaking: return .none
        case .trailing(let words, _, _), .awaitingTranscript(let words, _, _, _):
            // What was settled covers only the audio before this.
            let unsettled = Words(text: words.text, isSettled: false, soundsComplete: words.soundsComplete)
            return speak(unsettled, since: now, changedAt: now)
        }
    }

    /// The caller has been silent for a moment.
    /// - Parameter lastSpeech: The end of the speech, which is earlier than `now`.
    package mutating func voicePaused(lastSpeech: Instant, at now: Instant) -> Action {
        switch state {
        case .speaking(let words, _, _): return trail(words, since: lastSpeech)
        case .trailing(let words, let silence, _):
            // The utterance began before its voice was noticed, or after a commit in the middle of speech.
            return silence.evidence == .words ? trail(words, since: lastSpeech) : .none
        case .idle, .awaitingTranscript, .unanswered: return .none
        }
    }

    /// The model on the audio has judged the latest pause.
    package mutating func soundJudged(isFinished: Bool, at now: Instant) -> Action {
        switch state {
        case .idle, .speaking, .unanswered: return .none
        case .trailing(let words, var silence, let deadline):
            silence.sound = isFinished ? .finished : .unfinished
            let due = max(now, silence.since + (words.isSettled ? rung(words, silence) : lowestRung(silence)))
            // Where words are the evidence the longer silence is waited for already.
            guard silence.evidence == .voice, due != deadline else {
                state = .trailing(words, silence, deadline: deadline)
                return .none
            }
            state = .trailing(words, silence, deadline: due)
            return .wait(until: due)
        case .awaitingTranscript(let words, var silence, let since, let deadline):
            silence.sound = isFinished ? .finished : .unfinished
            state = .awaitingTranscript(words, silence, since: since, deadline: deadline)
            return .none
        }
    }

    // MARK: - Words

    /// Newer words of this utterance.
    package mutating func transcript(
        _ text: String, isSettled: Bool, soundsComplete: Bool, at now: Instant
    ) -> Action {
        let words = Words(text: text, isSettled: isSettled, soundsComplete: soundsComplete)
        switch state {
        case .idle:
            // Words without voice: the detector missed a quiet caller.
            return text.isEmpty ? .none : trailWords(words, at: now)
        case .speaking(let earlier, let since, let changed):
            guard text == earlier.text else { return speak(words, since: since, changedAt: now) }
            state = .speaking(words, since: since, changed: changed)
            return .none
        case .trailing(let earlier, let silence, let deadline):
            if silence.evidence == .words, text != earlier.text { return trailWords(words, at: now) }
            if isSettled, soundsComplete, !text.isEmpty, now >= silence.since + rung(words, silence) {
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
        case .unanswered(let silence, let since, _):
            return answered(words, silence, since: since, at: now)
        }
    }

    /// The recogniser says that the turn is over.
    package mutating func providerEnded(by evidence: EndOfTurnEvidence, at now: Instant) -> Action {
        switch state {
        case .idle, .unanswered: return .none
        case .speaking(let words, let since, _):
            // The engine hears a voice. Either that is noise, or the recogniser speaks of the pause before it.
            guard !words.text.isEmpty, now >= since + EndpointPolicy.staleEnd else { return .none }
            let silence = Silence(since: now, evidence: .words)
            guard suffices(evidence, words, silence) else { return trailWords(words, at: now) }
            return commit(words, lastSpeech: now, decidable: now)
        case .trailing(let words, let silence, _):
            guard !words.text.isEmpty, suffices(evidence, words, silence) else { return .none }
            return commit(words, lastSpeech: silence.since, decidable: now)
        case .awaitingTranscript(let words, let silence, let since, _):
            guard !words.text.isEmpty, suffices(evidence, words, silence) else { return .none }
            return commit(words, lastSpeech: silence.since, decidable: since)
        }
    }

    /// The recogniser hears the caller begin, or go on after it took the turn for over soon. That counts where the
    /// engine itself hears nothing; a turn that was committed stays committed.
    ///
    /// - Parameter goesOn: It had heard the pause as well, so that its news is newer than the pause.
    package mutating func providerHeardVoice(goesOn: Bool, at now: Instant) -> Action {
        switch state {
        case .idle, .speaking, .unanswered: return .none
        case .trailing(let words, let silence, _), .awaitingTranscript(let words, let silence, _, _):
            guard goesOn || silence.evidence == .words, !words.text.isEmpty else { return .none }
            return trailWords(Words(text: words.text, soundsComplete: words.soundsComplete), at: now)
        }
    }

    // MARK: - Recogniser and time

    /// The recogniser broke: its words come through another one, until then at the latest.
    package mutating func repairStarted(until: Instant) { recogniser = .repairing(until: until) }

    /// All words are there again.
    package mutating func repaired(at now: Instant) -> Action {
        recogniser = .working
        guard let due, now >= due else { return .none }
        return timerFired(at: now)
    }

    package mutating func timerFired(at now: Instant) -> Action {
        guard let due, now >= due else { return .none }
        if case .repairing(let until) = recogniser, now < until { return .wait(until: until) }
        switch state {
        case .idle: return .none
        case .speaking(let words, _, let changed):
            return climbed(words, Silence(since: changed ?? now, evidence: .words), at: now)
        case .trailing(let words, let silence, _): return climbed(words, silence, at: now)
        case .awaitingTranscript(let words, let silence, let since, _):
            guard !words.text.isEmpty else { return leave(silence, since: since, at: now) }
            // Nobody will say more of it.
            return settled(
                Words(text: words.text, isSettled: true, soundsComplete: words.soundsComplete), silence,
                decidable: since, at: now)
        case .unanswered: return end(.forget)
        }
    }

    /// The utterance is not to become a turn (a text was typed meanwhile).
    package mutating func drop() { _ = end(.forget) }

    /// The agent goes on as if nothing had been said: it was noise, or a backchannel. As long as the recogniser has not
    /// told any word of it, that is not certain.
    package mutating func setAside(at now: Instant) -> Action {
        switch state {
        case .idle: break
        case .speaking(let words, _, _):
            guard words.text.isEmpty else { break }
            return leave(Silence(since: now, evidence: .voice), since: now, at: now)
        case .trailing(let words, let silence, _), .awaitingTranscript(let words, let silence, _, _):
            guard words.text.isEmpty else { break }
            return leave(silence, since: now, at: now)
        case .unanswered(let silence, let since, _): return leave(silence, since: since, at: now)
        }
        return end(.forget)
    }

    // MARK: - Ladder

    /// The silence after which these words are a turn.
    private func rung(_ words: Words, _ silence: Silence) -> Nanoseconds {
        let isFinished = words.soundsComplete || words.text.isEmpty
        let middle = max(policy.silence, policy.incompleteSilence)
        guard !expected.isSpelledOut else {
            let long = max(policy.spelledSilence, isFinished ? policy.silence : middle)
            return silence.sound == .finished && isFinished ? min(long, middle) : long
        }
        return isFinished && silence.sound != .unfinished ? policy.silence : middle
    }

    /// The same with words that would sound finished: nothing is to be done before.
    private func lowestRung(_ silence: Silence) -> Nanoseconds { rung(Words(), silence) }

    /// A silence that somebody else measured suffices where the engine's own would do on the short rung.
    private func suffices(_ evidence: EndOfTurnEvidence, _ words: Words, _ silence: Silence) -> Bool {
        switch evidence {
        case .meaning: true
        case .silence: rung(words, silence) == policy.silence
        }
    }

    /// When `timerFired` is to decide.
    private var due: Instant? {
        switch state {
        case .idle: nil
        case .speaking(_, _, let changed): changed.map { $0 + policy.stall }
        case .trailing(_, _, let deadline), .awaitingTranscript(_, _, _, let deadline): deadline
        case .unanswered(_, _, let until): until
        }
    }

    private mutating func speak(_ words: Words, since: Instant, changedAt now: Instant) -> Action {
        guard !words.text.isEmpty else {
            state = .speaking(words, since: since, changed: nil)
            return .none
        }
        state = .speaking(words, since: since, changed: now)
        return .wait(until: now + policy.stall)
    }

    private mutating func trail(_ words: Words, since lastSpeech: Instant) -> Action {
        let silence = Silence(since: lastSpeech, evidence: .voice)
        let deadline = lastSpeech + lowestRung(silence)
        state = .trailing(words, silence, deadline: deadline)
        return .wait(until: deadline)
    }

    /// Each change counts as speech. Words come in bursts, so that the longer silence is waited for.
    private mutating func trailWords(_ words: Words, at now: Instant) -> Action {
        let silence = Silence(since: now, evidence: .words)
        let deadline = now + max(policy.incompleteSilence, lowestRung(silence))
        state = .trailing(words, silence, deadline: deadline)
        return .wait(until: deadline)
    }

    /// The silence would do; the words?
    private mutating func climbed(_ words: Words, _ silence: Silence, at now: Instant) -> Action {
        let lowest = silence.since + lowestRung(silence)
        guard now >= lowest else {
            state = .trailing(words, silence, deadline: lowest)
            return .wait(until: lowest)
        }
        guard !words.isSettled else { return settled(words, silence, decidable: now, at: now) }
        return ask(words, silence, since: now, at: now)
    }

    private mutating func ask(_ words: Words, _ silence: Silence, since: Instant, at now: Instant) -> Action {
        let until = now + policy.wait(usual: usualWait)
        state = .awaitingTranscript(words, silence, since: since, deadline: until)
        return .requestTranscript(until: until)
    }

    /// The silence would do and the words are settled: finished, unfinished, or none?
    private mutating func settled(_ words: Words, _ silence: Silence, decidable: Instant, at now: Instant) -> Action {
        guard !words.text.isEmpty else { return end(.discard) }
        let patience = silence.since + rung(words, silence)
        guard now < patience else {
            return commit(words, lastSpeech: silence.since, decidable: max(decidable, patience))
        }
        state = .trailing(words, silence, deadline: patience)
        return .wait(until: patience)
    }

    /// Words of an utterance that was given up.
    private mutating func answered(_ words: Words, _ silence: Silence, since: Instant, at now: Instant) -> Action {
        if !words.text.isEmpty, !words.isSettled { return ask(words, silence, since: since, at: now) }
        if !words.isSettled { return .none }
        return words.text.isEmpty ? end(.forget) : settled(words, silence, decidable: since, at: now)
    }

    private mutating func leave(_ silence: Silence, since: Instant, at now: Instant) -> Action {
        let until = now + EndpointPolicy.longestMemory
        state = .unanswered(silence, since: since, until: until)
        return .leave(until: until)
    }

    private mutating func commit(_ words: Words, lastSpeech: Instant, decidable: Instant) -> Action {
        end(.commit(Utterance(text: words.text, lastSpeech: lastSpeech, decidable: decidable)))
    }

    /// What was missing through a broken recogniser was of this utterance.
    private mutating func end(_ action: Action) -> Action {
        state = .idle
        recogniser = .working
        return action
    }
}
