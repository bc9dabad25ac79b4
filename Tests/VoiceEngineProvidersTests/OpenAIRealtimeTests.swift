internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// The driver over a scripted network: three faces, one socket.
@Suite struct OpenAIRealtimeTests {
    final class Log {
        var entries: [String] = []
        var details: [String] = []

        func heard(_ event: SpeechToTextEvent) {
            switch event {
            case .transcript(let transcript):
                entries.append("heard \(transcript.text)\(transcript.isSettled ? "." : "…")")
            case .failed(let error):
                details.append(error.detail)
                entries.append("deaf \(error.kind.rawValue)")
            default: entries.append("\(event)")
            }
        }
        func wrote(_ event: LanguageModelEvent) {
            switch event {
            case .text(let text): entries.append("text \(text)")
            case .toolCall(let call): entries.append("call \(call.id) \(call.name) \(call.arguments)")
            case .finished(let reason, let usage): entries.append("\(reason) \(usage.prompt)+\(usage.completion)")
            case .failed(let error): entries.append("failed \(error.kind.rawValue)")
            }
        }
        func spoke(_ event: TextToSpeechEvent) {
            switch event {
            case .audio(let id, let bytes): entries.append("audio \(id.turn.number).\(id.index) \(Array(bytes))")
            case .completed(let id): entries.append("completed \(id.turn.number).\(id.index)")
            case .failed(let turn, let error): entries.append("mute \(turn.number) \(error.kind.rawValue)")
            case .wordEnds: entries.append("words")
            }
        }
        func take() -> [String] {
            defer { entries = [] }
            return entries
        }
    }

    let fixture: ProviderFixture
    let context: ProviderContext
    let log = Log()
    init() throws {
        fixture = try ProviderFixture()
        context = fixture.context
    }

    private func provider(_ options: JSONValue = [:]) throws -> OpenAIRealtime {
        try OpenAIRealtime.make(
            fixture.setup("openai", model: "gpt-realtime", baseURL: "ws://oa/v1", language: "en-US", options: options))
    }

    private struct Faces {
        let ears: any SpeechToTextStream
        let mind: any LanguageModelProvider
        let voice: any OwnVoiceStream
        let provider: OpenAIRealtime
    }

    private func open(
        _ options: JSONValue = [:], _ native: AudioFormat = .telephone, accept: Bool = true, reads: Bool = true
    ) throws -> Faces {
        let provider = try provider(options)
        let own = provider.voice(readsScripts: reads)
        let faces = Faces(
            ears: provider.speechToText.open(
                context, format: provider.speechToText.format(for: native), sink: log.heard),
            mind: provider.languageModel,
            voice: own.openVoice(context, format: own.format(for: native), sink: log.spoke), provider: provider)
        if accept { self.accept() }
        return faces
    }

    /// The server opens the session.
    private func accept() {
        fixture.server.acceptWebSocket()
        send(#"{"type":"session.created","session":{}}"#)
        send(#"{"type":"session.updated","session":{}}"#)
    }

    private func send(_ texts: String...) { for text in texts { fixture.server.send(text: text) } }

    /// What the client has sent, shortly.
    private func sent() throws -> [String] {
        try fixture.server.takeTexts().map { text in
            let message = try JSONValue.parse(text)
            let type = try #require(message["type"]?.string)
            switch type {
            case "input_audio_buffer.append":
                let audio = try #require(message["audio"]?.string)
                return "audio \(audio.utf8.count / 4 * 3 - audio.utf8.reversed().prefix { $0 == 0x3D }.count)"
            case "conversation.item.create":
                let item = try #require(message["item"])
                let text = item["content"]?[0]?["text"]?.string ?? item["output"]?.string ?? ""
                return "create \(item["role"]?.string ?? item["type"]?.string ?? "") \(text)"
            case "conversation.item.truncate":
                return "truncate \(message["item_id"]?.string ?? "") \(message["audio_end_ms"]?.int ?? -1)"
            case "conversation.item.delete": return "delete \(message["item_id"]?.string ?? "")"
            case "response.create":
                let isRead = message["response"]?["conversation"]?.string == "none"
                return "\(isRead ? "read" : "respond") \(message["response"]?["metadata"]?["request"]?.string ?? "")"
            case "response.cancel": return "cancel \(message["response_id"]?.string ?? "")"
            default: return type
            }
        }
    }

    private func hear(_ stream: any SpeechToTextStream, milliseconds: Int) {
        for _ in 0..<milliseconds / 20 { [UInt8](repeating: 0x7F, count: 160).withUnsafeBytes { stream.send($0) } }
    }

    private func request(_ text: String, turn: UInt64, prompt: String = "") -> ChatRequest {
        ChatRequest(prompt: prompt, messages: [.user(text)], tools: [], turn: TurnID(number: turn))
    }
    private func generate(_ faces: Faces, _ request: ChatRequest) -> any Generation {
        faces.mind.generate(request, context: context, sink: log.wrote)
    }
    private func id(_ turn: UInt64, _ index: Int) -> SegmentID { SegmentID(turn: TurnID(number: turn), index: index) }

    private func created(_ response: String, _ request: Int) -> String {
        #"{"type":"response.created","response":{"id":"\#(response)","status":"in_progress","metadata":{"request":"\#(request)"}}}"#
    }
    private func item(_ response: String, _ item: String, _ type: String = "message") -> String {
        #"{"type":"response.output_item.added","response_id":"\#(response)","output_index":0,"item":{"id":"\#(item)","type":"\#(type)"}}"#
    }
    private func words(_ response: String, _ text: String) -> String {
        #"{"type":"response.output_audio_transcript.delta","response_id":"\#(response)","item_id":"b","delta":"\#(text)"}"#
    }
    private func audio(_ response: String, _ item: String, _ base64: String) -> String {
        #"{"type":"response.output_audio.delta","response_id":"\#(response)","item_id":"\#(item)","output_index":0,"content_index":0,"delta":"\#(base64)"}"#
    }
    private func done(_ response: String, _ status: String = "completed", output: String = "") -> String {
        #"{"type":"response.done","response":{"id":"\#(response)","status":"\#(status)","output":[\#(output)],"usage":{"input_tokens":7,"output_tokens":9}}}"#
    }

    @Test func aTurn() throws {
        let faces = try open(["renew_after_s": 600], accept: false)
        let lines = fixture.server.acceptWebSocket()
        #expect(lines[0] == "GET /v1/realtime?model=gpt-realtime HTTP/1.1")
        #expect(lines.contains("Authorization: Bearer \(ProviderFixture.key)"))
        #expect(!lines.contains { $0.lowercased().hasPrefix("openai-beta") })
        #expect(try sent() == [])
        send(#"{"type":"session.created","session":{}}"#)
        #expect(try sent() == ["session.update"])
        faces.ears.hint(.started(atMilliseconds: 0))
        hear(faces.ears, milliseconds: 200)
        #expect(try sent() == [])
        send(#"{"type":"session.updated","session":{}}"#)
        #expect(try sent() == ["audio 1600"])
        hear(faces.ears, milliseconds: 100)
        #expect(try sent() == ["audio 320", "audio 320"])
        faces.ears.hint(.paused(atMilliseconds: 300))
        #expect(try sent() == ["audio 160", "input_audio_buffer.commit"])
        send(#"{"type":"input_audio_buffer.committed","item_id":"a1","previous_item_id":null}"#)
        send(#"{"type":"conversation.item.input_audio_transcription.delta","item_id":"a1","delta":"Hi"}"#)
        faces.ears.finishUtterance()
        send(
            #"{"type":"conversation.item.input_audio_transcription.completed","item_id":"a1","transcript":"Hi there."}"#
        )
        #expect(log.take() == ["heard Hi…", "heard Hi there.."])
        faces.ears.utteranceCommitted()
        _ = generate(faces, request("Hi there.", turn: 1, prompt: "Be brief."))
        #expect(try sent() == ["session.update", "respond 1"])
        send(created("r1", 1), item("r1", "b1"), words("r1", "Hel"), audio("r1", "b1", "AQID"), words("r1", "lo."))
        #expect(log.take() == ["text Hel", "audio 1.0 [1, 2, 3]", "text lo."])
        faces.voice.speak("Hello.", as: id(1, 0))
        send(audio("other", "b1", "AQID"), words("other", "no"), done("r1"))
        #expect(log.take() == ["stop 7+9", "completed 1.0"])
        #expect(try sent() == [])
        faces.ears.close()
        faces.voice.close()
        fixture.network.advance(.seconds(2))
        #expect(fixture.isQuiet)
    }

    @Test func aToolCall() throws {
        let faces = try open()
        let call = ToolCall(id: "c1", name: "book", arguments: "{}")
        _ = generate(faces, request("book it", turn: 1))
        _ = try sent()
        let output = #"{"type":"function_call","id":"b1","call_id":"c1","name":"book","arguments":""}"#
        send(created("r1", 1), item("r1", "b1", "function_call"), done("r1", output: output))
        #expect(log.take() == ["call c1 book {}", "toolCalls 7+9"])
        var next = request("book it", turn: 1)
        next.messages += [.assistant("", toolCalls: [call]), .toolResult(id: "c1", json: #"{"ok":1}"#)]
        _ = generate(faces, next)
        #expect(try sent() == [#"create function_call_output {"ok":1}"#, "respond 2"])
    }

    @Test func aBargeIn() throws {
        let faces = try open()
        let generation = generate(faces, request("hi", turn: 1))
        _ = try sent()
        send(created("r1", 1), item("r1", "b1"), words("r1", "Hello there"))
        let second = [UInt8](repeating: 1, count: 8_000)
        send(audio("r1", "b1", try base64(second)))
        faces.voice.speak("Hello there", as: id(1, 0))
        generation.cancel()
        faces.voice.cancel(TurnID(number: 1), heard: .milliseconds(420))
        #expect(try sent() == ["cancel r1", "truncate b1 420"])
        _ = log.take()
        send(audio("r1", "b1", "AQID"), words("r1", "late"))
        #expect(log.take() == [])
        var next = request("hi", turn: 2)
        next.messages += [.assistant("Hello", toolCalls: []), .user("stop")]
        _ = generate(faces, next)
        #expect(try sent() == [])
        send(done("r1", "cancelled"))
        #expect(try sent() == ["create user stop", "respond 2"])
        #expect(log.take() == [])
    }

    @Test func aMindWithoutEarsAndVoiceHasNoConnection() throws {
        let mind = try provider().languageModel
        _ = mind.generate(request("hi", turn: 1), context: context, sink: log.wrote)
        mind.generate(request("hi", turn: 1), context: context, sink: log.wrote).cancel()
        fixture.network.run()
        #expect(log.take() == ["failed unavailable"])
        #expect(fixture.network.connections.isEmpty && fixture.isQuiet)
    }

    @Test func textsOfOthersAreReadOneByOne() throws {
        let faces = try open()
        _ = try sent()
        faces.voice.speak("Hello.", as: id(1, 0))
        faces.voice.speak("How are you?", as: id(1, 1))
        faces.voice.finish(TurnID(number: 1))
        #expect(try sent() == ["read 1"])
        send(created("r1", 1), words("r1", "Hello."), audio("r1", "x", "AQ=="), done("r1"))
        #expect(try sent() == ["read 2"])
        send(created("r2", 2), audio("r2", "y", "Ag=="))
        faces.voice.cancel(TurnID(number: 1), heard: .milliseconds(10))
        #expect(try sent() == ["cancel r2"])
        send(audio("r2", "y", "Aw=="), done("r2", "cancelled"))
        #expect(log.take() == ["audio 1.0 [1]", "completed 1.0", "audio 1.1 [2]"])
    }

    @Test func theSilentVoiceOnlyTakesNote() throws {
        let faces = try open(reads: false)
        _ = try sent()
        faces.voice.speak("Hello.", as: id(1, 0))
        #expect(try sent() == [])
        var next = request("hi", turn: 2)
        next.messages.insert(.assistant("Hello.", toolCalls: []), at: 0)
        _ = generate(faces, next)
        #expect(try sent() == ["create assistant Hello.", "create user hi", "respond 1"])
    }

    @Test func aLostConnectionIsReplacedAndGetsTheAudioAgain() throws {
        let faces = try open()
        _ = try sent()
        faces.ears.hint(.started(atMilliseconds: 0))
        hear(faces.ears, milliseconds: 400)
        faces.ears.hint(.paused(atMilliseconds: 400))
        send(#"{"type":"input_audio_buffer.committed","item_id":"a1"}"#)
        _ = generate(faces, request("earlier", turn: 1))
        fixture.server.cut()
        fixture.network.run()
        #expect(fixture.network.connections.count == 2)
        accept()
        #expect(
            try sent() == [
                "session.update", "audio 3200", "input_audio_buffer.commit", "create user earlier", "respond 1",
            ])
        #expect(log.take() == [])
    }

    @Test func aServerThatIsGoneIsReportedAfterSomeAttempts() throws {
        let faces = try open()
        _ = generate(faces, request("hi", turn: 1))
        faces.voice.speak("Hello.", as: id(2, 0))
        fixture.network.behaviour = .refuse
        fixture.server.cut()
        fixture.network.advance(.seconds(4))
        #expect(log.take() == ["failed unavailable", "mute 2 unavailable", "deaf unavailable"])
        // The other faces may try again; the failure of the recogniser was told.
        _ = generate(faces, request("hi", turn: 3))
        fixture.network.advance(.seconds(4))
        #expect(log.take() == ["failed unavailable"])
        fixture.network.behaviour = .accept
        // The session opens the recogniser again, which then hears what it is given, and nothing of before.
        faces.ears.hint(.started(atMilliseconds: 0))
        hear(faces.ears, milliseconds: 400)
        faces.ears.close()
        let ears = faces.provider.speechToText.open(context, format: .telephone, sink: log.heard)
        fixture.network.run()
        accept()
        #expect(try sent() == ["session.update"])
        ears.close()
        faces.voice.close()
        fixture.network.advance(.seconds(2))
        #expect(fixture.isQuiet)
    }

    @Test func anOldConnectionIsReplacedBetweenTurns() throws {
        let faces = try open(["renew_after_s": 60])
        // The server answers pings, in its way.
        for _ in 0..<59 {
            fixture.network.advance(.seconds(1))
            send(#"{"type":"rate_limits.updated","rate_limits":[]}"#)
        }
        let generation = generate(faces, request("hi", turn: 1))
        send(created("r1", 1))
        fixture.network.advance(.seconds(3))
        #expect(fixture.network.connections.count == 1)
        send(item("r1", "b1"), words("r1", "Yes."), done("r1"))
        fixture.network.advance(.seconds(1))
        #expect(fixture.network.connections.count == 2)
        accept()
        var next = request("hi", turn: 2)
        next.messages += [.assistant("Yes.", toolCalls: []), .user("good")]
        _ = generate(faces, next)
        #expect(
            try sent() == [
                "session.update", "create user hi", "create assistant Yes.", "create user good", "respond 2",
            ])
        #expect(log.take() == ["text Yes.", "stop 7+9"])
        _ = generation
    }

    @Test(arguments: [
        (
            #"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_api_key","message":"Wrong sk-0123456789abcdef"}}"#,
            "deaf auth"
        ),
        (
            #"{"type":"error","error":{"type":"invalid_request_error","code":"insufficient_quota","message":"pay"}}"#,
            "deaf auth"
        ),
    ])
    func whatIsHopelessIsNotTriedAgain(row: (String, String)) throws {
        let faces = try open()
        send(row.0)
        #expect(log.take() == [row.1])
        #expect(!log.details.contains { $0.contains(ProviderFixture.key) })
        fixture.network.advance(.seconds(10))
        #expect(fixture.network.connections.count == 1)
        _ = faces
    }

    @Test(arguments: [true, false])
    func anAnswerUnderWayFailsWithAConnectionThatIsGivenUp(isClose: Bool) throws {
        let faces = try open()
        _ = generate(faces, request("hi", turn: 1))
        faces.voice.speak("Well,", as: id(1, 0))
        send(created("r1", 1), item("r1", "b"), words("r1", "Well, "))
        if isClose {
            fixture.server.sendClose(1008, "insufficient_quota")
        } else {
            send(#"{"type":"error","error":{"type":"invalid_request_error","code":"insufficient_quota"}}"#)
        }
        fixture.network.run()
        #expect(log.take() == ["text Well, ", "mute 1 auth", "failed auth", "deaf auth"])
        #expect(fixture.network.connections.count == 1)
    }

    @Test func aRefusedKeyIsNotTriedAgain() throws {
        let faces = try open(accept: false)
        fixture.server.answer("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        fixture.network.run()
        #expect(log.take() == ["deaf auth"])
        #expect(fixture.network.connections.count == 1)
        _ = faces
    }

    @Test(arguments: ["{", #"{"type":"response.output_audio.delta","response_id":"r1","item_id":"b","delta":"%%%"}"#])
    func garbageCostsTheConnection(text: String) throws {
        let faces = try open()
        _ = generate(faces, request("hi", turn: 1))
        send(created("r1", 1), text)
        fixture.network.run()
        #expect(fixture.network.connections.count == 2)
        _ = faces
    }

    @Test func aServerThatSaysNothingIsATimeout() throws {
        let faces = try open(["timeout_ms": 1_000])
        _ = generate(faces, request("hi", turn: 1))
        send(created("r1", 1))
        fixture.network.advance(.milliseconds(900))
        send(words("r1", "Well"))
        fixture.network.advance(.milliseconds(900))
        #expect(log.take() == ["text Well"])
        fixture.network.advance(.milliseconds(200))
        #expect(log.take() == ["failed timeout"])
        #expect(fixture.network.connections.count == 2)
        fixture.server.acceptWebSocket()
        // A session that is never opened is not waited for either.
        fixture.network.advance(.milliseconds(1_300))
        #expect(fixture.network.connections.count == 3)
        _ = faces
    }

    @Test func signsOfLifeAreNoAnswer() throws {
        let faces = try open(["timeout_ms": 1_000])
        _ = generate(faces, request("hi", turn: 1))
        send(created("r1", 1))
        for _ in 0..<4 {
            fixture.network.advance(.milliseconds(240))
            send(
                #"{"type":"rate_limits.updated","rate_limits":[]}"#,
                #"{"type":"input_audio_buffer.committed","item_id":"a"}"#)
        }
        #expect(log.take() == [])
        fixture.network.advance(.milliseconds(40))
        #expect(log.take() == ["failed timeout"])
    }

    @Test func theServersOwnDetectionHearsEverything() throws {
        let faces = try open(["vad": "server", "silence_ms": 300])
        let text = fixture.server.takeTexts().joined()
        #expect(
            text.contains(
                #""turn_detection":{"type":"server_vad","silence_duration_ms":300,"create_response":false,"interrupt_response":false}"#
            ))
        hear(faces.ears, milliseconds: 80)
        #expect(try sent() == ["audio 320", "audio 320"])
        send(
            #"{"type":"input_audio_buffer.speech_started","audio_start_ms":1,"item_id":"a1"}"#,
            #"{"type":"input_audio_buffer.speech_stopped","audio_end_ms":9,"item_id":"a1"}"#,
            #"{"type":"input_audio_buffer.committed","item_id":"a1"}"#,
            #"{"type":"conversation.item.input_audio_transcription.completed","item_id":"a1","transcript":"Hi"}"#)
        #expect(log.take() == ["turnStarted", "heard Hi.", "endOfTurn"])
    }

    @Test func silenceStaysHere() throws {
        let faces = try open()
        _ = try sent()
        hear(faces.ears, milliseconds: 5_000)
        #expect(try sent() == [])
        // The moments before the voice go out with it.
        faces.ears.hint(.started(atMilliseconds: 4_900))
        #expect(try sent() == ["audio 3200"])
    }

    @Test func linearAudioIsCarriedOverInWholeSamples() throws {
        let faces = try open([:], try AudioFormat(encoding: .pcm16, sampleRate: 16_000))
        let text = fixture.server.takeTexts().joined()
        #expect(text.contains(#""format":{"type":"audio/pcm","rate":24000}"#))
        _ = generate(faces, request("hi", turn: 1))
        send(created("r1", 1), item("r1", "b"), audio("r1", "b", "AQID"), audio("r1", "b", "BA=="))
        #expect(log.take() == ["audio 1.0 [1, 2]", "audio 1.0 [3, 4]"])
        // An answer that ends in half a sample does not shift the next one.
        send(audio("r1", "b", "AQID"), done("r1"))
        _ = generate(faces, request("hi", turn: 2))
        send(created("r2", 2), item("r2", "c"), audio("r2", "c", "BQYHCA=="))
        #expect(log.take() == ["audio 1.0 [1, 2]", "stop 7+9", "audio 2.0 [5, 6, 7, 8]"])
    }

    @Test func choosesAFormatThatTheServerHas() throws {
        let provider = try provider()
        let rows: [(AudioEncoding, Int, AudioEncoding, Int)] = [
            (.mulaw, 8_000, .mulaw, 8_000), (.alaw, 8_000, .alaw, 8_000), (.pcm16, 8_000, .mulaw, 8_000),
            (.mulaw, 16_000, .pcm16, 24_000), (.pcm16, 48_000, .pcm16, 24_000), (.opus, 48_000, .pcm16, 24_000),
        ]
        for row in rows {
            let native = try AudioFormat(encoding: row.0, sampleRate: row.1)
            let wanted = try AudioFormat(encoding: row.2, sampleRate: row.3)
            #expect(provider.speechToText.format(for: native) == wanted)
            #expect(provider.voice(readsScripts: true).format(for: native) == wanted)
        }
    }

    static let wrongOptions: [(JSONValue, String)] = [
        (["vad": "none"], "vad"), (["silence_ms": 300], "silence_ms"), (["eagerness": "low"], "eagerness"),
        (["renew_after_s": 3_600], "renew_after_s"), (["max_tokens": 0], "max_tokens"), (["intent": "x"], "intent"),
    ]

    @Test(arguments: wrongOptions)
    func refusesWrongOptions(row: (JSONValue, String)) throws {
        let error = #expect(throws: ProviderSetupError.self) { try provider(row.0) }
        #expect(error?.path == "stt[0].\(row.1)")
    }

    private func base64(_ bytes: [UInt8]) throws -> String {
        var text = [UInt8](repeating: 0, count: Base64.encodedCount(bytes.count))
        var target = text.mutableSpan
        _ = try Base64.encode(bytes.span, into: &target)
        return String(decoding: text, as: UTF8.self)
    }
}
