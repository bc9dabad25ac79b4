/// Mandarin: "一千二百三十四", "两公里".
enum ChineseNumbers: NumberWords {
    private static let digitWords = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"]
    private static let places = ["", "十", "百", "千"]
    private static let scales = ["", "万", "亿", "万亿"]

    static func cardinal(_ number: Int, _ form: NumberForm) -> String {
        guard number > 0 else { return digitWords[0] }
        if number == 2, form != .alone { return "两" }
        var sections: [Int] = []
        var rest = number
        while rest > 0 {
            sections.append(rest % 10_000)
            rest /= 10_000
        }
        var text = ""
        var hasGap = false
        for (place, section) in sections.enumerated().reversed() {
            if section == 0 {
                hasGap = true
                continue
            }
            // A zero is said where a place below the last one said is empty.
            if !text.isEmpty && (hasGap || section < 1_000) { text += digitWords[0] }
            // 两万, 两亿; alone it is 二.
            let word = section == 2 && place > 0 ? "两" : below(section, isFirst: text.isEmpty)
            text += word + scale(place, of: sections)
            hasGap = false
        }
        return text
    }

    /// 10^12 is 万亿; with something in 亿 as well, its 亿 is said once: 一万二千亿.
    private static func scale(_ place: Int, of sections: [Int]) -> String {
        place == 3 && sections[2] > 0 ? "万" : scales[place]
    }

    private static func below(_ section: Int, isFirst: Bool) -> String {
        var text = ""
        var hasGap = false
        for place in (0..<4).reversed() {
            let digit = section / [1, 10, 100, 1_000][place] % 10
            if digit == 0 {
                hasGap = !text.isEmpty
                continue
            }
            if hasGap { text += digitWords[0] }
            hasGap = false
            // 十五, but 一百一十五; 两千, but 二百.
            let isBareTen = place == 1 && digit == 1 && text.isEmpty && isFirst
            let word = digit == 2 && place == 3 ? "两" : digitWords[digit]
            text += isBareTen ? places[1] : word + places[place]
        }
        return text
    }

    static func ordinal(_ number: Int, _ form: NumberForm) -> String? { "第" + cardinal(number, .alone) }

    /// Digit by digit: 二零二五.
    static func year(_ number: Int) -> String {
        String(number).compactMap(\.wholeNumberValue).map { digitWords[$0] }.joined()
    }

    static func digits(_ digits: [Int]) -> String { digits.map { digitWords[$0] }.joined() }

    static func counted(_ number: Int, _ noun: CountedNoun) -> String { cardinal(number, noun.form) + noun.many }

    static func decimal(_ whole: Int, fraction: [Int]) -> String {
        "\(cardinal(whole, .alone))点\(digits(fraction))"
    }
}
