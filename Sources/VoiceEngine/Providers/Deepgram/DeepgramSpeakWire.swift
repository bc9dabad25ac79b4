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
    /// Cut at the end
    /// of a sentence where there is one, else between words, else anywhere. Blank text gives no piece.
    static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var rest = Substring(text.map { $0.isNewline || $0.asciiValue.map { $0 < 0x20 } ?? false ? " " : $0 })
        while !rest.isEmpty {
            var end = rest.endIndex
            if rest.count >= maximumCharacters {
                let window = rest.prefix(maximumCharacters - 1)
                let sentence = window.lastIndex { ".!?".contains($0) }
                let space = window.lastIndex(of: " ")
                end = (sentence ?? space).map { window.index(after: $0) } ?? window.endIndex
            }
            var piece = rest[..<end]
            rest = rest[end...]
            while piece.last == " " { piece.removeLast() }
            while piece.first == " " { piece.removeFirst() }
            if !piece.isEmpty { pieces.append(String(piece) + " ") }
        }
        return pieces
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
