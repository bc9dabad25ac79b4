internal import VoiceEngineCore
internal import VoiceEngineNet

/// What the document says about a Scribe recogniser.
struct ElevenLabsScribeOptions: Sendable {
    enum CommitStrategy: String, Sendable, CaseIterable {
        /// We say when a segment is over: sooner, because the engine hears the caller pause.
        case manual
        /// The server does, after a silence.
        case vad
    }

    var model = "scribe_v2_realtime"
    /// ISO 639-1 or -3; nil: the server finds out.
    var language: String?
    var secondaryLanguages: [String] = []
    var commitStrategy = CommitStrategy.manual
    /// [ms] Silence that commits with `vad`.
    var silence = 500
    var vadThreshold: Double?
    /// [ms]
    var minimumSpeech: Int?
    var minimumSilence: Int?
    var keyterms: [String] = []
    var flags: [String] = []
    /// Parameters that are passed on as they are.
    var others: [(name: String, value: String)] = []
    /// [ms] of audio per message.
    var chunkMilliseconds = 100
}

/// ElevenLabs `/v1/speech-to-text/realtime` as bytes: addresses, audio messages, answers. Pure.
enum ElevenLabsScribeWire {
    static func query(
        _ options: ElevenLabsScribeOptions, _ format: AudioFormat
    ) -> [(name: String, value: String)] {
        var query: [(name: String, value: String)] = [
            ("model_id", options.model),
            ("audio_format", (format.encoding == .mulaw ? "ulaw_" : "pcm_") + String(format.sampleRate)),
            ("commit_strategy", options.commitStrategy.rawValue),
        ]
        func add(_ name: String, _ value: String?) { if let value { query.append((name, value)) } }
        if options.commitStrategy == .vad {
            add("vad_silence_threshold_secs", "\(Double(options.silence) / 1_000)")
            add("vad_threshold", options.vadThreshold.map { "\($0)" })
            add("min_speech_duration_ms", options.minimumSpeech.map(String.init))
            add("min_silence_duration_ms", options.minimumSilence.map(String.init))
        }
        add("language_code", options.language)
        for language in options.secondaryLanguages { query.append(("secondary_languages", language)) }
        for term in options.keyterms { query.append(("keyterms", term)) }
        for flag in options.flags { query.append((flag, "true")) }
        return query + options.others
    }

    static func url(_ base: WebURL, _ options: ElevenLabsScribeOptions, _ format: AudioFormat) -> WebURL {
        base.appending(path: "v1/speech-to-text/realtime").appending(query: query(options, format))
    }

    static func headers(_ key: Secret?) -> HeaderList {
        key.map { HeaderList([("xi-api-key", $0.reveal())]) } ?? HeaderList()
    }

    private static let opening = Array(#"{"message_type":"input_audio_chunk","audio_base_64":""#.utf8)

    /// Appends a message with audio to `message`.
    ///
    /// - Parameter ending: Of `ending(commit:sampleRate:)`.
    static func writeAudio(_ audio: UnsafeRawBufferPointer, ending: [UInt8], to message: inout [UInt8]) {
        message.append(contentsOf: opening)
        Base64.append(encoding: audio.assumingMemoryBound(to: UInt8.self).span, to: &message)
        message.append(contentsOf: ending)
    }

    /// How an audio message ends.
    ///
    /// - Parameter commit: The segment is over with this message's audio.
    static func ending(commit: Bool, sampleRate: Int) -> [UInt8] {
        Array(#"","commit":\#(commit),"sample_rate":\#(sampleRate)}"#.utf8)
    }

    /// Ends the segment with what was sent before.
    static func commit(sampleRate: Int) -> [UInt8] { opening + ending(commit: true, sampleRate: sampleRate) }

    enum Message: Equatable, Sendable {
        case started
        /// The whole segment so far.
        case partial(String)
        /// The segment's last form.
        case committed(String)
        /// A commit that found nothing, or came too soon.
        case nothingCommitted(String)
        /// The connection ends after it.
        case error(ProviderError.Kind, String)
        /// A type that is not known here, or of no use here; to be ignored.
        case other(String)
    }

    /// - Returns: nil when this is not a message of the protocol.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Message? {
        guard let value = try? JSONValue.parse(bytes), value.object != nil else { return nil }
        guard let type = value["message_type"]?.string else {
            return value["error"].map { .error(.unavailable, $0.lenientString ?? $0.text) }
        }
        switch type {
        case "session_started": return .started
        case "partial_transcript": return value["text"]?.string.map(Message.partial)
        case "committed_transcript", "final_transcript": return value["text"]?.string.map(Message.committed)
        case "commit_throttled", "insufficient_audio_activity": return .nothingCommitted(type)
        // What comes with timestamps comes without them, too.
        case "warning": return .other("warning: \(value["warning"]?.string ?? "")")
        default:
            guard let text = value["error"] else { return .other(type) }
            return .error(kind(ofError: type), "\(type): \(text.lenientString ?? text.text)")
        }
    }

    static func kind(ofError type: String) -> ProviderError.Kind {
        switch type {
        case "auth_error", "quota_exceeded", "unaccepted_terms": .auth
        case "invalid_request", "input_error": .configuration
        case "rate_limited": .rateLimited
        case "chunk_size_exceeded": .protocol
        default: .unavailable
        }
    }
}
