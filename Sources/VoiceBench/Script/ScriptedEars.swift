internal import NIOCore
package import VoiceEngineCore
package import VoiceEngineProviders

// Providers of a benchmark: objects of the process that behave in time as servers do and cost next to nothing. They live
// on the call's loop, so what they do cost counts as the engine's.
//
//     caller's audio ─► ScriptedEars ─► words ─► ScriptedMind ─► tokens ─► ScriptedVoice ─► a tone

/// A recogniser: a word for every 280 ms of speech, each told at once, and the whole settled 30 ms after it is asked
/// for. What is speech the session's own detector says.
package struct ScriptedEars: SpeechToTextProvider {
    package let name = "scripted-ears"

    package init() {}

    package func format(for native: AudioFormat) -> AudioFormat { native }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream { EarsStream(context.eventLoop, format, sink) }
}

/// One call's ears. Confined to the call's loop.
private final class EarsStream: SpeechToTextStream {
    private static let settling = Nanoseconds.milliseconds(30)

    private let eventLoop: any EventLoop
    private let bytesPerMillisecond: Int
    private let sink: (SpeechToTextEvent) -> Void
    /// Holds the stream until it is closed.
    private var timer: LoopTimer?
    private var bytes: Int64 = 0
    private var words = SpokenWords()
    private var isOpen = true

    init(_ eventLoop: any EventLoop, _ format: AudioFormat, _ sink: @escaping (SpeechToTextEvent) -> Void) {
        self.eventLoop = eventLoop
        self.sink = sink
        bytesPerMillisecond = max(format.bytes(forSamples: format.samples(inMilliseconds: 1)), 1)
        timer = LoopTimer(eventLoop: eventLoop) { _ in self.settle() }
    }

    private var position: Int64 { bytes / Int64(bytesPerMillisecond) }

    func send(_ audio: UnsafeRawBufferPointer) {
        bytes += Int64(audio.count)
        guard let text = words.heard(until: position) else { return }
        tell(.transcript(Transcript(text: text, isSettled: false, coveredMilliseconds: position)))
    }

    func hint(_ hint: VoiceHint) {
        switch hint {
        case .started(let onset): words.began(at: onset)
        case .paused(let end): words.paused(at: end)
        case .resumed: words.resumed(at: position)
        case .quiet: break
        }
    }

    func finishUtterance() { timer?.arm(until: eventLoop.instant + Self.settling) }
    func utteranceCommitted() { words.committed(at: position) }

    func close() {
        isOpen = false
        timer?.close()
        timer = nil
    }

    private func settle() {
        sink(.transcript(Transcript(text: words.text, isSettled: true, coveredMilliseconds: position)))
    }

    /// A provider never answers inside a call of the session.
    private func tell(_ event: SpeechToTextEvent) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let sent = NIOLoopBound(event, eventLoop: eventLoop)
        eventLoop.execute { if bound.value.isOpen { bound.value.sink(sent.value) } }
    }
}

/// How many words a caller has spoken. Pure; positions are milliseconds of audio.
package struct SpokenWords: Equatable, Sendable {
    private enum State: Equatable {
        case silent
        case speaking(since: Int64)
    }

    /// The first word is complete after 200 ms, each further one 280 ms later.
    private static let first: Int64 = 200
    private static let further: Int64 = 280
    private static let script = [
        "I", "would", "like", "to", "know", "when", "you", "are", "open", "on", "Sundays", "and", "whether", "there",
        "is", "a", "table", "for", "four",
    ]

    private var state = State.silent
    /// [ms] Of speech before the stretch that goes on now.
    private var spoken: Int64 = 0
    private var told = 0

    package init() {}

    /// The utterance so far.
    package var text: String { Self.script.prefix(told).joined(separator: " ") }

    package mutating func began(at position: Int64) { state = .speaking(since: position) }
    package mutating func resumed(at position: Int64) { state = .speaking(since: position) }

    package mutating func paused(at position: Int64) {
        guard case .speaking(let since) = state else { return }
        spoken += max(position - since, 0)
        state = .silent
    }

    /// The next word starts a new utterance.
    package mutating func committed(at position: Int64) {
        (spoken, told) = (0, 0)
        if case .speaking = state { state = .speaking(since: position) }
    }

    /// - Returns: The utterance, when there is a new word.
    package mutating func heard(until position: Int64) -> String? {
        guard case .speaking(let since) = state else { return nil }
        let speech = spoken + position - since
        let count = speech < Self.first ? 0 : Int(1 + (speech - Self.first) / Self.further)
        guard min(count, Self.script.count) > told else { return nil }
        told = min(count, Self.script.count)
        return text
    }
}
