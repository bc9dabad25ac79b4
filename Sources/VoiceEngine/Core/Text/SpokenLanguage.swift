/// What the normaliser knows of a language: numbers, signs, units, money, abbreviations.
final class SpokenLanguage: Sendable {
    enum Code: Sendable { case english, german, spanish, french, italian, portuguese, russian, chinese }

    /// Names of signs, as they are said.
    struct Signs: Sendable {
        var minus, plus, percent, to, dot, at, dash, underscore, slash, and, equals, times, number, about: String
        /// The decimal sign that is not the language's own ("drei Punkt fünf").
        var point: String

        func word(for sign: Unicode.Scalar) -> String {
            switch sign {
            case "&": and
            case "=": equals
            case "×": times
            case _: plus
            }
        }

        func addressWord(for sign: Unicode.Scalar) -> String {
            switch sign {
            case ".": dot
            case "-": dash
            case "_": underscore
            case "+": plus
            case "/": slash
            case _: ""
            }
        }
    }

    struct Currency: Sendable {
        var major: CountedNoun
        var minor: CountedNoun
        /// Between the two: "and".
        var joint: String
        /// Whether the smaller one is named: "zwölf Euro fünfzig" does not.
        var namesMinor = true
    }

    /// An abbreviation and what it stands for.
    struct Abbreviation: Sendable {
        enum Condition: Sendable { case always, beforeCapital, beforeDigit, afterCapital }
        var words: String
        var condition = Condition.always
        /// When the condition does not hold; nil leaves it.
        var otherwise: String?
    }

    let code: Code
    let numbers: any NumberWords.Type
    let signs: Signs
    /// Unit symbol to what it is called.
    let units: [String: CountedNoun]
    /// Symbol or code to the money it means.
    let currencies: [String: Currency]
    let currencyInitials: Set<Unicode.Scalar>
    /// With their full stop, as they are written, or in lower case.
    let abbreviations: [String: Abbreviation]
    /// Month names and abbreviations in lower case to 1...12.
    let months: [String: Int]
    let monthNames: [String]
    /// "million", "Mio.", "k" after a number, in lower case, to its noun and its zeros.
    let magnitudes: [String: CountedNoun]
    /// Words before a number that is read digit by digit, in lower case.
    let codeWords: Set<String>
    /// Words after which four digits are a year, in lower case.
    let yearWords: Set<String>
    /// ½, ¼ and the like as "numerator/denominator" to words.
    let fractions: [String: String]

    /// "," where the fraction follows a comma.
    var decimalSign: Unicode.Scalar { code == .english || code == .chinese ? "." : "," }
    var groupSign: Unicode.Scalar { code == .english || code == .chinese ? "," : "." }
    /// Whether thousands are set apart by spaces.
    var hasSpacedGroups: Bool { code == .french || code == .russian }
    var wordSeparator: String { code == .chinese ? "" : " " }
    var pause: String { code == .chinese ? "，" : ", " }
    /// Whether abbreviations without a full stop exist ("Mme").
    var hasBareAbbreviations: Bool { longestBare > 0 }
    /// Abbreviations without a full stop: the longest, and how they begin.
    private let longestBare: Int
    private let bareInitials: Set<Unicode.Scalar>

    /// Whether a word without a full stop may be an abbreviation, by its length and its beginning.
    func mayBeBareAbbreviation(_ first: Unicode.Scalar, count: Int) -> Bool {
        count <= longestBare && bareInitials.contains(first)
    }

    func digit(_ digit: Int) -> String {
        // On the telephone 一 sounds like 七.
        code == .chinese && digit == 1 ? "幺" : numbers.cardinal(digit, .alone)
    }

    /// A language, or nil where there is no table.
    static func of(_ language: String) -> SpokenLanguage? {
        switch LanguageTable.primary(language) {
        case "en": english
        case "de": german
        case "es": spanish
        case "fr": french
        case "it": italian
        case "pt": portuguese
        case "ru": russian
        case "zh": chinese
        case _: nil
        }
    }

    /// The tables as they are written in the files of the languages.
    struct Tables {
        var units = ""
        /// "symbols:major:minor", a noun as in `units`.
        var currencies = ""
        var joint = ""
        var namesMinor = true
        var abbreviations = ""
        /// Twelve names, then abbreviations in the same order, each of twelve.
        var months = ""
        var monthAbbreviations = ""
        var magnitudes = ""
        var codeWords = ""
        var yearWords = ""
        var fractions = ""
    }

    init(_ code: Code, numbers: any NumberWords.Type, signs: Signs, tables: Tables) {
        self.code = code
        self.numbers = numbers
        self.signs = signs
        units = Self.nouns(tables.units)
        magnitudes = Self.nouns(tables.magnitudes)
        var currencies: [String: Currency] = [:]
        for (symbols, value) in Self.pairs(tables.currencies) {
            let nouns = value.split(separator: "+").map { Self.noun($0) }
            guard nouns.count == 2 else { continue }
            let currency = Currency(
                major: nouns[0], minor: nouns[1], joint: tables.joint, namesMinor: tables.namesMinor)
            for symbol in symbols.split(separator: " ") { currencies[String(symbol)] = currency }
        }
        self.currencies = currencies
        currencyInitials = Set(currencies.keys.compactMap(\.unicodeScalars.first))
        abbreviations = Self.abbreviations(tables.abbreviations)
        let bare = abbreviations.keys.filter { !$0.hasSuffix(".") }
        longestBare = bare.map(\.unicodeScalars.count).max() ?? 0
        bareInitials = Set(bare.compactMap(\.unicodeScalars.first))
        monthNames = tables.months.split(separator: " ").map(String.init)
        var months: [String: Int] = [:]
        for (index, name) in monthNames.enumerated() { months[name.lowercased()] = index + 1 }
        for (index, name) in tables.monthAbbreviations.split(separator: " ").enumerated() where name != "-" {
            months[name.lowercased()] = index % 12 + 1
        }
        self.months = months
        codeWords = Set(tables.codeWords.split(separator: " ").map(String.init))
        yearWords = Set(tables.yearWords.split(separator: " ").map(String.init))
        fractions = Dictionary(Self.pairs(tables.fractions)) { first, _ in first }
    }

    /// "a=b;c=d".
    private static func pairs(_ text: String) -> [(String, String)] {
        text.split(separator: ";").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (String(parts[0].trimmed), String(parts[1].trimmed))
        }
    }

    /// "km m=Kilometer": symbols to a noun.
    private static func nouns(_ text: String) -> [String: CountedNoun] {
        var nouns: [String: CountedNoun] = [:]
        for (symbols, value) in pairs(text) {
            let noun = noun(Substring(value))
            for symbol in symbols.split(separator: " ") { nouns[String(symbol)] = noun }
        }
        return nouns
    }

    /// "one|few|many!f": two forms leave out the middle one, one form is for all; "!f" and "!n" are genders.
    private static func noun(_ text: Substring) -> CountedNoun {
        let parts = text.split(separator: "!")
        let forms = (parts.first ?? "").split(separator: "|").map { String($0.trimmed) }
        let one = forms.first ?? ""
        let many = forms.last ?? one
        let gender: NumberForm = parts.count < 2 ? .masculine : parts[1].hasPrefix("f") ? .feminine : .neuter
        return CountedNoun(one: one, few: forms.count > 2 ? forms[1] : many, many: many, form: gender)
    }

    /// "Dr.=Doctor": always; "Dr.=Doctor^|Drive": Doctor before a capital, else Drive; "No.=number#": before a digit;
    /// "St.=Street<|…": after a word with a capital.
    private static func abbreviations(_ text: String) -> [String: Abbreviation] {
        var abbreviations: [String: Abbreviation] = [:]
        for (names, value) in pairs(text) {
            let parts = value.split(separator: "|").map { String($0.trimmed) }
            guard var words = parts.first, let last = words.last else { continue }
            let condition: Abbreviation.Condition
            switch last {
            case "^": condition = .beforeCapital
            case "#": condition = .beforeDigit
            case "<": condition = .afterCapital
            case _: condition = .always
            }
            if "^#<".contains(last) { words.removeLast() }
            let entry = Abbreviation(words: words, condition: condition, otherwise: parts.count > 1 ? parts[1] : nil)
            for name in names.split(separator: " ") { abbreviations[String(name)] = entry }
        }
        return abbreviations
    }
}
