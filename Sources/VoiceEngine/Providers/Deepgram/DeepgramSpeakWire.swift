internal import VoiceEngineCore
internal import VoiceEngineNet

struct DeepgramSpeakOptions: Sendable {
    var model = "aura-2-thalia-en"
    var speed: Double?
    /// Parameters that are passed on as they are.
    var others: [(name: String, value: String)] = []
}

/// Deepgram `/v1/speak` as bytes: addresses, control messages, answers. Pure.
enum DeepgramSpeakWire {
    static let flush = Array(#"{"type":"Flush"}"#.utf8)
    static let clear = Array(#"{"type":"Clear"}"#.utf8)
    static let close = Array(#"{"type":"Close"}"#.utf8)
    /// Characters of one Speak message.
    static let maximumCharacters = 2_000

    static func url(_ base: WebURL, _ options: DeepgramSpeakOptions, _ format: AudioFormat) -> WebURL {
        var query: [(name: String, value: String)] = [
            ("model", options.model), ("encoding", DeepgramEncoding.name(format.encoding)),
            ("sample_rate", String(format.sampleRate)),
        ]
        if let speed = options.speed { query.append(("speed", "\(speed)")) }
        query += options.others
        return base.appending(path: "v1/speak").appending(query: query)
    }

    static func speak(_ text: String) -> [UInt8] {
        var writer = JSONWriter(reserving: text.utf8.count + 32)
        writer.beginObject()
        writer.key("type")
        writer.string("Speak")
        writer.key("text")
        writer.string(text)
        writer.endObject()
        return writer.bytes
    }

    /// Pieces of at most `maximumCharacters`, each with the space that the server does not put between pieces.
    static func pieces(_ text: String) -> [String] { VoiceText.pieces(text, atMost: maximumCharacters) }

    /// One piece of text over HTTP, without the WAV header that is the default there.
    static func request(
        _ piece: HTTPVoiceStateMachine.Piece, _ base: WebURL, _ options: DeepgramSpeakOptions, _ format: AudioFormat,
        _ key: Secret?
    ) -> HTTPRequest {
        var headers = DeepgramEncoding.headers(key)
        headers.add("Content-Type", "application/json")
        var writer = JSONWriter(reserving: piece.text.utf8.count + 32)
        writer.beginObject()
        writer.member("text", .string(piece.text))
        writer.endObject()
        return HTTPRequest(
            "POST", url(base, options, format).appending(query: [("container", "none")]), headers: headers,
            body: writer.bytes)
    }

    enum Message: Equatable, Sendable {
        case metadata(requestID: String?)
        case flushed
        case cleared
        /// `isFlushLimit`: a Flush was not executed and will not be answered.
        case warning(String, isFlushLimit: Bool)
        case error(String)
        case other(String)
    }

    /// - Returns: nil when this is not a message of the protocol.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Message? {
        guard let value = try? JSONValue.parse(bytes), let type = value["type"]?.string else { return nil }
        switch type {
        case "Metadata": return .metadata(requestID: value["request_id"]?.string)
        case "Flushed": return .flushed
        case "Cleared": return .cleared
        case "Warning":
            let code = value["code"]?.string ?? value["warn_code"]?.string ?? ""
            let text = value["description"]?.string ?? value["warn_msg"]?.string ?? code
            return .warning(text, isFlushLimit: code.contains("FLUSH"))
        case "Error":
            let code = value["code"]?.string ?? value["err_code"]?.string
            let text = value["description"]?.string ?? value["err_msg"]?.string ?? value["message"]?.string
            return .error([code, text].compactMap(\.self).joined(separator: ": "))
        default: return .other(type)
        }
    }
}
