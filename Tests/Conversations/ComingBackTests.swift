import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Calls whose audio was away for a while: a new session goes on with the conversation.
@Suite struct ComingBackTests {
    private static let plan = FlowPlan(
        start: "intake",
        nodes: [
            FlowNode(name: "intake", prompt: "Intake.", transitions: [.init(to: "booking", .condition("books"))]),
            FlowNode(name: "booking", prompt: "Booking."),
        ])

    private func policy() -> SessionPolicy {
        var policy = SessionPolicy()
        policy.greeting = "Hello from us."
        policy.flow = Self.plan
        policy.manners.longestCall = .seconds(60)
        policy.manners.goodbye = nil
        var voicemail = SessionVoicemail()
        voicemail.machine.course = .hangUp
        policy.voicemail = voicemail
        return policy
    }

    private func memory(_ absence: CallMemory.Absence = .digits) -> CallMemory {
        var memory = CallMemory()
        memory.messages = [.user("I want a table"), .assistant("One moment.", toolCalls: [])]
        memory.node = "booking"
        memory.length = .seconds(50)
        memory.absence = absence
        return memory
    }

    @Test func theConversationGoesOnWithoutAGreeting() throws {
        let call = try ScriptedCall(policy: policy(), memory: memory())
        try call.play("1000 caller \"for two\" 400\n6000 gone")
        #expect(!call.story.contains("Hello from us."))
        #expect(
            call.mind.requests.first?.messages == [
                .user("I want a table"), .assistant("One moment.", toolCalls: []), .user("for two"),
            ])
        #expect(call.mind.requests.first?.prompt.hasSuffix("Booking.") == true)
        call.expectNothingLeft()
    }

    @Test func theModelIsToldThatTheTransferFailed() throws {
        let call = try ScriptedCall(policy: policy(), memory: memory(.failedTransfer(reason: "the line is busy")))
        try call.play("5000 gone")
        #expect(
            call.mind.requests.first?.messages.last
                == .user("(The transfer failed: the line is busy. The caller is back.)"))
        #expect(!call.events.contains { $0.kind == .transcript }, "the caller has not said it")
        #expect(call.events.contains { $0.kind == .agentText })
        call.expectNothingLeft()
    }

    @Test func theLongestCallCountsOn() throws {
        let call = try ScriptedCall(policy: policy(), memory: memory())
        try call.play("20000 end")
        let end = try #require(call.events.last)
        #expect(end.kind == .closed && end.text == "the call reached its longest duration")
        #expect((end.time - .zero).wholeMilliseconds == 10_000)
        call.expectNothingLeft()
    }

    @Test func whatIsLeftIsTheConversationAsHeard() throws {
        let call = try ScriptedCall(policy: policy(), memory: memory())
        try call.play("1000 caller \"for two\" 400\n6000 gone")
        let left = try #require(call.session?.memory)
        #expect(left.node == "booking" && left.length == .seconds(56))
        #expect(Array(left.messages.prefix(3)) == (call.mind.requests.first?.messages ?? []))
        #expect(left.messages.count == 4)
        call.expectNothingLeft()
    }

    /// A plan that has changed meanwhile, or a station that ends the call.
    @Test func aStationThatIsNoneBeginsAnew() throws {
        let plan = FlowPlan(
            start: "intake", nodes: [FlowNode(name: "intake"), FlowNode(name: "bye", ending: .hangUp)])
        for name in ["nowhere", "bye", nil] {
            #expect(FlowStateMachine(plan, at: name)?.node.name == "intake")
        }
    }
}
