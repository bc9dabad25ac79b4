/// Italian: "milleduecentotrentaquattro", "ventotto", "un milione di euro".
enum ItalianNumbers: NumberWords {
    private static let small = [
        "zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove", "dieci", "undici", "dodici",
        "tredici", "quattordici", "quindici", "sedici", "diciassette", "diciotto", "diciannove",
    ]
    private static let tens = [
        "", "", "venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta",
    ]
    private static let ordinals = [
        "", "primo", "secondo", "terzo", "quarto", "quinto", "sesto", "settimo", "ottavo", "nono", "decimo",
    ]

    static func cardinal(_ number: Int, _ form: NumberForm) -> String {
        guard number > 0 else { return small[0] }
        if number == 1 {
            switch form {
            case .alone: return "uno"
            case .feminine: return "una"
            case .masculine, .neuter: return "un"
            }
        }
        var parts: [String] = []
        // "milleduecento miliardi": thousands of millions of millions are counted in "miliardi".
        let milliards = number / 1_000_000_000
        if milliards > 0 { parts.append(milliards == 1 ? "un miliardo" : "\(belowMillion(milliards)) miliardi") }
        let millions = number / 1_000_000 % 1_000
        if millions > 0 { parts.append(millions == 1 ? "un milione" : "\(belowMillion(millions)) milioni") }
        let rest = number % 1_000_000
        if rest > 0 { parts.append(belowMillion(rest)) }
        return parts.joined(separator: " ")
    }

    private static func belowMillion(_ number: Int) -> String {
        let (thousands, rest) = number.quotientAndRemainder(dividingBy: 1_000)
        let head = thousands == 0 ? "" : thousands == 1 ? "mille" : "\(belowThousand(thousands))mila"
        let text = head + (rest == 0 ? "" : belowThousand(rest))
        // "tre" at the end of a longer word is stressed.
        return number > 20 && text.hasSuffix("tre") ? "\(text.dropLast())é" : text
    }

    private static func belowThousand(_ number: Int) -> String {
        let count = number / 100
        let head = count == 0 ? "" : count == 1 ? "cento" : "\(small[count])cento"
        return number % 100 == 0 ? head : head + belowHundred(number % 100)
    }

    private static func belowHundred(_ number: Int) -> String {
        if number < 20 { return small[number] }
        let head = tens[number / 10]
        switch number % 10 {
        case 0: return head
        // "ventuno", "ventotto": one vowel goes.
        case 1, 8: return "\(head.dropLast())\(small[number % 10])"
        case let rest: return head + small[rest]
        }
    }

    static func ordinal(_ number: Int, _ form: NumberForm) -> String? {
        guard number > 0 else { return nil }
        let text: String
        if ordinals.indices.contains(number) {
            text = ordinals[number]
        } else {
            let cardinal = belowMillion(number % 1_000_000)
            guard number < 1_000_000 else { return nil }
            // "ventitreesimo" and "ventiseiesimo" keep their vowel.
            if cardinal.hasSuffix("é") {
                text = "\(cardinal.dropLast())eesimo"
            } else if cardinal.hasSuffix("sei") {
                text = "\(cardinal)esimo"
            } else if cardinal.hasSuffix("mila") {
                text = "\(cardinal.dropLast(2))llesimo"
            } else {
                text = "\(cardinal.dropLast())esimo"
            }
        }
        return form == .feminine ? "\(text.dropLast())a" : text
    }

    static func counted(_ number: Int, _ noun: CountedNoun) -> String {
        let isMillions = number >= 1_000_000 && number % 1_000_000 == 0
        return cardinal(number, noun.form) + (isMillions ? " di " : " ") + (number == 1 ? noun.one : noun.many)
    }

    static func decimal(_ whole: Int, fraction digits: [Int]) -> String {
        "\(cardinal(whole, .alone)) virgola \(fraction(digits))"
    }
}
