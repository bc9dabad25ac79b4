import Testing

@testable import VoiceEngineCore

@Suite struct SpeakableTextTests {
    static let table: [(String, String)] = [
        ("Plain text.", "Plain text."),
        ("**Bold** and *italic* and __under__ and ~~gone~~", "Bold and italic and under and gone"),
        ("# Title\n## Sub\ntext", "Title\nSub\ntext"), ("- one\n* two\n+ three\n• four", "one\ntwo\nthree\nfour"),
        ("1. one\n2. two", "1. one\n2. two"), ("-5 degrees", "-5 degrees"), ("#1 choice", "#1 choice"),
        ("see `code` here", "see code here"), ("a\n```swift\nlet x = `1`\n```\nb", "a\n\nb"),
        ("run ```ls -la``` now", "run   now"),
        ("run: ```\nls\n``` done", "run: \ndone"), ("a ``b`` c", "a b c"), ("```ls```\nok", " \nok"),
        ("[text](http://x.y/z) ok", "text ok"),
        ("![alt](u) [1]", "!alt 1"), ("Hi 😀👍🏽 there ❤️!", "Hi  there !"), ("👨‍👩‍👧 ok", " ok"),
        ("<think>secret\nplan</think>Hello", "Hello"),
        ("Hi <THINK>a<b</THINK>there", "Hi there"), ("<think>never closed", ""),
        ("line<br/>break <b>x</b>", "line break  x "),
        ("2 < 3 and <5", "2 < 3 and <5"), ("john_doe@x.org snake_case", "john_doe@x.org snake_case"),
        ("3 * 4", "3 * 4"), ("~5 km", "~5 km"),
        ("a\u{0}\u{7}\u{200B}\u{FEFF}b\u{85}c", "abc"), ("> quote\n---\ntext", "quote\ntext"),
        ("| a | b |", "  a   b  "),
        ("20 °C © café", "20 °C © café"), ("a → b ✓", "a  b "), ("می\u{200C}خواهم", "می\u{200C}خواهم"),
        ("end <", "end <"),
        ("a\r\nb", "a\nb"), ("***", ""), ("price: $5 + 7% & more", "price: $5 + 7% & more"),
    ]

    @Test(arguments: table) func keepsWhatCanBeSaid(text: String, expected: String) {
        var speakable = SpeakableText()
        #expect(speakable.append(text) + speakable.finish() == expected)
    }

    @Test(arguments: table) func anySplitReadsAlike(text: String, expected: String) {
        var speakable = SpeakableText()
        var result = ""
        for scalar in text.unicodeScalars {
            result.unicodeScalars.append(contentsOf: speakable.append(String(scalar)).unicodeScalars)
        }
        result += speakable.finish()
        #expect(result == expected)
        #expect(speakable.append("next") == "next")
    }

    @Test func noiseNeverTrapsAndNothingIsHeldForLong() {
        let alphabet = Array("<>/think`*_~[]()#-!\n a1😀".unicodeScalars)
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var speakable = SpeakableText()
            var length = 0
            for _ in 0..<300 {
                length += speakable.append(String(alphabet.randomElement(using: &random) ?? "a")).unicodeScalars.count
            }
            #expect(length + speakable.finish().unicodeScalars.count <= 400, "seed \(seed)")
        }
    }
}
