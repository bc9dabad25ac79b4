import Testing

@testable import VoiceEngineCore

@Suite struct ScalarClassesTests {
    /// Every character that is known here is what the standard library's tables say.
    @Test func everyCharacterIsWhatUnicodeSays() {
        var wrong: [UInt32] = []
        for value in 0...0x10FFFF as ClosedRange<UInt32> {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let properties = scalar.properties
            let isNumeric = properties.numericType != nil
            let isRight =
                scalar.isAlphabetic == properties.isAlphabetic && scalar.isNumeric == isNumeric
                && scalar.isAlphanumeric == (properties.isAlphabetic || isNumeric)
                && scalar.isUppercase == properties.isUppercase && scalar.isLowercase == properties.isLowercase
                && scalar.isWhitespace == properties.isWhitespace
                && scalar.isGraphemeExtend == properties.isGraphemeExtend
            if !isRight { wrong.append(value) }
        }
        #expect(wrong.isEmpty)
    }

    /// Letters, digits and marks are spoken, pictures and what cannot be seen are not.
    @Test func everyCharacterIsSpokenOrNot() {
        var wrong: [UInt32] = []
        for value in 0...0x10FFFF as ClosedRange<UInt32> {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let isSpoken: Bool
            switch scalar.properties.generalCategory {
            case .control, .format, .privateUse, .surrogate, .unassigned, .enclosingMark: isSpoken = false
            case .otherSymbol, .modifierSymbol, .mathSymbol: isSpoken = value < 0x2190
            case _: isSpoken = !(0xFE00...0xFE0F).contains(value) && !scalar.properties.isEmojiPresentation
            }
            if scalar.isSpoken != isSpoken { wrong.append(value) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func marksAreFoundAmongOthers() {
        let marks: [Unicode.Scalar] = [".", "\"", "«", "”", "…", "。", "！", "😀"]
        for scalar in marks { #expect(scalar.isOne(of: ".\"«”…。！😀")) }
        for scalar: Unicode.Scalar in ["a", "“", "»", "¬", "．", "😁", "\0"] {
            #expect(!scalar.isOne(of: ".\"«”…。！😀"))
        }
        #expect(!("." as Unicode.Scalar).isOne(of: ""))
    }

    @Test func textsAreMadeOfTheirCharacters() {
        for text in ["", "a", "naïve, 你好 😀", String(repeating: "é", count: 100)] {
            #expect(String(scalars: Array(text.unicodeScalars)) == text)
        }
    }
}
