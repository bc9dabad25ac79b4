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
