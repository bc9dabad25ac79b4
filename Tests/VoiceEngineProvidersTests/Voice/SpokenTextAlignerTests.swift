import Testing

@testable internal import VoiceEngineProviders

@Suite struct SpokenTextAlignerTests {
    private func aligner(_ texts: String...) -> SpokenTextAligner {
        var aligner = SpokenTextAligner()
        for text in texts { aligner.append(text) }
        return aligner
    }

    /// Pieces of 100 ms each.
    private func feed(_ aligner: inout SpokenTextAligner, _ pieces: String..., from: Int64 = 0) {
        for (index, piece) in pieces.enumerated() {
            let start = from + Int64(index) * 100
            aligner.feed(TimedText(text: piece, start: start, end: start + 80))
        }
    }

    @Test func findsWordsWhateverTheyAreCutInto() {
        var heard = aligner("Hello, Mr. O'Neill – how are you?", "Fine.")
        feed(&heard, "hello", "Mr", "ONeill", "how", "are", "yo")
        #expect(heard.ends(of: 0) == [80, 180, 280, 280, 380, 480] && !heard.isComplete)
        feed(&heard, "u?", "Fi", from: 600)
        #expect(heard.ends(of: 0).last == 680 && heard.ends(of: 1).isEmpty && heard.start(of: 1) == 700)
        feed(&heard, "ne.", from: 800)
        #expect(heard.ends(of: 1) == [880] && heard.isComplete)
    }

    /// In Chinese each character is a word, and a piece is of several.
    @Test func aPieceOfSeveralWordsIsShared() {
        var heard = aligner("你好，我是Anna。", "one two")
        feed(&heard, "你好", "我", "是Anna")
        #expect(heard.ends(of: 0) == [40, 80, 180, 216, 280])
        feed(&heard, "one two", from: 300)
        #expect(heard.ends(of: 1) == [340, 380] && heard.isComplete)
    }

    @Test func goesOnBehindWhatWasSpelledOut() {
        var heard = aligner("It costs 25 dollars today")
        feed(&heard, "It", "costs", "twenty", "five", "dollars", "today")
        #expect(heard.ends(of: 0) == [80, 180, 180, 480, 580] && heard.isComplete)
    }

    @Test func believesNothingAfterTooMuchThatDoesNotFit() {
        var heard = aligner("one two")
        for _ in 0..<13 { feed(&heard, "wrong") }
        #expect(heard.isComplete && !heard.hasMatched)
        feed(&heard, "one")
        #expect(heard.ends(of: 0).isEmpty)
    }

    @Test func aSegmentWithoutLettersBeginsWhereTheNextOneDoes() {
        var heard = aligner("a", "…", "b")
        feed(&heard, "a", "b")
        #expect(heard.start(of: 1) == 100 && heard.start(of: 2) == 100 && heard.start(of: 3) == nil)
        #expect(heard.ends(of: 1).isEmpty && heard.ends(of: 9).isEmpty)
    }
}
