internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

@Suite struct CartesiaTTSTests {
    let fixture: ProviderFixture
    let log = VoiceLog()
    init() throws { fixture = try ProviderFixture() }

    private func open(_ format: AudioFormat = .telephone, _ options: JSONValue = [:]) throws -> any TextToSpeechStream {
        var all = options.object ?? JSONObject()
        all.append("transport", "websocket")
        let provider = try CartesiaTTS.make(
            fixture.voice("cartesia", baseURL: "ws://ca", language: "en-US", options: .object(all)))
        return provider.open(fixture.context, format: format, sink: log.sink)
    }

    private func input(_ text: String, _ context: String, goesOn: Bool = true, flush: Bool = false) -> String {
        #"{"context_id":"\#(context)","model_id":"sonic-3","transcript":"\#(text)","voice":{"mode":"id","id":"v1"},"#
            + #""language":"en","output_format":{"container":"raw","encoding":"pcm_mulaw","sample_rate":8000},"#
            + #""continue":\#(goesOn)\#(flush ? #","flush":true"# : ""),"add_timestamps":true,"max_buffer_delay_ms":0}"#
    }
    private func chunk(_ bytes: [UInt8], _ context: String) -> String {
        #"{"type":"chunk","context_id":"\#(context)","data":"\#(base64(bytes))","done":false,"status_code":206}"#
    }
    private func event(_ type: String, _ context: String) -> String {
        #"{"type":"\#(type)","context_id":"\#(context)","done":\#(type == "done"),"flush_id":1,"status_code":200}"#
    }

    @Test func speaksAReplyWithBordersAndWords() throws {
        let stream = try open()
        let lines = fixture.server.acceptWebSocket()
        #expect(lines[0] == "GET /tts/websocket HTTP/1.1")
        #expect(lines.contains("X-API-Key: \(ProviderFixture.key)") && lines.contains("Cartesia-Version: 2026-03-01"))
        stream.speak("Hi you.", as: segment(1, 0))
        stream.speak("Bye.", as: segment(1, 1))
        stream.finish(turn(1))
        #expect(
            fixture.server.takeTexts() == [
                input("Hi you. ", "r1"), input("", "r1", flush: true), input("Bye. ", "r1"),
                input("", "r1", flush: true),
                input("", "r1", goesOn: false),
            ])
        fixture.server.send(text: chunk([UInt8](1...8), "r1"))
        fixture.server.send(
            text:
                #"{"type":"timestamps","context_id":"r1","word_timestamps":{"words":["Hi","you."],"start":[0,0.001],"end":[0.001,0.002]}}"#
        )
        fixture.server.send(text: chunk([UInt8](9...16), "r1"))
        fixture.server.send(text: event("flush_done", "r1"))
        fixture.server.send(
            text:
                #"{"type":"timestamps","context_id":"r1","word_timestamps":{"words":["Bye"],"start":[0.002],"end":[0.003]}}"#
        )
        fixture.server.send(text: chunk([17], "r1"))
        fixture.server.send(text: event("flush_done", "r1"))
        fixture.server.send(text: event("done", "r1"))
        #expect(
            log.take() == [
                "audio 1.0 [1, 2, 3, 4, 5, 6, 7, 8]", "words 1.0 [1, 2]", "audio 1.0 [9, 10, 11, 12, 13, 14, 15, 16]",
                "completed 1.0", "words 1.1 [1]", "audio 1.1 [17]", "completed 1.1",
            ])
        stream.close()
        fixture.network.advance(.seconds(1))
        #expect(fixture.isQuiet)
    }

    @Test func signsOfLifeAreNoAudio() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("Hi.", as: segment(1, 0))
        for _ in 0..<4 {
            fixture.network.advance(.milliseconds(1_200))
            fixture.server.send(text: #"{"type":"hello","context_id":"r1"}"#)
        }
        #expect(log.take() == [])
        fixture.network.advance(.milliseconds(200))
        #expect(log.take() == ["failed 1 timeout"])
        stream.close()
    }

    @Test func aBargeInCancelsTheContext() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("Old.", as: segment(1, 0))
        _ = fixture.server.takeTexts()
        stream.cancel(turn(1))
        stream.speak("New.", as: segment(2, 0))
        #expect(
            fixture.server.takeTexts() == [
                #"{"context_id":"r1","cancel":true}"#, input("New. ", "r2"), input("", "r2", flush: true),
            ])
        fixture.server.send(text: chunk([9], "r1"))
        fixture.server.send(text: #"{"type":"error","context_id":"r1","message":"no such context","status_code":400}"#)
        fixture.server.send(text: chunk([1], "r2"))
        #expect(log.take() == ["audio 2.0 [1]"])
    }

    @Test func aContextThatExpiredIsFollowedByAnother() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("One.", as: segment(1, 0))
        fixture.server.send(text: chunk([1], "r1"))
        fixture.server.send(text: event("flush_done", "r1"))
        _ = fixture.server.takeTexts()
        // On its way while the server ends the context: said again in the next one.
        stream.speak("Two.", as: segment(1, 1))
        fixture.server.send(text: event("done", "r1"))
        #expect(log.take() == ["audio 1.0 [1]", "completed 1.0"])
        #expect(fixture.server.takeTexts().suffix(2) == [input("Two. ", "r2"), input("", "r2", flush: true)])
        fixture.server.send(text: chunk([2], "r2"))
        fixture.server.send(text: event("done", "r2"))
        stream.speak("Three.", as: segment(1, 2))
        stream.finish(turn(1))
        #expect(fixture.server.takeTexts().last == input("", "r3", goesOn: false))
        fixture.server.send(text: chunk([3], "r3"))
        fixture.server.send(text: event("done", "r3"))
        #expect(
            log.take() == ["audio 1.1 [2]", "completed 1.1", "audio 1.2 [3]", "completed 1.2"])
    }

    @Test func aServerThatEndsEveryContextUnspokenIsGivenUp() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("One.", as: segment(1, 0))
        fixture.server.send(text: event("done", "r1"))
        #expect(log.take() == [])
        fixture.server.send(text: event("done", "r2"))
        #expect(log.take() == ["failed 1 protocol"])
    }

    @Test func anErrorOfAContextLeavesTheSocket() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("a", as: segment(1, 0))
        fixture.server.send(
            text:
                #"{"type":"error","context_id":"r1","title":"Too many","message":"m","error_code":"concurrency_limited","status_code":429,"done":true}"#
        )
        #expect(log.take() == ["failed 1 rateLimited"])
        stream.speak("b", as: segment(2, 0))
        #expect(fixture.network.connections.count == 1)
        fixture.server.send(text: #"{"type":"error","title":"Bad","message":"key","status_code":401,"done":true}"#)
        #expect(log.take() == ["failed 2 auth"])
        fixture.network.advance(.seconds(1))
        #expect(fixture.isQuiet)
    }

    @Test func anIdleSocketIsMadeAnewForTheNextReply() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        fixture.server.sendClose(1000, "connection idle timeout")
        #expect(log.take() == [])
        stream.speak("a", as: segment(1, 0))
        #expect(fixture.network.connections.count == 2)
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeTexts().count == 2)
        // The server closed it just as the text went out: nothing was heard, so it is said again.
        fixture.server.sendClose(1000, "connection idle timeout")
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeTexts().count == 2 && log.take() == [])
    }

    @Test func aPauseOfTheModelIsNoTimeout() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("a", as: segment(1, 0))
        fixture.server.send(text: chunk([1], "r1"))
        fixture.server.send(text: event("flush_done", "r1"))
        fixture.network.advance(.seconds(20))
        stream.finish(turn(1))
        #expect(log.take() == ["audio 1.0 [1]"])
        fixture.network.advance(.seconds(5))
        #expect(log.take() == ["failed 1 timeout"])
    }

    @Test func silenceAtTheStartIsLeftOutAndWordsMoveWithIt() throws {
        let stream = try open(.telephone, ["trim_silence_ms": 100])
        fixture.server.acceptWebSocket()
        stream.speak("Hi.", as: segment(1, 0))
        fixture.server.send(text: chunk([UInt8](repeating: 0xFF, count: 16), "r1"))
        #expect(log.take() == [])
        fixture.server.send(text: chunk([1, 2, 3, 4, 5, 6, 7, 8], "r1"))
        fixture.server.send(
            text:
                #"{"type":"timestamps","context_id":"r1","word_timestamps":{"words":["Hi"],"start":[0.002],"end":[0.003]}}"#
        )
        #expect(log.take() == ["audio 1.0 [1, 2, 3, 4, 5, 6, 7, 8]", "words 1.0 [1]"])
    }

    @Test func choosesAFormatAndChecksItsKeys() throws {
        let provider = try CartesiaTTS.make(fixture.voice("cartesia", baseURL: nil))
        let rows: [(AudioEncoding, Int, AudioEncoding, Int)] = [
            (.mulaw, 8_000, .mulaw, 8_000), (.alaw, 16_000, .alaw, 16_000), (.pcm16, 11_025, .pcm16, 16_000),
            (.opus, 48_000, .pcm16, 48_000),
        ]
        for row in rows {
            let format = provider.format(for: try AudioFormat(encoding: row.0, sampleRate: row.1))
            #expect(format.encoding == row.2 && format.sampleRate == row.3)
        }
        for (options, path): (JSONValue, String) in [
            (["volume": 9], "volume"), (["max_buffer_delay_ms": -1], "max_buffer_delay_ms"),
            (["api_key": "x"], "api_key"),
        ] {
            #expect {
                _ = try CartesiaTTS.make(fixture.voice("cartesia", baseURL: nil, options: options))
            } throws: { ($0 as? ProviderSetupError)?.path == "tts[0].\(path)" }
        }
    }
}
