/// How a number is spelled: alone, or before a noun of a gender.
package enum NumberForm: Sendable {
    /// "eins", "uno", "один": the number by itself.
    case alone
    case masculine, feminine, neuter
}

/// A noun that numbers count. Languages with two forms leave `few` equal to `many`.
struct CountedNoun: Sendable {
    /// "dollar", "рубль".
    var one: String
    /// "рубля": Russian after 2, 3, 4 and after a decimal fraction.
    var few: String
    /// "dollars", "рублей".
    var many: String
    var form: NumberForm = .masculine
}

/// A language's words for numbers.
protocol NumberWords: Sendable {
    /// - Parameter number: 0 to `NumberSpelling.largest`.
    static func cardinal(_ number: Int, _ form: NumberForm) -> String
    /// nil where this language or this number has no ordinal that is safe to say without its noun.
    static func ordinal(_ number: Int, _ form: NumberForm) -> String?
    /// A year of four digits.
    static func year(_ number: Int) -> String
    /// Number and noun: "two dollars", "un million d'euros".
    static func counted(_ number: Int, _ noun: CountedNoun) -> String
    /// A whole part, and the digits after the decimal sign as they are written.
    static func decimal(_ whole: Int, fraction: [Int]) -> String
    /// Which form of the noun a decimal fraction takes.
    static func noun(_ noun: CountedNoun, afterDecimal whole: Int) -> String
}

extension NumberWords {
    static func year(_ number: Int) -> String { cardinal(number, .alone) }
    static func ordinal(_ number: Int, _ form: NumberForm) -> String? { nil }
    static func noun(_ noun: CountedNoun, afterDecimal whole: Int) -> String { noun.many }
    static func counted(_ number: Int, _ noun: CountedNoun) -> String {
        "\(cardinal(number, noun.form)) \(number == 1 ? noun.one : noun.many)"
    }

    /// The digits after the decimal sign, one by one.
    static func digits(_ digits: [Int]) -> String {
        digits.map { cardinal($0, .alone) }.joined(separator: " ")
    }

    /// The digits after the decimal sign as a number of two digits, after their zeros ("virgule zéro cinq").
    static func fraction(_ digits: [Int]) -> String {
        let zeros = digits.prefix { $0 == 0 }
        let rest = digits.dropFirst(zeros.count)
        guard !rest.isEmpty, rest.count <= 2 else { return self.digits(digits) }
        let number = rest.reduce(0) { $0 * 10 + $1 }
        return (zeros.map { _ in cardinal(0, .alone) } + [cardinal(number, .alone)]).joined(separator: " ")
    }
}

/// Numbers as words in the languages of the engine.
package enum NumberSpelling {
    /// Beyond this, numbers are said digit by digit.
    package static let largest = 999_999_999_999_999

    /// A number in words; nil for a language without a table, or a number out of range.
    /// - Parameter language: BCP 47.
    package static func cardinal(_ number: Int, language: String, form: NumberForm = .alone) -> String? {
        guard (0...largest).contains(number) else { return nil }
        return words(for: language)?.cardinal(number, form)
    }

    /// An ordinal in words; nil where there is none.
    /// - Parameter language: BCP 47.
    package static func ordinal(_ number: Int, language: String, form: NumberForm = .masculine) -> String? {
        guard (0...largest).contains(number) else { return nil }
        return words(for: language)?.ordinal(number, form)
    }

    static func words(for language: String) -> (any NumberWords.Type)? {
        switch LanguageTable.primary(language) {
        case "en": EnglishNumbers.self
        case "de": GermanNumbers.self
        case "es": SpanishNumbers.self
        case "fr": FrenchNumbers.self
        case "it": ItalianNumbers.self
        case "pt": PortugueseNumbers.self
        case "ru": RussianNumbers.self
        case "zh": ChineseNumbers.self
        case _: nil
        }
    }

    /// The groups of three digits with their place, highest first, without zeros: 1,000,002 is [(1, 2), (2, 0)].
    static func groups(_ number: Int) -> [(value: Int, place: Int)] {
        var groups: [(value: Int, place: Int)] = []
        var rest = number
        var place = 0
        while rest > 0 {
            if rest % 1_000 > 0 { groups.append((rest % 1_000, place)) }
            rest /= 1_000
            place += 1
        }
        return groups.reversed()
    }
}
