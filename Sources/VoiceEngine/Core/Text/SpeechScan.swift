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
    private var originalOffset = 0
    private var spoken = String.UnicodeScalarView()
    private var spokenOffset = 0
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
        while position < text.count {
            steps += 1
            if !takeHere() { keepWord() }
        }
        return SpokenSegment(original: original, spoken: String(spoken), rewrites: rewrites)
    }

    // MARK: - Reading

    /// The character at a place; a line break outside of the text.
    func at(_ index: Int) -> Unicode.Scalar { text.indices.contains(index) ? text[index] : "\n" }

    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return isDigit(scalar) || isASCIILetter(scalar) }
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { (0x30...0x39).contains(scalar.value) }

    static func isASCIILetter(_ scalar: Unicode.Scalar) -> Bool {
        (0x41...0x5A).contains(scalar.value) || (0x61...0x7A).contains(scalar.value)
    }

    static func isUppercase(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80 ? (0x41...0x5A).contains(scalar.value) : scalar.properties.isUppercase
    }

    func isDigit(_ index: Int) -> Bool { Self.isDigit(at(index)) }
    func isSpace(_ index: Int) -> Bool { [" ", "\u{A0}", "\u{202F}"].contains(at(index)) }
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

    func string(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(text[range])) }

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
        while end > 0, isSpace(end - 1) || ".:#".unicodeScalars.contains(at(end - 1)) { end -= 1 }
        var start = end
        while start > 0, end - start < 24, isWord(start - 1) || at(start - 1) == "º" { start -= 1 }
        return string(start..<end).lowercased()
    }

    // MARK: - Writing

    /// Puts out the original as it is.
    mutating func keep(to end: Int) {
        guard position < end else { return }
        for scalar in text[position..<end] {
            originalOffset += UTF8.width(scalar)
            spokenOffset += UTF8.width(scalar)
            spoken.append(scalar)
        }
        position = end
    }

    /// Puts out `words` for the original up to `end`.
    mutating func say(_ words: String, to end: Int) {
        guard end > position, !words.isEmpty else { return }
        var spokenWords = words
        if let last = spoken.last, let first = words.unicodeScalars.first, needsSpace(last, first) {
            spokenWords = " " + spokenWords
        }
        if let last = words.unicodeScalars.last, end < text.count, needsSpace(last, text[end]) { spokenWords += " " }
        let originalStart = originalOffset
        for scalar in text[position..<end] { originalOffset += UTF8.width(scalar) }
        let spokenStart = spokenOffset
        spoken.append(contentsOf: spokenWords.unicodeScalars)
        spokenOffset += spokenWords.utf8.count
        rewrites.append(
            SpokenSegment.Rewrite(
                original: originalStart..<originalOffset, spoken: spokenStart..<spokenOffset))
        position = end
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
        if Self.isWord(scalar) || scalar == "+" || scalar == "(" {
            if takeAddress() || takePhoneNumber() || takeCode() { return true }
        }
        guard level == .full else { return false }
        if Self.isWord(scalar) { return takeDigits() || takeWord() }
        return takeSign(scalar)
    }

    private mutating func takeDigits() -> Bool {
        if isDigit(position) {
            return takeDate() || takeTime() || takeFraction() || takeOrdinal() || takeAmount()
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
        guard isDigit(position + 1), position == 0 || isSpace(position - 1) || at(position - 1) == "(" else {
            return false
        }
        say(language.signs.minus, to: position + 1)
        return true
    }

    /// Puts out one word as it is, or one mark.
    private mutating func keepWord() {
        var end = position + 1
        if Self.isWord(text[position]), !SpokenWords.isIdeographic(text[position]) {
            while end < text.count, PronunciationDictionary.isJoined(text[end - 1], text[end]) { end += 1 }
        }
        keep(to: end)
    }
}
