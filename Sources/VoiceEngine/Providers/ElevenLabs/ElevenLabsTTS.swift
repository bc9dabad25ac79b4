package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// ElevenLabs' voices: multi-context and single-context WebSocket, and the HTTP stream.
package struct ElevenLabsTTS: TextToSpeechProvider, WarmableProvider {
    package let name: String
    private let socketBase: WebURL
    private let transport: VoiceTransport
    private let wire: ElevenLabsSpeechWire
    private let setup: VoiceSocketSetup
    private let http: HTTPVoice
    /// [Hz] Linear audio above it needs a higher plan.
    private let maximumRate: Int
    private let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> ElevenLabsTTS {
        var reader = OptionReader(setup)
        guard let voice = setup.settings.voice, !voice.isEmpty else {
            throw setup.error("voice", "is needed: the id of a voice")
        }
        var options = ElevenLabsSpeechOptions(voice: voice)
        if let model = setup.settings.model { options.model = model }
        let common = try setup.voiceSettings(&reader)
        if ["eleven_v3", "eleven_v4"].contains(where: options.model.hasPrefix), common.transport != .http {
            throw setup.error(
                "model", "\(options.model) is not on this WebSocket; use \"transport\": \"http\" or another model")
        }
        // Other models refuse the parameter.
        if options.model.hasSuffix("v2_5") || common.transport == .http {
            options.language = VoiceText.languageCode(setup.settings.language)
        }
        try read(&options, &reader, setup)
        let maximumRate = try reader.int("max_sample_rate", 8_000...48_000) ?? 24_000
        options.others = try reader.rest(except: [
            "model_id", "output_format", "language_code", "inactivity_timeout", "sync_alignment", "xi_api_key",
            "authorization", "single_use_token",
        ])
        let addresses = try setup.voiceAddresses("https://api.elevenlabs.io")
        let key = try setup.key(usual: "ELEVENLABS_API_KEY")
        let wire = ElevenLabsSpeechWire(options: options)
        let patience = TimeAmount.milliseconds(common.patience)
        return ElevenLabsTTS(
            name: setup.settings.provider, socketBase: addresses.socket, transport: common.transport, wire: wire,
            setup: VoiceSocketSetup(
                name: setup.settings.provider, key: key, patience: patience, trimming: common.trimming),
            http: HTTPVoice(
                name: setup.settings.provider, network: setup.network, key: key,
                longestText: ElevenLabsSpeechWire.maximumCharacters, trimming: common.trimming,
                timeouts: RequestTimeouts(firstByte: patience, idle: patience), origin: addresses.web.origin,
                request: { wire.request($0, addresses.web, $1, key) }),
            maximumRate: maximumRate, network: setup.network)
    }

    private static func read(
        _ options: inout ElevenLabsSpeechOptions, _ reader: inout OptionReader, _ setup: ProviderSetup
    ) throws(ProviderSetupError) {
        if let name = try reader.string("socket", oneOf: ElevenLabsSpeechOptions.Socket.allCases.map(\.rawValue)) {
            options.socket = .init(rawValue: name) ?? .multi
        }
        if let text = try reader.string("chunk_length_schedule") {
            let numbers = text.split(separator: ",").map { Int($0.filter { $0 != " " }) }
            options.schedule = numbers.compactMap(\.self).filter { (50...500).contains($0) }
            guard options.schedule.count == numbers.count, (1...8).contains(numbers.count) else {
                throw setup.error(
                    "chunk_length_schedule", "is a list of numbers from 50 to 500, such as \"80,120,200,260\"")
            }
        }
        options.autoMode = try reader.bool("auto_mode") ?? options.schedule.isEmpty
        guard !options.autoMode || options.schedule.isEmpty else {
            throw setup.error("auto_mode", "is false where chunk_length_schedule is given")
        }
        options.stability = try reader.double("stability", 0...1)
        options.similarityBoost = try reader.double("similarity_boost", 0...1)
        options.style = try reader.double("style", 0...1)
        options.speakerBoost = try reader.bool("use_speaker_boost")
        options.speed = try reader.double("speed", 0.7...1.2)
        options.inactivityTimeout = try reader.int("inactivity_timeout_s", 20...180) ?? 180
        options.normalization = try reader.string("apply_text_normalization", oneOf: ["auto", "on", "off"])
        options.seed = try reader.int("seed", 0...4_294_967_295)
        for text in try reader.strings("pronunciation_dictionaries", atMost: 3) {
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard let id = parts.first else {
                throw setup.error("pronunciation_dictionaries", "is a list of id or id:version")
            }
            options.dictionaries.append((id, parts.count > 1 ? parts[1] : nil))
        }
    }

    /// G.711 at 8 kHz as it is; else linear at the same or the next higher rate that the plan allows.
    package func format(for native: AudioFormat) -> AudioFormat {
        if ElevenLabsSpeechWire.name(native) != nil, native.encoding != .pcm16 { return native }
        let rates = ElevenLabsSpeechWire.rates.filter { $0 <= maximumRate }
        let rate = rates.first { $0 >= native.sampleRate } ?? rates.last ?? 24_000
        return (try? AudioFormat(encoding: .pcm16, sampleRate: rate)) ?? native
    }

    package func warm(on eventLoop: any EventLoop) {
        if transport == .http { http.warm(on: eventLoop) }
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        let url = wire.socketURL(socketBase, format)
        let headers = ElevenLabsSpeechWire.headers(setup.key)
        let network = network
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
