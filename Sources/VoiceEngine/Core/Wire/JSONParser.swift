/// A text that is not JSON: where, what stood there, and what was expected.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Both count from 1; columns count characters (Unicode scalars).
    package let line: Int
    package let column: Int
    package let fault: JSONFault
    /// What stands there, shortened; never more than one character or one key of the text.
    package let found: String

    package var description: String {
        "line \(line), column \(column): found \(found), expected \(fault.expected.rawValue)"
    }

    init(_ fault: JSONFault, in bytes: UnsafeRawBufferPointer, key: String? = nil) {
        self.fault = fault
        let offset = min(fault.offset, bytes.count)
        var line = 1
        var column = 1
        for byte in bytes[..<offset] {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.line = line
        self.column = column
        if let key {
            found = "\"\(key.prefix(64))\" again"
        } else if fault.expected == .smaller {
            found = "\(bytes.count) bytes"
        } else if let byte = JSONLexer.byte(bytes, offset) {
            found = Self.name(of: byte)
        } else {
            found = "the end of the text"
        }
    }

    private static func name(of byte: UInt8) -> String {
        switch byte {
        case 0x0A: "a line break"
        case 0x22: "a double quote"
        case 0x20..<0x7F: "\"\(Unicode.Scalar(byte))\""
        default: "byte 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
        }
    }
}

/// What a text may cost.
package struct JSONLimits: Equatable, Sendable {
    /// Objects and lists inside each other; more than 512 counts as 512, since each level takes stack.
    package var depth: Int
    /// Bytes of the whole text.
    package var size: Int

    package init(depth: Int = 64, size: Int = 16 << 20) {
        self.depth = min(depth, 512)
        self.size = size
    }
}

extension JSONValue {
    /// Reads exactly one JSON text (RFC 8259): keys once per object, valid UTF-8, no byte order mark, nothing after it.
    ///
    /// - Throws: `JSONError` with line and column.
    /// - Complexity: linear in the number of bytes.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.size else {
            throw JSONError(JSONFault(offset: 0, expected: .smaller), in: bytes)
        }
        var parser = JSONParser(bytes: bytes, depth: limits.depth)
        do {
            return try parser.text()
        } catch {
            throw JSONError(error, in: bytes, key: parser.repeatedKey)
        }
    }

    /// Reads exactly one JSON text from any bytes.
    package static func parse(
        _ bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSONValue {
        func read(_ buffer: UnsafeBufferPointer<UInt8>) -> Result<JSONValue, JSONError> {
            do {
                return .success(try parse(UnsafeRawBufferPointer(buffer), limits: limits))
            } catch {
                return .failure(error)
            }
        }
        if let result = bytes.withContiguousStorageIfAvailable(read) { return try result.get() }
        return try Array(bytes).withUnsafeBufferPointer(read).get()
    }

    /// Reads exactly one JSON text from a string.
    package static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
        try parse(text.utf8, limits: limits)
    }
}

/// Recursive descent over the words of `JSONLexer`; the depth limit bounds the stack.
struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private var depthLeft: Int
    private var index = 0
    /// The key that stood twice in one object, when that is the fault.
    private(set) var repeatedKey: String?

    init(bytes: UnsafeRawBufferPointer, depth: Int) {
        self.bytes = bytes
        depthLeft = depth
    }

    mutating func text() throws(JSONFault) -> JSONValue {
        skipWhitespace()
        let value = try value(orElse: .value)
        skipWhitespace()
        guard index == bytes.count else { throw fault(.end) }
        return value
    }

    private mutating func value(orElse expected: JSONFault.Expected) throws(JSONFault) -> JSONValue {
        switch JSONLexer.byte(bytes, index) {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            let literal = try JSONLexer.literal(bytes, at: index)
            index = literal.end
            return literal.value.map(JSONValue.bool) ?? .null
        case _: throw fault(expected)
        }
    }

    private mutating func object() throws(JSONFault) -> JSONValue {
        try descend()
        var object = JSONObject()
        skipWhitespace()
        var expected = JSONFault.Expected.keyOrObjectEnd
        while !(object.isEmpty && take(UInt8(ascii: "}"))) {
            guard JSONLexer.byte(bytes, index) == UInt8(ascii: "\"") else { throw fault(expected) }
            expected = .key
            let keyOffset = index
            let key = try string()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw fault(.colon) }
            skipWhitespace()
            guard object.append(key, try value(orElse: .value)) else {
                repeatedKey = key
                throw JSONFault(offset: keyOffset, expected: .newKey)
            }
            skipWhitespace()
            if take(UInt8(ascii: "}")) { break }
            guard take(UInt8(ascii: ",")) else { throw fault(.commaOrObjectEnd) }
            skipWhitespace()
        }
        depthLeft += 1
        return .object(object)
    }

    private mutating func array() throws(JSONFault) -> JSONValue {
        try descend()
        var elements: [JSONValue] = []
        skipWhitespace()
        while !(elements.isEmpty && take(UInt8(ascii: "]"))) {
            elements.append(try value(orElse: elements.isEmpty ? .valueOrArrayEnd : .value))
            skipWhitespace()
            if take(UInt8(ascii: "]")) { break }
            guard take(UInt8(ascii: ",")) else { throw fault(.commaOrArrayEnd) }
            skipWhitespace()
        }
        depthLeft += 1
        return .array(elements)
    }

    private mutating func string() throws(JSONFault) -> String {
        let token = try JSONLexer.string(bytes, at: index)
        index = token.content.upperBound + 1
        guard token.hasEscapes else {
            return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[token.content]), as: UTF8.self)
        }
        var plain: [UInt8] = []
        plain.reserveCapacity(token.content.count)
        try JSONScanner.unescape(token.content, of: bytes, into: &plain)
        return String(decoding: plain, as: UTF8.self)
    }

    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = index
        let token = try JSONLexer.number(bytes, at: index)
        index = token.range.upperBound
        if let value = short(token) { return value }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[token.range]), as: UTF8.self)
        if token.isInteger, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else {
            throw JSONFault(offset: start, expected: .numberInRange)
        }
        return .double(value)
    }

    /// A number of at most 15 digits and without an exponent, as nearly all are: those digits and that power of ten are
    /// doubles as they are, so that only the quotient is rounded, and rightly (Clinger, "How to read floating point
    /// numbers accurately", 1990).
    private func short(_ number: JSONLexer.NumberToken) -> JSONValue? {
        guard number.range.count <= 15 else { return nil }
        var digits: Int64 = 0
        var scale = 1.0
        var isFraction = false
        for index in number.range {
            let byte = bytes[index]
            let digit = byte &- UInt8(ascii: "0")
            if digit < 10 {
                digits = digits &* 10 &+ Int64(digit)
                if isFraction { scale *= 10 }
            } else if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if byte != UInt8(ascii: "-") || index > number.range.lowerBound {
                return nil
            }
        }
        let isNegative = bytes[number.range.lowerBound] == UInt8(ascii: "-")
        if number.isInteger { return .int(isNegative ? -digits : digits) }
        let value = Double(digits) / scale
        return .double(isNegative ? -value : value)
    }

    private mutating func descend() throws(JSONFault) {
        guard depthLeft > 0 else { throw fault(.shallower) }
        depthLeft -= 1
        index += 1
    }

    private mutating func skipWhitespace() { index = JSONLexer.afterWhitespace(bytes, from: index) }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard JSONLexer.byte(bytes, index) == byte else { return false }
        index += 1
        return true
    }

    private func fault(_ expected: JSONFault.Expected) -> JSONFault { JSONFault(offset: index, expected: expected) }
}
