import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// A chain of models and voices in whole calls.
@Suite struct FailoverTests {
    private let mind = ScriptedModel()
    private let other = ScriptedModel(name: "other mind")
    private let voice = ScriptedVoice()
    private let spare = ScriptedVoice(name: "spare voice")

    init() {
        for voice in [voice, spare] { voice.spells = true }
    }

    private func chain<Provider: Sendable>(_ role: ProviderRole, _ providers: [(Provider, String)]) -> ProviderChain<
        Provider
    > {
        let links = providers.map { ProviderLink($0.0, health: ProviderHealth(role: role, provider: $0.1)) }
        return ProviderChain(links[0], Array(links.dropFirst()))
    }

    private func call(
        kind: RecordingCarrier.Kind = .wire, policy change: (inout SessionPolicy) -> Void = { _ in },
        providers: (inout SessionProviders) -> Void = { _ in }
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.failover.retry.retries = 0
        change(&policy)
        return try ScriptedCall(kind, policy: policy) {
            $0.languageModel = chain(.languageModel, [(mind, "mind"), (other, "other mind")])
            $0.textToSpeech = chain(.textToSpeech, [(voice, "voice"), (spare, "spare voice")])
            providers(&$0)
        }
    }

    private func expectNothingLeft(_ call: ScriptedCall) {
        call.expectNothingLeft()
        #expect(mind.running == 0 && other.running == 0)
        #expect(voice.open == 0 && spare.open == 0)
    }

    // MARK: - Language models

    @Test func theNextModelAnswersWhenTheFirstFails() throws {
        mind.answers = [ScriptedAnswer(text: "", end: .failed(.unavailable))]
        other.answers = [ScriptedAnswer(text: "One two three.")]
        let call = try self.call()
        try call.play("1000 type \"count\"\n6000 gone")
        #expect(
            call.story == """
                1000 final "count"
                1000 turn 1
                1200 error mind "the model is out"
                1460 text "One two three."
                1560 agent starts
                2160 agent stops
                2160 heard "One two three."
                2160 metrics 0+0+0+400+60+0+100+0 = 560
                6000 closed "the caller hung up"
                """)
        let work = try #require(call.events.last { $0.kind == .turnMetrics }?.metrics?.work)
        #expect(work.languageModel == .init(failovers: 1))
        #expect(work.firstToken == .milliseconds(200))
        #expect(work.characters == 14)
        #expect(work.recognised > .milliseconds(2_000) && work.recognised < .milliseconds(2_200))
        expectNothingLeft(call)
    }

    @Test func theSameModelIsAskedAgainFirst() throws {
        mind.answers = [
            ScriptedAnswer(text: "", end: .failed(.rateLimited)), ScriptedAnswer(text: "One two three."),
        ]
        let call = try self.call { $0.failover.retry.retries = 1 }
        try call.play("1000 type \"count\"\n6000 gone")
        // 100 ms of back-off: half of the base, without jitter.
        #expect(call.story.contains("1560 text \"One two three.\""))
        #expect(other.requests.isEmpty)
        #expect(call.events.last { $0.kind == .turnMetrics }?.metrics?.work.languageModel == .init(retries: 1))
        expectNothingLeft(call)
    }

    @Test(arguments: [ProviderError.Kind.auth, .configuration]) func aWrongKeyIsNotTriedAgain(kind: ProviderError.Kind)
        throws
    {
        mind.answers = [ScriptedAnswer(text: "", end: .failed(kind))]
        other.answers = [ScriptedAnswer(text: "One two three.")]
        let call = try self.call { $0.failover.retry.retries = 5 }
        try call.play("1000 type \"count\"\n4000 type \"again\"\n8000 gone")
        #expect(mind.requests.count == 1)
        #expect(other.requests.count == 2)
        expectNothingLeft(call)
    }

    @Test func anAnswerThatBreaksOffIsContinued() throws {
        mind.answers = [ScriptedAnswer(text: "One two three. Four fi", end: .failed(.unavailable))]
        other.answers = [ScriptedAnswer(text: "Four five six.")]
        let call = try self.call()
        try call.play("1000 type \"count\"\n9000 gone")
        #expect(
            other.requests.first?.messages.dropFirst() == [
                .assistant("One two three. Four ", toolCalls: []), .user(ChainedAnswer.continuation),
            ])
        #expect(Spelling.words(in: call.carrier.heard).map(\.word) == ["one", "two", "three", "four", "five", "six"])
        #expect(call.story.contains("heard \"One two three. Four five six.\""))
        #expect(call.events.filter { $0.kind == .error }.map(\.name) == ["mind"])
        expectNothingLeft(call)
    }

    @Test func aToolIsNotCalledTwice() throws {
        mind.answers = [.tool("look_up"), ScriptedAnswer(text: "Six.")]
        // The call came, the end of its answer did not.
        let broken = BreakingModel(mind)
        let call = try self.call { _ in
        } providers: {
            $0.languageModel = chain(.languageModel, [(broken, "mind"), (other, "other mind")])
        }
        try call.play("1000 type \"count\"\n2000 result call-1 \"{}\"\n6000 gone")
        #expect(call.events.filter { $0.kind == .toolCall }.count == 1)
        #expect(call.story.contains("heard \"Six.\""))
        #expect(other.requests.isEmpty)
        expectNothingLeft(call)
    }

    @Test func aModelThatSaysNothingIsGivenUp() throws {
        mind.answers = [ScriptedAnswer(text: "", end: .hanging)]
        other.answers = [ScriptedAnswer(text: "One two three.")]
        let call = try self.call { $0.failover.modelPatience = .seconds(2) }
        try call.play("1000 type \"count\"\n9000 gone")
        #expect(call.story.contains("3000 error mind \"sent nothing for 2000 ms\""))
        #expect(call.story.contains("heard \"One two three.\""))
        expectNothingLeft(call)
    }

    /// The caller has waited once for this model, and not twice.
    @Test func aModelThatSaysNothingIsNotAskedAgain() throws {
        mind.answers = [ScriptedAnswer(text: "", end: .hanging)]
        let call = try self.call {
            $0.failover = FailoverPolicy()
        } providers: {
            $0.languageModel = chain(.languageModel, [(mind, "mind")])
        }
        try call.play("1000 type \"count\"\n12000 gone")
        #expect(call.story.contains("7000 error mind \"sent nothing for 6000 ms\""))
        #expect(call.story.contains("7000 error llm \"no provider is left\""))
        #expect(call.story.contains("7000 text \"I am sorry, I am having trouble right now.\""))
        #expect(mind.requests.count == 1)
        expectNothingLeft(call)
    }

    /// So many answers that the usual time is known.
    private func known(_ chain: ProviderChain<any LanguageModelProvider>) {
        for _ in 0..<20 { chain.first.health.succeeded(after: .milliseconds(300), at: .zero) }
    }

    @Test func aLateModelIsOvertaken() throws {
        mind.answers = [ScriptedAnswer(text: "Nine.", after: 2_000)]
        other.answers = [ScriptedAnswer(text: "One two three.")]
        var models: ProviderChain<any LanguageModelProvider>?
        let call = try self.call {
            $0.failover.hedges = true
        } providers: {
            models = $0.languageModel
        }
        known(try #require(models))
        try call.play("1000 type \"count\"\n6000 gone")
        // 300 ms of waiting, 200 to the first word.
        #expect(call.story.contains("1560 text \"One two three.\""))
        #expect(call.events.filter { $0.kind == .error }.isEmpty)
        #expect(call.events.last { $0.kind == .turnMetrics }?.metrics?.work.languageModel == .init(hedges: 1))
        #expect(models?.links.map(\.health.snapshot.wasted) == [1, 0])
        expectNothingLeft(call)
    }

    @Test func aModelInTimeIsNotOvertaken() throws {
        mind.answers = [ScriptedAnswer(text: "Nine.", after: 299)]
        var models: ProviderChain<any LanguageModelProvider>?
        let call = try self.call {
            $0.failover.hedges = true
        } providers: {
            models = $0.languageModel
        }
        known(try #require(models))
        try call.play("1000 type \"count\"\n6000 gone")
        #expect(other.requests.isEmpty)
        expectNothingLeft(call)
    }

    @Test func bothOfTwoRequestsMayFail() throws {
        mind.answers = [ScriptedAnswer(text: "", after: 500, end: .failed(.timeout))]
        other.answers = [ScriptedAnswer(text: "", after: 500, end: .failed(.timeout))]
        var models: ProviderChain<any LanguageModelProvider>?
        let call = try self.call {
            $0.failover.hedges = true
        } providers: {
            models = $0.languageModel
        }
        known(try #require(models))
        try call.play("1000 type \"count\"\n9000 gone")
        #expect(call.story.contains("error llm \"no provider is left\""))
        #expect(voice.spoken == ["I am sorry, I am having trouble right now."])
        expectNothingLeft(call)
    }

    @Test func aBreakerSparesTheCallerTheWait() throws {
        mind.answers = [ScriptedAnswer(text: "", end: .failed(.unavailable))]
        other.answers = [ScriptedAnswer(text: "One.")]
        var models: ProviderChain<any LanguageModelProvider>?
        func again() throws -> ScriptedCall {
            let call = try self.call { _ in
            } providers: { providers in
                if let models { providers.languageModel = models } else { models = providers.languageModel }
            }
            try call.play("1000 type \"count\"\n4000 gone")
            return call
        }
        // Five calls find out, the sixth knows.
        for _ in 0..<5 { #expect(try again().events.filter { $0.kind == .error }.count == 1) }
        #expect(try again().events.filter { $0.kind == .error }.isEmpty)
        #expect(mind.requests.count == 5)
        let health = try #require(models?.first.health)
        #expect(health.snapshot.breaker.condition(at: .zero + .seconds(2)) == .open)
        // Half-open: one request tries, and succeeds.
        mind.answers = [ScriptedAnswer(text: "Two.")]
        mind.requests = []
        let call = try self.call { _ in
        } providers: {
            if let models { $0.languageModel = models }
        }
        try call.play("35000 type \"count\"\n36900 type \"again\"\n39000 gone")
        #expect(mind.requests.count == 2)
        #expect(health.snapshot.breaker.condition(at: .zero + .seconds(39)) == .closed)
        expectNothingLeft(call)
    }

    // MARK: - Voices

    /// Wherever the voice breaks: each word is heard once.
    @Test(arguments: RecordingCarrier.Kind.allCases) func aVoiceThatBreaksIsContinued(kind: RecordingCarrier.Kind)
        throws
    {
        let text = "One two three four. Five six seven eight. Nine ten eleven twelve."
        for place in stride(from: 0, through: 19_200, by: 800) {
            for every in [Int64(10), 95] {
                mind.answers = [ScriptedAnswer(text: text)]
                for voice in [voice, spare] { (voice.every, voice.spoken) = (every, []) }
                voice.breaks = [place]
                let call = try self.call(kind: kind)
                try call.play("1000 type \"count\"\n14000 gone")
                let heard = Spelling.words(in: call.carrier.heard)
                // A word that was torn when hardly any of it had been heard is said again.
                let whole = heard.filter { $0.samples > 800 }.map(\.word)
                #expect(whole == Array(Spelling.words.prefix(12)), "break at \(place), every \(every) ms")
                #expect(heard.filter { $0.samples <= 800 }.count <= 1, "break at \(place), every \(every) ms")
                #expect(call.story.contains("heard \"\(text)\""), "break at \(place), every \(every) ms")
                #expect(call.events.filter { $0.kind == .error }.count == (place < 19_200 ? 1 : 0))
                expectNothingLeft(call)
            }
        }
    }

    @Test func theSameVoiceIsOpenedAgainFirst() throws {
        mind.answers = [ScriptedAnswer(text: "One two three four.")]
        voice.breaks = [2_000]
        let call = try self.call { $0.failover.retry.retries = 1 }
        try call.play("1000 type \"count\"\n9000 gone")
        #expect(voice.spoken == ["One two three four.", "two three four."])
        #expect(spare.spoken.isEmpty)
        #expect(call.events.last { $0.kind == .turnMetrics }?.metrics?.work.textToSpeech == .init(retries: 1))
        expectNothingLeft(call)
    }

    @Test func aVoiceThatBreaksAgainAndAgainIsLeft() throws {
        mind.answers = [ScriptedAnswer(text: "One two three four.")]
        voice.breaks = [2_000, 2_000, 2_000, 2_000]
        let call = try self.call { $0.failover.retry.retries = 2 }
        try call.play("1000 type \"count\"\n9000 gone")
        #expect(Spelling.words(in: call.carrier.heard).map(\.word) == ["one", "two", "three", "four"])
        #expect(spare.spoken == ["four."])
        expectNothingLeft(call)
    }

    @Test func theGreetingIsSpokenByTheNextVoice() throws {
        voice.fails = true
        let call = try self.call { $0.greeting = "One two three." }
        try call.play("9000 gone")
        #expect(Spelling.words(in: call.carrier.heard).map(\.word) == ["one", "two", "three"])
        expectNothingLeft(call)
    }

    @Test func theCallStaysWithTheVoiceThatWorksUntilTheFirstHasRecovered() throws {
        mind.answers = [ScriptedAnswer(text: "One two three.")]
        voice.fails = true
        let call = try self.call()
        try call.play("1000 type \"count\"")
        call.run(until: 4_000)
        voice.fails = false
        call.session?.receiveText("again")
        call.run(until: 8_000)
        #expect(voice.spoken.count == 1)
        // 30 s after its failure it is tried again, between replies.
        call.run(until: 33_000)
        call.session?.receiveText("again")
        call.run(until: 36_000)
        #expect(voice.spoken.count == 2)
        #expect(spare.spoken.count == 2)
        call.carrier.isClosed = true
        call.session?.carrierClosed(reason: "gone")
        expectNothingLeft(call)
    }

    @Test func aVoiceThatSaysNothingIsGivenUp() throws {
        mind.answers = [ScriptedAnswer(text: "One two three.")]
        voice.latency = 60_000
        let call = try self.call { $0.failover.voicePatience = .seconds(1) }
        try call.play("1000 type \"count\"\n9000 gone")
        #expect(call.story.contains("error voice \"sent no audio for 1000 ms\""))
        #expect(call.story.contains("heard \"One two three.\""))
        expectNothingLeft(call)
    }

    /// The next voice comes before a second attempt, and a second attempt before silence.
    @Test func aLateVoiceGivesWayToTheNext() throws {
        mind.answers = [ScriptedAnswer(text: "One two three.")]
        voice.latency = 60_000
        var call = try self.call { $0.failover = FailoverPolicy() }
        try call.play("1000 type \"count\"\n9000 gone")
        #expect(voice.spoken.count == 1)
        #expect(spare.spoken == ["One two three."])
        expectNothingLeft(call)
        voice.spoken = []
        call = try self.call {
            $0.failover = FailoverPolicy()
        } providers: {
            $0.textToSpeech = chain(.textToSpeech, [(voice, "voice")])
        }
        try call.play("1000 type \"count\"\n20000 gone")
        #expect(voice.spoken.count == 2)
        #expect(call.story.contains("11360 error tts \"no provider is left\""))
        expectNothingLeft(call)
    }

    @Test func anInterruptionEndsTheRepair() throws {
        mind.answers = [ScriptedAnswer(text: "One two three four five six.")]
        voice.breaks = [4_000]
        let call = try self.call { $0.failover.retry = RetryPolicy(retries: 1, base: .seconds(5)) }
        try call.play("1000 type \"count\"\n2000 interrupt\n9000 gone")
        #expect(voice.spoken.count == 1)
        #expect(spare.spoken.isEmpty)
        expectNothingLeft(call)
    }
}

/// Its answers break after their tool calls.
final class BreakingModel: LanguageModelProvider, @unchecked Sendable {
    let name = "mind"
    private let model: ScriptedModel
    private var hasBroken = false

    init(_ model: ScriptedModel) { self.model = model }

    func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation {
        model.generate(request, context: context) { event in
            if case .finished = event, !self.hasBroken {
                self.hasBroken = true
                return sink(.failed(ProviderError(.unavailable, provider: "mind", detail: "the line broke")))
            }
            sink(event)
        }
    }
}
