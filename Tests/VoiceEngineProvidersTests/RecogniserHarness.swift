internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// A house's recogniser as the tests of all of them need it.
struct RecogniserHouse: Sendable, CustomTestStringConvertible {
    let provider: String
    var model: String?
    let make: @Sendable (ProviderSetup) throws(ProviderSetupError) -> any SpeechToTextProvider
    /// What the server says first; nil where an open connection is enough.
    var greeting: String?
    /// [ms] of audio in a message.
    let chunk: Int
    /// Goodbye, as the text messages that `close` sends.
    let goodbye: [String]
    /// A message with some words that may change.
    let partial: String

    var testDescription: String { model ?? provider }

    static let listen = RecogniserHouse(
        provider: "deepgram", model: "nova-3",
        make: { (setup) throws(ProviderSetupError) in try DeepgramSTT.make(setup) }, chunk: 80,
        goodbye: [#"{"type":"CloseStream"}"#],
        partial: """
            {"type":"Results","start":0,"duration":1,"is_final":false,"channel":{"alternatives":[{"transcript":"hi"}]}}
            """)
    static let flux = RecogniserHouse(
        provider: "deepgram", model: "flux-general-en",
        make: { (setup) throws(ProviderSetupError) in try DeepgramSTT.make(setup) },
        greeting: #"{"type":"Connected","request_id":"r","sequence_id":0}"#, chunk: 80,
        goodbye: [#"{"type":"CloseStream"}"#], partial: flux("Update", 0, "hi", 1))
    static let soniox = RecogniserHouse(
        provider: "soniox", make: { (setup) throws(ProviderSetupError) in try SonioxSTT.make(setup) }, chunk: 60,
        goodbye: [""],
        partial: #"{"tokens":[{"text":"hi","is_final":false}],"final_audio_proc_ms":0,"total_audio_proc_ms":1000}"#)
    static let assemblyAI = RecogniserHouse(
        provider: "assemblyai", make: { (setup) throws(ProviderSetupError) in try AssemblyAISTT.make(setup) },
        greeting: #"{"type":"Begin","id":"s","expires_at":1}"#, chunk: 50, goodbye: [#"{"type":"Terminate"}"#],
        partial: """
            {"type":"Turn","turn_order":0,"turn_is_formatted":false,"end_of_turn":false,"transcript":"","words":\
            [{"text":"hi","start":0,"end":1000,"confidence":0.5,"word_is_final":false}],"end_of_turn_confidence":0.1}
            """)
    static let scribe = RecogniserHouse(
        provider: "elevenlabs", make: { (setup) throws(ProviderSetupError) in try ElevenLabsScribe.make(setup) },
        greeting: #"{"message_type":"session_started","session_id":"s","config":{}}"#, chunk: 100, goodbye: [],
        partial: #"{"message_type":"partial_transcript","text":"hi"}"#)

    static let all = [listen, flux, soniox, assemblyAI, scribe]

    static func flux(_ event: String, _ index: Int, _ text: String, _ end: Double) -> String {
        """
        {"type":"TurnInfo","request_id":"r","sequence_id":1,"event":"\(event)","turn_index":\(index),\
        "audio_window_start":0,"audio_window_end":\(end),"transcript":"\(text)","words":[],"end_of_turn_confidence":0.5}
        """
    }
}

/// One stream of a house against the scripted network: what the session hears of it, and what it sends.
final class RecogniserHarness {
    let fixture: ProviderFixture
    let house: RecogniserHouse
    private(set) var log: [String] = []
    private(set) var stream: (any SpeechToTextStream)!
    /// Called with every entry of the log, inside the sink.
    var onEvent: (String) -> Void = { _ in }

    init(
        _ house: RecogniserHouse, _ options: JSONValue = [:], model: String? = nil, format: AudioFormat = .telephone,
        fixture: ProviderFixture? = nil
    ) throws {
        self.fixture = try fixture ?? ProviderFixture()
        self.house = house
        let provider = try house.make(
            self.fixture.setup(
                house.provider, model: model ?? house.model, baseURL: "ws://stt", language: "en-US", options: options))
        stream = provider.open(self.fixture.context, format: format) { self.sink($0) }
    }

    private func sink(_ event: SpeechToTextEvent) {
        let entry =
            switch event {
            case .transcript(let text):
                "\(text.isSettled ? "settled" : "partial") '\(text.text)' \(text.coveredMilliseconds ?? -1)"
            case .turnStarted: "turn started"
            case .earlyEndOfTurn: "early end of turn"
            case .turnResumed: "turn resumed"
            case .endOfTurn: "end of turn"
            case .failed(let error): "failed \(error.kind.rawValue): \(error.detail)"
            }
        log.append(entry)
        onEvent(entry)
    }

    var server: ScriptedConnection { fixture.server }

    /// Accepts the connection and lets the session begin.
    @discardableResult
    func begin() -> [String] {
        let lines = server.acceptWebSocket()
        if let greeting = house.greeting { server.send(text: greeting) }
        return lines
    }

    func take() -> [String] {
        fixture.network.run()
        defer { log = [] }
        return log
    }

    /// What the session is told after these messages.
    func told(_ messages: String...) -> [String] {
        for message in messages { server.send(text: message) }
        return take()
    }

    func send(milliseconds: Int, _ byte: UInt8 = 1) {
        [UInt8](repeating: byte, count: milliseconds * 8).withUnsafeBytes { stream.send($0) }
    }

    func advance(_ milliseconds: Int64) { fixture.network.advance(.milliseconds(milliseconds)) }
}
