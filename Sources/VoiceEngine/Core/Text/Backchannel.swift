/// Words that a listener says without wanting the floor: "mhm", "yeah", "okay".
package enum Backchannel {
    /// The words of a transcript, normalised for comparison: lower case, without punctuation, hyphens apart ("uh-huh"
    /// is two words), apostrophes kept inside a word and straight. Each Chinese or Japanese character is a word.
    package static func words(in text: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in text.lowercased() {
            if let scalar = character.unicodeScalars.first, SpokenWords.isIdeographic(scalar) {
                if !word.isEmpty { words.append(trimmed(word)) }
                word = ""
                words.append(String(character))
            } else if character.isLetter || character.isNumber {
                word.append(character)
            } else if character == "'" || character == "\u{2019}" {
                if !word.isEmpty { word.append("'") }
            } else if !word.isEmpty {
                words.append(trimmed(word))
                word = ""
            }
        }
        if !word.isEmpty { words.append(trimmed(word)) }
        return words
    }

    private static func trimmed(_ word: String) -> String {
        var word = word
        while word.last == "'" { word.removeLast() }
        return word
    }

    /// Whether a text is nothing but backchannels: up to four words, each part of a phrase of the language or of
    /// `extra`.
    ///
    /// No words at all is no backchannel.
    package static func isBackchannel(_ text: String, language: String, extra: [String] = []) -> Bool {
        let words = words(in: text)
        let isHan = words.first?.unicodeScalars.first.map(SpokenWords.isIdeographic) ?? false
        guard !words.isEmpty, words.count <= (isHan ? longestHan : longest) else { return false }
        var phrases = LanguageTable.of(language).backchannels
        for phrase in extra { phrases.insert(self.words(in: phrase).joined(separator: " ")) }
        return isCovered(words[...], by: phrases)
    }

    /// Whether a text holds a phrase with which a caller always takes the floor: "stop", "einen Moment".
    package static func alwaysInterrupts(_ text: String, language: String, extra: [String] = []) -> Bool {
        let spoken = SpokenText(words(in: text))
        guard !spoken.isEmpty else { return false }
        if LanguageTable.of(language).interruptions.contains(where: { spoken.holds($0) }) { return true }
        return extra.contains { phrase in
            let words = words(in: phrase)
            return !words.isEmpty && spoken.holds(words.joined(separator: " "))
        }
    }

    private static let longest = 4
    /// [characters] In Han each character is a word.
    private static let longestHan = 8

    /// Whether the words are phrases one after another. At most four words (eight characters of Han), so at most 128
    /// ways to cut.
    private static func isCovered(_ words: ArraySlice<String>, by phrases: Set<String>) -> Bool {
        if words.isEmpty { return true }
        return (1...words.count).contains { count in
            let head = words.prefix(count)
            let isPhrase = phrases.contains(head.joined(separator: " ")) || (count == 1 && isHum(head[head.startIndex]))
            return isPhrase && isCovered(words.dropFirst(count), by: phrases)
        }
    }

    /// "mm", "hmm", "mhmm": in every language, however a recogniser spells it.
    private static func isHum(_ word: String) -> Bool {
        word.contains("m") && word.allSatisfy { $0 == "m" || $0 == "h" }
    }
}

/// Whether a caller who falls silent here will go on.
package enum Completeness {
    /// Whether a transcript looks unfinished: it ends in a comma, a dash or an ellipsis, or in a word that wants
    /// another one ("and", "my", "for"). Recognisers end every piece with a full stop, so a full stop excuses only
    /// words that a sentence may end with; a question mark excuses all.
    package static func looksIncomplete(_ text: String, language: String) -> Bool {
        var ending = text[...]
        while let last = ending.last, last.isWhitespace || last == "\"" { ending = ending.dropLast() }
        guard let last = ending.last, let word = lastWord(of: ending) else { return false }
        if ending.hasSuffix("...") { return true }
        switch last {
        case ",", ";", ":", "-", "–", "—", "…", "、", "，": return true
        case "?", "!", "？", "！": return false
        case _: break
        }
        let table = LanguageTable.of(language)
        if word.unicodeScalars.first.map(SpokenWords.isIdeographic) ?? false {
            // Han has no spaces: the words are looked for at the end.
            let tail = String(Backchannel.words(in: String(ending.suffix(8))).joined())
            if table.alwaysHanging.contains(where: { tail.hasSuffix($0) }) { return true }
            return last != "。" && last != "." && table.oftenHanging.contains { tail.hasSuffix($0) }
        }
        if table.alwaysHanging.contains(word) { return true }
        return last != "." && last != "。" && table.oftenHanging.contains(word)
    }

    /// The same while a certain answer is expected: a telephone number of four digits goes on, and so does an address
    /// without its last part.
    package static func looksIncomplete(
        _ text: String, language: String, expecting expected: ExpectedAnswer
    ) -> Bool {
        if looksIncomplete(text, language: language) { return true }
        switch expected {
        case .phone:
            let digits = text.unicodeScalars.count { $0.properties.numericType == .decimal }
            return (1..<7).contains(digits)
        case .email:
            guard let at = text.lastIndex(of: "@") else { return false }
            let domain = text[text.index(after: at)...]
            return !domain.dropLast().contains(".")
        case .number, .name, .date, .address, .yesNo, .open: return false
        }
    }

    private static func lastWord(of text: Substring) -> String? {
        // Only the tail is looked at: transcripts are normalised with every partial result.
        Backchannel.words(in: String(text.suffix(48))).last
    }
}
