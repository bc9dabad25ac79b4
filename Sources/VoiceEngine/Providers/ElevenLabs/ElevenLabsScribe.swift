package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// ElevenLabs' streaming recogniser, Scribe realtime.
package struct ElevenLabsScribe: SpeechToTextProvider, WarmableProvider {
    package var name: String { endpoint.name }
    private let endpoint: RecogniserEndpoint
    private let options: ElevenLabsScribeOptions

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> ElevenLabsScribe {
        var reader = OptionReader(setup)
        return ElevenLabsScribe(
            endpoint: try RecogniserEndpoint(
                setup, &reader, base: "wss://api.elevenlabs.io", usualKey: "ELEVENLABS_API_KEY"),
            options: try ElevenLabsScribeOptions(setup, &reader))
    }

    package var messageMilliseconds: Int { options.chunkMilliseconds }

    /// μ-law at 8 kHz and linear audio at the server's rates up to 24 kHz as it is, A-law as linear audio.
    package func format(for native: AudioFormat) -> AudioFormat {
        if native == .telephone { return native }
        let format = native.forRecogniser(taking: [])
        if [8_000, 16_000, 22_050, 24_000].contains(format.sampleRate) { return format }
        return (try? AudioFormat(encoding: .pcm16, sampleRate: 16_000)) ?? format
    }

    /// The strategy `vad` ends a segment after a silence.
    package var endOfTurnEvidence: EndOfTurnEvidence { .silence }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        endpoint.open(
            ElevenLabsScribeMachine(
                strategy: options.commitStrategy, silence: options.silence, sampleRate: format.sampleRate),
            options.profile(format, beginsWithin: endpoint.timeout),
            url: ElevenLabsScribeWire.url(endpoint.base, options, format),
            headers: ElevenLabsScribeWire.headers(endpoint.key), format: format, context, sink: sink)
    }

    package func warm(on eventLoop: any EventLoop) { endpoint.warm(on: eventLoop) }
}

extension ElevenLabsScribeOptions {
    /// - Throws: naming the key of the document that is wrong.
    init(_ setup: ProviderSetup, _ reader: inout OptionReader) throws(ProviderSetupError) {
        if let model = setup.settings.model { self.model = model }
        language = setup.baseLanguage
        secondaryLanguages = try reader.strings("secondary_languages", atMost: 10)
        if let name = try reader.string("commit_strategy", oneOf: CommitStrategy.allCases.map(\.rawValue)) {
            commitStrategy = CommitStrategy(rawValue: name) ?? .manual
        }
        if commitStrategy == .manual {
            try setup.refuse(
                ["vad_silence_ms", "vad_threshold", "min_speech_ms", "min_silence_ms"],
                "goes with commit_strategy vad")
        }
        silence = try reader.int("vad_silence_ms", 300...3_000) ?? 500
        vadThreshold = try reader.double("vad_threshold", 0.1...0.9)
        minimumSpeech = try reader.int("min_speech_ms", 50...2_000)
        minimumSilence = try reader.int("min_silence_ms", 50...2_000)
        keyterms = try reader.strings("keyterms", atMost: 50)
        guard keyterms.allSatisfy({ $0.count <= 20 }) else {
            throw setup.error("keyterms", "are of at most 20 characters each")
        }
        for flag in ["no_verbatim", "filter_background_audio"] where try reader.bool(flag) ?? false {
            flags.append(flag)
        }
        chunkMilliseconds = try reader.int("chunk_ms", 100...1_000) ?? 100
        others = try reader.rest(except: [
            "model_id", "audio_format", "language_code", "token", "include_timestamps", "include_language_detection",
            "vad_silence_threshold_secs", "min_speech_duration_ms", "min_silence_duration_ms",
        ])
    }

    func profile(_ format: AudioFormat, beginsWithin patience: TimeAmount) -> RecogniserProfile {
        let ending = ElevenLabsScribeWire.ending(commit: false, sampleRate: format.sampleRate)
        return RecogniserProfile(
            chunkMilliseconds: chunkMilliseconds,
            framing: .text { ElevenLabsScribeWire.writeAudio($0, ending: ending, to: &$1) },
            // There is no other sign of life.
            idle: .init(interval: .seconds(5), act: .silence(100)),
            readyPatience: patience, goodbye: nil)
    }
}
