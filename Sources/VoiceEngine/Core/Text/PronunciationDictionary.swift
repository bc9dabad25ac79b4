/// How an agent says certain words: product names, people, places.
///
/// Whole words only; of several that fit the longest is taken. An entry with a capital letter fits exactly as it is
/// written ("ACME" is not "acme"), an entry without any fits every spelling. What it is replaced by goes to the voice as
/// it is. A text without the first letters of an entry costs one look-up for each word.
package struct PronunciationDictionary: Equatable, Sendable {
    /// Most entries; more are refused by the document's reader and ignored here.
    package static let capacity = 500
    /// [characters] Longest word and longest pronunciation.
    package static let longestEntry = 100

    private struct Entry: Equatable, Sendable {
        let word: [Unicode.Scalar]
        let isExact: Bool
        let spoken: String
    }

    /// By first letter in lower case; longest first, exact ones before the others.
    private var entries: [Unicode.Scalar: [Entry]] = [:]
    /// Which of them are in ASCII, a bit for each letter; and whether any is not.
    private var lowInitials: UInt64 = 0
    private var highInitials: UInt64 = 0
    private var hasOtherInitials = false

    package init() {}

    /// - Parameter pronunciations: Word to how it is said. Blank and over-long ones are left out.
    package init(_ pronunciations: [String: String]) {
        for (key, spoken) in pronunciations.sorted(by: { $0.key < $1.key }).prefix(Self.capacity) {
            let word = key.split { $0.isWhitespace }.joined(separator: " ")
            let spoken = spoken.split { $0.isWhitespace }.joined(separator: " ")
            guard let first = word.unicodeScalars.first, !spoken.isEmpty,
                word.unicodeScalars.count <= Self.longestEntry, spoken.unicodeScalars.count <= Self.longestEntry
            else { continue }
            let entry = Entry(
                word: Array(word.unicodeScalars), isExact: word.unicodeScalars.contains { $0.isUppercase },
                spoken: spoken)
            entries[Self.folded(first), default: []].append(entry)
            note(Self.folded(first))
        }
        for key in entries.keys {
            entries[key]?.sort { a, b in
                a.word.count != b.word.count ? a.word.count > b.word.count : a.isExact && !b.isExact
            }
        }
    }

    package var isEmpty: Bool { entries.isEmpty }

    private mutating func note(_ initial: Unicode.Scalar) {
        switch initial.value {
        case ..<0x40: lowInitials |= 1 << UInt64(initial.value)
        case 0x40..<0x80: highInitials |= 1 << UInt64(initial.value - 0x40)
        case _: hasOtherInitials = true
        }
    }

    /// Whether an entry may begin with this character: a look that costs no look-up.
    private func mayBegin(with scalar: Unicode.Scalar) -> Bool {
        guard scalar.value < 0x80 else { return hasOtherInitials }
        let initial = Self.folded(scalar).value
        return (initial < 0x40 ? lowInitials >> UInt64(initial) : highInitials >> UInt64(initial - 0x40)) & 1 == 1
    }

    /// The entry that fits at `start`, which must be the beginning of a word.
    /// - Returns: What is said, and where the text goes on.
    func match(in text: [Unicode.Scalar], at start: Int) -> (spoken: String, end: Int)? {
        guard mayBegin(with: text[start]), let candidates = entries[Self.folded(text[start])] else { return nil }
        for entry in candidates {
            let end = start + entry.word.count
            guard end <= text.count, Self.fits(entry, text[start..<end]) else { continue }
            if let last = entry.word.last, end < text.count, Self.isJoined(last, text[end]) { continue }
            return (entry.spoken, end)
        }
        return nil
    }

    private static func fits(_ entry: Entry, _ text: ArraySlice<Unicode.Scalar>) -> Bool {
        zip(entry.word, text).allSatisfy { $0 == $1 || (!entry.isExact && $0 == folded($1)) }
    }

    /// Whether two neighbours are inside one word.
    static func isJoined(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Bool {
        if right.isGraphemeExtend { return true }
        if SpokenWords.isIdeographic(left) || SpokenWords.isIdeographic(right) { return false }
        return left.isAlphanumeric && right.isAlphanumeric
    }

    private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar.value < 0x80 {
            return ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar
        }
        return scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar
    }
}
