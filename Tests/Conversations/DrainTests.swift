import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// The server goes down: what a live call hears of it.
@Suite struct DrainTests {
    private func call(goodbye: String?) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.greeting = "Hello from us."
        policy.manners.goodbye = goodbye
        return try ScriptedCall(policy: policy)
    }

    @Test func theReplyUnderWayIsHeardOutAndThenTheGoodbye() throws {
        let call = try call(goodbye: "I must go now.")
        try call.play("200 goodbye \"the server is going down\"\n6000 end")
        let said = call.events.filter { $0.kind == .agentHeard }
        #expect(said.map(\.text) == ["Hello from us.", "I must go now."])
        #expect(said.allSatisfy { $0.flags.isEmpty }, "both to the end")
        #expect(call.events.last?.text == "the server is going down")
        #expect(call.carrier.requests == [.hangUp(reason: "the server is going down")])
        call.expectNothingLeft()
    }

    @Test func whoSaysNothingHearsTheGoodbyeAtOnce() throws {
        let call = try call(goodbye: "I must go now.")
        try call.play("3000 goodbye \"the server is going down\"\n3100 goodbye \"again\"\n8000 end")
        #expect(call.story.contains("3000 text \"I must go now.\""))
        #expect(call.events.filter { $0.kind == .agentText }.count == 2, "once")
        #expect(call.events.last?.text == "the server is going down")
        call.expectNothingLeft()
    }

    @Test func withoutAGoodbyeTheCallEndsAfterTheReply() throws {
        let call = try call(goodbye: nil)
        try call.play("200 goodbye \"the server is going down\"\n6000 end")
        #expect(call.story.contains("heard \"Hello from us.\"\n"))
        #expect(call.events.last?.text == "the server is going down")
        call.expectNothingLeft()
    }
}
