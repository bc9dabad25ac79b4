package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// Speech over HTTP as OpenAI has it: OpenAI, Groq, and local servers (Kokoro-FastAPI, speaches, LocalAI).
///
/// One request for each segment; the next one is asked for while the first is being played.
package struct OpenAISpeech: TextToSpeechProvider, WarmableProvider {
    /// What the known services differ in.
    package struct Profile: Sendable {
        let baseURL: String?
        /// nil where the server asks for none.
        let keyVariable: String?
        /// `pcm` where the service has it: a header is one more thing that can be wrong.
        let responseFormat: String
        /// [characters] of one request.
        let longestText: Int

        package static let openAI = Profile(
            baseURL: "https://api.openai.com/v1", keyVariable: "OPENAI_API_KEY", responseFormat: "pcm",
            longestText: 4_096)
        /// Its voices take about 200 characters in one request.
        package static let groq = Profile(
            baseURL: "https://api.groq.com/openai/v1", keyVariable: "GROQ_API_KEY", responseFormat: "wav",
            longestText: 200)
        /// Any other server: the address is needed, a key only where the document names one.
        package static let compatible = Profile(
            baseURL: nil, keyVariable: nil, responseFormat: "pcm", longestText: 4_096)
    }

    package let name: String
    /// What the server delivers.
    private let rate: Int
    private let http: HTTPVoice

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup, profile: Profile) throws(ProviderSetupError) -> OpenAISpeech {
        var reader = OptionReader(setup)
        guard let model = setup.settings.model, !model.isEmpty else { throw setup.error("model", "is needed") }
        guard let voice = setup.settings.voice, !voice.isEmpty else { throw setup.error("voice", "is needed") }
        var options = OpenAISpeechOptions(model: model, voice: voice)
        options.responseFormat =
            try reader.string("response_format", oneOf: ["pcm", "wav"]) ?? profile.responseFormat
        options.instructions = try reader.string("instructions")
        options.speed = try reader.double("speed", 0.25...4)
        for member in try reader.object("extra")?.members ?? [] {
            guard !["model", "voice", "input", "response_format", "stream_format"].contains(member.key) else {
                throw setup.error("extra.\(member.key)", "is set by the engine")
            }
            options.extra.append((member.key, member.value))
        }
        let rate = try reader.int("sample_rate", 8_000...48_000) ?? 24_000
        let longest = try reader.int("max_characters", 50...10_000) ?? profile.longestText
        let patience = TimeAmount.milliseconds(Int64(try reader.int("timeout_ms", 100...120_000) ?? 5_000))
        let trimming = try reader.int("trim_silence_ms", 0...2_000) ?? 0
        let base = try setup.baseURL(profile.baseURL, webSocket: false)
        let url = base.appending(path: "audio/speech").appending(query: try reader.rest(except: []))
        let key = try setup.key(usual: profile.keyVariable)
        let read = options
        return OpenAISpeech(
            name: setup.settings.provider, rate: rate,
            http: HTTPVoice(
                name: setup.settings.provider, network: setup.network, key: key, longestText: longest,
                trimming: trimming, timeouts: RequestTimeouts(firstByte: patience, idle: patience), origin: url.origin,
                request: { piece, _ in OpenAISpeechWire.request(piece.text, url, read, key) }))
    }

    /// Linear audio at the server's rate; it has no other.
    package func format(for native: AudioFormat) -> AudioFormat {
        (try? AudioFormat(encoding: .pcm16, sampleRate: rate)) ?? native
    }

    package func warm(on eventLoop: any EventLoop) { http.warm(on: eventLoop) }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        http.open(context, format: format, sink: sink)
    }
}

/// What the document says about an OpenAI voice.
struct OpenAISpeechOptions: Sendable {
    var model: String
    var voice: String
    var responseFormat = "pcm"
    var instructions: String?
    var speed: Double?
    var extra: [(key: String, value: JSONValue)] = []
}

/// `/v1/audio/speech` as bytes. Pure.
enum OpenAISpeechWire {
    static func request(_ text: String, _ url: WebURL, _ options: OpenAISpeechOptions, _ key: Secret?) -> HTTPRequest {
        var headers = HeaderList([("Content-Type", "application/json")])
        if let key { headers.add("Authorization", "Bearer \(key.reveal())") }
        return HTTPRequest("POST", url, headers: headers, body: body(text, options))
    }

    static func body(_ text: String, _ options: OpenAISpeechOptions) -> [UInt8] {
        var writer = JSONWriter(reserving: text.utf8.count + 256)
        writer.beginObject()
        writer.member("model", .string(options.model))
        writer.member("input", .string(text))
        // Voices of one's own are named by id.
        let isOwn = options.voice.hasPrefix("voice_")
        writer.member("voice", isOwn ? ["id": .string(options.voice)] : .string(options.voice))
        writer.member("response_format", .string(options.responseFormat))
        if let instructions = options.instructions { writer.member("instructions", .string(instructions)) }
        if let speed = options.speed { writer.member("speed", .double(speed)) }
        for (key, value) in options.extra { writer.member(key, value) }
        writer.endObject()
        return writer.bytes
    }
}
