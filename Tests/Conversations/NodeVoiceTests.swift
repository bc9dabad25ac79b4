import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Nodes that speak with voices of their own: the caller hears one after the other, never one in place of the other.
@Suite struct NodeVoiceTests {
    /// desk (the agent's voice) ─► expert (ines) ─► desk; expert ─► bye (max)
    private static let plan = FlowPlan(
        start: "desk",
        nodes: [
            FlowNode(name: "desk", transitions: [.init(to: "expert", .condition("wants to know more"))]),
            FlowNode(
                name: "expert", voice: "ines", say: "Hello, this is Ines.",
                transitions: [
                    .init(to: "desk", .condition("is done")), .init(to: "bye", .condition("wants nothing more")),
                ]),
            FlowNode(name: "bye", voice: "max", say: "Goodbye from all of us.", ending: .hangUp),
        ])

    private static let tones: [Int16] = [2_000, 4_000, 6_000]

    private let ines = ScriptedVoice(name: "ines")
    private let max = ScriptedVoice(name: "max")

    private func call(
        _ answers: [ScriptedAnswer], _ kind: RecordingCarrier.Kind = .wire, plan: FlowPlan = plan,
        policy change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.failover.retry.retries = 0
        policy.flow = plan
        change(&policy)
        let call = try ScriptedCall(kind, policy: policy) { providers in
            for voice in [ines, max] {
                let link = ProviderLink(
                    voice as any TextToSpeechProvider,
                    health: ProviderHealth(role: .textToSpeech, provider: voice.name))
                providers.otherVoices[voice.name] = SessionVoice(ProviderChain(link))
            }
        }
        for (index, voice) in [call.voice, ines, max].enumerated() { voice.tone = Self.tones[index] }
        call.mind.answers = answers
        return call
    }

    private func expectNothingLeft(_ call: ScriptedCall) {
        call.expectNothingLeft()
        #expect(ines.open == 0 && max.open == 0)
    }

    /// Who is heard, in order: each stretch of audio once.
    private func speakers(_ call: ScriptedCall) -> [Int] {
        var order: [Int] = []
        for sample in call.carrier.heard {
            if let speaker = Self.tones.firstIndex(of: sample), order.last != speaker { order.append(speaker) }
        }
        return order
    }

    @Test(arguments: RecordingCarrier.Kind.allCases) func aReplyChangesItsVoice(kind: RecordingCarrier.Kind) throws {
        let call = try call([.tool("go_to_expert", saying: "I put you through now.")], kind)
        try call.play("1000 type \"tell me more\"\n8000 gone")
        #expect(call.voice.spoken == ["I put you through now."])
        #expect(ines.spoken == ["Hello, this is Ines."])
        #expect(speakers(call) == [0, 1])
        #expect(call.story.contains("node expert\n"))
        #expect(call.story.contains("heard \"I put you through now. Hello, this is Ines.\"\n"))
        expectNothingLeft(call)
    }

    @Test func theNextReplyKeepsItUntilTheNodeIsLeft() throws {
        let call = try call([
            .tool("go_to_expert"), ScriptedAnswer(text: "It is blue."), .tool("go_to_desk", saying: "Bye then."),
            ScriptedAnswer(text: "Back at the desk."),
        ])
        try call.play(
            """
            1000 type "tell me more"
            4000 type "which colour"
            7000 type "thanks"
            12000 gone
            """)
        #expect(ines.spoken == ["Hello, this is Ines.", "It is blue.", "Bye then."])
        #expect(call.voice.spoken == ["Back at the desk."])
        #expect(speakers(call) == [1, 0])
        #expect(call.events.filter { $0.kind == .node }.map(\.name) == ["expert", "desk"])
        expectNothingLeft(call)
    }

    /// At every moment of a reply that changes its voice.
    @Test(arguments: Array(stride(from: Int64(1_100), to: 4_000, by: 90))) func anInterruptionLeavesNoVoiceBehind(
        at time: Int64
    ) throws {
        let call = try call([
            .tool("go_to_expert", saying: "I put you through now."), ScriptedAnswer(text: "Sorry, please go on."),
        ])
        try call.play("1000 type \"tell me more\"\n\(time) type \"wait\"\n9000 gone")
        // Words that were not answered yet are the beginning of the next.
        let last = call.mind.requests.last?.messages.last
        #expect(last == .user("wait") || last == .user("tell me more wait"))
        #expect((call.voice.spoken + ines.spoken).contains("Sorry, please go on."))
        // After the cut only one voice is heard, whichever node the call has come to.
        #expect(call.story.contains("heard \"Sorry, please go on.\"\n"))
        expectNothingLeft(call)
    }

    @Test func aVoiceThatBreaksIsReplacedInItsOwnTurn() throws {
        let call = try call([.tool("go_to_expert", saying: "I put you through now.")]) {
            $0.failover.retry.retries = 1
        }
        call.voice.breaks = [2_000]
        try call.play("1000 type \"tell me more\"\n12000 gone")
        #expect(call.story.contains("Hello, this is Ines.\"\n"))
        #expect(ines.spoken == ["Hello, this is Ines."])
        #expect(speakers(call) == [0, 1])
        expectNothingLeft(call)
    }

    @Test func aGoodbyeHasItsOwnVoiceAndEndsTheCall() throws {
        let call = try call([.tool("go_to_expert"), .tool("go_to_bye")])
        try call.play("1000 type \"tell me more\"\n4000 type \"no thanks\"\n12000 end")
        #expect(max.spoken == ["Goodbye from all of us."])
        #expect(call.story.contains("hang-up"))
        #expect(speakers(call) == [1, 2])
        expectNothingLeft(call)
    }

    @Test func anInterruptedGoodbyeGoesBackToTheVoiceBefore() throws {
        let call = try call([.tool("go_to_expert"), .tool("go_to_bye"), ScriptedAnswer(text: "What is it?")])
        try call.play(
            """
            1000 type "tell me more"
            4000 type "no thanks"
            4900 type "one more thing"
            9000 gone
            """)
        #expect(ines.spoken == ["Hello, this is Ines.", "What is it?"])
        #expect(call.events.filter { $0.kind == .node }.map(\.name) == ["expert", "bye", "expert"])
        expectNothingLeft(call)
    }

    @Test func theFirstNodesVoiceGreets() throws {
        let plan = FlowPlan(start: "desk", nodes: [FlowNode(name: "desk", voice: "max")])
        let call = try call([], plan: plan) { $0.greeting = "Welcome." }
        try call.play("3000 gone")
        #expect(max.spoken == ["Welcome."] && call.voice.spoken.isEmpty)
        expectNothingLeft(call)
    }

    @Test func aDraftThatChangesItsVoiceIsHeldLikeAnyOther() throws {
        let call = try call([.tool("go_to_expert", saying: "I put you through now.")]) {
            $0.speculation.isEnabled = true
        }
        try call.play("1000 caller \"tell me more\" 800\n1900 early\n8000 gone")
        #expect(call.mind.requests.count == 1)
        #expect(speakers(call) == [0, 1])
        #expect(call.story.contains("heard \"I put you through now. Hello, this is Ines.\"\n"))
        expectNothingLeft(call)
    }
}
