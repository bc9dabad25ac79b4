internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

/// What a voice has told, a line for each event.
final class VoiceLog {
    var entries: [String] = []
    /// Called with each event before it is noted.
    var onEvent: (TextToSpeechEvent) -> Void = { _ in }
    var lastError: ProviderError?

    func sink(_ event: TextToSpeechEvent) {
        onEvent(event)
        switch event {
        case .audio(let id, let bytes): entries.append("audio \(id.turn.number).\(id.index) \(Array(bytes))")
        case .wordEnds(let id, let ends): entries.append("words \(id.turn.number).\(id.index) \(ends)")
        case .completed(let id): entries.append("completed \(id.turn.number).\(id.index)")
        case .failed(let turn, let error):
            lastError = error
            entries.append("failed \(turn.number) \(error.kind.rawValue)")
        }
    }

    func take() -> [String] {
        defer { entries = [] }
        return entries
    }
}

func turn(_ number: UInt64) -> TurnID { TurnID(number: number) }
func segment(_ turn: UInt64, _ index: Int) -> SegmentID { SegmentID(turn: TurnID(number: turn), index: index) }

/// The text as base64, for what servers send.
func base64(_ bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var result = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = Array(bytes[start..<min(start + 3, bytes.count)])
        let bits = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
        for index in 0..<4 {
            result.append(index <= group.count ? letters[bits >> (18 - 6 * index) & 63] : "=")
        }
    }
    return result
}

func pcm16(_ rate: Int) throws -> AudioFormat { try AudioFormat(encoding: .pcm16, sampleRate: rate) }

extension ProviderFixture {
    /// The setup of a voice, with what documents give beside the other keys.
    func voice(
        _ provider: String, model: String? = nil, voice: String? = "v1", baseURL: String?, language: String? = nil,
        options: JSONValue = [:], keyVariable: String? = "TEST_API_KEY"
    ) -> ProviderSetup {
        ProviderSetup(
            ProviderSettings(
                provider: provider, path: "tts[0]", model: model, voice: voice, language: language, baseURL: baseURL,
                apiKeyEnvironment: keyVariable, options: options.object ?? JSONObject()),
            environment: { $0.hasSuffix("_API_KEY") ? Self.key : nil }, network: network.client)
    }
}
