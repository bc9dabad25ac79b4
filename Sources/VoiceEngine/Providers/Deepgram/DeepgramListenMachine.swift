internal import VoiceEngineCore

/// What the messages of `/v1/listen` mean. Pure.
struct DeepgramListenMachine: RecogniserMachine {
    /// [ms] A Finalize with little audio may never be answered.
    private static let finalizePatience = 1_000

    private var utterance = DeepgramUtterance()
    private var isFinalizing = false

    mutating func opened() -> [RecogniserEffect] { [] }

    mutating func received(_ message: UnsafeRawBufferPointer) -> [RecogniserEffect] {
        guard let message = DeepgramListenWire.decode(message, committedEnd: utterance.committedEnd) else {
            return gibberish
        }
        var effects: [RecogniserEffect] = []
        switch message {
        case .error(let description): return [.fail(.protocol, description)]
        case .other(let type): return [.note("unknown message \(type)")]
        case .results(let results):
            if results.fromFinalize, isFinalizing {
                isFinalizing = false
                effects.append(.answered)
            }
        case .utteranceEnd, .speechStarted, .metadata: break
        }
        return effects + utterance.apply(message).map(RecogniserEffect.report)
    }

    mutating func finish(sent: Int64) -> [RecogniserEffect] {
        isFinalizing = true
        return [.send(DeepgramListenWire.finalize), .await(Self.finalizePatience)]
    }

    mutating func finishTimedOut() -> [RecogniserEffect] {
        isFinalizing = false
        return [.report(utterance.settle())]
    }

    mutating func committed(sent: Int64) -> [RecogniserEffect] {
        isFinalizing = false
        utterance.committed()
        return []
    }

    func meaning(ofClose code: UInt16?, _ reason: String) -> (kind: ProviderError.Kind, detail: String) {
        (DeepgramEncoding.meaning(ofClose: code, reason), describe(code, reason))
    }
}

/// Puts Deepgram's segments together to the caller's utterance. Pure.
///
/// Settled segments are kept until the turn is committed: `speech_final` is evidence, not a decision, and what follows
/// without a commit belongs to the same utterance. Words that were committed while they were still interim come again
/// as a final segment; they are recognised by their time and left out.
struct DeepgramUtterance {
    private var settled = ""
    private var interim = ""
    /// [s] End of what the server has reported on.
    private var coveredEnd = 0.0
    /// [s] Words that end before belong to a committed turn.
    private(set) var committedEnd = 0.0
    private var endReported = true

    mutating func apply(_ message: DeepgramListenWire.Message) -> [SpeechToTextEvent] {
        switch message {
        case .results(let results): return apply(results)
        case .utteranceEnd:
            guard !endReported, !text.isEmpty else { return [] }
            endReported = true
            return [.endOfTurn]
        case .speechStarted: return [.turnStarted]
        case .metadata, .error, .other: return []
        }
    }

    private mutating func apply(_ results: DeepgramListenWire.Results) -> [SpeechToTextEvent] {
        let end = results.start + results.duration
        guard end.isFinite else { return [] }
        let segment = uncommitted(results, end: end)
        let before = text
        let wasSettled = interim.isEmpty
        if end > coveredEnd { coveredEnd = end }
        if results.isFinal {
            settled = Self.join(settled, segment)
            interim = ""
        } else {
            interim = segment
        }
        if !segment.isEmpty { endReported = false }
        var events: [SpeechToTextEvent] = []
        let text = text
        let changed = text != before || (wasSettled != interim.isEmpty)
        if changed || results.fromFinalize || (results.isFinal && !text.isEmpty) { events.append(transcript(text)) }
        if results.isFinal, results.speechFinal, !endReported, !text.isEmpty {
            endReported = true
            events.append(.endOfTurn)
        }
        return events
    }

    private func uncommitted(_ results: DeepgramListenWire.Results, end: Double) -> String {
        if committedEnd <= results.start { return results.transcript }
        if end <= committedEnd { return "" }
        // The times of words are a little unsure: a word belongs to where its middle is.
        let words = results.words.filter { ($0.start + $0.end) / 2 > committedEnd }
        return words.map(\.text).joined(separator: " ")
    }

    /// Nothing more comes for a while: what is there counts as settled.
    mutating func settle() -> SpeechToTextEvent {
        if !interim.isEmpty {
            settled = Self.join(settled, interim)
            interim = ""
            // Its final form would repeat it.
            committedEnd = max(committedEnd, coveredEnd)
        }
        return transcript(text)
    }

    mutating func committed() {
        if !interim.isEmpty { committedEnd = max(committedEnd, coveredEnd) }
        settled = ""
        interim = ""
        endReported = true
    }

    private var text: String { Self.join(settled, interim) }

    private func transcript(_ text: String) -> SpeechToTextEvent {
        let milliseconds = Int64(exactly: (min(coveredEnd, 1e9) * 1_000).rounded()) ?? 0
        return .transcript(
            Transcript(
                text: text, isSettled: interim.isEmpty, coveredMilliseconds: max(0, milliseconds)))
    }

    private static func join(_ a: String, _ b: String) -> String {
        if a.isEmpty { return b }
        return b.isEmpty ? a : a + " " + b
    }
}
