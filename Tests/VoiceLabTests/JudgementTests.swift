import Testing

@testable import VoiceLab

@Suite struct JudgementTests {
    /// A record whose agent is audible in these ranges of milliseconds.
    private func record(agent: [Range<Int>], seconds: Int = 10) -> CallRecord {
        var record = CallRecord()
        var audio = [UInt8](repeating: MuLaw.silence, count: seconds * 8_000)
        for span in agent {
            for sample in span.lowerBound * 8..<span.upperBound * 8 {
                audio[sample] = MuLaw.encode(sample % 2 == 0 ? 6_000 : -6_000)
            }
        }
        record.agent = audio
        record.measureAgent(thresholdDecibels: -45)
        return record
    }

    private func utterance(_ range: Range<Int>, _ purpose: Scenario.Purpose = .turn) -> CallRecord.Utterance {
        .init(
            say: .init(source: "tts:a", text: "hey", purpose: purpose),
            speech: range.lowerBound * 8..<range.upperBound * 8)
    }

    private func verdict(_ record: CallRecord, _ expectation: Scenario.Expectation, at milliseconds: Int = 9_000)
        -> Judgement.Verdict
    {
        var record = record
        record.judged = [.init(expectation: expectation, sample: milliseconds * 8, utterances: record.utterances.count)]
        return Judgement.verdicts(of: record)[0]
    }

    @Test func latencyIsFromTheLastSpeechSampleToTheFirstAudibleOne() {
        var record = record(agent: [200..<1_000, 3_640..<5_000])
        record.utterances = [utterance(2_000..<3_000)]
        #expect(record.latencies == [.init(utterance: 0, from: 24_000, to: 29_120)])
        #expect(record.latencies[0].milliseconds == 640)
        #expect(verdict(record, .replyWithin(milliseconds: 640)).passed)
        #expect(!verdict(record, .replyWithin(milliseconds: 639)).passed)
        record.utterances.append(utterance(3_200..<3_400))
        #expect(record.latency(ofUtterance: 0) == nil)
    }

    @Test func silenceAfterAnInterruptionHasToLast() {
        var stopped = record(agent: [1_000..<3_180])
        stopped.utterances = [utterance(3_000..<4_000, .interruption)]
        #expect(stopped.bargeIns.map(\.milliseconds) == [180])
        #expect(verdict(stopped, .agentStopped(withinMilliseconds: 180)).passed)
        #expect(!verdict(stopped, .agentStopped(withinMilliseconds: 170)).passed)
        var resumed = record(agent: [1_000..<3_180, 3_500..<3_900])
        resumed.utterances = [utterance(3_000..<4_000, .interruption)]
        let text = verdict(resumed, .agentStopped(withinMilliseconds: 200)).text
        #expect(text == "the agent spoke again for 400 ms while the caller was saying “hey”")
        var silent = record(agent: [1_000..<2_000])
        silent.utterances = [utterance(3_000..<4_000, .interruption)]
        #expect(verdict(silent, .agentStopped(withinMilliseconds: 900)).text.contains("was not speaking"))
    }

    @Test func aPauseWithResumptionIsGoingOn() {
        var record = record(agent: [1_000..<3_100, 3_700..<5_000])
        record.utterances = [utterance(3_000..<3_400, .backchannel)]
        let going = verdict(record, .agentContinued(pauseMilliseconds: 700, forMilliseconds: 1_000))
        #expect(going.passed && going.text.contains("longest pause 600 ms"), "\(going.text)")
        #expect(!verdict(record, .agentContinued(pauseMilliseconds: 500, forMilliseconds: 1_000)).passed)
        #expect(record.latencies.isEmpty)
        var through = self.record(agent: [1_000..<5_000])
        through.utterances = [utterance(3_000..<3_400, .backchannel)]
        #expect(verdict(through, .agentContinued(pauseMilliseconds: 0, forMilliseconds: 1_600)).passed)
    }

    @Test func everythingThatWentWrongIsAFailure() {
        var record = record(agent: [])
        record.failure = "in vain"
        record.violations = [(80, "31950: a binary frame")]
        record.judged = [.init(expectation: .agentSpoke(atLeastMilliseconds: 10), sample: 8_000, utterances: 0)]
        #expect(
            Judgement.failures(of: record) == [
                "in vain", "protocol: 31950: a binary frame (at 0.01 s)",
                "after the start of the call the agent spoke 0 ms; expected at least 10",
            ])
    }

    @Test func theLiveMeasureAgreesWithTheFinalOne() {
        let record = record(agent: [200..<1_000, 1_200..<1_300, 4_000..<5_000])
        var live = LiveLevel(joining: CallRecord.joining)
        for end in stride(from: 0, through: record.agent.count, by: 111) { live.measure(Array(record.agent[..<end])) }
        #expect(live.spans == record.agentSpans)
        #expect(record.agentSpans == [1_600..<10_400, 32_000..<40_000])
    }
}
