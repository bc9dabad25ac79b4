import Testing

@testable import VoiceEngineCore

/// The cut held against audio of which it is known where each word is: sentences that a voice has spoken.
@Suite struct HeardTextTruthTests {
    /// Spoken by Flite 2.2's voice `slt`, with the times [ms] of its segments, counted from the first sound.
    struct Sentence: Sendable {
        let text: String
        let starts: [Int]
        let ends: [Int]

        init(_ text: String, starts: [Int], ends: [Int]) {
            self.text = text
            self.starts = starts
            self.ends = ends
        }

        /// [samples] At 8 kHz.
        var samples: Int { (ends.last ?? 0) * 8 }
        /// [ms] Where half of each word is over.
        var middles: [Int] { zip(starts, ends).map { ($0 + $1) / 2 } }
    }

    static let sentences: [Sentence] = [
        .init(
            "Thanks for calling Riverside Dental, how can I help you today?",
            starts: [0, 446, 611, 1043, 1645, 2244, 2445, 2700, 2840, 3158, 3317],
            ends: [446, 611, 1043, 1645, 2132, 2445, 2700, 2840, 3158, 3317, 3734]),
        .init(
            "Doctor Smith has an opening on Thursday at three thirty.",
            starts: [0, 405, 807, 1076, 1231, 1674, 1824, 2381, 2473, 2761],
            ends: [405, 807, 1076, 1231, 1674, 1824, 2381, 2473, 2761, 3120]),
        .init(
            "A regular cleaning usually takes about forty-five minutes, and we can do it on the same day.",
            starts: [0, 52, 463, 933, 1485, 2024, 2426, 3166, 3644, 3798, 3917, 4159, 4300, 4402, 4585, 4650, 5001],
            ends: [52, 463, 933, 1485, 2024, 2426, 3166, 3532, 3798, 3917, 4159, 4300, 4402, 4585, 4650, 5001, 5311]),
        .init(
            "I understand that you have been having some pain on the left side.",
            starts: [0, 235, 798, 981, 1074, 1255, 1428, 1710, 1983, 2270, 2452, 2508, 2854],
            ends: [235, 798, 981, 1074, 1255, 1428, 1710, 1983, 2270, 2452, 2508, 2854, 3318]),
        .init(
            "Would you like me to book one of those for you?",
            starts: [0, 193, 336, 606, 722, 809, 1021, 1232, 1336, 1509, 1650],
            ends: [193, 336, 606, 722, 809, 1021, 1232, 1336, 1509, 1650, 1936]),
        .init(
            "Is there anything else that I should know before your visit, such as allergies or medications?",
            starts: [0, 156, 350, 966, 1159, 1329, 1429, 1695, 1961, 2338, 2502, 2916, 3261, 3420, 3998, 4160],
            ends: [156, 350, 966, 1159, 1329, 1429, 1695, 1961, 2338, 2502, 2816, 3261, 3420, 3998, 4160, 5153]),
        .init(
            "Sure, let me check what we have available this week.",
            starts: [0, 468, 683, 798, 1076, 1257, 1400, 1573, 2183, 2382],
            ends: [364, 683, 798, 1076, 1257, 1400, 1573, 2183, 2382, 2723]),
        .init(
            "Your confirmation number is seven four two nine one six.",
            starts: [0, 211, 1080, 1465, 1574, 1934, 2212, 2352, 2638, 2844],
            ends: [211, 1080, 1465, 1574, 1934, 2212, 2352, 2638, 2844, 3257]),
        .init(
            "I am sorry, but we are closed on Sundays.",
            starts: [0, 235, 371, 1178, 1327, 1467, 1643, 2089, 2315],
            ends: [235, 371, 963, 1327, 1467, 1643, 2089, 2315, 3107]),
        .init(
            "The total comes to one hundred twenty dollars, including tax.",
            starts: [0, 94, 371, 685, 805, 1045, 1450, 1763, 2315, 2930],
            ends: [94, 371, 685, 805, 1045, 1450, 1763, 2195, 2930, 3433]),
        .init(
            "You can reach us at five five five, one two three, four five six seven.",
            starts: [0, 102, 327, 715, 846, 967, 1232, 1535, 1977, 2210, 2383, 2831, 3016, 3413, 3713],
            ends: [102, 327, 715, 846, 967, 1232, 1535, 1874, 2210, 2383, 2676, 3016, 3413, 3713, 4158]),
        .init(
            "No problem at all, I will move your appointment to next Tuesday at ten in the morning.",
            starts: [0, 247, 742, 906, 1328, 1536, 1741, 1968, 2266, 2929, 3039, 3422, 3809, 3956, 4136, 4249, 4307],
            ends: [247, 742, 906, 1229, 1536, 1741, 1968, 2266, 2929, 3039, 3422, 3809, 3956, 4136, 4249, 4307, 4785]),
    ]

    /// [ms] How far from the truth each word of a reply is taken into what was heard.
    private func errors(_ heard: HeardText, _ sentence: Sentence, after before: Int = 0) -> [Int] {
        let all = SpokenWords(heard.text).count
        let count = sentence.middles.count
        let heardCounts = (0...sentence.samples / 8).map { millisecond in
            SpokenWords(heard.heard(upTo: Int64(before + millisecond * 8))).count - (all - count)
        }
        return sentence.middles.enumerated().map { index, middle in
            abs((heardCounts.firstIndex { $0 > index } ?? heardCounts.count) - middle)
        }
    }

    private func mean(_ errors: [Int]) -> Int { errors.reduce(0, +) / max(errors.count, 1) }

    /// A reply of one sentence, of which all audio is there.
    private func complete(_ sentence: Sentence, isTimed: Bool) -> HeardText {
        var heard = HeardText(sampleRate: 8_000)
        heard.append(segment: 0, text: sentence.text)
        heard.append(samples: sentence.samples, to: 0)
        if isTimed { heard.setWordEnds(sentence.ends.map { Int64($0 * 8) }, of: 0) }
        heard.complete(through: 0)
        return heard
    }

    /// A word begins somewhere between the end of the one before and its own end: half a pause is the most.
    @Test(arguments: sentences) func withWordTimesTheCutIsRight(sentence: Sentence) {
        let errors = errors(complete(sentence, isTimed: true), sentence)
        #expect(errors.allSatisfy { $0 <= 100 } && mean(errors) <= 10, "\(errors)")
    }

    @Test func onKnownAudioTheCutIsAWordOffAtMost() {
        var all: [Int] = []
        for sentence in Self.sentences { all += errors(complete(sentence, isTimed: false), sentence) }
        all.sort()
        #expect(mean(all) <= 130 && all[all.count * 95 / 100] <= 330, "\(mean(all)), \(all.suffix(9))")
    }

    /// Audio that still arrives is cut by the speed measured in this call, which knows the voice.
    @Test func theRateOfTheCallBeatsTheUsualOne() {
        var rate = SpeakingRate()
        var (measured, usual): ([Int], [Int]) = ([], [])
        for sentence in Self.sentences {
            for (isFirst, given) in [(true, SpeakingRate()), (false, rate)] {
                var heard = HeardText(sampleRate: 8_000, rate: given)
                heard.append(segment: 0, text: sentence.text)
                // Half of it has come.
                heard.append(samples: sentence.samples / 2, to: 0)
                let half = sentence.middles.prefix { $0 < sentence.ends[sentence.ends.count - 1] / 2 - 300 }.count
                let errors = errors(heard, sentence).prefix(half)
                if isFirst { usual += errors } else { measured += errors }
                if !isFirst {
                    heard.append(samples: sentence.samples - sentence.samples / 2, to: 0)
                    heard.complete(through: 0)
                    rate = heard.rate
                }
            }
        }
        #expect(mean(measured) <= 160, "\(mean(measured)), \(mean(usual))")
        #expect(mean(measured) < mean(usual), "\(mean(measured)), \(mean(usual))")
    }
}
