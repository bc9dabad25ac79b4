internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// WebSocket first, HTTP where it cannot be had.
@Suite struct VoiceFallbackTests {
    let fixture: ProviderFixture
    let log = VoiceLog()
    init() throws { fixture = try ProviderFixture() }

    private func open(_ house: String, options: JSONValue = [:]) throws -> any TextToSpeechStream {
        let setup = fixture.voice(
            house, model: house == "deepgram" ? "aura-2-thalia-en" : nil,
            voice: house == "deepgram" ? nil : "v1", baseURL: "ws://x/p", options: options)
        let provider: any TextToSpeechProvider =
            switch house {
            case "deepgram": try DeepgramTTS.make(setup)
            case "cartesia": try CartesiaTTS.make(setup)
            default: try ElevenLabsTTS.make(setup)
            }
        return provider.open(fixture.context, format: .telephone, sink: log.sink)
    }

    /// The connection that a text was asked on.
    private func asked(_ text: String) -> ScriptedConnection? {
        let connection = fixture.network.connections.first { $0.isOpen && $0.takeText().contains(text) }
        #expect(connection != nil, "\(text)")
        return connection
    }

    private let audio = "HTTP/1.1 200 OK\r\nContent-Type: audio/basic\r\nContent-Length: 2\r\n\r\n\u{1}\u{2}"

    @Test(arguments: [
        (
            "elevenlabs", "POST /p/v1/text-to-speech/v1/stream?output_format=ulaw_8000 HTTP/1.1",
            #"{"text":"Hi. ","model_id":"eleven_flash_v2_5"}"#
        ),
        (
            "cartesia", "POST /p/tts/bytes HTTP/1.1",
            #"{"model_id":"sonic-3","transcript":"Hi. ","voice":{"mode":"id","id":"v1"},"output_format":{"container":"raw","encoding":"pcm_mulaw","sample_rate":8000}}"#
        ),
        (
            "deepgram",
            "POST /p/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000&container=none HTTP/1.1",
            #"{"text":"Hi. "}"#
        ),
    ])
    func aRefusedWebSocketIsReplacedByHTTP(_ row: (String, String, String)) throws {
        let stream = try open(row.0)
        stream.speak("Hi.", as: segment(1, 0))
        #expect(stream.waitsInSocket)
        fixture.server.answer("HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n")
        fixture.network.run()
        #expect(fixture.network.connections.count == 2)
        #expect(!stream.waitsInSocket, "the next text is asked for when this audio was taken")
        let request = fixture.server.takeText()
        #expect(request.hasPrefix(row.1) && request.hasSuffix(row.2), "\(request)")
        #expect(request.contains(ProviderFixture.key))
        stream.speak("You.", as: segment(1, 1))
        stream.finish(turn(1))
        fixture.server.answer(audio)
        #expect(log.take() == ["audio 1.0 [1, 2]", "completed 1.0"])
        asked("You.")?.answer(audio)
        #expect(log.take() == ["audio 1.1 [1, 2]", "completed 1.1"])
        // The next reply does not wait for a socket that was not to be had a moment ago.
        stream.speak("Again.", as: segment(2, 0))
        asked("Again.")?.answer(audio)
        #expect(log.take() == ["audio 2.0 [1, 2]", "completed 2.0"])
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func theSocketIsTriedAgainInTheBackground() throws {
        let stream = try open("elevenlabs")
        stream.speak("Hi.", as: segment(1, 0))
        fixture.server.answer("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        fixture.network.run()
        fixture.server.answer(audio)
        fixture.network.advance(.seconds(30))
        stream.speak("Two.", as: segment(2, 0))
        // Over HTTP, on the connection that is there; beside it a socket is made.
        #expect(fixture.network.connections[1].takeText().contains("Two."))
        #expect(fixture.network.connections.count == 3)
        fixture.server.acceptWebSocket()
        fixture.network.connections[1].answer(audio)
        stream.speak("Three.", as: segment(3, 0))
        #expect(fixture.server.takeTexts().count == 2)
        #expect(log.take().last == "completed 2.0")
    }

    @Test func aSocketThatHangsIsGivenTwoSeconds() throws {
        let stream = try open("elevenlabs")
        stream.speak("Hi.", as: segment(1, 0))
        fixture.network.advance(.milliseconds(1_999))
        #expect(fixture.network.connections.count == 1)
        fixture.network.advance(.milliseconds(1))
        #expect(fixture.network.connections.count == 2)
        #expect(fixture.server.takeText().contains("Hi."))
        #expect(log.take() == [])
    }

    @Test(arguments: [401, 403, 429])
    func whatHTTPWouldBeToldTooIsReported(_ status: Int) throws {
        let stream = try open("elevenlabs")
        stream.speak("Hi.", as: segment(1, 0))
        fixture.server.answer("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n")
        fixture.network.run()
        #expect(log.take() == [status == 429 ? "failed 1 rateLimited" : "failed 1 auth"])
        #expect(fixture.network.connections.count == 1)
    }

    @Test func aReplyThatWasHeardInPartIsNotSaidAgain() throws {
        let stream = try open("elevenlabs")
        fixture.server.acceptWebSocket()
        stream.speak("Hi.", as: segment(1, 0))
        fixture.server.send(text: #"{"audio":"\#(base64([1]))","context_id":"r1"}"#)
        fixture.server.cut()
        #expect(log.take() == ["audio 1.0 [1]", "failed 1 unavailable"])
        #expect(fixture.network.connections.count == 1)
    }

    @Test func aSilentSocketHandsTheReplyToHTTP() throws {
        let stream = try open("elevenlabs")
        fixture.server.acceptWebSocket()
        stream.speak("Hi.", as: segment(1, 0))
        stream.speak("You.", as: segment(1, 1))
        stream.finish(turn(1))
        fixture.network.advance(.seconds(5))
        #expect(log.take() == [])
        #expect(fixture.server.takeText().contains("Hi."))
    }

    @Test func aCancelledReplyIsSaidNowhere() throws {
        let stream = try open("elevenlabs")
        stream.speak("Hi.", as: segment(1, 0))
        stream.cancel(turn(1))
        fixture.server.answer("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        fixture.network.run()
        #expect(fixture.network.connections.count == 1 && log.take() == [])
    }

    @Test func httpAloneOpensNoSocket() throws {
        let stream = try open("deepgram", options: ["transport": "http"])
        #expect(fixture.network.connections.isEmpty)
        stream.speak("Hi.", as: segment(1, 0))
        #expect(fixture.server.takeText().hasPrefix("POST "))
    }

    @Test func theAddressOfTheDocumentServesBothWays() throws {
        func addresses(_ url: String?) throws -> (String, String) {
            let both = try fixture.voice("elevenlabs", baseURL: url).voiceAddresses("https://api.elevenlabs.io")
            return ("\(both.web)", "\(both.socket)")
        }
        #expect(try addresses("ws://a:81/b") == ("http://a:81/b", "ws://a:81/b"))
        #expect(try addresses("wss://a/b") == ("https://a/b", "wss://a/b"))
        #expect(try addresses("http://a/") == ("http://a/", "ws://a/"))
        #expect(try addresses(nil).1.hasPrefix("wss://api.elevenlabs.io"))
    }
}
