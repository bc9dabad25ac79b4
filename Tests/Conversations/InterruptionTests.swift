import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

/// Conversations in which somebody speaks while the agent does.
@Suite struct InterruptionTests {
    private func call(
        _ kind: RecordingCarrier.Kind = .wire, greeting: String? = "One two three four five six seven eight nine ten.",
        policy change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.greeting = greeting
        change(&policy)
        let call = try ScriptedCall(kind, policy: policy)
        call.mind.answers = [ScriptedAnswer(text: "All right then.")]
        return call
    }

    @Test func aBackchannelPausesAndResumes() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "yeah" 300
            5000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten."
                100 agent starts
                1000 caller starts
                1040 barge-in paused at 7520
                1300 caller stops
                1460 barge-in resumed at 7520
                2530 agent stops
                2530 heard "One two three four five six seven eight nine ten."
                5000 closed "the caller hung up"
                """)
        #expect(call.mind.requests.isEmpty)
    }

    @Test func noiseWithoutWordsResumes() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "" 200
            5000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten."
                100 agent starts
                1000 caller starts
                1040 barge-in paused at 7520
                1200 caller stops
                1400 barge-in resumed at 7520
                2460 agent stops
                2460 heard "One two three four five six seven eight nine ten."
                5000 closed "the caller hung up"
                """)
    }

    @Test func wordsInterrupt() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "no wait I have a question" 1200
            6000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten."
                100 agent starts
                1000 caller starts
                1040 barge-in paused at 7520
                1500 barge-in confirmed at 7520
                1500 agent stops
                1500 heard "One two three four five" interrupted
                2200 caller stops
                2540 final "no wait I have a question"
                2540 turn 2
                2800 text "All right then."
                2900 agent starts
                3500 agent stops
                3500 heard "All right then."
                3500 metrics 300+40+0+200+60+0+100+0 = 700
                6000 closed "the caller hung up"
                """)
        #expect(
            call.mind.requests.map(\.messages) == [
                [.assistant("One two three four five", toolCalls: []), .user("no wait I have a question")]
            ])
        call.expectNothingLeft()
    }

    @Test func aLongSoundWithoutWordsHoldsTheAgentUntilItsEnd() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "" 1500
            6000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten."
                100 agent starts
                1000 caller starts
                1040 barge-in paused at 7520
                2500 caller stops
                2700 barge-in resumed at 7520
                3760 agent stops
                3760 heard "One two three four five six seven eight nine ten."
                6000 closed "the caller hung up"
                """)
    }

    @Test func speechBeforeAnythingWasHeardContinuesTheTurn() throws {
        let call = try call(greeting: nil)
        try call.play(
            """
            1000 caller "I need a table" 800
            2300 caller "for two people" 600
            7000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                1800 caller stops
                2140 final "I need a table"
                2140 turn 1
                2300 caller starts
                2340 barge-in paused at 0
                2400 text "All right then."
                2800 barge-in confirmed at 0
                2800 heard "" interrupted
                2900 caller stops
                3240 final "for two people"
                3240 turn 2
                3500 text "All right then."
                3600 agent starts
                4200 agent stops
                4200 heard "All right then."
                4200 metrics 300+40+0+200+60+0+100+0 = 700
                7000 closed "the caller hung up"
                """)
        #expect(
            call.mind.requests.map(\.messages) == [
                [.user("I need a table")], [.user("I need a table for two people")],
            ])
        let heard = Set(call.carrier.heard.filter { $0 != 0 }.map(Mark.turn))
        #expect(heard == [2], "nothing of the first answer")
    }

    @Test func aYesOverTheLastWordIsAnAnswer() throws {
        let call = try call(greeting: "One two three four five six seven eight nine ten?")
        try call.play(
            """
            1700 caller "yes" 300
            5000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten?"
                100 agent starts
                1700 caller starts
                1740 barge-in paused at 13120
                2000 caller stops
                2200 barge-in confirmed at 13120
                2200 agent stops
                2200 heard "One two three four five six seven eight" interrupted
                2300 final "yes"
                2300 turn 2
                2560 text "All right then."
                2660 agent starts
                3260 agent stops
                3260 heard "All right then."
                3260 metrics 300+0+0+200+60+0+100+0 = 660
                5000 closed "the caller hung up"
                """)
    }

    @Test func theHostInterrupts() throws {
        let call = try call()
        try call.play(
            """
            1000 interrupt
            4000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten."
                100 agent starts
                1000 barge-in confirmed at 7200
                1000 agent stops
                1000 heard "One two three four five" interrupted
                4000 closed "the caller hung up"
                """)
    }

    @Test func aTypedTurnInterrupts() throws {
        let call = try call()
        try call.play(
            """
            1000 type "stop"
            4000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten."
                100 agent starts
                1000 barge-in confirmed at 7200
                1000 agent stops
                1000 heard "One two three four five" interrupted
                1000 final "stop"
                1000 turn 2
                1260 text "All right then."
                1360 agent starts
                1960 agent stops
                1960 heard "All right then."
                1960 metrics 0+0+0+200+60+0+100+0 = 360
                4000 closed "the caller hung up"
                """)
    }

    @Test func wordsOverAGreetingThatMustBeHeardAreAnsweredAfterIt() throws {
        let call = try call { $0.greetingIsInterruptible = false }
        try call.play(
            """
            500 caller "when do you open" 600
            6000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten."
                100 agent starts
                500 caller starts
                1100 caller stops
                2100 agent stops
                2100 heard "One two three four five six seven eight nine ten."
                2100 final "when do you open"
                2100 turn 2
                2360 text "All right then."
                2460 agent starts
                3060 agent stops
                3060 heard "All right then."
                3060 metrics 300+700+0+200+60+0+100+0 = 1360
                6000 closed "the caller hung up"
                """)
    }

    @Test func theHostInterruptsAGreetingWithWordsWaiting() throws {
        let call = try call { $0.greetingIsInterruptible = false }
        try call.play(
            """
            300 caller "hello I am calling" 600
            1500 interrupt
            5000 gone
            """)
        #expect(
            call.story == """
                0 text "One two three four five six seven eight nine ten."
                100 agent starts
                300 caller starts
                900 caller stops
                1500 barge-in confirmed at 11200
                1500 agent stops
                1500 heard "One two three four five six seven" interrupted
                1500 final "hello I am calling"
                1500 turn 2
                1760 text "All right then."
                1860 agent starts
                2460 agent stops
                2460 heard "All right then."
                2460 metrics 300+300+0+200+60+0+100+0 = 960
                5000 closed "the caller hung up"
                """)
    }

    @Test func withoutBargeInTheAgentFinishes() throws {
        let call = try call { $0.bargeIn.isEnabled = false }
        try call.play(
            """
            500 caller "when do you open" 600
            6000 gone
            """)
        #expect(call.events.allSatisfy { $0.kind != .bargeIn })
        #expect(
            call.mind.requests.map(\.messages) == [
                [
                    .assistant("One two three four five six seven eight nine ten.", toolCalls: []),
                    .user("when do you open"),
                ]
            ])
    }

    /// Samples of the reply that were heard in full, and the places in the recording of those that were faded.
    private func check(_ call: ScriptedCall, kind: RecordingCarrier.Kind, replySamples: Int64) {
        let recorded = call.carrier.heard
        guard let cut = call.carrier.cuts.first else {
            Issue.record("no cut")
            return
        }
        func sample(_ place: Int64) -> Int16 { Mark.sample(turn: TurnID(number: 1), place: place) }
        let before = recorded[..<cut].drop { $0 == 0 }
        // A reader's fade is part of what it was given; the others get a tail behind the cut.
        let clean = kind == .reader ? before.dropLast(64) : before[...]
        #expect(clean.elementsEqual((0..<Int64(clean.count)).map(sample)), "before the cut")
        var after = recorded[cut...].drop { $0 == 0 }
        if kind != .reader { after = after.dropFirst(64).drop { $0 == 0 } }
        // The fade in brings the last sample to full level; its first is silent.
        let resumed = Int64(before.count)
        let rest = after.filter { $0 != 0 }
        let tail = rest.suffix(rest.count - 63)
        #expect(tail.elementsEqual((resumed + 64..<replySamples).map(sample)), "after the fade, \(tail.count)")
    }

    @Test(arguments: RecordingCarrier.Kind.allCases) func aResumedReplyGoesOnAtTheSameSample(
        kind: RecordingCarrier.Kind
    ) throws {
        for start in stride(from: Int64(900), to: 1_000, by: 7) {
            let call = try call(kind)
            try call.play(
                """
                \(start) caller "yeah" 300
                6000 gone
                """)
            check(call, kind: kind, replySamples: 16_000)
            call.expectNothingLeft()
        }
    }

    @Test func aPauseKeepsTheFramesOfACallbackOnTheirClock() throws {
        let call = try call(.callback)
        try call.play(
            """
            1000 caller "yeah" 300
            5000 gone
            """)
        #expect(call.carrier.frameTimes.count == 250)
    }

    @Test func aPauseBeforeTheFirstSampleMakesNoSound() throws {
        let call = try call(greeting: nil)
        call.voice.latency = 100
        try call.play(
            """
            1000 type "when do you open"
            1230 caller "" 150
            1800 end
            """)
        // The voice's audio is there at 1360 at the earliest, in the middle of the pause.
        let paused = try #require(call.events.first { $0.kind == .bargeIn }).time
        let resumed = try #require(call.events.last { $0.kind == .bargeIn }).time
        #expect(
            call.carrier.frameTimes.allSatisfy {
                .zero + .milliseconds($0) < paused || .zero + .milliseconds($0) >= resumed
            })
    }
}
