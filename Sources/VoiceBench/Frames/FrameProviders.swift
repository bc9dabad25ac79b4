import VoiceEngineCore
import VoiceEngineProviders

// Providers that do the least, so that what is counted is the session's own work.

/// A recogniser that counts bytes and never hears a word. Of one loop.
///
/// `@unchecked Sendable`: made, used and read by one thread.
final class CountingEars: SpeechToTextProvider, @unchecked Sendable {
    private final class Stream: SpeechToTextStream {
        private let ears: CountingEars

        init(_ ears: CountingEars) { self.ears = ears }

        func send(_ audio: UnsafeRawBufferPointer) { ears.received += audio.count }
        func hint(_ hint: VoiceHint) {}
        func finishUtterance() {}
        func utteranceCommitted() {}
        func close() {}
    }

    let name = "ears"
    /// [bytes]
    private(set) var received = 0

    func format(for native: AudioFormat) -> AudioFormat { native }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream { Stream(self) }
}

/// A voice whose every text is 25 s of a tone, there at once.
struct LongVoice: TextToSpeechProvider {
    private final class Stream: TextToSpeechStream {
        private let chunk: [UInt8]
        private let sink: (TextToSpeechEvent) -> Void

        init(_ format: AudioFormat, _ sink: @escaping (TextToSpeechEvent) -> Void) {
            let second = (0..<format.sampleRate).map { Int16(($0 / 20).isMultiple(of: 2) ? 6_000 : -6_000) }
            var bytes = [UInt8](repeating: 0, count: format.bytes(forSamples: second.count))
            var target = bytes.mutableSpan
            _ = format.encoding.encode(second.span, into: &target)
            chunk = bytes
            self.sink = sink
        }

        func speak(_ text: String, as segment: SegmentID) {
            for _ in 0..<LongVoice.seconds { chunk.withUnsafeBytes { sink(.audio(segment, $0)) } }
        }

        func finish(_ turn: TurnID) {}
        func cancel(_ turn: TurnID) {}
        func holdAudio(_ hold: Bool) {}
        func close() {}
    }

    static let seconds = 25

    let name = "voice"

    func format(for native: AudioFormat) -> AudioFormat { native }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream { Stream(format, sink) }
}

/// A language model that never answers.
struct SilentMind: LanguageModelProvider {
    private final class Nothing: Generation {
        func cancel() {}
    }

    let name = "mind"

    func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation { Nothing() }
}
