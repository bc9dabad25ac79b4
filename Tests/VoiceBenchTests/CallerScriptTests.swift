import Testing
import VoiceBenchScript

@Suite struct CallerScriptTests {
    /// Runs a call in which the agent greets for `greeting` frames and answers each utterance 25 frames after its end, for
    /// 200 frames, and falls silent 3 frames into an interruption.
    private func run(greeting: Int = 100, answers: Bool = true) -> CallerScript {
        var script = CallerScript(turnFrames: 80, interruptionFrames: 65)
        var speech = 10..<(10 + greeting)
        for frame in 0... {
            switch script.next(agentIsAudible: speech.contains(frame)) {
            case .silence: break
            case .turn(let index): if index == 79, answers { speech = (frame + 25)..<(frame + 225) }
            case .interruption(let index):
                if index == 0, answers { speech = speech.lowerBound..<(frame + 4) }
                if index == 64, answers { speech = (frame + 25)..<(frame + 225) }
            case .over: return script
            }
        }
        return script
    }

    @Test func aCallHasThreeTurnsAndTheSecondReplyIsInterrupted() {
        let script = run()
        #expect(script.spoken == 3 && script.answered == 3)
        #expect(script.cutAfter == 3)
        #expect(script.firstHeard == 11)
        #expect(script.gaps == 0)
    }

    @Test func anAgentThatNeverAnswersDoesNotEndTheCall() {
        let script = run(answers: false)
        #expect(script.spoken == 3 && script.answered == 0)
        #expect(script.cutAfter == nil)
    }

    @Test func silentFramesInsideSpeechAreCounted() {
        var script = CallerScript(turnFrames: 80, interruptionFrames: 65)
        for frame in 0..<60 { _ = script.next(agentIsAudible: frame != 30 && frame != 31 && frame < 50) }
        #expect(script.gaps == 2)
    }

    @Test func afterItsEndNothingIsSent() {
        var script = run()
        #expect(script.next(agentIsAudible: true) == .over)
    }
}

@Suite struct DurationCountsTests {
    @Test func percentilesAreAtMostASixteenthTooMuch() {
        var counts = DurationCounts()
        for value in 1...10_000 { counts.add(Int64(value) * 1_000) }
        for percent in [1.0, 50, 95, 99, 100] {
            let exact = percent * 100_000
            let got = Double(counts.percentile(percent) ?? 0)
            #expect(got >= exact && got <= exact * 17 / 16 + 1, "\(percent): \(got)")
        }
        #expect(counts.largest == 10_000_000)
        #expect(abs(counts.share(above: 5_000_000) - 0.5) < 0.04)
    }

    @Test func smallAndLargeValuesHaveAPlace() {
        var counts = DurationCounts()
        for value: Int64 in [-5, 0, 1, 15, 16, 17, .max] { counts.add(value) }
        #expect(counts.count == 7)
        #expect(counts.percentile(14) == 0)
        #expect(counts.percentile(100) == .max)
        #expect(DurationCounts().percentile(50) == nil)
    }

    @Test func addingIsTheSameAsCountingTogether() {
        var (a, b, both) = (DurationCounts(), DurationCounts(), DurationCounts())
        for value in 0..<1_000 {
            value.isMultiple(of: 2) ? a.add(Int64(value * value)) : b.add(Int64(value * value))
            both.add(Int64(value * value))
        }
        a.add(b)
        #expect(a == both)
    }
}

@Suite struct SpokenWordsTests {
    @Test func aWordComesForEach280MillisecondsOfSpeech() {
        var words = SpokenWords()
        #expect(words.heard(until: 5_000) == nil)
        words.began(at: 5_000)
        #expect(words.heard(until: 5_199) == nil)
        #expect(words.heard(until: 5_200) == "I")
        #expect(words.heard(until: 5_300) == nil)
        words.paused(at: 5_300)
        #expect(words.heard(until: 9_000) == nil)
        words.resumed(at: 9_000)
        #expect(words.heard(until: 9_179) == nil)
        #expect(words.heard(until: 9_180) == "I would")
        words.committed(at: 9_180)
        #expect(words.text.isEmpty)
        #expect(words.heard(until: 9_380) == "I")
    }
}
