internal import VoiceEngineCore
internal import VoiceEngineNet

/// What the document says about a Flux recogniser.
struct DeepgramFluxOptions: Sendable {
    /// The options that `/v1/listen` does not have.
    static let own = ["eot_threshold", "eager_eot_threshold", "eot_timeout_ms", "language_hints"]
    /// The options that only `/v1/listen` has.
    static let foreign = [
        "endpointing_ms", "utterance_end_ms", "interim_results", "vad_events", "smart_format", "punctuate", "dictation",
        "filler_words", "keywords",
    ]
    /// What the multilingual model can be told to expect.
    static let languages: Set<String> = ["de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt", "ru"]

    var model = "flux-general-en"
    /// Confidence that ends a turn; nil: the server's 0.7.
    var endOfTurnThreshold: Double?
    /// Confidence that announces the end of a turn; nil: it is not announced.
    var eagerThreshold: Double?
    /// [ms] of silence that end a turn whatever the confidence.
    var endOfTurnTimeout = 5_000
    var languageHints: [String] = []
    var keyterms: [String] = []
    var flags: [String] = []
    var tags: [String] = []
    /// Parameters that are passed on as they are.
    var others: [(name: String, value: String)] = []
    /// [ms] of audio per message; 80 is what the model works in.
    var chunkMilliseconds = 80

    /// - Throws: naming the key of the document that is wrong.
    init(_ setup: ProviderSetup, _ reader: inout OptionReader) throws(ProviderSetupError) {
        if let model = setup.settings.model { self.model = model }
        try setup.refuse(Self.foreign, "is not for flux models")
        endOfTurnThreshold = try reader.double("eot_threshold", 0.5...1)
        eagerThreshold = try reader.double("eager_eot_threshold", 0.3...0.9)
        if let eagerThreshold, eagerThreshold > endOfTurnThreshold ?? 0.7 {
            throw setup.error("eager_eot_threshold", "is at most eot_threshold (without it: 0.7)")
        }
        endOfTurnTimeout = try reader.int("eot_timeout_ms", 500...60_000) ?? 5_000
        try readLanguages(setup, &reader)
        keyterms = try reader.strings("keyterms", atMost: 100)
        for flag in ["numerals", "profanity_filter", "mip_opt_out"] where try reader.bool(flag) ?? false {
            flags.append(flag)
        }
        tags = try reader.strings("tags", atMost: 10)
        chunkMilliseconds = try reader.int("chunk_ms", 20...100) ?? 80
        others = try reader.rest(except: [
            "model", "encoding", "sample_rate", "channels", "language", "endpointing", "callback",
        ])
    }

    private mutating func readLanguages(
        _ setup: ProviderSetup, _ reader: inout OptionReader
    ) throws(ProviderSetupError) {
        languageHints = try reader.strings("language_hints", atMost: 10)
        let isMultilingual = model.contains("multi")
        guard isMultilingual || languageHints.isEmpty else {
            throw setup.error("language_hints", "are for flux-general-multi")
        }
        guard let language = setup.baseLanguage else { return }
        if !isMultilingual {
            guard language == "en" || language == "multi" else {
                throw setup.error("language", "\(model) understands English only; use flux-general-multi")
            }
        } else if languageHints.isEmpty, Self.languages.contains(language) {
            languageHints = [language]
        }
    }
}

/// Deepgram `/v2/listen` as bytes: addresses, control messages, answers. Pure.
enum DeepgramFluxWire {
    static let forceEndTurn = Array(#"{"type":"ForceEndTurn"}"#.utf8)
    static let closeStream = DeepgramListenWire.closeStream
    /// Code of the warning that a ForceEndTurn had nothing to end.
    static let noActiveTurn = "FORCE_END_TURN_NO_ACTIVE_TURN"

    static func query(_ options: DeepgramFluxOptions, _ format: AudioFormat) -> [(name: String, value: String)] {
        var query: [(name: String, value: String)] = [
            ("model", options.model), ("encoding", DeepgramEncoding.name(format.encoding)),
            ("sample_rate", String(format.sampleRate)),
        ]
        if let threshold = options.endOfTurnThreshold { query.append(("eot_threshold", "\(threshold)")) }
        if let threshold = options.eagerThreshold { query.append(("eager_eot_threshold", "\(threshold)")) }
        query.append(("eot_timeout_ms", String(options.endOfTurnTimeout)))
        for flag in options.flags { query.append((flag, "true")) }
        for hint in options.languageHints { query.append(("language_hint", hint)) }
        for keyterm in options.keyterms { query.append(("keyterm", keyterm)) }
        for tag in options.tags { query.append(("tag", tag)) }
        return query + options.others
    }

    static func url(_ base: WebURL, _ options: DeepgramFluxOptions, _ format: AudioFormat) -> WebURL {
        base.appending(path: "v2/listen").appending(query: query(options, format))
    }

    enum TurnEvent: String, Equatable, Sendable {
        case start = "StartOfTurn"
        case update = "Update"
        case eagerEnd = "EagerEndOfTurn"
        case resumed = "TurnResumed"
        case end = "EndOfTurn"
    }

    struct Turn: Equatable, Sendable {
        var event: TurnEvent
        var index: Int64
        /// The whole turn so far.
        var transcript: String
        /// [s] End of the audio that was transcribed.
        var windowEnd: Double
    }

    enum Message: Equatable, Sendable {
        case connected(requestID: String?)
        case turn(Turn)
        case warning(code: String, description: String)
        /// The connection ends after it.
        case error(code: String, description: String)
        /// A type or an event that is not known here; to be ignored.
        case other(String)
    }

    /// - Returns: nil when this is not a message of the protocol.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Message? {
        guard let value = try? JSONValue.parse(bytes), let type = value["type"]?.string else { return nil }
        switch type {
        case "Connected": return .connected(requestID: value["request_id"]?.string)
        case "TurnInfo": return turn(value)
        case "Warning":
            return .warning(code: value["code"]?.string ?? "", description: value["description"]?.string ?? "")
        case "Error", "FatalError":
            return .error(
                code: value["code"]?.string ?? "", description: value["description"]?.string ?? "no description")
        default: return .other(type)
        }
    }

    private static func turn(_ value: JSONValue) -> Message? {
        guard let name = value["event"]?.string, let index = value["turn_index"]?.lenientInt,
            let transcript = value["transcript"]?.string, let end = value["audio_window_end"]?.double
        else { return nil }
        guard let event = TurnEvent(rawValue: name) else { return .other("TurnInfo \(name)") }
        return .turn(Turn(event: event, index: index, transcript: transcript, windowEnd: end))
    }
}
