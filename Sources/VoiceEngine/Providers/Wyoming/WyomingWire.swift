internal import VoiceEngineCore
internal import VoiceEngineNet

/// The events of the Wyoming protocol that the engine sends and reads. Pure.
enum WyomingWire {
    static let describe = WyomingEvent("describe")

    // MARK: Recognition

    static func transcribe(model: String?, language: String?) -> WyomingEvent {
        WyomingEvent("transcribe", object(["name": model, "language": language]))
    }

    static func audioStart(_ rate: Int) -> WyomingEvent { WyomingEvent("audio-start", format(rate)) }

    static func audioChunk(_ rate: Int, _ pcm: [UInt8]) -> WyomingEvent {
        WyomingEvent("audio-chunk", format(rate), payload: pcm)
    }

    static let audioStop = WyomingEvent("audio-stop")

    private static func format(_ rate: Int) -> JSONObject {
        var data = JSONObject()
        data.append("rate", .int(Int64(rate)))
        data.append("width", 2)
        data.append("channels", 1)
        return data
    }

    // MARK: Speech

    /// A voice of the server. Language alone lets it choose.
    struct Voice: Equatable, Sendable {
        var name: String?
        var speaker: String?
        var language: String?

    }

    static func synthesize(_ text: String, _ voice: Voice) -> WyomingEvent {
        var data = JSONObject()
        data.append("text", .string(text))
        let choice = object(
            voice.name == nil ? ["language": voice.language] : ["name": voice.name, "speaker": voice.speaker])
        if !choice.isEmpty { data.append("voice", .object(choice)) }
        return WyomingEvent("synthesize", data)
    }

    private static func object(_ members: KeyValuePairs<String, String?>) -> JSONObject {
        var object = JSONObject()
        for (key, value) in members { if let value { object.append(key, .string(value)) } }
        return object
    }

    // MARK: From the server

    /// What a server can do, of its `info`.
    struct Info: Equatable, Sendable {
        var recognises = false
        var speaks = false

        init(_ data: JSONObject) {
            recognises = !(data["asr"]?.array ?? []).isEmpty
            speaks = !(data["tts"]?.array ?? []).isEmpty
        }
    }

    struct Audio: Equatable, Sendable {
        /// [Hz]
        var rate: Int
        /// [bytes] of one sample.
        var width: Int
        var channels: Int

        init?(_ data: JSONObject) {
            guard let rate = data["rate"]?.lenientInt, let width = data["width"]?.lenientInt,
                let channels = data["channels"]?.lenientInt, (8_000...48_000).contains(rate), width == 2,
                (1...2).contains(channels)
            else { return nil }
            (self.rate, self.width, self.channels) = (Int(rate), Int(width), Int(channels))
        }
    }

    enum Received: Equatable {
        case info(Info)
        case transcript(String)
        case audioStart(Audio)
        case audioChunk([UInt8])
        case audioStop
        case error(text: String, code: String)
        /// The server wants to know whether we live; the answer.
        case ping(WyomingEvent)
        case other
        /// Not of the protocol.
        case wrong(String)
    }

    static func decode(_ event: WyomingEvent) -> Received {
        switch event.type {
        case "info": return .info(Info(event.data))
        case "transcript":
            guard let text = event.data["text"]?.string else { return .wrong("a transcript without text") }
            return .transcript(text)
        case "audio-start":
            guard let audio = Audio(event.data) else { return .wrong("audio that is not 16 bit of 8 to 48 kHz") }
            return .audioStart(audio)
        case "audio-chunk": return .audioChunk(event.payload)
        case "audio-stop": return .audioStop
        case "error":
            return .error(text: event.data["text"]?.string ?? "", code: event.data["code"]?.lenientString ?? "")
        case "ping": return .ping(WyomingEvent("pong", event.data))
        default: return .other
        }
    }
}

/// Where a Wyoming server listens.
struct WyomingAddress: Equatable, Sendable {
    let origin: Origin

    /// - Parameter port: The customary one of the role, where the document gives none.
    static func make(_ setup: ProviderSetup, port: Int) throws(ProviderSetupError) -> WyomingAddress {
        let text = setup.settings.baseURL ?? "tcp://127.0.0.1"
        let scheme = "tcp://"
        guard text.hasPrefix(scheme) else {
            throw setup.error("base_url", "begins with tcp:// for this provider, such as tcp://127.0.0.1:\(port)")
        }
        let rest = text.dropFirst(scheme.count)
        // A colon behind the last bracket is a port's.
        let tail = rest.split(separator: "]", omittingEmptySubsequences: false).last ?? ""
        let url: WebURL
        do {
            url = try WebURL("http://" + rest + (tail.contains(":") ? "" : ":\(port)"))
        } catch {
            throw setup.error("base_url", error.description)
        }
        guard url.path == "/", url.query.isEmpty else {
            throw setup.error("base_url", "has a host and a port and nothing else: tcp://127.0.0.1:\(port)")
        }
        return WyomingAddress(origin: url.origin)
    }
}
