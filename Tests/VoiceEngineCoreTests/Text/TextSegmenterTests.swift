import Testing

@testable import VoiceEngineCore

@Suite struct TextSegmenterTests {
    private func segments(_ text: String, language: String = "en-US") -> [String] {
        var segmenter = TextSegmenter(language: language)
        return segmenter.append(text) + segmenter.finish()
    }

    @Test(
        arguments: [
            ("", []), ("   ", []), ("Sure.", ["Sure."]), ("Hello there", ["Hello there"]),
            (
                "Sure. We are open from nine, and until five. Bye!",
                ["Sure.", "We are open from nine, and until five.", "Bye!"]
            ),
            (
                "We are open today, Monday, from nine. Anything else?",
                ["We are open today,", "Monday, from nine.", "Anything else?"]
            ),
            ("Yes, well, I think so.", ["Yes, well, I think so."]),
            (
                "Dr. Smith and Mrs. J. Miller, e.g. today. Fine.",
                ["Dr. Smith and Mrs. J. Miller,", "e.g. today.", "Fine."]
            ),
            ("It costs 3.50 dollars. It is 9 a.m. on Monday.", ["It costs 3.50 dollars.", "It is 9 a.m. on Monday."]),
            ("We open at 9 a.m. You can come then.", ["We open at 9 a.m.", "You can come then."]),
            (
                "See www.example.com or mail a.b@example.co.uk. Thanks.",
                ["See www.example.com or mail a.b@example.co.uk.", "Thanks."]
            ),
            ("Take No. 5 please. I said no. Really.", ["Take No. 5 please.", "I said no.", "Really."]),
            ("It is 9. We open now.", ["It is 9.", "We open now."]), ("So do I. We agree.", ["So do I.", "We agree."]),
            ("1. First thing\n2. Second thing", ["1. First thing", "2. Second thing"]),
            ("He said \"go now.\" Then he left.", ["He said \"go now.\"", "Then he left."]),
            ("Wait... let me see. Ok", ["Wait... let me see.", "Ok"]), ("Ok?! Good", ["Ok?!", "Good"]),
            ("One two three four — five six", ["One two three four —", "five six"]), ("... -- !", []),
            ("你好。再见！", ["你好。", "再见！"]), ("a\n\n\nb", ["a", "b"]),
        ] as [(String, [String])])
    func cutsWhereASpeakerWould(text: String, expected: [String]) {
        #expect(segments(text) == expected)
    }

    @Test(arguments: [
        ("Am 3. Mai um 9 Uhr. Gut.", ["Am 3. Mai um 9 Uhr.", "Gut."]),
        ("Das ist z.B. Herr Dr. Maier, usw. Danke.", ["Das ist z.B. Herr Dr. Maier,", "usw.", "Danke."]),
        ("Haus Nr. 5 usw. und so fort.", ["Haus Nr. 5 usw. und so fort."]),
    ])
    func knowsGerman(text: String, expected: [String]) { #expect(segments(text, language: "de-DE") == expected) }

    @Test func theFirstSegmentLeavesAsSoonAsItsSpaceArrives() {
        var segmenter = TextSegmenter(language: "en")
        #expect(segmenter.append("We are open today,").isEmpty)
        #expect(segmenter.append(" ") == ["We are open today,"])
        #expect(segmenter.append("and tomorrow as well, I think").isEmpty)
        #expect(segmenter.finish() == ["and tomorrow as well, I think"])
    }

    @Test func longTextIsCutAtTheBestPlace() {
        let clauses = String(repeating: "some more words here, ", count: 40)
        let words = String(repeating: "word ", count: 200)
        let endless = String(repeating: "e\u{301}", count: 500)
        for text in [clauses, words, endless] {
            let pieces = segments("Ok. " + text)
            #expect(pieces.allSatisfy { $0.unicodeScalars.count <= TextSegmenter.longest + 1 })
            #expect(pieces.dropFirst().joined().filter { $0 != " " } == text.filter { $0 != " " })
        }
        #expect(segments("Ok. " + clauses).dropFirst().allSatisfy { $0.hasSuffix(",") })
    }

    @Test func anySplitCutsAlikeAndLosesNothing() {
        let parts = [
            "Hello", "Dr.", "3.5", "a.m.", "well,", "J.", "e.g.", "yes!", "…", "No.", "www.x.org.", "é😀", "\n", "(so)",
            "\"ok.\"", "7.", "。",
        ]
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let text = (0..<Int.random(in: 1...120, using: &random)).map { _ in
                parts.randomElement(using: &random) ?? ""
            }
            .joined(separator: " ")
            let whole = segments(text)
            var segmenter = TextSegmenter(language: "en-US")
            var split: [String] = []
            for scalar in text.unicodeScalars { split += segmenter.append(String(scalar)) }
            split += segmenter.finish()
            #expect(split == whole, "seed \(seed)")
            let spoken = { (text: String) in text.filter { $0.isLetter || $0.isNumber } }
            #expect(spoken(whole.joined()) == spoken(text), "seed \(seed)")
            #expect(whole.allSatisfy { $0.unicodeScalars.count <= TextSegmenter.longest + 1 }, "seed \(seed)")
        }
    }
}
