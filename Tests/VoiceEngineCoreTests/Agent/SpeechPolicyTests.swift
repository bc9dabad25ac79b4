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
        #expect(policy.level(forLocalVoice: false) == .full && policy.level(forLocalVoice: true) == .full)
    }

    @Test func isAutomaticByDefault() throws {
        let policy = try policy("{}")
        #expect(policy.pronunciations.isEmpty && policy.normalization == .auto)
        #expect(policy.level(forLocalVoice: true) == .full && policy.level(forLocalVoice: false) == .minimal)
        #expect(try self.policy(#"{"normalize":"off"}"#).level(forLocalVoice: true) == .off)
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
