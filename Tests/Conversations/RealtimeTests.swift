import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineNetSupport
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Whole calls with a speech-to-speech model behind the three faces of its provider.
@Suite struct RealtimeTests {
    private final class Call {
        let server: ScriptedRealtimeServer
        let call: ScriptedCall

        init(ordinaryVoice: Bool = false, policy change: (inout SessionPolicy) -> Void = { _ in }) throws {
            var policy = SessionPolicy()
            change(&policy)
            let server = try ScriptedRealtimeServer()
            let setup = ProviderSetup(
                ProviderSettings(
                    provider: "openai", path: "realtime", model: "gpt-realtime", baseURL: "ws://server/v1"),
                environment: { _ in nil }, network: server.network.client)
            let realtime = try ProviderRegistry.network.makeSpeechToSpeech(setup)
            call = try ScriptedCall(policy: policy, loop: server.network.loop) { providers in
                let own = realtime.voice(readsScripts: !ordinaryVoice)
                let random = providers.random
                providers = SessionProviders(
                    speechToText: realtime.speechToText, languageModel: realtime.languageModel,
                    textToSpeech: ordinaryVoice
                        ? ScriptVoice(own: own, scripts: providers.textToSpeech.first.provider) : own,
                    voiceActivity: providers.voiceActivity)
                providers.random = random
            }
            self.server = server
            call.afterFrame = { server.look() }
        }

        func play(_ script: String) throws { try call.play(script) }
    }

    @Test func aTurn() throws {
        let call = try Call()
        call.server.transcripts = ["I would like a table."]
        try call.play(
            """
            1000 caller "" 600
            5000 gone
            """)
        #expect(
            call.call.story == """
                1000 caller starts
                1600 caller stops
                1960 final "I would like a table."
                1960 turn 1
                2060 agent starts
                2120 text "Hello there caller."
                2660 agent stops
                2660 heard "Hello there caller."
                2660 metrics 300+60+0+100+0+0+0+0 = 460
                5000 closed "the caller hung up"
                """)
        #expect(
            call.server.received == [
                "1760 commit",
                "1960 respond",
            ])
        call.call.expectNothingLeft()
        #expect(call.server.network.client.counters.isQuiet)
    }

    @Test func theTimeToConnectIsTheFirstTurnsAlone() throws {
        let call = try Call()
        call.server.transcripts = ["I would like a table.", "For two."]
        try call.play(
            """
            1000 caller "" 600
            4000 caller "" 600
            8000 gone
            """)
        let work = call.call.events.compactMap { $0.metrics?.work.speechToText.connect?.wholeMilliseconds }
        #expect(work == [20])
    }

    @Test func aBargeInCutsTheServersMemoryAtWhatWasHeard() throws {
        let call = try Call()
        call.server.transcripts = ["I would like a table.", "no wait a second"]
        call.server.answers = [
            .says("Certainly sir, for how many people shall I book the table today please?"), .says("All right."),
        ]
        try call.play(
            """
            1000 caller "" 600
            3500 caller "" 1000
            8000 gone
            """)
        #expect(
            call.call.story == """
                1000 caller starts
                1600 caller stops
                1960 final "I would like a table."
                1960 turn 1
                2060 agent starts
                2320 text "Certainly sir, for how many people shall I book the table today please?"
                3500 caller starts
                3540 barge-in paused at 11840
                4500 caller stops
                4860 barge-in confirmed at 11840
                4860 agent stops
                4860 heard "Certainly sir, for how many people shall" interrupted
                4860 metrics 300+60+0+100+0+0+0+0 = 460
                4860 final "no wait a second"
                4860 turn 2
                4960 agent starts
                5000 text "All right."
                5360 agent stops
                5360 heard "All right."
                5360 metrics 300+60+0+100+0+0+0+0 = 460
                8000 closed "the caller hung up"
                """)
        #expect(
            call.server.received == [
                "1760 commit",
                "1960 respond",
                "4660 commit",
                "4860 truncate b1 at 1480",
                "4860 respond",
            ])
        call.call.expectNothingLeft()
    }

    @Test func aToolIsCalledAndItsResultTold() throws {
        let call = try Call()
        call.server.transcripts = ["book it"]
        call.server.answers = [
            .calls(ToolCall(id: "c1", name: "book", arguments: "{}"), saying: "One moment please."),
            .says("It is booked."),
        ]
        try call.play(
            """
            1000 caller "" 600
            2600 result c1 "4711"
            6000 gone
            """)
        #expect(
            call.call.story == """
                1000 caller starts
                1600 caller stops
                1960 final "book it"
                1960 turn 1
                2060 agent starts
                2120 text "One moment please."
                2120 tool book c1 {}
                2780 text "It is booked."
                3320 agent stops
                3320 heard "One moment please. It is booked."
                3320 metrics 300+60+0+100+0+0+0+0 = 460
                6000 closed "the caller hung up"
                """)
        #expect(
            call.server.received == [
                "1760 commit",
                "1960 respond",
                "2620 create function_call_output 4711",
                "2620 respond",
            ])
        call.call.expectNothingLeft()
    }

    @Test func theModelsVoiceReadsTheGreeting() throws {
        let call = try Call { $0.greeting = "Hello. How can I help?" }
        call.server.transcripts = ["a table"]
        try call.play(
            """
            3000 caller "" 600
            6000 gone
            """)
        #expect(
            call.call.story == """
                0 text "Hello."
                0 text "How can I help?"
                140 agent starts
                1140 agent stops
                1140 heard "Hello. How can I help?"
                3000 caller starts
                3600 caller stops
                3960 final "a table"
                3960 turn 2
                4060 agent starts
                4120 text "Hello there caller."
                4660 agent stops
                4660 heard "Hello there caller."
                4660 metrics 300+60+0+100+0+0+0+0 = 460
                6000 closed "the caller hung up"
                """)
        #expect(
            call.server.received == [
                "40 read Hello.",
                "160 read How can I help?",
                "3760 commit",
                "3960 create assistant Hello. How can I help?",
                "3960 respond",
            ])
        call.call.expectNothingLeft()
    }

    @Test func anOrdinaryVoiceReadsTheGreetingAndTheModelIsToldOfIt() throws {
        let call = try Call(ordinaryVoice: true) { $0.greeting = "Hello. How can I help?" }
        call.server.transcripts = ["a table"]
        try call.play(
            """
            3000 caller "" 600
            6000 gone
            """)
        #expect(
            call.call.story == """
                0 text "Hello."
                0 text "How can I help?"
                100 agent starts
                1100 agent stops
                1100 heard "Hello. How can I help?"
                3000 caller starts
                3600 caller stops
                3960 final "a table"
                3960 turn 2
                4060 agent starts
                4120 text "Hello there caller."
                4660 agent stops
                4660 heard "Hello there caller."
                4660 metrics 300+60+0+100+0+0+0+0 = 460
                6000 closed "the caller hung up"
                """)
        #expect(
            call.server.received == [
                "3760 commit",
                "3960 create assistant Hello. How can I help?",
                "3960 respond",
            ])
        call.call.expectNothingLeft()
    }

    @Test func aConnectionLostBetweenTurnsIsToldTheConversation() throws {
        let call = try Call()
        call.server.transcripts = ["a table", "four people"]
        call.server.answers = [.says("All right then."), .says("Booked.")]
        try call.call.start()
        call.call.caller(says: "", at: 1_000, for: 600)
        call.call.run(until: 4_000)
        call.server.cut()
        call.call.caller(says: "", at: 4_000, for: 600)
        call.call.run(until: 7_000)
        call.call.session?.carrierClosed(reason: "the caller hung up")
        #expect(
            call.call.story == """
                1000 caller starts
                1600 caller stops
                1960 final "a table"
                1960 turn 1
                2060 agent starts
                2120 text "All right then."
                2660 agent stops
                2660 heard "All right then."
                2660 metrics 300+60+0+100+0+0+0+0 = 460
                4000 caller starts
                4600 caller stops
                4960 final "four people"
                4960 turn 2
                5060 agent starts
                5080 text "Booked."
                5260 agent stops
                5260 heard "Booked."
                5260 metrics 300+60+0+100+0+0+0+0 = 460
                7000 closed "the caller hung up"
                """)
        #expect(
            call.server.received == [
                "1760 commit",
                "1960 respond",
                "4760 commit",
                "4960 create user a table",
                "4960 create assistant All right then.",
                "4960 respond",
            ])
        call.call.expectNothingLeft()
    }

    @Test func aServerThatIsGoneEndsTheCallWithASentence() throws {
        let call = try Call(ordinaryVoice: true)
        try call.call.start()
        call.call.run(until: 1_000)
        call.server.network.behaviour = .refuse
        call.server.cut()
        call.call.run(until: 30_000)
        // The pauses between attempts are random.
        let story = call.call.story.split(separator: "\n").map { $0.drop { $0 != " " }.dropFirst() }
        #expect(story.filter { $0.hasPrefix("error openai") }.count == 6)
        #expect(
            story.filter { !$0.hasPrefix("error openai") } == [
                #"error stt "no provider is left""#, #"text "I am sorry, I am having trouble right now.""#,
                "agent starts", "agent stops",
                #"heard "I am sorry, I am having trouble right now.""#, #"hang-up "speech recognition failed""#,
                #"closed "speech recognition failed""#,
            ])
        let apology = try #require(call.call.events.first { $0.kind == .agentText })
        #expect(apology.time - .zero < .seconds(10))
        call.call.expectNothingLeft()
    }

    @Test func aBargeInWhileTheAnswerIsBeingMadeCancelsIt() throws {
        let call = try Call()
        call.server.transcripts = ["tell me a story", "stop"]
        call.server.answers = [
            .says(String(repeating: "Once upon a time there was a king. ", count: 30)), .says("All right."),
        ]
        try call.play(
            """
            1000 caller "" 600
            3500 caller "" 1000
            8000 gone
            """)
        #expect(
            call.server.received == [
                "1760 commit", "1960 respond", "4660 commit", "4860 cancel r1",
                "4860 truncate b1 at 1480", "4880 respond",
            ])
        #expect(call.call.story.contains(#"5380 heard "All right.""#))
        call.call.expectNothingLeft()
    }

    @Test func noiseLeavesNoTraceInTheServersMemory() throws {
        let call = try Call()
        call.server.transcripts = ["", "hello"]
        try call.play(
            """
            1000 caller "" 200
            3000 caller "" 600
            6000 gone
            """)
        #expect(call.server.received == ["1360 commit", "3760 commit", "3960 delete a1", "3960 respond"])
        call.call.expectNothingLeft()
    }

    @Test func aTypedTurnIsToldToTheModel() throws {
        let call = try Call()
        try call.play(
            """
            1000 type "four people"
            4000 gone
            """)
        #expect(call.server.received == ["1020 create user four people", "1020 respond"])
        #expect(call.call.story.contains(#"heard "Hello there caller.""#))
        call.call.expectNothingLeft()
    }
}
