import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Calls whose models and voices fail at random. Whatever fails: each turn ends with its answer or an apology, no word
/// is heard twice, none is left out before the answer's end, and nothing is left behind.
@Suite struct FailoverChaosTests {
    private let text = "One two three four. Five six seven eight. Nine ten."

    private func answer(_ random: inout SeededRandom) -> ScriptedAnswer {
        var answer = ScriptedAnswer(
            text: text, after: .random(in: 0...300, using: &random), every: .random(in: 0...40, using: &random))
        guard Int.random(in: 0..<2, using: &random) == 0 else { return answer }
        let words = text.split(separator: " ")
        answer.text = words.prefix(.random(in: 0...words.count, using: &random)).joined(separator: " ")
        answer.text = String(answer.text.dropLast(.random(in: 0...2, using: &random)))
        let kinds: [ProviderError.Kind] = [.unavailable, .timeout, .rateLimited, .auth, .protocol]
        answer.end = .failed(kinds.randomElement(using: &random) ?? .timeout)
        if Int.random(in: 0..<5, using: &random) == 0 { answer.end = .hanging }
        return answer
    }

    private func breaks(_ random: inout SeededRandom) -> [Int] {
        (0..<40).map { _ in
            Int.random(in: 0..<3, using: &random) == 0 ? .random(in: 0...16_000, using: &random) : .max
        }
    }

    @Test(arguments: RecordingCarrier.Kind.allCases) func everyTurnEnds(kind: RecordingCarrier.Kind) throws {
        for seed in UInt64(0)..<8 {
            var random = SeededRandom(seed: seed)
            let minds = [ScriptedModel(name: "a"), ScriptedModel(name: "b")]
            let voices = [ScriptedVoice(name: "a"), ScriptedVoice(name: "b")]
            for mind in minds { mind.answers = (0..<60).map { _ in answer(&random) } }
            for voice in voices {
                (voice.spells, voice.breaks) = (true, breaks(&random))
                voice.every = .random(in: 1...90, using: &random)
                voice.chunks = (0..<5).map { _ in Int.random(in: 1...1_600, using: &random) }
            }
            var policy = SessionPolicy()
            policy.failover.endAfter = 0
            policy.failover.modelPatience = .seconds(2)
            policy.failover.voicePatience = .seconds(2)
            policy.failover.retry.retries = .random(in: 0...2, using: &random)
            let maker = try ScriptedCall()
            let clip = VoiceClip(text: "Sorry sorry.", voices: [ScriptedVoice()])
            clip.record(with: ProviderContext(callID: "clip", eventLoop: maker.loop, log: .none))
            maker.loop.advanceTime(by: .seconds(2))
            policy.manners.onFailure = "Sorry sorry."
            let call = try ScriptedCall(kind, policy: policy) {
                $0.languageModel = chain(.languageModel, minds)
                $0.textToSpeech = chain(.textToSpeech, voices)
                $0.apology = clip
            }
            try call.start()
            let turns = 5
            for turn in 0..<turns {
                call.run(until: Int64(turn) * 25_000 + 1_000)
                call.session?.receiveText("count")
            }
            call.run(until: Int64(turns) * 25_000)
            check(call, turns: turns, seed: seed)
            call.carrier.isClosed = true
            call.session?.carrierClosed(reason: "gone")
            call.expectNothingLeft("seed \(seed)")
            #expect(minds.allSatisfy { $0.running == 0 } && voices.allSatisfy { $0.open == 0 }, "seed \(seed)")
        }
    }

    private func check(_ call: ScriptedCall, turns: Int, seed: UInt64) {
        var ends = 0
        for event in call.events where event.kind == .agentHeard {
            if event.text == text || event.text == "Sorry sorry." { ends += 1 }
        }
        #expect(ends == turns, "seed \(seed): \(call.story)")
        var next = 0
        for word in spoken(in: call.carrier.heard) {
            guard let index = Spelling.words.firstIndex(of: word.word), word.word != "sorry" else {
                #expect(word.word == "sorry", "seed \(seed): words run together\n\(call.story)")
                next = 0
                continue
            }
            #expect(index == next || index == 0, "seed \(seed): \(word.word)\n\(call.story)")
            // One word has 1,600 samples; of a torn one at most half was heard before it is said again.
            #expect(word.samples <= 2_400, "seed \(seed): \(word.word) twice\n\(call.story)")
            next = index + 1
        }
    }

    /// The words that were heard. A voice that is slower than speech leaves gaps in them: their pieces count together. A
    /// torn one, of which less than half was heard, counts only with the piece that repairs it.
    private func spoken(in audio: [Int16]) -> [(word: String, samples: Int)] {
        var words: [(word: String, samples: Int)] = []
        for piece in Spelling.words(in: audio) {
            if piece.word == words.last?.word {
                words[words.count - 1].samples += piece.samples
            } else {
                words.append(piece)
            }
        }
        return words.filter { $0.samples > 800 }
    }

    private func chain(_ role: ProviderRole, _ models: [ScriptedModel]) -> ProviderChain<any LanguageModelProvider> {
        ProviderChain(
            ProviderLink(models[0], health: ProviderHealth(role: role, provider: "a")),
            [ProviderLink(models[1], health: ProviderHealth(role: role, provider: "b"))])
    }

    private func chain(_ role: ProviderRole, _ voices: [ScriptedVoice]) -> ProviderChain<any TextToSpeechProvider> {
        ProviderChain(
            ProviderLink(voices[0], health: ProviderHealth(role: role, provider: "a")),
            [ProviderLink(voices[1], health: ProviderHealth(role: role, provider: "b"))])
    }
}
