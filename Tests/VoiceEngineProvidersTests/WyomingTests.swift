internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// The server's end of a scripted connection, in events.
final class WyomingServer {
    let connection: ScriptedConnection
    private var parser = WyomingParser()

    init(_ connection: ScriptedConnection) { self.connection = connection }

    func take() throws -> [WyomingEvent] {
        var events: [WyomingEvent] = []
        try parser.append(connection.takeBytes()) { events.append($0) }
        return events
    }

    func types() throws -> [String] { try take().map(\.type) }

    func send(_ type: String, _ data: String = "{}", payload: [UInt8] = []) throws {
        let data = try #require(JSONValue.parse(data).object)
        connection.answer(WyomingEvent(type, data, payload: payload).serialized())
    }
}

@Suite struct WyomingTests {
    let fixture: ProviderFixture
    let heard = OpenAITranscriptionTests.Log()
    let spoken = DeepgramTTSTests.Log()
    init() throws { fixture = try ProviderFixture() }

    private var server: WyomingServer { WyomingServer(fixture.server) }

    // MARK: Recognition

    private func listen(_ options: JSONValue = [:]) throws -> any SpeechToTextStream {
        let provider = try ProviderRegistry.network.makeSpeechToText(
            fixture.setup(
                "wyoming", model: "base", baseURL: "tcp://voice:1", language: "de-DE", options: options,
                keyVariable: nil))
        #expect(provider.format(for: .telephone).sampleRate == 16_000)
        let stream = provider.open(fixture.context, format: provider.format(for: .telephone), sink: heard.sink)
        fixture.network.run()
        return stream
    }

    private func speak(_ milliseconds: Int, into stream: any SpeechToTextStream) {
        let frame = [Int16](repeating: 1_000, count: 320)
        for _ in 0..<(milliseconds / 20) { frame.withUnsafeBytes { stream.send($0) } }
    }

    @Test func recognisesAnUtteranceOverTheConnectionThatIsThere() throws {
        let stream = try listen()
        let first = server
        #expect(try first.types() == ["describe"])
        try first.send("info", #"{"asr":[{"name":"faster-whisper","models":[]}],"tts":[]}"#)
        stream.hint(.started(atMilliseconds: 0))
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 900))
        let events = try first.take()
        #expect(
            events.map(\.type) == [
                "transcribe", "audio-start", "audio-chunk", "audio-chunk", "audio-chunk", "audio-chunk", "audio-stop",
            ])
        #expect(events[0].data["name"] == "base" && events[0].data["language"] == "de")
        for event in events[1...5] {
            #expect(event.data["rate"] == 16_000 && event.data["width"] == 2 && event.data["channels"] == 1)
        }
        #expect(events.map(\.payload.count).reduce(0, +) == 32_000)
        #expect(events[2].payload.prefix(4).elementsEqual([0xE8, 0x03, 0xE8, 0x03]))
        try first.send("transcript-start")
        try first.send("transcript-chunk", #"{"text":" Hallo"}"#)
        try first.send("ping", #"{"text":"x"}"#)
        #expect(try first.take() == [WyomingEvent("pong", JSONValue.parse(#"{"text":"x"}"#).object ?? .init())])
        #expect(heard.take() == [])
        try first.send("transcript", #"{"text":" Hallo. "}"#)
        #expect(heard.take() == ["settled 'Hallo.' 900"])
        #expect(!first.connection.isOpen)
        stream.utteranceCommitted()
        // The next one has a connection while the caller speaks.
        stream.hint(.started(atMilliseconds: 1_000))
        fixture.network.run()
        #expect(fixture.network.connections.count == 2)
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func resumingClosesTheConnectionAndTheNextPauseSendsAll() throws {
        let stream = try listen()
        stream.hint(.started(atMilliseconds: 0))
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 900))
        let first = fixture.server
        stream.hint(.resumed)
        #expect(!first.isOpen)
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 1_900))
        fixture.network.run()
        let second = server
        #expect(try second.take().map(\.payload.count).reduce(0, +) == 64_000)
        try second.send("transcript", #"{"text":"a b"}"#)
        #expect(heard.take() == ["settled 'a b' 1900"])
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test(
        arguments: [
            (
                "{\"type\":\"error\",\"data\":{\"text\":\"no model\",\"code\":\"e\"}}\n",
                "unavailable: reported an error: e: no model"
            ),
            (
                "garbage\n",
                "protocol: sent what is not the Wyoming protocol: a header line that is not a JSON object with a type"
            ),
            ("{\"type\":\"transcript\"}\n", "protocol: sent a transcript without text"),
            (nil, "unavailable: the server closed the connection"),
        ] as [(String?, String)])
    func triesAnUtteranceOnceMoreThenFails(_ row: (String?, String)) throws {
        let stream = try listen()
        stream.hint(.started(atMilliseconds: 0))
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 900))
        for attempt in 0..<2 {
            #expect(heard.take() == [])
            #expect(try server.types().last == "audio-stop", "attempt \(attempt)")
            if let bytes = row.0 { fixture.server.answer(bytes) } else { fixture.server.cut() }
            fixture.network.advance(.milliseconds(250))
        }
        #expect(heard.take() == ["failed \(row.1)"])
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func timesOut() throws {
        let stream = try listen(["timeout_ms": 3_000])
        stream.hint(.started(atMilliseconds: 0))
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 900))
        fixture.network.advance(.milliseconds(3_250))
        #expect(heard.take() == [])
        fixture.network.advance(.milliseconds(3_000))
        #expect(heard.take() == ["failed timeout: no transcript within 3000 ms"])
        #expect(fixture.isQuiet)
    }

    @Test func saysAtTheStartWhatIsWrong() throws {
        let first = try listen()
        try server.send("info", #"{"asr":[],"tts":[{"name":"piper"}]}"#)
        #expect(heard.take() == ["failed configuration: the server at voice:1 offers no speech recognition"])
        first.close()
        fixture.network.behaviour = .refuse
        let second = try listen()
        #expect(heard.take().first?.hasPrefix("failed unavailable: cannot connect to voice:1") == true)
        fixture.network.behaviour = .accept
        second.close()
        // One that says nothing may still recognise.
        let stream = try listen()
        fixture.network.advance(.seconds(5))
        fixture.server.cut()
        #expect(heard.take() == [])
        stream.close()
        fixture.network.run()
        #expect(fixture.isQuiet)
    }

    // MARK: Speech

    private func voice(_ options: JSONValue = [:], rate: Int = 8_000) throws -> any TextToSpeechStream {
        let provider = try ProviderRegistry.network.makeTextToSpeech(
            fixture.setup(
                "wyoming", model: "de_DE-thorsten", baseURL: "tcp://voice:1", language: "de-DE", options: options,
                keyVariable: nil))
        let format = try provider.format(for: AudioFormat(encoding: .pcm16, sampleRate: rate))
        let stream = provider.open(fixture.context, format: format, sink: spoken.sink)
        fixture.network.run()
        return stream
    }

    private func segment(_ turn: Int, _ index: Int) -> SegmentID {
        var id = TurnID.none
        for _ in 0..<turn { id = id.next }
        return SegmentID(turn: id, index: index)
    }

    private static let format8 = #"{"rate":8000,"width":2,"channels":1}"#

    @Test func speaksSegmentAfterSegment() throws {
        let stream = try voice(["speaker": "s"])
        let server = server
        #expect(try server.types() == ["describe"])
        try server.send("info", #"{"tts":[{"name":"piper","voices":[],"supports_synthesize_streaming":true}]}"#)
        stream.speak("Hallo.", as: segment(1, 0))
        stream.speak("  ", as: segment(1, 1))
        stream.speak("Tag.", as: segment(1, 2))
        let asked = try server.take()
        #expect(asked.map(\.type) == ["synthesize"])
        #expect(asked[0].data["text"] == "Hallo.")
        #expect(asked[0].data["voice"] == ["name": "de_DE-thorsten", "speaker": "s"])
        try server.send("audio-start", Self.format8)
        // Odd counts of bytes are put together.
        try server.send("audio-chunk", Self.format8, payload: [1, 2, 3])
        try server.send("audio-chunk", Self.format8, payload: [4, 5, 6])
        try server.send("audio-stop")
        #expect(
            spoken.take() == ["audio 1.0 [1, 2]", "audio 1.0 [3, 4, 5, 6]", "completed 1.0", "completed 1.1"])
        #expect(try server.take().map { $0.data["text"] } == ["Tag."])
        try server.send("audio-start", #"{"rate":8000,"width":2,"channels":2}"#)
        try server.send("audio-chunk", #"{"rate":8000,"width":2,"channels":2}"#, payload: [10, 0, 20, 0])
        try server.send("audio-stop")
        #expect(spoken.take() == ["audio 1.2 [15, 0]", "completed 1.2"])
        stream.finish(segment(1, 0).turn)
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func convertsTheVoicesRateToTheCalls() throws {
        let stream = try voice(rate: 16_000)
        stream.speak("Hallo.", as: segment(1, 0))
        let format = #"{"rate":22050,"width":2,"channels":1}"#
        try server.send("audio-start", format)
        for _ in 0..<10 { try server.send("audio-chunk", format, payload: [UInt8](repeating: 0, count: 4_410)) }
        try server.send("audio-stop")
        var samples = 0
        for entry in spoken.take() where entry.hasPrefix("audio") { samples += entry.split(separator: ",").count / 2 }
        #expect(samples == 16_000)
        stream.close()
        fixture.network.run()
        #expect(fixture.isQuiet)
    }

    @Test func cancelClosesTheConnectionAndTheNextReplyHasANewOne() throws {
        let stream = try voice()
        stream.speak("a", as: segment(1, 0))
        stream.speak("b", as: segment(1, 1))
        let first = server
        try first.send("audio-start", Self.format8)
        try first.send("audio-chunk", Self.format8, payload: [1, 2])
        stream.cancel(segment(1, 0).turn)
        #expect(!first.connection.isOpen)
        fixture.network.run()
        #expect(fixture.network.connections.count == 2)
        #expect(spoken.take() == ["audio 1.0 [1, 2]"])
        stream.speak("c", as: segment(2, 0))
        let second = server
        #expect(try second.take().map { $0.data["text"] } == ["c"])
        try second.send("audio-stop")
        #expect(spoken.take() == ["completed 2.0"])
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func asksAgainWhereNothingWasHeardAndFailsWhereSomethingWas() throws {
        let stream = try voice()
        fixture.server.cut()  // idle: nobody cares
        #expect(spoken.take() == [])
        stream.speak("a", as: segment(1, 0))
        stream.speak("b", as: segment(1, 1))
        fixture.network.run()
        fixture.server.cut()
        fixture.network.run()
        let server = server
        #expect(try server.take().map { $0.data["text"] } == ["a"])
        try server.send("audio-start", Self.format8)
        try server.send("audio-chunk", Self.format8, payload: [1, 2])
        fixture.server.cut()
        fixture.network.run()
        #expect(spoken.take() == ["audio 1.0 [1, 2]", "failed 1 unavailable"])
        // The stream itself stays usable.
        stream.speak("c", as: segment(2, 0))
        fixture.network.run()
        try self.server.send("error", #"{"text":"no voice"}"#)
        fixture.network.run()
        try self.server.send("error", #"{"text":"no voice"}"#)
        #expect(spoken.take() == ["failed 2 unavailable"])
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func timesOutUnlessHeld() throws {
        let stream = try voice(["timeout_ms": 1_000])
        stream.speak("a", as: segment(1, 0))
        try server.send("audio-start", Self.format8)
        stream.holdAudio(true)
        #expect(!fixture.server.isRead)
        fixture.network.advance(.seconds(10))
        #expect(spoken.take() == [])
        stream.holdAudio(false)
        fixture.network.advance(.milliseconds(999))
        #expect(spoken.take() == [])
        fixture.network.advance(.milliseconds(1))
        #expect(spoken.take() == ["failed 1 timeout"])
        stream.close()
        fixture.network.run()
        #expect(fixture.isQuiet)
    }

    @Test func aServerWithoutAVoiceIsAMistakeOfTheDocument() throws {
        let stream = try voice()
        try server.send("info", #"{"asr":[{"name":"x"}]}"#)
        stream.speak("a", as: segment(1, 0))
        fixture.network.run()
        #expect(spoken.take() == ["failed 1 configuration"])
        stream.close()
        fixture.network.run()
        #expect(fixture.isQuiet)
    }

    @Test(
        arguments: [
            ("tcp://h", "h:10300"), ("tcp://h:7", "h:7"), ("tcp://[::1]", "[::1]:10300"), ("tcp://[::1]:7", "[::1]:7"),
            ("tcp://h:7/x", nil), ("http://h", nil), ("tcp://u@h", nil), ("tcp://h:0", nil), ("tcp://", nil),
        ] as [(String, String?)])
    func readsAddresses(_ row: (String, String?)) throws {
        let setup = fixture.setup("wyoming", baseURL: row.0)
        do {
            #expect(try WyomingAddress.make(setup, port: 10_300).origin.description == row.1)
        } catch {
            #expect(row.1 == nil && error.path == "stt[0].base_url", "\(error)")
        }
    }
}
