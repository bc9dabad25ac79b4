import Testing

@testable import VoiceEngineCore

@Suite struct HeardTextTests {
    /// "one two" weighs 8 (each word its letters, and one for the gap), "six ten" the same.
    private func twoSegments() -> HeardText {
        var heard = HeardText(sampleRate: 8_000)
        heard.append(segment: 0, text: "one two")
        heard.append(samples: 500, to: 0)
        heard.append(samples: 300, to: 0)
        heard.complete(through: 0)
        heard.append(segment: 1, text: "six ten")
        heard.append(samples: 800, to: 1)
        heard.complete(through: 1)
        return heard
    }

    @Test(
        arguments: [
            (-5, ""), (0, ""), (150, ""), (151, "one"), (550, "one"), (551, "one two"), (800, "one two"),
            (950, "one two"),
            (951, "one two six"), (1_351, "one two six ten"), (1_600, "one two six ten"), (99_999, "one two six ten"),
        ] as [(Int64, String)])
    func cutsAtTheWord(position: Int64, expected: String) { #expect(twoSegments().heard(upTo: position) == expected) }

    @Test func whatStillArrivesIsMeasuredByTheUsualSpeed() {
        var heard = HeardText(sampleRate: 15_000)
        heard.append(segment: 0, text: "one two three four")
        // 15 letters a second, 1,000 samples a letter: "one" is over at 3,000, "two" at 7,000.
        heard.append(samples: 5_600, to: 0)
        #expect(heard.heard(upTo: 5_600) == "one two")
        #expect(heard.heard(upTo: 1_600) == "one")
        #expect(heard.heard(upTo: 99_999) == "one two")
    }

    @Test func thenByTheSpeedMeasured() {
        var heard = HeardText(sampleRate: 15_000)
        heard.append(segment: 0, text: "one two")
        heard.append(samples: 80_000, to: 0)
        heard.complete(through: 0)
        heard.append(segment: 1, text: "one two three four")
        // Ten times slower than usual.
        heard.append(samples: 16_000, to: 1)
        #expect(heard.heard(upTo: 96_000) == "one two one")
    }

    @Test func theRateGoesFromReplyToReply() {
        var heard = HeardText(sampleRate: 15_000)
        heard.append(segment: 0, text: "one two")
        heard.append(samples: 80_000, to: 0)
        heard.complete(through: 0)
        var next = HeardText(sampleRate: 15_000, rate: heard.rate)
        next.append(segment: 0, text: "one two three four")
        next.append(samples: 16_000, to: 0)
        #expect(next.heard(upTo: 16_000) == "one")
    }

    /// After a break another voice may speak: what it says counts most then.
    @Test func aBreakMakesRoomForAnotherRate() {
        var (steady, broken) = (SpeakingRate(), SpeakingRate())
        for _ in 0..<50 {
            steady.measured(samples: 30_000, weight: 10)
            broken.measured(samples: 30_000, weight: 10)
        }
        broken.doubt()
        for _ in 0..<4 {
            steady.measured(samples: 10_000, weight: 10)
            broken.measured(samples: 10_000, weight: 10)
        }
        #expect(steady.samplesPerWeight(sampleRate: 8_000) > 2_500)
        #expect(broken.samplesPerWeight(sampleRate: 8_000) < 2_000)
        broken.measured(samples: 0, weight: 10)
        broken.measured(samples: 10, weight: 0)
        #expect(broken.samplesPerWeight(sampleRate: 8_000) < 2_000)
        #expect(SpeakingRate().samplesPerWeight(sampleRate: 15_000) == 1_000)
    }

    @Test func chineseIsCutAtTheCharacter() {
        var heard = HeardText(sampleRate: 8_000)
        heard.append(segment: 0, text: "你好，我是 Anna。")
        heard.append(samples: 2_900, to: 0)
        heard.complete(through: 0)
        heard.append(segment: 1, text: "再见。")
        heard.append(samples: 1_000, to: 1)
        heard.complete(through: 1)
        // 你 3, 好， 3 + 3, 我 3, 是 3, Anna。 4 and a short pause of 3.
        let unit = 2_900.0 / 22
        #expect(heard.heard(upTo: Int64(unit * 1.6)) == "你")
        #expect(heard.heard(upTo: Int64(unit * 4.6)) == "你好，")
        #expect(heard.heard(upTo: Int64(unit * 13.6)) == "你好，我是")
        #expect(heard.heard(upTo: 2_900) == "你好，我是 Anna。")
        #expect(heard.heard(upTo: 3_200) == "你好，我是 Anna。再")
        heard.setWordEnds([100, 200, 300, 400, 500], of: 0)
        #expect(heard.heard(upTo: 160) == "你好，" && heard.heard(upTo: 360) == "你好，我是")
    }

    @Test func moreAudioThanExpectedStretchesTheText() {
        var heard = HeardText(sampleRate: 8_000)
        heard.append(segment: 0, text: "one two")
        heard.append(samples: 800_000, to: 0)
        #expect(heard.heard(upTo: 160_000) == "one")
        #expect(heard.heard(upTo: 800_000) == "one two")
    }

    @Test func segmentsCompletedTogetherAreOneStretch() {
        var heard = HeardText(sampleRate: 8_000)
        heard.append(segment: 0, text: "one two")
        heard.append(segment: 1, text: "six ten")
        heard.append(samples: 1_600, to: 1)
        heard.complete(through: 1)
        #expect(heard.heard(upTo: 900) == "one two")
        #expect(heard.heard(upTo: 960) == "one two six")
    }

    @Test func wordTimesWinOverWeights() {
        var heard = HeardText()
        heard.append(segment: 0, text: "one two")
        heard.setWordEnds([700, 800], of: 0)
        heard.setWordEnds([1], of: 0)
        heard.setWordEnds([9, 8], of: 0)
        heard.append(samples: 800, to: 0)
        heard.complete(through: 0)
        #expect(heard.heard(upTo: 350) == "" && heard.heard(upTo: 351) == "one" && heard.heard(upTo: 751) == "one two")
    }

    @Test func wordsBehindTheLastKnownTimeShareTheRest() {
        var heard = HeardText(sampleRate: 15_000)
        heard.append(segment: 0, text: "one two six ten")
        heard.setWordEnds([2_000], of: 0)
        heard.append(samples: 14_000, to: 0)
        // Three words of weight 4 behind 2,000, a thousand samples a letter as long as the audio arrives.
        #expect(heard.heard(upTo: 1_000) == "" && heard.heard(upTo: 1_001) == "one")
        #expect(heard.heard(upTo: 3_500) == "one" && heard.heard(upTo: 3_501) == "one two")
        heard.complete(through: 0)
        #expect(heard.heard(upTo: 7_500) == "one two" && heard.heard(upTo: 7_501) == "one two six")
        // A longer report replaces the shorter one, also a late one.
        heard.setWordEnds([2_000, 12_000], of: 0)
        heard.setWordEnds([1], of: 0)
        heard.setWordEnds([1, 2, 3, 4, 5], of: 0)
        #expect(heard.heard(upTo: 7_000) == "one" && heard.heard(upTo: 7_001) == "one two")
    }

    @Test func wordTimesCountInsideAStretchOfSegments() {
        var heard = HeardText()
        heard.append(segment: 0, text: "one two")
        heard.append(segment: 1, text: "six ten")
        heard.append(segment: 2, text: "end")
        heard.append(samples: 800, to: 0)
        heard.append(samples: 1_000, to: 1)
        heard.setWordEnds([100, 1_000], of: 1)
        heard.complete(through: 2)
        // The first segment by weight up to 800, the second from there by its times, the third behind it.
        #expect(heard.heard(upTo: 551) == "one two" && heard.heard(upTo: 850) == "one two")
        #expect(heard.heard(upTo: 851) == "one two six" && heard.heard(upTo: 1_350) == "one two six")
        #expect(heard.heard(upTo: 1_351) == "one two six ten" && heard.heard(upTo: 1_800) == "one two six ten end")
    }

    @Test func wordTimesOfASegmentWithoutAPlaceAreNotBelieved() {
        var heard = HeardText()
        heard.append(segment: 0, text: "one two")
        heard.append(segment: 1, text: "six ten")
        heard.append(samples: 1_600, to: 0)
        heard.setWordEnds([1, 2], of: 1)
        heard.complete(through: 1)
        #expect(heard.heard(upTo: 900) == "one two" && heard.heard(upTo: 960) == "one two six")
    }

    @Test func pausesAndDigitsTakeTime() {
        var heard = HeardText()
        heard.append(segment: 0, text: "Yes. 12 no")
        heard.append(samples: 2_100, to: 0)
        heard.complete(through: 0)
        // Yes 3, full stop 6 + 1, 12 two digits of 4 and 1, no 2 and 1: 22.
        let unit = 2_100.0 / 22
        #expect(heard.heard(upTo: Int64(unit * 13.5)) == "Yes.")
        #expect(heard.heard(upTo: Int64(unit * 14.5)) == "Yes. 12")
    }

    @Test func audioBeforeItsTextBelongsToTheFirstSegment() {
        var (late, early) = (HeardText(), HeardText())
        late.append(segment: 0, text: "One two three.")
        late.append(samples: 900, to: 0)
        early.append(samples: 900, to: 0)
        early.append(segment: 0, text: "One two three.")
        for position in stride(from: Int64(0), through: 900, by: 100) {
            #expect(early.heard(upTo: position) == late.heard(upTo: position))
        }
        early.complete(through: 0)
        late.complete(through: 0)
        #expect(early.heard(upTo: 899) == late.heard(upTo: 899) && early == late)
    }

    @Test func nothingFromNothing() {
        var heard = HeardText(sampleRate: 0)
        #expect(heard.heard(upTo: 10) == "" && heard.text == "")
        heard.append(samples: 10, to: 3)
        heard.complete(through: 7)
        heard.append(segment: 0, text: "")
        heard.append(segment: 1, text: "a")
        heard.complete(through: 0)
        heard.complete(through: 1)
        #expect(heard.heard(upTo: 0) == "a" && heard.text.contains("a"))
    }

    @Test func neverGoesBackAndEndsWithTheWholeText() {
        let words = ["yes", "no,", "42", "e-mail", "fine.", "é", "(so)"]
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var heard = HeardText(sampleRate: 8_000)
            var total: Int64 = 0
            for segment in 0..<Int.random(in: 1...4, using: &random) {
                let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                    words.randomElement(using: &random) ?? ""
                }
                heard.append(segment: segment, text: text.joined(separator: " "))
                let samples = Int.random(in: 1...20_000, using: &random)
                total += Int64(samples)
                heard.append(samples: samples, to: segment)
                let known = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    Int64.random(in: 0...25_000, using: &random)
                }
                if Bool.random(using: &random) { heard.setWordEnds(known.sorted(), of: segment) }
                if Bool.random(using: &random) { heard.complete(through: segment) }
            }
            var last = ""
            for step in 0...50 as ClosedRange<Int64> {
                let now = heard.heard(upTo: total * step / 50)
                #expect(now.hasPrefix(last) && heard.text.hasPrefix(now), "seed \(seed)")
                last = now
            }
            heard.complete(through: 9)
            #expect(heard.heard(upTo: total) == heard.text, "seed \(seed)")
        }
    }
}

/// A voice that breaks off in the middle.
@Suite struct HeardTextBreakTests {
    /// Two segments; the first has the times of its words, of 1,000 samples each.
    private func reply(samples: Int, ends: Int) -> HeardText {
        var heard = HeardText(sampleRate: 8_000)
        heard.append(segment: 0, text: "Good day.")
        heard.append(samples: 2_000, to: 0)
        heard.complete(through: 0)
        heard.append(segment: 1, text: "one two three four")
        heard.append(segment: 2, text: "five six")
        heard.append(samples: samples, to: 1)
        heard.setWordEnds((0..<ends).map { Int64($0 + 1) * 1_000 }, of: 1)
        return heard
    }

    /// Samples there, word ends known, samples handed out; kept, through, owed.
    @Test(
        arguments: [
            // Nothing of the segment is there: all of it is owed.
            (0, 0, 0, 2_000, 0, "one two three four|five six"),
            // Whole words stay, a torn one goes.
            (2_500, 4, 0, 4_000, 0, "three four|five six"),
            (2_000, 4, 0, 4_000, 0, "three four|five six"),
            (1_999, 4, 0, 3_000, 0, "two three four|five six"),
            // A torn word that was mostly handed out is not said again; one that was hardly is.
            (2_600, 4, 4_600, 4_600, 0, "four|five six"),
            (2_600, 4, 4_400, 4_400, 0, "three four|five six"),
            // Audio for the words that have times: those behind it are owed.
            (2_000, 2, 4_000, 4_000, 0, "three four|five six"),
            (2_000, 2, 0, 4_000, 0, "three four|five six"),
            // All words are there; only the report that the segment is complete was missing.
            (4_000, 4, 0, 6_000, 1, "five six"),
        ] as [(Int, Int, Int64, Int64, Int, String)])
    func keepsWholeWords(
        samples: Int, ends: Int, handed: Int64, kept: Int64, through: Int, owed: String
    ) {
        var heard = reply(samples: samples, ends: ends)
        #expect(heard.breakOff(handed: handed) == .init(samples: kept, through: through))
        #expect(heard.owed.map(\.text).joined(separator: "|") == owed)
        #expect(heard.text == "Good day. one two three four five six")
    }

    /// Without word times the speed measured so far tells what the audio holds: an estimate.
    @Test func withoutWordTimesTheMeasuredSpeedDecides() {
        var heard = HeardText(sampleRate: 8_000)
        heard.append(segment: 0, text: "Good day.")
        heard.append(samples: 1_400, to: 0)
        heard.complete(through: 0)
        heard.append(segment: 1, text: "Good day.")
        heard.append(segment: 2, text: "Good day.")
        heard.append(samples: 1_400, to: 1)
        #expect(heard.breakOff(handed: 0).through == 1)
        #expect(heard.owed.map(\.text) == ["Good day."])
    }

    @Test func whatFollowsIsCountedFromTheBreak() {
        var heard = reply(samples: 2_500, ends: 4)
        _ = heard.breakOff(handed: 0)
        heard.append(samples: 2_000, to: 1)
        heard.setWordEnds([500, 2_000], of: 1)
        heard.complete(through: 1)
        heard.append(samples: 800, to: 2)
        heard.complete(through: 2)
        #expect(heard.heard(upTo: 4_000) == "Good day. one two")
        #expect(heard.heard(upTo: 4_300) == "Good day. one two three")
        #expect(heard.heard(upTo: 6_000) == "Good day. one two three four")
        #expect(heard.heard(upTo: 6_800) == "Good day. one two three four five six")
    }

    @Test func whatIsGivenUpIsNotSaid() {
        var heard = reply(samples: 2_500, ends: 4)
        _ = heard.breakOff(handed: 0)
        heard.dropOwed()
        #expect(heard.text == "Good day. one two")
        #expect(heard.owed.isEmpty)
    }

    @Test func someWordTimesAreBetterThanNone() {
        var heard = HeardText(sampleRate: 8_000)
        heard.append(segment: 0, text: "one two three four")
        heard.append(samples: 4_000, to: 0)
        heard.setWordEnds([3_000], of: 0)
        #expect(heard.heard(upTo: 2_000) == "one")
        heard.setWordEnds([100, 200], of: 0)
        #expect(heard.heard(upTo: 200) == "one two")
        // Fewer than before, and more than there are words: both are wrong.
        heard.setWordEnds([3_000], of: 0)
        heard.setWordEnds([1, 2, 3, 4, 5], of: 0)
        #expect(heard.heard(upTo: 200) == "one two")
    }
}
