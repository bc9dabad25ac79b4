/// A choice among texts, as a language model makes it token by token. Pure.
enum LlamaChoice {
    /// GBNF: exactly one of the texts.
    static func grammar(_ texts: [String]) -> String {
        "root ::= \(texts.map(literal).joined(separator: " | "))\n"
    }

    /// The text that begins like this, if it is the only one.
    static func only(_ beginning: String, of texts: [String]) -> String? {
        let candidates = texts.filter { $0.hasPrefix(beginning) }
        guard !beginning.isEmpty, let first = candidates.first else { return nil }
        return candidates.allSatisfy { $0 == first } ? first : nil
    }

    private static func literal(_ text: String) -> String {
        var literal = "\""
        for character in text {
            switch character {
            case "\n": literal += "\\n"
            case "\"", "\\": literal += "\\\(character)"
            default: literal.append(character)
            }
        }
        return literal + "\""
    }
}
