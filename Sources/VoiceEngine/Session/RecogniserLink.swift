internal import VoiceEngineCore
internal import VoiceEngineMedia
internal import VoiceEngineProviders

/// A recogniser of the chain as one call uses it: it is given the caller's audio in the format it wants.
final class RecogniserLink {
    let provider: any SpeechToTextProvider
    let format: AudioFormat
    /// [ms] As the provider has it: asked with every frame.
    let messageMilliseconds: Int
    /// nil when it takes the caller's audio as it is.
    private let converter: AudioTranscoder?
    /// 20 ms of it; empty where silence needs no bytes.
    private let silence: [UInt8]

    /// - Throws: when the caller's audio cannot be converted to what the provider wants.
    init(_ provider: any SpeechToTextProvider, native: AudioFormat) throws {
        self.provider = provider
        messageMilliseconds = provider.messageMilliseconds
        format = provider.format(for: native)
        converter = format == native ? nil : try AudioTranscoder(from: native, to: format)
        silence =
            format.encoding == .opus
            ? []
            : Array(
                repeating: format.encoding.silence, count: format.bytes(forSamples: format.samples(inMilliseconds: 20)))
    }

    func open(
        _ context: ProviderContext, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        converter?.reset()
        return provider.open(context, format: format, sink: sink)
    }

    /// Caller audio, or nothing for 20 ms of silence.
    func pass(_ audio: UnsafeRawBufferPointer, to stream: any SpeechToTextStream) {
        if audio.count == 0 {
            if !silence.isEmpty { silence.withUnsafeBytes { stream.send($0) } }
            return
        }
        guard let converter else { return stream.send(audio) }
        let converted = converter.convert(audio)
        if converted.count > 0 { stream.send(converted) }
    }
}
