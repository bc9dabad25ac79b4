package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// AssemblyAI's streaming recogniser, `/v3/ws`.
package struct AssemblyAISTT: SpeechToTextProvider, WarmableProvider {
    package var name: String { endpoint.name }
    private let endpoint: RecogniserEndpoint
    private let options: AssemblyAIOptions

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> AssemblyAISTT {
        var reader = OptionReader(setup)
        return AssemblyAISTT(
            endpoint: try RecogniserEndpoint(
                setup, &reader, base: "wss://streaming.assemblyai.com", usualKey: "ASSEMBLYAI_API_KEY"),
            options: try AssemblyAIOptions(setup, &reader))
    }

    package var messageMilliseconds: Int { options.chunkMilliseconds }

    /// μ-law and linear audio up to 24 kHz as it is; A-law as linear audio.
    package func format(for native: AudioFormat) -> AudioFormat { native.forRecogniser(taking: [.mulaw]) }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        endpoint.open(
            AssemblyAIMachine(awaitsFormattedTurn: options.formatTurns),
            options.profile(beginsWithin: endpoint.timeout),
            url: AssemblyAIWire.url(endpoint.base, options, format), headers: AssemblyAIWire.headers(endpoint.key),
            format: format, context, sink: sink)
    }

    package func warm(on eventLoop: any EventLoop) { endpoint.warm(on: eventLoop) }
}

extension AssemblyAIOptions {
    /// - Throws: naming the key of the document that is wrong.
    init(_ setup: ProviderSetup, _ reader: inout OptionReader) throws(ProviderSetupError) {
        let language = setup.baseLanguage
        if let model = setup.settings.model {
            self.model = model
        } else if let language, language != "en" {
            model = "universal-streaming-multilingual"
        }
        if model == "universal-streaming-english", let language, language != "en" {
            throw setup.error("language", "\(model) understands English only; use universal-streaming-multilingual")
        }
        formatTurns = try reader.bool("format_turns") ?? false
        endOfTurnThreshold = try reader.double("end_of_turn_confidence_threshold", 0...1)
        minimumTurnSilence = try reader.int("min_turn_silence_ms", 0...10_000)
        maximumTurnSilence = try reader.int("max_turn_silence_ms", 0...60_000)
        if let minimumTurnSilence, let maximumTurnSilence, minimumTurnSilence > maximumTurnSilence {
            throw setup.error("min_turn_silence_ms", "is at most max_turn_silence_ms")
        }
        vadThreshold = try reader.double("vad_threshold", 0...1)
        keyterms = try reader.strings("keyterms", atMost: 100)
        guard keyterms.allSatisfy({ $0.count <= 50 }) else {
            throw setup.error("keyterms", "are of at most 50 characters each")
        }
        languageCodes = try reader.strings("language_codes", atMost: 10)
        prompt = try reader.string("prompt")
        inactivityTimeout = try reader.int("inactivity_timeout_s", 10...3_600) ?? 60
        chunkMilliseconds = try reader.int("chunk_ms", 50...1_000) ?? 50
        others = try reader.rest(except: [
            "sample_rate", "encoding", "speech_model", "token", "keyterms_prompt", "min_turn_silence",
            "max_turn_silence", "inactivity_timeout", "webhook_url",
        ])
    }

    func profile(beginsWithin patience: TimeAmount) -> RecogniserProfile {
        RecogniserProfile(
            chunkMilliseconds: chunkMilliseconds,
            // Shorter messages end the connection with code 3007.
            smallestMilliseconds: 50,
            idle: .init(
                interval: .seconds(Int64(min(15, inactivityTimeout / 3))), act: .message(AssemblyAIWire.keepAlive)),
            // The upgrade succeeds even with a wrong key: the refusal is a message.
            readyPatience: patience,
            // Who sends faster than real time for long is cut off.
            catchUp: 3, goodbye: AssemblyAIWire.terminate, goodbyePatience: .seconds(5))
    }
}
