/// Joins an answer that broke off with the one that continues it: what the second repeats of the first is cut off.
/// Pure; fed with pieces of any length.
///
/// A model that is asked to continue often begins with the last words again, or with the whole answer. The longest
/// beginning of the continuation that is an end of what was said, from the start of a word on, is dropped. While that
/// is open, text is held back; of a continuation that breaks off meanwhile nothing is said.
package struct AnswerContinuation: Equatable, Sendable {
    /// What the new model is told was said: whole words only.
    package let asked: String
    /// Characters of the end of what was said that are looked at.
    private static let reach = 2_000

    private let said: [Character]
    /// `said` holds all of it.
    private let isWhole: Bool
    /// Places in `said` where a word begins, in order: the longest overlap first.
    private var candidates: [Int]
    private var held: [Character] = []
    private var isOpen = true
    private let endsInWord: Bool
    /// Words of a whole continuation from which on it is taken for the same answer again.
    private static let fewestRepeated = 3

    package init(said: String) {
        let all = Array(said)
        let text = Array(all.suffix(Self.reach))
        endsInWord = all.last.map(Self.isWord) ?? false
        // A word that may be half of one is left to the new model.
        asked = endsInWord ? String(all[..<(all.lastIndex { $0.isWhitespace }.map { $0 + 1 } ?? 0)]) : said
        self.said = text
        let isWhole = text.count == all.count
        self.isWhole = isWhole
        candidates = text.indices.filter { index in
            !text[index].isWhitespace && (index == 0 ? isWhole : text[index - 1].isWhitespace)
        }
    }

    private static func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }

    /// - Returns: What is new of this piece and of those before it.
    package mutating func append(_ piece: String) -> String {
        guard isOpen else { return piece }
        for character in piece where !(held.isEmpty && character.isWhitespace && said.last?.isWhitespace ?? true) {
            held.append(character)
        }
        return decide(isLast: false)
    }

    /// The continuation is complete.
    package mutating func finish() -> String { isOpen ? decide(isLast: true) : "" }

    /// The longest overlap that is there, once no longer one can come.
    private mutating func decide(isLast: Bool) -> String {
        let start = held.firstIndex { !$0.isWhitespace } ?? held.count
        let text = held[start...]
        candidates = candidates.filter { matches(text, from: $0) }
        // The first candidate is the longest overlap: what it wants to see has come, or may still come.
        guard let longest = candidates.first else { return release(dropping: 0) }
        let wanted = said.count - longest
        if text.count >= wanted { return release(dropping: start + wanted) }
        guard isLast else { return "" }
        return release(dropping: isBeginning(longest) && isLong(text) ? held.count : 0)
    }

    /// Whether the whole answer begins at this place.
    private func isBeginning(_ place: Int) -> Bool { place == 0 && isWhole }

    private func isLong(_ text: ArraySlice<Character>) -> Bool {
        text.split(whereSeparator: \.isWhitespace).count >= Self.fewestRepeated
    }

    private func matches(_ text: ArraySlice<Character>, from place: Int) -> Bool {
        zip(said[place...], text).allSatisfy { $0.lowercased() == $1.lowercased() }
    }

    private mutating func release(dropping count: Int) -> String {
        isOpen = false
        let rest = String(held.dropFirst(count))
        held = []
        guard count == 0, let first = rest.first else { return rest }
        return runsOn(with: first) ? " " + rest : rest
    }

    /// A word that was not taken up again must not run into the next one, nor a sentence into the next. A number may go
    /// on behind a point.
    private func runsOn(with next: Character) -> Bool {
        guard Self.isWord(next), let last = said.last else { return false }
        if endsInWord { return true }
        return switch last {
        case ".", "!", "?", "…": next.isUppercase
        case ",", ";", ":": next.isLetter
        case _: false
        }
    }
}
