/// Spanish: "mil doscientos treinta y cuatro", "veintiún euros", "doscientas libras".
enum SpanishNumbers: NumberWords {
    private static let small = [
        "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce",
        "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte", "veintiuno",
        "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho",
        "veintinueve",
    ]
    private static let tens = [
        "", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa",
    ]
    private static let hundredWords = [
        "", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos", "seiscientos", "setecientos",
        "ochocientos", "novecientos",
    ]
    private static let ordinals = [
        "", "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno", "décimo",
        "undécimo", "duodécimo",
    ]

    static func cardinal(_ number: Int, _ form: NumberForm) -> String {
        guard number > 0 else { return small[0] }
        // The long scale: millions and billions (10^12), each of up to six digits.
        let (billions, afterBillions) = number.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        let (millions, rest) = afterBillions.quotientAndRemainder(dividingBy: 1_000_000)
        var parts: [String] = []
        if billions > 0 {
            parts.append(billions == 1 ? "un billón" : "\(belowMillion(billions, .masculine)) billones")
        }
        if millions > 0 {
            parts.append(millions == 1 ? "un millón" : "\(belowMillion(millions, .masculine)) millones")
        }
        if rest > 0 { parts.append(belowMillion(rest, form)) }
        return parts.joined(separator: " ")
    }

    private static func belowMillion(_ number: Int, _ form: NumberForm) -> String {
        let (thousands, rest) = number.quotientAndRemainder(dividingBy: 1_000)
        let before = form == .feminine ? NumberForm.feminine : .masculine
        var parts: [String] = []
        if thousands > 0 { parts.append(thousands == 1 ? "mil" : "\(belowThousand(thousands, before)) mil") }
        if rest > 0 { parts.append(belowThousand(rest, form)) }
        return parts.joined(separator: " ")
    }

    private static func belowThousand(_ number: Int, _ form: NumberForm) -> String {
        if number == 100 { return "cien" }
        var parts: [String] = []
        if number > 100 {
            let word = hundredWords[number / 100]
            parts.append(form == .feminine && number >= 200 ? "\(word.dropLast(2))as" : word)
        }
        if number % 100 > 0 { parts.append(belowHundred(number % 100, form)) }
        return parts.joined(separator: " ")
    }

    private static func belowHundred(_ number: Int, _ form: NumberForm) -> String {
        switch (number, form) {
        case (1, .masculine): return "un"
        case (1, .feminine): return "una"
        case (21, .masculine): return "veintiún"
        case (21, .feminine): return "veintiuna"
        case (0..<30, _): return small[number]
        case _: break
        }
        let rest = number % 10
        return rest == 0 ? tens[number / 10] : "\(tens[number / 10]) y \(belowHundred(rest, form))"
    }

    static func ordinal(_ number: Int, _ form: NumberForm) -> String? {
        guard ordinals.indices.contains(number), number > 0 else { return nil }
        return form == .feminine ? "\(ordinals[number].dropLast())a" : ordinals[number]
    }

    static func counted(_ number: Int, _ noun: CountedNoun) -> String {
        let isMillions = number >= 1_000_000 && number % 1_000_000 == 0
        return cardinal(number, noun.form) + (isMillions ? " de " : " ") + (number == 1 ? noun.one : noun.many)
    }

    static func decimal(_ whole: Int, fraction digits: [Int]) -> String {
        "\(cardinal(whole, .alone)) coma \(fraction(digits))"
    }
}
