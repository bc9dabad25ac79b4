internal import VoiceEngineCore
internal import VoiceEngineNet

/// What the document says about an ElevenLabs voice.
struct ElevenLabsSpeechOptions: Sendable {
    enum Socket: String, CaseIterable, Sendable {
        /// One socket for the call, one context for each reply.
        case multi
        /// One socket for each reply.
        case single
    }

    var voice: String
    var model = "eleven_flash_v2_5"
    /// ISO 639-1; only where the model can be held to a language.
    var language: String?
    var socket = Socket.multi
    /// Each segment is spoken as it comes. Without it the server gathers text by `schedule`.
    var autoMode = true
    /// [characters] before the first, second, third and every further chunk.
    var schedule: [Int] = []
    var stability: Double?
    var similarityBoost: Double?
    var style: Double?
    var speakerBoost: Bool?
    var speed: Double?
    /// Id and version.
    var dictionaries: [(id: String, version: String?)] = []
    /// [s]
    var inactivityTimeout = 180
    var normalization: String?
    var seed: Int?
    /// Parameters that are passed on as they are.
    var others: [QueryItem] = []

    var hasVoiceSettings: Bool {
        stability != nil || similarityBoost != nil || style != nil || speakerBoost != nil || speed != nil
    }
}

/// ElevenLabs' streaming speech as bytes: addresses, messages, answers. Pure.
struct ElevenLabsSpeechWire: VoiceContextWire {
    let options: ElevenLabsSpeechOptions

    /// [characters] of one request; the models' own limits are 10,000 and more.
    static let maximumCharacters = 5_000

    /// The name of a format that ElevenLabs has; nil for others.
    static func name(_ format: AudioFormat) -> String? {
        switch (format.encoding, format.sampleRate) {
        case (.mulaw, 8_000): "ulaw_8000"
        case (.alaw, 8_000): "alaw_8000"
        case (.pcm16, let rate) where rates.contains(rate): "pcm_\(rate)"
        case (.pcm16, _), (.mulaw, _), (.alaw, _), (.opus, _): nil
        }
    }

    /// [Hz] of linear audio, as every model has them.
    static let rates = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]

    func socketURL(_ base: WebURL, _ format: AudioFormat) -> WebURL {
        let stream = options.socket == .multi ? "multi-stream-input" : "stream-input"
        var query: [QueryItem] = [("model_id", options.model), ("output_format", Self.name(format) ?? "pcm_16000")]
        if let language = options.language { query.append(("language_code", language)) }
        if options.autoMode { query.append(("auto_mode", "true")) }
        query.append(("inactivity_timeout", String(options.inactivityTimeout)))
        query.append(("sync_alignment", "true"))
        if let normalization = options.normalization { query.append(("apply_text_normalization", normalization)) }
        if let seed = options.seed { query.append(("seed", String(seed))) }
        return path(base, stream).appending(query: query + options.others)
    }

    /// One piece of text by HTTP.
    func request(
        _ piece: HTTPVoiceStateMachine.Piece, _ base: WebURL, _ format: AudioFormat, _ key: Secret?
    ) -> HTTPRequest {
        let query: [QueryItem] = [("output_format", Self.name(format) ?? "pcm_16000")]
        var writer = JSONWriter(reserving: piece.text.utf8.count + 256)
        writer.beginObject()
        writer.member("text", .string(piece.text))
        writer.member("model_id", .string(options.model))
        if let language = options.language { writer.member("language_code", .string(language)) }
        settings(&writer)
        dictionaries(&writer)
        if let normalization = options.normalization {
            writer.member("apply_text_normalization", .string(normalization))
        }
        if let seed = options.seed { writer.member("seed", .int(Int64(seed))) }
        // Keeps the melody from one request to the next.
        if let previous = piece.previous { writer.member("previous_text", .string(previous)) }
        writer.endObject()
        var headers = Self.headers(key)
        headers.add("Content-Type", "application/json")
        return HTTPRequest(
            "POST", path(base, "stream").appending(query: query + options.others), headers: headers,
            body: writer.bytes)
    }

    static func headers(_ key: Secret?) -> HeaderList {
        key.map { HeaderList([("xi-api-key", $0.reveal())]) } ?? HeaderList()
    }

    private func path(_ base: WebURL, _ last: String) -> WebURL {
        base.appending(path: "v1/text-to-speech/\(WebURL.encode(options.voice))/\(last)")
    }

    // MARK: Messages

    func rules(_ format: AudioFormat) -> VoiceContextStateMachine.Rules {
        // The server takes five and closes the socket at the sixth.
        VoiceContextStateMachine.Rules(
            maximumContexts: options.socket == .multi ? 4 : 1, isSingle: options.socket == .single,
            speaksSegments: options.autoMode, sampleRate: format.sampleRate)
    }

    /// The single stream's first message opens it: settings may come in no later one, a keep-alive included.
    var greeting: [UInt8]? { options.socket == .single ? initial(nil) : nil }

    func open(_ context: Int) -> [UInt8]? { options.socket == .multi ? initial(context) : nil }

    func text(_ context: Int, _ text: String) -> [[UInt8]] {
        let pieces = VoiceText.pieces(text, atMost: Self.maximumCharacters)
        return pieces.enumerated().map { number, piece in
            message(context) { writer in
                writer.member("text", .string(piece))
                if options.autoMode, number == pieces.count - 1 { writer.member("flush", .bool(true)) }
            }
        }
    }

    /// The end of the audio is reported for a closed context only: a flush alone has no answer. Closing alone speaks
    /// nothing that was not flushed.
    func end(_ context: Int) -> [[UInt8]] {
        guard options.socket == .multi else { return [message(nil) { $0.member("text", .string("")) }] }
        let flush = message(context) { $0.member("flush", .bool(true)) }
        return (options.autoMode ? [] : [flush]) + [close(context)]
    }

    func cancel(_ context: Int) -> [UInt8]? { options.socket == .multi ? close(context) : nil }

    private func close(_ context: Int) -> [UInt8] { message(context) { $0.member("close_context", .bool(true)) } }

    /// Half the time after which a context expires when the document asks for the shortest.
    var keepAliveSeconds: Int64? { 10 }

    func keepAlive(_ contexts: [Int]) -> [[UInt8]] {
        // A text of nothing would end the single stream; here it only resets the clock, with or without a context.
        guard options.socket == .multi else { return [message(nil) { $0.member("text", .string(" ")) }] }
        guard !contexts.isEmpty else { return [message(nil) { $0.member("text", .string("")) }] }
        return contexts.map { context in message(context) { $0.member("text", .string("")) } }
    }

    var goodbye: [UInt8]? {
        options.socket == .multi ? message(nil) { $0.member("close_socket", .bool(true)) } : nil
    }

    private func initial(_ context: Int?) -> [UInt8] {
        message(context) { writer in
            writer.member("text", .string(" "))
            settings(&writer)
            if !options.autoMode, !options.schedule.isEmpty {
                let schedule = options.schedule.map { JSONValue.int(Int64($0)) }
                writer.member("generation_config", ["chunk_length_schedule": .array(schedule)])
            }
            dictionaries(&writer)
        }
    }

    private func message(_ context: Int?, _ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: 128)
        writer.beginObject()
        fill(&writer)
        if let context, options.socket == .multi { writer.member("context_id", .string(Self.name(context))) }
        writer.endObject()
        return writer.bytes
    }

    private func settings(_ writer: inout JSONWriter) {
        guard options.hasVoiceSettings else { return }
        writer.key("voice_settings")
        writer.beginObject()
        if let value = options.stability { writer.member("stability", .double(value)) }
        if let value = options.similarityBoost { writer.member("similarity_boost", .double(value)) }
        if let value = options.style { writer.member("style", .double(value)) }
        if let value = options.speakerBoost { writer.member("use_speaker_boost", .bool(value)) }
        if let value = options.speed { writer.member("speed", .double(value)) }
        writer.endObject()
    }

    private func dictionaries(_ writer: inout JSONWriter) {
        guard !options.dictionaries.isEmpty else { return }
        writer.key("pronunciation_dictionary_locators")
        writer.beginArray()
        for dictionary in options.dictionaries {
            writer.beginObject()
            writer.member("pronunciation_dictionary_id", .string(dictionary.id))
            if let version = dictionary.version { writer.member("version_id", .string(version)) }
            writer.endObject()
        }
        writer.endArray()
    }

    static func name(_ context: Int) -> String { "r\(context)" }

    private static func number(_ name: String) -> Int? { name.first == "r" ? Int(name.dropFirst()) : nil }

    // MARK: Answers

    func decode(_ bytes: UnsafeRawBufferPointer, audio: inout [UInt8]) -> VoiceContextMessage? {
        var message = VoiceContextMessage()
        var isIntact = true
        var isFault = false
        var alignment:
            (
                characters: UnsafeRawBufferPointer?, starts: UnsafeRawBufferPointer?,
                durations: UnsafeRawBufferPointer?
            )
        let scan = Result { () throws(JSONFault) in
            try JSONScanner.scan(bytes) { member in
                if member.kind == .string, member.isNamed("audio") {
                    isIntact = VoicePayload.decode(member, into: &audio) && isIntact
                } else if member.isNamed("context_id") || member.isNamed("contextId") {
                    message.context = message.context ?? member.text.flatMap(Self.number)
                } else if member.isNamed("isFinal") || member.isNamed("is_final") {
                    if member.kind == .bool, member.valueBytes.first == UInt8(ascii: "t") { message.event = .final }
                } else if member.isNamed("error"), member.kind != .null {
                    isFault = true
                } else if member.isNamed("chars", in: "alignment") {
                    alignment.characters = member.valueBytes
                } else if member.isNamed("charStartTimesMs", in: "alignment")
                    || member.isNamed("charsStartTimesMs", in: "alignment")
                    || member.isNamed("char_start_times_ms", in: "alignment")
                {
                    alignment.starts = member.valueBytes
                } else if member.isNamed("charDurationsMs", in: "alignment")
                    || member.isNamed("charsDurationsMs", in: "alignment")
                    || member.isNamed("char_durations_ms", in: "alignment")
                {
                    alignment.durations = member.valueBytes
                }
            }
        }
        guard case .success = scan, isIntact else { return nil }
        if isFault, let value = try? JSONValue.parse(bytes), let fault = VoiceFault(value) {
            message.event = .fault(fault)
        }
        if let characters = alignment.characters, let starts = alignment.starts, let durations = alignment.durations {
            message.timing = .ofMessage(Self.words(characters, starts, durations))
        }
        return message
    }

    /// Characters with times, put together to words.
    private static func words(
        _ characters: UnsafeRawBufferPointer, _ starts: UnsafeRawBufferPointer, _ durations: UnsafeRawBufferPointer
    ) -> [TimedText] {
        guard let characters = (try? JSONValue.parse(characters))?.array,
            let starts = (try? JSONValue.parse(starts))?.array,
            let durations = (try? JSONValue.parse(durations))?.array
        else { return [] }
        var words: [TimedText] = []
        var isInWord = false
        for ((character, start), duration) in zip(zip(characters, starts), durations) {
            guard let text = character.string, let start = start.lenientInt, let duration = duration.lenientInt,
                (0...3_600_000).contains(start), (0...3_600_000).contains(duration)
            else { return words }
            if text.allSatisfy(\.isWhitespace) {
                isInWord = false
            } else if isInWord, let last = words.indices.last {
                words[last].text += text
                // The word ends with its last letter: a full stop is a pause.
                if VoiceText.isAudible(text) { words[last].end = start + duration }
            } else {
                words.append(TimedText(text: text, start: start, end: start + duration))
                isInWord = true
            }
        }
        return words
    }
}
