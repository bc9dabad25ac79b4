/// French of France: "soixante-dix", "quatre-vingts", "mille deux cents".
enum FrenchNumbers: NumberWords {
    private static let small = [
        "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
        "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
    ]
    private static let tens = ["", "", "vingt", "trente", "quarante", "cinquante", "soixante"]
    private static let scales = ["", "mille", "million", "milliard", "billion"]

    static func cardinal(_ number: Int, _ form: NumberForm) -> String {
        guard number > 0 else { return small[0] }
        var parts: [String] = []
        for (value, place) in NumberSpelling.groups(number) {
            switch place {
            case 0: parts.append(hundreds(value, isLast: true))
            // "mille" is no noun: no "un" before it, and no plural of "cent" and "vingt".
            case 1: parts.append(value == 1 ? "mille" : "\(hundreds(value, isLast: false)) mille")
            case _: parts.append("\(hundreds(value, isLast: true)) \(scales[place])\(value > 1 ? "s" : "")")
            }
        }
        let text = parts.joined(separator: " ")
        let isOne = number % 10 == 1 && ![11, 71, 91].contains(number % 100)
        return form == .feminine && isOne ? text + "e" : text
    }

    private static func hundreds(_ number: Int, isLast: Bool) -> String {
        guard number >= 100 else { return belowHundred(number, isLast: isLast) }
        let count = number / 100
        let rest = number % 100
        let head = count == 1 ? "cent" : "\(small[count]) cent"
        if rest == 0 { return count > 1 && isLast ? head + "s" : head }
        return "\(head) \(belowHundred(rest, isLast: isLast))"
    }

    private static func belowHundred(_ number: Int, isLast: Bool) -> String {
        switch number {
        case 0..<20: return small[number]
        case 80: return isLast ? "quatre-vingts" : "quatre-vingt"
        case 81...: return "quatre-vingt-\(small[number - 80])"
        case _: break
        }
        // 70 to 79 count on from sixty.
        let ten = min(number / 10, 6)
        let rest = number - ten * 10
        switch rest {
        case 0: return tens[ten]
        case 1, 11: return "\(tens[ten]) et \(small[rest])"
        case _: return "\(tens[ten])-\(small[rest])"
        }
    }

    static func ordinal(_ number: Int, _ form: NumberForm) -> String? {
        guard number > 0 else { return nil }
        if number == 1 { return form == .feminine ? "première" : "premier" }
        var text = cardinal(number, .masculine)
        let hasPluralS = text.hasSuffix("cents") || text.hasSuffix("vingts") || text.hasSuffix("ons")
        if text.hasSuffix("e") || hasPluralS { text.removeLast() }
        if text.hasSuffix("cinq") { text += "u" }
        if text.hasSuffix("neuf") { text = text.dropLast() + "v" }
        return text + "ième"
    }

    static func counted(_ number: Int, _ noun: CountedNoun) -> String {
        let name = number < 2 ? noun.one : noun.many
        // "un million d'euros": million is a noun itself.
        guard number >= 1_000_000, number % 1_000_000 == 0 else { return "\(cardinal(number, noun.form)) \(name)" }
        let vowels: Set<Character> = ["a", "e", "i", "o", "u", "y", "h", "é", "è", "ê"]
        let isElided = name.first.map { vowels.contains($0) } ?? false
        return cardinal(number, noun.form) + (isElided ? " d'" : " de ") + name
    }

    static func decimal(_ whole: Int, fraction digits: [Int]) -> String {
        "\(cardinal(whole, .alone)) virgule \(fraction(digits))"
    }

    static func noun(_ noun: CountedNoun, afterDecimal whole: Int) -> String { whole < 2 ? noun.one : noun.many }
}
