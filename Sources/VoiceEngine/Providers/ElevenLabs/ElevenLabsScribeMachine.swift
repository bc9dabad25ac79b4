internal import VoiceEngineCore

/// What Scribe's messages mean. Pure.
///
/// The server tells the segment as a whole until it is committed, by us or by its own voice activity. When the session
/// commits a turn in the middle of a segment, the segment is committed as well: else it would grow on.
struct ElevenLabsScribeMachine: RecogniserMachine {
    /// [ms] The server takes up to a second or two.
    static let finishPatience = 1_500
    /// [ms] Less audio than this is not worth a commit: it is throttled or found empty.
    static let smallestSegment: Int64 = 300

    private let strategy: ElevenLabsScribeOptions.CommitStrategy
    /// [ms] of silence that make the server commit.
    private let silence: Int
    private let commit: [UInt8]
    private var utterance = UtteranceText()
    /// [ms] Ends of the segments whose commit is not answered yet.
    private var commits: [Int64] = []
    /// [ms] End of the last segment that was to be committed.
    private var segmentStart: Int64 = 0
    /// [ms] End of the last segment that was.
    private var covered: Int64?
    private var isFinishing = false

    /// - Parameters:
    ///   - silence: [ms] that make the server commit with `vad`.
    ///   - sampleRate: Of the audio.
    init(strategy: ElevenLabsScribeOptions.CommitStrategy, silence: Int, sampleRate: Int) {
        self.strategy = strategy
        self.silence = silence
        commit = ElevenLabsScribeWire.commit(sampleRate: sampleRate)
    }

    mutating func opened() -> [RecogniserEffect] { [] }

    mutating func received(_ message: UnsafeRawBufferPointer) -> [RecogniserEffect] {
        guard let message = ElevenLabsScribeWire.decode(message) else { return gibberish }
        switch message {
        case .started: return [.ready]
        case .partial(let text):
            let before = utterance.text
            utterance.update(text)
            return utterance.text != before ? [transcript(isSettled: false)] : []
        case .committed(let text): return segmentEnded(text)
        case .nothingCommitted(let reason):
            if !commits.isEmpty { commits.removeFirst() }
            return isFinishing && commits.isEmpty ? [.answered] + finishTimedOut() : [.note(reason)]
        case .error(let kind, let text): return [.fail(kind, text)]
        case .other(let type): return [.note(type)]
        }
    }

    private mutating func segmentEnded(_ text: String) -> [RecogniserEffect] {
        let (before, wasClosed) = (utterance.text, utterance.isClosed)
        utterance.update(text)
        let isNews = !utterance.isClosed
        utterance.close()
        // Whose end nobody asked for covers nobody knows how much.
        if !commits.isEmpty { covered = max(covered ?? 0, commits.removeFirst()) }
        if isFinishing, commits.isEmpty {
            isFinishing = false
            return [.answered, transcript(isSettled: true)]
        }
        var effects: [RecogniserEffect] = []
        if utterance.text != before || (isNews && !wasClosed) { effects.append(transcript(isSettled: true)) }
        if strategy == .vad, isNews { effects.append(.report(.endOfTurn)) }
        return effects
    }

    mutating func finish(sent: Int64) -> [RecogniserEffect] {
        switch strategy {
        case .vad:
            isFinishing = true
            return [.silence(silence + 100), .await(Self.finishPatience)]
        case .manual:
            guard sent - segmentStart >= Self.smallestSegment || utterance.hasSegment || !commits.isEmpty else {
                return [transcript(isSettled: true)]
            }
            isFinishing = true
            guard commits.last != sent else { return [.await(Self.finishPatience)] }
            return [send(commitAt: sent), .await(Self.finishPatience)]
        }
    }

    mutating func finishTimedOut() -> [RecogniserEffect] {
        isFinishing = false
        return [transcript(isSettled: true)]
    }

    mutating func committed(sent: Int64) -> [RecogniserEffect] {
        utterance.commit()
        isFinishing = false
        guard strategy == .manual, utterance.hasSegment, commits.isEmpty else { return [] }
        return [send(commitAt: sent)]
    }

    private mutating func send(commitAt sent: Int64) -> RecogniserEffect {
        commits.append(sent)
        segmentStart = sent
        return .send(commit)
    }

    func meaning(ofClose code: UInt16?, _ reason: String) -> (kind: ProviderError.Kind, detail: String) {
        lost(code, reason)
    }

    /// Only what is settled has a known end: the audio sent before its commit.
    private func transcript(isSettled: Bool) -> RecogniserEffect {
        .report(
            .transcript(
                Transcript(
                    text: utterance.text, isSettled: isSettled,
                    coveredMilliseconds: isSettled && utterance.isClosed ? covered : nil)))
    }
}
