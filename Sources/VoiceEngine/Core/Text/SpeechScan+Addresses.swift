// Addresses, telephone numbers and codes: what most voices misread.

extension SpeechScan {
    /// Top-level domains by which "example.com" is known without "www.".
    private static let domains: Set<String> = [
        "com", "org", "net", "edu", "gov", "io", "ai", "app", "dev", "info", "biz", "eu", "de", "uk", "us", "fr", "es",
        "it", "pt", "br", "ru", "cn", "ch", "at", "ca", "au", "co", "tv", "mx", "nl", "pl", "shop", "online",
    ]
    /// Parts of a path beyond this are not said, nor is what follows "?".
    private static let mostPathParts = 3

    // MARK: - E-mail and web

    mutating func takeAddress() -> Bool {
        guard position == 0 || !text[position - 1].isOne(of: "@./-_") else { return false }
        var end = tokenEnd(position)
        while end > position, at(end - 1).isOne(of: ".,;:!?)]}>\"'»”’…") { end -= 1 }
        guard end - position > 3 else { return false }
        let token = text[position..<end]
        let isMail = token.contains("@")
        guard isMail || token.contains("."), token.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F }) else {
            return false
        }
        if isMail { return takeMail(to: end) }
        return takeWebAddress(to: end)
    }

    private mutating func takeMail(to end: Int) -> Bool {
        let parts = text[position..<end].split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, Self.isDomain(parts[1]),
            parts[0].allSatisfy({ Self.isWord($0) || $0.isOne(of: "._-+") })
        else { return false }
        say("\(spelled(parts[0])) \(language.signs.at) \(spelledDomain(parts[1]))", to: end)
        return true
    }

    private mutating func takeWebAddress(to end: Int) -> Bool {
        var start = position
        var isCertain = false
        for prefix in ["https://", "http://", "HTTPS://", "HTTP://"] {
            if let next = literal(prefix, at: position) { (start, isCertain) = (next, true) }
        }
        let token = text[start..<end]
        let domain = token.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard Self.isDomain(domain) else { return false }
        let labels = domain.split(separator: ".").map { String(scalars: $0) }
        let isKnown = labels.last.map { Self.domains.contains($0) } ?? false
        guard isCertain || labels.first == "www" || (isKnown && (labels.first?.count ?? 0) > 1) else { return false }
        let path = token.dropFirst(domain.count).prefix { $0 != "?" && $0 != "#" }
        let parts = path.split(separator: "/")
        var words = spelledDomain(domain)
        if parts.count <= Self.mostPathParts, path.count <= 40 {
            for part in parts { words += " \(language.signs.slash) \(spelled(part))" }
        }
        say(words, to: end)
        return true
    }

    private static func isDomain(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, let last = labels.last, last.count >= 2, last.allSatisfy(isASCIILetter) else {
            return false
        }
        return labels.allSatisfy { label in
            !label.isEmpty && label.allSatisfy { isDigit($0) || isASCIILetter($0) || $0 == "-" }
        }
    }

    private func spelledDomain(_ domain: ArraySlice<Unicode.Scalar>) -> String {
        let labels = domain.split(separator: ".")
        return labels.enumerated().map { index, label in
            // Countries are spelled: "dot U K".
            let isCountry = index == labels.count - 1 && label.count == 2
            let isWeb = index == 0 && String(scalars: label).lowercased() == "www"
            return isCountry || isWeb ? spelledLetters(label) : spelled(label)
        }.joined(separator: " \(language.signs.dot) ")
    }

    /// An address without its domain's special cases: words stay, signs and digits are named.
    private func spelled(_ part: ArraySlice<Unicode.Scalar>) -> String {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        for scalar in part {
            if Self.isASCIILetter(scalar) {
                word.append(scalar)
                continue
            }
            if !word.isEmpty { words.append(String(word)) }
            word = String.UnicodeScalarView()
            words.append(
                Self.isDigit(scalar)
                    ? language.digit(Int(scalar.value) - 0x30) : language.signs.addressWord(for: scalar))
        }
        if !word.isEmpty { words.append(String(word)) }
        return words.filter { !$0.isEmpty }.joined(separator: " ")
    }

    private func spelledLetters(_ letters: ArraySlice<Unicode.Scalar>) -> String {
        letters.map { scalar in
            // The local voice reads a lone "A" as the article.
            let isArticle = language.code == .english && level == .full && (scalar == "A" || scalar == "a")
            return isArticle ? "ay" : String(Character(scalar)).uppercased()
        }.joined(separator: " ")
    }

    // MARK: - Telephone numbers

    mutating func takePhoneNumber() -> Bool {
        guard !text[position].isASCIILetter, position == 0 || !text[position - 1].isOne(of: ".,:/$-") else {
            return false
        }
        let isInternational = at(position) == "+"
        let groups = phoneGroups(from: isInternational ? position + 1 : position)
        guard let first = groups.first, let last = groups.last, isEnd(last.upperBound) else { return false }
        let sizes = groups.map(\.count)
        let total = sizes.reduce(0, +)
        let isCard = sizes == [4, 4, 4, 4]
        guard (7...15).contains(total) || isCard || (groups.count > 1 && total == 6 && digit(first.lowerBound) == 0)
        else {
            return false
        }
        if !isInternational, !isCard, !isPhoneNumber(groups, sizes: sizes) { return false }
        if isInternational {
            say(language.signs.plus, to: first.lowerBound)
        } else if at(position) == "(" {
            keep(to: first.lowerBound - 1)
        }
        sayDigits(groups, to: last.upperBound)
        return true
    }

    /// Runs of digits with at most a bracket and one separator between them.
    private func phoneGroups(from start: Int) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var index = start
        var total = 0
        while groups.count < 8, total <= 15 {
            var next = index
            while next - index < 3, isSpace(next) || at(next).isOne(of: "-./()") { next += 1 }
            let gap = text[min(index, text.count)..<min(next, text.count)]
            // A full stop or slash touches both sides; after it a space ends a sentence.
            let hasLooseDot = gap.count > 1 && (gap.contains(".") || gap.contains("/"))
            if groups.isEmpty, gap.contains(where: { $0 != "(" }) || gap.count > 1 { break }
            if !groups.isEmpty, gap.isEmpty { break }
            guard !hasLooseDot, isDigit(next) else { break }
            let end = digitsEnd(next)
            groups.append(next..<end)
            total += end - next
            index = end
        }
        return groups
    }

    /// Whether groups of digits without "+" are a telephone number and no date, amount or list.
    private func isPhoneNumber(_ groups: [Range<Int>], sizes: [Int]) -> Bool {
        guard let first = groups.first, let last = groups.last else { return false }
        if groups.count == 1 { return at(position) != "(" && sizes[0] >= (digit(first.lowerBound) == 0 ? 7 : 10) }
        var next = last.upperBound
        if isSpace(next) { next += 1 }
        if at(next) == "%" || language.currencies[String(Character(at(next)))] != nil { return false }
        let isDate = [[4, 2, 2], [2, 2, 4], [1, 2, 4], [2, 1, 4], [1, 1, 4]].contains(sizes)
        if isDate { return false }
        if at(position) == "(" { return (2...5).contains(sizes[0]) && at(first.upperBound) == ")" }
        if digit(first.lowerBound) == 0 { return true }
        let separator = at(first.upperBound)
        switch sizes {
        case [3, 3, 4], [1, 3, 3, 4], [3, 4, 4], [1, 3, 3, 2, 2], [3, 3, 2, 2]: return true
        case [3, 4], [3, 2, 4]: return separator == "-"
        case [4, 4], [5, 4]: return separator == "-" && language.code == .portuguese
        case [2, 4, 4], [2, 5, 4]: return language.code == .portuguese
        case [3, 3, 3], [3, 2, 2, 2]:
            return language.code == .spanish
                || (separator != "." && language.code != .french && separator != ",")
                    && language.code != .russian
        case [2, 2, 2, 2, 2]: return true
        case _: return false
        }
    }

    /// Says groups of digits one digit at a time, with a pause after each; each group goes back to its own digits.
    mutating func sayDigits(_ groups: [Range<Int>], to end: Int) {
        for (index, group) in groups.enumerated() {
            let isLast = index == groups.count - 1
            // Long groups get pauses of their own.
            let size = group.count > 5 ? (group.count % 3 == 1 && group.count % 4 == 0 ? 4 : 3) : group.count
            var pieces: [String] = []
            var start = group.lowerBound
            while start < group.upperBound {
                var stop = min(start + size, group.upperBound)
                // No lone digit at the end.
                if group.upperBound - stop == 1 { stop = group.upperBound }
                pieces.append(
                    (start..<stop).map { language.digit(digit($0)) }.joined(separator: language.wordSeparator))
                start = stop
            }
            let words = pieces.joined(separator: language.pause)
            say(
                isLast ? words : words + language.pause.trimmedEnd,
                to: isLast ? end : groups[index + 1].lowerBound)
        }
    }

    // MARK: - Codes

    /// "A1B-22", and numbers after a word such as "code": letter by letter, digit by digit.
    mutating func takeCode() -> Bool {
        guard position == 0 || !text[position - 1].isOne(of: "@./-_$#&'") || at(position - 1) == "#"
        else { return false }
        var groups: [Range<Int>] = []
        var index = position
        while groups.count < 6 {
            let start = index
            while Self.isDigit(at(index)) || Self.isASCIILetter(at(index)), index - start < 20 { index += 1 }
            guard index > start else { return false }
            groups.append(start..<index)
            guard at(index) == "-", isWord(index + 1) else { break }
            index += 1
        }
        guard isEnd(index), !at(index).isOne(of: "@_/:%") || !isWord(index + 1),
            !(at(index).isOne(of: ".,'’") && isDigit(index + 1)), isCode(position..<index)
        else { return false }
        for (number, group) in groups.enumerated() {
            let isLast = number == groups.count - 1
            let words = spelledCode(group)
            say(
                isLast ? words : words + language.pause.trimmedEnd,
                to: isLast ? group.upperBound : groups[number + 1].lowerBound)
        }
        return true
    }

    private func isCode(_ range: Range<Int>) -> Bool {
        let letters = text[range].filter(Self.isASCIILetter)
        let digitCount = text[range].count(where: Self.isDigit)
        guard digitCount > 0 else { return false }
        let isNamed = language.codeWords.contains(wordBefore(range.lowerBound))
        if letters.isEmpty { return isNamed && digitCount >= 3 && !isAmount(after: range.upperBound) }
        guard isNamed || letters.allSatisfy(Self.isUppercase), range.count <= 24 else { return false }
        // "COVID-19" is a word and a number, "12GB" and "9AM" are amounts.
        let words = text[range].split { !Self.isASCIILetter($0) }
        guard words.allSatisfy({ $0.count <= 3 }) else { return false }
        if Self.isDigit(text[range.lowerBound]), words.count == 1, let unit = words.first,
            unit.endIndex == range.upperBound
        {
            let name = String(scalars: unit)
            if language.units[name] != nil || ["AM", "PM", "ST", "ND", "RD", "TH", "K", "M", "B"].contains(name) {
                return false
            }
        }
        return !words.contains { language.currencies[String(scalars: $0)] != nil }
    }

    /// Whether what follows makes a number an amount.
    private func isAmount(after end: Int) -> Bool {
        let next = isSpace(end) ? end + 1 : end
        let name = string(next..<wordEnd(next))
        return language.currencies[String(Character(at(next)))] != nil || at(next) == "%"
            || (name.count > 1 && language.units[name] != nil)
    }

    private func spelledCode(_ group: Range<Int>) -> String {
        var words: [String] = []
        for index in group {
            words.append(
                isDigit(index) ? language.digit(digit(index)) : spelledLetters(text[index...index]))
        }
        return words.joined(separator: " ")
    }

    /// Where the letters from `start` on end.
    func wordEnd(_ start: Int) -> Int {
        var end = start
        while end < text.count, isWord(end), !isDigit(end), !SpokenWords.isIdeographic(text[end]),
            end - start < Self.farthest
        { end += 1 }
        return end
    }
}

extension String {
    /// Without the spaces at its end.
    var trimmedEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
