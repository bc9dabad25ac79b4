/// German: "eintausendzweihundertvierunddreißig".
enum GermanNumbers: NumberWords {
    private static let small = [
        "null", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
        "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
    ]
    private static let tens = [
        "", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig",
    ]
    private static let scales: [(one: String, many: String)] = [
        ("", ""), ("", ""), ("Million", "Millionen"), ("Milliarde", "Milliarden"), ("Billion", "Billionen"),
    ]

    static func cardinal(_ number: Int, _ form: NumberForm) -> String {
        guard number > 0 else { return small[0] }
        var parts: [String] = []
        for (value, place) in NumberSpelling.groups(number / 1_000_000) {
            let scale = scales[place + 2]
            parts.append(value == 1 ? "eine \(scale.one)" : "\(hundreds(value)) \(scale.many)")
        }
        let low = number % 1_000_000
        if low > 0 {
            let thousands = low / 1_000 > 0 ? hundreds(low / 1_000) + "tausend" : ""
            parts.append(thousands + (low % 1_000 > 0 ? hundreds(low % 1_000) : ""))
        }
        var text = parts.joined(separator: " ")
        if low % 100 == 1 {
            switch form {
            case .alone: text += "s"
            case .feminine: text += "e"
            case .masculine, .neuter: break
            }
        }
        return text
    }

    private static func hundreds(_ number: Int) -> String {
        let head = number >= 100 ? small[number / 100] + "hundert" : ""
        return number % 100 == 0 ? head : head + belowHundred(number % 100)
    }

    private static func belowHundred(_ number: Int) -> String {
        if number < 20 { return small[number] }
        let head = tens[number / 10]
        return number % 10 == 0 ? head : "\(small[number % 10])und\(head)"
    }

    /// The weak form: "dritte"; after "am", "vom" and the like an "n" is added by who knows the words before.
    static func ordinal(_ number: Int, _ form: NumberForm) -> String? {
        guard number > 0, number < 1_000_000 else { return nil }
        let last = number % 100
        let head = number - last > 0 ? cardinal(number - last, .masculine) : ""
        switch last {
        case 1: return head + "erste"
        case 3: return head + "dritte"
        case 7: return head + "siebte"
        case 8: return head + "achte"
        case 2...19: return head + small[last] + "te"
        case 0: return head + "ste"
        case _: return head + belowHundred(last) + "ste"
        }
    }

    /// "neunzehnhundertvierundachtzig", "zweitausendfünfundzwanzig".
    static func year(_ number: Int) -> String {
        guard (1_100...1_999).contains(number) else { return cardinal(number, .alone) }
        let rest = number % 100
        return small[number / 100] + "hundert" + (rest == 0 ? "" : belowHundred(rest) + (rest == 1 ? "s" : ""))
    }

    static func decimal(_ whole: Int, fraction: [Int]) -> String {
        "\(cardinal(whole, .alone)) Komma \(digits(fraction))"
    }
}
