package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// Soniox's streaming recogniser.
package struct SonioxSTT: SpeechToTextProvider, WarmableProvider {
    package var name: String { endpoint.name }
    private let endpoint: RecogniserEndpoint
    private let options: SonioxOptions

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> SonioxSTT {
        var reader = OptionReader(setup)
        return SonioxSTT(
            endpoint: try RecogniserEndpoint(
                setup, &reader, base: "wss://stt-rt.soniox.com", usualKey: "SONIOX_API_KEY"),
            options: try SonioxOptions(setup, &reader))
    }

    package var messageMilliseconds: Int { options.chunkMilliseconds }

    /// G.711 and linear audio up to 24 kHz as it is.
    package func format(for native: AudioFormat) -> AudioFormat { native.forRecogniser(taking: [.mulaw, .alaw]) }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        var headers = HeaderList()
        if let key = endpoint.key { headers.add("Authorization", "Bearer \(key.reveal())") }
        let url = endpoint.base.appending(path: "transcribe-websocket").appending(query: options.others)
        return endpoint.open(
            SonioxMachine(configuration: SonioxWire.configuration(options, format)), options.profile, url: url,
            headers: headers, format: format, context, sink: sink)
    }

    package func warm(on eventLoop: any EventLoop) { endpoint.warm(on: eventLoop) }
}

extension SonioxOptions {
    /// - Throws: naming the key of the document that is wrong.
    init(_ setup: ProviderSetup, _ reader: inout OptionReader) throws(ProviderSetupError) {
        if let model = setup.settings.model { self.model = model }
        languageHints = try reader.strings("language_hints", atMost: 20)
        if languageHints.isEmpty, let language = setup.baseLanguage { languageHints = [language] }
        strictHints = try reader.bool("language_hints_strict") ?? false
        terms = try reader.strings("keyterms", atMost: 100)
        context = try reader.string("context")
        endpointDetection = try reader.bool("endpoint_detection") ?? true
        maximumEndpointDelay = try reader.int("max_endpoint_delay_ms", 500...3_000) ?? 1_000
        endpointSensitivity = try reader.double("endpoint_sensitivity", -1...1)
        endpointLatencyLevel = try reader.int("endpoint_latency_level", 0...3)
        chunkMilliseconds = try reader.int("chunk_ms", 20...120) ?? 60
        others = try reader.rest(except: [])
        let isOld = ["stt-rt-v2", "stt-rt-v3", "stt-rt-v4", "stt-rt-preview"].contains { model.hasPrefix($0) }
        if isOld { try setup.refuse(["endpoint_sensitivity", "endpoint_latency_level"], "needs stt-rt-v5 or newer") }
    }

    var profile: RecogniserProfile {
        RecogniserProfile(
            chunkMilliseconds: chunkMilliseconds,
            // The server gives up after 20 s without audio or keepalive.
            idle: .init(interval: .seconds(8), act: .message(SonioxWire.keepAlive)),
            // It may cut off who sends faster than real time for long.
            catchUp: 5, goodbye: SonioxWire.endOfAudio, goodbyePatience: .seconds(2))
    }
}
