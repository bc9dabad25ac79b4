/// One `name=value` of a form or query, decoded.
package struct FormField: Equatable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Why a form is refused.
package enum FormError: Error, Equatable, Sendable {
    /// More fields than `FormDecoder.mostFields`.
    case tooManyFields
    /// A `%` without two hexadecimal digits, in the field of this number (from 0).
    case badEscape(field: Int)
}

/// `application/x-www-form-urlencoded`, for webhook bodies and queries. Pure; the size is bounded by the server's
/// limits.
package enum FormDecoder {
    /// A voice webhook has about 30.
    package static let mostFields = 512

    /// The fields in the order sent. Bytes that are not UTF-8 become replacement characters.
    ///
    /// - Throws: `FormError`.
    package static func fields(_ bytes: some Sequence<UInt8>) throws(FormError) -> [FormField] {
        var fields: [FormField] = []
        for part in Array(bytes).split(separator: UInt8(ascii: "&")) {
            guard fields.count < mostFields else { throw .tooManyFields }
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(pair[0], plusIsBlank: true),
                let value = decoded(pair.count == 2 ? pair[1] : [], plusIsBlank: true)
            else { throw .badEscape(field: fields.count) }
            fields.append(FormField(name, value))
        }
        return fields
    }

    /// Decodes `%XX`; nil when an escape is broken.
    ///
    /// - Parameter plusIsBlank: true in forms and queries, false in paths.
    package static func decoded(_ bytes: some Sequence<UInt8>, plusIsBlank: Bool) -> String? {
        var plain: [UInt8] = []
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    return nil
                }
                plain.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsBlank: plain.append(UInt8(ascii: " "))
            default: plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }

    /// Encodes everything but RFC 3986's unreserved characters, so that any text is one path segment.
    package static func encodedSegment(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
