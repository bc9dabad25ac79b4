internal import VoiceEngineCore

/// What AssemblyAI's messages mean. Pure.
///
/// Every message tells its whole turn; turns are numbered. With `format_turns` each turn ends twice, and the second,
/// written-out end is the one that counts; without, the first is.
struct AssemblyAIMachine: RecogniserMachine {
    /// [ms]
    static let finishPatience = 1_000

    private let awaitsFormattedTurn: Bool
    private var utterance = UtteranceText()
    /// The turn that the open segment is of.
    private var turn: Int64?
    /// The last turn that is over.
    private var ended: Int64 = -1
    private var isFinishing = false
    /// [ms] End of the last word.
    private var covered: Int64?

    init(awaitsFormattedTurn: Bool) { self.awaitsFormattedTurn = awaitsFormattedTurn }

    mutating func opened() -> [RecogniserEffect] { [] }

    mutating func received(_ message: UnsafeRawBufferPointer) -> [RecogniserEffect] {
        guard let message = AssemblyAIWire.decode(message) else { return gibberish }
        switch message {
        case .begin: return [.ready]
        case .speechStarted: return [.report(.turnStarted)]
        case .turn(let turn): return apply(turn)
        case .termination: return [.fail(.unavailable, "ended the session")]
        case .error(let code, let text):
            return [
                .fail(AssemblyAIWire.kind(ofError: code, text), code.map { "error \($0): \(text)" } ?? text)
            ]
        case .warning(let text): return [.note("warning: \(text)")]
        case .other(let type): return [.note("message \(type)")]
        }
    }

    private mutating func apply(_ info: AssemblyAIWire.Turn) -> [RecogniserEffect] {
        guard info.order > ended else { return [] }
        let before = utterance.text
        if let turn, turn != info.order {
            // The end of the turn before was never told.
            utterance.close()
            ended = max(ended, turn)
        }
        turn = info.order
        utterance.update(info.text)
        if let milliseconds = info.coveredMilliseconds { covered = max(covered ?? 0, milliseconds) }
        guard info.isEnd, info.isFormatted || !awaitsFormattedTurn else {
            return utterance.text != before ? [transcript(isSettled: false)] : []
        }
        let isNews = !utterance.isClosed
        utterance.close()
        ended = info.order
        turn = nil
        var effects: [RecogniserEffect] = []
        if isFinishing { effects.append(.answered) }
        if isNews || isFinishing { effects.append(transcript(isSettled: true)) }
        if isNews { effects.append(.report(.endOfTurn)) }
        isFinishing = false
        return effects
    }

    mutating func finish(sent: Int64) -> [RecogniserEffect] {
        isFinishing = true
        return [.send(AssemblyAIWire.forceEndpoint), .await(Self.finishPatience)]
    }

    mutating func finishTimedOut() -> [RecogniserEffect] {
        isFinishing = false
        return [transcript(isSettled: true)]
    }

    mutating func committed(sent: Int64) -> [RecogniserEffect] {
        utterance.commit()
        isFinishing = false
        return []
    }

    func meaning(ofClose code: UInt16?, _ reason: String) -> (kind: ProviderError.Kind, detail: String) {
        (code.map { AssemblyAIWire.kind(ofError: Int($0), reason) } ?? .unavailable, describe(code, reason))
    }

    private func transcript(isSettled: Bool) -> RecogniserEffect {
        .report(
            .transcript(Transcript(text: utterance.text, isSettled: isSettled, coveredMilliseconds: covered)))
    }
}
