/// One pass of the normaliser over one segment: where it is, and what it has put out.
struct SpeechScan {
    /// [characters] A look ahead goes no farther.
    static let farthest = 120

    let language: SpokenLanguage
    let level: SpeechNormalizer.Level
    let text: [Unicode.Scalar]
    private let dictionary: PronunciationDictionary
    private let original: String
    /// Everything before has been put out.
    private(set) var position = 0
    /// What was kept from here to `position` has not been written yet: most segments are kept whole.
    private var written = 0
    private var originalOffset = 0
    private var spoken: [UInt8] = []
    /// The last character that was said in other words, while nothing has been kept after it.
    private var lastSaid: Unicode.Scalar?
    private var token = Token()
    private var rewrites: [SpokenSegment.Rewrite] = []
    /// Where the last quantity ended: a dash after it may mean "to".
    private var quantityEnd = -1
    /// Places looked at, for the test that the time grows with the length only.
    private(set) var steps = 0

    init(_ text: String, language: SpokenLanguage, level: SpeechNormalizer.Level, dictionary: PronunciationDictionary) {
        self.language = language
        self.level = level
        self.dictionary = dictionary
        original = text
        self.text = Array(text.unicodeScalars)
    }

    mutating func run() -> SpokenSegment {
        let looksAtDigitsOnly = level == .minimal && dictionary.isEmpty
        while position < text.count {
            steps += 1
            if position >= token.end { token = tokenHere() }
            if looksAtDigitsOnly, !token.hasDigit, !token.mayBeAddress {
                keep(to: token.end)
            } else if !takeHere() {
                keepWord()
            }
        }
        guard !rewrites.isEmpty else { return SpokenSegment(original) }
        writeKept()
        return SpokenSegment(original: original, spoken: String(decoding: spoken, as: UTF8.self), rewrites: rewrites)
    }

    /// What is known of the characters up to the next space, so that not every word is looked at for everything.
    private struct Token {
        var end = 0
        var hasDigit = false
        /// It has "@", or a full stop before a letter.
        var mayBeAddress = false
    }

    private func tokenHere() -> Token {
        var token = Token(end: position)
        while token.end < text.count, token.end == position || !isSpace(token.end) {
            let scalar = text[token.end]
            if Self.isDigit(scalar) {
                token.hasDigit = true
            } else if scalar == "@" || (scalar == "." && Self.isASCIILetter(at(token.end + 1))) {
                token.mayBeAddress = true
            }
            token.end += 1
        }
        return token
    }

    // MARK: - Reading

    /// The character at a place; a line break outside of the text.
    func at(_ index: Int) -> Unicode.Scalar {
        index >= 0 && index < text.count ? text[index] : "\n"
    }

    static func isWord(_ scalar: Unicode.Scalar) -> Bool { scalar.isAlphanumeric }
    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.isASCIIDigit }
    static func isASCIILetter(_ scalar: Unicode.Scalar) -> Bool { scalar.isASCIILetter }
    static func isUppercase(_ scalar: Unicode.Scalar) -> Bool { scalar.isUppercase }

    func isDigit(_ index: Int) -> Bool { Self.isDigit(at(index)) }
    func isSpace(_ index: Int) -> Bool {
        let scalar = at(index)
        return scalar == " " || scalar == "\u{A0}" || scalar == "\u{202F}"
    }
    func isWord(_ index: Int) -> Bool { Self.isWord(at(index)) }
    func digit(_ index: Int) -> Int { Int(at(index).value) - 0x30 }

    /// Whether a word ends before `index`.
    func isEnd(_ index: Int) -> Bool { !isWord(index) || SpokenWords.isIdeographic(at(index)) }

    /// Where the run of digits from `start` on ends.
    func digitsEnd(_ start: Int) -> Int {
        var end = start
        while isDigit(end), end - start < Self.farthest { end += 1 }
        return end
    }

    func digits(_ range: Range<Int>) -> [Int] { range.map(digit) }

    func number(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 15 else { return nil }
        return range.reduce(0) { $0 * 10 + digit($1) }
    }

    /// Where the characters that are no whitespace end.
    func tokenEnd(_ start: Int) -> Int {
        var end = start
        while end < text.count, !isSpace(end), !SpokenWords.isIdeographic(at(end)), end - start < Self.farthest {
            end += 1
        }
        return end
    }

    func string(_ range: Range<Int>) -> String { String(scalars: text[range]) }

    /// Where `literal` ends if it stands at `start`.
    func literal(_ literal: String, at start: Int) -> Int? {
        var index = start
        for scalar in literal.unicodeScalars {
            guard at(index) == scalar else { return nil }
            index += 1
        }
        return index
    }

    /// The word that ends at or one space before `index`, in lower case, without its full stop.
    func wordBefore(_ index: Int) -> String {
        var end = index
        while end > 0, isSpace(end - 1) || at(end - 1).isOne(of: ".:#") { end -= 1 }
        var start = end
        while start > 0, end - start < 24, isWord(start - 1) || at(start - 1) == "º" { start -= 1 }
        return string(start..<end).lowercased()
    }

    // MARK: - Writing

    /// Puts out the original as it is.
    mutating func keep(to end: Int) {
        if position < end { position = end }
    }

    private mutating func writeKept() {
        for scalar in text[written..<position] {
            if scalar.value < 0x80 {
                spoken.append(UInt8(truncatingIfNeeded: scalar.value))
                originalOffset += 1
            } else if let units = UTF8.encode(scalar) {
                spoken.append(contentsOf: units)
                originalOffset += units.count
            }
        }
        written = position
    }

    /// Puts out `words` for the original up to `end`.
    mutating func say(_ words: String, to end: Int) {
        guard end > position, !words.isEmpty else { return }
        let last = position > written ? text[position - 1] : lastSaid
        writeKept()
        var spokenWords = words
        if let last, let first = words.unicodeScalars.first, needsSpace(last, first) {
            spokenWords = " " + spokenWords
        }
        if let last = words.unicodeScalars.last, end < text.count, needsSpace(last, text[end]) { spokenWords += " " }
        let originalStart = originalOffset
        for scalar in text[position..<end] { originalOffset += UTF8.width(scalar) }
        let spokenStart = spoken.count
        spoken.append(contentsOf: spokenWords.utf8)
        lastSaid = spokenWords.unicodeScalars.last
        rewrites.append(
            SpokenSegment.Rewrite(
                original: originalStart..<originalOffset, spoken: spokenStart..<spoken.count))
        position = end
        written = end
    }

    /// The same for a number, after which a dash may mean "to".
    mutating func sayQuantity(_ words: String, to end: Int) {
        say(words, to: end)
        quantityEnd = end
    }

    private func needsSpace(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Bool {
        if SpokenWords.isIdeographic(left) || SpokenWords.isIdeographic(right) { return false }
        return (Self.isWord(left) || left == "." || left == ",") && Self.isWord(right)
    }

    // MARK: - One place

    /// Says what begins here in other words, if anything does.
    private mutating func takeHere() -> Bool {
        let scalar = text[position]
        let isStart = position == 0 || !PronunciationDictionary.isJoined(text[position - 1], scalar)
        if isStart, let (words, end) = dictionary.match(in: text, at: position) {
            say(words, to: end)
            return true
        }
        guard level != .off, isStart else { return false }
        let isWord = Self.isWord(scalar)
        if isWord || scalar == "+" || scalar == "(" {
            if token.mayBeAddress, takeAddress() { return true }
            if token.hasDigit, takePhoneNumber() || takeCode() { return true }
        }
        guard level == .full else { return false }
        if isWord { return takeDigits() || takeWord() }
        return takeSign(scalar)
    }

    private mutating func takeDigits() -> Bool {
        if isDigit(position) {
            return takeDate() || takeRussianYear() || takeTime() || takeFraction() || takeOrdinal() || takeAmount()
        }
        return takeDateByName() || takeMoney()
    }

    /// Words and marks that begin with no letter or digit.
    private mutating func takeSign(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "-", "–", "−": return takeDash()
        case "+" where isDigit(position + 1) && (position == 0 || isSpace(position - 1)):
            say(language.signs.plus, to: position + 1)
            return true
        case "#" where isDigit(position + 1):
            say(language.signs.number, to: position + 1)
            return true
        case "~", "≈":
            guard isDigit(position + 1) else { return false }
            say(language.signs.about, to: position + 1)
            return true
        case "&", "=", "×", "+":
            guard isSpace(position - 1), isSpace(position + 1) else { return false }
            say(language.signs.word(for: scalar), to: position + 1)
            return true
        case "." where isDigit(position + 1) && (position == 0 || isSpace(position - 1)):
            return takeAmount()
        case _:
            return takeMoney()
        }
    }

    /// Minus before a number, "to" between two.
    private mutating func takeDash() -> Bool {
        var next = position + 1
        while isSpace(next), next - position < 3 { next += 1 }
        let gap = position - quantityEnd
        let isTouching = gap == 0 && next == position + 1
        if quantityEnd >= 0, isDigit(next) || language.currencies[string(next..<min(next + 1, text.count))] != nil,
            isTouching || (gap <= 1 && at(position) == "–")
        {
            say(language.signs.to, to: position + 1)
            return true
        }
        let isMoney = !isDigit(position + 1) && isDigit(position + 2) && currency(at: position + 1)?.end == position + 2
        guard isDigit(position + 1) || isMoney, position == 0 || isSpace(position - 1) || at(position - 1) == "(" else {
            return false
        }
        say(language.signs.minus, to: position + 1)
        return true
    }

    /// Puts out one word as it is, or one mark.
    private mutating func keepWord() {
        var end = position + 1
        if Self.isWord(text[position]), !SpokenWords.isIdeographic(text[position]) {
            while end < text.count, text[end].isASCIILetter { end += 1 }
            while end < text.count, PronunciationDictionary.isJoined(text[end - 1], text[end]) { end += 1 }
        }
        keep(to: end)
    }
}
