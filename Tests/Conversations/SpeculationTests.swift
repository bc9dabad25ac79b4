import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Answers that are begun before the turn is committed: sooner when the guess was right, and as if they had never been
/// when it was not.
@Suite struct SpeculationTests {
    private func call(
        _ kind: RecordingCarrier.Kind = .wire, policy change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.speculation.isEnabled = true
        change(&policy)
        let call = try ScriptedCall(kind, policy: policy)
        call.mind.answers = [ScriptedAnswer(text: "All right then. What is your name?")]
        return call
    }

    private func work(_ call: ScriptedCall) -> ProviderWork.Drafts {
        call.events.compactMap(\.metrics).reduce(into: ProviderWork.Drafts()) { sum, metrics in
            sum.begun += metrics.work.drafts.begun
            sum.dropped += metrics.work.drafts.dropped
            sum.tokens += metrics.work.drafts.tokens
            sum.characters += metrics.work.drafts.characters
        }
    }

    private func time(_ call: ScriptedCall, _ kind: SessionEvent.Kind) -> Int64? {
        call.events.first { $0.kind == kind }.map { ($0.time - .zero).wholeMilliseconds }
    }

    /// The turns whose audio was heard.
    private func audible(_ call: ScriptedCall) -> Set<UInt64> {
        let heard = call.carrier.heard
        // Samples of a fade have no mark: where three follow each other as marks do, it is no accident.
        return Set(
            heard.indices.dropLast(2).filter {
                heard[$0] != 0 && heard[$0 + 1] == heard[$0] + 1 && heard[$0 + 2] == heard[$0] + 2
            }.map { Mark.turn(of: heard[$0]) }.filter { $0 > 0 })
    }

    @Test func anAnswerBegunEarlyIsHeardWithTheCommit() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "I need a table" 800
            1900 early
            6000 gone
            """)
        // The words are there at 1900, the answer at 2280 with its audio at 2360; the turn is committed at 2140.
        #expect(call.mind.requests.map(\.messages) == [[.user("I need a table")]])
        #expect(time(call, .turnStarted) == 2_140)
        #expect(time(call, .agentStarted) == 2_260)
        let metrics = try #require(call.events.compactMap(\.metrics).first)
        #expect(metrics.total == .milliseconds(460), "700 without")
        #expect(metrics.stages.reduce(.zero, +) == metrics.total)
        #expect(metrics.work.drafts == work(call) && work(call).begun == 1 && work(call).dropped == 0)
        #expect(call.story.contains("heard \"All right then. What is your name?\"\n"))
        call.expectNothingLeft()
    }

    @Test(arguments: RecordingCarrier.Kind.allCases) func nothingIsHeardOrToldBeforeTheCommit(
        kind: RecordingCarrier.Kind
    ) throws {
        let call = try call(kind) { $0.endpoint.silence = .milliseconds(1_500) }
        try call.play(
            """
            1000 caller "I need a table" 800
            1900 early
            3200 end
            """)
        #expect(call.mind.requests.count == 1)
        #expect(call.voice.made > 0, "the first segment is spoken")
        #expect(call.voice.spoken == ["All right then."], "and only the first")
        #expect(call.carrier.heard.allSatisfy { $0 == 0 })
        let early: [SessionEvent.Kind] = [.agentText, .agentStarted, .agentHeard, .turnStarted, .turnMetrics]
        #expect(call.events.allSatisfy { !early.contains($0.kind) })
        call.run(until: 3_400)
        #expect(time(call, .turnStarted) == 3_340)
        let first = try #require(time(call, .agentStarted))
        #expect(first - 3_340 <= 30, "the audio is there")
        call.run(until: 6_000)
        #expect(call.voice.spoken == ["All right then.", "What is your name?"])
        #expect(audible(call) == [1])
        #expect(call.events.contains { $0.kind == .agentHeard && $0.text == "All right then. What is your name?" })
        call.session?.hangUp()
        call.expectNothingLeft()
    }

    @Test func stableWordsAreASign() throws {
        let call = try call()
        call.ears.settle = 300
        try call.play("1000 caller \"I need a table\" 800\n6000 gone")
        // The pause is known at 1960 and the words did not change for 100 ms; they settle at 2400.
        let metrics = try #require(call.events.compactMap(\.metrics).first)
        #expect(metrics.work.drafts.begun == 1 && metrics.work.drafts.dropped == 0)
        #expect(call.mind.requests.count == 1)
        #expect(metrics.total < .milliseconds(700))
        call.expectNothingLeft()
    }

    @Test func unfinishedWordsAreNoSign() throws {
        let call = try call()
        try call.play("1000 caller \"I need a\" 800\n1900 end\n2600 end")
        #expect(call.mind.requests.isEmpty)
    }

    @Test func otherWordsAreAnsweredAnew() throws {
        let call = try call()
        call.ears.latency = 450
        call.ears.settle = 500
        try call.play("1000 caller \"I need a table please\" 900\n9000 gone")
        // "please" comes late: at the pause the words were others.
        #expect(call.mind.requests.last?.messages == [.user("I need a table please")])
        #expect(work(call).begun == call.mind.requests.count || work(call).begun == call.mind.requests.count - 1)
        #expect(audible(call).count == 1)
        #expect(call.events.filter { $0.kind == .turnStarted }.count == 1)
        call.expectNothingLeft()
    }

    @Test func aCallerWhoGoesOnIsNotAnswered() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "I need a table" 800
            1900 early
            2080 caller "for two people" 800
            8000 gone
            """)
        #expect(call.mind.requests.map(\.messages).last == [.user("I need a table for two people")])
        #expect(call.events.filter { $0.kind == .turnStarted }.map(\.text) == ["I need a table for two people"])
        let drafts = work(call)
        #expect(drafts.dropped >= 1 && drafts.tokens > 0)
        #expect(audible(call).count == 1)
        #expect(call.events.filter { $0.kind == .agentHeard }.map(\.text) == ["All right then. What is your name?"])
        #expect(call.events.allSatisfy { $0.kind != .bargeIn }, "nothing of it was heard or interrupted")
        call.expectNothingLeft()
    }

    @Test func aSignThatIsTakenBackDropsTheDraft() throws {
        let call = try call { $0.endpoint.silence = .milliseconds(900) }
        try call.play(
            """
            1000 caller "I need a table" 800
            1900 early
            1950 resumes
            1955 end
            8000 gone
            """)
        #expect(call.mind.running == 0)
        #expect(work(call).dropped >= 1)
        #expect(call.events.filter { $0.kind == .turnStarted }.count == 1)
        #expect(call.events.filter { $0.kind == .agentHeard }.count == 1)
        call.expectNothingLeft()
    }

    @Test func aRecogniserThatFlapsCostsNoMoreThanItsBound() throws {
        let call = try call {
            $0.endpoint.silence = .milliseconds(5_000)
            $0.speculation.mostDrafts = 2
        }
        let flaps = (0..<10).map { "\(1_900 + $0 * 40) early\n\(1_920 + $0 * 40) resumes" }.joined(separator: "\n")
        try call.play("1000 caller \"I need a table\" 800\n\(flaps)\n12000 gone")
        #expect(call.mind.requests.count == 3, "two drafts and the answer")
        #expect(work(call).begun == 2 && work(call).dropped == 2)
        call.expectNothingLeft()
    }

    @Test func toolsAreCalledWithTheCommit() throws {
        let call = try call { $0.endpoint.silence = .milliseconds(1_500) }
        call.mind.answers = [.tool("look_up", saying: "One moment."), ScriptedAnswer(text: "We open at nine.")]
        try call.play(
            """
            1000 caller "when do you open" 800
            1900 early
            3300 end
            3500 result call-1 "nine"
            9000 gone
            """)
        #expect(time(call, .toolCall) == 3_340)
        #expect(time(call, .turnStarted) == 3_340)
        #expect(call.events.contains { $0.kind == .agentHeard && $0.text == "One moment. We open at nine." })
        #expect(call.mind.requests.count == 2)
        call.expectNothingLeft()
    }

    @Test func theToolsOfADroppedDraftAreNeverCalled() throws {
        let call = try call { $0.endpoint.silence = .milliseconds(1_500) }
        call.mind.answers = [.tool("cancel_order"), ScriptedAnswer(text: "Certainly.")]
        try call.play(
            """
            1000 caller "cancel my order" 800
            1900 early
            2800 caller "no no wait not that one please" 1000
            9000 gone
            """)
        #expect(call.events.allSatisfy { $0.kind != .toolCall })
        #expect(call.mind.requests.last?.messages == [.user("cancel my order no no wait not that one please")])
        call.expectNothingLeft()
    }

    @Test func aDraftThatFailsIsAnsweredWithTheCommit() throws {
        let call = try call {
            $0.endpoint.silence = .milliseconds(1_500)
            $0.failover.retry.retries = 0
        }
        call.mind.answers = [
            ScriptedAnswer(text: "", end: .failed(.unavailable)), ScriptedAnswer(text: "All right then."),
        ]
        try call.play(
            """
            1000 caller "I need a table" 800
            1900 early
            9000 gone
            """)
        #expect(call.events.filter { $0.kind == .agentHeard }.map(\.text) == ["All right then."])
        #expect(call.events.allSatisfy { $0.text != "no provider is left" })
        call.expectNothingLeft()
    }

    @Test func anEmptyDraftIsAnEmptyAnswer() throws {
        let call = try call { $0.endpoint.silence = .milliseconds(1_500) }
        call.mind.answers = [ScriptedAnswer(text: "")]
        try call.play("1000 caller \"I need a table\" 800\n1900 early\n9000 gone")
        #expect(call.mind.requests.count == 1)
        #expect(call.events.filter { $0.kind == .turnStarted }.count == 1)
        call.expectNothingLeft()
    }

    @Test func aTypedTurnDropsTheDraft() throws {
        let call = try call { $0.endpoint.silence = .milliseconds(1_500) }
        try call.play("1000 caller \"I need a table\" 800\n1900 early\n2500 type \"never mind\"\n9000 gone")
        #expect(call.mind.requests.last?.messages == [.user("I need a table never mind")])
        #expect(work(call).dropped == 1)
        #expect(audible(call).count == 1)
        call.expectNothingLeft()
    }

    @Test func theCallMayEndWithADraft() throws {
        for end in ["gone", "hangup"] {
            let call = try call { $0.endpoint.silence = .milliseconds(1_500) }
            try call.play("1000 caller \"I need a table\" 800\n1900 early\n2500 \(end)")
            #expect(call.carrier.heard.allSatisfy { $0 == 0 })
            call.expectNothingLeft("\(end)")
        }
    }

    @Test func aDraftIsInterruptedLikeAnyReplyOnceItIsHeard() throws {
        let call = try call { $0.endpoint.silence = .milliseconds(700) }
        try call.play(
            """
            1000 caller "I need a table" 800
            1900 early
            3000 caller "no wait not a table" 1000
            9000 gone
            """)
        #expect(call.events.contains { $0.kind == .bargeIn && $0.flags.contains(.confirmed) })
        #expect(call.mind.requests.count >= 2)
        call.expectNothingLeft()
    }

    @Test func aSecondTurnMayBeDraftedAsWell() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "I need a table" 800
            1900 early
            6000 caller "my name is Smith" 800
            6900 early
            12000 gone
            """)
        #expect(call.mind.requests.count == 2)
        #expect(work(call).begun == 2 && work(call).dropped == 0)
        #expect(
            call.mind.requests.last?.messages == [
                .user("I need a table"), .assistant("All right then. What is your name?", toolCalls: []),
                .user("my name is Smith"),
            ])
        call.expectNothingLeft()
    }

    @Test func withoutSpeculationOnlyCommittedTurnsAreAsked() throws {
        let call = try call { $0.speculation.isEnabled = false }
        try call.play("1000 caller \"I need a table\" 800\n1900 early\n2100 end\n6000 gone")
        #expect(call.mind.requests.count == 1)
        #expect(call.events.compactMap(\.metrics).first?.total == .milliseconds(700))
    }

    /// In any order of signs, words and voices: nothing of a draft is heard unless it became the turn.
    @Test(arguments: 0..<6) func noSampleOfADroppedDraftIsHeard(block: Int) throws {
        for seed in UInt64(block * 8)..<UInt64(block * 8 + 8) {
            var random = SeededRandom(seed: seed)
            let call = try call([.wire, .callback, .reader][Int(seed % 3)])
            try call.start()
            var time: Int64 = 500
            for turn in 0..<4 {
                let length = Int64.random(in: 200...1_200, using: &random)
                call.caller(says: "word\(turn) and more words", at: time, for: length)
                for _ in 0..<Int.random(in: 0...4, using: &random) {
                    call.run(until: max(time, call.loop.milliseconds) + .random(in: 50...400, using: &random))
                    call.ears.open.last?.tell(Bool.random(using: &random) ? .earlyEndOfTurn : .turnResumed)
                    call.loop.run()
                }
                time = max(time + length, call.loop.milliseconds) + .random(in: 50...2_500, using: &random)
                call.run(until: time)
            }
            call.run(until: time + 6_000)
            let told = Set(call.events.filter { $0.kind == .agentText }.map(\.turn.number))
            #expect(audible(call).isSubset(of: told), "seed \(seed)")
            let drafts = work(call)
            #expect(drafts.begun - drafts.dropped <= call.events.filter { $0.kind == .turnStarted }.count)
            call.session?.hangUp()
            call.expectNothingLeft("seed \(seed)")
        }
    }
}

/// Drafts beside all else that an answer can begin.
@Suite struct DraftCompanyTests {
    private static let plan = FlowPlan(
        start: "intake",
        nodes: [
            FlowNode(name: "intake", transitions: [.init(to: "booking", .condition("wants to book"))]),
            FlowNode(
                name: "booking", prompt: "Book it.", tools: ["book"],
                transitions: [.init(to: "intake", .condition("wants something else"))]),
        ])

    private func call(
        _ answers: [ScriptedAnswer], tools: ScriptedTools = ScriptedTools([:]),
        policy change: (inout SessionPolicy) -> Void = { _ in },
        providers: (inout SessionProviders) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.speculation.isEnabled = true
        policy.tools = [ToolSpecification(name: "book", description: "d", parameters: "{}")]
        change(&policy)
        let call = try ScriptedCall(policy: policy) {
            $0.toolRunner = tools
            providers(&$0)
        }
        call.mind.answers = answers
        return call
    }

    private func names(_ call: ScriptedCall, _ kind: SessionEvent.Kind) -> [String] {
        call.events.filter { $0.kind == kind }.map { $0.name.isEmpty ? $0.text : $0.name }
    }

    /// The caller goes on, or does not; the pause after the sign is long enough for the draft's answer.
    private static let kept = "1000 caller \"a table\" 800\n1900 early\n9000 gone"
    private static let dropped = "1000 caller \"a table\" 800\n1900 early\n2080 caller \"no wait\" 800\n9000 gone"

    @Test func aWayIsOnlyGoneWithTheCommit() throws {
        let call = try call([.tool("go_to_booking"), ScriptedAnswer(text: "For which day?")]) {
            $0.flow = Self.plan
            $0.endpoint.silence = .milliseconds(1_200)
        }
        try call.play("1000 caller \"a table\" 800\n1900 early\n2900 end")
        #expect(call.mind.requests.count == 1, "the model is not asked at the next node")
        #expect(names(call, .node).isEmpty)
        call.run(until: 6_000)
        #expect(names(call, .node) == ["booking"])
        #expect(call.mind.requests.map(\.prompt).last?.hasSuffix("Book it.") == true)
        #expect(names(call, .agentHeard) == ["For which day?"])
        call.session?.hangUp()
        call.expectNothingLeft()
    }

    @Test func aDraftThatIsDroppedHasGoneNoWay() throws {
        let call = try call([.tool("go_to_booking"), ScriptedAnswer(text: "What else?")]) { $0.flow = Self.plan }
        try call.play(Self.dropped)
        #expect(names(call, .node).isEmpty)
        #expect(call.mind.requests.last?.tools.map(\.name).contains("go_to_booking") == true)
        #expect(names(call, .agentHeard) == ["What else?"])
        call.expectNothingLeft()
    }

    @Test(arguments: [true, false]) func aToolRunsOnlyForAnAnswerThatIsWanted(isKept: Bool) throws {
        let tools = ScriptedTools(["book": .init(after: 200, #"{"booked":true}"#)])
        let call = try call([.tool("book", #"{"day":"monday"}"#), ScriptedAnswer(text: "It is booked.")], tools: tools)
        {
            $0.endpoint.silence = .milliseconds(700)
        }
        try call.play(isKept ? Self.kept : Self.dropped)
        if isKept {
            #expect(tools.started.count == 1)
            let started = try #require(tools.started.first.flatMap { Int64($0.prefix { $0 != " " }) })
            let committed = try #require(call.events.first { $0.kind == .turnStarted }?.time)
            #expect(started >= (committed - .zero).wholeMilliseconds, "not before the turn is committed")
        } else {
            #expect(tools.started.isEmpty)
        }
        #expect(names(call, .agentHeard) == ["It is booked."])
        call.expectNothingLeft()
    }

    @Test func aToolOfTheHostIsAskedForOnce() throws {
        let call = try call([.tool("look"), ScriptedAnswer(text: "There is one.")]) {
            $0.tools = [ToolSpecification(name: "look", description: "d", parameters: "{}")]
        }
        try call.play("1000 caller \"a table\" 800\n1900 early\n4000 result call-1 \"{}\"\n9000 gone")
        #expect(names(call, .toolCall) == ["look"])
        #expect(names(call, .agentHeard) == ["There is one."])
        call.expectNothingLeft()
    }

    @Test func aModelThatListensGivesTheSignToo() throws {
        let judge = ScriptedSound(answers: [0.9])
        let call = try call([ScriptedAnswer(text: "All right then.")]) {
            $0.endpoint.silence = .milliseconds(900)
        } providers: {
            $0.endOfTurn = judge
        }
        try call.play("1000 caller \"I need a table\" 800\n9000 gone")
        let metrics = try #require(call.events.compactMap(\.metrics).first)
        #expect(!judge.lengths.isEmpty)
        #expect(metrics.work.drafts.begun == 1 && metrics.work.drafts.dropped == 0)
        #expect(call.mind.requests.count == 1)
        call.expectNothingLeft()
    }

    @Test func noFillerBridgesAnAnswerThatIsThere() throws {
        let call = try call([ScriptedAnswer(text: "All right then.")]) {
            $0.manners.fillerAfter = .milliseconds(100)
            $0.manners.fillers = ["One moment."]
        }
        try call.play(Self.kept)
        #expect(call.events.allSatisfy { $0.name != "filler" })
        #expect(names(call, .agentHeard) == ["All right then."])
        call.expectNothingLeft()
    }
}
