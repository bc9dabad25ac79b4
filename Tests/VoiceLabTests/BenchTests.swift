import Testing

@testable import VoiceLab

@Suite struct BenchTests {
    private static let millisecond: Int64 = 1_000_000

    @Test func percentilesAreRanks() {
        var distribution = Distribution()
        #expect(distribution.percentile(50) == nil && distribution.text == "-")
        for value in (1...100).shuffled() { distribution.add(Double(value)) }
        #expect(
            distribution.percentile(50) == 50 && distribution.percentile(95) == 95
                && distribution.percentile(100) == 100)
        #expect(distribution.text == "50.0 / 95.0 / 99.0")
    }

    @Test func idealPacingIsNeverLateAndADelayedFrameIs() {
        var judge = PacingJudge()
        // A lead of three frames at once, then one each 20 ms.
        for _ in 0..<3 { #expect(judge.frame(at: 0, samples: 160) == nil) }
        for frame in 1...50 {
            #expect(judge.frame(at: Int64(frame) * 20 * Self.millisecond, samples: 160) == 0)
        }
        #expect(judge.frame(at: 1_035 * Self.millisecond, samples: 160) == 15 * Self.millisecond)
        #expect(judge.frame(at: 1_040 * Self.millisecond, samples: 160) == 0)
        // A pause is a new beginning.
        #expect(judge.frame(at: 9_000 * Self.millisecond, samples: 160) == nil)
    }

    /// Who sends much at once may be silent as long: nobody hears that, and only what comes after it was played is late.
    @Test func aPauseOfWhatIsPlayedIsNoBeginning() {
        var judge = PacingJudge()
        for _ in 0..<3 { #expect(judge.frame(at: 0, samples: 160) == nil) }
        for _ in 0..<25 { #expect(judge.frame(at: 20 * Self.millisecond, samples: 160).map { $0 <= 0 } == true) }
        #expect(judge.frame(at: 520 * Self.millisecond, samples: 160) == 0)
        #expect(judge.frame(at: 555 * Self.millisecond, samples: 160) == 15 * Self.millisecond)
        // What was sent is not played any more.
        judge.reset()
        #expect(judge.frame(at: 570 * Self.millisecond, samples: 160) == nil)
    }

    @Test func aLeadOfMoreThanATenthOfASecondIsNoPromise() {
        var judge = PacingJudge()
        for _ in 0..<23 { #expect(judge.frame(at: 0, samples: 160) == nil) }
        // 60 ms of 460 are left.
        #expect(judge.frame(at: 400 * Self.millisecond, samples: 160) == 20 * Self.millisecond)
        #expect(judge.frame(at: 400 * Self.millisecond, samples: 320) == -20 * Self.millisecond)
    }

    @Test func aCallHasThreeTurnsAndOneInterruption() {
        var machine = BenchCallMachine(began: 0, utteranceFrames: 80, interruptionFrames: 65, watermarkFrames: 21)
        var (began, playedUntil): (Int64?, Int64) = (nil, 0)
        var spoken: [String] = []
        var marks = 0
        var replyDue: Int64? = 100 * Self.millisecond
        var now: Int64 = 0
        loop: while true {
            now += 20 * Self.millisecond
            // A scripted agent: replies 500 ms after each utterance, for four seconds.
            if let due = replyDue, now >= due {
                (began, playedUntil, replyDue) = (now, now + 4_000 * Self.millisecond, nil)
            }
            switch machine.next(at: now, replyBegan: began, playedUntil: playedUntil) {
            case .silence: break
            case .watermark(let index): marks += index == 0 ? 1 : 0
            case .utterance(let index):
                if index == 0 { spoken.append("turn") }
                if index == 79 { replyDue = now + 500 * Self.millisecond }
            case .interruption(let index):
                if index == 0 {
                    spoken.append("interruption")
                    #expect(now < playedUntil)
                    (began, playedUntil) = (nil, now)
                }
                if index == 64 { replyDue = now + 500 * Self.millisecond }
            case .over: break loop
            }
        }
        #expect(spoken == ["turn", "turn", "interruption"])
        #expect(marks >= 3)
        #expect(now == 21_000 * Self.millisecond)
    }

    @Test func aCallerWithoutAnswersGoesOn() {
        var machine = BenchCallMachine(began: 0, utteranceFrames: 10, interruptionFrames: 10, watermarkFrames: 21)
        var begun = 0
        for frame in 1..<1_050 {
            switch machine.next(at: Int64(frame) * 20 * Self.millisecond, replyBegan: nil, playedUntil: 0) {
            case .utterance(0), .interruption(0): begun += 1
            default: break
            }
        }
        #expect(begun == 3)
    }

    @Test func sharesAreJoinedByTurn() {
        let tag = Tag(call: 4, utterance: 1)
        var join = ProviderJoin()
        for line in [
            #"{"t":1000000,"event":"stt_final","call":4,"utterance":1,"speech_final":true}"#,
            #"{"t":2500000,"event":"llm_request","call":4,"utterance":1}"#,
            #"{"t":90000000,"event":"llm_sentence","call":4,"utterance":1,"index":0}"#,
            #"{"t":90500000,"event":"llm_sentence_certain","call":4,"utterance":1}"#,
            #"{"t":91000000,"event":"tts_speak","call":4,"utterance":1}"#,
            #"{"t":170000000,"event":"tts_first","call":4,"utterance":1}"#,
            #"{"t":1,"event":"tts_bad_message","reason":"x"}"#, "rubbish",
            // A minute later another call has the number.
            #"{"t":60001000000,"event":"stt_final","call":4,"utterance":1,"speech_final":true}"#,
            #"{"t":60009000000,"event":"llm_request","call":4,"utterance":1}"#,
        ] { join.read(line: Array(line.utf8)) }
        var call = BenchMeasurement()
        call.turns = [
            .init(tag: tag, speechEnd: 500_000, firstFrame: 172_000_000),
            .init(tag: Tag(call: 4, utterance: 2), speechEnd: 0),
        ]
        let shares = join.shares(of: [call])
        #expect(shares.commit.values == [1.5] && shares.toSpeech.values == [0.5] && shares.playout.values == [2])
        #expect(
            shares.total.values == [4] && shares.speechEndToRequest.values == [2]
                && shares.voiceToVoice.values == [171.5])
        #expect(shares.turns == 2 && shares.unanswered == 1 && shares.speculative == 0)
        #expect(join.refusals == ["tts_bad_message x"])
    }

    @Test func theBenchmarksSpeechIsOneUtterance() {
        let samples = BenchClip.speechLike(milliseconds: 1_600, pitchHertz: 118)
        let spans = Level.audibleSpans(
            in: samples, thresholdDecibels: -40, joining: Telephone.samples(milliseconds: 60))
        #expect(spans.count == 1 && (spans.first?.count ?? 0) > 12_000)
        let clip = BenchClip(samples: samples)
        #expect(clip.frames.allSatisfy { $0.count == 216 } && clip.speech.count > 12_000)
    }
}

@Suite struct EngineEventTests {
    private let line =
        #"{"time_ns":5,"call":"c","type":"turn_metrics","turn":2,"text":"","flags":["interrupted"],"metrics":"#
        + #"{"turn":2,"endpoint_wait_ns":300000000,"transcript_wait_ns":0,"commit_ns":1000000,"llm_first_token_ns":99000000,"#
        + #""segment_ns":50000000,"tts_request_ns":500000,"tts_first_audio_ns":48500000,"playout_ns":1000000,"#
        + #""total_ns":500000000,"engine_ns":2500000}}"#

    @Test func metricsBecomeAWaterfallThatAddsUp() throws {
        let event = try #require(EngineEvent(line: Array(line.utf8)))
        #expect(event.turn == 2 && event.flags == ["interrupted"] && event.stages.count == 8)
        #expect(event.stages.reduce(0) { $0 + $1.nanoseconds } == event.totalNanoseconds)
        let text = Waterfall.text(of: [event])
        #expect(text.contains("500.0 ms (engine's own share 2.5 ms)") && !text.contains("not to the total"))
        #expect(text.split(separator: "\n").count == 9)
        var wrong = event
        wrong.totalNanoseconds += 5_000_000
        #expect(Waterfall.text(of: [wrong]).contains("add up to 500.0 ms, not to the total"))
    }

    @Test func otherLinesAreNoEvents() {
        for line in ["", "{", "[]", #"{"type":"x"}"#, #"{"time_ns":"5","type":"x"}"#] {
            #expect(EngineEvent(line: Array(line.utf8)) == nil)
        }
    }
}
