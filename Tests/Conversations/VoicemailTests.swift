import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Outgoing calls: who answers, and what the agent does then.
@Suite struct VoicemailTests {
    private let message = "Please call us back."

    private func call(
        _ course: VoicemailStateMachine.Course = .leaveMessage, greeting: String? = "Hello from us."
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.greeting = greeting
        var voicemail = SessionVoicemail()
        voicemail.machine.course = course
        voicemail.message = message
        policy.voicemail = voicemail
        return try ScriptedCall(policy: policy)
    }

    @Test func aPersonIsGreetedAfterTheirHello() throws {
        let call = try call()
        try call.play("1000 caller \"hello\" 400\n6000 type \"who is it\"\n9000 gone")
        #expect(
            call.story.hasPrefix(
                """
                1000 caller starts
                1400 caller stops
                2200 final "hello"
                2200 text "Hello from us."
                2300 agent starts
                2900 agent stops
                2900 heard "Hello from us."
                """))
        #expect(
            call.mind.requests.first?.messages == [
                .user("hello"), .assistant("Hello from us.", toolCalls: []), .user("who is it"),
            ])
        call.expectNothingLeft()
    }

    @Test func whoSaysNothingIsGreeted() throws {
        let call = try call()
        try call.play("6000 gone")
        #expect(call.story.hasPrefix("2500 text \"Hello from us.\""))
        call.expectNothingLeft()
    }

    @Test func withoutAGreetingTheModelAnswersTheHello() throws {
        let call = try call(greeting: nil)
        try call.play("1000 caller \"hello\" 400\n6000 gone")
        #expect(call.mind.requests.first?.messages == [.user("hello")])
        #expect(call.story.contains("2200 turn 1"))
        call.expectNothingLeft()
    }

    @Test func theMessageIsLeftAfterTheBeep() throws {
        let call = try call()
        call.beep(at: 5_000, for: 400)
        try call.play("1000 caller \"please leave a message after the tone\" 2800\n12000 end")
        let story = call.story
        #expect(story.contains("voicemail words"))
        #expect(!story.contains("Hello from us."), "the agent has not said a word before")
        let text = try #require(call.events.first { $0.kind == .agentText })
        #expect(text.text == message)
        #expect((5_480...5_520).contains((text.time - .zero).wholeMilliseconds))
        #expect(story.contains("heard \"\(message)\"\n"))
        #expect(story.hasSuffix("closed \"voicemail: the message was left\""))
        #expect(call.mind.requests.isEmpty)
        call.expectNothingLeft()
    }

    @Test func withoutABeepTheMessageComesAfterSilence() throws {
        let call = try call()
        try call.play("1000 caller \"the person is not available\" 2000\n12000 end")
        let text = try #require(call.events.first { $0.kind == .agentText })
        #expect(text.text == message && (text.time - .zero).wholeMilliseconds == 5_000)
        #expect(call.story.hasSuffix("closed \"voicemail: the message was left\""))
        call.expectNothingLeft()
    }

    @Test func whoTalksForLongIsAMachine() throws {
        let call = try call()
        try call.play("1000 caller \"\" 6000\n15000 end")
        #expect(call.story.contains("5000 voicemail length"))
        let text = try #require(call.events.first { $0.kind == .agentText })
        #expect(text.text == message && (text.time - .zero).wholeMilliseconds == 9_000)
        call.expectNothingLeft()
    }

    @Test func aMachineThatTalksOnDoesNotStopTheMessage() throws {
        let call = try call()
        try call.play(
            "1000 caller \"leave a message\" 1000\n4200 caller \"to rerecord press one\" 900\n12000 end")
        #expect(call.story.contains("heard \"\(message)\"\n"))
        #expect(!call.story.contains("barge-in"))
        call.expectNothingLeft()
    }

    @Test func aGreetingThatHasBegunIsBrokenOff() throws {
        let call = try call()
        try call.play(
            "1000 caller \"hi\" 300\n2200 caller \"please leave a message after the tone\" 2400\n15000 end")
        let heard = call.events.filter { $0.kind == .agentHeard }
        #expect(heard.first?.flags == .interrupted)
        #expect(heard.last?.text == message)
        #expect(call.mind.requests.isEmpty)
        call.expectNothingLeft()
    }

    // MARK: The carrier judges too

    @Test func theCarriersMachineIsLeftTheMessageAtTheEndOfItsGreeting() throws {
        let call = try call()
        try call.play("1000 caller \"\" 5000\n1500 answered machine\n6000 answered greetingEnded\n15000 end")
        #expect(call.story.contains("1500 voicemail carrier"))
        #expect(call.story.contains("6000 text \"\(message)\""))
        #expect(call.story.hasSuffix("closed \"voicemail: the message was left\""))
        #expect(call.mind.requests.isEmpty)
        call.expectNothingLeft()
    }

    @Test func theCarriersPersonIsGreetedAtOnce() throws {
        let call = try call()
        try call.play("300 answered person\n6000 gone")
        #expect(call.story.hasPrefix("300 text \"Hello from us.\""))
        call.expectNothingLeft()
    }

    /// The carrier is asked, not the engine: nobody waits before the greeting.
    @Test func anAgentThatDoesNotListenItselfIsToldByTheCarrier() throws {
        var policy = SessionPolicy()
        policy.greeting = "Hello from us."
        var voicemail = SessionVoicemail()
        voicemail.machine.listens = false
        voicemail.machine.course = .hangUp
        policy.voicemail = voicemail
        let call = try ScriptedCall(policy: policy)
        try call.play("900 answered machine\n12000 end")
        #expect(call.story.hasPrefix("0 text \"Hello from us.\""))
        #expect(call.story.contains("900 voicemail carrier"))
        #expect(call.events.last?.text == "voicemail")
        call.expectNothingLeft()
    }

    @Test func withoutAnythingInTheDocumentTheHostIsTold() throws {
        var policy = SessionPolicy()
        policy.greeting = "Hello from us."
        let call = try ScriptedCall(policy: policy)
        try call.play("900 answered machine\n1000 answered greetingEnded\n3000 gone")
        #expect(call.events.filter { $0.kind == .voicemail }.map(\.text) == ["carrier"])
        #expect(call.story.contains("heard \"Hello from us.\""))
        call.expectNothingLeft()
    }

    @Test func theCallIsEnded() throws {
        let call = try call(.hangUp)
        try call.play("1000 caller \"you have reached the office\" 2000\n12000 end")
        #expect(call.events.last?.text == "voicemail")
        #expect(!call.events.contains { $0.kind == .agentText })
        call.expectNothingLeft()
    }

    @Test func theConversationGoesOn() throws {
        let call = try call(.goOn)
        try call.play("1000 caller \"you have reached the office\" 2000\n9000 gone")
        #expect(call.story.contains("voicemail words"))
        #expect(call.story.contains("text \"Hello from us.\""))
        call.expectNothingLeft()
    }

    @Test func whatTheHostSaysWaitsForTheVerdict() throws {
        let call = try call()
        try call.play("500 say \"By the way.\"\n6000 gone")
        #expect(call.voice.spoken == ["Hello from us.", "By the way."])
        call.expectNothingLeft()
    }

    @Test func silenceIsNotAskedAboutWhileAMachineTalks() throws {
        var policy = SessionPolicy()
        policy.manners.checkInAfter = .seconds(1)
        var voicemail = SessionVoicemail()
        voicemail.machine.course = .leaveMessage
        voicemail.message = message
        policy.voicemail = voicemail
        let call = try ScriptedCall(policy: policy)
        try call.play("100 caller \"leave a message\" 1000\n9000 end")
        #expect(call.voice.spoken == [message])
        call.expectNothingLeft()
    }
}

/// Digits and the agent's speech.
@Suite struct KeypadTests {
    private func call(_ change: (inout SessionPolicy) -> Void = { _ in }) throws -> ScriptedCall {
        var policy = SessionPolicy()
        change(&policy)
        let call = try ScriptedCall(policy: policy)
        call.mind.answers = [ScriptedAnswer(text: "one two three four five six seven eight.")]
        return call
    }

    private func heard(_ call: ScriptedCall) -> [String] {
        call.events.filter { $0.kind == .agentHeard }.map {
            $0.text + ($0.flags.contains(.interrupted) ? " interrupted" : "")
        }
    }

    @Test func anyKeyStopsTheAgentAtOnce() throws {
        let call = try call()
        try call.play("1000 type \"hi\"\n2000 keys \"1\"\n12000 gone")
        let confirmed = try #require(call.events.first { $0.kind == .bargeIn && $0.flags.contains(.confirmed) })
        #expect((confirmed.time - .zero).wholeMilliseconds == 2_000)
        #expect(heard(call).first?.hasSuffix("interrupted") == true)
        #expect(call.story.contains("4000 final \"1\""))
        call.expectNothingLeft()
    }

    @Test func otherKeysLetItSpeakAndWait() throws {
        for keys in [KeypadInterruption.keys([]), .keys(["0", "#"])] {
            let call = try call { $0.keypad.interrupts = keys }
            try call.play("1000 type \"hi\"\n1600 keys \"12\"\n12000 gone")
            #expect(heard(call).first == "one two three four five six seven eight.")
            // The reply is over before the number is complete.
            #expect(call.story.contains("final \"12\""))
            #expect(call.mind.requests.count == 2)
            call.expectNothingLeft()
        }
        let zero = try self.call { $0.keypad.interrupts = .keys(["0", "#"]) }
        try zero.play("1000 type \"hi\"\n2000 keys \"0\"\n9000 gone")
        #expect(heard(zero).first?.hasSuffix("interrupted") == true)
    }

    @Test func aProtectedTextIsNotStopped() throws {
        let call = try call {
            $0.greeting = "one two three four five six seven eight nine ten."
            $0.greetingIsInterruptible = false
        }
        try call.play("300 keys \"1#\"\n12000 gone")
        #expect(heard(call).first == "one two three four five six seven eight nine ten.")
        #expect(call.story.contains("2100 final \"1\""), "the number is the next turn")
        call.expectNothingLeft()
    }

    @Test func digitsAreDeliveredAsOneEvent() throws {
        let call = try call { $0.keypad.delivery = .event }
        try call.play("1000 keys \"12\"\n1500 keys \"3\"\n1900 keys \"4#\"\n5000 keys \"7\"\n9000 gone")
        let events = call.events.filter { $0.kind == .dtmfIn }
        #expect(events.map(\.text) == ["1234", "7"] && events.allSatisfy { $0.flags == .final })
        #expect(events.map { ($0.time - .zero).wholeMilliseconds } == [1_900, 7_000])
        #expect(call.mind.requests.isEmpty)
        call.expectNothingLeft()
    }
}

/// Noise in place of silence.
@Suite struct ComfortNoiseCallTests {
    private func call(_ kind: RecordingCarrier.Kind, noise: Int?) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.comfortNoise = noise
        let call = try ScriptedCall(kind, policy: policy)
        call.mind.answers = [ScriptedAnswer(text: "We open at nine.")]
        try call.play("1000 type \"hi\"\n1700 caller \"mhm\" 200\n5000 gone")
        return call
    }

    @Test func isHeardWhereTheCarrierWantsSilence() throws {
        let quiet = try call(.callback, noise: nil)
        let noisy = try call(.callback, noise: -50)
        #expect(quiet.story == noisy.story, "positions and times are the same")
        #expect(quiet.carrier.heard.count == noisy.carrier.heard.count)
        let silence = quiet.carrier.heard.indices.filter { quiet.carrier.heard[$0] == 0 && !quiet.carrier.isFade[$0] }
        let noise = silence.map { noisy.carrier.heard[$0] }
        #expect(abs(SignalLevel.rms(noise.span) + 50) < 1)
        let speech = quiet.carrier.heard.indices.filter { abs(quiet.carrier.heard[$0]) >= 1_000 }
        #expect(speech.allSatisfy { quiet.carrier.heard[$0] == noisy.carrier.heard[$0] })
    }

    @Test(arguments: [RecordingCarrier.Kind.wire, .reader]) func isNotSentToOthers(kind: RecordingCarrier.Kind) throws {
        #expect(try call(kind, noise: nil).carrier.heard == call(kind, noise: -50).carrier.heard)
    }
}
