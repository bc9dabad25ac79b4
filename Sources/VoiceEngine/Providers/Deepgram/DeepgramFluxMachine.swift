internal import NIOCore
internal import VoiceEngineCore

extension DeepgramFluxOptions {
    func profile(beginsWithin patience: TimeAmount) -> RecogniserProfile {
        RecogniserProfile(
            // Its turns are told by the model behind it, which wants its 80 ms.
            chunkMilliseconds: chunkMilliseconds, quietMilliseconds: chunkMilliseconds,
            // Turns advance with the audio alone: without it they never end. Six messages of 80 ms.
            idle: .init(interval: .milliseconds(480), act: .silence(480)),
            readyPatience: patience, goodbye: DeepgramFluxWire.closeStream)
    }
}

/// What the messages of `/v2/listen` (Flux) mean. Pure.
///
/// Every message tells its whole turn. Turns have numbers: what comes late for a turn that ended is left out, and a
/// turn whose end was never told ends when the next one begins.
struct DeepgramFluxMachine: RecogniserMachine {
    /// [ms] A ForceEndTurn may find no turn, and says so, or not.
    private static let finishPatience = 1_000

    /// Whether an early end of the turn was told that is neither confirmed nor taken back.
    private enum Announcement { case none, early }

    /// [ms]
    private let endOfTurnTimeout: Int
    private var utterance = UtteranceText()
    /// The turn that the open segment is of.
    private var turn: Int64?
    /// The last turn that is over.
    private var ended: Int64 = -1
    private var announcement = Announcement.none
    private var isFinishing = false
    /// [ms] End of the audio that was transcribed.
    private var covered: Int64 = 0

    /// - Parameter endOfTurnTimeout: [ms] as the server was told.
    init(endOfTurnTimeout: Int) { self.endOfTurnTimeout = endOfTurnTimeout }

    /// In a turn it must say something at least when the timeout ends it. Without one it also sends its updates, which
    /// nobody promises.
    var longestSilence: Int? { utterance.hasSegment ? max(3_000, 4 * endOfTurnTimeout) : 30_000 }

    mutating func opened() -> [RecogniserEffect] { [] }

    mutating func received(_ message: UnsafeRawBufferPointer) -> [RecogniserEffect] {
        guard let message = DeepgramFluxWire.decode(message) else { return gibberish }
        switch message {
        case .connected: return [.ready]
        case .turn(let turn): return apply(turn)
        case .warning(let code, let description):
            guard code == DeepgramFluxWire.noActiveTurn, isFinishing else {
                return [.note("warning \(code): \(description)")]
            }
            return [.answered] + finishTimedOut()
        case .error(let code, let description):
            let kind: ProviderError.Kind = code.hasPrefix("INTERNAL") ? .unavailable : .protocol
            return [.fail(kind, code.isEmpty ? description : "\(code): \(description)")]
        case .other(let type): return [.note("unknown message \(type)")]
        }
    }

    private mutating func apply(_ info: DeepgramFluxWire.Turn) -> [RecogniserEffect] {
        guard info.windowEnd.isFinite, info.index > ended else { return [] }
        covered = max(covered, Int64(exactly: (min(info.windowEnd, 1e9) * 1_000).rounded()) ?? 0)
        let before = utterance.text
        if let turn, turn != info.index {
            utterance.close()
            announcement = .none
            ended = max(ended, turn)
        }
        turn = info.index
        // What is told while nobody speaks has no words; a turn that has some keeps them.
        if !info.transcript.isEmpty || info.event == .end { utterance.update(info.transcript) }
        let changed = utterance.text != before
        switch info.event {
        case .start: return [.report(.turnStarted)] + (changed ? [transcript()] : [])
        case .update: return changed ? [transcript()] : []
        case .resumed:
            let taken: [RecogniserEffect] = announcement == .early ? [.report(.turnResumed)] : []
            announcement = .none
            return taken + (changed ? [transcript()] : [])
        case .eagerEnd:
            guard !utterance.isClosed else { return [] }
            announcement = .early
            return (changed ? [transcript()] : []) + [.report(.earlyEndOfTurn)]
        case .end: return end(info.index)
        }
    }

    private mutating func end(_ index: Int64) -> [RecogniserEffect] {
        let isNews = !utterance.isClosed
        utterance.close()
        ended = index
        turn = nil
        announcement = .none
        var effects: [RecogniserEffect] = []
        if isFinishing { effects.append(.answered) }
        if isNews || isFinishing { effects.append(transcript(isSettled: true)) }
        // The end of a turn that was committed before is no evidence for what is said since.
        if isNews { effects.append(.report(.endOfTurn)) }
        isFinishing = false
        return effects
    }

    mutating func finish(sent: Int64) -> [RecogniserEffect] {
        isFinishing = true
        return [.send(DeepgramFluxWire.forceEndTurn), .await(Self.finishPatience)]
    }

    mutating func finishTimedOut() -> [RecogniserEffect] {
        isFinishing = false
        return [transcript(isSettled: true)]
    }

    mutating func committed(sent: Int64) -> [RecogniserEffect] {
        utterance.commit()
        announcement = .none
        isFinishing = false
        return []
    }

    func meaning(ofClose code: UInt16?, _ reason: String) -> (kind: ProviderError.Kind, detail: String) {
        (DeepgramEncoding.meaning(ofClose: code, reason), describe(code, reason))
    }

    private func transcript(isSettled: Bool = false) -> RecogniserEffect {
        .report(
            .transcript(
                Transcript(
                    text: utterance.text, isSettled: isSettled || utterance.isClosed, coveredMilliseconds: covered)))
    }
}
