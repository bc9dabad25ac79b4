/// Puts into words what a voice would misread: numbers, money, dates, times, telephone numbers, units, abbreviations,
/// addresses, codes; and says an agent's own words as its dictionary has them.
///
/// Works on one segment of `TextSegmenter`, which never cuts inside any of these. What is not recognised for certain
/// stays as it is. The original is kept, with the way back: see `SpokenSegment`.
///
/// ```
/// segment ──► dictionary ──► addresses, telephone numbers, codes ──► dates, times, money, units, numbers ──► spoken
///             always         minimal and full                        full
/// ```
///
/// One pass over the text: each place is looked at once, and each look goes at most `SpeechScan.farthest` characters
/// ahead, so the time grows with the length of the text only.
package struct SpeechNormalizer: Sendable {
    /// How much is put into words.
    package enum Level: Sendable {
        /// Nothing but the dictionary.
        case off
        /// Addresses, telephone numbers, codes.
        case minimal
        case full
    }

    private let language: SpokenLanguage?
    private let level: Level
    private let dictionary: PronunciationDictionary

    /// - Parameter language: BCP 47; one without a table has only the dictionary.
    package init(language: String, level: Level, dictionary: PronunciationDictionary = PronunciationDictionary()) {
        self.language = SpokenLanguage.of(language)
        self.level = self.language == nil ? .off : level
        self.dictionary = dictionary
    }

    /// How a segment is spoken.
    package func spoken(_ text: String) -> SpokenSegment {
        guard let language, level != .off || !dictionary.isEmpty else {
            return dictionary.isEmpty ? SpokenSegment(text) : scanned(text, .english)
        }
        if dictionary.isEmpty, isPlain(text, language) { return SpokenSegment(text) }
        return scanned(text, language)
    }

    private func scanned(_ text: String, _ language: SpokenLanguage) -> SpokenSegment {
        var scan = SpeechScan(text, language: language, level: level, dictionary: dictionary)
        return scan.run()
    }

    /// Whether there is certainly nothing to say in other words.
    private func isPlain(_ text: String, _ language: SpokenLanguage) -> Bool {
        switch level {
        case .off: true
        case .minimal: Self.hasNoDigitOrAddress(text)
        case .full: !language.hasBareAbbreviations && Self.hasOnlyWords(text)
        }
    }

    /// Addresses, telephone numbers and codes have a digit, "@", or a full stop before a letter.
    private static func hasNoDigitOrAddress(_ text: String) -> Bool {
        var isAfterDot = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "@"): return false
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                if isAfterDot { return false }
            case _: break
            }
            isAfterDot = byte == UInt8(ascii: ".")
        }
        return true
    }

    /// Only ASCII letters, spaces and marks, without a full stop.
    private static func hasOnlyWords(_ text: String) -> Bool {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: " "),
                UInt8(ascii: ","), UInt8(ascii: "'"), UInt8(ascii: "-"), UInt8(ascii: "!"), UInt8(ascii: "?"),
                UInt8(ascii: "\""), UInt8(ascii: ":"), UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"):
                continue
            case _: return false
            }
        }
        return true
    }
}
