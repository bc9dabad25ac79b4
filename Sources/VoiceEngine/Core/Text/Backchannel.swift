/// Words that a listener says without wanting the floor: "mhm", "yeah", "okay".
package enum Backchannel {
    /// The words of a transcript, normalised for comparison: lower case, without punctuation, hyphens apart ("uh-huh"
    /// is two words), apostrophes kept inside a word and straight. Each Chinese or Japanese character is a word.
    package static func words(in text: String) -> [String] {
        if let words = wordsOfASCII(text) { return words }
        var words: [String] = []
        var word = ""
        for character in text.lowercased() {
            guard let scalar = character.unicodeScalars.first else { continue }
            if SpokenWords.isIdeographic(scalar) {
                if !word.isEmpty { words.append(trimmed(word)) }
                word = ""
                words.append(String(character))
            } else if scalar.isAlphanumeric {
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

    /// The same byte by byte, as most transcripts allow; nil for a text that is not ASCII.
    private static func wordsOfASCII(_ text: String) -> [String]? {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
            var words: [String] = []
            var index = 0
            while index < bytes.count {
                let start = index
                var end = start
                while index < bytes.count, isWordByte(bytes[index]) || (bytes[index] == apostrophe && index > start) {
                    index += 1
                    if bytes[index - 1] != apostrophe { end = index }
                }
                if end > start { words.append(lowercased(bytes[start..<end])) }
                index = max(index, start + 1)
            }
            return words
        }
    }

    private static let apostrophe = UInt8(ascii: "'")

    private static func isWordByte(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 }

    /// ASCII letters, digits and apostrophes, in lower case.
    private static func lowercased(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        String(unsafeUninitializedCapacity: word.count) { lower in
            for (offset, byte) in word.enumerated() { lower[offset] = byte &- 0x41 < 26 ? byte | 0x20 : byte }
            return word.count
        }
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
        isBackchannel(words: words(in: text), language: language, extra: extra)
    }

    /// The same of words that are known already.
    package static func isBackchannel(words: [String], language: String, extra: [String] = []) -> Bool {
        let isHan = words.first?.unicodeScalars.first.map(SpokenWords.isIdeographic) ?? false
        guard !words.isEmpty, words.count <= (isHan ? longestHan : longest) else { return false }
        let phrases = LanguageTable.of(language).backchannels
        let others = extra.map { self.words(in: $0).joined(separator: " ") }
        return isCovered(words[...]) { phrases.contains($0) || others.contains($0) }
    }

    /// Whether a text holds a phrase with which a caller always takes the floor: "stop", "einen Moment".
    package static func alwaysInterrupts(_ text: String, language: String, extra: [String] = []) -> Bool {
        alwaysInterrupts(words: words(in: text), language: language, extra: extra)
    }

    /// The same of words that are known already.
    package static func alwaysInterrupts(words: [String], language: String, extra: [String] = []) -> Bool {
        let spoken = SpokenText(words)
        guard !spoken.isEmpty else { return false }
        if LanguageTable.of(language).interruptions.contains(where: { spoken.holds($0) }) { return true }
        return extra.contains { phrase in
            let words = self.words(in: phrase)
            return !words.isEmpty && spoken.holds(words.joined(separator: " "))
        }
    }

    private static let longest = 4
    /// [characters] In Han each character is a word.
    private static let longestHan = 8

    /// Whether the words are phrases one after another. At most four words (eight characters of Han), so at most 128
    /// ways to cut.
    private static func isCovered(_ words: ArraySlice<String>, by isPhrase: (String) -> Bool) -> Bool {
        if words.isEmpty { return true }
        return (1...words.count).contains { count in
            let head = words.prefix(count)
            let isOne = isPhrase(head.joined(separator: " ")) || (count == 1 && isHum(head[head.startIndex]))
            return isOne && isCovered(words.dropFirst(count), by: isPhrase)
        }
    }

    /// "mm", "hmm", "mhmm": in every language, however a recogniser spells it.
    private static func isHum(_ word: String) -> Bool {
        let (m, h) = (UInt8(ascii: "m"), UInt8(ascii: "h"))
        return word.utf8.contains(m) && word.utf8.allSatisfy { $0 == m || $0 == h }
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
            let digits = text.unicodeScalars.count {
                $0.isASCII ? $0.isASCIIDigit : $0.properties.numericType == .decimal
            }
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
        let tail = text.utf8.suffix(48)
        if tail.allSatisfy({ $0 < 0x80 }) { return Backchannel.words(in: String(Substring(tail))).last }
        return Backchannel.words(in: String(text.suffix(48))).last
    }
}
