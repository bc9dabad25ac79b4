import Testing

@testable import VoiceEngineCore

@Suite struct NumberSpellingTests {
    static let cardinals: [(String, Int, String)] = [
        ("en", 0, "zero"), ("en", 13, "thirteen"), ("en", 21, "twenty-one"), ("en", 100, "one hundred"),
        ("en", 1_234, "one thousand two hundred thirty-four"), ("en", 1_000_000, "one million"),
        ("en", 1_000_000_000_000, "one trillion"), ("en", 2_000_000_001, "two billion one"),
        ("de", 0, "null"), ("de", 1, "eins"), ("de", 21, "einundzwanzig"), ("de", 101, "einhunderteins"),
        ("de", 1_234, "eintausendzweihundertvierunddreißig"), ("de", 1_000_000, "eine Million"),
        ("de", 2_500_000, "zwei Millionen fünfhunderttausend"), ("de", 1_000_000_000_000, "eine Billion"),
        ("de", 3_001_000_001, "drei Milliarden eine Million eins"),
        ("fr", 16, "seize"), ("fr", 21, "vingt et un"), ("fr", 70, "soixante-dix"), ("fr", 71, "soixante et onze"),
        ("fr", 77, "soixante-dix-sept"), ("fr", 80, "quatre-vingts"), ("fr", 81, "quatre-vingt-un"),
        ("fr", 91, "quatre-vingt-onze"), ("fr", 99, "quatre-vingt-dix-neuf"), ("fr", 200, "deux cents"),
        ("fr", 201, "deux cent un"), ("fr", 1_000, "mille"), ("fr", 2_200, "deux mille deux cents"),
        ("fr", 80_000, "quatre-vingt mille"), ("fr", 200_000, "deux cent mille"), ("fr", 2_000_000, "deux millions"),
        ("fr", 80_000_000, "quatre-vingts millions"), ("fr", 1_000_000_000_000, "un billion"),
        ("es", 16, "dieciséis"), ("es", 22, "veintidós"), ("es", 31, "treinta y uno"), ("es", 100, "cien"),
        ("es", 101, "ciento uno"), ("es", 555, "quinientos cincuenta y cinco"), ("es", 1_000, "mil"),
        ("es", 21_000, "veintiún mil"), ("es", 1_000_000, "un millón"), ("es", 2_000_000_000, "dos mil millones"),
        ("es", 1_000_000_000_000, "un billón"),
        ("it", 3, "tre"), ("it", 21, "ventuno"), ("it", 23, "ventitré"), ("it", 28, "ventotto"), ("it", 100, "cento"),
        ("it", 1_000, "mille"), ("it", 2_345, "duemilatrecentoquarantacinque"), ("it", 1_000_000, "un milione"),
        ("it", 3_000_000, "tre milioni"), ("it", 1_000_000_000_000, "mille miliardi"), ("it", 200, "duecento"),
        ("pt", 16, "dezesseis"), ("pt", 21, "vinte e um"), ("pt", 100, "cem"), ("pt", 101, "cento e um"),
        ("pt", 1_100, "mil e cem"), ("pt", 1_234, "mil duzentos e trinta e quatro"), ("pt", 1_001, "mil e um"),
        ("pt", 1_000_000, "um milhão"), ("pt", 2_000_000_000, "dois bilhões"), ("pt", 1_000_000_000_000, "um trilhão"),
        ("ru", 1_000, "одна тысяча"), ("ru", 2_000, "две тысячи"), ("ru", 5_000, "пять тысяч"),
        ("ru", 1_234, "одна тысяча двести тридцать четыре"), ("ru", 11_000, "одиннадцать тысяч"),
        ("ru", 21_000, "двадцать одна тысяча"), ("ru", 2_000_000, "два миллиона"), ("ru", 40, "сорок"),
        ("ru", 1_000_000_000_000, "один триллион"), ("ru", 90, "девяносто"),
        ("zh", 10, "十"), ("zh", 15, "十五"), ("zh", 110, "一百一十"), ("zh", 101, "一百零一"), ("zh", 2, "二"),
        ("zh", 1_234, "一千二百三十四"), ("zh", 2_000, "两千"), ("zh", 10_001, "一万零一"), ("zh", 20_000, "两万"),
        ("zh", 1_000_000, "一百万"), ("zh", 100_000_000, "一亿"), ("zh", 1_000_000_000_000, "一万亿"),
        ("zh", 1_000_100_000_000, "一万零一亿"), ("zh", 10_010, "一万零一十"),
    ]

    @Test(arguments: cardinals) func spellsCardinals(language: String, number: Int, words: String) {
        #expect(NumberSpelling.cardinal(number, language: language) == words)
    }

    @Test(
        arguments: [
            ("de", 1, NumberForm.masculine, "ein"), ("de", 1, .feminine, "eine"),
            ("de", 101, .feminine, "einhunderteine"),
            ("fr", 21, .feminine, "vingt et une"), ("fr", 71, .feminine, "soixante et onze"),
            ("es", 21, .masculine, "veintiún"),
            ("es", 200, .feminine, "doscientas"), ("es", 31, .feminine, "treinta y una"), ("it", 1, .feminine, "una"),
            ("pt", 2, .feminine, "duas"), ("pt", 222, .feminine, "duzentas e vinte e duas"),
            ("ru", 2, .feminine, "две"),
            ("ru", 1, .neuter, "одно"), ("zh", 2, .masculine, "两"),
        ] as [(String, Int, NumberForm, String)])
    func agreesWithTheNoun(language: String, number: Int, form: NumberForm, words: String) {
        #expect(NumberSpelling.cardinal(number, language: language, form: form) == words)
    }

    @Test(arguments: [
        ("en", 1, "first"), ("en", 12, "twelfth"), ("en", 20, "twentieth"), ("en", 21, "twenty-first"),
        ("en", 100, "one hundredth"), ("de", 1, "erste"), ("de", 3, "dritte"), ("de", 7, "siebte"),
        ("de", 19, "neunzehnte"), ("de", 20, "zwanzigste"), ("de", 31, "einunddreißigste"), ("fr", 1, "premier"),
        ("fr", 5, "cinquième"), ("fr", 9, "neuvième"), ("fr", 21, "vingt et unième"), ("fr", 80, "quatre-vingtième"),
        ("fr", 4, "quatrième"), ("es", 3, "tercero"), ("it", 3, "terzo"), ("it", 23, "ventitreesimo"),
        ("it", 11, "undicesimo"), ("pt", 2, "segundo"), ("ru", 3, "третий"), ("ru", 14, "четырнадцатый"),
        ("ru", 22, "двадцать второй"), ("zh", 2, "第二"),
    ])
    func spellsOrdinals(language: String, number: Int, words: String) {
        #expect(NumberSpelling.ordinal(number, language: language) == words)
    }

    @Test(arguments: ["en", "de", "fr", "es", "it", "pt", "ru", "zh"])
    func neverTrapsAndNeverSaysTwoNumbersAlike(language: String) {
        var seen: [String: Int] = [:]
        for number in Array(0...2_100) + [9_999, 10_000, 10_001, 99_999, 100_000, 1_000_001] {
            let words = NumberSpelling.cardinal(number, language: language) ?? ""
            #expect(!words.isEmpty && seen[words] == nil, "\(number) and \(seen[words] ?? -1): \(words)")
            seen[words] = number
        }
        var random = SeededRandom(seed: 7)
        for _ in 0..<2_000 {
            let number =
                Int.random(in: 0...NumberSpelling.largest, using: &random) >> Int.random(in: 0...48, using: &random)
            for form in [NumberForm.alone, .masculine, .feminine, .neuter] {
                let words = NumberSpelling.cardinal(number, language: language, form: form) ?? ""
                #expect(!words.isEmpty && !words.contains("  ") && words.last != " ", "\(number): \(words)")
            }
            _ = NumberSpelling.ordinal(number, language: language)
        }
    }

    @Test func refusesWhatIsTooLargeOrUnknown() {
        #expect(NumberSpelling.cardinal(NumberSpelling.largest + 1, language: "en") == nil)
        #expect(NumberSpelling.cardinal(-1, language: "en") == nil)
        #expect(NumberSpelling.cardinal(1, language: "xx") == nil)
    }
}
