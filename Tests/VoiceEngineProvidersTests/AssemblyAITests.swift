internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

@Suite struct AssemblyAITests {
    /// A turn; the words after a `~` may still change.
    private func turn(_ order: Int, _ text: String, end: Bool = false, formatted: Bool = false) -> String {
        let isFinal = text.split(separator: "~", omittingEmptySubsequences: false)
        let parts = isFinal.enumerated().flatMap { part in
            part.element.split(separator: " ").map { (String($0), part.offset == 0) }
        }
        let words = parts.enumerated().map { index, word in
            """
            {"text":"\(word.0)","start":\(index * 100),"end":\(index * 100 + 100),"confidence":0.9,\
            "word_is_final":\(word.1)}
            """
        }
        return """
            {"type":"Turn","turn_order":\(order),"turn_is_formatted":\(formatted),"end_of_turn":\(end),\
            "transcript":"\(isFinal[0])","end_of_turn_confidence":0.5,"words":[\(words.joined(separator: ","))]}
            """
    }

    @Test func asksForWhatTheDocumentSays() throws {
        let harness = try RecogniserHarness(
            .assemblyAI,
            [
                "keyterms": ["ACME", "Ana"], "format_turns": true, "end_of_turn_confidence_threshold": 0.5,
                "min_turn_silence_ms": 200, "max_turn_silence_ms": 900, "inactivity_timeout_s": 30, "mode": "balanced",
            ])
        let lines = harness.begin()
        #expect(
            lines[0]
                == "GET /v3/ws?sample_rate=8000&encoding=pcm_mulaw&speech_model=universal-streaming-english&format_turns=true"
                + "&end_of_turn_confidence_threshold=0.5&min_turn_silence=200&max_turn_silence=900"
                + "&keyterms_prompt=%5B%22ACME%22%2C%22Ana%22%5D&inactivity_timeout=30&mode=balanced HTTP/1.1")
        // The bare key.
        #expect(lines.contains("Authorization: \(ProviderFixture.key)"))
    }

    @Test func takesTheModelForTheLanguage() throws {
        let fixture = try ProviderFixture()
        let provider = try AssemblyAISTT.make(fixture.setup("assemblyai", baseURL: "ws://x", language: "de-DE"))
        _ = provider.open(fixture.context, format: .telephone) { _ in }
        #expect(fixture.server.acceptWebSocket()[0].contains("speech_model=universal-streaming-multilingual"))
        #expect(throws: ProviderSetupError.self) {
            try AssemblyAISTT.make(
                fixture.setup(
                    "assemblyai", model: "universal-streaming-english", baseURL: "ws://x", language: "de"))
        }
        #expect(provider.format(for: try AudioFormat(encoding: .alaw, sampleRate: 8_000)).encoding == .pcm16)
    }

    @Test(
        arguments: [
            (["chunk_ms": 20], "chunk_ms"), (["token": "x"], "token"), (["format_turns": 1], "format_turns"),
            (["keyterms": .array([.string(String(repeating: "x", count: 51))])], "keyterms"),
            (["min_turn_silence_ms": 900, "max_turn_silence_ms": 300], "min_turn_silence_ms"),
        ] as [(JSONValue, String)])
    func refusesAWrongOption(_ row: (JSONValue, String)) throws {
        do {
            _ = try RecogniserHarness(.assemblyAI, row.0)
            Issue.record("accepted")
        } catch let error as ProviderSetupError { #expect(error.path == "stt[0].\(row.1)") }
    }

    @Test func tellsTurns() throws {
        let harness = try RecogniserHarness(.assemblyAI)
        harness.begin()
        #expect(
            harness.told(
                #"{"type":"SpeechStarted","timestamp":10}"#, turn(0, "~bo"), turn(0, "book ~a"),
                turn(0, "book a ~table"), turn(0, "book a table", end: true),
                turn(0, "Book a table.", end: true, formatted: true))
                == [
                    "turn started", "partial 'bo' 100", "partial 'book a' 200", "partial 'book a table' 300",
                    "settled 'book a table' 300", "end of turn",
                ])
        harness.stream.utteranceCommitted()
        #expect(harness.told(turn(1, "bye", end: true)) == ["settled 'bye' 300", "end of turn"])
    }

    @Test func waitsForTheWrittenOutTurnWhenItIsAskedFor() throws {
        let harness = try RecogniserHarness(.assemblyAI, ["format_turns": true])
        harness.begin()
        #expect(
            harness.told(turn(0, "hi there", end: true), turn(0, "Hi there.", end: true, formatted: true))
                == ["partial 'hi there' 200", "settled 'Hi there.' 200", "end of turn"])
        // The end of turn 1 is never told in full.
        #expect(
            harness.told(turn(1, "one", end: true), turn(2, "two")).last == "partial 'Hi there. one two' 200")
    }

    @Test func leavesOutWhatWasCommittedInMidTurn() throws {
        let harness = try RecogniserHarness(.assemblyAI)
        harness.begin()
        _ = harness.told(turn(0, "yes ~pleas"))
        harness.stream.utteranceCommitted()
        #expect(harness.told(turn(0, "yes please")) == [])
        #expect(harness.told(turn(0, "yes please now", end: true)) == ["settled 'now' 300", "end of turn"])
        harness.stream.utteranceCommitted()
        _ = harness.told(turn(1, "bye"))
        harness.stream.utteranceCommitted()
        #expect(harness.told(turn(1, "bye", end: true)) == [])
    }

    @Test func forcesAnEndpoint() throws {
        let harness = try RecogniserHarness(.assemblyAI)
        harness.begin()
        harness.send(milliseconds: 20)
        harness.stream.finishUtterance()
        let frames = harness.server.takeFrames()
        // Shorter messages than 50 ms are not allowed.
        #expect(frames.map(\.payload.count) == [400, 24])
        #expect(String(decoding: frames[1].payload, as: UTF8.self) == #"{"type":"ForceEndpoint"}"#)
        #expect(harness.told(turn(0, "so", end: true)) == ["settled 'so' 70", "end of turn"])
        harness.stream.finishUtterance()
        harness.advance(1_000)
        #expect(harness.take() == ["settled 'so' 70"])
    }

    @Test func keepsTheSessionAlive() throws {
        let harness = try RecogniserHarness(.assemblyAI)
        harness.begin()
        harness.advance(15_000)
        #expect(harness.server.takeTexts() == [#"{"type":"KeepAlive"}"#])
    }

    @Test(arguments: [
        (1008, "Unauthorized connection", "auth"), (1008, "Too many concurrent sessions", "rateLimited"),
        (3005, "Server error", "unavailable"), (3006, "bad", "configuration"), (3007, "chunk", "protocol"),
        (3008, "expired", "unavailable"), (3009, "many", "rateLimited"), (1013, "later", "unavailable"),
        (4001, "Not Authorized", "auth"), (4002, "Insufficient Funds", "auth"), (4100, "bad", "configuration"),
        (4102, "streams", "rateLimited"), (1000, "", "unavailable"),
    ])
    func namesAnErrorAndAClose(_ row: (Int, String, String)) throws {
        let harness = try RecogniserHarness(.assemblyAI)
        harness.server.acceptWebSocket()
        #expect(
            harness.told(#"{"type":"Error","error_code":\#(row.0),"error":"\#(row.1)"}"#)
                == ["failed \(row.2): error \(row.0): \(row.1)"])
        let other = try RecogniserHarness(.assemblyAI)
        other.begin()
        other.server.sendClose(UInt16(row.0), row.1)
        #expect(other.take().first?.hasPrefix("failed \(row.2): closed the connection with code \(row.0)") == true)
        other.advance(1_000)
        #expect(other.fixture.isQuiet)
    }

    @Test func ignoresWhatItDoesNotUse() throws {
        let harness = try RecogniserHarness(.assemblyAI)
        harness.begin()
        #expect(
            harness.told(
                #"{"type":"Warning","warning_code":1,"warning":"w"}"#, #"{"type":"Heartbeat"}"#, #"{"type":"Silence"}"#)
                == [])
        #expect(harness.told(#"{"error":"Not authorized"}"#) == ["failed auth: Not authorized"])
    }
}
