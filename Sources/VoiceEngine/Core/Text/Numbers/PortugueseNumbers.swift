/// Portuguese as in Brazil: "mil duzentos e trinta e quatro", "duas libras", "um milhão de euros".
enum PortugueseNumbers: NumberWords {
    private static let small = [
        "zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez", "onze", "doze", "treze",
        "quatorze", "quinze", "dezesseis", "dezessete", "dezoito", "dezenove",
    ]
    private static let tens = [
        "", "", "vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa",
    ]
    private static let hundredWords = [
        "", "cento", "duzentos", "trezentos", "quatrocentos", "quinhentos", "seiscentos", "setecentos", "oitocentos",
        "novecentos",
    ]
    private static let scales: [(one: String, many: String)] = [
        ("", ""), ("", ""), ("milhão", "milhões"), ("bilhão", "bilhões"), ("trilhão", "trilhões"),
    ]
    private static let ordinals = [
        "", "primeiro", "segundo", "terceiro", "quarto", "quinto", "sexto", "sétimo", "oitavo", "nono", "décimo",
    ]

    static func cardinal(_ number: Int, _ form: NumberForm) -> String {
        guard number > 0 else { return small[0] }
        let groups = NumberSpelling.groups(number)
        var text = ""
        for (index, (value, place)) in groups.enumerated() {
            let word: String
            switch place {
            case 0: word = belowThousand(value, form)
            case 1: word = value == 1 ? "mil" : "\(belowThousand(value, form)) mil"
            case _: word = "\(belowThousand(value, .masculine)) \(value == 1 ? scales[place].one : scales[place].many)"
            }
            // "e" joins the last group when it is below a hundred or whole hundreds: "mil e cem", "mil duzentos e um".
            let isJoined = index == groups.count - 1 && (value < 100 || value % 100 == 0) && place == 0
            text += text.isEmpty ? word : isJoined ? " e \(word)" : " \(word)"
        }
        return text
    }

    private static func belowThousand(_ number: Int, _ form: NumberForm) -> String {
        if number == 100 { return "cem" }
        var parts: [String] = []
        if number > 100 {
            let word = hundredWords[number / 100]
            parts.append(form == .feminine && number >= 200 ? "\(word.dropLast(2))as" : word)
        }
        let rest = number % 100
        if rest >= 20 { parts.append(tens[rest / 10]) }
        let last = rest < 20 ? rest : rest % 10
        if last > 0 {
            switch (last, form) {
            case (1, .feminine): parts.append("uma")
            case (2, .feminine): parts.append("duas")
            case _: parts.append(small[last])
            }
        }
        return parts.joined(separator: " e ")
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
        "\(cardinal(whole, .alone)) vírgula \(fraction(digits))"
    }
}
