package import VoiceEngineCore

/// One text message of the page. Audio comes in binary messages: 16 kHz, mono, signed 16-bit little-endian.
package enum BrowserMessage: Equatable, Sendable {
    case start(BrowserStart)
    /// Agent samples played so far, of all those sent.
    case played(samples: Int64)
    /// The answer to `clear`: the player stopped here.
    case cleared(number: Int64, samples: Int64)
    /// Keys of the keypad.
    case digits(String)
    case hangUp
    /// A type that this version does not know.
    case unknown
}

/// What the page asks for when it calls.
package struct BrowserStart: Equatable, Sendable {
    /// Empty: the only one there is.
    package var agent = ""
    /// For `{{name}}` in the agent document.
    package var variables: [String: String] = [:]

    package init() {}
}

/// Why a message cannot be used.
package struct BrowserWireError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Field: String, Sendable {
        case message
        case type
        case agent
        case variables
        case samples
        case id
        case digits
        case audio
    }

    package enum Expected: Equatable, Sendable {
        case json(JSONFault)
        case string
        case shortString
        case count
        case keys
        case variables
        case pcm

        fileprivate var text: String {
            switch self {
            case .json(let fault): "\(fault.expected.rawValue) at byte \(fault.offset)"
            case .string: "a string"
            case .shortString: "a string of at most \(BrowserWire.longestName) bytes"
            case .count: "a whole number from 0"
            case .keys: "1 to \(BrowserWire.mostDigits) of 0-9, *, #, A-D"
            case .variables:
                "an object of at most \(BrowserWire.mostVariables) strings or numbers, "
                    + "\(BrowserWire.longestValue) bytes each"
            case .pcm: "whole samples of 16 bits, at most \(BrowserWire.longestAudio) bytes"
            }
        }
    }

    package let field: Field
    package let expected: Expected

    package var description: String { "\(field.rawValue): expected \(expected.text)" }
}

/// The page's half of the browser protocol: bytes in, values out. Pure.
package enum BrowserWire {
    /// [Hz] From the page, and to it.
    package static let inputRate = 16_000
    package static let outputRate = 24_000
    /// [bytes] of one binary message: half a second.
    package static let longestAudio = 16_000
    /// [bytes] of an agent's or a variable's name, and of a variable's value.
    package static let longestName = 128
    package static let longestValue = 2_048
    package static let mostVariables = 32
    package static let mostDigits = 32

    /// - Throws: `BrowserWireError` naming the field. Unknown fields and types are no error.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(BrowserWireError) -> BrowserMessage {
        var fields = Fields()
        do {
            try JSONScanner.scan(bytes) { fields.take($0) }
        } catch {
            throw BrowserWireError(field: .message, expected: .json(error))
        }
        switch fields.type {
        case .missing: throw BrowserWireError(field: .type, expected: .string)
        case .unknown: return .unknown
        case .hangUp: return .hangUp
        case .start: return .start(try start(fields, bytes))
        case .played: return .played(samples: try count(fields.samples, .samples))
        case .cleared:
            return .cleared(number: try count(fields.id, .id), samples: try count(fields.samples, .samples))
        case .digits:
            guard let digits = fields.digits, isKeys(digits) else {
                throw BrowserWireError(field: .digits, expected: .keys)
            }
            return .digits(digits.uppercased())
        }
    }

    /// What one pass over a message finds; of repeated keys the first counts.
    private struct Fields {
        enum Kind { case missing, start, played, cleared, digits, hangUp, unknown }
        enum Agent { case absent, named(String), malformed }
        enum Variables { case absent, object(Range<Int>), malformed }

        var type = Kind.missing
        var samples: Int64?
        var id: Int64?
        var digits: String?
        var agent = Agent.absent
        var variables = Variables.absent

        mutating func take(_ member: borrowing JSONScanner.Member) {
            if member.isNamed("type"), member.kind == .string {
                if type == .missing { type = Self.kind(member) }
            } else if member.isNamed("samples"), samples == nil {
                samples = member.integer
            } else if member.isNamed("id"), id == nil {
                id = member.integer
            } else if member.isNamed("digits"), digits == nil, member.value.count <= BrowserWire.mostDigits {
                digits = member.text
            } else if member.isNamed("agent"), case .absent = agent, member.kind != .null {
                agent = member.text.map { .named($0) } ?? .malformed
            } else if member.isNamed("variables"), case .absent = variables, member.kind != .null {
                variables = member.kind == .object ? .object(member.value) : .malformed
            }
        }

        private static func kind(_ member: borrowing JSONScanner.Member) -> Kind {
            if member.isString("played") { return .played }
            if member.isString("cleared") { return .cleared }
            if member.isString("digits") { return .digits }
            if member.isString("start") { return .start }
            if member.isString("hangup") { return .hangUp }
            return .unknown
        }
    }

    private static func start(
        _ fields: Fields, _ bytes: UnsafeRawBufferPointer
    ) throws(BrowserWireError) -> BrowserStart {
        var start = BrowserStart()
        switch fields.agent {
        case .absent: break
        case .named(let name) where name.utf8.count <= longestName: start.agent = name
        case .named, .malformed: throw BrowserWireError(field: .agent, expected: .shortString)
        }
        switch fields.variables {
        case .absent: break
        case .malformed: throw BrowserWireError(field: .variables, expected: .variables)
        case .object(let range): start.variables = try variables(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
        return start
    }

    private static func variables(_ bytes: UnsafeRawBufferPointer) throws(BrowserWireError) -> [String: String] {
        let refusal = BrowserWireError(field: .variables, expected: .variables)
        guard let members = (try? JSONValue.parse(bytes))?.object?.members, members.count <= mostVariables else {
            throw refusal
        }
        var variables: [String: String] = [:]
        for member in members {
            guard let value = member.value.lenientString, value.utf8.count <= longestValue,
                (1...longestName).contains(member.key.utf8.count)
            else { throw refusal }
            variables[member.key] = value
        }
        return variables
    }

    private static func count(_ value: Int64?, _ field: BrowserWireError.Field) throws(BrowserWireError) -> Int64 {
        guard let value, value >= 0 else { throw BrowserWireError(field: field, expected: .count) }
        return value
    }

    private static func isKeys(_ text: String) -> Bool {
        (1...mostDigits).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "D"),
                    UInt8(ascii: "a")...UInt8(ascii: "d"), UInt8(ascii: "*"), UInt8(ascii: "#"):
                    true
                default: false
                }
            }
    }

    /// Checks one binary message.
    package static func check(audio count: Int) throws(BrowserWireError) {
        guard count.isMultiple(of: 2), count <= longestAudio else {
            throw BrowserWireError(field: .audio, expected: .pcm)
        }
    }
}
