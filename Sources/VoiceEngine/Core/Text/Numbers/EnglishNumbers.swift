/// English: "one thousand two hundred thirty-four".
enum EnglishNumbers: NumberWords {
    private static let small = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ]
    private static let tens = [
        "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ]
    private static let scales = ["", "thousand", "million", "billion", "trillion"]
    private static let irregular = [
        "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
        "twelve": "twelfth",
    ]

    static func cardinal(_ number: Int, _ form: NumberForm) -> String {
        guard number > 0 else { return small[0] }
        return NumberSpelling.groups(number).map { value, place in
            place == 0 ? hundreds(value) : "\(hundreds(value)) \(scales[place])"
        }.joined(separator: " ")
    }

    private static func hundreds(_ number: Int) -> String {
        guard number >= 100 else { return belowHundred(number) }
        let head = "\(small[number / 100]) hundred"
        return number % 100 == 0 ? head : "\(head) \(belowHundred(number % 100))"
    }

    private static func belowHundred(_ number: Int) -> String {
        if number < 20 { return small[number] }
        let head = tens[number / 10]
        return number % 10 == 0 ? head : "\(head)-\(small[number % 10])"
    }

    static func ordinal(_ number: Int, _ form: NumberForm) -> String? {
        let text = cardinal(number, form)
        let start = text.lastIndex { $0 == " " || $0 == "-" }.map { text.index(after: $0) } ?? text.startIndex
        let last = String(text[start...])
        let ordinal = irregular[last] ?? (last.hasSuffix("y") ? "\(last.dropLast())ieth" : "\(last)th")
        return text[..<start] + ordinal
    }

    /// "nineteen eighty-four", "two thousand five", "twenty twenty-five".
    static func year(_ number: Int) -> String {
        let (century, rest) = number.quotientAndRemainder(dividingBy: 100)
        guard (1_100...2_999).contains(number), number / 10 % 100 != 0 else { return cardinal(number, .alone) }
        switch rest {
        case 0: return "\(belowHundred(century)) hundred"
        case 1...9: return "\(belowHundred(century)) oh \(small[rest])"
        case _: return "\(belowHundred(century)) \(belowHundred(rest))"
        }
    }

    static func decimal(_ whole: Int, fraction: [Int]) -> String {
        "\(cardinal(whole, .alone)) point \(digits(fraction))"
    }
}
