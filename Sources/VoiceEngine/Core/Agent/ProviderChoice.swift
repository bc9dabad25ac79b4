/// One provider of one role, as the agent document chooses it.
package struct ProviderChoice: Equatable, Sendable {
    /// A name of `ProviderKind.known`.
    package var provider: String
    /// nil: the adapter's default.
    package var model: String?
    package var voice: String?
    /// nil: the agent's language.
    package var language: String?
    /// Environment variable that holds the key; nil: the request carries none.
    package var apiKeyEnvironment: String?
    /// nil: the provider's own address.
    package var baseURL: String?
    /// Every other key, its value as `ProviderKind` says.
    package var options = JSONObject()
    /// Added to the query of the request's URL, in this order.
    package var query: [QueryItem] = []

    package struct QueryItem: Equatable, Sendable {
        package let name: String
        package let value: String
    }
}

extension ProviderChoice {
    /// Longest chain of a role.
    static let longestChain = 4

    /// Reads the key of a role: one provider object, or a list of them.
    /// - Parameter isRequired: false: the key may be missing, and the chain is empty.
    static func chain(
        _ role: ProviderRole, from reader: inout KeyedReader, isRequired: Bool = true
    ) throws(AgentError) -> [ProviderChoice] {
        let key = role.rawValue
        guard let value = reader.value(key) else {
            guard isRequired else { return [] }
            throw reader.missing(key, chainExpectation)
        }
        return try chain(role, value, path: reader.path(of: key))
    }

    private static let chainExpectation = "a provider object or a list of 1 to \(longestChain)"

    /// One provider object, or a list of them.
    static func chain(_ role: ProviderRole, _ value: JSONValue, path: String) throws(AgentError) -> [ProviderChoice] {
        if value.object != nil { return [try ProviderChoice(role, value, path: path)] }
        guard let list = value.array, (1...longestChain).contains(list.count) else {
            throw .value(path: path, found: KeyedReader.described(value), expected: chainExpectation)
        }
        var chain: [ProviderChoice] = []
        for (position, element) in list.enumerated() {
            chain.append(try ProviderChoice(role, element, path: "\(path)[\(position)]"))
        }
        return chain
    }

    init(_ role: ProviderRole, _ value: JSONValue, path: String) throws(AgentError) {
        var reader = try KeyedReader(value, path: path)
        provider = try reader.requiredText("provider", .text(64))
        let kinds = ProviderKind.known(role)
        guard let kind = kinds.first(where: { $0.name == provider }) else {
            let names = kinds.map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw reader.wrong("provider", .string(provider), "a known provider: \(names)")
        }
        for option in kind.options { try read(option, from: &reader) }
        try reader.finish()
        // The usual key belongs to the provider's own address alone: it must not travel to another one.
        if apiKeyEnvironment == nil && baseURL == nil { apiKeyEnvironment = kind.usualKeyEnvironment }
    }

    private mutating func read(_ option: ProviderOption, from reader: inout KeyedReader) throws(AgentError) {
        let name = option.name
        let value = try reader.value(of: option)
        if value == nil, option.isRequired { throw reader.missing(name, option.value.expectation) }
        switch name {
        case "model": model = value?.string
        case "voice": voice = value?.string
        case "language": language = value?.string
        case "api_key_env": apiKeyEnvironment = value?.string
        case "base_url": baseURL = value?.string
        case "query":
            query = (value?.object?.members ?? []).map { QueryItem(name: $0.key, value: $0.value.string ?? "") }
        default: if let value { options.append(name, value) }
        }
    }
}

extension ProviderOption.Value {
    /// What an error text says was expected.
    fileprivate var expectation: String {
        switch self {
        case .flag: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .text(let limit): TextRule.text(limit).expectation
        case .oneOf(let names): "one of " + names.map { "\"\($0)\"" }.joined(separator: ", ")
        case .texts(let limit): "a list of at most \(limit) texts"
        case .variable: TextRule.variable.expectation
        case .address(let schemes): TextRule.url(schemes).expectation
        case .parameters, .object: "an object"
        }
    }
}

extension KeyedReader {
    /// The value of a provider's option, checked; nil when it is not there.
    fileprivate mutating func value(of option: ProviderOption) throws(AgentError) -> JSONValue? {
        let name = option.name
        guard !isMissing(name) else { return value(name) }
        switch option.value {
        case .flag: return .bool(try bool(name, default: false))
        case .integer(let range): return try integer(name, range).map { .int($0) }
        case .number(let range): return try number(name, range).map { .double($0) }
        case .text(let limit): return try text(name, .text(limit)).map { .string($0) }
        case .oneOf(let names):
            guard let value = value(name) else { return nil }
            guard let text = value.string, names.contains(text) else {
                throw wrong(name, value, option.value.expectation)
            }
            return value
        case .texts(let limit):
            return try texts(name, .text(200), atMost: limit).map { .array($0.map { .string($0) }) }
        case .variable: return try text(name, .variable).map { .string($0) }
        case .address(let schemes): return try text(name, .url(schemes)).map { .string($0) }
        case .parameters:
            var object = JSONObject()
            let members = try textMembers(name, keys: .text(100), values: .textOrEmpty(1_000), atMost: 32)
            for member in members { object.append(member.key, .string(member.value)) }
            return .object(object)
        case .object:
            guard let value = value(name) else { return nil }
            guard value.object != nil else { throw wrong(name, value, option.value.expectation) }
            return value
        }
    }
}
