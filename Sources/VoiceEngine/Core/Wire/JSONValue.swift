/// A JSON value as a tree: for configuration, provider messages and tool arguments. Media messages never become a tree;
/// they go through `JSONScanner`.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that fits.
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object in the order in which they were written. Keys are compared as Unicode compares text.
package struct JSONObject: Sendable {
    package struct Member: Equatable, Sendable {
        package let key: String
        package fileprivate(set) var value: JSONValue
    }

    package private(set) var members: [Member] = []
    /// Positions by key, kept once there are more members than a linear search is good for.
    private var positions: [String: Int] = [:]
    private static let linearLimit = 16

    package init() {}

    package var keys: [String] { members.map(\.key) }
    package var isEmpty: Bool { members.isEmpty }

    /// The value of `key`; setting appends a new key or replaces the value in place, setting nil does nothing.
    package subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            guard let newValue else { return }
            if let position = position(of: key) {
                members[position].value = newValue
            } else {
                append(key, newValue)
            }
        }
    }

    /// Adds a member unless the key is there already; says whether it was added.
    @discardableResult
    package mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        // Most objects of messages have two to four members: one piece of memory instead of two or three.
        if members.isEmpty { members.reserveCapacity(4) }
        members.append(Member(key: key, value: value))
        if members.count == Self.linearLimit + 1 {
            for (position, member) in members.enumerated() { positions[member.key] = position }
        } else if members.count > Self.linearLimit {
            positions[key] = members.count - 1
        }
        return true
    }

    private func position(of key: String) -> Int? {
        members.count > Self.linearLimit ? positions[key] : members.firstIndex { $0.key == key }
    }
}

extension JSONObject: Equatable {
    /// Objects are equal when they hold the same members in the same order.
    package static func == (a: JSONObject, b: JSONObject) -> Bool { a.members == b.members }
}

/// Strict access: nil when the value is of another type.
extension JSONValue {
    package var isNull: Bool { self == .null }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// A whole number; `3.0` and `3e2` count.
    package var int: Int64? {
        switch self {
        case .int(let value): value
        case .double(let value): Int64(exactly: value)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// Any number.
    package var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// A member of an object; nil for a missing key and for any other type.
    package subscript(key: String) -> JSONValue? { object?[key] }

    /// An element of an array; nil outside its bounds and for any other type.
    package subscript(index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// What the value is, for error texts.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// Tolerant access for messages of providers, which write numbers as strings and leave fields out or null.
extension JSONValue {
    /// A whole number, also when written as a string or with a fraction (which is cut off).
    package var lenientInt: Int64? {
        if let int { return int }
        guard let number = lenientDouble else { return nil }
        return Int64(exactly: number.rounded(.towardZero))
    }

    /// A finite number, also when written as a string.
    package var lenientDouble: Double? {
        if let double { return double }
        guard let string, let value = Double(string), value.isFinite else { return nil }
        return value
    }

    /// Text, also of a number or a boolean.
    package var lenientString: String? {
        switch self {
        case .string(let value): value
        case .int(let value): String(value)
        case .double(let value): "\(value)"
        case .bool(let value): value ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    /// A boolean, also when written as `"true"`, `"false"`, 1 or 0.
    package var lenientBool: Bool? {
        switch lenientString {
        case "true", "1": true
        case "false", "0": false
        case _: nil
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Keeps the order; a key that is written twice keeps its first place and its last value.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}
