/// Cuts a reply that arrives in tokens into segments that can be spoken on their own.
///
/// The first segment goes out as soon as it makes sense (a sentence, a clause of four words, or six words before "because"
/// or "and I"), because the caller waits for it; then whole sentences, because they sound better. A word is only judged once the space after it has
/// arrived, so that "3.5", "example.com" and "a.m." stay whole. At most `longest` characters wait; then the best
/// earlier boundary is taken. Whitespace is folded; a segment without any letter or digit is dropped.
package struct TextSegmenter: Sendable {
    /// [characters] Longest segment: about 17 s of speech; providers refuse texts from 1,000 to 2,000 on.
    package static let longest = 250
    /// Words of the first segment when it ends in a clause.
    private static let firstClauseWords = 4
    /// Words of the first segment before one that joins two clauses.
    private static let firstJointWords = 6
    /// A boundary before this many characters makes too short a piece of a long sentence.
    private static let shortestCut = 60

    /// [characters] A quotation is kept together up to here, the first segment's only so far as a caller waits gladly.
    private static let longestQuote = 160
    private static let longestFirstQuote = 80
    /// Characters of Han in a first clause.
    private static let firstClauseHan = 6

    private enum Boundary {
        case none
        case clause
        /// "March 14," may be followed by a year, "555," by more of the number.
        case clauseUnlessDigit
        case sentence
        case sentenceBeforeCapital
        case sentenceUnlessDigit
        /// A full stop before a small letter is an abbreviation that no table has.
        case sentenceUnlessLowercase
    }

    private let table: LanguageTable
    private var pending: [Unicode.Scalar] = []
    private var wordStart = 0
    private var words = 0
    /// After the last clause of `pending`.
    private var lastClause = 0
    /// Where the word before this one begins when it is one like "and".
    private var link: Int?
    private var isFirst = true
    /// The last word ended with what is a boundary only before certain letters.
    private var undecided = Boundary.none
    /// The mark that closes the quotation which is open, and the boundary that the last word inside it was.
    private var quote: Unicode.Scalar?
    private var quoted = Boundary.none

    package init(language: String) { table = LanguageTable.of(language) }

    /// Takes more text, split anywhere; returns what can be spoken now.
    package mutating func append(_ text: String) -> [String] {
        var segments: [String] = []
        for scalar in text.unicodeScalars {
            // A letter decides nothing by itself.
            if scalar.isASCIILetter, undecided == .none, pending.count < Self.longest, pending.last != "—" {
                pending.append(scalar)
            } else {
                take(scalar, &segments)
            }
        }
        return segments
    }

    /// The text has ended: returns what waits.
    package mutating func finish() -> [String] {
        var segments: [String] = []
        cut(at: pending.count, &segments)
        return segments
    }

    private mutating func take(_ scalar: Unicode.Scalar, _ segments: inout [String]) {
        if scalar == "\n" || scalar == "\r" || scalar == "\u{2029}" {
            cut(at: pending.count, &segments)
        } else if scalar.isWhitespace, scalar != "\u{A0}", scalar != "\u{202F}" {
            guard let last = pending.last, last != " " else { return }
            pending.append(" ")
            wordEnded(spaces: 1, &segments)
        } else {
            resolve(before: scalar, &segments)
            if scalar.value >= 0x2E80 { return takeIdeograph(scalar, &segments) }
            // "Sure—let me see": a dash needs no space.
            if pending.last == "—", scalar.isAlphanumeric { wordEnded(spaces: 0, &segments) }
            noteQuote(scalar)
            pending.append(scalar)
        }
        if pending.count > Self.longest { cutLongText(&segments) }
    }

    /// Han and its marks: no spaces, so each mark is judged by itself.
    private mutating func takeIdeograph(_ scalar: Unicode.Scalar, _ segments: inout [String]) {
        let isStop = scalar.isOne(of: "。！？")
        // "！！": the second belongs to what has left already.
        if isStop && pending.isEmpty { return }
        let closes = quote == scalar
        noteQuote(scalar)
        pending.append(scalar)
        if SpokenWords.isIdeographic(scalar) { words += 1 }
        if isStop {
            if isInsideQuote { quoted = .sentence } else { cut(at: pending.count, &segments) }
        } else if closes && quoted == .sentence {
            cut(at: pending.count, &segments)
        } else if scalar.isOne(of: "，；：、") {
            lastClause = pending.count
            if isFirst && !isInsideQuote && scalar != "、" && words >= Self.firstClauseHan {
                cut(at: pending.count, &segments)
            }
        } else if !closes {
            quoted = .none
        }
        if pending.count > Self.longest { cutLongText(&segments) }
    }

    /// Opens at the beginning of a word, closes anywhere: 5" is no quotation.
    private mutating func noteQuote(_ scalar: Unicode.Scalar) {
        if scalar.value < 0x80 && scalar != "\"" { return }
        if scalar == quote {
            quote = nil
        } else if quote == nil, let closing = closing(scalar) {
            let isWordStart =
                pending.last.map { $0 == " " || $0.value >= 0x2E80 || $0.isOne(of: "([—–") } ?? true
            if isWordStart { quote = closing }
        }
    }

    /// The mark that closes what this one opens.
    private func closing(_ mark: Unicode.Scalar) -> Unicode.Scalar? {
        switch mark {
        case "»" where table.hasInwardQuotes: "«"
        case "\"": "\""
        case "“": "”"
        case "„": "“"
        case "«": "»"
        case "「": "」"
        case "『": "』"
        case "《": "》"
        case _: nil
        }
    }

    private var isInsideQuote: Bool {
        quote != nil && pending.count < (isFirst ? Self.longestFirstQuote : Self.longestQuote)
    }

    /// - Parameter spaces: After the word, at the end of `pending`.
    private mutating func wordEnded(spaces: Int, _ segments: inout [String]) {
        let word = pending[wordStart..<(pending.count - spaces)]
        if word.contains(where: { $0.isAlphanumeric }) { words += 1 }
        var boundary = boundary(after: word)
        if isInsideQuote {
            (quoted, boundary) = (boundary, .none)
        } else if boundary == .none && !word.isEmpty && word.allSatisfy({ $0.isOne(of: "»”\"") }) {
            // "« Bonjour. »": the mark stands by itself.
            boundary = quoted
        }
        if quote == nil { quoted = .none }
        if isFirst, boundary == .none, quote == nil, let end = joint(before: word) {
            return cut(at: end, &segments)
        }
        wordStart = pending.count
        switch boundary {
        case .none: break
        case .clause: clauseEnded(&segments)
        case .sentence: cut(at: pending.count, &segments)
        case .clauseUnlessDigit, .sentenceBeforeCapital, .sentenceUnlessDigit, .sentenceUnlessLowercase:
            undecided = boundary
        }
    }

    private mutating func clauseEnded(_ segments: inout [String]) {
        lastClause = pending.count
        if isFirst && words >= Self.firstClauseWords { cut(at: pending.count, &segments) }
    }

    /// Where a long first clause ends although there is no mark: before "because", or before "and" when "I" follows.
    private mutating func joint(before word: ArraySlice<Unicode.Scalar>) -> Int? {
        guard !table.joints.isEmpty || !table.links.isEmpty else { return nil }
        let text = String(scalars: word).lowercased()
        if let link, table.subjects.contains(text) { return link }
        link = nil
        guard words > Self.firstJointWords else { return nil }
        let isJoint = table.joints.contains(text)
        guard isJoint || table.links.contains(text) else { return nil }
        let before = String(scalars: wordBefore(word.startIndex)).lowercased()
        guard !table.alwaysHanging.contains(before) else { return nil }
        if !isJoint { link = word.startIndex }
        // "in which" stays together; "for you because" does not.
        return isJoint && (!table.oftenHanging.contains(before) || table.subjects.contains(before))
            ? word.startIndex : nil
    }

    private func wordBefore(_ start: Int) -> ArraySlice<Unicode.Scalar> {
        var end = start
        while end > 0, pending[end - 1] == " " { end -= 1 }
        let start = pending[..<end].lastIndex(of: " ").map { $0 + 1 } ?? 0
        return pending[start..<end]
    }

    private mutating func resolve(before scalar: Unicode.Scalar, _ segments: inout [String]) {
        let boundary = undecided
        undecided = .none
        switch boundary {
        case .none, .clause, .sentence: break
        case .clauseUnlessDigit: if !scalar.isNumeric { clauseEnded(&segments) }
        case .sentenceBeforeCapital: if scalar.isUppercase { cut(at: pending.count, &segments) }
        case .sentenceUnlessDigit: if !scalar.isNumeric { cut(at: pending.count, &segments) }
        case .sentenceUnlessLowercase:
            if scalar.isLowercase {
                lastClause = pending.count
            } else {
                cut(at: pending.count, &segments)
            }
        }
    }

    /// What a word followed by a space ends.
    private func boundary(after word: ArraySlice<Unicode.Scalar>) -> Boundary {
        let whole = word.count
        var word = word
        while let last = word.last, last.isOne(of: "\"')]}»”’“«") { word.removeLast() }
        let isQuoted = word.count < whole
        switch word.last {
        // “Is it open?” she asked.
        case "!", "?": return isQuoted ? .sentenceUnlessLowercase : .sentence
        case ",": return word.dropLast().last?.isNumeric ?? false ? .clauseUnlessDigit : .clause
        case ";", ":", "…", "—", "–": return .clause
        case ".":
            let boundary = boundary(afterFullStop: word)
            // The first segment does not wait for what follows.
            return boundary == .sentence && (isQuoted || !isFirst) ? .sentenceUnlessLowercase : boundary
        case _: return .none
        }
    }

    private func boundary(afterFullStop word: ArraySlice<Unicode.Scalar>) -> Boundary {
        var word = word
        while let first = word.first, first.isOne(of: "\"'([{«„“‘¿¡") { word.removeFirst() }
        let body = word.dropLast()
        if body.last == "." { return .clause }
        let text = String(scalars: Self.lastPart(of: word)).lowercased()
        if table.titles.contains(text) { return .none }
        if table.abbreviations.contains(text) { return .sentenceBeforeCapital }
        if table.numberWords.contains(text) { return .sentenceUnlessDigit }
        if table.unitsOfNumbers.contains(text) {
            return wordBefore(wordStart).first?.isNumeric ?? false ? .sentenceBeforeCapital : .none
        }
        if table.hasDottedOrdinals {
            // "Hauptstr. 5", "Kundennr. ist", "am 1.1. und", "Ludwig XIV. war".
            if text.hasSuffix("str.") { return .sentenceUnlessDigit }
            if text.hasSuffix("nr.") { return .none }
            if body.contains("."), body.allSatisfy({ $0 == "." || $0.isNumeric }) { return .sentenceUnlessLowercase }
            if body.count > 1, body.allSatisfy({ $0.isOne(of: "IVXLC") }) { return .sentenceUnlessLowercase }
        }
        if !body.isEmpty && body.allSatisfy({ $0.properties.numericType == .decimal }) {
            // "1. First" is the mark of a list; "am 3. Mai" is an ordinal.
            return words == 1 || (lastClause == wordStart && body.count <= 2)
                || (table.hasDottedOrdinals && body.count <= 2) ? .none : .sentence
        }
        if body.contains(".")
            && body.split(separator: ".").allSatisfy({ $0.count == 1 && $0.first?.isAlphabetic == true })
        {
            return .sentenceBeforeCapital
        }
        guard body.count == 1, let letter = body.first, letter.isAlphabetic else { return .sentence }
        // "p. m.", "z. B."; but "Это я."
        if letter.isLowercase { return letter == "я" ? .sentence : .sentenceBeforeCapital }
        // An initial ("J. Smith"); the one English word of this shape ends a sentence ("So do I.").
        return letter.isUppercase && letter != "I" ? .none : .sentence
    }

    /// What stands behind the dash of "Mo.–Fr.".
    private static func lastPart(of word: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
        guard let dash = word.lastIndex(where: { $0 == "-" || $0 == "–" }), word[..<dash].last == "." else {
            return word
        }
        return word[(dash + 1)...]
    }

    /// Emits `pending` up to `end` and takes the rest again as if it came now.
    private mutating func cut(at end: Int, _ segments: inout [String]) {
        var piece = pending[..<end]
        while piece.last == " " { piece.removeLast() }
        let rest = Array(pending[end...])
        let isSpeakable = piece.contains { $0.isAlphanumeric }
        if isSpeakable {
            segments.append(String(scalars: piece))
            isFirst = false
        }
        pending.removeAll(keepingCapacity: true)
        (wordStart, words, lastClause, link, undecided) = (0, 0, 0, nil, .none)
        (quote, quoted) = (nil, .none)
        for scalar in rest { take(scalar, &segments) }
    }

    /// After the last space that is not inside a number.
    private var lastSpace: Int? {
        pending.indices.last { index in
            guard index > 0, pending[index - 1] == " " else { return false }
            return index < 2 || !(pending[index].isNumeric && pending[index - 2].isNumeric)
        }
    }

    private mutating func cutLongText(_ segments: inout [String]) {
        if lastClause >= Self.shortestCut {
            cut(at: lastClause, &segments)
        } else if let space = lastSpace ?? pending.lastIndex(of: " ").map({ $0 + 1 }) {
            cut(at: space, &segments)
        } else {
            // One endless word. A cut never separates a letter from its accents.
            var end = Self.longest
            while end > Self.longest / 2, pending[end].isGraphemeExtend || pending[end] == "\u{200D}" {
                end -= 1
            }
            cut(at: end, &segments)
        }
    }
}
