/// Why a text is not JSON, and where: cheap to make, so that the hot path may throw it.
package struct JSONFault: Error, Equatable, Sendable {
    /// What RFC 8259 (or a limit) asked for at `offset`.
    package enum Expected: String, Sendable {
        case value = "a value"
        case key = "a key in double quotes"
        case keyOrObjectEnd = "a key in double quotes or \"}\""
        case valueOrArrayEnd = "a value or \"]\""
        case colon = "\":\""
        case commaOrObjectEnd = "\",\" or \"}\""
        case commaOrArrayEnd = "\",\" or \"]\""
        case end = "the end of the text"
        case literal = "true, false or null"
        case digit = "a digit"
        case numberInRange = "a number that a double can hold, of at most 400 characters"
        case stringEnd = "the closing double quote"
        case escapedControl = "no control characters inside a string (write \\n, \\t or \\u00XX)"
        case escape = "one of \" \\ / b f n r t u after the backslash"
        case hexDigits = "four hexadecimal digits"
        case lowSurrogate = "a low surrogate (\\uDC00 to \\uDFFF) after a high one"
        case noLoneLowSurrogate = "a high surrogate (\\uD800 to \\uDBFF) before a low one"
        case utf8 = "valid UTF-8"
        case shallower = "less nesting"
        case smaller = "a smaller text"
        case newKey = "a key that this object does not have yet"
        case object = "an object"
    }

    /// Bytes from the start of the text.
    package let offset: Int
    package let expected: Expected
}

/// The words of JSON, as RFC 8259 spells them: shared by the parser and the scanner, so that both are equally strict.
/// Every function reads inside `bytes` only, for any index from 0 to `bytes.count`.
enum JSONLexer {
    struct StringToken {
        /// The bytes between the quotes, as written.
        let content: Range<Int>
        let hasEscapes: Bool
    }

    struct NumberToken {
        let range: Range<Int>
        let isInteger: Bool
    }

    /// Longest number taken. A double needs at most 17 significant digits; the rest only costs time.
    static let longestNumber = 400

    /// The byte at `index`, nil at the end.
    @inline(__always)
    static func byte(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    @inline(__always)
    static func afterWhitespace(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        // Machines write none, so that one comparison is the rule: everything else that may come is above the space.
        guard start < bytes.count, bytes[start] <= 0x20 else { return start }
        return afterMoreWhitespace(bytes, from: start)
    }

    @inline(never)
    private static func afterMoreWhitespace(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return index
            }
        }
        return index
    }

    /// The end of the run of bytes that mean themselves inside a string: printable ASCII without `"` and `\`.
    @inline(__always)
    static func afterPlainRun(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        // Most names and values end in the first eight bytes; most bytes are those of one long base64 string.
        if index &+ 8 <= bytes.count {
            let special = specials(in: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian)
            if special != 0 { return index &+ special.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        return afterLongRun(bytes, from: index)
    }

    /// The same for what is longer than a word.
    @inline(never)
    private static func afterLongRun(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        if index &+ 8 <= bytes.count {
            let special = specials(in: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian)
            if special != 0 { return index &+ special.trailingZeroBitCount &>> 3 }
            index &+= 8
            while index &+ 32 <= bytes.count, isPlainBlock(bytes, at: index) { index &+= 32 }
        }
        while index &+ 8 <= bytes.count {
            let special = specials(in: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian)
            if special != 0 { return index &+ special.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80 { return index }
            index += 1
        }
        return index
    }

    /// Whether 32 bytes mean themselves. By arithmetic, because comparisons do not become vector instructions.
    @inline(__always)
    private static func isPlainBlock(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
        var specials: UInt8 = 0
        for index in start..<start &+ 32 {
            let byte = bytes[index]
            specials |= ((byte ^ 0x22) &- 1) | ((byte ^ 0x5C) &- 1) | (byte &- 0x20) | byte
        }
        return specials < 0x80
    }

    /// The top bit of each byte that does not mean itself: above ASCII, below 0x20, or a quote or backslash (the xor
    /// makes it zero). Only the lowest one is exact; those above it may have borrowed.
    @inline(__always)
    private static func specials(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = (word ^ (ones &* 0x22)) &- ones
        let slash = (word ^ (ones &* 0x5C)) &- ones
        let control = word &- ones &* 0x20
        return (quote | slash | control | word) & (ones &* 0x80)
    }

    /// Reads a string whose opening quote is at `start`. Checks escapes, surrogates and UTF-8.
    @inline(__always)
    static func string(_ bytes: UnsafeRawBufferPointer, at start: Int) throws(JSONFault) -> StringToken {
        let end = afterPlainRun(bytes, from: start &+ 1)
        if end < bytes.count, bytes[end] == 0x22 {
            return StringToken(content: Range(uncheckedBounds: (start &+ 1, end)), hasEscapes: false)
        }
        return try string(bytes, at: start, notPlainAt: end)
    }

    @inline(never)
    private static func string(
        _ bytes: UnsafeRawBufferPointer, at start: Int, notPlainAt special: Int
    ) throws(JSONFault) -> StringToken {
        var index = special
        var hasEscapes = false
        while true {
            guard let byte = byte(bytes, index) else { throw JSONFault(offset: index, expected: .stringEnd) }
            if byte == 0x22 {
                return StringToken(content: (start + 1)..<index, hasEscapes: hasEscapes)
            } else if byte == 0x5C {
                hasEscapes = true
                index = try escape(bytes, at: index).end
            } else if byte < 0x20 {
                throw JSONFault(offset: index, expected: .escapedControl)
            } else {
                index = try afterScalar(bytes, at: index)
            }
            index = afterPlainRun(bytes, from: index)
        }
    }

    /// Reads the escape whose backslash is at `start`; a surrogate pair is one escape.
    static func escape(
        _ bytes: UnsafeRawBufferPointer, at start: Int
    ) throws(JSONFault) -> (scalar: Unicode.Scalar, end: Int) {
        let simple: UInt8
        switch byte(bytes, start + 1) {
        case UInt8(ascii: "\""): simple = 0x22
        case UInt8(ascii: "\\"): simple = 0x5C
        case UInt8(ascii: "/"): simple = 0x2F
        case UInt8(ascii: "b"): simple = 0x08
        case UInt8(ascii: "f"): simple = 0x0C
        case UInt8(ascii: "n"): simple = 0x0A
        case UInt8(ascii: "r"): simple = 0x0D
        case UInt8(ascii: "t"): simple = 0x09
        case UInt8(ascii: "u"): return try unicodeEscape(bytes, at: start)
        case _: throw JSONFault(offset: start + 1, expected: .escape)
        }
        return (Unicode.Scalar(simple), start + 2)
    }

    private static func unicodeEscape(
        _ bytes: UnsafeRawBufferPointer, at start: Int
    ) throws(JSONFault) -> (scalar: Unicode.Scalar, end: Int) {
        let first = try hexDigits(bytes, at: start + 2)
        if let scalar = Unicode.Scalar(first) { return (scalar, start + 6) }
        guard first < 0xDC00 else { throw JSONFault(offset: start, expected: .noLoneLowSurrogate) }
        guard byte(bytes, start + 6) == 0x5C, byte(bytes, start + 7) == UInt8(ascii: "u") else {
            throw JSONFault(offset: start + 6, expected: .lowSurrogate)
        }
        let second = try hexDigits(bytes, at: start + 8)
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONFault(offset: start + 6, expected: .lowSurrogate) }
        return (scalar, start + 12)
    }

    private static func hexDigits(_ bytes: UnsafeRawBufferPointer, at start: Int) throws(JSONFault) -> UInt32 {
        var value: UInt32 = 0
        for index in start..<(start + 4) {
            let digit: UInt8
            switch byte(bytes, index) {
            case .some(let byte) where (0x30...0x39).contains(byte): digit = byte - 0x30
            case .some(let byte) where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
            case .some(let byte) where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
            case _: throw JSONFault(offset: index, expected: .hexDigits)
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Checks the multi-byte UTF-8 sequence at `start` (Unicode 15, table 3-7) and returns its end.
    private static func afterScalar(_ bytes: UnsafeRawBufferPointer, at start: Int) throws(JSONFault) -> Int {
        let second: ClosedRange<UInt8>
        let length: Int
        switch bytes[start] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw JSONFault(offset: start, expected: .utf8)
        }
        guard start + length <= bytes.count, second.contains(bytes[start + 1]) else {
            throw JSONFault(offset: start, expected: .utf8)
        }
        for index in (start + 2)..<max(start + length, start + 2) where bytes[index] & 0xC0 != 0x80 {
            throw JSONFault(offset: start, expected: .utf8)
        }
        return start + length
    }

    /// Reads a number that begins at `start` with a digit or a minus sign.
    static func number(_ bytes: UnsafeRawBufferPointer, at start: Int) throws(JSONFault) -> NumberToken {
        var index = start
        var isInteger = true
        if byte(bytes, index) == UInt8(ascii: "-") { index += 1 }
        if byte(bytes, index) == UInt8(ascii: "0") {
            index += 1
        } else {
            index = try afterDigits(bytes, from: index)
        }
        if byte(bytes, index) == UInt8(ascii: ".") {
            isInteger = false
            index = try afterDigits(bytes, from: index + 1)
        }
        if let byte = byte(bytes, index), byte | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if let sign = self.byte(bytes, index), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
            index = try afterDigits(bytes, from: index)
        }
        guard index - start <= longestNumber else { throw JSONFault(offset: start, expected: .numberInRange) }
        return NumberToken(range: start..<index, isInteger: isInteger)
    }

    private static func afterDigits(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(JSONFault) -> Int {
        var index = start
        while index < bytes.count, bytes[index] &- 0x30 < 10 { index &+= 1 }
        guard index > start else { throw JSONFault(offset: index, expected: .digit) }
        return index
    }

    /// Reads `true`, `false` or `null` at `start`; nil is null.
    static func literal(_ bytes: UnsafeRawBufferPointer, at start: Int) throws(JSONFault) -> (value: Bool?, end: Int) {
        if matches(bytes, at: start, "true") { return (true, start + 4) }
        if matches(bytes, at: start, "false") { return (false, start + 5) }
        if matches(bytes, at: start, "null") { return (nil, start + 4) }
        throw JSONFault(offset: start, expected: .literal)
    }

    /// Whether the ASCII `text` stands at `start`.
    static func matches(_ bytes: UnsafeRawBufferPointer, at start: Int, _ text: StaticString) -> Bool {
        start >= 0 && text.utf8CodeUnitCount <= bytes.count &- start && isEqual(bytes, at: start, text)
    }

    /// The same where so many bytes are known to be there. By words, the last of which may overlap the one before.
    @inline(__always)
    static func isEqual(_ bytes: UnsafeRawBufferPointer, at start: Int, _ text: StaticString) -> Bool {
        guard text.hasPointerRepresentation else { return false }
        let count = text.utf8CodeUnitCount
        let expected = UnsafeRawBufferPointer(start: text.utf8Start, count: count)
        func word<Word: BitwiseCopyable & Equatable>(_ offset: Int, is type: Word.Type) -> Bool {
            bytes.loadUnaligned(fromByteOffset: start &+ offset, as: type)
                == expected.loadUnaligned(fromByteOffset: offset, as: type)
        }
        switch count {
        case 8...:
            for offset in stride(from: 0, to: count &- 8, by: 8) where !word(offset, is: UInt64.self) { return false }
            return word(count &- 8, is: UInt64.self)
        case 4...: return word(0, is: UInt32.self) && word(count &- 4, is: UInt32.self)
        case 2...: return word(0, is: UInt16.self) && word(count &- 2, is: UInt16.self)
        case 1: return word(0, is: UInt8.self)
        default: return true
        }
    }
}
