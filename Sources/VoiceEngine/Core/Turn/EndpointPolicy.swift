/// How long the caller may be silent before the turn is the agent's.
package struct EndpointPolicy: Equatable, Sendable {
    /// Silence that ends an utterance whose words sound finished.
    package var silence: Nanoseconds
    /// Silence that ends one whose words, or whose sound, are unfinished ("I would like to").
    package var incompleteSilence: Nanoseconds
    /// Silence that ends one while the agent has asked for something that is spelled out (a number, a name, an address).
    package var spelledSilence: Nanoseconds
    /// How long to wait at most for a settled transcript once the silence would do.
    package var transcriptWait: Nanoseconds
    /// So long without a new word ends an utterance although the detector still hears a voice: it hears noise.
    package var stall: Nanoseconds

    /// The wait for a settled transcript before the recogniser's own times are known.
    package static let presumedWait = Nanoseconds.milliseconds(700)
    /// A recogniser is waited for at least so long, however quick it was so far: networks jitter.
    package static let leastWait = Nanoseconds.milliseconds(150)
    /// Words that come later after an utterance nobody understood belong to nothing.
    package static let longestMemory = Nanoseconds.seconds(10)
    /// A recogniser that ends the turn so soon after a voice began has not heard that voice yet.
    package static let staleEnd = Nanoseconds.milliseconds(600)

    package init(
        silence: Nanoseconds = .milliseconds(300), incompleteSilence: Nanoseconds = .milliseconds(900),
        spelledSilence: Nanoseconds = .milliseconds(1_500), transcriptWait: Nanoseconds = .milliseconds(1_500),
        stall: Nanoseconds = .seconds(2)
    ) {
        self.silence = silence
        self.incompleteSilence = incompleteSilence
        self.spelledSilence = spelledSilence
        self.transcriptWait = transcriptWait
        self.stall = stall
    }

    /// How long a settled transcript is waited for.
    /// - Parameter usual: Within which nearly all of them came so far; nil while too few are known.
    package func wait(usual: Nanoseconds?) -> Nanoseconds {
        min(transcriptWait, max(Self.leastWait, usual ?? Self.presumedWait))
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

/// What a recogniser goes by when it says that the turn is over.
package enum EndOfTurnEvidence: Equatable, Sendable {
    /// What was said, and how: a model's judgement (Flux, `<end>`).
    case meaning
    /// A silence of some length (speech_final, UtteranceEnd): no more than the engine measures itself.
    case silence
}
