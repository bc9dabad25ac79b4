package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// Deepgram's streaming recogniser: `/v1/listen` (nova and older) or, for models whose name begins with `flux`,
/// `/v2/listen`, which finds the end of turns itself.
package struct DeepgramSTT: SpeechToTextProvider, WarmableProvider {
    /// The two protocols share the address, the key and "a binary message is audio", and nothing else.
    enum Version: Sendable {
        case listen(DeepgramListenOptions)
        case flux(DeepgramFluxOptions)
    }

    package var name: String { endpoint.name }
    private let endpoint: RecogniserEndpoint
    private let version: Version

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> DeepgramSTT {
        var reader = OptionReader(setup)
        let endpoint = try RecogniserEndpoint(
            setup, &reader, base: "wss://api.deepgram.com", usualKey: "DEEPGRAM_API_KEY")
        let isFlux = setup.settings.model?.hasPrefix("flux") ?? false
        return DeepgramSTT(
            endpoint: endpoint,
            version: isFlux
                ? .flux(try DeepgramFluxOptions(setup, &reader)) : .listen(try DeepgramListenOptions(setup, &reader)))
    }

    package var messageMilliseconds: Int {
        switch version {
        case .listen(let options): options.chunkMilliseconds
        case .flux(let options): options.chunkMilliseconds
        }
    }

    /// G.711 and linear audio up to 24 kHz as it is.
    package func format(for native: AudioFormat) -> AudioFormat { native.forRecogniser(taking: [.mulaw, .alaw]) }

    /// Flux judges what was said; `speech_final` and `UtteranceEnd` are silences.
    package var endOfTurnEvidence: EndOfTurnEvidence {
        switch version {
        case .listen: .silence
        case .flux: .meaning
        }
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        let headers = DeepgramEncoding.headers(endpoint.key)
        switch version {
        case .listen(let options):
            return endpoint.open(
                DeepgramListenMachine(), options.profile, url: DeepgramListenWire.url(endpoint.base, options, format),
                headers: headers, format: format, context, sink: sink)
        case .flux(let options):
            return endpoint.open(
                DeepgramFluxMachine(endOfTurnTimeout: options.endOfTurnTimeout),
                options.profile(beginsWithin: endpoint.timeout),
                url: DeepgramFluxWire.url(endpoint.base, options, format), headers: headers, format: format, context,
                sink: sink)
        }
    }

    package func warm(on eventLoop: any EventLoop) { endpoint.warm(on: eventLoop) }
}

extension DeepgramListenOptions {
    /// - Throws: naming the key of the document that is wrong.
    init(_ setup: ProviderSetup, _ reader: inout OptionReader) throws(ProviderSetupError) {
        if let model = setup.settings.model { self.model = model }
        language = setup.settings.language
        try setup.refuse(DeepgramFluxOptions.own, "is for flux models")
        interimResults = try reader.bool("interim_results") ?? true
        if let time = try reader.int("endpointing_ms", 0...10_000) { endpointing = time == 0 ? nil : time }
        if let time = try reader.int("utterance_end_ms", 0...10_000) {
            guard time == 0 || time >= 1_000 else {
                throw setup.error("utterance_end_ms", "is 0 (off) or at least 1000")
            }
            utteranceEnd = time == 0 ? nil : time
        }
        vadEvents = try reader.bool("vad_events") ?? true
        smartFormat = try reader.bool("smart_format") ?? false
        for flag in ["punctuate", "numerals", "profanity_filter", "dictation", "filler_words", "mip_opt_out"] {
            if try reader.bool(flag) ?? (flag == "punctuate") { flags.append(flag) }
        }
        keyterms = try reader.strings("keyterms", atMost: 100)
        keywords = try reader.strings("keywords", atMost: 100)
        tags = try reader.strings("tags", atMost: 10)
        chunkMilliseconds = try reader.int("chunk_ms", 20...100) ?? 80
        others = try reader.rest(except: [
            "model", "language", "endpointing", "encoding", "sample_rate", "channels", "multichannel", "callback",
            "callback_method",
        ])
        guard keyterms.isEmpty || model.hasPrefix("nova-3") else {
            throw setup.error("keyterms", "are understood by nova-3 models only; use keywords")
        }
        guard keywords.isEmpty || !model.hasPrefix("nova-3") else {
            throw setup.error("keywords", "are refused by nova-3 models; use keyterms")
        }
    }

    var profile: RecogniserProfile {
        RecogniserProfile(
            chunkMilliseconds: chunkMilliseconds,
            // The server gives up after 10 s without audio or KeepAlive, and a KeepAlive alone before any audio may not
            // count; it advises 3 to 5.
            idle: .init(interval: .seconds(4), act: .message(DeepgramListenWire.keepAlive), firstSilence: 20),
            goodbye: DeepgramListenWire.closeStream)
    }
}
