internal import VoiceEngineCore
internal import VoiceEngineNet

/// What the document says about a Deepgram recogniser.
struct DeepgramListenOptions: Sendable {
    var model = "nova-3"
    var language: String?
    var interimResults = true
    /// [ms] of silence; nil switches it off. Deepgram's own default of 10 ms ends a segment at every breath.
    var endpointing: Int? = 300
    /// [ms]; works from gaps between words, so it ends an utterance where noise keeps the endpointing busy.
    var utteranceEnd: Int? = 1_000
    var vadEvents = true
    var smartFormat = false
    var flags: [String] = []
    /// Words to expect, for nova-3.
    var keyterms: [String] = []
    /// Words to expect as `word:weight`, for the models before it.
    var keywords: [String] = []
    var tags: [String] = []
    /// Parameters that are passed on as they are.
    var others: [(name: String, value: String)] = []
    /// [ms] of audio per message.
    var chunkMilliseconds = 80
}

/// Deepgram `/v1/listen` as bytes: addresses, control messages, answers. Pure.
enum DeepgramListenWire {
    static let keepAlive = Array(#"{"type":"KeepAlive"}"#.utf8)
    static let finalize = Array(#"{"type":"Finalize"}"#.utf8)
    static let closeStream = Array(#"{"type":"CloseStream"}"#.utf8)

    static func url(_ base: WebURL, _ options: DeepgramListenOptions, _ format: AudioFormat) -> WebURL {
        var query: [(name: String, value: String)] = [("model", options.model)]
        if let language = options.language { query.append(("language", language)) }
        query.append(("encoding", DeepgramEncoding.name(format.encoding)))
        query.append(("sample_rate", String(format.sampleRate)))
        query.append(("channels", "1"))
        query.append(("interim_results", String(options.interimResults)))
        query.append(("endpointing", options.endpointing.map(String.init) ?? "false"))
        // Refused by the server without interim results.
        if options.interimResults, let time = options.utteranceEnd { query.append(("utterance_end_ms", String(time))) }
        query.append(("vad_events", String(options.vadEvents)))
        query.append(("smart_format", String(options.smartFormat)))
        for flag in options.flags { query.append((flag, "true")) }
        for keyterm in options.keyterms { query.append(("keyterm", keyterm)) }
        for keyword in options.keywords { query.append(("keywords", keyword)) }
        for tag in options.tags { query.append(("tag", tag)) }
        query += options.others
        return base.appending(path: "v1/listen").appending(query: query)
    }

    struct Word: Equatable, Sendable {
        var text: String
        /// [s] since the connection's first audio byte.
        var start: Double
        var end: Double
    }

    struct Results: Equatable, Sendable {
        var transcript: String
        var words: [Word] = []
        /// [s]
        var start: Double
        var duration: Double
        var isFinal = false
        var speechFinal = false
        var fromFinalize = false
    }

    enum Message: Equatable, Sendable {
        case results(Results)
        case utteranceEnd
        case speechStarted
        case metadata(requestID: String?)
        case error(String)
        /// A type that is not known here; to be ignored.
        case other(String)
    }

    /// - Parameter committedEnd: [s] A segment that begins later is read without its words: nobody asks for them.
    /// - Returns: nil when this is not a message of the protocol.
    static func decode(_ bytes: UnsafeRawBufferPointer, committedEnd: Double = .infinity) -> Message? {
        var fields = ResultsFields()
        do { try JSONScanner.scan(bytes) { fields.take($0) } } catch { return nil }
        if fields.isResults { return fields.results(bytes, committedEnd).map(Message.results) }
        guard let value = try? JSONValue.parse(bytes), let type = value["type"]?.string else { return nil }
        switch type {
        case "UtteranceEnd": return .utteranceEnd
        case "SpeechStarted": return .speechStarted
        case "Metadata": return .metadata(requestID: value["request_id"]?.string)
        case "Error":
            return .error(value["description"]?.string ?? value["variant"]?.string ?? "no description")
        default: return .other(type)
        }
    }
}

/// What is read of `Results`, without a tree: they come several times a second in each call, each time with all words
/// of the segment.
private struct ResultsFields {
    private(set) var isResults = false
    private var start: Double?
    private var duration: Double?
    private var isFinal = false
    private var speechFinal = false
    private var fromFinalize = false
    private var alternatives: Range<Int>?

    mutating func take(_ member: borrowing JSONScanner.Member) {
        switch member.kind {
        case .string: if member.isNamed("type") { isResults = member.isString("Results") }
        case .number:
            if member.isNamed("start") { start = member.double }
            if member.isNamed("duration") { duration = member.double }
        case .bool:
            if member.isNamed("is_final") { isFinal = member.bool ?? false }
            if member.isNamed("speech_final") { speechFinal = member.bool ?? false }
            if member.isNamed("from_finalize") { fromFinalize = member.bool ?? false }
        case .array: if member.isNamed("alternatives", in: "channel") { alternatives = member.value }
        case .null, .object: break
        }
    }

    /// - Returns: nil when something is missing.
    func results(_ bytes: UnsafeRawBufferPointer, _ committedEnd: Double) -> DeepgramListenWire.Results? {
        guard let start, let duration, let alternatives else { return nil }
        var results = DeepgramListenWire.Results(
            transcript: "", start: start, duration: duration, isFinal: isFinal, speechFinal: speechFinal,
            fromFinalize: fromFinalize)
        let needsWords = committedEnd > start
        let list = UnsafeRawBufferPointer(rebasing: bytes[alternatives])
        let isComplete = JSONScanner.scanFirstObject(of: list) { member in
            if member.isNamed("transcript") { results.transcript = member.text ?? "" }
            if needsWords, member.isNamed("words") { results.words = Self.words(member.valueBytes) }
        }
        return isComplete ? results : nil
    }

    private static func words(_ list: UnsafeRawBufferPointer) -> [DeepgramListenWire.Word] {
        guard let words = (try? JSONValue.parse(list))?.array else { return [] }
        return words.compactMap { word in
            guard let text = word["punctuated_word"]?.string ?? word["word"]?.string, let start = word["start"]?.double,
                let end = word["end"]?.double
            else { return nil }
            return DeepgramListenWire.Word(text: text, start: start, end: end)
        }
    }
}

enum DeepgramEncoding {
    static func name(_ encoding: AudioEncoding) -> String {
        switch encoding {
        case .pcm16: "linear16"
        case .mulaw: "mulaw"
        case .alaw: "alaw"
        case .opus: "opus"
        }
    }

    /// What a handshake carries; nothing where the document names no key for an address of its own.
    static func headers(_ key: Secret?) -> HeaderList {
        key.map { HeaderList([("Authorization", "Token \($0.reveal())")]) } ?? HeaderList()
    }

    /// Why Deepgram closed a connection.
    static func meaning(ofClose code: UInt16?, _ description: String) -> ProviderError.Kind {
        // DATA-0000: the bytes are not the audio that the address announced.
        code == 1008 || description.contains("DATA-0000") ? .configuration : .unavailable
    }
}
