internal import NIOCore
internal import Synchronization
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// What each adapter tells about the connections that it makes: 30 ms to connect, and 20 ms more for the upgrade of a
/// WebSocket.
@Suite struct ConnectTimeTests {
    /// Safe to share: all tests of this suite run on one thread each, the lock is for the compiler.
    final class Reports: Sendable {
        private let all = Mutex<[String]>([])
        func note(_ role: ProviderRole, _ time: Nanoseconds) {
            all.withLock { $0.append("\(role.rawValue) \(time.wholeMilliseconds)") }
        }
        func take() -> [String] {
            all.withLock { all in
                defer { all = [] }
                return all
            }
        }
    }

    let fixture: ProviderFixture
    let reports = Reports()
    let context: ProviderContext

    init() throws {
        fixture = try ProviderFixture()
        fixture.network.delay = .milliseconds(30)
        var context = fixture.context
        context.connected = { [reports] in reports.note($0, $1) }
        self.context = context
    }

    private func connect() { fixture.network.advance(.milliseconds(30)) }

    private func upgrade() {
        connect()
        fixture.network.advance(.milliseconds(20))
        fixture.server.acceptWebSocket()
    }

    @Test(arguments: RecogniserHouse.all)
    func aRecogniserOverAWebSocket(house: RecogniserHouse) throws {
        let provider = try house.make(
            fixture.setup(house.provider, model: house.model, baseURL: "ws://stt", language: "en"))
        let stream = provider.open(context, format: .telephone) { _ in }
        upgrade()
        #expect(reports.take() == ["stt 50"])
        stream.close()
    }

    @Test func recogniserAndVoiceOverTCP() throws {
        let setup = fixture.setup("wyoming", baseURL: "tcp://server:10300", keyVariable: nil)
        let ears = try WyomingSTT.make(setup).open(context, format: .telephone) { _ in }
        connect()
        #expect(reports.take() == ["stt 30"])
        let voice = try WyomingTTS.make(setup).open(context, format: .telephone) { _ in }
        voice.speak("Hello.", as: SegmentID(turn: TurnID(number: 1), index: 0))
        connect()
        #expect(reports.take() == ["tts 30"])
        ears.close()
        voice.close()
    }

    @Test(arguments: ["openai_compatible", "anthropic"])
    func aLanguageModelAsksOverAConnectionThatIsThereForNothing(name: String) throws {
        let setup = fixture.setup(name, model: "m", baseURL: "http://llm")
        let model: any LanguageModelProvider =
            name == "anthropic" ? try AnthropicChat.make(setup) : try OpenAIChat.make(setup, profile: .compatible)
        let request = ChatRequest(prompt: "p", messages: [.user("hi")], tools: [])
        let first = model.generate(request, context: context) { _ in }
        connect()
        #expect(reports.take() == ["llm 30"])
        fixture.server.answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        let second = model.generate(request, context: context) { _ in }
        fixture.network.run()
        #expect(fixture.server.takeText().hasPrefix("POST"))
        #expect(reports.take() == [])
        first.cancel()
        second.cancel()
    }

    @Test func aConnectionMadeAheadCostsWhatIsLeftOfIt() throws {
        let model = try OpenAIChat.make(
            fixture.setup("openai_compatible", model: "m", baseURL: "http://llm"), profile: .compatible)
        model.warm(on: fixture.network.loop)
        fixture.network.advance(.milliseconds(18))
        let request = ChatRequest(prompt: "p", messages: [.user("hi")], tools: [])
        let generation = model.generate(request, context: context) { _ in }
        connect()
        #expect(reports.take() == ["llm 12"])
        generation.cancel()
    }

    @Test(arguments: ["deepgram", "elevenlabs", "cartesia"])
    func aVoice(name: String) throws {
        for transport in ["websocket", "http"] {
            var settings = fixture.setup(name, baseURL: "http://tts", options: ["transport": .string(transport)])
                .settings
            settings.voice = "v"
            let setup = ProviderSetup(
                settings, environment: { _ in ProviderFixture.key }, network: fixture.network.client)
            let registry = ProviderRegistry.network
            let voice = try #require(try registry.textToSpeech[name]?(setup))
            let stream = voice.open(context, format: .telephone) { _ in }
            stream.speak("Hello.", as: SegmentID(turn: TurnID(number: 1), index: 0))
            if transport == "http" { connect() } else { upgrade() }
            #expect(reports.take() == [transport == "http" ? "tts 30" : "tts 50"])
            stream.close()
        }
    }

    @Test func aRealtimeModel() throws {
        let model = try OpenAIRealtime.make(fixture.setup("openai", model: "m", baseURL: "ws://realtime"))
        let stream = model.speechToText.open(context, format: .telephone) { _ in }
        upgrade()
        #expect(reports.take() == ["realtime 50"])
        stream.close()
    }
}
