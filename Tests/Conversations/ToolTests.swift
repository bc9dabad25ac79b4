import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Tools that the engine carries out, built-in ones, and what becomes of them when the caller interrupts.
@Suite struct ToolTests {
    private func call(
        _ answers: [ScriptedAnswer], tools: ScriptedTools, policy change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.failover.retry.retries = 0
        policy.failover.modelPatience = nil
        change(&policy)
        let call = try ScriptedCall(policy: policy) { $0.toolRunner = tools }
        call.mind.answers = answers
        return call
    }

    private static func manners(
        _ say: [String] = [], after: Int64 = 500, survives: Bool = true, patience: Int64 = 10_000
    ) -> ToolManners {
        ToolManners(
            terms: ToolTerms(
                patience: .milliseconds(patience), sayAfter: say.isEmpty ? nil : .milliseconds(after),
                survivesInterruption: survives), say: say)
    }

    private static let book = ToolCall(id: "call-1", name: "book", arguments: #"{"day":"Monday"}"#)

    @Test func aToolOfTheEngineIsNotTheHosts() throws {
        let tools = ScriptedTools(["book": .init(after: 300, #"{"booked":true}"#)])
        let call = try call([.tool("book", #"{"day":"Monday"}"#), ScriptedAnswer(text: "It is booked.")], tools: tools)
        try call.play(
            """
            1000 type "book monday"
            6000 gone
            """)
        #expect(tools.started == [#"1200 book {"day":"Monday"}"#])
        #expect(
            call.story == """
                1000 final "book monday"
                1000 turn 1
                1760 text "It is booked."
                1860 agent starts
                2460 agent stops
                2460 heard "It is booked."
                2460 metrics 0+0+0+200+560+0+100+0 = 860
                6000 closed "the caller hung up"
                """)
        #expect(
            call.mind.requests.last?.messages == [
                .user("book monday"), .assistant("", toolCalls: [Self.book]),
                .toolResult(id: "call-1", json: #"{"booked":true}"#),
            ])
        call.expectNothingLeft()
    }

    @Test func aSlowToolIsBridgedByASentence() throws {
        let tools = ScriptedTools(["book": .init(after: 2_500)])
        let call = try call(
            [.tool("book"), ScriptedAnswer(text: "It is booked."), .tool("book"), ScriptedAnswer(text: "Done.")],
            tools: tools
        ) {
            $0.toolManners["book"] = Self.manners(["One moment please.", "Just a second."])
        }
        try call.play(
            """
            1000 type "book monday"
            6000 type "and tuesday"
            12000 gone
            """)
        #expect(
            call.story == """
                1000 final "book monday"
                1000 turn 1
                1700 text "One moment please."
                1800 agent starts
                3960 text "It is booked."
                4660 agent stops
                4660 heard "One moment please. It is booked."
                4660 metrics 0+0+0+200+500+0+100+0 = 800
                6000 final "and tuesday"
                6000 turn 2
                6700 text "Just a second."
                6800 agent starts
                8920 text "Done."
                9220 agent stops
                9220 heard "Just a second. Done."
                9220 metrics 0+0+0+200+500+0+100+0 = 800
                12000 closed "the caller hung up"
                """)
        #expect(
            call.mind.requests[1].messages.dropFirst().first
                == .assistant(
                    "One moment please.", toolCalls: [ToolCall(id: "call-1", name: "book", arguments: "{}")]),
            "the model knows that it was said")
        call.expectNothingLeft()
    }

    @Test func nothingIsSaidForAQuickToolOrAfterTheModelsOwnWords() throws {
        for (after, saying) in [(400, ""), (3_000, "Let me look.")] as [(Int64, String)] {
            let tools = ScriptedTools(["book": .init(after: after)])
            let call = try call([.tool("book", saying: saying), ScriptedAnswer(text: "Done.")], tools: tools) {
                $0.toolManners["book"] = Self.manners(["One moment please."])
            }
            try call.play(
                """
                1000 type "book monday"
                8000 gone
                """)
            #expect(call.voice.spoken == [saying, "Done."].filter { !$0.isEmpty })
            call.expectNothingLeft()
        }
    }

    @Test func aSentenceThatIsSaidAtOnce() throws {
        let tools = ScriptedTools(["book": .init(after: 1_000)])
        let call = try call([.tool("book"), ScriptedAnswer(text: "Done.")], tools: tools) {
            $0.toolManners["book"] = Self.manners(["One moment."], after: 0)
        }
        try call.play(
            """
            1000 type "book monday"
            4000 gone
            """)
        #expect(call.story.contains("1200 text \"One moment.\"\n1300 agent starts"))
    }

    @Test func aFailingToolIsTheModelsToExplain() throws {
        let failure = #"{"error":"the service answered with status 500"}"#
        let tools = ScriptedTools(["book": .init(after: 100, failure)])
        let call = try call([.tool("book"), ScriptedAnswer(text: "I cannot book.")], tools: tools)
        try call.play(
            """
            1000 type "book monday"
            4000 gone
            """)
        #expect(call.mind.requests[1].messages.last == .toolResult(id: "call-1", json: failure))
        #expect(call.voice.spoken == ["I cannot book."])
        #expect(!call.events.contains { $0.kind == .error })
    }

    @Test func twoToolsRunAtOnceBesideTheHosts() throws {
        let tools = ScriptedTools(["book": .init(after: 900, "1"), "find": .init(after: 400, "2")])
        let call = try call(
            [.tools([("book", "{}"), ("find", "{}"), ("look_up", "{}")]), ScriptedAnswer(text: "Done.")], tools: tools)
        try call.play(
            """
            1000 type "book monday"
            1500 result call-3 "3"
            4000 gone
            """)
        #expect(tools.started == ["1200 book {}", "1200 find {}"])
        #expect(
            call.story.hasPrefix(
                """
                1000 final "book monday"
                1000 turn 1
                1200 tool look_up call-3 {}
                2320 text "Done."
                """))
        #expect(
            call.mind.requests[1].messages.suffix(3) == [
                .toolResult(id: "call-1", json: "1"), .toolResult(id: "call-2", json: "2"),
                .toolResult(id: "call-3", json: "3"),
            ])
        call.expectNothingLeft()
    }

    @Test func aToolThatNeverAnswersIsStopped() throws {
        let tools = ScriptedTools(["book": .init(after: nil)])
        let call = try call([.tool("book"), ScriptedAnswer(text: "I cannot book.")], tools: tools) {
            $0.toolManners["book"] = Self.manners(patience: 2_000)
        }
        try call.play(
            """
            1000 type "book monday"
            6000 gone
            """)
        #expect(
            call.mind.requests[1].messages.last == .toolResult(id: "call-1", json: ToolCallStateMachine.timeoutResult))
        #expect(tools.cancelled == ["book"])
        call.expectNothingLeft()
    }

    // MARK: - Interruptions

    /// The caller speaks while a tool runs, from 2000 on; its answer is the second turn.
    private func interrupted(
        after: Int64?, survives: Bool, answers: Int = 2
    ) throws -> (call: ScriptedCall, tools: ScriptedTools) {
        let tools = ScriptedTools(["book": .init(after: after, #"{"booked":true}"#)])
        let call = try call(
            [.tool("book", #"{"day":"Monday"}"#), ScriptedAnswer(text: "Alright then."), ScriptedAnswer(text: "Yes.")],
            tools: tools
        ) {
            $0.toolManners["book"] = Self.manners(survives: survives)
        }
        try call.play(
            """
            1000 type "book monday"
            2000 caller "please make it early then" 1000
            8000 type "is it done"
            12000 gone
            """)
        return (call, tools)
    }

    @Test func aToolGoesOnWhenTheCallerInterruptsAndItsResultIsToldNext() throws {
        // Interrupted at about 2500; the result comes before, during and after the next answer.
        for (after, isKnown) in [(1_800, true), (3_300, false), (5_500, false)] as [(Int64, Bool)] {
            let (call, tools) = try interrupted(after: after, survives: true)
            #expect(tools.cancelled.isEmpty && tools.answered == ["book"])
            let result = #"{"booked":true}"#
            #expect(
                call.mind.requests[1].messages == [
                    .user("book monday"), .assistant("", toolCalls: [Self.book]),
                    .toolResult(id: "call-1", json: isKnown ? result : ToolCallStateMachine.openResult),
                    .user("please make it early then"),
                ], "after \(after) ms")
            #expect(
                call.mind.requests[2].messages == [
                    .user("book monday"), .assistant("", toolCalls: [Self.book]),
                    .toolResult(id: "call-1", json: result), .user("please make it early then"),
                    .assistant("Alright then.", toolCalls: []), .user("is it done"),
                ], "after \(after) ms")
            #expect(!call.events.contains { $0.kind == .error || $0.kind == .toolCall })
            call.expectNothingLeft()
        }
    }

    @Test func aToolIsStoppedWhenTheCallerInterrupts() throws {
        let (call, tools) = try interrupted(after: 3_000, survives: false)
        #expect(tools.cancelled == ["book"] && tools.answered.isEmpty)
        #expect(
            call.mind.requests[1].messages == [
                .user("book monday"), .assistant("", toolCalls: [Self.book]),
                .toolResult(id: "call-1", json: ToolCallStateMachine.stoppedResult), .user("please make it early then"),
            ])
        call.expectNothingLeft()
    }

    @Test func aToolThatNeverAnswersIsGivenUpAfterTheInterruption() throws {
        let (call, tools) = try interrupted(after: nil, survives: true)
        #expect(tools.cancelled == ["book"], "after ten seconds")
        call.expectNothingLeft()
        let tools2 = ScriptedTools(["book": .init(after: nil)])
        let second = try self.call(
            [.tool("book"), ScriptedAnswer(text: "Alright then."), ScriptedAnswer(text: "Yes.")], tools: tools2
        ) {
            $0.toolManners["book"] = Self.manners(patience: 4_000)
        }
        try second.play(
            """
            1000 type "book monday"
            2000 interrupt
            8000 type "is it done"
            12000 gone
            """)
        #expect(tools2.cancelled == ["book"])
        #expect(
            second.mind.requests[1].messages.contains(
                .toolResult(id: "call-1", json: ToolCallStateMachine.timeoutResult)))
        second.expectNothingLeft()
    }

    @Test func aHostsResultThatComesLateIsNotLost() throws {
        let call = try call(
            [.tool("look_up"), ScriptedAnswer(text: "Fine."), ScriptedAnswer(text: "At nine.")],
            tools: ScriptedTools([:]))
        try call.play(
            """
            1000 type "when do you open"
            1500 type "hello are you there"
            4000 result call-1 "nine"
            4100 result call-1 "ten"
            6000 type "so when"
            9000 gone
            """)
        #expect(call.mind.requests[2].messages.contains(.toolResult(id: "call-1", json: "nine")))
        #expect(call.story.contains("4100 error tool_result"), "a second result is nobody's")
        #expect(!call.story.contains("4000 error"))
        call.expectNothingLeft()
    }

    @Test func aCallerWhoHangsUpDoesNotUndoABooking() throws {
        for survives in [true, false] {
            let tools = ScriptedTools(["book": .init(after: 3_000)])
            let call = try call([.tool("book")], tools: tools) {
                $0.toolManners["book"] = Self.manners(survives: survives)
            }
            try call.play(
                """
                1000 type "book monday"
                2000 gone
                """)
            call.expectNothingLeft()
            #expect(tools.answered == (survives ? ["book"] : []) && tools.cancelled == (survives ? [] : ["book"]))
        }
    }

    @Test func aCallOfTheSameIdIsAnother() throws {
        // A server that numbers the calls of each answer anew, while the first is still under way.
        let tools = ScriptedTools(["book": .init(after: 4_000, "1"), "find": .init(after: 500, "2")])
        let call = try call(
            [.tool("book"), .tool("find"), ScriptedAnswer(text: "Found."), ScriptedAnswer(text: "Yes.")], tools: tools)
        try call.play(
            """
            1000 type "book monday"
            2000 type "find me"
            8000 type "well"
            11000 gone
            """)
        let results = call.mind.requests[3].messages.filter { if case .toolResult = $0 { true } else { false } }
        #expect(results == [.toolResult(id: "call-1", json: "1"), .toolResult(id: "call-1_", json: "2")])
        call.expectNothingLeft()
    }

    // MARK: - Built in

    private static let builtIn = BuiltInTools(
        BuiltInTools.Tool.selectable, targets: [.init(name: "front desk", address: "+1")])

    @Test func theModelIsOfferedWhatTheDocumentAllows() throws {
        let call = try call([ScriptedAnswer(text: "Hello.")], tools: ScriptedTools([:])) {
            $0.builtInTools = Self.builtIn
            $0.tools = [ToolSpecification(name: "book", description: "Books.", parameters: "{}")]
        }
        try call.play(
            """
            1000 type "hello"
            4000 gone
            """)
        #expect(call.mind.requests[0].tools.map(\.name) == ["book", "end_call", "transfer", "send_dtmf"])
        #expect(call.mind.requests[0].tools[2].parameters.contains(#""enum":["front desk"]"#))
    }

    @Test func theGoodbyeIsHeardBeforeTheCallEnds() throws {
        for (saying, goodbye) in [("Goodbye then.", ""), ("", "Goodbye then."), ("Goodbye then.", "And again.")] {
            let call = try call(
                [.tool("end_call", #"{"goodbye":"\#(goodbye)"}"#, saying: saying)], tools: ScriptedTools([:])
            ) { $0.builtInTools = Self.builtIn }
            try call.play(
                """
                1000 type "that is all"
                6000 end
                """)
            #expect(call.voice.spoken == ["Goodbye then."])
            let end = saying.isEmpty ? 1_700 : 1_740
            #expect(
                call.story.hasSuffix(
                    """
                    \(end) hang-up "the agent ended the call"
                    \(end) closed "the agent ended the call"
                    """), "\(call.story)")
            call.expectNothingLeft()
        }
    }

    @Test func aTransferGoesToWhomTheDocumentNames() throws {
        let call = try call(
            [
                .tool("transfer", #"{"to":"+49900123"}"#),
                .tool("transfer", #"{"to":"front desk"}"#, saying: "One moment."),
            ], tools: ScriptedTools([:])
        ) { $0.builtInTools = Self.builtIn }
        try call.play(
            """
            1000 type "a person please"
            6000 gone
            """)
        #expect(call.carrier.requests == [.transfer("+1")])
        #expect(
            call.mind.requests[1].messages.last
                == .toolResult(id: "call-1", json: #"{"error":"nobody of this name","known":["front desk"]}"#))
        #expect(call.story.contains("transfer \"+1\""))
    }

    @Test func keysArePressedWhenTheReplyWasHeard() throws {
        let call = try call(
            [.tool("send_dtmf", #"{"digits":"12#"}"#, saying: "One moment."), ScriptedAnswer(text: "Yes.")],
            tools: ScriptedTools([:])
        ) { $0.builtInTools = Self.builtIn }
        try call.play(
            """
            1000 type "press one two"
            4000 type "thanks"
            7000 gone
            """)
        #expect(call.carrier.requests == [.sendDigits("12#")])
        #expect(
            call.story.hasPrefix(
                """
                1000 final "press one two"
                1000 turn 1
                1240 text "One moment."
                1340 agent starts
                1740 agent stops
                1740 heard "One moment."
                1740 metrics 0+0+0+200+40+0+100+0 = 340
                1740 keys out "12#"
                """), "\(call.story)")
        #expect(
            call.mind.requests[1].messages == [
                .user("press one two"), .assistant("One moment.", toolCalls: []),
                .assistant("", toolCalls: [ToolCall(id: "call-1", name: "send_dtmf", arguments: #"{"digits":"12#"}"#)]),
                .toolResult(id: "call-1", json: #"{"status":"pressed"}"#), .user("thanks"),
            ])
        call.expectNothingLeft()
    }

    @Test func keysOfAnInterruptedReplyAreNotPressed() throws {
        let call = try call(
            [
                .tool("send_dtmf", #"{"digits":"1"}"#, saying: "Now I will press one for you."),
                ScriptedAnswer(text: "Alright."),
            ], tools: ScriptedTools([:])
        ) { $0.builtInTools = Self.builtIn }
        try call.play(
            """
            1000 type "press one"
            1800 type "no do not"
            5000 gone
            """)
        #expect(call.carrier.requests.isEmpty)
    }

    @Test func aModelThatOnlyCallsIsAskedForWords() throws {
        let tools = ScriptedTools(["book": .init(after: 10)])
        let call = try call([.tool("book")], tools: tools) {
            $0.tools = [ToolSpecification(name: "book", description: "Books.", parameters: "{}")]
        }
        try call.play(
            """
            1000 type "book monday"
            8000 gone
            """)
        #expect(call.mind.requests.count == ToolCallStateMachine.mostRounds + 1)
        #expect(call.mind.requests.dropLast().allSatisfy { $0.tools.map(\.name) == ["book"] })
        #expect(call.mind.requests.last?.tools == [])
        call.expectNothingLeft()
    }
}
