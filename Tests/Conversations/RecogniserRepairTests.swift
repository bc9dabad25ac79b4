import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// A recogniser that breaks in the middle of a call: every word arrives, once.
@Suite struct RecogniserRepairTests {
    private let ears = ListeningRecogniser()
    private let spare = ListeningRecogniser(name: "spare ears")
    private let sentence = "one two three four five six seven eight"

    private func call(_ change: (inout SessionPolicy) -> Void = { _ in }) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.endpoint.stall = .seconds(5)
        change(&policy)
        let call = try ScriptedCall(policy: policy) {
            $0.speechToText = ProviderChain(
                ProviderLink(ears, health: ProviderHealth(role: .speechToText, provider: "ears")),
                [ProviderLink(spare, health: ProviderHealth(role: .speechToText, provider: "spare ears"))])
        }
        call.mind.answers = [ScriptedAnswer(text: "Fine.")]
        return call
    }

    private func finals(_ call: ScriptedCall) -> [String] {
        call.events.filter { $0.kind == .transcript && $0.flags.contains(.final) }.map(\.text)
    }

    private func expectNothingLeft(_ call: ScriptedCall) {
        call.carrier.isClosed = true
        call.session?.carrierClosed(reason: "gone")
        call.expectNothingLeft()
        #expect(ears.open.isEmpty && spare.open.isEmpty)
    }

    @Test func withoutAFailureTheWordsAreHeard() throws {
        let call = try self.call()
        call.caller(spells: sentence, at: 1_000)
        try call.start()
        call.run(until: 6_000)
        #expect(finals(call) == [sentence])
        expectNothingLeft(call)
    }

    /// Whenever it breaks, settled words or not: one turn with each word once.
    @Test(arguments: [0, 2, 3]) func allWordsArrive(settlesEvery: Int) throws {
        for moment in stride(from: Int64(900), through: 2_700, by: 90) {
            (ears.settlesEvery, spare.settlesEvery) = (settlesEvery, settlesEvery)
            let call = try self.call()
            call.caller(spells: sentence, at: 1_000)
            try call.start()
            call.run(until: moment)
            ears.open.last?.fail(.unavailable)
            call.run(until: 9_000)
            #expect(finals(call) == [sentence], "broke at \(moment)")
            expectNothingLeft(call)
        }
    }

    @Test func theNextOneTakesOver() throws {
        let call = try self.call { $0.failover.retry.retries = 0 }
        call.caller(spells: sentence, at: 1_000)
        try call.start()
        call.run(until: 1_900)
        ears.open.last?.fail(.unavailable)
        call.run(until: 9_000)
        #expect(finals(call) == [sentence])
        #expect(ears.streams.count == 1 && spare.streams.count == 1)
        #expect(call.events.last { $0.kind == .turnMetrics }?.metrics?.work.speechToText.failovers == 1)
        // It is told of the utterance that it joins late.
        guard case .started(let position)? = spare.streams.first?.hints.first else {
            Issue.record("no hint")
            return
        }
        #expect(position > 0 && position < 600)
        expectNothingLeft(call)
    }

    @Test func aWrongKeyIsNotTriedAgain() throws {
        ears.failures = [.auth]
        let call = try self.call { $0.failover.retry.retries = 5 }
        call.caller(spells: sentence, at: 1_000)
        try call.start()
        call.run(until: 9_000)
        #expect(finals(call) == [sentence])
        #expect(ears.streams.count == 1)
        expectNothingLeft(call)
    }

    @Test func severalFailuresInARow() throws {
        let call = try self.call()
        call.caller(spells: sentence, at: 1_000)
        try call.start()
        call.run(until: 1_900)
        ears.failures = [.unavailable]
        spare.failures = [.unavailable, .timeout]
        ears.open.last?.fail(.unavailable)
        call.run(until: 12_000)
        #expect(finals(call) == [sentence])
        expectNothingLeft(call)
    }

    /// Words that are told are no sign of health: each stream tells them, and breaks at the next.
    @Test func oneThatBreaksAtTheSameWordEachTimeGivesWayToTheNext() throws {
        ears.breaksAt = "five"
        let call = try self.call()
        call.caller(spells: sentence, at: 1_000)
        try call.start()
        call.run(until: 11_000)
        #expect(finals(call) == [sentence])
        #expect(ears.streams.count <= 3 && spare.streams.count == 1)
        #expect(call.events.contains { $0.kind == .agentHeard && $0.text == "Fine." })
        expectNothingLeft(call)
    }

    @Test func whereAllBreakAtTheSameWordTheCallerIsTold() throws {
        ears.breaksAt = "five"
        spare.breaksAt = "five"
        let call = try self.call()
        call.caller(spells: sentence, at: 1_000)
        try call.start()
        call.run(until: 20_000)
        let told = try #require(call.events.first { $0.kind == .agentText })
        #expect(told.text == "I am sorry, I am having trouble right now.")
        #expect((told.time - .zero).wholeMilliseconds <= 12_000, "10 s after the word")
        #expect(call.events.last?.status == .provider)
        call.expectNothingLeft()
    }

    @Test func whatWasAnsweredIsNotHeardAgain() throws {
        let call = try self.call()
        call.caller(spells: "one two three", at: 1_000)
        call.caller(spells: "four five six", at: 5_000)
        try call.start()
        call.run(until: 3_200)
        #expect(finals(call) == ["one two three"])
        ears.open.last?.fail(.unavailable)
        call.run(until: 9_000)
        #expect(finals(call) == ["one two three", "four five six"])
        expectNothingLeft(call)
    }

    @Test func withoutAnyLeftTheCallerIsTold() throws {
        ears.failures = Array(repeating: .unavailable, count: 100)
        spare.failures = Array(repeating: .unavailable, count: 100)
        let call = try self.call()
        try call.start()
        call.run(until: 60_000)
        #expect(call.voice.spoken == ["I am sorry, I am having trouble right now."])
        #expect(call.story.contains("error stt \"no provider is left\""))
        #expect(call.events.last?.kind == .closed)
        #expect(call.events.last?.status == .provider)
        call.expectNothingLeft()
    }
}
