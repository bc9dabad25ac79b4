internal import VoiceEngineCore
internal import VoiceEngineNet

/// What the document says about a Cartesia voice.
struct CartesiaSpeechOptions: Sendable {
    var voice: String
    var model = "sonic-3"
    /// ISO 639-1
    var language: String?
    var version = "2026-03-01"
    /// [ms] that the server waits for more text. Whole segments need none; its own default is 3,000.
    var bufferDelay = 0
    var speed: Double?
    var volume: Double?
    var emotion: String?
    var dictionary: String?
    /// Parameters of the address that are passed on as they are.
    var others: [QueryItem] = []
}

/// Cartesia's streaming speech as bytes: addresses, messages, answers. Pure.
struct CartesiaSpeechWire: VoiceContextWire {
    let options: CartesiaSpeechOptions
    let format: AudioFormat

    /// [Hz]
    static let rates = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]
    /// [characters] of one message.
    static let maximumCharacters = 2_000

    static func socketURL(_ base: WebURL, _ options: CartesiaSpeechOptions) -> WebURL {
        base.appending(path: "tts/websocket").appending(query: options.others)
    }

    static func headers(_ options: CartesiaSpeechOptions, _ key: Secret?) -> HeaderList {
        var headers = HeaderList([("Cartesia-Version", options.version)])
        if let key { headers.add("X-API-Key", key.reveal()) }
        return headers
    }

    /// One piece of text by HTTP.
    static func request(
        _ piece: HTTPVoiceStateMachine.Piece, _ base: WebURL, _ options: CartesiaSpeechOptions, _ format: AudioFormat,
        _ key: Secret?
    ) -> HTTPRequest {
        var headers = headers(options, key)
        headers.add("Content-Type", "application/json")
        var writer = JSONWriter(reserving: 512)
        writer.beginObject()
        CartesiaSpeechWire(options: options, format: format).generation(&writer, piece.text)
        writer.endObject()
        return HTTPRequest(
            "POST", base.appending(path: "tts/bytes").appending(query: options.others), headers: headers,
            body: writer.bytes)
    }

    // MARK: Messages

    func rules(_ format: AudioFormat) -> VoiceContextStateMachine.Rules {
        // Cancelled contexts need no answer to be over, so many may wait for one.
        VoiceContextStateMachine.Rules(
            maximumContexts: 16, marksSegments: true, sampleRate: format.sampleRate)
    }

    var greeting: [UInt8]? { nil }
    func open(_ context: Int) -> [UInt8]? { nil }

    /// The text, then a flush of its own: whether a flush covers the text of its own message is not told.
    func text(_ context: Int, _ text: String) -> [[UInt8]] {
        VoiceText.pieces(text, atMost: Self.maximumCharacters).map { input(context, $0, isFlush: false) }
            + [input(context, "", isFlush: true)]
    }

    func end(_ context: Int) -> [[UInt8]] { [input(context, "", isFlush: nil)] }

    func cancel(_ context: Int) -> [UInt8]? {
        var writer = JSONWriter(reserving: 64)
        writer.beginObject()
        writer.member("context_id", .string(Self.name(context)))
        writer.member("cancel", .bool(true))
        writer.endObject()
        return writer.bytes
    }

    /// The service has none: a socket that was idle for five minutes is made anew.
    var keepAliveSeconds: Int64? { nil }
    func keepAlive(_ contexts: [Int]) -> [[UInt8]] { [] }
    var goodbye: [UInt8]? { nil }

    /// - Parameter isFlush: nil for the last message of a context.
    private func input(_ context: Int, _ transcript: String, isFlush: Bool?) -> [UInt8] {
        var writer = JSONWriter(reserving: transcript.utf8.count + 512)
        writer.beginObject()
        writer.member("context_id", .string(Self.name(context)))
        generation(&writer, transcript)
        writer.member("continue", .bool(isFlush != nil))
        if isFlush == true { writer.member("flush", .bool(true)) }
        writer.member("add_timestamps", .bool(true))
        writer.member("max_buffer_delay_ms", .int(Int64(options.bufferDelay)))
        writer.endObject()
        return writer.bytes
    }

    /// What may not change inside a context, and the text.
    private func generation(_ writer: inout JSONWriter, _ transcript: String) {
        writer.member("model_id", .string(options.model))
        writer.member("transcript", .string(transcript))
        writer.member("voice", ["mode": "id", "id": .string(options.voice)])
        if let language = options.language { writer.member("language", .string(language)) }
        writer.member(
            "output_format",
            [
                "container": "raw", "encoding": .string(Self.name(format.encoding)),
                "sample_rate": .int(Int64(format.sampleRate)),
            ])
        if options.speed != nil || options.volume != nil || options.emotion != nil {
            writer.key("generation_config")
            writer.beginObject()
            if let speed = options.speed { writer.member("speed", .double(speed)) }
            if let volume = options.volume { writer.member("volume", .double(volume)) }
            if let emotion = options.emotion { writer.member("emotion", .string(emotion)) }
            writer.endObject()
        }
        if let dictionary = options.dictionary { writer.member("pronunciation_dict_id", .string(dictionary)) }
    }

    private static func name(_ encoding: AudioEncoding) -> String {
        switch encoding {
        case .pcm16, .opus: "pcm_s16le"
        case .mulaw: "pcm_mulaw"
        case .alaw: "pcm_alaw"
        }
    }

    static func name(_ context: Int) -> String { "r\(context)" }

    private static func number(_ name: String) -> Int? { name.first == "r" ? Int(name.dropFirst()) : nil }

    // MARK: Answers

    func decode(_ bytes: UnsafeRawBufferPointer, audio: inout [UInt8]) -> VoiceContextMessage? {
        var message = VoiceContextMessage()
        var type: String?
        var isIntact = true
        var lists: (words: UnsafeRawBufferPointer?, starts: UnsafeRawBufferPointer?, ends: UnsafeRawBufferPointer?)
        let scan = Result { () throws(JSONFault) in
            try JSONScanner.scan(bytes) { member in
                if member.isNamed("type") {
                    type = type ?? member.text
                } else if member.kind == .string, member.isNamed("data") {
                    isIntact = VoicePayload.decode(member, into: &audio) && isIntact
                } else if member.isNamed("context_id") {
                    message.context = message.context ?? member.text.flatMap(Self.number)
                } else if member.isNamed("words", in: "word_timestamps") {
                    lists.words = member.valueBytes
                } else if member.isNamed("start", in: "word_timestamps") {
                    lists.starts = member.valueBytes
                } else if member.isNamed("end", in: "word_timestamps") {
                    lists.ends = member.valueBytes
                }
            }
        }
        guard case .success = scan, isIntact, let type else { return nil }
        switch type {
        case "flush_done": message.event = .segmentEnded
        case "done": message.event = .final
        case "error":
            let fault = (try? JSONValue.parse(bytes)).flatMap(VoiceFault.init)
            message.event = .fault(fault ?? VoiceFault(code: "error", message: ""))
        default: break
        }
        if let words = lists.words, let starts = lists.starts, let ends = lists.ends {
            message.timing = .ofContext(Self.words(words, starts, ends))
        }
        return message
    }

    private static func words(
        _ words: UnsafeRawBufferPointer, _ starts: UnsafeRawBufferPointer, _ ends: UnsafeRawBufferPointer
    ) -> [TimedText] {
        guard let words = (try? JSONValue.parse(words))?.array, let starts = (try? JSONValue.parse(starts))?.array,
            let ends = (try? JSONValue.parse(ends))?.array
        else { return [] }
        return zip(zip(words, starts), ends).compactMap { pair, end in
            guard let text = pair.0.string, let start = pair.1.lenientDouble, let end = end.lenientDouble,
                (0...3_600).contains(start), (0...3_600).contains(end)
            else { return nil }
            return TimedText(text: text, start: Int64((start * 1_000).rounded()), end: Int64((end * 1_000).rounded()))
        }
    }
}
