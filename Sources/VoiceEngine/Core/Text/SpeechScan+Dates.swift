// Dates and times of day.

extension SpeechScan {
    private struct Day {
        var day: Int
        var month: Int
        var year: Int?
    }

    // MARK: - Dates in digits

    /// "2025-03-14", "3/14/2025", "14.03.2025", "14.3.", "3. Mai".
    mutating func takeDate() -> Bool {
        let first = digitsEnd(position)
        let sign = at(first)
        guard sign.isOne(of: "-/.") else { return takeDayOfMonth(first) }
        if sign == ".", language.code == .german, isSpace(first + 1) { return takeDayOfMonth(first) }
        guard isDigit(first + 1) else { return false }
        let second = digitsEnd(first + 1)
        let third = at(second) == sign && isDigit(second + 1) ? digitsEnd(second + 1) : second
        let parts = [position..<first, first + 1..<second, second + 1..<max(third, second + 1)]
        guard isEnd(third), let day = day(parts, sign: sign, hasThird: third > second, end: third) else { return false }
        let isDotted = third == second
        say(words(day), to: isDotted ? second + 1 : third)
        return true
    }

    private func day(_ parts: [Range<Int>], sign: Unicode.Scalar, hasThird: Bool, end: Int) -> Day? {
        let values = parts.map { number($0) ?? 0 }
        let sizes = parts.map(\.count)
        guard hasThird else {
            // "14.3." with its full stop, in German only.
            let isDotted = sign == "." && at(end) == "." && language.code == .german && sizes[0] <= 2 && sizes[1] <= 2
            // At the end of a segment the full stop may be the sentence's: "Version 3.5."
            return isDotted && end + 1 < text.count ? valid(values[0], values[1], nil) : nil
        }
        // "1-2-2020" is no usual date, and telephone numbers look like it.
        if sizes[0] == 4, sign != ".", sizes[1] <= 2, sizes[2] <= 2 { return valid(values[2], values[1], values[0]) }
        guard sizes[0] <= 2, sizes[1] <= 2, sizes[2] == 4 || (sizes[2] == 2 && sign == "." && isDotting), sign != "-"
        else { return nil }
        let year = sizes[2] == 2 ? 2_000 + values[2] : values[2]
        let isMonthFirst = language.code == .english && sign == "/"
        if isMonthFirst, let date = valid(values[1], values[0], year) { return date }
        return valid(values[0], values[1], year)
    }

    /// Whether two digits may be a year: "14.03.25".
    private var isDotting: Bool { language.code == .german || language.code == .russian }

    private func valid(_ day: Int, _ month: Int, _ year: Int?) -> Day? {
        guard (1...31).contains(day), (1...12).contains(month) else { return nil }
        if let year, !(1_000...2_999).contains(year) { return nil }
        return Day(day: day, month: month, year: year)
    }

    private func words(_ date: Day) -> String {
        let numbers = language.numbers
        let month = language.monthNames[date.month - 1]
        let year = date.year.map { numbers.year($0) }
        let ordinal = numbers.ordinal(date.day, .masculine) ?? ""
        let cardinal = numbers.cardinal(date.day, .alone)
        switch language.code {
        case .english: return year.map { "\(month) \(ordinal), \($0)" } ?? "\(month) \(ordinal)"
        case .german: return "\(germanDay(date.day)) \(month)" + (year.map { " \($0)" } ?? "")
        case .french, .italian:
            return "\(date.day == 1 ? ordinal : cardinal) \(month)" + (year.map { " \($0)" } ?? "")
        case .spanish: return "\(cardinal) de \(month)" + (year.map { " de \($0)" } ?? "")
        case .portuguese:
            return "\(date.day == 1 ? ordinal : cardinal) de \(month)" + (year.map { " de \($0)" } ?? "")
        case .russian:
            let day = RussianNumbers.ordinal(date.day, ending: .genitive) ?? cardinal
            guard let number = date.year else { return "\(day) \(month)" }
            let genitive = RussianNumbers.ordinal(number, ending: .genitive) ?? numbers.cardinal(number, .alone)
            return "\(day) \(month) \(genitive) года"
        case .chinese: return (year.map { "\($0)年" } ?? "") + month + cardinal + "日"
        }
    }

    /// "dritter Mai", "der dritte Mai", "am dritten Mai".
    private func germanDay(_ day: Int) -> String {
        let ordinal = GermanNumbers.ordinal(day, .masculine) ?? ""
        switch wordBefore(position) {
        case "am", "vom", "zum", "den", "dem", "bis", "ab", "seit", "im", "beim", "des", "nächsten", "diesen":
            return ordinal + "n"
        case "der", "die", "das", "dieser", "jeder": return ordinal
        case _: return ordinal + "r"
        }
    }

    // MARK: - Dates with a month's name

    /// "3. Mai", "14 March 2025", "1er mars", "14 марта": the day first.
    private mutating func takeDayOfMonth(_ digitsEnd: Int) -> Bool {
        let hasDot = at(digitsEnd) == "."
        var index = hasDot ? digitsEnd + 1 : digitsEnd
        guard isSpace(index), let day = number(position..<digitsEnd), (1...31).contains(day), digitsEnd - position <= 2,
            let (month, monthEnd) = month(at: index + 1)
        else { return false }
        let name = language.monthNames[month - 1]
        switch language.code {
        case .english where !hasDot:
            say("\(EnglishNumbers.ordinal(day, .masculine) ?? "") of \(name)", to: monthEnd)
        case .german where hasDot: say("\(germanDay(day)) \(name)", to: monthEnd)
        case .russian where !hasDot:
            say("\(RussianNumbers.ordinal(day, ending: .genitive) ?? "") \(name)", to: monthEnd)
        case .french where !hasDot, .italian where !hasDot:
            let number = day == 1 ? language.numbers.ordinal(1, .masculine) : nil
            say("\(number ?? language.numbers.cardinal(day, .alone)) \(name)", to: monthEnd)
        case .english, .german, .russian, .french, .italian, .spanish, .portuguese, .chinese: return false
        }
        index = monthEnd
        takeYear(after: index)
        return true
    }

    /// "March 14, 2025", "May 3rd": English only, where the month comes first.
    mutating func takeDateByName() -> Bool {
        guard language.code == .english, Self.isUppercase(text[position]), isBeforeDay,
            let (month, monthEnd) = month(at: position),
            isSpace(monthEnd), isDigit(monthEnd + 1)
        else { return false }
        let dayEnd = digitsEnd(monthEnd + 1)
        guard let day = number(monthEnd + 1..<dayEnd), (1...31).contains(day), dayEnd - monthEnd <= 3 else {
            return false
        }
        var end = dayEnd
        if ["st", "nd", "rd", "th"].contains(string(dayEnd..<wordEnd(dayEnd))) { end = wordEnd(dayEnd) }
        guard isEnd(end), at(end) != ":", !(at(end) == "." && isDigit(end + 1)), !at(end).isOne(of: "%/")
        else {
            return false
        }
        let ordinal = EnglishNumbers.ordinal(day, .masculine) ?? ""
        sayQuantity("\(language.monthNames[month - 1]) \(ordinal)", to: end)
        takeYear(after: end)
        return true
    }

    /// Whether the word here, with or without a full stop, stands before a digit.
    private var isBeforeDay: Bool {
        let end = wordEnd(position)
        let space = at(end) == "." ? end + 1 : end
        return isSpace(space) && isDigit(space + 1)
    }

    /// The year after a date: " 2025", ", 2025", " de 2025".
    private mutating func takeYear(after end: Int) {
        var start = end
        if at(start) == ",", language.code == .english { start += 1 }
        guard isSpace(start), isDigit(start + 1) else { return }
        let yearEnd = digitsEnd(start + 1)
        guard let year = number(start + 1..<yearEnd), (1_000...2_999).contains(year), isEnd(yearEnd), at(yearEnd) != ":"
        else {
            return
        }
        keep(to: start + 1)
        if language.code == .russian, let word = literal(" года", at: yearEnd) ?? yearSign(at: yearEnd),
            let ordinal = RussianNumbers.ordinal(year, ending: .genitive)
        {
            return say("\(ordinal) года", to: word)
        }
        say(language.numbers.year(year), to: yearEnd)
    }

    /// Where " г." after a year ends; its full stop is left when it ends the segment.
    private func yearSign(at start: Int) -> Int? {
        guard isSpace(start), at(start + 1) == "г", at(start + 2) == "." else { return nil }
        return start + 3 < text.count ? start + 3 : start + 2
    }

    /// "в 2025 г.": the year's form is that of the preposition before it.
    mutating func takeRussianYear() -> Bool {
        let yearEnd = position + 4
        guard language.code == .russian, digitsEnd(position) == yearEnd, let end = yearSign(at: yearEnd),
            let year = number(position..<yearEnd), (1_000...2_999).contains(year)
        else { return false }
        let words: String?
        switch wordBefore(position) {
        case "в", "во", "о": words = RussianNumbers.ordinal(year, ending: .prepositional).map { "\($0) году" }
        case "с", "до", "от", "из", "после", "около", "начала", "конца":
            words = RussianNumbers.ordinal(year, ending: .genitive).map { "\($0) года" }
        case _: words = language.numbers.ordinal(year, .masculine).map { "\($0) год" }
        }
        guard let words else { return false }
        say(words, to: end)
        return true
    }

    /// The month whose name begins here, with its abbreviation's full stop.
    private func month(at start: Int) -> (month: Int, end: Int)? {
        let end = wordEnd(start)
        guard end - start >= 3, end - start <= 12 else { return nil }
        let name = string(start..<end).lowercased()
        if at(end) == ".", end + 1 < text.count, let month = language.months[name + "."] { return (month, end + 1) }
        return language.months[name].map { ($0, end) }
    }

    // MARK: - Times

    private enum Half: String { case am = "A M", pm = "P M" }

    /// "3:30 pm", "15:30", "3 pm", "15h30", "15.30 Uhr".
    mutating func takeTime() -> Bool {
        let first = digitsEnd(position)
        guard first - position <= 2, let hour = number(position..<first), hour <= 24 else { return false }
        var minute: Int?
        var end = first
        let sign = at(first)
        let isSign =
            sign == ":" || sign == "：" || (sign == "." && language.code == .german)
            || ((sign == "h" || sign == "H") && [.french, .portuguese].contains(language.code))
        if isSign, digitsEnd(first + 1) == first + 3, let value = number(first + 1..<first + 3), value < 60 {
            (minute, end) = (value, first + 3)
        } else if sign == "h", [.french, .portuguese].contains(language.code), isEnd(first + 1) {
            (minute, end) = (0, first + 1)
        }
        // "1:30:00" and "12:30.5" are no times of day.
        if minute != nil, at(end) == ":" || (at(end) == "." && isDigit(end + 1)) { return false }
        let half = self.half(at: end)
        if let half, hour <= 12 {
            sayQuantity(clock(hour, minute ?? 0, half.half), to: half.end)
            return true
        }
        let (oclock, suffixEnd) = suffix(at: end)
        guard let minute, isEnd(end), sign != "." || oclock else {
            guard oclock, minute == nil, language.code == .german else { return false }
            sayQuantity(clock(hour, 0, nil), to: suffixEnd)
            return true
        }
        sayQuantity(clock(hour, minute, nil), to: oclock ? suffixEnd : end)
        return true
    }

    /// "pm", " p.m.": its full stop is left when it ends the segment.
    private func half(at end: Int) -> (half: Half, end: Int)? {
        guard language.code == .english || language.code == .spanish else { return nil }
        let start = isSpace(end) ? end + 1 : end
        let scalar = at(start)
        let half: Half
        if scalar.isOne(of: "aA") {
            half = .am
        } else if scalar.isOne(of: "pP") {
            half = .pm
        } else {
            return nil
        }
        var index = start + 1
        let hasDots = at(index) == "."
        if hasDots { index += 1 }
        if hasDots, isSpace(index) { index += 1 }
        guard at(index) == "m" || at(index) == "M" else { return nil }
        index += 1
        guard isEnd(index) else { return nil }
        if hasDots, at(index) == ".", index + 1 < text.count { index += 1 }
        return (half, index)
    }

    /// " Uhr", " h", " horas", "点" after a time, which the time's words contain.
    private func suffix(at end: Int) -> (isThere: Bool, end: Int) {
        let words: [String]
        switch language.code {
        case .german: words = [" Uhr"]
        case .spanish: words = [" h", "h", " horas", " hs"]
        case .portuguese: words = [" horas", " h"]
        case .french: words = [" h", " heures"]
        case .italian, .english, .russian, .chinese: words = []
        }
        for word in words {
            if let next = literal(word, at: end), isEnd(next) { return (true, next) }
        }
        return (false, end)
    }

    private func clock(_ hour: Int, _ minute: Int, _ half: Half?) -> String {
        let numbers = language.numbers
        let alone = numbers.cardinal(minute, .alone)
        let feminine = numbers.cardinal(hour, .feminine)
        switch language.code {
        case .english: return englishClock(hour, minute, half)
        case .german:
            let head = "\(numbers.cardinal(hour, .masculine)) Uhr"
            return minute == 0 ? head : "\(head) \(alone)"
        case .spanish:
            let tail = half.map { $0 == .am ? " a eme" : " pe eme" } ?? ""
            return
                (minute == 0
                ? (half == nil ? "\(feminine) en punto" : feminine)
                : "\(feminine) \(minute < 10 ? "cero " : "")\(alone)") + tail
        case .french:
            let head = "\(feminine) \(hour < 2 ? "heure" : "heures")"
            return minute == 0 ? head : "\(head) \(numbers.cardinal(minute, .feminine))"
        case .italian:
            let head = hour == 1 ? "una" : numbers.cardinal(hour, .alone)
            return minute == 0 ? head : "\(head) e \(minute < 10 ? "zero " : "")\(alone)"
        case .portuguese:
            return minute == 0 ? "\(feminine) \(hour < 2 ? "hora" : "horas")" : "\(feminine) e \(alone)"
        case .russian:
            let head = numbers.cardinal(hour, .masculine)
            return minute == 0 ? "\(head) ноль ноль" : "\(head) \(minute < 10 ? "ноль " : "")\(alone)"
        case .chinese:
            let head = "\(numbers.cardinal(hour, .masculine))点"
            return minute == 0 ? head : "\(head)\(minute < 10 ? "零" : "")\(alone)分"
        }
    }

    private func englishClock(_ hour: Int, _ minute: Int, _ half: Half?) -> String {
        let head = EnglishNumbers.cardinal(hour, .alone)
        let tail = half.map { " \($0.rawValue)" } ?? ""
        switch minute {
        case 0 where half != nil: return head + tail
        case 0: return (1...12).contains(hour) ? "\(head) o'clock" : "\(head) hundred"
        case 1...9: return "\(head) oh \(EnglishNumbers.cardinal(minute, .alone))" + tail
        case _: return "\(head) \(EnglishNumbers.cardinal(minute, .alone))" + tail
        }
    }
}
