import Testing

@testable import VoiceEngineCore

@Suite struct SpokenSegmentTests {
    private static let parts = [
        "It costs", "$1,234.50", "at 3:30 pm,", "anna.lee@example.com", "(call +1 555 123-4567)", "\"5 km\"", "naïve",
        "Dr. Smith", "COVID-19", "A1B-22", "etc.", "3-5", "20 °C!", "12\u{A0}500", "你好2个。", "ACME", "www.x.org",
        "2025-03-14",
    ]

    @Test func heardWordsLeadBackToTheOriginal() {
        let segment = SpeechNormalizer(language: "en", level: .full).spoken("It costs $1,234.50 today (about 3 km).")
        #expect(segment.original(afterSpokenWords: 2) == "It costs")
        #expect(segment.original(afterSpokenWords: 3) == "It costs")
        #expect(segment.original(afterSpokenWords: 9) == "It costs $1,234.50")
        #expect(segment.original(afterSpoken: "It costs one thousand") == "It costs")
        #expect(segment.original(afterSpokenWords: 99) == segment.original)
    }

    @Test(arguments: ["en", "de", "fr", "ru", "zh", "xx"]) func theWayBackNeverRunsBackwards(language: String) {
        let dictionary = PronunciationDictionary(["ACME": "ack me corporation", "naïve": "nigh eve"])
        let normalizer = SpeechNormalizer(language: language, level: .full, dictionary: dictionary)
        for seed in 0..<40 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let text = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                Self.parts.randomElement(using: &random) ?? ""
            }.joined(separator: " ")
            let segment = normalizer.spoken(text)
            #expect(segment.original == text)
            #expect(segment.original(afterSpokenWords: 0).isEmpty)
            #expect(segment.original(afterSpokenWords: segment.spokenWordCount) == text, "seed \(seed)")
            var last = ""
            for count in 0...segment.spokenWordCount {
                let heard = segment.original(afterSpokenWords: count)
                #expect(text.unicodeScalars.starts(with: heard.unicodeScalars), "seed \(seed): \(heard)")
                #expect(heard.utf8.count >= last.utf8.count, "seed \(seed)")
                last = heard
            }
        }
    }

    @Test func aReplyGoesBackOverItsSegments() {
        var reply = SpokenReply()
        let normalizer = SpeechNormalizer(language: "en", level: .full)
        for text in ["It is $5.", "Come at 3 pm."] { reply.append(normalizer.spoken(text)) }
        #expect(reply.original == "It is $5. Come at 3 pm.")
        #expect(reply.original(heard: "It is five dollars. Come at") == "It is $5. Come at")
        #expect(reply.original(heard: "") == "")
        var chinese = SpokenReply()
        for text in ["你好。", "再见。"] { chinese.append(SpokenSegment(text)) }
        #expect(chinese.original(heard: "你好。 再") == "你好。再")
    }

    @Test func theDictionaryTakesWholeWordsLongestFirst() {
        let dictionary = PronunciationDictionary([
            "ACME": "ack me", "acme corp": "ack me corporation", "sql": "sequel", "5G": "five gee", "": "x", "y": " ",
        ])
        let normalizer = SpeechNormalizer(language: "en", level: .off, dictionary: dictionary)
        #expect(
            normalizer.spoken("ACME's SQL, Acme Corp, acme, MySQL 5G.").spoken
                == "ack me's sequel, ack me corporation, acme, MySQL five gee.")
        #expect(
            SpeechNormalizer(language: "xx", level: .full, dictionary: dictionary).spoken("sql 5").spoken == "sequel 5")
        let large = PronunciationDictionary(
            Dictionary(uniqueKeysWithValues: (0..<600).map { ("word\($0)x", "said") }))
        let text = (0..<600).map { "word\($0)x" }.joined(separator: " ")
        let said = SpeechNormalizer(language: "en", level: .off, dictionary: large).spoken(text).spoken
        #expect(said.split(separator: " ").count { $0 == "said" } == PronunciationDictionary.capacity)
    }

    @Test func theWorkGrowsWithTheLengthOnly() {
        for part in ["word ", "1 ", "a.b@", "1-", "(1) ", "$", "1,", "1 2 3 ", "A1-", "Dr. ", "你", "–", "/"] {
            let text = String(repeating: part, count: 20_000)
            var scan = SpeechScan(text, language: .english, level: .full, dictionary: PronunciationDictionary())
            _ = scan.run()
            #expect(scan.steps <= text.unicodeScalars.count, "\(part)")
        }
    }

    @Test func anySplitOfAReplyIsSpokenAlike() {
        let normalizer = SpeechNormalizer(language: "en", level: .full)
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let text = (0..<40).map { _ in Self.parts.randomElement(using: &random) ?? "" }.joined(separator: " ")
            var whole = ReplyText(language: "en", normalizer: normalizer)
            let expected = whole.append(text) + whole.finish()
            var split = ReplyText(language: "en", normalizer: normalizer)
            var result: [SpokenSegment] = []
            for scalar in text.unicodeScalars { result += split.append(String(scalar)) }
            result += split.finish()
            #expect(result == expected, "seed \(seed)")
        }
    }
}
