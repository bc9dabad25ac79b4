internal import VoiceEngineCore
internal import VoiceEngineProviders

/// The utterance that a recogniser is working on, whichever stream hears it: where its voice began and paused, the
/// words so far, and which audio a new stream would have to hear again. Pure. Positions are detector samples.
struct HeardUtterance {
    /// What the detector says of it.
    private enum Voice {
        case silent
        case speaking(since: Int64)
        case paused(since: Int64, at: Int64)
    }

    /// Kept while the caller is silent: a voice is noticed up to half a second after it began.
    private static let preRoll: Int64 = 8_000
    /// Before an onset: words begin softly.
    private static let lead: Int64 = 4_000

    private var voice = Voice.silent
    /// The next voice begins an utterance, also when the voice activity takes it for the rest of the one before.
    private var begins = true
    /// The latest words, and the latest settled ones with the end of their audio.
    private var latest = ""
    private var settled: (text: String, position: Int64)?
    private var join = TranscriptJoin()
    /// Audio before this belongs to earlier turns.
    private var committed: Int64 = 0

    /// Where its voice began; nil before it did.
    var start: Int64? {
        switch voice {
        case .silent: nil
        case .speaking(let since), .paused(let since, _): since
        }
    }

    /// The caller is speaking.
    var isVoiced: Bool { if case .speaking = voice { true } else { false } }

    /// Where its voice paused; nil while it goes on.
    var pause: Int64? { if case .paused(_, let position) = voice { position } else { nil } }

    /// - Parameter isNew: The voice activity takes it for a new utterance, not for the rest of one.
    /// - Returns: Whether it begins the utterance for the recogniser.
    mutating func voiceStarted(at position: Int64, isNew: Bool) -> Bool {
        let isFirst = begins
        begins = false
        voice = .speaking(since: isFirst ? position : start ?? position)
        return isFirst || isNew
    }

    mutating func voicePaused(at position: Int64) { voice = .paused(since: start ?? position, at: position) }

    /// Audio from here on may be needed again.
    func keptFrom(newest: Int64) -> Int64 {
        guard let start else { return max(committed, newest - Self.preRoll) }
        return max(settled?.position ?? start - Self.lead, committed)
    }

    /// Another stream hears the audio from `position` on: words before it stay.
    mutating func heardAgain(from position: Int64, newest: Int64) {
        if start == nil {
            join = TranscriptJoin()
        } else if position > keptFrom(newest: newest) {
            join = TranscriptJoin(kept: latest, overlaps: true)
        } else {
            join = TranscriptJoin(kept: settled?.text ?? "")
        }
    }

    /// - Parameters:
    ///   - transcript: The stream's.
    ///   - base: Position of the stream's first byte.
    ///   - isLive: It was given all audio of the utterance.
    /// - Returns: The utterance's.
    mutating func heard(_ transcript: Transcript, base: Int64, isLive: Bool) -> Transcript {
        var joined = transcript
        joined.text = join.joined(with: transcript.text)
        latest = joined.text
        if !isLive { joined.isSettled = false }
        if let covered = transcript.coveredMilliseconds {
            joined.coveredMilliseconds = base / 8 + covered
            if transcript.isSettled { settled = (joined.text, base + covered * 8) }
        }
        return joined
    }

    /// What was said so far became a turn, or was nothing; the next transcript starts empty.
    mutating func taken(newest: Int64) {
        committed = max(committed, min(settled?.position ?? .max, newest))
        begins = true
        voice = .silent
        latest = ""
        settled = nil
        join = TranscriptJoin()
    }
}
