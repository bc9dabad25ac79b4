/// Walks over one JSON object without building a tree and without allocating: for carrier messages, of which there are
/// fifty per second and call.
///
/// The whole text is checked as strictly as by `JSONValue.parse`, repeated keys excepted (each is visited: take the
/// first). What is visited are the members of the outermost object and of the objects directly inside it; deeper ones
/// and those inside lists are only checked, so that `{"media":{"x":{"payload":…}}}` is never taken for `media.payload`.
package enum JSONScanner {
    package enum Kind: Equatable, Sendable { case string, number, bool, null, object, array }

    /// One member, as ranges of the scanned bytes.
    package struct Member {
        private let bytes: UnsafeRawBufferPointer
        /// The key of the enclosing object; nil for members of the outermost one.
        private let parent: Range<Int>?
        /// Its name as written; empty for one with escapes.
        package let key: Range<Int>
        package let kind: Kind
        /// A string without its quotes and with its escapes; every other kind as written.
        package let value: Range<Int>
        /// Whether the string holds escapes and must go through `unescape` (some encoders write `/` as `\/`, in base64
        /// too).
        package let hasEscapes: Bool

        init(
            bytes: UnsafeRawBufferPointer, parent: Range<Int>?, key: Range<Int>, kind: Kind, value: Range<Int>,
            hasEscapes: Bool
        ) {
            self.bytes = bytes
            self.parent = parent
            self.key = key
            self.kind = kind
            self.value = value
            self.hasEscapes = hasEscapes
        }

        /// Whether this is the member `name` of the outermost object. A key written with escapes has no name here.
        package func isNamed(_ name: StaticString) -> Bool { parent == nil && equal(key, name) }

        /// Whether this is the member `name` of the object that is the outermost object's member `parent`.
        package func isNamed(_ name: StaticString, in parent: StaticString) -> Bool {
            guard let own = self.parent else { return false }
            return equal(key, name) && equal(own, parent)
        }

        /// Whether the value is the string `text`, written without escapes.
        package func isString(_ text: StaticString) -> Bool {
            if case .string = kind { equal(value, text) } else { false }
        }

        /// The value as bytes; borrowed, only valid while the scanned bytes are.
        package var valueBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[value]) }

        /// The value as a whole number, written as a number or (as Twilio does) as a string of digits.
        package var integer: Int64? {
            switch kind {
            case .number, .string: break
            case .bool, .null, .object, .array: return nil
            }
            let isNegative = !value.isEmpty && bytes[value.lowerBound] == UInt8(ascii: "-")
            let first = value.lowerBound &+ (isNegative ? 1 : 0)
            guard (1...18).contains(value.upperBound &- first) else { return nil }
            var result: Int64 = 0
            for index in first..<value.upperBound {
                let digit = bytes[index] &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                result = result &* 10 &+ Int64(digit)
            }
            return isNegative ? -result : result
        }

        /// A value that is written as a number.
        package var double: Double? {
            guard case .number = kind else { return nil }
            return (try? JSONValue.parse(valueBytes))?.double
        }

        /// A value that is written as `true` or `false`.
        package var bool: Bool? {
            guard case .bool = kind else { return nil }
            return bytes[value.lowerBound] == UInt8(ascii: "t")
        }

        /// The value of a string as text; allocates, so not for the hot path.
        package var text: String? {
            guard kind == .string else { return nil }
            guard hasEscapes else { return String(decoding: valueBytes, as: UTF8.self) }
            var plain: [UInt8] = []
            guard (try? JSONScanner.unescape(value, of: bytes, into: &plain)) != nil else { return nil }
            return String(decoding: plain, as: UTF8.self)
        }

        @inline(__always)
        private func equal(_ range: Range<Int>, _ text: StaticString) -> Bool {
            range.upperBound &- range.lowerBound == text.utf8CodeUnitCount
                && JSONLexer.isEqual(bytes, at: range.lowerBound, text)
        }
    }

    /// Deepest nesting taken: one bit of `Nesting` per level.
    package static let deepest = 64

    /// Visits the members of the JSON object `bytes`, in order. A member that is an object or a list is visited after
    /// its own members. When this throws, what was visited until then must be thrown away.
    ///
    /// - Throws: `JSONFault` when the text is not one JSON object.
    /// - Complexity: linear; no allocation.
    package static func scan(
        _ bytes: UnsafeRawBufferPointer, _ visit: (borrowing Member) -> Void
    ) throws(JSONFault) {
        var walk = Walk(bytes: bytes)
        try walk.run(visit)
    }

    /// Visits the members of a list's first element, as `scan` does.
    ///
    /// - Parameter list: The value of a member that was visited as a list.
    /// - Returns: Whether the first element is an object.
    package static func scanFirstObject(
        of list: UnsafeRawBufferPointer, _ visit: (borrowing Member) -> Void
    ) -> Bool {
        guard list.first == UInt8(ascii: "[") else { return false }
        var walk = Walk(bytes: list, from: JSONLexer.afterWhitespace(list, from: 1))
        return (try? walk.object(visit)) != nil
    }

    /// Appends the text of an escaped string to `plain`.
    ///
    /// - Throws: `JSONFault` when `content` is not what a scan returned.
    package static func unescape(
        _ content: Range<Int>, of bytes: UnsafeRawBufferPointer, into plain: inout [UInt8]
    ) throws(JSONFault) {
        var index = content.lowerBound
        while index < content.upperBound {
            if bytes[index] == 0x5C {
                let escape = try JSONLexer.escape(bytes, at: index)
                plain.append(contentsOf: UTF8.encode(escape.scalar) ?? UTF8.encodedReplacementCharacter)
                index = escape.end
            } else {
                plain.append(bytes[index])
                index += 1
            }
        }
    }
}

/// The walk: a loop, not a recursion, with one bit per level that says whether it is an object or a list.
private struct Walk {
    private let bytes: UnsafeRawBufferPointer
    private var index: Int
    private var depth = 0
    /// A bit for each open level, the innermost in bit 0: whether it is an object.
    private var objects: UInt64 = 0
    /// Keys of the open members of the two outer levels, and where their values began.
    private var outerKey: Range<Int> = 0..<0
    private var outerStart = 0
    private var innerKey: Range<Int> = 0..<0
    private var innerStart = 0

    init(bytes: UnsafeRawBufferPointer, from start: Int = 0) {
        self.bytes = bytes
        index = start
    }

    private var isInObject: Bool { objects & 1 != 0 }
    /// Whether the innermost open object is a member of the outermost one (and not of a list).
    private var isInInnerObject: Bool { depth == 2 && objects == 0b11 }

    @inline(__always)
    mutating func run(_ visit: (borrowing JSONScanner.Member) -> Void) throws(JSONFault) {
        skipWhitespace()
        try object(visit)
        skipWhitespace()
        guard index == bytes.count else { throw fault(.end) }
    }

    /// One object, which begins here.
    @inline(__always)
    mutating func object(_ visit: (borrowing JSONScanner.Member) -> Void) throws(JSONFault) {
        guard JSONLexer.byte(bytes, index) == UInt8(ascii: "{") else { throw fault(.object) }
        try open(isObject: true)
        var isFirst = true
        while depth > 0 {
            skipWhitespace()
            let end: UInt8 = isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            if JSONLexer.byte(bytes, index) == end {
                close(visit)
                isFirst = false
                continue
            }
            if !isFirst {
                guard JSONLexer.byte(bytes, index) == UInt8(ascii: ",") else {
                    throw fault(isInObject ? .commaOrObjectEnd : .commaOrArrayEnd)
                }
                index += 1
                skipWhitespace()
            }
            if isInObject { try key(isFirst: isFirst) }
            let first = JSONLexer.byte(bytes, index)
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                try open(isObject: first == UInt8(ascii: "{"))
                isFirst = true
            } else {
                try value(isFirst: isFirst, visit)
                isFirst = false
            }
        }
    }

    @inline(__always)
    private mutating func key(isFirst: Bool) throws(JSONFault) {
        guard JSONLexer.byte(bytes, index) == UInt8(ascii: "\"") else {
            throw fault(isFirst ? .keyOrObjectEnd : .key)
        }
        let token = try JSONLexer.string(bytes, at: index)
        index = token.content.upperBound + 1
        // A key with escapes gets an empty range and so no name: no message that is waited for writes its keys so.
        let name = token.hasEscapes ? index..<index : token.content
        if depth == 1 { outerKey = name } else if depth == 2 { innerKey = name }
        skipWhitespace()
        guard JSONLexer.byte(bytes, index) == UInt8(ascii: ":") else { throw fault(.colon) }
        index += 1
        skipWhitespace()
    }

    /// Reads one value that is neither object nor list.
    @inline(__always)
    private mutating func value(
        isFirst: Bool, _ visit: (borrowing JSONScanner.Member) -> Void
    ) throws(JSONFault) {
        let start = index
        if JSONLexer.byte(bytes, start) == UInt8(ascii: "\"") {
            let token = try JSONLexer.string(bytes, at: start)
            index = token.content.upperBound + 1
            report(.string, token.content, hasEscapes: token.hasEscapes, visit)
            return
        }
        guard let scalar = try Self.scalar(bytes, at: start) else {
            throw fault(isInObject || !isFirst ? .value : .valueOrArrayEnd)
        }
        index = scalar.end
        report(scalar.kind, start..<index, visit)
    }

    /// A number, `true`, `false` or `null`; nil when none of them begins here.
    @inline(never)
    private static func scalar(
        _ bytes: UnsafeRawBufferPointer, at start: Int
    ) throws(JSONFault) -> (kind: JSONScanner.Kind, end: Int)? {
        switch JSONLexer.byte(bytes, start) {
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            return (.number, try JSONLexer.number(bytes, at: start).range.upperBound)
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            let literal = try JSONLexer.literal(bytes, at: start)
            return (literal.value == nil ? .null : .bool, literal.end)
        case _: return nil
        }
    }

    @inline(__always)
    private mutating func open(isObject: Bool) throws(JSONFault) {
        guard depth < JSONScanner.deepest else { throw fault(.shallower) }
        if depth == 1 { outerStart = index } else if depth == 2 { innerStart = index }
        objects = objects &<< 1 | (isObject ? 1 : 0)
        depth += 1
        index += 1
    }

    @inline(__always)
    private mutating func close(_ visit: (borrowing JSONScanner.Member) -> Void) {
        let kind: JSONScanner.Kind = isInObject ? .object : .array
        objects &>>= 1
        depth -= 1
        index += 1
        report(kind, (depth == 1 ? outerStart : innerStart)..<index, visit)
    }

    @inline(__always)
    private func report(
        _ kind: JSONScanner.Kind, _ value: Range<Int>, hasEscapes: Bool = false,
        _ visit: (borrowing JSONScanner.Member) -> Void
    ) {
        let isOuter = depth == 1
        guard isOuter || isInInnerObject else { return }
        visit(
            JSONScanner.Member(
                bytes: bytes, parent: isOuter ? nil : outerKey, key: isOuter ? outerKey : innerKey, kind: kind,
                value: value, hasEscapes: hasEscapes))
    }

    private mutating func skipWhitespace() { index = JSONLexer.afterWhitespace(bytes, from: index) }

    private func fault(_ expected: JSONFault.Expected) -> JSONFault { JSONFault(offset: index, expected: expected) }
}
