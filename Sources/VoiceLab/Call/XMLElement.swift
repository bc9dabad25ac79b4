/// One element of an XML document, as far as TwiML needs XML.
struct XMLElement: Equatable {
    var name: String
    var attributes: [String: String] = [:]
    var children: [XMLElement] = []
    /// The character data directly inside, trimmed.
    var text = ""

    /// Parses a document with one root element. Comments, the declaration and CDATA are understood; a DOCTYPE is refused.
    ///
    /// - Throws: `WireViolation` naming what is wrong and where.
    static func parse(_ document: String) throws -> XMLElement {
        var scanner = XMLScanner(document)
        try scanner.skipMisc()
        let root = try scanner.element(depth: 0)
        try scanner.skipMisc()
        guard scanner.isAtEnd else { throw scanner.violation("something follows the root element") }
        return root
    }
}

private struct XMLScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position >= bytes.count }

    func violation(_ what: String) -> WireViolation { WireViolation("XML, byte \(position): \(what)") }

    mutating func skipMisc() throws {
        while true {
            skipSpace()
            if looking(at: "<?") {
                try skip(past: "?>")
            } else if looking(at: "<!--") {
                try skip(past: "-->")
            } else if looking(at: "<!") {
                throw violation("a DOCTYPE")
            } else {
                return
            }
        }
    }

    mutating func element(depth: Int) throws -> XMLElement {
        guard depth < 32 else { throw violation("more than 32 levels") }
        guard take("<") else { throw violation("expected an element") }
        var element = XMLElement(name: try name())
        while true {
            skipSpace()
            if take("/>") { return element }
            if take(">") { break }
            let key = try name()
            skipSpace()
            guard take("=") else { throw violation("attribute \(key) has no value") }
            skipSpace()
            guard let quote = bytes[safe: position], quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                throw violation("the value of \(key) is not quoted")
            }
            position += 1
            let value = try text(until: quote)
            position += 1
            guard element.attributes.updateValue(value, forKey: key) == nil else {
                throw violation("attribute \(key) twice")
            }
        }
        try content(of: &element, depth: depth)
        return element
    }

    private mutating func content(of element: inout XMLElement, depth: Int) throws {
        var text = ""
        while true {
            if take("</") {
                let closing = try name()
                skipSpace()
                guard closing == element.name, take(">") else {
                    throw violation("</\(closing)> closes <\(element.name)>")
                }
                element.text = Self.trimmed(text)
                return
            }
            if looking(at: "<!--") {
                try skip(past: "-->")
            } else if take("<![CDATA[") {
                let start = position
                try skip(past: "]]>")
                text += String(decoding: bytes[start..<position - 3], as: UTF8.self)
            } else if looking(at: "<") {
                element.children.append(try self.element(depth: depth + 1))
            } else {
                text += try self.text(until: UInt8(ascii: "<"))
            }
        }
    }

    /// Character data up to, not including, a byte; entities resolved.
    private mutating func text(until end: UInt8) throws -> String {
        var out: [UInt8] = []
        while let byte = bytes[safe: position], byte != end {
            if byte == UInt8(ascii: "&") {
                out += try entity().utf8
            } else {
                guard byte != UInt8(ascii: "<") else { throw violation("a bare < in a value") }
                out.append(byte)
                position += 1
            }
        }
        guard !isAtEnd else { throw violation("the document is cut") }
        return String(decoding: out, as: UTF8.self)
    }

    private mutating func entity() throws -> String {
        guard let end = bytes[position...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
            throw violation("a bare &")
        }
        let name = String(decoding: bytes[position + 1..<end], as: UTF8.self)
        position = end + 1
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let number =
                name.hasPrefix("#x")
                ? UInt32(name.dropFirst(2), radix: 16)
                : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
            guard let scalar = number.flatMap(Unicode.Scalar.init) else { throw violation("entity &\(name);") }
            return String(Character(scalar))
        }
    }

    private mutating func name() throws -> String {
        let start = position
        while let byte = bytes[safe: position], Self.isNameByte(byte) { position += 1 }
        guard position > start else { throw violation("expected a name") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let scalar = Unicode.Scalar(byte)
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: ".")].contains(byte)
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }

    private func looking(at text: String) -> Bool { bytes[min(position, bytes.count)...].starts(with: text.utf8) }

    private mutating func take(_ text: String) -> Bool {
        guard looking(at: text) else { return false }
        position += text.utf8.count
        return true
    }

    private mutating func skip(past text: String) throws {
        while !looking(at: text) {
            guard !isAtEnd else { throw violation("\(text) is missing") }
            position += 1
        }
        position += text.utf8.count
    }

    private mutating func skipSpace() {
        while let byte = bytes[safe: position], byte == 32 || (9...13).contains(byte) { position += 1 }
    }
}

extension Array {
    /// The element, or nil outside the array.
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
