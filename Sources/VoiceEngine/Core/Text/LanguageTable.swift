/// Words of a language that matter for cutting and weighing speech. The key is the primary subtag of BCP 47 ("en-US" is
/// "en"); an unknown language gets the empty table and still works by punctuation.
///
/// The tables themselves are in `Languages/`, one place for each language.
final class LanguageTable: Sendable {
    /// With their full stop, lower case: never the end of a sentence ("Dr.").
    let titles: Set<String>
    /// With their full stop, lower case: the end of a sentence only before a capital letter ("a.m.").
    let abbreviations: Set<String>
    /// With their full stop, lower case: abbreviations only before a digit ("No. 5").
    let numberWords: Set<String>
    /// With their full stop, lower case: abbreviations before a capital letter only after a number ("2025 г.").
    let unitsOfNumbers: Set<String>
    /// Whether a number with a full stop is an ordinal ("am 3. Mai").
    let hasDottedOrdinals: Bool
    /// Whether quotations look »so«.
    let hasInwardQuotes: Bool
    /// Words before which a long clause may end ("because").
    let joints: Set<String>
    /// The same where one of `subjects` follows ("and I"), since these join words as well.
    let links: Set<String>
    let subjects: Set<String>
    /// Phrases, normalised as `Backchannel.words(in:)` does, words joined by one space.
    let backchannels: Set<String>
    /// Phrases that always mean "let me speak", normalised alike.
    let interruptions: Set<String>
    /// Nobody ends a sentence with these.
    let alwaysHanging: Set<String>
    /// A sentence may end with these, when there is a full stop.
    let oftenHanging: Set<String>
    /// What an agent asks for.
    let expected: ExpectedPhrases

    init(
        titles: Set<String> = [], abbreviations: Set<String> = [], numberWords: Set<String> = [],
        unitsOfNumbers: Set<String> = [], hasDottedOrdinals: Bool = false, hasInwardQuotes: Bool = false,
        joints: Set<String> = [], links: Set<String> = [], subjects: Set<String> = [], backchannels: Set<String> = [],
        interruptions: Set<String> = [],
        alwaysHanging: Set<String> = [], oftenHanging: Set<String> = [], expected: ExpectedPhrases = ExpectedPhrases()
    ) {
        self.titles = titles
        self.abbreviations = abbreviations
        self.numberWords = numberWords
        self.unitsOfNumbers = unitsOfNumbers
        self.hasDottedOrdinals = hasDottedOrdinals
        self.hasInwardQuotes = hasInwardQuotes
        self.joints = joints
        self.links = links
        self.subjects = subjects
        self.backchannels = backchannels
        self.interruptions = interruptions
        self.alwaysHanging = alwaysHanging
        self.oftenHanging = oftenHanging
        self.expected = expected
    }

    static func of(_ language: String) -> LanguageTable {
        switch primary(language) {
        case "en": english
        case "de": german
        case "es": spanish
        case "fr": french
        case "it": italian
        case "pt": portuguese
        case "ru": russian
        case "zh": chinese
        case _: none
        }
    }

    private static let none = LanguageTable()

    /// The primary subtag: "en" of "en-US".
    static func primary(_ language: String) -> String {
        let subtag = language.utf8.prefix { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
        return Substring(subtag).lowercased()
    }

    static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

    static func phrases(_ text: String) -> Set<String> {
        Set(text.split(separator: ",").map { Backchannel.words(in: String($0)).joined(separator: " ") })
    }
}

/// Phrases by which it is known what an agent has asked for; see `ExpectedAnswer`. Normalised as
/// `Backchannel.words(in:)` does.
struct ExpectedPhrases: Sendable {
    var phone: Set<String> = []
    var email: Set<String> = []
    var address: Set<String> = []
    var date: Set<String> = []
    var number: Set<String> = []
    var name: Set<String> = []
    /// A question that begins with one of these wants a yes or a no.
    var yesNo: Set<String> = []
    /// So does one that ends with one of these.
    var tags: Set<String> = []
    /// A sentence with one of these asks, whatever its form.
    var requests: Set<String> = []
    /// A question with one of these wants a yes or a no: one word anywhere, several at the beginning.
    var yesNoAnywhere: Set<String> = []
}
