import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Calls that go from node to node.
@Suite struct FlowTests {
    private static let prompt = "You answer the telephone."

    private static let tools = ["book", "find"].map {
        ToolSpecification(name: $0, description: "d", parameters: "{}")
    }

    /// intake ─► booking ─(book)─► done ─► bye; intake ─► desk
    private static let plan = FlowPlan(
        start: "intake",
        nodes: [
            FlowNode(
                name: "intake", prompt: "Find out what they want.", tools: ["find"],
                transitions: [
                    .init(to: "booking", .condition("wants to book")), .init(to: "desk", .condition("wants a person")),
                    .init(to: "bye", .condition("wants nothing more")),
                ]),
            FlowNode(
                name: "booking", prompt: "Book it.", tools: ["book"],
                transitions: [
                    .init(to: "done", .tool("book")), .init(to: "intake", .condition("wants something else")),
                ]),
            FlowNode(
                name: "done", say: "Your table is booked. Anything else?",
                transitions: [.init(to: "bye", .condition("wants nothing more"))]),
            FlowNode(name: "bye", say: "Goodbye and thank you for calling.", ending: .hangUp),
            FlowNode(name: "desk", say: "I put you through.", isInterruptible: false, ending: .transfer(to: "+1")),
        ])

    private func call(
        _ answers: [ScriptedAnswer], plan: FlowPlan = plan, tools: ScriptedTools = ScriptedTools([:]),
        policy change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.failover.retry.retries = 0
        policy.failover.modelPatience = nil
        policy.prompt = Self.prompt
        policy.tools = Self.tools
        policy.flow = plan
        change(&policy)
        let call = try ScriptedCall(policy: policy) { $0.toolRunner = tools }
        call.mind.answers = answers
        return call
    }

    /// The names of the tools of each request.
    private func offers(_ call: ScriptedCall) -> [[String]] { call.mind.requests.map { $0.tools.map(\.name) } }

    private func prompts(_ call: ScriptedCall) -> [String] {
        call.mind.requests.map { String($0.prompt.dropFirst(Self.prompt.count + 2)) }
    }

    @Test func aWayIsGoneWithoutASilentTurn() throws {
        let call = try call([.tool("go_to_booking"), ScriptedAnswer(text: "For which day?")])
        try call.play(
            """
            1000 type "a table please"
            5000 gone
            """)
        #expect(
            call.story == """
                1000 final "a table please"
                1000 turn 1
                1200 node booking
                1460 text "For which day?"
                1560 agent starts
                2160 agent stops
                2160 heard "For which day?"
                2160 metrics 0+0+0+200+260+0+100+0 = 560
                5000 closed "the caller hung up"
                """)
        #expect(prompts(call) == ["Find out what they want.", "Book it."])
        #expect(
            offers(call) == [["find", "go_to_booking", "go_to_desk", "go_to_bye"], ["book", "go_to_intake"]])
        #expect(call.mind.requests[0].tools[1].description == "Call this when: wants to book")
        #expect(
            call.mind.requests[1].messages == [
                .user("a table please"),
                .assistant("", toolCalls: [ToolCall(id: "call-1", name: "go_to_booking", arguments: "{}")]),
                .toolResult(id: "call-1", json: #"{"status":"ok"}"#),
            ])
        call.expectNothingLeft()
    }

    @Test func whatTheModelSaidBeforeIsHeardAndKnown() throws {
        let call = try call([
            .tool("go_to_booking", saying: "Gladly."), ScriptedAnswer(text: "For which day?"),
            ScriptedAnswer(text: "Noted."),
        ])
        try call.play(
            """
            1000 type "a table please"
            5000 type "monday"
            8000 gone
            """)
        let way = ToolCall(id: "call-1", name: "go_to_booking", arguments: "{}")
        #expect(call.mind.requests[1].messages[1] == .assistant("Gladly.", toolCalls: [way]))
        #expect(
            call.mind.requests[2].messages.suffix(2) == [
                .assistant("Gladly. For which day?", toolCalls: []), .user("monday"),
            ])
        #expect(prompts(call) == ["Find out what they want.", "Book it.", "Book it."])
    }

    @Test func aNodesSentenceIsSaidAtOnceAfterATool() throws {
        let tools = ScriptedTools(["book": .init(after: 300)])
        let call = try call(
            [.tool("go_to_booking"), .tool("book"), ScriptedAnswer(text: "Hm."), .tool("go_to_bye")], tools: tools)
        try call.play(
            """
            1000 type "a table please"
            6000 type "hm"
            8500 type "no thanks"
            14000 end
            """)
        #expect(
            call.story == """
                1000 final "a table please"
                1000 turn 1
                1200 node booking
                1700 node done
                1700 text "Your table is booked."
                1700 text "Anything else?"
                1800 agent starts
                3000 agent stops
                3000 heard "Your table is booked. Anything else?"
                3000 metrics 0+0+0+200+500+0+100+0 = 800
                6000 final "hm"
                6000 turn 2
                6220 text "Hm."
                6320 agent starts
                6520 agent stops
                6520 heard "Hm."
                6520 metrics 0+0+0+200+20+0+100+0 = 320
                8500 final "no thanks"
                8500 turn 3
                8700 node bye
                8700 text "Goodbye and thank you for calling."
                8800 agent starts
                10000 agent stops
                10000 heard "Goodbye and thank you for calling."
                10000 metrics 0+0+0+200+0+0+100+0 = 300
                10000 hang-up "the agent ended the call"
                10000 closed "the agent ended the call"
                """)
        #expect(call.mind.requests.count == 4, "the sentences needed no model")
        #expect(offers(call)[2] == ["book", "find", "go_to_bye"], "a node without a list has all tools")
        #expect(call.carrier.requests == [.hangUp(reason: "the agent ended the call")])
        call.expectNothingLeft()
    }

    @Test func aToolThatFailsLeadsNowhere() throws {
        let tools = ScriptedTools(["book": .init(after: 100, #"{"error":"full"}"#)])
        let call = try call(
            [.tool("go_to_booking"), .tool("book"), ScriptedAnswer(text: "We are full.")], tools: tools)
        try call.play(
            """
            1000 type "a table please"
            5000 gone
            """)
        #expect(call.voice.spoken == ["We are full."])
        #expect(prompts(call) == ["Find out what they want.", "Book it.", "Book it."])
    }

    @Test func anInterruptedGoodbyeGoesOnWhereItCameFrom() throws {
        let call = try call([.tool("go_to_bye"), ScriptedAnswer(text: "Of course.")])
        try call.play(
            """
            1000 type "that is all"
            1700 caller "wait one more thing" 800
            8000 gone
            """)
        #expect(call.story.contains("interrupted"))
        #expect(!call.story.contains("hang-up"))
        #expect(prompts(call) == ["Find out what they want.", "Find out what they want."])
        #expect(call.voice.spoken.last == "Of course.")
        call.expectNothingLeft()
    }

    @Test func aTransferIsHeardOutAndTheCallGoesOnWhenItFails() throws {
        let call = try call([.tool("go_to_desk"), ScriptedAnswer(text: "Nobody is there.")])
        try call.play(
            """
            1000 type "a person"
            1500 caller "hello can you hear me" 600
            6000 type "and now"
            9000 gone
            """)
        #expect(call.carrier.requests == [.transfer("+1")])
        #expect(!call.story.contains("barge-in"), "it may not be interrupted")
        #expect(call.story.contains("heard \"I put you through.\"\n"))
        #expect(prompts(call).last == "Find out what they want.")
        call.expectNothingLeft()
    }

    @Test func aGoodbyeOfTheModel() throws {
        var plan = FlowPlan(
            start: "a",
            nodes: [
                FlowNode(name: "a", transitions: [.init(to: "b", .condition("c"))]),
                FlowNode(name: "b", prompt: "Say goodbye.", ending: .hangUp),
            ])
        let call = try call([.tool("go_to_b"), ScriptedAnswer(text: "So long.")], plan: plan)
        try call.play(
            """
            1000 type "that is all"
            5000 end
            """)
        #expect(prompts(call) == ["", "Say goodbye."])
        #expect(offers(call).last == [], "nothing may be called on the way out")
        #expect(call.story.hasSuffix("1940 closed \"the agent ended the call\""), "\(call.story)")
        call.expectNothingLeft()
        plan = FlowPlan(
            start: "a",
            nodes: [
                FlowNode(name: "a", transitions: [.init(to: "b", .condition("c"))]),
                FlowNode(name: "b", ending: .transfer(to: "+2")),
            ])
        let silent = try self.call([.tool("go_to_b", saying: "One moment.")], plan: plan)
        try silent.play(
            """
            1000 type "a person"
            5000 gone
            """)
        #expect(silent.carrier.requests == [.transfer("+2")] && silent.voice.spoken == ["One moment."])
        #expect(silent.mind.requests.count == 1)
    }

    @Test func aModelThatGoesInCirclesMustSpeak() throws {
        let call = try call((0..<8).map { .tool($0.isMultiple(of: 2) ? "go_to_booking" : "go_to_intake") })
        try call.play(
            """
            1000 type "hello"
            9000 gone
            """)
        let ways = offers(call).map { $0.contains { $0.hasPrefix("go_to_") } }
        #expect(ways.prefix(FlowStateMachine.mostHops).allSatisfy { $0 })
        #expect(ways.dropFirst(FlowStateMachine.mostHops).allSatisfy { !$0 })
        #expect(offers(call).last == [] && call.mind.requests.count == ToolCallStateMachine.mostRounds + 1)
        call.expectNothingLeft()
    }

    @Test func whatIsNotOfferedHereIsRefused() throws {
        let tools = ScriptedTools(["book": .init(after: 10)])
        let call = try call([.tool("book"), .tool("go_to_done"), ScriptedAnswer(text: "Sorry.")], tools: tools)
        try call.play(
            """
            1000 type "hello"
            5000 gone
            """)
        #expect(tools.started.isEmpty)
        let refusal = #"{"error":"this cannot be called now"}"#
        #expect(call.mind.requests[1].messages.last == .toolResult(id: "call-1", json: refusal))
        #expect(call.mind.requests[2].messages.last == .toolResult(id: "call-1", json: refusal))
        #expect(prompts(call) == Array(repeating: "Find out what they want.", count: 3))
    }

    @Test func aCallerWhoInterruptsATransitionIsAnsweredInTheNewNode() throws {
        let call = try call([
            .tool("go_to_booking"), ScriptedAnswer(text: "For which day would you like it?"),
            ScriptedAnswer(text: "Noted."),
        ])
        try call.play(
            """
            1000 type "a table please"
            2000 type "on monday"
            6000 gone
            """)
        #expect(prompts(call) == ["Find out what they want.", "Book it.", "Book it."])
        call.expectNothingLeft()
    }
}
