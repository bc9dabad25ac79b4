internal import VoiceEngineCore
internal import VoiceEngineNet

/// What the document says about an AssemblyAI recogniser.
struct AssemblyAIOptions: Sendable {
    var model = "universal-streaming-english"
    /// A second, written-out form of each turn ends it instead of the first.
    var formatTurns = false
    /// Confidence that ends a turn; nil: the server's.
    var endOfTurnThreshold: Double?
    /// [ms] Silence that ends a turn when that confidence is reached; nil: the server's.
    var minimumTurnSilence: Int?
    /// [ms] Silence that ends a turn in any case; nil: the server's.
    var maximumTurnSilence: Int?
    var vadThreshold: Double?
    var keyterms: [String] = []
    /// ISO 639-1.
    var languageCodes: [String] = []
    var prompt: String?
    /// [s] without audio and KeepAlive after which the server ends, and no longer bills, the session.
    var inactivityTimeout = 60
    /// Parameters that are passed on as they are.
    var others: [(name: String, value: String)] = []
    /// [ms] of audio per message, 50 to 1000.
    var chunkMilliseconds = 50
}

/// AssemblyAI `/v3/ws` as bytes: addresses, control messages, answers. Pure.
enum AssemblyAIWire {
    static let forceEndpoint = Array(#"{"type":"ForceEndpoint"}"#.utf8)
    static let keepAlive = Array(#"{"type":"KeepAlive"}"#.utf8)
    static let terminate = Array(#"{"type":"Terminate"}"#.utf8)

    static func query(_ options: AssemblyAIOptions, _ format: AudioFormat) -> [(name: String, value: String)] {
        var query: [(name: String, value: String)] = [
            ("sample_rate", String(format.sampleRate)),
            ("encoding", format.encoding == .mulaw ? "pcm_mulaw" : "pcm_s16le"), ("speech_model", options.model),
            ("format_turns", String(options.formatTurns)),
        ]
        func add(_ name: String, _ value: String?) { if let value { query.append((name, value)) } }
        add("end_of_turn_confidence_threshold", options.endOfTurnThreshold.map { "\($0)" })
        add("min_turn_silence", options.minimumTurnSilence.map(String.init))
        add("max_turn_silence", options.maximumTurnSilence.map(String.init))
        add("vad_threshold", options.vadThreshold.map { "\($0)" })
        // Lists are one parameter each, written as JSON; repeated parameters are ignored or refused.
        if !options.keyterms.isEmpty { add("keyterms_prompt", json(options.keyterms)) }
        if !options.languageCodes.isEmpty { add("language_codes", json(options.languageCodes)) }
        add("prompt", options.prompt)
        add("inactivity_timeout", String(options.inactivityTimeout))
        return query + options.others
    }

    static func url(_ base: WebURL, _ options: AssemblyAIOptions, _ format: AudioFormat) -> WebURL {
        base.appending(path: "v3/ws").appending(query: query(options, format))
    }

    /// The bare key, without `Bearer`.
    static func headers(_ key: Secret?) -> HeaderList {
        key.map { HeaderList([("Authorization", $0.reveal())]) } ?? HeaderList()
    }

    private static func json(_ texts: [String]) -> String { JSONValue.array(texts.map { .string($0) }).text }

    struct Turn: Equatable, Sendable {
        var order: Int64
        /// Everything of the turn, words that may change included.
        var text: String
        /// [ms] End of the last word.
        var coveredMilliseconds: Int64?
        var isEnd = false
        var isFormatted = false
    }

    enum Message: Equatable, Sendable {
        case begin(id: String)
        case speechStarted
        case turn(Turn)
        case termination
        /// The connection ends after it.
        case error(code: Int?, String)
        case warning(String)
        /// A type that is not known here, or of no use here; to be ignored.
        case other(String)
    }

    /// - Returns: nil when this is not a message of the protocol.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Message? {
        guard let value = try? JSONValue.parse(bytes), value.object != nil else { return nil }
        switch value["type"]?.string {
        case "Begin": return .begin(id: value["id"]?.string ?? "")
        case "SpeechStarted": return .speechStarted
        case "Turn": return turn(value).map(Message.turn)
        case "Termination": return .termination
        case "Error": return error(value)
        case "Warning": return .warning(value["warning"]?.string ?? "")
        case let type?: return .other(type)
        // Early refusals come without a type.
        case nil: return value["error"] == nil ? nil : error(value)
        }
    }

    private static func error(_ value: JSONValue) -> Message {
        .error(
            code: value["error_code"]?.lenientInt.map { Int(clamping: $0) },
            value["error"]?.string ?? "no description")
    }

    private static func turn(_ value: JSONValue) -> Turn? {
        guard let order = value["turn_order"]?.lenientInt, let transcript = value["transcript"]?.string else {
            return nil
        }
        let words = value["words"]?.array ?? []
        let isFormatted = value["turn_is_formatted"]?.bool ?? false
        // The transcript has the words that will not change; those that may are only in the list.
        var text = transcript
        if words.contains(where: { $0["word_is_final"]?.bool == false }) {
            text = words.compactMap { $0["text"]?.string }.reduce("") { UtteranceText.join($0, $1) }
        }
        return Turn(
            order: order, text: text, coveredMilliseconds: words.last?["end"]?.lenientInt,
            isEnd: value["end_of_turn"]?.bool ?? false, isFormatted: isFormatted)
    }

    /// What an error code or a close code means.
    static func kind(ofError code: Int?, _ text: String) -> ProviderError.Kind {
        let text = text.lowercased()
        switch code {
        case 3006: return .configuration
        // Audio in pieces of the wrong length.
        case 3007: return .protocol
        case 3009, 4102: return .rateLimited
        case 4001, 4002, 4003: return .auth
        case let code? where (4_000...4_101).contains(code): return .configuration
        case 3005, 3008, 1011, 1013: return .unavailable
        default: break
        }
        if text.contains("concurrent") || text.contains("too many") { return .rateLimited }
        if code == 1008 || code == 401 || code == 403 || text.contains("authoriz") || text.contains("api key") {
            return .auth
        }
        return .unavailable
    }
}
