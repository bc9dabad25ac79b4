/// A segment as it is written and as it is spoken, with the way back: what of the written text somebody has heard who
/// heard so many spoken words.
///
/// ```
/// original  It costs $1,234.50 today.
/// spoken    It costs one thousand two hundred thirty-four dollars and fifty cents today.
/// rewrites           └──────────────── "$1,234.50" ────────────────────────────┘
/// ```
///
/// A word is a run of characters other than whitespace; each Chinese or Japanese character is a word with the
/// punctuation after it. Offsets are in UTF-8.
package struct SpokenSegment: Equatable, Sendable {
    /// A stretch of the original that is spoken in other words.
    struct Rewrite: Equatable, Sendable {
        var original: Range<Int>
        var spoken: Range<Int>
    }

    /// As the language model wrote it, without marks: for the conversation, events and transcripts.
    package let original: String
    /// For the voice.
    package let spoken: String
    /// In order, without overlap.
    let rewrites: [Rewrite]

    /// A segment that is spoken as it is written.
    package init(_ text: String) { self.init(original: text, spoken: text, rewrites: []) }

    init(original: String, spoken: String, rewrites: [Rewrite]) {
        self.original = original
        self.spoken = spoken
        self.rewrites = rewrites
    }

    /// The words of the spoken text.
    package var spokenWordCount: Int { SpokenWords(spoken).count }

    /// The original up to where the caller is who heard the first `count` spoken words.
    ///
    /// A stretch that is spoken in other words counts once at least half of it was heard, as a word does. Grows with
    /// `count`; nothing for 0, everything for all words.
    package func original(afterSpokenWords count: Int) -> String {
        guard count > 0 else { return "" }
        guard let end = SpokenWords(spoken).end(ofWord: count) else { return original }
        return original(upToSpoken: end)
    }

    /// The original for a text that the spoken one begins with, for who cut the spoken text: only its words count.
    package func original(afterSpoken prefix: String) -> String {
        original(afterSpokenWords: SpokenWords(prefix).count)
    }

    private func original(upToSpoken position: Int) -> String {
        if position >= spoken.utf8.count { return original }
        var end = position
        // The last stretch that has begun decides: before it everything was heard.
        if let index = rewrites.lastIndex(where: { $0.spoken.lowerBound < position }) {
            let rewrite = rewrites[index]
            if position >= rewrite.spoken.upperBound {
                end = rewrite.original.upperBound + position - rewrite.spoken.upperBound
            } else if 2 * (position - rewrite.spoken.lowerBound) >= rewrite.spoken.count {
                end = rewrite.original.upperBound
            } else {
                end = rewrite.original.lowerBound
            }
        }
        let utf8 = original.utf8
        guard let index = utf8.index(utf8.startIndex, offsetBy: end, limitedBy: utf8.endIndex) else { return original }
        var heard = original[..<index].unicodeScalars
        // An opening bracket or quote belongs to what was not heard.
        while let last = heard.last, last.isWhitespace || last.isOne(of: "([{\"«„“‘¿¡") {
            heard.removeLast()
        }
        return String(heard)
    }
}

/// What of a reply is spoken how: its segments in order.
package struct SpokenReply: Equatable, Sendable {
    private var segments: [SpokenSegment] = []

    package init() {}

    package mutating func append(_ segment: SpokenSegment) { segments.append(segment) }

    /// The whole reply as it was written.
    package var original: String { SpokenWords.joined(segments.map(\.original)) }

    /// What of the reply, as it was written, the caller has heard who heard this of what was spoken.
    ///
    /// - Parameter spoken: The heard beginning of the spoken segments, joined by spaces or not: its words are counted.
    package func original(heard spoken: String) -> String {
        var left = SpokenWords(spoken).count
        var pieces: [String] = []
        for segment in segments {
            guard left > 0 else { break }
            let count = segment.spokenWordCount
            pieces.append(left >= count ? segment.original : segment.original(afterSpokenWords: left))
            left -= count
        }
        return SpokenWords.joined(pieces)
    }
}

/// The words of a text as voices and listeners count them; see `SpokenSegment`.
package struct SpokenWords {
    private let text: String

    package init(_ text: String) { self.text = text }

    package var count: Int {
        var count = 0
        walk { _ in
            count += 1
            return true
        }
        return count
    }

    /// Where a word ends in UTF-8, counted from 1; nil beyond the last.
    func end(ofWord number: Int) -> Int? {
        var result: Int?
        var word = 0
        walk { end in
            word += 1
            if word == number { result = end }
            return word < number
        }
        return result
    }

    /// The words themselves, without the whitespace between them.
    package var words: [Substring] {
        var words: [Substring] = []
        var start = text.startIndex
        walk { end in
            let index = text.utf8.index(text.utf8.startIndex, offsetBy: end)
            words.append(text[start..<index].drop { $0.isWhitespace })
            start = index
            return true
        }
        return words
    }

    /// Where the words end, in UTF-8.
    var ends: [Int] {
        var ends: [Int] = []
        walk { end in
            ends.append(end)
            return true
        }
        return ends
    }

    /// Texts one after another: with a space between two, but between Chinese ones.
    static func joined(_ pieces: [String]) -> String {
        var text = ""
        for piece in pieces where !piece.isEmpty {
            if let last = text.unicodeScalars.last, let first = piece.unicodeScalars.first,
                !(isIdeographic(first) && (isIdeographic(last) || last.value >= 0x3000))
            {
                text += " "
            }
            text += piece
        }
        return text
    }

    /// Calls `body` with the end of each word until it returns false.
    private func walk(_ body: (Int) -> Bool) {
        var offset = 0
        var hasLetters = false
        // A Latin letter or a digit behind a Chinese character begins a word.
        var isBehindIdeograph = false
        for scalar in text.unicodeScalars {
            let isSpace = scalar.value <= 0x20 || scalar.isWhitespace
            let isIdeograph = Self.isIdeographic(scalar)
            if hasLetters, isSpace || isIdeograph || isBehindIdeograph && Self.isLatin(scalar) {
                if !body(offset) { return }
                hasLetters = false
            }
            offset += UTF8.width(scalar)
            if !isSpace { hasLetters = true }
            isBehindIdeograph = isIdeograph
        }
        if hasLetters { _ = body(offset) }
    }

    private static func isLatin(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case _: false
        }
    }

    /// Han and kana: written without spaces.
    static func isIdeographic(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: true
        case _: false
        }
    }
}
