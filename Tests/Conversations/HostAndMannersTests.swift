import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

/// What the host says, what is typed and keyed in, and what the agent does about silence.
@Suite struct HostAndMannersTests {
    private func call() throws -> ScriptedCall {
        let call = try ScriptedCall()
        call.mind.answers = [ScriptedAnswer(text: "We open at nine.")]
        return call
    }

    @Test func textsToSayQueue() throws {
        let call = try call()
        try call.play(
            """
            1000 say "One moment please."
            1100 say "Still there."
            1200 say "Done."
            5000 gone
            """)
        #expect(
            call.story == """
                1000 text "One moment please."
                1100 agent starts
                1700 agent stops
                1700 heard "One moment please."
                1700 text "Still there."
                1800 agent starts
                2200 agent stops
                2200 heard "Still there."
                2200 text "Done."
                2300 agent starts
                2500 agent stops
                2500 heard "Done."
                5000 closed "the caller hung up"
                """)
        #expect(call.session?.say("after the end") == true, "ignored, not refused")
        call.expectNothingLeft()
    }

    @Test func tooManyTextsToSayAreRefused() throws {
        let call = try call()
        try call.start()
        let session = try #require(call.session)
        #expect((0..<17).allSatisfy { session.say("text \($0)") }, "one is being said, 16 wait")
        #expect(!session.say("one too many"))
        #expect(session.waitingTexts == Session.longestAgenda)
    }

    @Test func aTypedTurn() throws {
        let call = try call()
        try call.play(
            """
            1000 type "when do you open"
            4000 gone
            """)
        #expect(
            call.story == """
                1000 final "when do you open"
                1000 turn 1
                1280 text "We open at nine."
                1380 agent starts
                2180 agent stops
                2180 heard "We open at nine."
                2180 metrics 0+0+0+200+80+0+100+0 = 380
                4000 closed "the caller hung up"
                """)
    }

    @Test func keysAreATurn() throws {
        let call = try call()
        try call.play(
            """
            1000 keys "12"
            1500 keys "3#"
            5000 keys "4"
            11000 gone
            """)
        #expect(
            call.story == """
                1000 keys "12"
                1500 keys "3#"
                1500 final "123"
                1500 turn 1
                1780 text "We open at nine."
                1880 agent starts
                2680 agent stops
                2680 heard "We open at nine."
                2680 metrics 0+0+0+200+80+0+100+0 = 380
                5000 keys "4"
                7000 final "4"
                7000 turn 2
                7280 text "We open at nine."
                7380 agent starts
                8180 agent stops
                8180 heard "We open at nine."
                8180 metrics 0+0+0+200+80+0+100+0 = 380
                11000 closed "the caller hung up"
                """)
    }

    @Test func silenceIsAskedAboutAndThenEndsTheCall() throws {
        var policy = SessionPolicy()
        policy.greeting = "Hello."
        policy.manners.checkInAfter = .seconds(5)
        let call = try ScriptedCall(policy: policy)
        try call.play("30000 end")
        #expect(
            call.story == """
                0 text "Hello."
                100 agent starts
                300 agent stops
                300 heard "Hello."
                5300 text "Are you still there?"
                5400 agent starts
                6200 agent stops
                6200 heard "Are you still there?"
                11200 text "Are you still there?"
                11300 agent starts
                12100 agent stops
                12100 heard "Are you still there?"
                17100 hang-up "the caller is silent"
                17100 closed "the caller is silent"
                """)
        #expect(call.carrier.requests == [.hangUp(reason: "the caller is silent")])
        call.expectNothingLeft()
    }

    @Test func keysThatMeanNothingDoNotStopTheCheckIns() throws {
        for (isEnabled, keys) in [(false, "5"), (true, "#")] {
            var policy = SessionPolicy()
            policy.manners.checkInAfter = .seconds(5)
            policy.keypad.isEnabled = isEnabled
            let call = try ScriptedCall(policy: policy)
            try call.play(
                """
                1000 keys "\(keys)"
                7000 end
                """)
            #expect(call.voice.spoken == ["Are you still there?"], "\(keys)")
        }
    }

    @Test func aCheckInIsAnswered() throws {
        var policy = SessionPolicy()
        policy.manners.checkInAfter = .seconds(5)
        let call = try ScriptedCall(policy: policy)
        try call.play(
            """
            6500 caller "I am here" 600
            10000 gone
            """)
        #expect(
            call.story == """
                5000 text "Are you still there?"
                5100 agent starts
                5900 agent stops
                5900 heard "Are you still there?"
                6500 caller starts
                7100 caller stops
                7440 final "I am here"
                7440 turn 2
                7700 text "Hello there caller."
                7800 agent starts
                8400 agent stops
                8400 heard "Hello there caller."
                8400 metrics 300+40+0+200+60+0+100+0 = 700
                10000 closed "the caller hung up"
                """)
    }
}
