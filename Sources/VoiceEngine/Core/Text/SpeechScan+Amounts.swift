// Numbers, and what stands with them: money, units, percent, ordinals, fractions, years; and abbreviations.

extension SpeechScan {
    /// A number as it is written.
    struct Number {
        /// nil: too long to be said as one.
        var whole: Int?
        var wholeDigits: Range<Int>
        /// Digits after the decimal sign.
        var fraction: Range<Int>?
        /// The fraction follows the sign that is not the language's own.
        var isForeign = false
        var isGrouped = false
        var end: Int
    }

    // MARK: - Reading a number

    /// The number that begins at `start`, with its groups of thousands and its fraction.
    func readNumber(at start: Int) -> Number? {
        let first = digitsEnd(start)
        guard first > start || (at(start) == "." && isDigit(start + 1)) else { return nil }
        var number = Number(whole: number(start..<first), wholeDigits: start..<first, end: first)
        if first == start { number.whole = 0 }
        var value = number.whole ?? 0
        while first - start <= 3, at(start) != "0", isGroup(at: number.end), value < 1_000_000_000_000 {
            let group = number.end + 1..<number.end + 4
            value = value * 1_000 + (self.number(group) ?? 0)
            number.whole = value
            number.end = group.upperBound
            number.isGrouped = true
        }
        let sign = at(number.end)
        guard sign == "." || sign == ",", isDigit(number.end + 1) else { return number }
        let end = digitsEnd(number.end + 1)
        // "1.2.3" is a version, "1,2,3" a list.
        guard !((at(end) == "." || at(end) == ",") && isDigit(end + 1)) else { return number }
        number.isForeign = sign != language.decimalSign
        if number.isForeign, end - number.end - 1 > 2 || (sign == "," && !hasMoney(around: start, end)) {
            return number
        }
        number.fraction = number.end + 1..<end
        number.end = end
        return number
    }

    private func isGroup(at index: Int) -> Bool {
        let sign = at(index)
        let isSeparator =
            sign == language.groupSign || sign == "\u{A0}" || sign == "\u{202F}"
            || (sign == " " && language.hasSpacedGroups)
        return isSeparator && digitsEnd(index + 1) == index + 4
    }

    private func hasMoney(around start: Int, _ end: Int) -> Bool {
        let before = start > 0 ? (isSpace(start - 1) ? start - 2 : start - 1) : -1
        if before >= 0, language.currencies[String(Character(at(before)))] != nil { return true }
        return currency(at: isSpace(end) ? end + 1 : end) != nil
    }

    /// A number in words.
    func words(_ number: Number, form: NumberForm = .alone) -> String {
        let numbers = language.numbers
        guard let whole = number.whole else {
            return number.wholeDigits.map { language.digit(digit($0)) }.joined(separator: language.wordSeparator)
        }
        guard let fraction = number.fraction else { return numbers.cardinal(whole, form) }
        let digits = self.digits(fraction)
        guard number.isForeign else { return numbers.decimal(whole, fraction: digits) }
        let point = " \(language.signs.point) "
        return numbers.cardinal(whole, .alone) + point + numbers.digits(digits)
    }

    /// A number with a noun that fits it.
    private func words(_ number: Number, _ noun: CountedNoun) -> String {
        guard let whole = number.whole else { return "\(words(number)) \(noun.many)" }
        guard number.fraction != nil else { return language.numbers.counted(whole, noun) }
        let name = language.numbers.noun(noun, afterDecimal: whole)
        return words(number) + language.wordSeparator + name
    }

    // MARK: - Money

    /// The currency at a place, and where its sign ends.
    func currency(at start: Int) -> (currency: SpokenLanguage.Currency, end: Int)? {
        guard language.currencyInitials.contains(at(start)) else { return nil }
        for length in stride(from: 4, through: 1, by: -1) where start + length <= text.count {
            let end = start + length
            guard let currency = language.currencies[string(start..<end)] else { continue }
            if length > 1, isWord(end - 1), isWord(end), !isDigit(end) { continue }
            return (currency, end)
        }
        return nil
    }

    /// "$5", "EUR 12.50": the currency first.
    mutating func takeMoney() -> Bool {
        guard !isDigit(position), mayBeMoney, let (currency, end) = currency(at: position) else { return false }
        let start = isSpace(end) ? end + 1 : end
        guard isDigit(start), let number = readNumber(at: start) else { return false }
        return sayMoney(number, currency, to: number.end)
    }

    /// Whether digits follow soon enough for the longest sign of a currency: a look that costs no look-up.
    private var mayBeMoney: Bool {
        (position + 1...position + 4).contains { isDigit($0) || (isSpace($0) && isDigit($0 + 1)) }
    }

    private mutating func sayMoney(_ number: Number, _ currency: SpokenLanguage.Currency, to end: Int) -> Bool {
        if let (noun, magnitudeEnd) = magnitude(at: number.end, isMoney: true), magnitudeEnd >= end || end == number.end
        {
            let amount = words(number, noun)
            let joint: String
            switch language.code {
            case .french: joint = currency.major.many.hasPrefix("e") ? " d'" : " de "
            case .spanish, .portuguese: joint = noun.one == "mil" ? " " : " de "
            case .italian: joint = noun.one == "mila" ? " " : " di "
            case .english, .german, .russian, .chinese: joint = language.wordSeparator
            }
            sayQuantity(amount + joint + currency.major.many, to: max(magnitudeEnd, end))
            return true
        }
        // ￥5元 has its currency twice.
        let end = language.code == .chinese && at(end).isOne(of: "元块") ? end + 1 : end
        guard isEnd(end) else { return false }
        sayQuantity(money(number, currency), to: end)
        return true
    }

    private func money(_ number: Number, _ currency: SpokenLanguage.Currency) -> String {
        guard let whole = number.whole, let fraction = number.fraction, fraction.count == 2,
            language.code != .chinese
        else { return words(number, currency.major) }
        let cents = digits(fraction).reduce(0) { $0 * 10 + $1 }
        if cents == 0 { return language.numbers.counted(whole, currency.major) }
        let minor = language.numbers.counted(cents, currency.minor)
        if whole == 0 { return minor }
        let head = language.numbers.counted(whole, currency.major)
        let tail = currency.namesMinor ? minor : language.numbers.cardinal(cents, .alone)
        return currency.joint.isEmpty ? "\(head) \(tail)" : "\(head) \(currency.joint) \(tail)"
    }

    /// "million", "k", "Mio." after a number.
    private func magnitude(at start: Int, isMoney: Bool) -> (noun: CountedNoun, end: Int)? {
        let first = isSpace(start) ? start + 1 : start
        let end = wordEnd(first)
        guard end > first, end - first <= 12 else { return nil }
        let name = string(first..<end)
        // A single letter is a magnitude only for money and only when it touches.
        if end - first == 1, !isMoney || first > start { return nil }
        guard !isDigit(end), let noun = language.magnitudes[name] ?? language.magnitudes[name + "."] else { return nil }
        let hasDot = at(end) == "." && language.magnitudes[name + "."] != nil && end + 1 < text.count
        return (noun, hasDot ? end + 1 : end)
    }

    // MARK: - Numbers

    /// A number with its unit, currency or percent sign, a year, or just a number.
    mutating func takeAmount() -> Bool {
        guard position == 0 || !at(position - 1).isOne(of: "@_"), let number = readNumber(at: position)
        else {
            return false
        }
        // "1.2.3" and "1:30:00" are left whole.
        let isChained = at(number.end).isOne(of: ".:") && isDigit(number.end + 1)
        let isTail = position > 1 && at(position - 1).isOne(of: ".:") && isDigit(position - 2)
        if isChained || isTail { return false }
        // "the 80s" before "80 s".
        if language.code == .english, at(number.end) == "s", takeBeforeLetters(number) { return true }
        let next = isSpace(number.end) ? number.end + 1 : number.end
        if let (currency, end) = currency(at: next), isEnd(end), !(isWord(next) && isDigit(end)) {
            return sayMoney(number, currency, to: end)
        }
        if let (noun, end) = magnitude(at: number.end, isMoney: false) { return sayMagnitude(number, noun, to: end) }
        if at(next) == "%" || at(next) == "％", language.code == .chinese {
            sayQuantity(language.signs.percent + words(number), to: next + 1)
            return true
        }
        if let (noun, end) = unit(at: number.end) {
            sayQuantity(words(number, noun), to: end)
            return true
        }
        guard isEnd(number.end) else { return takeBeforeLetters(number) }
        let isPlain = number.fraction == nil && !number.isGrouped
        let count = number.wholeDigits.count
        if isPlain, count >= 8 || (count > 1 && at(position) == "0") {
            sayDigits([number.wholeDigits], to: number.end)
        } else if isPlain, count == 4, let value = number.whole, isYear(value, number.end) {
            sayQuantity(language.numbers.year(value), to: number.end)
        } else {
            sayQuantity(words(number, form: form(before: number.end)), to: number.end)
        }
        return true
    }

    private mutating func sayMagnitude(_ number: Number, _ noun: CountedNoun, to end: Int) -> Bool {
        let next = isSpace(end) ? end + 1 : end
        if let (currency, currencyEnd) = currency(at: next), isEnd(currencyEnd) {
            return sayMoney(number, currency, to: currencyEnd)
        }
        sayQuantity(words(number, noun), to: end)
        return true
    }

    /// "80s", "3x", "5G": what is safe; "7eleven" stays.
    private mutating func takeBeforeLetters(_ number: Number) -> Bool {
        let end = wordEnd(number.end)
        let letters = string(number.end..<end)
        guard language.code == .english, let value = number.whole, number.fraction == nil, isEnd(end) else {
            return false
        }
        switch letters {
        case "s" where value % 10 == 0 && value >= 10:
            let text =
                (1_100...2_099).contains(value)
                ? language.numbers.year(value) : language.numbers.cardinal(value, .alone)
            say(text.hasSuffix("y") ? "\(text.dropLast())ies" : "\(text)s", to: end)
        case "k": say("\(language.numbers.cardinal(value, .alone)) thousand", to: end)
        case "x": say("\(language.numbers.cardinal(value, .alone)) times", to: end)
        case "G", "D", "K": say("\(language.numbers.cardinal(value, .alone)) \(letters)", to: end)
        case _: return false
        }
        return true
    }

    /// A unit after a number, and where it ends.
    private func unit(at start: Int) -> (noun: CountedNoun, end: Int)? {
        let first = isSpace(start) ? start + 1 : start
        var end = first
        while end - first < 8, end < text.count, !SpokenWords.isIdeographic(text[end]),
            isWord(end) && !isDigit(end) || text[end].isOne(of: "°/²³%‰℃℉")
        {
            end += 1
        }
        guard end > first else { return nil }
        if at(end) == ".", end + 1 < text.count, let noun = language.units[string(first..<end) + "."] {
            return (noun, end + 1)
        }
        // "50%/Jahr" and "5 km/Stunde": the longest beginning that is a unit.
        while end > first {
            let name = string(first..<end)
            if isEnd(end),
                let noun = language.units[name] ?? (end - first > 1 ? language.units[name.lowercased()] : nil)
            {
                return (noun, end)
            }
            guard let cut = text[first..<end].lastIndex(where: { $0.isOne(of: "/°%") }) else {
                return nil
            }
            end = cut > first || at(cut) == "/" || end == cut + 1 ? cut : cut + 1
        }
        return nil
    }

    private func isYear(_ value: Int, _ end: Int) -> Bool {
        if language.code == .chinese { return at(end) == "年" }
        let after = isSpace(end) ? string(end + 1..<wordEnd(end + 1)) : ""
        if language.units[after] != nil { return false }
        if (1_900...2_099).contains(value) { return true }
        return (1_100...1_899).contains(value) && language.yearWords.contains(wordBefore(position))
    }

    /// The form of a number by the word after it: 两个, but 二月.
    private func form(before end: Int) -> NumberForm {
        guard language.code == .chinese else { return .alone }
        return at(end).isOne(of: "个點点位人天次年条张件本台名周倍块") ? .masculine : .alone
    }

    // MARK: - Ordinals and fractions

    mutating func takeFraction() -> Bool {
        let slash = digitsEnd(position)
        guard at(slash) == "/" || at(slash) == "⁄", isDigit(slash + 1), slash - position <= 2 else { return false }
        let end = digitsEnd(slash + 1)
        guard isEnd(end), at(end) != "/", let words = language.fractions[string(position..<end)] else { return false }
        sayQuantity(words, to: end)
        return true
    }

    mutating func takeOrdinal() -> Bool {
        let digitsEnd = self.digitsEnd(position)
        guard let value = number(position..<digitsEnd), digitsEnd - position <= 6 else { return false }
        let suffixStart = at(digitsEnd) == "-" || at(digitsEnd) == "." ? digitsEnd + 1 : digitsEnd
        var end = suffixStart
        while end - suffixStart < 4, isWord(end) || at(end) == "°", !isDigit(end), !SpokenWords.isIdeographic(at(end)) {
            end += 1
        }
        guard end > suffixStart, let words = ordinal(value, suffix: string(suffixStart..<end)) else { return false }
        let hasDash = at(digitsEnd) == "-"
        let hasDot = at(digitsEnd) == "."
        guard hasDash == (language.code == .russian), !hasDot || [.spanish, .portuguese].contains(language.code) else {
            return false
        }
        sayQuantity(words, to: end)
        return true
    }

    private func ordinal(_ value: Int, suffix: String) -> String? {
        let numbers = language.numbers
        switch (language.code, suffix.lowercased()) {
        case (.english, "st"), (.english, "nd"), (.english, "rd"), (.english, "th"):
            return numbers.ordinal(value, .masculine)
        case (.french, "er") where value == 1: return numbers.ordinal(1, .masculine)
        case (.french, "re"), (.french, "ère"): return value == 1 ? numbers.ordinal(1, .feminine) : nil
        case (.french, "e"), (.french, "ème"), (.french, "eme"):
            return value > 1 ? numbers.ordinal(value, .masculine) : nil
        case (.spanish, "º"), (.portuguese, "º"), (.italian, "º"), (.italian, "°"), (.portuguese, "°"):
            return numbers.ordinal(value, .masculine)
        case (.spanish, "ª"), (.portuguese, "ª"), (.italian, "ª"): return numbers.ordinal(value, .feminine)
        case (.spanish, "er") where value == 1 || value == 3: return value == 1 ? "primer" : "tercer"
        case (.russian, "й"), (.russian, "ый"), (.russian, "ой"): return numbers.ordinal(value, .masculine)
        case (.russian, "я"), (.russian, "ая"): return numbers.ordinal(value, .feminine)
        case (.russian, "е"), (.russian, "ое"): return numbers.ordinal(value, .neuter)
        case (.russian, "го"), (.russian, "ого"): return RussianNumbers.ordinal(value, ending: .genitive)
        case (.russian, "м"), (.russian, "ом"): return RussianNumbers.ordinal(value, ending: .prepositional)
        case _: return nil
        }
    }

    // MARK: - Words

    /// Abbreviations.
    mutating func takeWord() -> Bool {
        var end = tokenEnd(position)
        guard end - position <= 10 else { return false }
        while end > position + 1, at(end - 1).isOne(of: ",;:!?)]}\"'»”’…") { end -= 1 }
        guard at(end - 1) == "." || language.mayBeBareAbbreviation(at(position), count: end - position) else {
            return false
        }
        var token = string(position..<end)
        if language.abbreviations[token] == nil, at(end - 1) == "." {
            // The full stop is the sentence's: "vs." is known as "vs" too.
            end -= 1
            token = string(position..<end)
        }
        guard let entry = language.abbreviations[token] else { return false }
        let next = isSpace(end) ? end + 1 : end
        let isMet: Bool
        switch entry.condition {
        case .always: isMet = true
        case .beforeCapital: isMet = next > end && Self.isUppercase(at(next))
        case .beforeDigit: isMet = isDigit(next)
        case .afterCapital: isMet = isAfterCapital && !(next > end && Self.isUppercase(at(next)) && !isAfterName)
        }
        guard let words = isMet ? entry.words : entry.otherwise else { return false }
        // The last full stop ends the sentence as well.
        if token.hasSuffix("."), isSentenceEnd(end) { end -= 1 }
        say(words, to: end)
        return true
    }

    /// Whether nothing follows but closing marks.
    private func isSentenceEnd(_ end: Int) -> Bool {
        (end..<text.count).allSatisfy { $0 - end < 4 && text[$0].isOne(of: "\"')]}»”’ ") }
    }

    private var isAfterCapital: Bool {
        guard position > 1, isSpace(position - 1) else { return false }
        var start = position - 2
        while start > 0, isWord(start - 1), position - start < 24 { start -= 1 }
        return Self.isUppercase(at(start))
    }

    /// Whether the word before is a name inside the sentence and not its first word.
    private var isAfterName: Bool { isAfterCapital && wordBefore(position).count > 3 }
}
