import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Tools, failures and ends.
@Suite struct FailureTests {
    private func call(
        _ answers: [ScriptedAnswer], kind: RecordingCarrier.Kind = .wire,
        policy change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.failover.retry.retries = 0
        policy.failover.modelPatience = nil
        change(&policy)
        let call = try ScriptedCall(kind, policy: policy)
        call.mind.answers = answers
        return call
    }

    @Test func aToolIsAnswered() throws {
        let call = try call([
            .tool("look_up", #"{"day":"Monday"}"#, saying: "One moment."), ScriptedAnswer(text: "We open at nine."),
        ])
        try call.play(
            """
            1000 type "when do you open"
            3000 result call-1 "nine"
            6000 gone
            """)
        #expect(
            call.story == """
                1000 final "when do you open"
                1000 turn 1
                1240 text "One moment."
                1240 tool look_up call-1 {"day":"Monday"}
                1340 agent starts
                3280 text "We open at nine."
                4180 agent stops
                4180 heard "One moment. We open at nine."
                4180 metrics 0+0+0+200+40+0+100+0 = 340
                6000 closed "the caller hung up"
                """)
        let tool = ToolCall(id: "call-1", name: "look_up", arguments: #"{"day":"Monday"}"#)
        #expect(
            call.mind.requests.last?.messages.suffix(2) == [
                .assistant("One moment.", toolCalls: [tool]), .toolResult(id: "call-1", json: "nine"),
            ])
        call.expectNothingLeft()
    }

    @Test func whatWasSaidBeforeAToolIsInTheHistoryOnce() throws {
        let call = try call([
            .tool("look_up", saying: "One moment."), ScriptedAnswer(text: "We open at nine."),
            ScriptedAnswer(text: "Bye."),
        ])
        try call.play(
            """
            1000 type "when do you open"
            3000 result call-1 "nine"
            6000 type "thanks"
            9000 gone
            """)
        let tool = ToolCall(id: "call-1", name: "look_up", arguments: "{}")
        #expect(
            call.mind.requests.last?.messages == [
                .user("when do you open"), .assistant("", toolCalls: [tool]), .toolResult(id: "call-1", json: "nine"),
                .assistant("One moment. We open at nine.", toolCalls: []), .user("thanks"),
            ])
    }

    @Test func aToolThatDoesNotAnswer() throws {
        let call = try call([.tool("look_up"), ScriptedAnswer(text: "I cannot tell.")]) { $0.toolTimeout = .seconds(2) }
        try call.play(
            """
            1000 type "when do you open"
            4000 result call-1 "late"
            6000 gone
            """)
        #expect(
            call.story == """
                1000 final "when do you open"
                1000 turn 1
                1200 tool look_up call-1 {}
                3460 text "I cannot tell."
                3560 agent starts
                4000 error tool_result "no tool call of this id is waiting"
                4160 agent stops
                4160 heard "I cannot tell."
                4160 metrics 0+0+0+200+2260+0+100+0 = 2560
                6000 closed "the caller hung up"
                """)
    }

    @Test func aCallerWhoSpeaksDuringATool() throws {
        let call = try call([.tool("look_up"), ScriptedAnswer(text: "Fine.")])
        try call.play(
            """
            1000 type "when do you open"
            2000 caller "never mind that thank you" 1000
            3500 result call-1 "nine"
            6000 gone
            """)
        #expect(
            call.story == """
                1000 final "when do you open"
                1000 turn 1
                1200 tool look_up call-1 {}
                2000 caller starts
                2040 barge-in paused at 0
                2500 barge-in confirmed at 0
                2500 heard "" interrupted
                3000 caller stops
                3900 final "never mind that thank you"
                3900 turn 2
                4120 text "Fine."
                4220 agent starts
                4420 agent stops
                4420 heard "Fine."
                4420 metrics 900+0+0+200+20+0+100+0 = 1220
                6000 closed "the caller hung up"
                """)
        #expect(
            call.mind.requests.last?.messages == [
                .user("when do you open"),
                .assistant("", toolCalls: [ToolCall(id: "call-1", name: "look_up", arguments: "{}")]),
                .toolResult(id: "call-1", json: "nine"), .user("never mind that thank you"),
            ])
        call.expectNothingLeft()
    }

    @Test func aModelThatOnlyCallsToolsIsStopped() throws {
        let call = try call([.tool("look_up")]) { $0.toolTimeout = .milliseconds(100) }
        try call.play(
            """
            1000 type "when do you open"
            20000 gone
            """)
        #expect(call.mind.requests.count == ToolCallStateMachine.mostRounds + 1)
        call.expectNothingLeft()
    }

    @Test func hangUpWaitsForTheLastSample() throws {
        let call = try call([.tool("hang_up", saying: "Goodbye and thank you.")])
        try call.play(
            """
            1000 type "that is all"
            6000 end
            """)
        #expect(
            call.story == """
                1000 final "that is all"
                1000 turn 1
                1280 text "Goodbye and thank you."
                1380 agent starts
                2180 agent stops
                2180 heard "Goodbye and thank you."
                2180 metrics 0+0+0+200+80+0+100+0 = 380
                2180 hang-up "the agent ended the call"
                2180 closed "the agent ended the call"
                """)
        #expect(call.carrier.heard.filter { $0 != 0 }.count == 6_400)
        #expect(call.carrier.requests == [.hangUp(reason: "the agent ended the call")])
        call.expectNothingLeft()
    }

    @Test func transferAfterTheLastSample() throws {
        let call = try call([.tool("transfer", #"{"to":"+15550100"}"#, saying: "I put you through.")]) {
            $0.builtInTools.flowTargets = ["+15550100"]
        }
        try call.play(
            """
            1000 type "a human please"
            6000 gone
            """)
        #expect(call.carrier.requests == [.transfer("+15550100")])
    }

    @Test func aModelThatFailsIsApologisedFor() throws {
        let call = try call([ScriptedAnswer(text: "", end: .failed(.unavailable))])
        try call.play(
            """
            1000 type "when do you open"
            6000 gone
            """)
        #expect(
            call.story == """
                1000 final "when do you open"
                1000 turn 1
                1200 error mind "the model is out"
                1200 error llm "no provider is left"
                1200 heard "" interrupted
                1200 text "I am sorry, I am having trouble right now."
                1300 agent starts
                3100 agent stops
                3100 heard "I am sorry, I am having trouble right now."
                6000 closed "the caller hung up"
                """)
        call.expectNothingLeft()
    }

    @Test func aReplyThatNeverEndsDoesNotOutliveTheLongestCall() throws {
        let call = try call([ScriptedAnswer(text: "We open at", end: .hanging)]) {
            $0.manners.longestCall = .seconds(10)
        }
        try call.play(
            """
            1000 type "when do you open"
            40000 end
            """)
        #expect(
            call.story == """
                1000 final "when do you open"
                1000 turn 1
                30000 hang-up "the call reached its longest duration"
                30000 heard "" interrupted
                30000 closed "the call reached its longest duration"
                """)
        call.expectNothingLeft()
    }

    @Test func aHostThatNoLongerReadsDoesNotOutliveTheLongestCall() throws {
        let call = try call([ScriptedAnswer(text: "We open at nine.")], kind: .reader) {
            $0.manners.longestCall = .seconds(10)
        }
        try call.play("1000 type \"when do you open\"")
        call.run(until: 1_800)
        call.isReading = false
        call.session?.bargeIn()
        call.session?.receiveText("hello")
        call.run(until: 40_000)
        #expect(call.events.last?.kind == .closed)
        call.expectNothingLeft()
    }

    @Test func aVoiceThatFails() throws {
        let call = try call([ScriptedAnswer(text: "We open at nine.")])
        call.voice.fails = true
        try call.play(
            """
            1000 type "when do you open"
            6000 end
            """)
        #expect(
            call.story == """
                1000 final "when do you open"
                1000 turn 1
                1280 text "We open at nine."
                1380 error voice "the voice is out"
                1380 error tts "no provider is left"
                1380 heard "" interrupted
                1380 hang-up "no voice is left"
                1380 closed "no voice is left"
                """)
        call.expectNothingLeft()
    }

    @Test func aRecogniserThatFailsIsOpenedAgain() throws {
        let call = try call([ScriptedAnswer(text: "We open at nine.")])
        try call.play(
            """
            1000 deaf
            2000 caller "when do you open" 800
            6000 gone
            """)
        #expect(
            call.story == """
                1000 error ears "the line to the recogniser broke"
                2000 caller starts
                2800 caller stops
                3140 final "when do you open"
                3140 turn 1
                3420 text "We open at nine."
                3520 agent starts
                4320 agent stops
                4320 heard "We open at nine."
                4320 metrics 300+40+0+200+80+0+100+0 = 720
                6000 closed "the caller hung up"
                """)
        #expect(call.ears.openings == 2)
        call.expectNothingLeft()
    }

    @Test func aRecogniserThatFailsForGoodEndsTheCall() throws {
        let call = try call([])
        try call.start()
        for time in stride(from: Int64(1_000), through: 60_000, by: 1_000) {
            call.run(until: time)
            if !call.events.contains(where: { $0.kind == .closed }) { call.ears.open.last?.fail(.unavailable) }
        }
        #expect(call.story.contains("hang-up \"speech recognition failed\""))
        #expect(call.voice.spoken == ["I am sorry, I am having trouble right now."])
        call.expectNothingLeft()
    }

    @Test func theLongestCallEndsAlsoWhenItsLastWordsAreInterrupted() throws {
        let call = try call([ScriptedAnswer(text: "One two three four five six seven eight nine ten.")]) {
            $0.manners.longestCall = .seconds(3)
        }
        try call.play(
            """
            1500 type "count"
            3500 caller "stop that please" 600
            9000 end
            """)
        #expect(
            call.story == """
                1500 final "count"
                1500 turn 1
                1900 text "One two three four five six seven eight nine ten."
                2000 agent starts
                3500 caller starts
                3540 barge-in paused at 12320
                3800 barge-in confirmed at 12320
                3800 agent stops
                3800 heard "One two three four five six seven eight" interrupted
                3800 metrics 0+0+0+200+200+0+100+0 = 500
                3800 hang-up "the call reached its longest duration"
                3800 closed "the call reached its longest duration"
                """)
        call.expectNothingLeft()
    }

    /// Wherever the carrier is closed: one end, and nothing is left.
    @Test(arguments: RecordingCarrier.Kind.allCases) func aCarrierMayCloseAtAnyMoment(kind: RecordingCarrier.Kind)
        throws
    {
        for end in stride(from: Int64(0), through: 9_000, by: 130) {
            var policy = SessionPolicy()
            policy.greeting = "Hello and good morning."
            policy.manners.checkInAfter = .seconds(1)
            let call = try ScriptedCall(kind, policy: policy)
            call.mind.answers = [
                .tool("look_up", saying: "One moment please."), ScriptedAnswer(text: "We open at nine."),
            ]
            call.caller(says: "yeah", at: 300, for: 200)
            call.caller(says: "when do you open", at: 1_500, for: 800)
            call.caller(says: "no wait a moment", at: 5_400, for: 800)
            try call.start()
            call.run(until: min(end, 4_000))
            if end > 4_000 { call.session?.toolResult(id: "call-1", json: "{}") }
            call.run(until: end)
            call.carrier.isClosed = true
            call.session?.carrierClosed(reason: "the caller hung up")
            call.session?.carrierClosed(reason: "again")
            call.session?.hangUp()
            call.expectNothingLeft("closed at \(end)")
        }
    }

    @Test func aSessionThatCannotStartLeavesNothing() throws {
        let call = try call([])
        var setup = try call.carrier.setup
        setup.frameMilliseconds = 25
        let session = Session(
            setup: setup, policy: SessionPolicy(),
            providers: SessionProviders(
                speechToText: call.ears, languageModel: call.mind, textToSpeech: call.voice,
                voiceActivity: call.detector),
            carrier: call.carrier, context: ProviderContext(callID: "call", eventLoop: call.loop, log: .none),
            clock: call.clock
        ) { _ in }
        #expect(throws: (any Error).self) { try session.start() }
        #expect(session.hasEnded)
        #expect(call.ears.open.isEmpty && call.detector.open == 0 && call.voice.open == 0)
        #expect(call.clock.count == 0)
    }
}
