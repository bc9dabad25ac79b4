internal import VoiceEngineCore

/// What Soniox's messages mean. Pure.
///
/// Final tokens come once; the others come again as a whole in every message. `<end>` closes a segment. A commit
/// forgets the final tokens; those that were not final come again, and what they became is left out (`UtteranceText`).
struct SonioxMachine: RecogniserMachine {
    /// [ms]
    static let finishPatience = 1_000
    /// [ms] Final tokens are better with a little silence before them.
    static let trailingSilence = 200

    private let configuration: [UInt8]
    private var utterance = UtteranceText()
    /// Final tokens of the open segment.
    private var finals = ""
    /// What of it may still change, as told last.
    private var tail = ""
    /// [ms] of audio: final, and worked on.
    private var covered = (final: Int64(0), total: Int64(0))
    private var isFinishing = false
    /// What of a message comes after an `<end>` in it.
    private var rest: ArraySlice<SonioxWire.Token> = []
    private var isFinished = false

    /// - Parameter configuration: The first message.
    init(configuration: [UInt8]) { self.configuration = configuration }

    /// Progress is reported all the time.
    var longestSilence: Int? { 15_000 }

    mutating func opened() -> [RecogniserEffect] { [.send(configuration), .ready] }

    mutating func received(_ message: UnsafeRawBufferPointer) -> [RecogniserEffect] {
        guard let message = SonioxWire.decode(message) else { return gibberish }
        switch message {
        case .error(let code, let text): return [.fail(Self.kind(ofError: code), "error \(code): \(text)")]
        case .progress(let progress):
            covered = (max(covered.final, progress.finalMilliseconds), max(covered.total, progress.totalMilliseconds))
            isFinished = isFinished || progress.isFinished
            guard let tokens = progress.tokens else { return [] }
            return apply(tokens[...])
        }
    }

    mutating func receivedRest() -> [RecogniserEffect]? {
        if !rest.isEmpty { return apply(rest) }
        guard isFinished else { return nil }
        isFinished = false
        return [.fail(.unavailable, "ended the stream")]
    }

    /// Takes tokens up to the next `<end>`.
    private mutating func apply(_ tokens: ArraySlice<SonioxWire.Token>) -> [RecogniserEffect] {
        let before = (text: utterance.text, isSettled: tail.isEmpty)
        let end = tokens.firstIndex(of: .end)
        var isAnswer = false
        tail = ""
        rest = end.map { tokens[($0 + 1)...] } ?? []
        for token in tokens[..<(end ?? tokens.endIndex)] {
            switch token {
            case .text(let text, isFinal: true): finals += text
            case .text(let text, isFinal: false): tail += text
            case .finalized: isAnswer = true
            case .end: break
            }
        }
        if end != nil { tail = "" }
        utterance.update(finals + tail)
        let isNews = !utterance.isClosed
        if end != nil {
            utterance.close()
            finals = ""
        }
        var effects: [RecogniserEffect] = []
        if isAnswer, isFinishing {
            isFinishing = false
            effects.append(.answered)
        }
        let text = utterance.text
        let changed = text != before.text || (!text.isEmpty && tail.isEmpty != before.isSettled)
        if changed || isAnswer { effects.append(transcript(isSettled: tail.isEmpty)) }
        if end != nil, isNews { effects.append(.report(.endOfTurn)) }
        return effects
    }

    mutating func finish(sent: Int64) -> [RecogniserEffect] {
        // One finalize at a time: more of them cost accuracy and may be throttled.
        guard !isFinishing else { return [.await(Self.finishPatience)] }
        isFinishing = true
        return [
            .silence(Self.trailingSilence), .send(SonioxWire.finalize(trailingSilence: Self.trailingSilence)),
            .await(Self.finishPatience),
        ]
    }

    mutating func finishTimedOut() -> [RecogniserEffect] {
        isFinishing = false
        return [transcript(isSettled: true)]
    }

    mutating func committed(sent: Int64) -> [RecogniserEffect] {
        utterance.commit(openingWith: tail)
        finals = ""
        isFinishing = false
        return []
    }

    func meaning(ofClose code: UInt16?, _ reason: String) -> (kind: ProviderError.Kind, detail: String) {
        lost(code, reason)
    }

    private func transcript(isSettled: Bool) -> RecogniserEffect {
        .report(
            .transcript(
                Transcript(
                    text: utterance.text, isSettled: isSettled,
                    coveredMilliseconds: tail.isEmpty ? covered.final : covered.total)))
    }

    /// 503 is how a stream ends in the normal course of things: another one goes on.
    static func kind(ofError code: Int) -> ProviderError.Kind {
        switch code {
        case 413: .unavailable
        default: ProviderError.kind(ofStatus: code)
        }
    }
}
