internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineMedia
package import VoiceEngineProviders

/// The voice of a speech-to-speech model for what the model says, and an ordinary voice for every other text: greeting,
/// `say`, check-ins, apologies, and answers of a language model that stands in for it.
///
/// Where the two deliver different formats, both are converted to linear audio at the call's rate.
package struct ScriptVoice: TextToSpeechProvider {
    private let own: any OwnVoiceProvider
    private let scripts: any TextToSpeechProvider

    /// - Parameter own: Made with `readsScripts: false`.
    package init(own: any OwnVoiceProvider, scripts: any TextToSpeechProvider) {
        self.own = own
        self.scripts = scripts
    }

    package var name: String { own.name }

    package func format(for native: AudioFormat) -> AudioFormat {
        let format = own.format(for: native)
        if scripts.format(for: native) == format { return format }
        return (try? AudioFormat(encoding: .pcm16, sampleRate: native.sampleRate)) ?? format
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        let stream = ScriptVoiceStream(sink)
        stream.own = .init(own.format(for: format), format) { converter in
            own.openVoice(context, format: own.format(for: format)) { [weak stream] event in
                stream?.deliver(event, through: converter)
            }
        }
        stream.scripts = .init(scripts.format(for: format), format) { converter in
            scripts.open(context, format: scripts.format(for: format)) { [weak stream] event in
                stream?.deliver(event, through: converter)
            }
        }
        return stream
    }
}

private final class ScriptVoiceStream: TextToSpeechStream {
    /// One of the two voices, and what its audio goes through.
    struct Voice<Stream> {
        let stream: Stream
        /// nil when it delivers the right format.
        let converter: AudioConverter?

        init(_ given: AudioFormat, _ wanted: AudioFormat, open: (AudioConverter?) -> Stream) {
            converter = given == wanted ? nil : try? AudioConverter(from: given, toRate: wanted.sampleRate)
            stream = open(converter)
        }
    }

    var own: Voice<any OwnVoiceStream>?
    var scripts: Voice<any TextToSpeechStream>?
    private let sink: (TextToSpeechEvent) -> Void

    init(_ sink: @escaping (TextToSpeechEvent) -> Void) { self.sink = sink }

    func deliver(_ event: TextToSpeechEvent, through converter: AudioConverter?) {
        guard let converter else { return sink(event) }
        switch event {
        case .audio(let segment, let bytes): deliver(converter.decode(bytes), of: segment)
        case .completed(let segment):
            deliver(converter.flush(), of: segment)
            sink(event)
        case .wordEnds, .failed: sink(event)
        }
    }

    private func deliver(_ samples: UnsafeBufferPointer<Int16>, of segment: SegmentID) {
        if !samples.isEmpty { sink(.audio(segment, UnsafeRawBufferPointer(samples))) }
    }

    func speak(_ text: String, as segment: SegmentID) {
        let isOwn = own?.stream.owns(segment.turn) ?? false
        // The model's memory takes note of what others said.
        own?.stream.speak(text, as: segment)
        if !isOwn { scripts?.stream.speak(text, as: segment) }
    }

    func finish(_ turn: TurnID) {
        let isOwn = own?.stream.owns(turn) ?? false
        own?.stream.finish(turn)
        if !isOwn { scripts?.stream.finish(turn) }
    }

    func cancel(_ turn: TurnID) { cancel(turn, heard: .zero) }

    func cancel(_ turn: TurnID, heard: Nanoseconds) {
        own?.stream.cancel(turn, heard: heard)
        scripts?.stream.cancel(turn, heard: heard)
        own?.converter?.reset()
        scripts?.converter?.reset()
    }

    func holdAudio(_ hold: Bool) {
        own?.stream.holdAudio(hold)
        scripts?.stream.holdAudio(hold)
    }

    func close() {
        own?.stream.close()
        scripts?.stream.close()
        own = nil
        scripts = nil
    }
}
