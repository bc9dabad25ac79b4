internal import VoiceEngineCore

/// What the document says about a recogniser behind `/audio/transcriptions`.
struct OpenAITranscriptionOptions: Equatable, Sendable {
    enum AnswerFormat: String, Sendable {
        case json
        /// With the model's own doubts, by which invented text is told; whisper models have it.
        case verboseJSON = "verbose_json"
    }

    /// nil where the server has only one.
    var model: String?
    /// ISO 639-1.
    var language: String?
    var prompt: String?
    var keyterms: [String] = []
    var temperature: Double?
    var format = AnswerFormat.json
    var extra: [QueryItem] = []

    static func == (a: Self, b: Self) -> Bool {
        a.model == b.model && a.language == b.language && a.prompt == b.prompt && a.keyterms == b.keyterms
            && a.temperature == b.temperature && a.format == b.format && a.extra.elementsEqual(b.extra, by: ==)
    }

    /// The primary subtag of a language tag; nil for what is no single language.
    static func iso639(_ tag: String?) -> String? {
        guard let primary = tag?.split(whereSeparator: { $0 == "-" || $0 == "_" }).first?.lowercased(),
            (2...3).contains(primary.utf8.count), primary.utf8.allSatisfy({ (0x61...0x7A).contains($0) })
        else { return nil }
        return primary
    }
}

/// Requests and answers of OpenAI's transcriptions. Pure.
enum OpenAITranscriptionWire {
    /// Fields that the engine writes itself.
    static let reserved: Set<String> = ["file", "model", "language", "prompt", "response_format", "stream"]

    static func request(
        _ samples: [Int16], sampleRate: Int, _ options: OpenAITranscriptionOptions, boundary: String
    ) -> (body: [UInt8], contentType: String) {
        var form = MultipartForm(boundary: boundary, reserving: samples.count * 2 + 2_048)
        if let model = options.model { form.field("model", model) }
        form.field("response_format", options.format.rawValue)
        if let language = options.language { form.field("language", language) }
        var prompt = options.prompt
        if options.model?.hasPrefix("gpt-transcribe") ?? false {
            for term in options.keyterms { form.field("keywords[]", term) }
        } else if !options.keyterms.isEmpty {
            // Whisper takes its vocabulary from text that might have come before.
            prompt = ([prompt].compactMap { $0 } + [options.keyterms.joined(separator: ", ")]).joined(separator: " ")
        }
        if let prompt { form.field("prompt", prompt) }
        if let temperature = options.temperature { form.field("temperature", "\(temperature)") }
        for item in options.extra { form.field(item.name, item.value) }
        // Last: a server may begin to read the audio knowing everything else.
        form.file(
            "file", filename: "audio.wav", type: "audio/wav", WaveFile.bytes(samples, sampleRate: sampleRate))
        let contentType = form.contentType
        return (form.finish(), contentType)
    }

    /// The text of an answer, without what the model seems to have invented.
    ///
    /// - Returns: nil when it is none. Empty is an answer.
    static func text(_ body: [UInt8]) -> String? {
        guard let value = body.withUnsafeBytes({ try? JSONValue.parse($0) }), value.object != nil else { return nil }
        let segments = value["segments"]?.array ?? []
        let believed = segments.filter { !isInvented($0) }
        guard believed.count < segments.count else {
            return value["text"]?.string.map { $0.trimmingBlanks() }
        }
        return believed.compactMap { $0["text"]?.string }.joined().trimmingBlanks()
    }

    /// Whisper's own rules: nobody spoke and the words are unlikely, or the text repeats itself.
    private static func isInvented(_ segment: JSONValue) -> Bool {
        if let ratio = segment["compression_ratio"]?.lenientDouble, ratio > 2.4 { return true }
        guard let silence = segment["no_speech_prob"]?.lenientDouble else { return false }
        guard let likelihood = segment["avg_logprob"]?.lenientDouble else { return silence > 0.9 }
        return silence > 0.6 && likelihood < -1
    }
}

extension StringProtocol {
    /// Without blanks and line breaks at its ends.
    func trimmingBlanks() -> String {
        var rest = self[...]
        while rest.first?.isWhitespace ?? false { rest.removeFirst() }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return String(rest)
    }
}
