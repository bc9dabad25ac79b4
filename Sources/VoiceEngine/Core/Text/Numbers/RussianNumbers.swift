/// Russian, nominative: "одна тысяча двести тридцать четыре", "две тысячи", "три целых пять десятых".
enum RussianNumbers: NumberWords {
    private static let small = [
        "ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать",
        "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать",
        "девятнадцать",
    ]
    private static let tens = [
        "", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто",
    ]
    private static let hundredWords = [
        "", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот",
    ]
    private static let scales = [
        CountedNoun(one: "", few: "", many: ""),
        CountedNoun(one: "тысяча", few: "тысячи", many: "тысяч", form: .feminine),
        CountedNoun(one: "миллион", few: "миллиона", many: "миллионов"),
        CountedNoun(one: "миллиард", few: "миллиарда", many: "миллиардов"),
        CountedNoun(one: "триллион", few: "триллиона", many: "триллионов"),
    ]
    /// Stems of the ordinals 1 to 19, before the ending.
    private static let ordinalStems = [
        "нулев", "перв", "втор", "трет", "четвёрт", "пят", "шест", "седьм", "восьм", "девят", "десят", "одиннадцат",
        "двенадцат", "тринадцат", "четырнадцат", "пятнадцат", "шестнадцат", "семнадцат", "восемнадцат", "девятнадцат",
    ]
    private static let ordinalTens = [
        "", "", "двадцат", "тридцат", "сороков", "пятидесят", "шестидесят", "семидесят", "восьмидесят", "девяност",
    ]

    static func cardinal(_ number: Int, _ form: NumberForm) -> String {
        guard number > 0 else { return small[0] }
        return NumberSpelling.groups(number).map { value, place in
            guard place > 0 else { return belowThousand(value, form) }
            return "\(belowThousand(value, scales[place].form)) \(noun(scales[place], after: value))"
        }.joined(separator: " ")
    }

    private static func belowThousand(_ number: Int, _ form: NumberForm) -> String {
        var parts: [String] = []
        if number >= 100 { parts.append(hundredWords[number / 100]) }
        let rest = number % 100
        if rest >= 20 { parts.append(tens[rest / 10]) }
        let last = rest < 20 ? rest : rest % 10
        if last > 0 {
            switch (last, form) {
            case (1, .feminine): parts.append("одна")
            case (1, .neuter): parts.append("одно")
            case (2, .feminine): parts.append("две")
            case _: parts.append(small[last])
            }
        }
        return parts.joined(separator: " ")
    }

    /// "рубль", "рубля", "рублей".
    static func noun(_ noun: CountedNoun, after number: Int) -> String {
        if (11...14).contains(number % 100) { return noun.many }
        switch number % 10 {
        case 1: return noun.one
        case 2...4: return noun.few
        case _: return noun.many
        }
    }

    static func counted(_ number: Int, _ noun: CountedNoun) -> String {
        "\(cardinal(number, noun.form)) \(self.noun(noun, after: number))"
    }

    /// Case endings of an ordinal.
    enum Ending { case nominative(NumberForm), genitive, prepositional }

    static func ordinal(_ number: Int, _ form: NumberForm) -> String? { ordinal(number, ending: .nominative(form)) }

    /// Ordinals of whole hundreds and thousands are left alone: their stems are irregular.
    static func ordinal(_ number: Int, ending: Ending) -> String? {
        let rest = number % 100
        if number == 2_000 { return "двухтысячн" + suffix(ending, isStressed: false) }
        guard number > 0, number < 1_000_000, rest > 0 else { return nil }
        let last = rest < 20 || rest % 10 == 0 ? rest : rest % 10
        let head = number - last > 0 ? cardinal(number - last, .masculine) + " " : ""
        let stem = last < 20 ? ordinalStems[last] : ordinalTens[last / 10]
        if last == 3 { return head + third(ending) }
        return head + stem + suffix(ending, isStressed: [2, 6, 7, 8, 40].contains(last))
    }

    private static func third(_ ending: Ending) -> String {
        switch ending {
        case .nominative(.feminine): "третья"
        case .nominative(.neuter): "третье"
        case .nominative(.masculine), .nominative(.alone): "третий"
        case .genitive: "третьего"
        case .prepositional: "третьем"
        }
    }

    private static func suffix(_ ending: Ending, isStressed: Bool) -> String {
        switch ending {
        case .nominative(.feminine): "ая"
        case .nominative(.neuter): "ое"
        case .nominative(.masculine), .nominative(.alone): isStressed ? "ой" : "ый"
        case .genitive: "ого"
        case .prepositional: "ом"
        }
    }

    static func decimal(_ whole: Int, fraction: [Int]) -> String {
        let names = ["", "десят", "сот", "тысячн"]
        guard names.indices.contains(fraction.count), !fraction.isEmpty else {
            return "\(cardinal(whole, .alone)) запятая \(digits(fraction))"
        }
        let number = fraction.reduce(0) { $0 * 10 + $1 }
        let wholes = isOne(whole) ? "целая" : "целых"
        let parts = names[fraction.count] + (isOne(number) ? "ая" : "ых")
        return "\(cardinal(whole, .feminine)) \(wholes) \(cardinal(number, .feminine)) \(parts)"
    }

    private static func isOne(_ number: Int) -> Bool { number % 10 == 1 && number % 100 != 11 }

    static func noun(_ noun: CountedNoun, afterDecimal whole: Int) -> String { noun.few }
}
