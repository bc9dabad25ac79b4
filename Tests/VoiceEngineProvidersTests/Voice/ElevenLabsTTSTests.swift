internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

@Suite struct ElevenLabsTTSTests {
    let fixture: ProviderFixture
    let log = VoiceLog()
    init() throws { fixture = try ProviderFixture() }

    private func open(_ format: AudioFormat = .telephone, _ options: JSONValue = [:]) throws -> any TextToSpeechStream {
        var all = options.object ?? JSONObject()
        all.append("transport", "websocket")
        let provider = try ElevenLabsTTS.make(
            fixture.voice("elevenlabs", baseURL: "ws://el", language: "en-US", options: .object(all)))
        return provider.open(fixture.context, format: format, sink: log.sink)
    }

    private func open(_ context: String) -> String { #"{"text":" ","context_id":"\#(context)"}"# }
    private func text(_ text: String, _ context: String) -> String {
        #"{"text":"\#(text)","flush":true,"context_id":"\#(context)"}"#
    }
    private func close(_ context: String) -> String { #"{"close_context":true,"context_id":"\#(context)"}"# }
    private func audio(_ bytes: [UInt8], _ context: String) -> String {
        #"{"audio":"\#(base64(bytes))","isFinal":null,"context_id":"\#(context)"}"#
    }
    private func final(_ context: String) -> String { #"{"audio":null,"isFinal":true,"contextId":"\#(context)"}"# }

    @Test func speaksAReply() throws {
        let stream = try open()
        let lines = fixture.server.acceptWebSocket()
        #expect(
            lines[0]
                == "GET /v1/text-to-speech/v1/multi-stream-input?model_id=eleven_flash_v2_5&output_format=ulaw_8000"
                + "&language_code=en&auto_mode=true&inactivity_timeout=180&sync_alignment=true HTTP/1.1")
        #expect(lines.contains("xi-api-key: \(ProviderFixture.key)"))
        #expect(fixture.server.takeTexts() == [])
        stream.speak("Hi you.", as: segment(1, 0))
        stream.speak("Bye.", as: segment(1, 1))
        stream.finish(turn(1))
        #expect(
            fixture.server.takeTexts() == [open("r1"), text("Hi you. ", "r1"), text("Bye. ", "r1"), close("r1")])
        fixture.server.send(text: audio([1, 2], "r1"))
        fixture.server.send(text: audio([3], "r1"))
        fixture.server.send(text: final("r1"))
        #expect(log.take() == ["audio 1.0 [1, 2]", "audio 1.0 [3]", "completed 1.1"])
        stream.close()
        #expect(fixture.server.takeTexts() == [#"{"close_socket":true}"#])
        fixture.network.advance(.seconds(1))
        #expect(fixture.isQuiet)
    }

    @Test func alignmentTellsWordsAndSegments() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("Hi you.", as: segment(1, 0))
        stream.speak("Bye now.", as: segment(1, 1))
        // 8 samples are a millisecond: this message lasts 2 ms, "Bye" begins in the second one.
        let first =
            #"{"audio":"\#(base64([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]))","alignment":{"#
            + #""chars":["H","i"," ","y","o","u","."],"charStartTimesMs":[0,0,0,1,1,1,1],"charDurationsMs":[0,0,0,0,0,1,0]},"#
            + #""normalizedAlignment":{"chars":["X"],"charStartTimesMs":[0],"charDurationsMs":[1]},"contextId":"r1"}"#
        fixture.server.send(text: first)
        #expect(
            log.take() == [
                "words 1.0 [0, 2]", "audio 1.0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]",
            ])
        // Both spellings; times count from the message.
        fixture.server.send(
            text: #"{"audio":"\#(base64([UInt8](21...36)))","alignment":{"chars":[" ","B","y","e"],"#
                + #""charsStartTimesMs":[0,1,1,1],"charsDurationsMs":[1,0,0,1]},"context_id":"r1"}"#)
        #expect(
            log.take() == [
                "audio 1.0 [21, 22, 23, 24, 25, 26, 27, 28]", "completed 1.0", "words 1.1 [1]",
                "audio 1.1 [29, 30, 31, 32, 33, 34, 35, 36]",
            ])
        // The server has told everything: nothing is due until there is more text.
        fixture.server.send(
            text: #"{"audio":"\#(base64([9]))","alignment":{"chars":[" ","n","o","w"],"#
                + #""char_start_times_ms":[0,0,0,0],"char_durations_ms":[0,0,0,1]},"context_id":"r1"}"#)
        fixture.network.advance(.seconds(9))
        stream.finish(turn(1))
        fixture.server.send(text: final("r1"))
        #expect(log.take() == ["words 1.1 [1, 2]", "audio 1.1 [9]", "completed 1.1"])
    }

    @Test func aBargeInClosesTheContextAndNotTheSocket() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("Old.", as: segment(1, 0))
        fixture.server.send(text: audio([1], "r1"))
        _ = fixture.server.takeTexts()
        stream.cancel(turn(1))
        stream.speak("Late.", as: segment(1, 1))
        stream.speak("New.", as: segment(2, 0))
        stream.finish(turn(2))
        #expect(
            fixture.server.takeTexts() == [close("r1"), open("r2"), text("New. ", "r2"), close("r2")])
        fixture.server.send(text: audio([9], "r1"))
        fixture.server.send(text: audio([2], "r2"))
        fixture.server.send(text: final("r1"))
        fixture.server.send(text: audio([3], "r2"))
        fixture.server.send(text: final("r2"))
        #expect(
            log.take() == ["audio 1.0 [1]", "audio 2.0 [2]", "audio 2.0 [3]", "completed 2.0"])
        #expect(fixture.network.connections.count == 1)
    }

    @Test func tooManyCancelledContextsTakeANewSocket() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        for number in 1...4 as ClosedRange<UInt64> {
            stream.speak("a", as: segment(number, 0))
            stream.cancel(turn(number))
        }
        let old = fixture.server
        stream.speak("b", as: segment(5, 0))
        #expect(fixture.network.connections.count == 2)
        #expect(old.takeTexts().last == #"{"close_socket":true}"#)
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeTexts() == [open("r5"), text("b ", "r5")])
        // Contexts that the server has ended do not count.
        for number in 6...12 as ClosedRange<UInt64> {
            stream.cancel(turn(number - 1))
            fixture.server.send(text: final("r\(number - 1)"))
            stream.speak("c", as: segment(number, 0))
        }
        #expect(fixture.network.connections.count == 2)
    }

    @Test func keepsContextsAndTheSocketAlive() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        fixture.network.advance(.seconds(10))
        #expect(fixture.server.takeTexts() == [#"{"text":""}"#])
        stream.speak("Hi.", as: segment(1, 0))
        fixture.server.send(text: audio([1], "r1"))
        _ = fixture.server.takeTexts()
        fixture.server.send(text: audio([1], "r1"))
        fixture.network.advance(.seconds(10))
        #expect(fixture.server.takeTexts() == [#"{"text":"","context_id":"r1"}"#])
        stream.close()
        fixture.network.advance(.seconds(30))
        #expect(fixture.isQuiet)
    }

    @Test func carriesTheOddByteBetweenMessages() throws {
        let stream = try open(try pcm16(16_000))
        fixture.server.acceptWebSocket()
        stream.speak("a", as: segment(1, 0))
        for part: [UInt8] in [[1, 2, 3], [4], [5], [6]] { fixture.server.send(text: audio(part, "r1")) }
        #expect(log.take() == ["audio 1.0 [1, 2]", "audio 1.0 [3, 4]", "audio 1.0 [5, 6]"])
        // A half of a dead reply does not shift the next one.
        fixture.server.send(text: audio([7], "r1"))
        stream.cancel(turn(1))
        stream.speak("b", as: segment(2, 0))
        fixture.server.send(text: audio([2, 3], "r2"))
        #expect(log.take() == ["audio 2.0 [2, 3]"])
    }

    @Test func aReplyThatNobodyHeardIsSaidAgainOnce() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("Hi.", as: segment(1, 0))
        stream.finish(turn(1))
        fixture.server.sendClose(1011)
        #expect(fixture.network.connections.count == 2)
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeTexts() == [open("r2"), text("Hi. ", "r2"), close("r2")])
        fixture.server.cut()
        #expect(log.take() == ["failed 1 unavailable"])
        stream.speak("Next.", as: segment(2, 0))
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeTexts() == [open("r3"), text("Next. ", "r3")])
    }

    @Test func aReplyThatWasHeardIsNotSaidAgain() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("Hi.", as: segment(1, 0))
        fixture.server.send(text: audio([1], "r1"))
        fixture.server.cut()
        #expect(log.take() == ["audio 1.0 [1]", "failed 1 unavailable"])
        #expect(fixture.network.connections.count == 1)
    }

    @Test func aSocketClosedForIdlenessIsNoFailure() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        fixture.server.send(text: #"{"message":"no text","error":"input_timeout_exceeded","code":1008}"#)
        #expect(log.take() == [])
        stream.speak("Hi.", as: segment(1, 0))
        #expect(fixture.network.connections.count == 2)
    }

    @Test(arguments: [
        (#"{"message":"x","error":"quota_exceeded","code":1008}"#, "auth"),
        (#"{"message":"x","error":"invalid_api_key","code":1008}"#, "auth"),
        (#"{"message":"x","error":"voice_not_found","code":1008}"#, "configuration"),
        (#"{"message":"x","error":"max_active_conversations","code":1008}"#, "rateLimited"),
        (#"{"message":"x","error":"too_many_concurrent_requests","code":1008}"#, "rateLimited"),
        (#"{"message":"x","error":"system_busy","code":1011}"#, "unavailable"),
        (#"{"message":"strange"#, "protocol"), ("[]", "protocol"), (#"{"audio":"*"}"#, "protocol"),
    ])
    func aMessageThatEndsTheReply(_ row: (String, String)) throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("a", as: segment(1, 0))
        // Heard: garbage is no reason to say it again.
        fixture.server.send(text: audio([1], "r1"))
        _ = log.take()
        fixture.server.send(text: row.0)
        #expect(log.take() == ["failed 1 \(row.1)"])
        fixture.network.advance(.seconds(1))
        #expect(fixture.isQuiet)
        stream.close()
    }

    @Test(arguments: [
        (401, #"{"detail":{"status":"quota_exceeded","message":"no credits"}}"#, "auth"),
        (401, #"{"detail":{"status":"invalid_api_key","message":"sk-0123456789abcdef"}}"#, "auth"),
        (403, "", "auth"), (404, #"{"detail":{"status":"voice_not_found"}}"#, "configuration"),
        (429, #"{"detail":{"status":"too_many_concurrent_requests","message":"wait"}}"#, "rateLimited"),
        (500, "oh", "unavailable"), (503, #"{"detail":{"status":"system_busy"}}"#, "unavailable"),
    ])
    func aRefusedSocketFailsTheTextThatWaits(_ row: (Int, String, String)) throws {
        let stream = try open()
        stream.speak("a", as: segment(1, 0))
        fixture.server.answer(
            "HTTP/1.1 \(row.0) No\r\nRetry-After: 3\r\nContent-Length: \(row.1.utf8.count)\r\n\r\n\(row.1)")
        fixture.network.run()
        #expect(log.take() == ["failed 1 \(row.2)"])
        let detail = try #require(log.lastError?.detail)
        #expect(detail.contains("\(row.0)") && detail.contains("retry after 3 s"))
        #expect(!detail.contains(ProviderFixture.key))
        #expect(fixture.network.connections.count == 1 && fixture.isQuiet)
    }

    @Test func silenceOfTheServerIsATimeoutUnlessItIsHeld() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        stream.speak("a", as: segment(1, 0))
        stream.holdAudio(true)
        #expect(!fixture.server.isRead)
        fixture.network.advance(.seconds(9))
        stream.holdAudio(false)
        #expect(fixture.server.isRead)
        fixture.network.advance(.milliseconds(4_999))
        #expect(log.take() == [])
        fixture.network.advance(.milliseconds(1))
        #expect(log.take() == ["failed 1 timeout"])
    }

    @Test func theSingleStreamHasASocketForEachReply() throws {
        let stream = try open(.telephone, ["socket": "single", "stability": 0.5])
        let lines = fixture.server.acceptWebSocket()
        #expect(lines[0].contains("/stream-input?"))
        // Its first message opens it; a keep-alive before would fix other settings.
        #expect(fixture.server.takeTexts() == [#"{"text":" ","voice_settings":{"stability":0.5}}"#])
        fixture.network.advance(.seconds(10))
        #expect(fixture.server.takeTexts() == [#"{"text":" "}"#])
        stream.speak("Hi.", as: segment(1, 0))
        stream.finish(turn(1))
        #expect(fixture.server.takeTexts() == [#"{"text":"Hi. ","flush":true}"#, #"{"text":""}"#])
        fixture.server.send(text: #"{"audio":"\#(base64([1]))","isFinal":null}"#)
        fixture.server.send(text: #"{"isFinal":true}"#)
        #expect(log.take() == ["audio 1.0 [1]", "completed 1.0"])
        #expect(fixture.network.connections.count == 2)
        fixture.server.acceptWebSocket()
        stream.speak("Old.", as: segment(2, 0))
        stream.cancel(turn(2))
        #expect(fixture.network.connections.count == 3)
        fixture.server.acceptWebSocket()
        stream.speak("New.", as: segment(3, 0))
        fixture.server.send(text: #"{"audio":"\#(base64([3]))"}"#)
        #expect(log.take() == ["audio 3.0 [3]"])
    }

    @Test func gathersTextByTheScheduleAndFlushesAtTheEnd() throws {
        let stream = try open(.telephone, ["chunk_length_schedule": "80, 120"])
        #expect(!fixture.server.acceptWebSocket()[0].contains("auto_mode"))
        stream.speak("Hi.", as: segment(1, 0))
        // Nothing is due before the end: the server waits for more text.
        fixture.network.advance(.seconds(9))
        stream.finish(turn(1))
        #expect(
            fixture.server.takeTexts() == [
                #"{"text":" ","generation_config":{"chunk_length_schedule":[80,120]},"context_id":"r1"}"#,
                #"{"text":"Hi. ","context_id":"r1"}"#, #"{"flush":true,"context_id":"r1"}"#, close("r1"),
            ])
        #expect(log.take() == [])
    }

    @Test func choosesAFormatThatTheServerAndThePlanHave() throws {
        func rate(_ encoding: AudioEncoding, _ rate: Int, _ options: JSONValue = [:]) throws -> String {
            let provider = try ElevenLabsTTS.make(fixture.voice("elevenlabs", baseURL: nil, options: options))
            let format = provider.format(for: try AudioFormat(encoding: encoding, sampleRate: rate))
            return ElevenLabsSpeechWire.name(format) ?? "none"
        }
        #expect(try rate(.mulaw, 8_000) == "ulaw_8000" && rate(.alaw, 8_000) == "alaw_8000")
        #expect(try rate(.mulaw, 16_000) == "pcm_16000" && rate(.pcm16, 8_000) == "pcm_8000")
        #expect(try rate(.pcm16, 11_025) == "pcm_16000" && rate(.opus, 48_000) == "pcm_24000")
        #expect(try rate(.opus, 48_000, ["max_sample_rate": 48_000]) == "pcm_48000")
    }

    @Test(arguments: [
        (#"{"stability":2}"#, "stability"), (#"{"socket":"both"}"#, "socket"), (#"{"transport":"udp"}"#, "transport"),
        (#"{"chunk_length_schedule":"20"}"#, "chunk_length_schedule"),
        (#"{"chunk_length_schedule":"80","auto_mode":true}"#, "auto_mode"),
        (#"{"output_format":"mp3"}"#, "output_format"), (#"{"speed":3}"#, "speed"), (#"{"odd":[]}"#, "odd"),
    ])
    func aWrongKeyIsNamed(_ row: (String, String)) throws {
        let options = try JSONValue.parse(row.0)
        #expect {
            _ = try ElevenLabsTTS.make(fixture.voice("elevenlabs", baseURL: nil, options: options))
        } throws: { ($0 as? ProviderSetupError)?.path == "tts[0].\(row.1)" }
    }

    @Test func voiceModelKeyAndAddressAreChecked() throws {
        func path(_ setup: ProviderSetup) -> String? {
            do {
                _ = try ElevenLabsTTS.make(setup)
                return nil
            } catch { return error.path }
        }
        #expect(path(fixture.voice("elevenlabs", voice: nil, baseURL: nil)) == "tts[0].voice")
        #expect(path(fixture.voice("elevenlabs", model: "eleven_v3", baseURL: nil)) == "tts[0].model")
        let overHTTP: JSONValue = ["transport": "http"]
        #expect(path(fixture.voice("elevenlabs", model: "eleven_v3", baseURL: nil, options: overHTTP)) == nil)
        #expect(path(fixture.voice("elevenlabs", baseURL: "ftp://x")) == "tts[0].base_url")
        #expect(path(fixture.voice("elevenlabs", baseURL: nil, keyVariable: "NOTHING")) == "tts[0].api_key_env")
    }
}
