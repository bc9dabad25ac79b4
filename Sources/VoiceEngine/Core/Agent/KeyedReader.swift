/// Reads one JSON object key by key and remembers what was asked for, so that `finish` can refuse what nobody knows.
///
/// Each read says what it expects; a value of another type or range throws an error with the key's path.
package struct KeyedReader {
    package let path: String
    private let object: JSONObject
    private var known: [String] = []

    /// - Parameter path: Of `value` in the document; empty for the document itself.
    package init(_ value: JSONValue, path: String) throws(AgentError) {
        guard let object = value.object else {
            throw .value(path: path, found: Self.described(value), expected: "an object")
        }
        self.object = object
        self.path = path
    }

    /// Refuses keys that were never asked for. Last call on every reader.
    package func finish() throws(AgentError) {
        guard let key = object.keys.first(where: { !known.contains($0) }) else { return }
        let path = self.path(of: key)
        if Self.isSecret(key) {
            let names = known.filter { $0.hasSuffix("_env") }
            throw .secret(path: path, instead: Spelling.nearest(to: key + "_env", among: names) ?? names.first)
        }
        throw .unknownKey(path: Self.shortened(path), suggestion: Spelling.nearest(to: key, among: known), known: known)
    }

    package func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    package mutating func value(_ key: String) -> JSONValue? {
        known.append(key)
        return object[key]
    }

    package mutating func integer(
        _ key: String, _ range: ClosedRange<Int64>, default preset: Int64
    ) throws(AgentError) -> Int64 {
        try integer(key, range) ?? preset
    }

    package mutating func integer(_ key: String, _ range: ClosedRange<Int64>) throws(AgentError) -> Int64? {
        guard let value = value(key) else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw wrong(key, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package mutating func number(_ key: String, _ range: ClosedRange<Double>) throws(AgentError) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw wrong(key, value, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package mutating func milliseconds(
        _ key: String, _ range: ClosedRange<Int64>, default preset: Int64
    ) throws(AgentError) -> Nanoseconds {
        .milliseconds(try integer(key, range, default: preset))
    }

    package mutating func bool(_ key: String, default preset: Bool) throws(AgentError) -> Bool {
        guard let value = value(key) else { return preset }
        guard let bool = value.bool else { throw wrong(key, value, "true or false") }
        return bool
    }

    /// Text without control characters but line breaks and tabs.
    package mutating func text(_ key: String, _ rule: TextRule = .text(4_096)) throws(AgentError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string, rule.accepts(text) else { throw wrong(key, value, rule.expectation) }
        return text
    }

    package mutating func requiredText(_ key: String, _ rule: TextRule = .text(4_096)) throws(AgentError) -> String {
        if let text = try text(key, rule) { return text }
        throw missing(key, rule.expectation)
    }

    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, default preset: Choice
    ) throws(AgentError) -> Choice where Choice.RawValue == String {
        guard let value = value(key) else { return preset }
        guard let choice = value.string.flatMap(Choice.init(rawValue:)) else {
            throw wrong(key, value, "one of " + Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
        }
        return choice
    }

    /// A list of texts.
    package mutating func texts(
        _ key: String, _ rule: TextRule = .text(200), atMost limit: Int = 100
    ) throws(AgentError) -> [String]? {
        guard let elements = try elements(key, atMost: limit) else { return nil }
        var texts: [String] = []
        for (path, value) in elements {
            guard let text = value.string, rule.accepts(text) else {
                throw .value(path: path, found: Self.described(value), expected: rule.expectation)
            }
            texts.append(text)
        }
        return texts
    }

    /// The elements of a list with their paths.
    package mutating func elements(_ key: String, atMost limit: Int) throws(AgentError) -> [(
        path: String, value: JSONValue
    )]? {
        guard let value = value(key) else { return nil }
        guard let list = value.array, list.count <= limit else { throw wrong(key, value, "a list of at most \(limit)") }
        return list.enumerated().map { ("\(path(of: key))[\($0)]", $1) }
    }

    /// The members of an object whose keys are free, all of them texts.
    package mutating func textMembers(
        _ key: String, keys keyRule: TextRule, values rule: TextRule, atMost limit: Int = 100
    ) throws(AgentError) -> [(key: String, value: String)] {
        guard let value = value(key) else { return [] }
        guard let members = value.object?.members, members.count <= limit else {
            throw wrong(key, value, "an object of at most \(limit) texts")
        }
        var texts: [(String, String)] = []
        for member in members {
            let path = Self.shortened("\(path(of: key)).\(member.key)")
            guard keyRule.accepts(member.key) else {
                throw .value(path: path, found: "this key", expected: keyRule.expectation)
            }
            guard let text = member.value.string, rule.accepts(text) else {
                throw .value(path: path, found: Self.described(member.value), expected: rule.expectation)
            }
            texts.append((member.key, text))
        }
        return texts
    }

    /// The members of an object whose keys are free, with their paths.
    package mutating func members(
        _ key: String, keys rule: TextRule, atMost limit: Int
    ) throws(AgentError) -> [(key: String, path: String, value: JSONValue)]? {
        guard let value = value(key) else { return nil }
        guard let members = value.object?.members, members.count <= limit else {
            throw wrong(key, value, "an object of at most \(limit)")
        }
        var list: [(String, String, JSONValue)] = []
        for member in members {
            let path = Self.shortened("\(path(of: key)).\(member.key)")
            guard rule.accepts(member.key) else {
                throw .value(path: path, found: "this key", expected: rule.expectation)
            }
            list.append((member.key, path, member.value))
        }
        return list
    }

    /// A reader of a nested object; a missing one reads as empty, so that its defaults apply.
    package mutating func nested(_ key: String) throws(AgentError) -> KeyedReader {
        try KeyedReader(value(key) ?? [:], path: path(of: key))
    }

    package func isMissing(_ key: String) -> Bool { object[key] == nil }

    /// A value that is there and wrong.
    package func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> AgentError {
        let found = Self.isSecret(key) ? value.typeName : Self.described(value)
        return .value(path: path(of: key), found: found, expected: expected)
    }

    /// A value that is not there; perhaps its key is misspelt.
    package func missing(_ key: String, _ expected: String) -> AgentError {
        let strangers = object.keys.filter { !known.contains($0) }
        if let stranger = Spelling.nearest(to: key, among: strangers) {
            return .unknownKey(path: path(of: stranger), suggestion: key, known: known)
        }
        return .value(path: path(of: key), found: "nothing", expected: expected)
    }

    /// A value as error texts show it.
    package static func described(_ value: JSONValue) -> String {
        switch value {
        case .string(let text):
            text.unicodeScalars.count > 40 ? "a text of \(text.unicodeScalars.count) characters" : value.text
        case .bool, .int, .double, .null: value.text
        case .array(let elements): "a list of \(elements.count)"
        case .object: "an object"
        }
    }

    private static func shortened(_ path: String) -> String { path.count > 160 ? "\(path.prefix(160))…" : path }

    private static func isSecret(_ key: String) -> Bool {
        let plain = key.lowercased().filter(\.isLetter)
        return ["apikey", "key", "token", "secret", "password", "authorization", "authtoken", "accesstoken", "bearer"]
            .contains(plain)
    }
}

/// What a text must look like.
package enum TextRule: Sendable {
    /// Not blank, at most so many characters, no control characters but line breaks and tabs.
    case text(Int)
    /// The same, or empty.
    case textOrEmpty(Int)
    /// Letters, digits, `_` and `-`; begins with a letter or digit.
    case identifier
    /// The name of a variable of this document or of the environment.
    case variable
    /// BCP 47, by its look.
    case language
    /// A URL with one of these schemes.
    case url([String])
    /// A token of RFC 9110 section 5.6.2.
    case headerName
    /// Printable, on one line.
    case headerValue

    package var expectation: String {
        switch self {
        case .text(let limit): "text of 1 to \(limit) characters, without control characters"
        case .textOrEmpty(let limit): "text of at most \(limit) characters, without control characters"
        case .identifier: "a name of 1 to 64 letters, digits, \"_\" and \"-\""
        case .variable: "a variable's name: letters, digits and \"_\", not beginning with a digit"
        case .language: "a language tag such as \"en-US\""
        case .url(let schemes): "a URL that begins with " + schemes.map { "\($0)://" }.joined(separator: " or ")
        case .headerName: "the name of a header, of 1 to 64 letters, digits and signs"
        case .headerValue: "text of 1 to 1000 characters on one line"
        }
    }

    package func accepts(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        switch self {
        case .text(let limit):
            return TextRule.textOrEmpty(limit).accepts(text) && !scalars.allSatisfy(\.properties.isWhitespace)
        case .textOrEmpty(let limit):
            return scalars.count <= limit
                && scalars.allSatisfy {
                    $0.properties.generalCategory != .control || "\n\t\r".unicodeScalars.contains($0)
                }
        case .identifier:
            return scalars.count <= 64 && scalars.first.map(Self.isAlphanumeric) == true
                && scalars.allSatisfy { Self.isAlphanumeric($0) || $0 == "_" || $0 == "-" }
        case .variable:
            guard let first = scalars.first, scalars.count <= 128, !("0"..."9").contains(first) else { return false }
            return scalars.allSatisfy { Self.isAlphanumeric($0) || $0 == "_" }
        case .language:
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            return (2...3).contains(parts.first?.count ?? 0) && parts.count <= 4
                && parts.allSatisfy { (1...8).contains($0.count) && $0.unicodeScalars.allSatisfy(Self.isAlphanumeric) }
        case .url(let schemes):
            guard let scheme = schemes.first(where: { text.hasPrefix("\($0)://") }) else { return false }
            return scalars.count <= 2_048 && scalars.count > scheme.count + 3
                && scalars.allSatisfy { (0x21...0x7E).contains($0.value) }
        case .headerName:
            return (1...64).contains(scalars.count)
                && scalars.allSatisfy { Self.isAlphanumeric($0) || "!#$%&'*+-.^_`|~".unicodeScalars.contains($0) }
        case .headerValue:
            return TextRule.text(1_000).accepts(text) && !scalars.contains { "\n\r\t".unicodeScalars.contains($0) }
        }
    }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }
}

/// Guesses what a misspelt word was meant to be.
enum Spelling {
    /// The candidate that differs least from `word`, if by at most two edits and a third of its length.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let word = Array(word.lowercased().utf8)
        let best = candidates.map { ($0, distance(word, Array($0.lowercased().utf8))) }.min { $0.1 < $1.1 }
        guard let (candidate, distance) = best, distance <= min(2, max(1, candidate.utf8.count / 3)) else { return nil }
        return candidate
    }

    /// Levenshtein's distance.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let substitution = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
