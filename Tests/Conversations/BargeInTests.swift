import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

/// Interruptions at every awkward moment: none of the caller's words is lost, and no sound cancels a reply.
@Suite struct BargeInTests {
    private static let greeting = "One two three four five six seven eight nine ten."

    private func call(
        _ kind: RecordingCarrier.Kind = .wire, greeting: String? = BargeInTests.greeting,
        policy change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.greeting = greeting
        change(&policy)
        let call = try ScriptedCall(kind, policy: policy)
        call.mind.answers = [ScriptedAnswer(text: "All right then.")]
        return call
    }

    /// What the caller said in each request, all turns together.
    private func said(_ call: ScriptedCall) -> [String] {
        call.mind.requests.map { request in
            request.messages.compactMap { if case .user(let text) = $0 { text } else { nil } }.joined(separator: " ")
        }
    }

    private func times(_ call: ScriptedCall, _ flag: SessionEvent.Flags) -> [Int64] {
        call.events.filter { $0.kind == .bargeIn && $0.flags.contains(flag) }
            .map { ($0.time - .zero).wholeMilliseconds }
    }

    // MARK: - Resuming

    /// At each point of the reply the agent goes on within 300 ms, and all of it is heard.
    @Test(arguments: Array(stride(from: Int64(200), to: 1_300, by: 110))) func aBackchannelResumesSoon(
        at start: Int64
    ) throws {
        let call = try call()
        try call.play("\(start) caller \"yeah\" 250\n6000 gone")
        let resumed = try #require(times(call, .resumed).first)
        #expect(resumed - (start + 250) <= 300 && resumed > start + 250)
        #expect(call.story.contains("heard \"\(Self.greeting)\"\n"))
        #expect(call.mind.requests.isEmpty)
        call.expectNothingLeft()
    }

    @Test func aShortSoundResumesSoonWithoutARecogniser() throws {
        let call = try call()
        call.ears.settle = nil
        try call.play("1000 caller \"\" 200\n6000 gone")
        #expect(times(call, .resumed).allSatisfy { $0 <= 1_500 } && times(call, .resumed).count == 1)
        call.expectNothingLeft()
    }

    /// Whoever says one short word to a slow recogniser is heard all the same.
    @Test func aWordAfterTheAgentHasGoneOnStillInterrupts() throws {
        let call = try call()
        call.ears.latency = 450
        call.ears.settle = nil
        try call.play("600 caller \"no\" 220\n6000 gone")
        #expect(times(call, .resumed).count == 1)
        #expect(said(call) == ["no"])
        #expect(call.events.contains { $0.kind == .agentHeard && $0.flags.contains(.interrupted) })
        call.expectNothingLeft()
    }

    @Test(arguments: [800, 1_500, 2_400] as [Int64]) func aSoundWithoutWordsNeverCancels(duration: Int64) throws {
        let call = try call()
        try call.play("600 caller \"\" \(duration)\n12000 gone")
        #expect(times(call, .confirmed).isEmpty)
        let resumed = try #require(times(call, .resumed).first)
        #expect(resumed - (600 + duration) <= 300)
        #expect(call.story.contains("heard \"\(Self.greeting)\"\n"))
        #expect(call.mind.requests.isEmpty)
        call.expectNothingLeft()
    }

    /// The agent goes on over a noise that does not end, and still hears words in it.
    @Test func aNoiseThatDoesNotEndHoldsTheAgentForItsBound() throws {
        let call = try call()
        try call.play("600 caller \"\" 9000\n4000 end\n12000 gone")
        #expect(times(call, .paused) == [640])
        #expect(times(call, .resumed) == [3_140])
        #expect(call.story.contains("heard \"\(Self.greeting)\"\n"))
        call.expectNothingLeft()
    }

    @Test func aBarkingDogStopsTheAgentThreeTimes() throws {
        let call = try call(greeting: "One two three four five six seven eight nine ten. " + Self.greeting)
        let barks = (0..<6).map { "\(500 + $0 * 600) caller \"\" 100" }.joined(separator: "\n")
        try call.play(barks + "\n12000 gone")
        #expect(times(call, .paused).count == 3)
        #expect(times(call, .confirmed).isEmpty)
        call.expectNothingLeft()
    }

    @Test func aMinimumDurationLeavesShortSoundsAlone() throws {
        let call = try call { $0.bargeIn.pauseAfter = .milliseconds(400) }
        // Its end is known 150 ms later.
        try call.play("600 caller \"\" 200\n6000 gone")
        #expect(times(call, .paused).isEmpty)
        let long = try self.call { $0.bargeIn.pauseAfter = .milliseconds(400) }
        try long.play("600 caller \"no wait I have a question\" 1500\n6000 gone")
        #expect(times(long, .confirmed).count == 1)
        #expect(said(long) == ["no wait I have a question"])
    }

    // MARK: - Interrupting

    @Test(arguments: ["wait", "hold on", "stop", "excuse me"]) func aPhraseAlwaysInterrupts(phrase: String) throws {
        let call = try call {
            $0.overlap.minimumWords = 5
            $0.overlap.always = []
        }
        try call.play("600 caller \"\(phrase)\" 300\n6000 gone")
        let confirmed = try #require(times(call, .confirmed).first)
        #expect(confirmed <= 1_020, "as soon as the words are there")
        #expect(said(call) == [phrase])
        call.expectNothingLeft()
    }

    /// One word that goes on: it was confirmed by its duration, before the others came.
    @Test func wordsThatComeAfterTheConfirmationAreTheNextTurn() throws {
        let call = try call()
        call.ears.latency = 300
        try call.play("600 caller \"noooo I never said that\" 2500\n9000 gone")
        #expect(times(call, .confirmed).count == 1)
        #expect(said(call) == ["noooo I never said that"])
        call.expectNothingLeft()
    }

    @Test func twoInterruptionsWithin300Milliseconds() throws {
        let call = try call()
        try call.play(
            """
            600 caller "stop" 200
            1020 caller "no wait I meant the other one" 1200
            9000 gone
            """)
        #expect(said(call).last == "stop no wait I meant the other one")
        let heard = call.events.filter { $0.kind == .agentHeard && !$0.text.isEmpty }.map(\.text)
        #expect(heard.count == 2, "the greeting as far as it was heard, and one answer: \(heard)")
        #expect(heard.last == "All right then.")
        call.expectNothingLeft()
    }

    @Test func anInterruptionRightBeforeTheFirstAudio() throws {
        let call = try call(greeting: nil)
        // The voice's first audio would come at 1360.
        try call.play(
            """
            1000 type "when do you open"
            1280 caller "no sorry when do you close" 1200
            9000 gone
            """)
        #expect(said(call).last == "when do you open no sorry when do you close")
        let heard = Set(call.carrier.heard.filter { $0 != 0 }.map(Mark.turn))
        #expect(heard == [2], "nothing of the first answer")
        call.expectNothingLeft()
    }

    @Test func anInterruptionAtTheLastWord() throws {
        let call = try call()
        try call.play(
            """
            1950 caller "I have a question" 1000
            9000 gone
            """)
        #expect(said(call) == ["I have a question"])
        let heard = call.events.filter { $0.kind == .agentHeard }.map(\.text)
        #expect(heard.count == 2)
        #expect(heard.first == "One two three four five six seven eight nine ten.")
        call.expectNothingLeft()
    }

    @Test func anInterruptionDuringAToolCall() throws {
        let call = try call(greeting: nil)
        call.mind.answers = [.tool("look_up", saying: "Let me look that up for you."), ScriptedAnswer(text: "Sure.")]
        try call.play(
            """
            1000 type "when do you open"
            2000 caller "stop I found it myself" 1000
            6000 result call-1 "{}"
            9000 gone
            """)
        #expect(call.events.filter { $0.kind == .toolCall }.count == 1)
        #expect(said(call).last == "when do you open stop I found it myself")
        #expect(call.story.contains("heard \"Sure.\""))
        call.expectNothingLeft()
    }

    // MARK: - What must be heard

    private func notice(_ change: (inout SessionPolicy) -> Void = { _ in }) throws -> ScriptedCall {
        let call = try call(greeting: "This call is recorded for training. How can I help you today my friend?") {
            $0.protected = ProtectedTexts(["call is recorded"])
            change(&$0)
        }
        return call
    }

    @Test func aProtectedSegmentIsHeardToItsEnd() throws {
        // The notice is heard from 100 to 1300.
        let call = try notice()
        try call.play("300 caller \"when do you open\" 500\n9000 gone")
        let heard = try #require(call.events.first { $0.kind == .agentHeard })
        #expect(heard.text.hasPrefix("This call is recorded for training."))
        #expect(heard.flags.contains(.interrupted))
        #expect((heard.time - .zero).wholeMilliseconds <= 1_330, "the words that waited have their turn")
        #expect(said(call) == ["when do you open"])
        call.expectNothingLeft()
    }

    @Test func whoeverStillSpeaksAfterAProtectedSegmentIsHeard() throws {
        let call = try notice()
        try call.play("1000 caller \"when do you open on Sundays in the winter\" 1600\n9000 gone")
        #expect(times(call, .paused).allSatisfy { $0 >= 1_300 && $0 <= 1_330 })
        #expect(times(call, .confirmed).count == 1)
        #expect(said(call) == ["when do you open on Sundays in the winter"])
        call.expectNothingLeft()
    }

    @Test func aBackchannelOverAProtectedSegmentWaitsForNothing() throws {
        let call = try notice()
        try call.play("300 caller \"okay\" 300\n9000 gone")
        #expect(call.events.allSatisfy { $0.kind != .bargeIn })
        #expect(
            call.story.contains("heard \"This call is recorded for training. How can I help you today my friend?\"\n"))
        #expect(call.mind.requests.isEmpty)
        call.expectNothingLeft()
    }

    // MARK: - Texts to say

    @Test func aTextToSayWaitsForACallerWhoSpeaks() throws {
        let call = try call(greeting: nil)
        try call.play(
            """
            1000 caller "I would like a table for two" 1500
            1400 say "Your table is ready."
            9000 gone
            """)
        let texts = call.events.filter { $0.kind == .agentHeard }.map(\.text)
        #expect(texts == ["All right then.", "Your table is ready."])
        #expect(times(call, .paused).isEmpty)
        call.expectNothingLeft()
    }

    @Test func aTextToSayWaitsForANoiseToEnd() throws {
        let call = try call(greeting: nil)
        try call.play(
            """
            1000 caller "" 800
            1400 say "Your table is ready."
            9000 gone
            """)
        let began = try #require(call.events.first { $0.kind == .agentText })
        #expect(((began.time - .zero).wholeMilliseconds) > 1_800)
        #expect(call.story.contains("heard \"Your table is ready.\"\n"))
        call.expectNothingLeft()
    }

    @Test func aTextToSayDoesNotWaitForEver() throws {
        let call = try call(greeting: nil)
        try call.play(
            """
            1000 caller "" 20000
            1400 say "Your table is ready."
            30000 gone
            """)
        #expect(call.events.first { $0.kind == .agentText }.map { ($0.time - .zero).wholeMilliseconds } == 5_400)
        call.expectNothingLeft()
    }
}
