internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
internal import VoiceEngineProviders

@Suite struct DeepgramTTSTests {
    final class Log {
        var entries: [String] = []
        func sink(_ event: TextToSpeechEvent) {
            switch event {
            case .audio(let id, let bytes): entries.append("audio \(id.turn.number).\(id.index) \(Array(bytes))")
            case .wordEnds(let id, let ends): entries.append("words \(id.turn.number).\(id.index) \(ends)")
            case .completed(let id): entries.append("completed \(id.turn.number).\(id.index)")
            case .failed(let turn, let error): entries.append("failed \(turn.number) \(error.kind.rawValue)")
            }
        }
        func take() -> [String] {
            defer { entries = [] }
            return entries
        }
    }

    let fixture: ProviderFixture
    let log = Log()
    init() throws { fixture = try ProviderFixture() }

    private func open(_ format: AudioFormat = .telephone) throws -> any TextToSpeechStream {
        let provider = try DeepgramTTS.make(
            fixture.setup(
                "deepgram", model: "aura-2-thalia-en", baseURL: "ws://dg/x", options: ["transport": "websocket"]))
        return provider.open(fixture.context, format: format, sink: log.sink)
    }
    private func turn(_ number: UInt64) -> TurnID { TurnID(number: number) }
    private func id(_ turn: UInt64, _ index: Int) -> SegmentID { SegmentID(turn: self.turn(turn), index: index) }

    private let flush = #"{"type":"Flush"}"#
    private let clear = #"{"type":"Clear"}"#
    private func speak(_ text: String) -> String { #"{"type":"Speak","text":"\#(text)"}"# }

    @Test func halfASampleAtTheEndDoesNotShiftWhatFollows() throws {
        let stream = try open(try AudioFormat(encoding: .pcm16, sampleRate: 8_000))
        fixture.server.acceptWebSocket()
        stream.speak("Hello.", as: id(1, 0))
        stream.speak("Bye.", as: id(1, 1))
        stream.finish(turn(1))
        fixture.server.send(binary: [1, 2, 3])
        fixture.server.send(text: #"{"type":"Flushed","sequence_id":0}"#)
        fixture.server.send(binary: [4, 5])
        #expect(log.take() == ["audio 1.0 [1, 2]", "completed 1.0", "audio 1.1 [4, 5]"])
        stream.close()
    }

    @Test func speaksAReply() throws {
        let stream = try open()
        stream.speak("Hello.", as: id(1, 0))
        let lines = fixture.server.acceptWebSocket()
        #expect(lines[0] == "GET /x/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000 HTTP/1.1")
        #expect(lines.contains("Authorization: Token \(ProviderFixture.key)"))
        #expect(fixture.server.takeTexts() == [speak("Hello. "), flush])
        stream.speak("How", as: id(1, 1))
        stream.speak("are you?", as: id(1, 2))
        stream.finish(turn(1))
        #expect(fixture.server.takeTexts() == [speak("How "), speak("are you? "), flush])
        fixture.server.send(text: #"{"type":"Metadata","request_id":"r","model_name":"m"}"#)
        fixture.server.send(binary: [1, 2, 3])
        fixture.server.send(text: #"{"type":"Flushed","sequence_id":0}"#)
        fixture.server.send(binary: [4])
        fixture.server.send(text: #"{"type":"Flushed","sequence_id":1}"#)
        #expect(
            log.take() == ["audio 1.0 [1, 2, 3]", "completed 1.0", "audio 1.1 [4]", "completed 1.2"])
        stream.close()
        #expect(fixture.server.takeFrames().map(\.opcode) == [1, 8])
        fixture.network.advance(.seconds(1))
        #expect(fixture.isQuiet)
    }

    @Test func dropsAudioAfterACancelUntilCleared() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("Old.", as: id(1, 0))
        _ = fixture.server.takeTexts()
        stream.cancel(turn(1))
        #expect(fixture.server.takeTexts() == [clear])
        stream.speak("Older.", as: id(1, 1))
        stream.speak("New.", as: id(2, 0))
        stream.finish(turn(2))
        fixture.server.send(binary: [9, 9])
        fixture.server.send(text: #"{"type":"Flushed","sequence_id":0}"#)
        #expect(fixture.server.takeTexts() == [])
        fixture.server.send(text: #"{"type":"Cleared","sequence_id":1}"#)
        #expect(fixture.server.takeTexts() == [speak("New. "), flush])
        fixture.server.send(binary: [1])
        fixture.server.send(text: #"{"type":"Flushed","sequence_id":2}"#)
        #expect(log.take() == ["audio 2.0 [1]", "completed 2.0"])
    }

    @Test func takesANewConnectionWhenClearIsNotAnswered() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("Old.", as: id(1, 0))
        stream.cancel(turn(1))
        stream.speak("New.", as: id(2, 0))
        fixture.network.advance(.seconds(1))
        #expect(fixture.network.connections.count == 2)
        #expect(!fixture.network.connections[0].isOpen)
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeTexts() == [speak("New. "), flush])
        #expect(log.take() == [])
    }

    @Test func cancelOfNothingSaysNothing() throws {
        let stream = try open()
        stream.speak("Held.", as: id(1, 0))
        stream.cancel(turn(1))
        fixture.server.acceptWebSocket()
        stream.cancel(turn(2))
        #expect(fixture.server.takeTexts() == [])
    }

    @Test func carriesTheOddByte() throws {
        let stream = try open(try AudioFormat(encoding: .pcm16, sampleRate: 16_000))
        fixture.server.acceptWebSocket()
        stream.speak("a", as: id(1, 0))
        for part: [UInt8] in [[1, 2, 3], [4], [5], [6, 7, 8, 9], [10]] { fixture.server.send(binary: part) }
        #expect(
            log.take() == [
                "audio 1.0 [1, 2]", "audio 1.0 [3, 4]", "audio 1.0 [5, 6]", "audio 1.0 [7, 8]", "audio 1.0 [9, 10]",
            ])
        // A half sample of a dead reply does not shift the next one.
        fixture.server.send(binary: [1])
        stream.cancel(turn(1))
        fixture.server.send(text: #"{"type":"Cleared"}"#)
        stream.speak("b", as: id(2, 0))
        fixture.server.send(binary: [2, 3])
        #expect(log.take() == ["audio 2.0 [2, 3]"])
    }

    @Test func splitsLongTextsAndSkipsBlankOnes() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak(String(repeating: "Word and word. ", count: 300), as: id(1, 0))
        let texts = fixture.server.takeTexts().filter { $0.contains("Speak") }
        #expect(texts.count == 3)
        #expect(texts.allSatisfy { $0.count <= 2_000 + 30 && $0.hasSuffix(#". "}"#) })
        stream.speak(" \n ", as: id(1, 1))
        #expect(fixture.server.takeTexts() == [])
    }

    @Test func sparesFlushesAndChangesTheWornConnection() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        var flushes = 0
        for number in 1...9 {
            stream.speak("a", as: id(UInt64(number), 0))
            stream.speak("b", as: id(UInt64(number), 1))
            stream.finish(turn(UInt64(number)))
            for _ in 0..<fixture.server.takeTexts().filter({ $0 == flush }).count {
                flushes += 1
                fixture.server.send(text: #"{"type":"Flushed"}"#)
            }
        }
        #expect(flushes == 18)
        #expect(fixture.network.connections.count == 1)
        stream.speak("a", as: id(10, 0))
        #expect(fixture.network.connections.count == 2)
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeTexts() == [speak("a "), flush])
    }

    @Test func aLostConnectionFailsTheReplyAndTheNextOneGetsANewOne() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("a", as: id(1, 0))
        fixture.server.sendClose(1011, "NET-0001")
        #expect(log.take() == ["failed 1 unavailable"])
        stream.speak("more of it", as: id(1, 1))
        stream.finish(turn(1))
        stream.speak("b", as: id(2, 0))
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeTexts() == [speak("b "), flush])
    }

    @Test func aConnectionLostBetweenRepliesIsNoFailure() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        fixture.server.cut()
        #expect(log.take() == [])
        stream.speak("b", as: id(1, 0))
        #expect(fixture.network.connections.count == 2)
    }

    @Test func silenceOfTheServerIsATimeout() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("a", as: id(1, 0))
        fixture.network.advance(.seconds(4))
        fixture.server.send(binary: [1])
        fixture.network.advance(.seconds(4))
        #expect(log.take() == ["audio 1.0 [1]"])
        fixture.network.advance(.seconds(1))
        #expect(log.take() == ["failed 1 timeout"])
    }

    @Test func backPressureStopsReadingAndTheClock() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("a", as: id(1, 0))
        fixture.server.send(binary: [1])
        stream.holdAudio(true)
        #expect(!fixture.server.isRead)
        fixture.network.advance(.seconds(10))
        stream.holdAudio(false)
        #expect(fixture.server.isRead)
        #expect(log.take() == ["audio 1.0 [1]"])
    }

    @Test(arguments: [
        (#"{"type":"Error","err_code":"X","err_msg":"no"}"#, "protocol"), ("{", "protocol"),
        (#"{"type":"Warning","warn_code":"EXCESSIVE_FLUSH","warn_msg":"too many"}"#, "rateLimited"),
    ])
    func aMessageThatEndsTheReply(_ row: (String, String)) throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("a", as: id(1, 0))
        fixture.server.send(text: row.0)
        #expect(log.take() == ["failed 1 \(row.1)"])
        fixture.network.advance(.seconds(1))
        #expect(fixture.isQuiet)
        stream.close()
    }

    @Test func aWrongKeyFailsTheTextThatWaits() throws {
        let stream = try open()
        stream.speak("a", as: id(1, 0))
        fixture.server.answer("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        fixture.network.run()
        #expect(log.take() == ["failed 1 auth"])
        #expect(fixture.network.connections.count == 1)
    }

    @Test func choosesAFormatThatTheServerHas() throws {
        let provider = try DeepgramTTS.make(fixture.setup("deepgram", baseURL: nil))
        let rows: [(AudioEncoding, Int, AudioEncoding, Int)] = [
            (.mulaw, 8_000, .mulaw, 8_000), (.alaw, 16_000, .alaw, 16_000), (.mulaw, 11_025, .pcm16, 16_000),
            (.pcm16, 24_000, .pcm16, 24_000), (.pcm16, 22_050, .pcm16, 24_000), (.opus, 48_000, .pcm16, 48_000),
        ]
        for row in rows {
            let format = provider.format(for: try AudioFormat(encoding: row.0, sampleRate: row.1))
            #expect(format.encoding == row.2 && format.sampleRate == row.3)
        }
    }
}
