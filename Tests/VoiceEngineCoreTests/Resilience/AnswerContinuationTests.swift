import Testing

@testable import VoiceEngineCore

@Suite struct AnswerContinuationTests {
    /// said, what the new model is told, its pieces, what is new of them
    static let rows: [(String, String, [String], String)] = [
        ("We open at", "We open ", [" at", " nine."], " nine."),
        ("We open at ", "We open at ", ["nine."], "nine."),
        ("We open at ", "We open at ", [" nine."], "nine."),
        ("We open. ", "We open. ", ["We close."], "We close."),
        ("We open.", "We open.", [" On Monday."], " On Monday."),
        // Two sentences, and two numbers.
        ("We open.", "We open.", ["On Monday."], " On Monday."),
        ("At nine,", "At nine,", ["or ten."], " or ten."),
        ("It is 3.", "It is 3.", ["50 each."], "50 each."),
        ("At 10:", "At 10:", ["30."], "30."),
        // The last words again, the whole again, in other cases and pieces.
        ("We open at nine, ", "We open at nine, ", ["at", " nine", ", and close"], "and close"),
        ("We open at nine, ", "We open at nine, ", ["We open at nine, and", " close"], "and close"),
        ("We open at nine, ", "We open at nine, ", ["we OPEN at nine, and"], "and"),
        // Half a word: the new model says it whole.
        ("We open at ni", "We open at ", ["nine."], "ne."),
        ("We open at ni", "We open at ", ["ni", "ne."], "ne."),
        ("We open", "We ", ["opening hours"], "ing hours"),
        // A word that was whole and is not taken up again stands apart.
        ("We open at", "We open ", ["from nine"], " from nine"),
        ("Wel", "", ["Hello"], " Hello"),
        ("Wel", "", ["Well"], "l"),
        // What looks like an overlap and is none.
        ("at nine, ", "at nine, ", ["at ten"], "at ten"),
        ("no ", "no ", [], ""),
        ("at nine ", "at nine ", ["at"], "at"),
        // The answer anew, but shorter: nothing of it is new. A few words may be meant.
        ("We open at nine. On Mondays at ten.", "We open at nine. On Mondays at ten.", ["We open at nine."], ""),
        ("No no. We open.", "No no. We open.", ["No no."], " No no."),
    ]

    /// A continuation that breaks off as well: what may be a repetition is not said.
    @Test func repeatsNothingThatBrokeOff() {
        var joint = AnswerContinuation(said: "We open at nine. On Mon")
        #expect(joint.append("We open") == "")
        joint = AnswerContinuation(said: "We open at nine. On Mon")
        #expect(joint.append("We open at nine. On Mondays") == "days")
        #expect(joint.finish() == "")
    }

    @Test(arguments: rows) func joins(said: String, asked: String, pieces: [String], expected: String) {
        var joint = AnswerContinuation(said: said)
        #expect(joint.asked == asked)
        var new = ""
        for piece in pieces { new += joint.append(piece) }
        new += joint.finish()
        #expect(new == expected)
    }

    /// However the continuation is cut into pieces, the same is new of it; and nothing of it is lost.
    @Test func piecesDoNotMatter() {
        let words = ["we", "open", "at", "nine", "no", "on", "Monday,", "ten."]
        for seed in UInt64(0)..<400 {
            var random = SeededRandom(seed: seed)
            func text(_ count: Int) -> String {
                (0..<count).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
            }
            let said = text(.random(in: 1...6, using: &random)) + (Bool.random(using: &random) ? " " : "")
            let next = text(.random(in: 1...6, using: &random))
            var whole = AnswerContinuation(said: said)
            let expected = whole.append(next) + whole.finish()
            var split = AnswerContinuation(said: said)
            let new = next.reduce("") { $0 + split.append(String($1)) } + split.finish()
            #expect(new == expected, "seed \(seed)")
            let plain = new.hasPrefix(" ") ? String(new.dropFirst()) : new
            #expect(next.hasSuffix(plain), "seed \(seed)")
            #expect(
                said.lowercased().hasSuffix(next.dropLast(plain.count).lowercased().trimmed(like: said)), "seed \(seed)"
            )
        }
    }
}

extension String {
    /// Without the blank at its end, where `other` has none.
    fileprivate func trimmed(like other: String) -> String {
        hasSuffix(" ") && !other.hasSuffix(" ") ? String(dropLast()) : self
    }
}
