/// What a provider does for an agent.
package enum ProviderRole: String, CaseIterable, Sendable {
    case speechToText = "stt"
    case languageModel = "llm"
    case textToSpeech = "tts"
}

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
    /// How long to wait for the first answer; nil: the adapter's default.
    package var timeout: Nanoseconds?
    /// Added to the query of the request's URL, in this order.
    package var query: [QueryItem] = []
    /// Added to the body of the request; always an object.
    package var extra: JSONObject = JSONObject()
    package var maxTokens: Int?
    package var temperature: Double?
    package var topP: Double?
    /// Silence after which the recogniser finalises on its own.
    package var endpointing: Nanoseconds?
    /// Words that the recogniser should expect.
    package var keyterms: [String] = []
    /// 1 is the voice's normal speed.
    package var speed: Double?

    package struct QueryItem: Equatable, Sendable {
        package let name: String
        package let value: String
    }
}

/// A provider that the documents may name: one line for each in `known`.
package struct ProviderKind: Sendable {
    /// The keys of a provider object beside `provider`.
    enum Key: String {
        case model, voice, language, query, extra, temperature, keyterms, speed
        case apiKeyEnvironment = "api_key_env"
        case baseURL = "base_url"
        case timeout = "timeout_ms"
        case maxTokens = "max_tokens"
        case topP = "top_p"
        case endpointing = "endpointing_ms"
    }

    package let role: ProviderRole
    package let name: String
    let keys: [Key]
    var required: [Key] = []
    /// Schemes of `base_url`.
    var schemes: [String] = []
    /// Where the key is looked for when the document names no variable and no other address.
    var usualKeyEnvironment: String?

    private static let network: [Key] = [.model, .apiKeyEnvironment, .baseURL, .timeout, .query]

    package static let known: [ProviderKind] = [
        ProviderKind(
            role: .speechToText, name: "deepgram", keys: network + [.language, .endpointing, .keyterms],
            schemes: ["wss", "ws", "https", "http"], usualKeyEnvironment: "DEEPGRAM_API_KEY"),
        ProviderKind(role: .speechToText, name: "local", keys: [.model, .language]),
        ProviderKind(
            role: .languageModel, name: "openai", keys: network + [.maxTokens, .temperature, .topP, .extra],
            required: [.model], schemes: ["https", "http"], usualKeyEnvironment: "OPENAI_API_KEY"),
        ProviderKind(role: .languageModel, name: "local", keys: [.model, .maxTokens, .temperature, .topP]),
        ProviderKind(
            role: .textToSpeech, name: "deepgram", keys: network + [.voice],
            schemes: ["wss", "ws", "https", "http"], usualKeyEnvironment: "DEEPGRAM_API_KEY"),
        ProviderKind(role: .textToSpeech, name: "local", keys: [.model, .voice, .speed]),
    ]
}

extension ProviderChoice {
    /// Longest chain of a role.
    static let longestChain = 4

    /// Reads the key of a role: one provider object, or a list of them.
    static func chain(_ role: ProviderRole, from reader: inout KeyedReader) throws(AgentError) -> [ProviderChoice] {
        let key = role.rawValue
        let expected = "a provider object or a list of 1 to \(longestChain)"
        guard let value = reader.value(key) else { throw reader.missing(key, expected) }
        guard let list = value.array else {
            guard value.object != nil else { throw reader.wrong(key, value, expected) }
            return [try ProviderChoice(role, value, path: reader.path(of: key))]
        }
        guard (1...longestChain).contains(list.count) else { throw reader.wrong(key, value, expected) }
        var chain: [ProviderChoice] = []
        for (position, element) in list.enumerated() {
            chain.append(try ProviderChoice(role, element, path: "\(reader.path(of: key))[\(position)]"))
        }
        return chain
    }

    init(_ role: ProviderRole, _ value: JSONValue, path: String) throws(AgentError) {
        var reader = try KeyedReader(value, path: path)
        provider = try reader.requiredText("provider", .text(64))
        let kinds = ProviderKind.known.filter { $0.role == role }
        guard let kind = kinds.first(where: { $0.name == provider }) else {
            let names = kinds.map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw reader.wrong("provider", .string(provider), "a known provider: \(names)")
        }
        for key in kind.keys { try read(key, of: kind, from: &reader) }
        try reader.finish()
        // The usual key belongs to the provider's own address alone: it must not travel to another one.
        if apiKeyEnvironment == nil && baseURL == nil { apiKeyEnvironment = kind.usualKeyEnvironment }
    }

    private mutating func read(
        _ key: ProviderKind.Key, of kind: ProviderKind, from reader: inout KeyedReader
    ) throws(AgentError) {
        let name = key.rawValue
        switch key {
        case .model: model = try reader.text(name, .text(512))
        case .voice: voice = try reader.text(name, .text(200))
        case .language: language = try reader.text(name, .text(35))
        case .apiKeyEnvironment: apiKeyEnvironment = try reader.text(name, .variable)
        case .baseURL: baseURL = try reader.text(name, .url(kind.schemes))
        case .timeout: timeout = try reader.integer(name, 100...120_000).map { .milliseconds($0) }
        case .query:
            query = try reader.textMembers(name, keys: .text(100), values: .textOrEmpty(1_000), atMost: 32)
                .map { QueryItem(name: $0.key, value: $0.value) }
        case .extra:
            guard let value = reader.value(name) else { return }
            guard let object = value.object else { throw reader.wrong(name, value, "an object") }
            extra = object
        case .maxTokens: maxTokens = try reader.integer(name, 1...32_768).map { Int($0) }
        case .temperature: temperature = try reader.number(name, 0...2)
        case .topP: topP = try reader.number(name, 0...1)
        case .endpointing: endpointing = try reader.integer(name, 10...5_000).map { .milliseconds($0) }
        case .keyterms: keyterms = try reader.texts(name, .text(100)) ?? []
        case .speed: speed = try reader.number(name, 0.5...2)
        }
        if kind.required.contains(key), reader.isMissing(name) {
            throw reader.missing(name, "text that names the model")
        }
    }
}
