import Testing

@testable import VoiceEngineCore

@Suite struct SpeechPolicyTests {
    private func policy(_ json: String) throws -> AgentDocument.SpeechPolicy {
        let value = try JSONValue.parse(Array(json.utf8))
        return try AgentDocument.SpeechPolicy(try KeyedReader(value, path: "speech"))
    }

    @Test func readsWhatIsSaidHow() throws {
        let policy = try policy(#"{"pronunciations":{"ACME":"ack me"},"normalize":"full"}"#)
        #expect(policy.pronunciations == PronunciationDictionary(["ACME": "ack me"]))
        for voice: AgentDocument.SpeechPolicy.Voice in [.local, .network, .model] {
            #expect(policy.level(for: voice) == .full)
        }
    }

    @Test func isAutomaticByDefault() throws {
        let policy = try policy("{}")
        #expect(policy.pronunciations.isEmpty && policy.normalization == .auto)
        #expect(policy.level(for: .local) == .full && policy.level(for: .network) == .minimal)
        #expect(policy.level(for: .model) == .off)
        #expect(try self.policy(#"{"normalize":"off"}"#).level(for: .local) == .off)
    }

    @Test(arguments: [
        (#"{"normalize":"yes"}"#, "speech.normalize"), (#"{"pronunciations":{"a":5}}"#, "speech.pronunciations.a"),
        (#"{"pronunciations":{"a":" "}}"#, "speech.pronunciations.a"), (#"{"pronounce":{}}"#, "speech.pronounce"),
        (#"{"pronunciations":[]}"#, "speech.pronunciations"),
    ])
    func refusesTheRestWithItsPath(json: String, path: String) {
        let error = #expect(throws: AgentError.self) { try policy(json) }
        #expect(error?.path == path)
    }
}
