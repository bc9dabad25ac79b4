internal import VoiceEngineCore

/// What the document says about a Soniox recogniser.
struct SonioxOptions: Sendable {
    var model = "stt-rt-v5"
    /// ISO 639-1.
    var languageHints: [String] = []
    var strictHints = false
    /// Words to expect.
    var terms: [String] = []
    /// Free text about the conversation.
    var context: String?
    var endpointDetection = true
    /// [ms] Longest time from the end of speech to `<end>`.
    var maximumEndpointDelay = 1_000
    var endpointSensitivity: Double?
    var endpointLatencyLevel: Int?
    /// Parameters that are put into the address.
    var others: [(name: String, value: String)] = []
    /// [ms] of audio per message.
    var chunkMilliseconds = 60
}

/// Soniox `/transcribe-websocket` as bytes: the first message, control messages, answers. Pure.
enum SonioxWire {
    static let keepAlive = Array(#"{"type":"keepalive"}"#.utf8)
    /// An empty message ends the audio.
    static let endOfAudio: [UInt8] = []

    /// - Parameter trailingSilence: [ms] of silence that were sent last.
    static func finalize(trailingSilence: Int) -> [UInt8] {
        Array(#"{"type":"finalize","trailing_silence_ms":\#(trailingSilence)}"#.utf8)
    }

    /// The first message. The key is not in it: it travels in the handshake, and twice is refused.
    static func configuration(_ options: SonioxOptions, _ format: AudioFormat) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.member("model", .string(options.model))
        writer.member("audio_format", .string(name(format.encoding)))
        writer.member("sample_rate", .int(Int64(format.sampleRate)))
        writer.member("num_channels", 1)
        if !options.languageHints.isEmpty {
            writer.member("language_hints", .array(options.languageHints.map { .string($0) }))
            if options.strictHints { writer.member("language_hints_strict", true) }
        }
        if !options.terms.isEmpty || options.context != nil {
            var context = JSONObject()
            if let text = options.context { context.append("text", .string(text)) }
            if !options.terms.isEmpty { context.append("terms", .array(options.terms.map { .string($0) })) }
            writer.member("context", .object(context))
        }
        writer.member("enable_endpoint_detection", .bool(options.endpointDetection))
        if options.endpointDetection {
            writer.member("max_endpoint_delay_ms", .int(Int64(options.maximumEndpointDelay)))
            if let value = options.endpointSensitivity { writer.member("endpoint_sensitivity", .double(value)) }
            if let level = options.endpointLatencyLevel {
                writer.member("endpoint_latency_adjustment_level", .int(Int64(level)))
            }
        }
        writer.endObject()
        return writer.bytes
    }

    private static func name(_ encoding: AudioEncoding) -> String {
        switch encoding {
        case .pcm16, .opus: "pcm_s16le"
        case .mulaw: "mulaw"
        case .alaw: "alaw"
        }
    }

    /// A piece of a word, with the spaces it has.
    enum Token: Equatable, Sendable {
        case text(String, isFinal: Bool)
        /// `<end>`: the caller has finished.
        case end
        /// `<fin>`: the answer to a finalize.
        case finalized
    }

    struct Progress: Equatable, Sendable {
        /// nil when the message has no list: a mere report of progress.
        var tokens: [Token]?
        /// [ms] of audio whose tokens are final.
        var finalMilliseconds: Int64
        /// [ms] of audio that was worked on.
        var totalMilliseconds: Int64
        var isFinished = false
    }

    enum Message: Equatable, Sendable {
        case progress(Progress)
        case error(code: Int, String)
    }

    /// - Returns: nil when this is not a message of the protocol.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Message? {
        guard let value = try? JSONValue.parse(bytes), value.object != nil else { return nil }
        if let code = value["error_code"]?.lenientInt {
            return .error(code: Int(clamping: code), value["error_message"]?.string ?? "no description")
        }
        let list = value["tokens"].flatMap { $0.isNull ? nil : $0 }
        var tokens: [Token]?
        if let list {
            guard let list = list.array else { return nil }
            tokens = []
            for element in list {
                guard let text = element["text"]?.string else { return nil }
                // A translation says the same again.
                if element["translation_status"]?.string == "translation" { continue }
                switch text {
                case "<end>": tokens?.append(.end)
                case "<fin>": tokens?.append(.finalized)
                default: tokens?.append(.text(text, isFinal: element["is_final"]?.bool ?? false))
                }
            }
        }
        return .progress(
            Progress(
                tokens: tokens, finalMilliseconds: value["final_audio_proc_ms"]?.lenientInt ?? 0,
                totalMilliseconds: value["total_audio_proc_ms"]?.lenientInt ?? 0,
                isFinished: value["finished"]?.bool ?? false))
    }
}
