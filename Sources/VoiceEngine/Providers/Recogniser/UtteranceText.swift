internal import VoiceEngineCore

/// The caller's words since the last commit, from segments that a recogniser tells as a whole again and again until it
/// closes them. Pure.
///
/// A commit may come in the middle of a segment. What the recogniser tells of that segment afterwards begins with words
/// that are a turn already: they are found by `SpokenWords.rest` and left out, also when they are written differently
/// now. So no word is lost and none comes twice.
struct UtteranceText {
    /// Closed segments.
    private var settled = ""
    /// The open segment as it was told last.
    private var segment = ""
    /// How the open segment began when it was committed.
    private var committed = SpokenWords()
    /// The open segment without what was committed.
    private var open = ""

    /// The whole utterance.
    var text: String { Self.join(settled, open) }
    /// Nothing is open.
    var isClosed: Bool { open.isEmpty }
    /// The open segment has words, committed or not.
    var hasSegment: Bool { !segment.isEmpty }

    /// The open segment as a whole.
    mutating func update(_ text: String) {
        segment = text
        open = committed.isEmpty ? Self.trim(text) : committed.rest(of: text)
    }

    /// The open segment's last form.
    mutating func close(_ text: String) {
        update(text)
        close()
    }

    /// The open segment stays as it was told last.
    mutating func close() {
        settled = text
        segment = ""
        open = ""
        committed = SpokenWords()
    }

    mutating func commit() { commit(openingWith: segment) }

    /// As `commit()`, when the recogniser tells the rest of the open segment only, from here on.
    ///
    /// - Parameter tail: What is told again, and committed too.
    mutating func commit(openingWith tail: String) {
        segment = tail
        committed = SpokenWords(tail)
        settled = ""
        open = ""
    }

    /// The words after each other, with a space where the scripts have one.
    static func join(_ a: String, _ b: String) -> String {
        guard let last = a.last, let first = b.first else { return a + b }
        return SpokenWords.isWord(last) && SpokenWords.isWord(first) ? a + b : a + " " + b
    }

    static func trim(_ text: String) -> String {
        guard text.first?.isWhitespace ?? false || text.last?.isWhitespace ?? false else { return text }
        var rest = Substring(text)
        while rest.first?.isWhitespace ?? false { rest.removeFirst() }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return String(rest)
    }
}

/// Words as they sound: without case and punctuation. Scripts without spaces count by the character.
struct SpokenWords: Equatable {
    /// Longer beginnings are compared by their last words only: time is quadratic.
    private static let longestComparison = 200

    private var words: [String] = []

    init() {}
    init(_ text: String) { words = Self.split(text).map(\.sound) }

    var isEmpty: Bool { words.isEmpty }

    /// What of `text` comes after these words, although it may tell them differently.
    ///
    /// Of all ways to cut `text` in two, the one is taken whose first part differs least from these words (insertions,
    /// deletions and replacements of words); among equals the one that keeps their number.
    func rest(of text: String) -> String {
        let told = Self.split(text)
        let cut = told.map(\.sound).starts(with: words) ? words.count : Self.cut(told.map(\.sound), after: words)
        guard cut < told.count else { return "" }
        return UtteranceText.trim(String(text[told[cut].range.lowerBound...]))
    }

    /// Whether the character is a word of its own.
    static func isWord(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first?.value, scalar >= 0x0E00 else { return false }
        return switch scalar {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF: true  // Thai, Lao, Burmese, Khmer
        case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF: true  // kana, Han
        case 0x20000...0x3FFFF: true  // Han
        default: false
        }
    }

    private struct Word {
        var sound: String
        var range: Range<String.Index>
    }

    private static func split(_ text: String) -> [Word] {
        var words: [Word] = []
        var start: String.Index?
        func end(_ index: String.Index) {
            guard let first = start else { return }
            start = nil
            let sound = text[first..<index].filter { $0.isLetter || $0.isNumber }.lowercased()
            if sound.isEmpty, !words.isEmpty {
                // Punctuation alone belongs to the word before.
                words[words.count - 1].range = words[words.count - 1].range.lowerBound..<index
            } else {
                words.append(Word(sound: sound, range: first..<index))
            }
        }
        var index = text.startIndex
        while index < text.endIndex {
            let (character, next) = (text[index], text.index(after: index))
            if character.isWhitespace {
                end(index)
            } else if isWord(character) {
                end(index)
                start = index
                end(next)
            } else if start == nil {
                start = index
            }
            index = next
        }
        end(text.endIndex)
        return words
    }

    /// How many of the words `told` are another form of `known`.
    private static func cut(_ told: [String], after known: [String]) -> Int {
        let skipped = max(0, known.count - longestComparison)
        let known = known.dropFirst(skipped)
        guard told.count > skipped else { return told.count }
        let told = told.dropFirst(skipped).prefix(known.count * 2 + 8)
        // Row by row: cost[k] of turning the known words so far into the first k told ones.
        var cost = Array(0...told.count)
        for word in known {
            var diagonal = cost[0]
            cost[0] += 1
            for (position, other) in told.enumerated() {
                let replaced = diagonal + (word == other ? 0 : 1)
                diagonal = cost[position + 1]
                cost[position + 1] = min(replaced, diagonal + 1, cost[position] + 1)
            }
        }
        let best = cost.indices.min {
            (cost[$0], abs($0 - known.count), -$0) < (cost[$1], abs($1 - known.count), -$1)
        }
        return skipped + (best ?? 0)
    }
}
