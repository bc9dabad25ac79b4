// What characters are. Every character of every reply is asked, and the Unicode tables of the standard library take
// some 50 ns for an answer: so ASCII, Latin, Greek, Cyrillic, Han, kana and Hangul are known here, and only the rest is
// looked up. The answers are the library's own: a test compares all of them.

extension Unicode.Scalar {
    var isASCIIDigit: Bool { value &- 0x30 < 10 }
    var isASCIILetter: Bool { (value | 0x20) &- 0x61 < 26 }

    /// Han, kana and Hangul letters, without the places in between that are not assigned.
    private var isEastAsianLetter: Bool {
        switch value {
        case 0x3041...0x3096, 0x30A1...0x30FA, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3: true
        case _: false
        }
    }

    /// Whether a mark is one of the usual ones in Chinese and Japanese: 、。《》「」『』【】！，：；？
    private var isEastAsianMark: Bool {
        switch value {
        case 0x3001...0x3002, 0x3008...0x3011, 0xFF01, 0xFF0C, 0xFF1A, 0xFF1B, 0xFF1F: true
        case _: false
        }
    }

    /// Whether it is a dash, a quotation mark, an ellipsis or another mark of general punctuation.
    private var isGeneralMark: Bool { (0x2010...0x2027).contains(value) }

    /// A letter of any script.
    var isAlphabetic: Bool {
        if value < 0x80 { return isASCIILetter }
        if let traits = ScalarTraits.known(self) { return traits.contains(.alphabetic) }
        if isEastAsianLetter { return true }
        if isGeneralMark || isEastAsianMark { return false }
        return properties.isAlphabetic
    }

    /// A letter or number of any script.
    var isAlphanumeric: Bool {
        if value < 0x80 { return isASCIILetter || isASCIIDigit }
        if let traits = ScalarTraits.known(self) { return !traits.isDisjoint(with: [.alphabetic, .numeric]) }
        if isEastAsianLetter { return true }
        if isGeneralMark || isEastAsianMark { return false }
        return properties.isAlphabetic || properties.numericType != nil
    }

    /// Anything that counts: digits, but also ½ and 三.
    var isNumeric: Bool {
        if value < 0x80 { return isASCIIDigit }
        if let traits = ScalarTraits.known(self) { return traits.contains(.numeric) }
        return properties.numericType != nil
    }

    var isUppercase: Bool {
        if value < 0x80 { return value &- 0x41 < 26 }
        if let traits = ScalarTraits.known(self) { return traits.contains(.uppercase) }
        if isEastAsianLetter { return false }
        return properties.isUppercase
    }

    var isLowercase: Bool {
        if value < 0x80 { return value &- 0x61 < 26 }
        if let traits = ScalarTraits.known(self) { return traits.contains(.lowercase) }
        if isEastAsianLetter { return false }
        return properties.isLowercase
    }

    var isWhitespace: Bool {
        switch value {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        case _: false
        }
    }

    /// An accent or the like, which is never parted from the letter before it.
    var isGraphemeExtend: Bool {
        if value < 0x300 || isEastAsianLetter { return false }
        return properties.isGraphemeExtend
    }

    /// Whether a voice can make anything of the character.
    var isSpoken: Bool {
        if value < 0x80 { return value >= 0x20 && value != 0x7F }
        if let traits = ScalarTraits.known(self) { return traits.contains(.spoken) }
        if isEastAsianLetter || isGeneralMark || isEastAsianMark { return true }
        return isSpokenByProperties
    }

    fileprivate var isSpokenByProperties: Bool {
        switch properties.generalCategory {
        case .control, .format, .privateUse, .surrogate, .unassigned: false
        // Arrows, dingbats and pictures; but © ® ° ™ and the like are words.
        case .otherSymbol, .modifierSymbol, .mathSymbol: value < 0x2190
        case .enclosingMark: false
        case _: !(0xFE00...0xFE0F).contains(value) && !properties.isEmojiPresentation
        }
    }

    /// Whether it is one of a few marks.
    func isOne(of marks: StaticString) -> Bool {
        marks.withUTF8Buffer { bytes in
            if value < 0x80 {
                let wanted = UInt8(truncatingIfNeeded: value)
                for byte in bytes where byte == wanted { return true }
                return false
            }
            let wanted = UTF8.encode(self) ?? UTF8.encodedReplacementCharacter
            guard let first = wanted.first else { return false }
            // No character's bytes begin inside another's.
            for index in bytes.indices where bytes[index] == first && bytes[index...].starts(with: wanted) {
                return true
            }
            return false
        }
    }
}

/// What is known of the first characters of Unicode: Latin, Greek, Cyrillic.
private struct ScalarTraits: OptionSet {
    let rawValue: UInt8

    static let alphabetic = ScalarTraits(rawValue: 1)
    static let numeric = ScalarTraits(rawValue: 2)
    static let uppercase = ScalarTraits(rawValue: 4)
    static let lowercase = ScalarTraits(rawValue: 8)
    static let spoken = ScalarTraits(rawValue: 16)

    private static let count: UInt32 = 0x530
    private static let table: [ScalarTraits] = (0..<count).map { value in
        guard let scalar = Unicode.Scalar(value) else { return [] }
        var traits: ScalarTraits = []
        if scalar.properties.isAlphabetic { traits.insert(.alphabetic) }
        if scalar.properties.numericType != nil { traits.insert(.numeric) }
        if scalar.properties.isUppercase { traits.insert(.uppercase) }
        if scalar.properties.isLowercase { traits.insert(.lowercase) }
        if scalar.isSpokenByProperties { traits.insert(.spoken) }
        return traits
    }

    /// nil beyond the table.
    static func known(_ scalar: Unicode.Scalar) -> ScalarTraits? {
        scalar.value < count ? table[Int(scalar.value)] : nil
    }
}

extension String {
    /// A text of these characters.
    init(scalars: some Collection<Unicode.Scalar>) {
        let size = scalars.reduce(0) { $0 + UTF8.width($1) }
        self.init(unsafeUninitializedCapacity: size) { bytes in
            var count = 0
            for scalar in scalars {
                if scalar.value < 0x80 {
                    bytes[count] = UInt8(truncatingIfNeeded: scalar.value)
                    count += 1
                } else if let units = UTF8.encode(scalar) {
                    for unit in units {
                        bytes[count] = unit
                        count += 1
                    }
                }
            }
            return count
        }
    }
}
