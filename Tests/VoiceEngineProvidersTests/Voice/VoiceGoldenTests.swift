import Foundation
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNet
@testable internal import VoiceEngineProviders

/// The voices' codecs against the files in Tests/provider-types, which are held against the houses' own SDKs in Python.
@Suite struct VoiceGoldenTests {
    private struct Row {
        let name: String
        let isSent: Bool
        let message: JSONValue
    }

    private func rows(_ file: String) throws -> [Row] {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("provider-types/\(file).jsonl")
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { line in
            let value = try JSONValue.parse(String(line))
            return Row(
                name: try #require(value["name"]?.string), isSent: value["direction"]?.string == "sent",
                message: try #require(value["message"]))
        }
    }

    /// What is sent is compared, what is received is read and described; every row must be known.
    private func check(
        _ file: String, sent: [String: [UInt8]], received: [String: String] = [:],
        read: (String, UnsafeRawBufferPointer) -> String? = { _, _ in nil }
    ) throws {
        let rows = try rows(file)
        #expect(Set(rows.map(\.name)) == Set(sent.keys).union(received.keys))
        for row in rows {
            if row.isSent {
                let bytes = try #require(sent[row.name], "\(row.name)")
                #expect(
                    try JSONValue.parse(String(decoding: bytes, as: UTF8.self)) == row.message,
                    "\(row.name): \(String(decoding: bytes, as: UTF8.self))")
            } else {
                let text = row.message.serialized().withUnsafeBytes { read(row.name, $0) }
                #expect(text == received[row.name], "\(row.name)")
            }
        }
    }

    private func describe(_ wire: some VoiceContextWire, _ bytes: UnsafeRawBufferPointer) -> String? {
        var audio: [UInt8] = []
        guard let message = wire.decode(bytes, audio: &audio) else { return nil }
        var text = "\(message.context.map(String.init) ?? "-") \(audio)"
        switch message.timing {
        case .none: break
        case .ofMessage(let words): text += " of message \(words.map { "\($0.text) \($0.start)-\($0.end)" })"
        case .ofContext(let words): text += " of context \(words.map { "\($0.text) \($0.start)-\($0.end)" })"
        }
        switch message.event {
        case .none: break
        case .segmentEnded: text += " segment ended"
        case .final: text += " final"
        case .fault(let fault): text += " \(fault.description) \(fault.kind(status: nil))"
        }
        return text
    }

    private func elevenLabs(_ socket: ElevenLabsSpeechOptions.Socket, autoMode: Bool) -> ElevenLabsSpeechWire {
        var options = ElevenLabsSpeechOptions(voice: "v 1")
        options.socket = socket
        options.autoMode = autoMode
        if !autoMode { options.schedule = [80, 120] }
        options.language = "en"
        options.stability = 0.5
        options.similarityBoost = 0.75
        options.style = 0.25
        options.speakerBoost = true
        options.speed = 1.1
        options.dictionaries = [("d1", "v1")]
        options.normalization = "off"
        options.seed = 7
        return ElevenLabsSpeechWire(options: options)
    }

    @Test func elevenLabs() throws {
        let (multi, gathered) = (elevenLabs(.multi, autoMode: true), elevenLabs(.multi, autoMode: false))
        let single = elevenLabs(.single, autoMode: false)
        let piece = HTTPVoiceStateMachine.Piece(
            segment: segment(1, 0), text: "Hello. ", previous: "Before. ", isLast: true, isFirst: false)
        let request = multi.request(piece, try WebURL("https://el"), .telephone, Secret("k"))
        #expect(request.url.description == "https://el/v1/text-to-speech/v%201/stream?output_format=ulaw_8000")
        #expect(request.headers["xi-api-key"] == "k" && request.headers["Content-Type"] == "application/json")
        let flushing = elevenLabs(.single, autoMode: true)
        try check(
            "elevenlabs",
            sent: [
                "open": gathered.open(1) ?? [], "text": multi.text(1, "Say \"hi\" – now.")[0],
                "gatheredText": gathered.text(1, "Hello.")[0], "flush": gathered.end(1)[0],
                "close": gathered.end(1)[1], "keepAlive": multi.keepAlive([1])[0],
                "idleKeepAlive": multi.keepAlive([])[0], "goodbye": multi.goodbye ?? [],
                "singleOpen": single.greeting ?? [], "singleText": flushing.text(1, "Hello.")[0],
                "singleEnd": single.end(1)[0], "http": request.body,
            ],
            received: [
                "audio": "1 [1, 2, 3] of message [\"Hi 0-150\"]", "final": "1 [] final",
                "audioAndFinal": "1 [1, 2, 3] final", "singleAudio": "- [1, 2, 3] of message [\"H 0-60\"]",
                "singleFinal": "- [] final",
            ]
        ) { describe($0.hasPrefix("single") ? single : multi, $1) }
    }

    @Test func cartesia() throws {
        var options = CartesiaSpeechOptions(voice: "v1")
        options.language = "en"
        options.speed = 1.1
        options.volume = 0.9
        options.emotion = "calm"
        options.dictionary = "d1"
        options.bufferDelay = 200
        let wire = CartesiaSpeechWire(options: options, format: .telephone)
        let piece = HTTPVoiceStateMachine.Piece(
            segment: segment(1, 0), text: "Hello. ", previous: nil, isLast: true, isFirst: true)
        let request = CartesiaSpeechWire.request(piece, try WebURL("https://ca"), options, .telephone, Secret("k"))
        #expect(request.url.description == "https://ca/tts/bytes" && request.headers["X-API-Key"] == "k")
        try check(
            "cartesia",
            sent: [
                "text": wire.text(1, "Say \"hi\" – now.")[0], "flush": wire.text(1, "a")[1], "end": wire.end(1)[0],
                "cancel": wire.cancel(1) ?? [], "http": request.body,
            ],
            received: [
                "chunk": "1 [1, 2, 3]", "timestamps": "1 [] of context [\"Say 0-200\", \"hi 250-500\"]",
                "flushDone": "1 [] segment ended", "done": "1 [] final", "phonemes": "1 []",
                "error": "1 [] model_not_found: Invalid model: no such model configuration",
            ]
        ) { describe(wire, $1) }
    }

    @Test func openAISpeech() throws {
        let plain = OpenAISpeechOptions(model: "gpt-4o-mini-tts", voice: "marin")
        var full = OpenAISpeechOptions(model: "gpt-4o-mini-tts", voice: "voice_1", responseFormat: "wav")
        full.instructions = "calm"
        full.speed = 1.25
        try check(
            "openai_speech",
            sent: [
                "plain": OpenAISpeechWire.body("Hello. ", plain),
                "full": OpenAISpeechWire.body("Say \"hi\" – now. ", full),
            ])
    }

    @Test func deepgramOverHTTP() throws {
        var options = DeepgramSpeakOptions()
        options.speed = 1.1
        let piece = HTTPVoiceStateMachine.Piece(
            segment: segment(1, 0), text: "Say \"hi\" – now. ", previous: nil, isLast: true, isFirst: true)
        let request = DeepgramSpeakWire.request(piece, try WebURL("https://dg"), options, .telephone, Secret("k"))
        #expect(request.headers["Authorization"] == "Token k" && request.url.path == "/v1/speak")
        var query = JSONObject()
        for item in request.url.query.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1).map(String.init)
            query.append(parts[0], .string(parts[1]))
        }
        try check("deepgram_speak", sent: ["http": request.body, "query": JSONValue.object(query).serialized()])
    }

    @Test func damagedMessagesAreNotUnderstood() {
        let (multi, cartesia) = (
            elevenLabs(.multi, autoMode: true),
            CartesiaSpeechWire(options: CartesiaSpeechOptions(voice: "v"), format: .telephone)
        )
        let whole = [
            #"{"type":"chunk","audio":"AQID","data":"AQID","context_id":"r1","contextId":"r1","alignment":{"chars":["a"],"charStartTimesMs":[0],"charDurationsMs":[1]},"word_timestamps":{"words":["a"],"start":[0],"end":[1]}}"#,
            #"{"type":"error","error":"x","message":"y"}"#,
        ]
        for text in whole {
            let bytes = Array(text.utf8)
            for count in 0..<bytes.count {
                bytes.prefix(count).withUnsafeBytes {
                    #expect(describe(multi, $0) == nil && describe(cartesia, $0) == nil)
                }
            }
        }
        // Escaped slashes in base64, lists of different lengths, and times that cannot be.
        let odd = Array(
            #"{"audio":"\/\/\/\/","alignment":{"chars":["a","b"],"charStartTimesMs":[-5],"charDurationsMs":["x",1e300]}}"#
                .utf8)
        #expect(odd.withUnsafeBytes { describe(multi, $0) } == "- [255, 255, 255] of message []")
    }

    @Test func faultsAreReadInEveryShape() throws {
        let rows: [(String, String, ProviderError.Kind)] = [
            (#"{"error":{"code":"invalid_api_key","message":"m"}}"#, "invalid_api_key: m", .auth),
            (#"{"error":{"type":"server_error","message":"m","code":null}}"#, "server_error: m", .unavailable),
            (#"{"error":"text"}"#, "text", .unavailable),
            (#"{"detail":{"status":"quota_exceeded","message":"m"}}"#, "quota_exceeded: m", .auth),
            (#"{"detail":"text"}"#, "text", .unavailable),
            (#"{"detail":[{"type":"missing","msg":"field"}]}"#, "missing: field", .unavailable),
            (#"{"err_code":"TOO_MANY_REQUESTS","err_msg":"m"}"#, "TOO_MANY_REQUESTS: m", .rateLimited),
            (#"{"title":"t","message":"m","error_code":"quota","status_code":402}"#, "quota: t: m", .auth),
            (#"{"title":"t","message":"m","status_code":429}"#, "t: m", .rateLimited),
            (#"{"message":"m","error":"system_busy","code":1011}"#, "system_busy: m", .unavailable),
        ]
        for (text, description, kind) in rows {
            let fault = try #require(VoiceFault(body: Array(text.utf8)), "\(text)")
            #expect(fault.description == description && fault.kind(status: nil) == kind, "\(text): \(fault)")
        }
        #expect(VoiceFault(body: Array("{}".utf8)) == nil && VoiceFault(body: Array("no".utf8)) == nil)
    }
}
