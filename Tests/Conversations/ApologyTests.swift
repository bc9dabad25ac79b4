import NIOCore
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// When nothing is left, the caller is told.
@Suite struct ApologyTests {
    private let sentence = "I am sorry, I am having trouble right now."

    private func call(_ clip: VoiceClip?, policy change: (inout SessionPolicy) -> Void = { _ in }) throws
        -> ScriptedCall
    {
        var policy = SessionPolicy()
        policy.failover.retry.retries = 0
        change(&policy)
        let call = try ScriptedCall(policy: policy) { $0.apology = clip }
        call.mind.answers = [ScriptedAnswer(text: "We open at nine.")]
        return call
    }

    private func recorded(_ voices: [ScriptedVoice], on call: ScriptedCall) throws -> VoiceClip {
        let clip = VoiceClip(text: sentence, voices: voices)
        clip.record(with: ProviderContext(callID: "clip", eventLoop: call.loop, log: .none))
        call.loop.advanceTime(by: .milliseconds(900))
        return clip
    }

    @Test func isRecordedByTheFirstVoiceThatWorks() throws {
        let call = try self.call(nil)
        let dead = ScriptedVoice(name: "dead")
        dead.fails = true
        let live = ScriptedVoice(name: "live")
        let clip = try recorded([dead, live], on: call)
        #expect(clip.recording?.bytes == 9 * 200 * 16)
        #expect(clip.rendering(at: 8_000)?.samples ?? 0 > 7_000)
        #expect(dead.open == 0 && live.open == 0)
    }

    @Test func isNotRecordedTwice() throws {
        let call = try self.call(nil)
        let live = ScriptedVoice(name: "live")
        let clip = try recorded([live], on: call)
        clip.record(with: ProviderContext(callID: "clip", eventLoop: call.loop, log: .none))
        #expect(live.spoken.count == 1)
    }

    @Test func aFailedRecordingIsTriedAgainLater() throws {
        let call = try self.call(nil)
        let voice = ScriptedVoice(name: "late")
        voice.fails = true
        let clip = try recorded([voice], on: call)
        #expect(clip.recording == nil)
        voice.fails = false
        let context = ProviderContext(callID: "clip", eventLoop: call.loop, log: .none)
        clip.record(with: context)
        #expect(voice.spoken.count == 1)
        call.loop.advanceTime(by: .seconds(60))
        clip.record(with: context)
        call.loop.advanceTime(by: .seconds(1))
        #expect(clip.recording != nil)
        #expect(voice.open == 0)
    }

    @Test func isPlayedWhenEveryVoiceIsDead() throws {
        let maker = try self.call(nil)
        let clip = try recorded([ScriptedVoice(name: "live")], on: maker)
        let call = try self.call(clip)
        call.voice.fails = true
        try call.play("1000 type \"when do you open\"\n6000 gone")
        #expect(
            call.story.hasPrefix(
                """
                1000 final "when do you open"
                1000 turn 1
                1280 text "We open at nine."
                1380 error voice "the voice is out"
                1380 error tts "no provider is left"
                1380 heard "" interrupted
                1380 text "I am sorry, I am having trouble right now."
                """))
        #expect(call.story.contains("heard \"\(sentence)\"\n6000 closed"))
        #expect(call.carrier.heard.filter { $0 != 0 }.count > 7_000)
        call.expectNothingLeft()
    }

    // MARK: - No voice works from the start

    @Test func aCallWithoutAnyVoiceEnds() throws {
        let call = try self.call(nil) {
            $0.greeting = "Hello there."
            $0.failover.retry.retries = 1
        }
        call.voice.fails = true
        try call.play("20000 end")
        #expect(
            call.story == """
                0 text "Hello there."
                100 error voice "the voice is out"
                300 error voice "the voice is out"
                300 error tts "no provider is left"
                300 heard "" interrupted
                300 hang-up "no voice is left"
                300 closed "no voice is left"
                """)
        #expect(call.events.last?.status == .provider)
        call.expectNothingLeft()
    }

    /// A host that reads the texts itself keeps the call.
    @Test func aCallThatNeverEndsGoesOnWithoutAnyVoice() throws {
        let call = try self.call(nil) {
            $0.greeting = "Hello there."
            $0.failover.endAfter = 0
        }
        call.voice.fails = true
        try call.play("2000 type \"when do you open\"\n5000 gone")
        #expect(call.story.contains("2280 text \"We open at nine.\""))
        #expect(call.events.last?.text == "the caller hung up")
        call.expectNothingLeft()
    }

    @Test func theRecordingIsHeardInPlaceOfTheGreeting() throws {
        let maker = try self.call(nil)
        let clip = try recorded([ScriptedVoice(name: "live")], on: maker)
        let call = try self.call(clip) { $0.greeting = "Hello there." }
        call.voice.fails = true
        try call.play("5000 type \"when do you open\"\n10000 type \"hello\"\n15000 end")
        #expect(call.events.filter { $0.kind == .agentHeard && $0.text == sentence }.count == 3)
        #expect(call.events.last?.text == "no provider is left")
        call.expectNothingLeft()
    }

    @Test func aRecordingUnderWayIsWaitedFor() throws {
        let late = ScriptedVoice(name: "late")
        late.latency = 2_000
        let call = try self.call(VoiceClip(text: sentence, voices: [late])) { $0.greeting = "Hello there." }
        call.voice.fails = true
        try call.play("6000 gone")
        #expect(call.story.contains("heard \"\(sentence)\""))
        #expect(call.events.last?.text == "the caller hung up")
        call.expectNothingLeft()
    }

    @Test(arguments: [100, 60_000] as [Int64]) func aRecordingThatDoesNotComeEndsTheCall(latency: Int64) throws {
        let dead = ScriptedVoice(name: "dead")
        (dead.fails, dead.latency) = (true, latency)
        let call = try self.call(VoiceClip(text: sentence, voices: [dead])) { $0.greeting = "Hello there." }
        call.voice.fails = true
        try call.play("20000 end")
        let end = try #require(call.events.last)
        #expect(end.text == "no voice is left")
        #expect(end.time - .zero <= .milliseconds(latency == 100 ? 300 : 5_200))
        call.expectNothingLeft()
    }

    /// The voice may come back: check-ins try it, and end the call when nobody answers.
    @Test func aVoiceThatDiesLaterIsTriedAgain() throws {
        let call = try self.call(nil) {
            $0.greeting = "Hello there."
            $0.manners.checkInAfter = .seconds(3)
            $0.failover.endAfter = 5
        }
        call.afterFrame = { [weak call] in
            if let call { call.voice.fails = call.loop.milliseconds > 1_000 }
        }
        try call.play("2000 type \"when do you open\"\n20000 end")
        #expect(
            call.story == """
                0 text "Hello there."
                100 agent starts
                500 agent stops
                500 heard "Hello there."
                2000 final "when do you open"
                2000 turn 2
                2280 text "We open at nine."
                2380 error voice "the voice is out"
                2380 error tts "no provider is left"
                2380 heard "" interrupted
                5380 text "Are you still there?"
                5480 error voice "the voice is out"
                5480 error tts "no provider is left"
                5480 heard "" interrupted
                8480 text "Are you still there?"
                8580 error voice "the voice is out"
                8580 error tts "no provider is left"
                8580 heard "" interrupted
                11580 hang-up "the caller is silent"
                11580 closed "the caller is silent"
                """)
        call.expectNothingLeft()
    }

    // MARK: -

    /// Nobody is told of a failure that passes: the greeting only comes later.
    @Test func aGreetingThatFailsOnceIsHeard() throws {
        let call = try self.call(nil) {
            $0.greeting = "Hello there."
            $0.failover.retry.retries = 1
        }
        call.voice.breaks = [0]
        call.voice.failure = .rateLimited
        try call.play("5000 gone")
        #expect(call.story.contains("heard \"Hello there.\""))
        #expect(call.events.filter { $0.kind == .error }.count == 1)
        call.expectNothingLeft()
    }

    @Test func theCallEndsAfterSeveralInARow() throws {
        let maker = try self.call(nil)
        let clip = try recorded([ScriptedVoice(name: "live")], on: maker)
        let call = try self.call(clip) { $0.failover.endAfter = 2 }
        call.voice.fails = true
        try call.play("1000 type \"when do you open\"\n5000 type \"hello\"\n12000 end")
        #expect(call.events.last?.kind == .closed)
        #expect(call.events.last?.status == .provider)
        #expect(call.events.last?.text == "no provider is left")
        #expect(call.events.filter { $0.kind == .agentHeard && $0.text == sentence }.count == 2)
        call.expectNothingLeft()
    }

    @Test func whatIsThereOfAReplyIsHeardOutFirst() throws {
        let maker = try self.call(nil)
        let clip = try recorded([ScriptedVoice(name: "live")], on: maker)
        let call = try self.call(clip)
        call.voice.spells = true
        call.mind.answers = [ScriptedAnswer(text: "One two three four. Five six.")]
        call.voice.breaks = [4_000, 0]
        try call.play("1000 type \"count\"\n9000 gone")
        #expect(call.story.contains("heard \"One two\"\n"))
        #expect(call.story.contains("heard \"\(sentence)\""))
        call.expectNothingLeft()
    }

    @Test func anAnswerThatBreaksOffIsHeardOutFirst() throws {
        let call = try self.call(nil)
        call.mind.answers = [ScriptedAnswer(text: "We open at nine. On Mondays we", end: .failed(.timeout))]
        try call.play("1000 type \"when do you open\"\n9000 gone")
        #expect(
            call.story == """
                1000 final "when do you open"
                1000 turn 1
                1280 text "We open at nine."
                1340 error mind "the model is out"
                1340 error llm "no provider is left"
                1380 agent starts
                2180 agent stops
                2180 heard "We open at nine."
                2180 metrics 0+0+0+200+80+0+100+0 = 380
                2180 text "I am sorry, I am having trouble right now."
                2280 agent starts
                4080 agent stops
                4080 heard "I am sorry, I am having trouble right now."
                9000 closed "the caller hung up"
                """)
        call.expectNothingLeft()
    }

    @Test func aGoodAnswerForgetsTheFailures() throws {
        let call = try self.call(nil) { $0.failover.endAfter = 2 }
        let failing = ScriptedAnswer(text: "", end: .failed(.unavailable))
        call.mind.answers = [failing, ScriptedAnswer(text: "Yes."), failing, ScriptedAnswer(text: "No.")]
        try call.play("1000 type \"a\"\n5000 type \"b\"\n9000 type \"c\"\n13000 type \"d\"\n17000 gone")
        #expect(call.events.last?.text == "the caller hung up")
        call.expectNothingLeft()
    }
}
