package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// Cartesia's voices (Sonic): WebSocket with contexts, and its byte stream over HTTP.
package struct CartesiaTTS: TextToSpeechProvider, WarmableProvider {
    package let name: String
    private let socketURL: WebURL
    private let transport: VoiceTransport
    private let options: CartesiaSpeechOptions
    private let setup: VoiceSocketSetup
    private let http: HTTPVoice
    private let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> CartesiaTTS {
        var reader = OptionReader(setup)
        guard let voice = setup.settings.voice, !voice.isEmpty else {
            throw setup.error("voice", "is needed: the id of a voice")
        }
        var options = CartesiaSpeechOptions(voice: voice)
        if let model = setup.settings.model { options.model = model }
        options.language = VoiceText.languageCode(setup.settings.language)
        if let version = try reader.string("version") { options.version = version }
        options.bufferDelay = try reader.int("max_buffer_delay_ms", 0...5_000) ?? 0
        options.speed = try reader.double("speed", 0.6...1.5)
        options.volume = try reader.double("volume", 0.5...2)
        options.emotion = try reader.string("emotion")
        options.dictionary = try reader.string("pronunciation_dictionary")
        let common = try setup.voiceSettings(&reader)
        options.others = try reader.rest(except: ["api_key", "access_token", "cartesia_version"])
        let addresses = try setup.voiceAddresses("https://api.cartesia.ai")
        let key = try setup.key(usual: "CARTESIA_API_KEY")
        let patience = TimeAmount.milliseconds(common.patience)
        let read = options
        return CartesiaTTS(
            name: setup.settings.provider, socketURL: CartesiaSpeechWire.socketURL(addresses.socket, options),
            transport: common.transport, options: options,
            setup: VoiceSocketSetup(
                name: setup.settings.provider, key: key, patience: patience, trimming: common.trimming),
            http: HTTPVoice(
                name: setup.settings.provider, network: setup.network, key: key,
                longestText: CartesiaSpeechWire.maximumCharacters, trimming: common.trimming,
                timeouts: RequestTimeouts(firstByte: patience, idle: patience), origin: addresses.web.origin,
                request: { CartesiaSpeechWire.request($0, addresses.web, read, $1, key) }),
            network: setup.network)
    }

    /// Every encoding at the service's rates as it is; else linear at the next higher rate.
    package func format(for native: AudioFormat) -> AudioFormat {
        let rates = CartesiaSpeechWire.rates
        if native.encoding != .opus, rates.contains(native.sampleRate) { return native }
        let rate = rates.first { $0 >= native.sampleRate } ?? 48_000
        return (try? AudioFormat(encoding: .pcm16, sampleRate: rate)) ?? native
    }

    package func warm(on eventLoop: any EventLoop) {
        if transport == .http { http.warm(on: eventLoop) }
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        let wire = CartesiaSpeechWire(options: options, format: format)
        let headers = CartesiaSpeechWire.headers(options, setup.key)
        let (network, url) = (network, socketURL)
        return VoicePathStream.open(
            transport, name: name, context: context, patience: setup.patience, sink: sink
        ) { sink in
            http.open(context, format: format, sink: sink)
        } socket: { sink, timeout in
            VoiceContextStream(
                setup, wire: wire, format: format, context: context,
                connect: {
                    network.openWebSocket(
                        url, headers: headers, on: context.eventLoop, timeout: timeout,
                        opened: context.connects(.textToSpeech), sink: $0)
                }, sink: sink)
        }
    }
}
