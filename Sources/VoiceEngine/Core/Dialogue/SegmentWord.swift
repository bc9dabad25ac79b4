/// A word of a segment, and how long it takes to say: in letters, of which ordinary speech has about 15 a second.
struct SegmentWord: Equatable, Sendable {
    /// Where it ends in the text, in UTF-8.
    let end: Int
    let spoken: Double
    /// The gap behind it: a comma is a pause of about 0.2 s, the end of a sentence one of 0.4 s.
    let pause: Double

    /// Voices leave most of the last pause away: more audio follows, or nothing.
    static let longestLastPause = 3.0

    /// The words of a text, as `SpokenWords` counts them.
    static func all(of text: String) -> [SegmentWord] {
        let spoken = SpokenWords(text)
        return zip(spoken.words, spoken.ends).map { SegmentWord($0, end: $1) }
    }

    private init(_ word: Substring, end: Int) {
        var spoken = 0.0
        var gap = 1.0
        for scalar in word.unicodeScalars {
            if SpokenWords.isIdeographic(scalar) {
                // A syllable, without a gap behind it.
                (spoken, gap) = (spoken + (Self.isKana(scalar) ? 2 : 3), 0)
            } else if scalar.isNumeric {
                // A digit is a word of about four letters.
                spoken += 4
            } else if scalar.isAlphabetic {
                spoken += 1
            }
        }
        self.end = end
        self.spoken = max(spoken, 1)
        switch word.unicodeScalars.last(where: { !$0.isOne(of: "\"')]»”’」』》") }) {
        case ",", ";", ":", "–", "—", "，", "、", "；", "：": pause = gap + 3
        case ".", "!", "?", "…", "。", "！", "？": pause = gap + 6
        case _: pause = gap
        }
    }

    private static func isKana(_ scalar: Unicode.Scalar) -> Bool { (0x3040...0x30FF).contains(scalar.value) }
}
