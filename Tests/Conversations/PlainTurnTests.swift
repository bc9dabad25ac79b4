import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

/// Conversations in which nobody interrupts anybody. Words are reported 100 ms after they were spoken, a settled
/// transcript comes 40 ms after it was asked for; the model answers after 200 ms with a word every 20 ms; the voice
/// needs 100 ms and takes 200 ms a word.
@Suite struct PlainTurnTests {
    private func call(
        greeting: String? = nil, answers: [String] = ["We open at nine."], kind: RecordingCarrier.Kind = .wire
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.greeting = greeting
        let call = try ScriptedCall(kind, policy: policy)
        call.mind.answers = answers.map { ScriptedAnswer(text: $0) }
        return call
    }

    @Test func greetingAndATurn() throws {
        let call = try call(greeting: "Hello, how can I help?")
        try call.play(
            """
            2000 caller "when do you open" 800
            6000 gone
            """)
        #expect(
            call.story == """
                0 text "Hello, how can I help?"
                100 agent starts
                1100 agent stops
                1100 heard "Hello, how can I help?"
                2000 caller starts
                2800 caller stops
                3140 final "when do you open"
                3140 turn 2
                3420 text "We open at nine."
                3520 agent starts
                4320 agent stops
                4320 heard "We open at nine."
                4320 metrics 300+40+0+200+80+0+100+0 = 720
                6000 closed "the caller hung up"
                """)
        #expect(
            call.mind.requests.map(\.messages) == [
                [.assistant("Hello, how can I help?", toolCalls: []), .user("when do you open")]
            ])
        #expect(call.carrier.ends == [8_000, 14_400], "told with the last sample of each")
        call.expectNothingLeft()
    }

    @Test func anUnfinishedSentenceWaitsLonger() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "I would like a table for" 1000
            2600 caller "two people" 400
            8000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                2000 caller stops
                2600 caller starts
                3000 caller stops
                3340 final "I would like a table for two people"
                3340 turn 1
                3620 text "We open at nine."
                3720 agent starts
                4520 agent stops
                4520 heard "We open at nine."
                4520 metrics 300+40+0+200+80+0+100+0 = 720
                8000 closed "the caller hung up"
                """)
    }

    @Test func anUnfinishedSentenceEnds() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "I would like to" 800
            8000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                1800 caller stops
                2700 final "I would like to"
                2700 turn 1
                2980 text "We open at nine."
                3080 agent starts
                3880 agent stops
                3880 heard "We open at nine."
                3880 metrics 900+0+0+200+80+0+100+0 = 1280
                8000 closed "the caller hung up"
                """)
    }

    @Test func noiseIsNoTurn() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "" 300
            4000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                1300 caller stops
                4000 closed "the caller hung up"
                """)
        #expect(call.mind.requests.isEmpty)
    }

    @Test func aRecogniserThatNeverSettles() throws {
        let call = try call()
        call.ears.settle = nil
        try call.play(
            """
            1000 caller "hello" 400
            4000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                1400 caller stops
                2400 final "hello"
                2400 turn 1
                2680 text "We open at nine."
                2780 agent starts
                3580 agent stops
                3580 heard "We open at nine."
                3580 metrics 300+700+0+200+80+0+100+0 = 1380
                4000 closed "the caller hung up"
                """)
    }

    @Test func aCallerTooQuietForTheDetector() throws {
        let call = try call()
        call.ears.caller(says: "hello is anybody there", from: 1_000, for: 1_600, on: call.loop)
        try call.play("8000 gone")
        #expect(
            call.story == """
                3640 final "hello is anybody there"
                3640 turn 1
                3920 text "We open at nine."
                4020 agent starts
                4820 agent stops
                4820 heard "We open at nine."
                4820 metrics 900+40+0+200+80+0+100+0 = 1320
                8000 closed "the caller hung up"
                """)
    }

    @Test func twoSentencesAreSpokenAsTheyAreWritten() throws {
        let call = try call(answers: [
            "We open at nine in the morning on weekdays. Would you like to come in on Monday?"
        ])
        try call.play(
            """
            1000 caller "when do you open" 800
            9000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                1800 caller stops
                2140 final "when do you open"
                2140 turn 1
                2520 text "We open at nine in the morning on weekdays."
                2620 agent starts
                2680 text "Would you like to come in on Monday?"
                6020 agent stops
                6020 heard "We open at nine in the morning on weekdays. Would you like to come in on Monday?"
                6020 metrics 300+40+0+200+180+0+100+0 = 820
                9000 closed "the caller hung up"
                """)
    }

    /// All audio of the reply is there before the first tick.
    @Test(arguments: RecordingCarrier.Kind.allCases) func aVoiceThatIsThereAtOnceIsMeasuredToo(
        kind: RecordingCarrier.Kind
    ) throws {
        let call = try call(kind: kind)
        call.voice.every = 0
        call.voice.latency = 5
        try call.play(
            """
            1000 caller "when do you open" 800
            6000 gone
            """)
        #expect(call.events.filter { $0.kind == .agentStarted }.count == 1)
        #expect(call.events.filter { $0.kind == .turnMetrics }.count == 1)
    }

    @Test(arguments: RecordingCarrier.Kind.allCases) func everySampleIsHeardOnceAndInOrder(kind: RecordingCarrier.Kind)
        throws
    {
        let call = try call(greeting: "Hello, how can I help?", kind: kind)
        call.voice.chunks = [1, 159, 160, 161, 777, 3]
        try call.play(
            """
            2000 caller "when do you open" 800
            8000 gone
            """)
        let expected =
            (0..<8_000).map { Mark.sample(turn: TurnID(number: 1), place: $0) }
            + (0..<6_400).map { Mark.sample(turn: TurnID(number: 2), place: $0) }
        #expect(call.carrier.heard.filter { $0 != 0 } == expected)
        call.expectNothingLeft()
    }

    @Test func aCallbackGetsOneFrameForEveryFramesTime() throws {
        let call = try call(greeting: "Hello, how can I help?", kind: .callback)
        try call.play("10000 gone")
        #expect(call.carrier.frameTimes == Array(stride(from: 10, through: 10_000, by: 20)))
    }

    @Test func theRecognisersOwnEndOfTurnComesFirst() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "when do you open" 800
            1920 recogniser ends
            6000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                1920 final "when do you open"
                1920 turn 1
                1800 caller stops
                2200 text "We open at nine."
                2300 agent starts
                3100 agent stops
                3100 heard "We open at nine."
                3100 metrics 0+0+0+200+80+0+100+0 = 380
                6000 closed "the caller hung up"
                """)
    }

    @Test func aCallerWhoGoesOnAfterTheRecognisersEndOfTurn() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "when do you open and until what time are you there" 2500
            1800 recogniser ends
            8000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                1800 final "when do you"
                1800 turn 1
                2080 text "We open at nine."
                2180 agent starts
                2236 barge-in confirmed at 448
                2236 agent stops
                2236 heard "" interrupted
                2236 metrics 0+0+0+200+80+0+100+0 = 380
                3500 caller stops
                3840 final "open and until what time are you there"
                3840 turn 2
                4120 text "We open at nine."
                4220 agent starts
                5020 agent stops
                5020 heard "We open at nine."
                5020 metrics 300+40+0+200+80+0+100+0 = 720
                8000 closed "the caller hung up"
                """)
    }

    @Test func aLongReplyHoldsTheVoiceBack() throws {
        let call = try call(answers: [(1...60).map { "word\($0)" }.joined(separator: " ") + "."])
        call.mind.answers[0].every = 1
        try call.play(
            """
            1000 type "tell me all"
            20000 gone
            """)
        #expect(call.voice.holds == [true, false])
        #expect(call.carrier.heard.filter { $0 != 0 }.count == 60 * 1_600)
    }

    /// While much waits to be heard, what comes after it may wait a moment, and nobody hears that.
    @Test func aVoiceThatWaitsInItsSocketIsHeldForMoments() throws {
        func heard(_ waits: Bool) throws -> (sound: [Int16], holds: [Bool]) {
            let call = try call(answers: ["one two three four five."])
            call.mind.answers[0].every = 1
            call.voice.waitsInSocket = waits
            try call.play(
                """
                1000 type "tell me all"
                6000 gone
                """)
            return (call.carrier.heard, call.voice.holds)
        }
        let (held, free) = (try heard(true), try heard(false))
        #expect(held.holds.prefix(4) == [true, false, true, false] && held.holds.last == false)
        #expect(free.holds.isEmpty)
        #expect(held.sound == free.sound)
        #expect(held.sound.count { $0 != 0 } == 5 * 1_600)
    }

    /// While the first sentence is spoken, the words behind it are read a few at a time; also of an answer that was begun
    /// before its turn was over.
    @Test(arguments: [false, true])
    func aModelIsReadAtLeisureWhileMuchIsToBeHeard(speculates: Bool) throws {
        func play(_ waits: Bool) throws -> ScriptedCall {
            var policy = SessionPolicy()
            policy.speculation.isEnabled = speculates
            let call = try ScriptedCall(policy: policy)
            let text = "We open at nine in the morning on weekdays. On sundays we stay closed, I am sorry to say."
            call.mind.answers = [ScriptedAnswer(text: text, every: 12)]
            call.mind.waitsInSocket = waits
            try call.play(
                """
                1000 caller "when do you open" 800
                12000 gone
                """)
            return call
        }
        let (held, free) = (try play(true), try play(false))
        #expect(held.mind.holds.prefix(4) == [true, false, true, false])
        #expect(held.carrier.heard == free.carrier.heard)
        #expect(held.voice.spoken == free.voice.spoken && held.voice.spoken.count == 2)
        #expect(held.mind.running == 0)
    }

    /// A short word before a tool is not worth a rest, and what is behind a long one is late by a rest at most.
    @Test func aToolBehindWordsIsCalledInTime() throws {
        func called(_ words: String, waits: Bool) throws -> (at: Int, holds: [Bool]) {
            let call = try call()
            call.mind.answers = [.tool("lookup", saying: words), ScriptedAnswer(text: "There.")]
            call.mind.waitsInSocket = waits
            try call.play(
                """
                1000 type "tell me all"
                9000 gone
                """)
            let line = call.story.split(separator: "\n").first { $0.contains("tool") }
            return (try #require(line.flatMap { Int($0.prefix { $0 != " " }) }), call.mind.holds)
        }
        let long = "One moment, I will look that up for you in the book. It is a"
        let (held, free) = (try called(long, waits: true), try called(long, waits: false))
        #expect(held.holds.first == true)
        #expect((0...60).contains(held.at - free.at))
        let (short, shortFree) = (try called("Yes. And", waits: true), try called("Yes. And", waits: false))
        #expect(short.holds.isEmpty)
        #expect(short.at == shortFree.at)
    }

    /// The session's own detector on synthetic speech: a square wave with syllables.
    @Test func theOwnDetectorFindsTheTurn() throws {
        let call = try ScriptedCall(detects: false)
        try call.play(
            """
            1000 caller "when do you open" 800
            6000 gone
            """)
        #expect(
            call.story == """
                1000 caller starts
                1810 caller stops
                2150 final "when do you open"
                2150 turn 1
                2410 text "Hello there caller."
                2510 agent starts
                3110 agent stops
                3110 heard "Hello there caller."
                3110 metrics 300+40+0+200+60+0+100+0 = 700
                6000 closed "the caller hung up"
                """)
    }

    /// Frames of the caller that may come together: nothing is noticed later, nothing is heard longer.
    @Test(arguments: RecordingCarrier.Kind.allCases)
    func audioThatComesTogetherChangesNothing(kind: RecordingCarrier.Kind) throws {
        func play(gathers: Bool) throws -> ScriptedCall {
            let call = try ScriptedCall(kind, detects: false)
            call.gathers = gathers
            call.mind.answers = (0..<6).map { _ in
                ScriptedAnswer(text: "One two three four five six seven eight nine ten eleven twelve.")
            }
            try call.play(
                """
                1000 caller "when do you open" 810
                3535 caller "no wait stop" 900
                6215 caller "mhm" 250
                9000 caller "and on sundays" 470
                14000 gone
                """)
            return call
        }
        let (single, together) = (try play(gathers: false), try play(gathers: true))
        #expect(together.mostTogether == 4)
        #expect(together.story == single.story)
        #expect(together.carrier.heard == single.carrier.heard)
        #expect(together.carrier.cuts == single.carrier.cuts && !single.carrier.cuts.isEmpty)
        #expect(together.carrier.gathered == 0, "a call that has ended takes what comes")
    }

    /// Two frames come together while nobody speaks: words are not waited for then.
    @Test(arguments: [(20, 2), (50, 2), (60, 3), (80, 4), (100, 4)])
    func audioComesInNoLongerPiecesThanTheRecogniserTakes(message: Int, frames: Int) throws {
        let call = try ScriptedCall(detects: false)
        call.gathers = true
        call.ears.messageMilliseconds = message
        try call.play("1000 caller \"when do you open\" 810\n3000 gone")
        #expect(call.mostTogether == frames)
    }

    @Test func whatWasGatheredIsAskedForWhenNothingMoreComes() throws {
        let call = try ScriptedCall(detects: false)
        try call.start()
        call.run(until: 1_000)
        #expect(call.carrier.gathered == 40)
        call.loop.advanceTime(by: .milliseconds(190))
        #expect(call.carrier.gathered == 40)
        call.loop.advanceTime(by: .milliseconds(30))
        #expect(call.carrier.gathered == 0)
        call.run(until: 1_300)
        #expect(call.carrier.gathered == 40, "audio goes on")
    }
}
