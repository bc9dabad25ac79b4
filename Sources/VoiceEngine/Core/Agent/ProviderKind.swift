/// What a provider does for an agent.
package enum ProviderRole: String, CaseIterable, Sendable {
    case speechToText = "stt"
    case languageModel = "llm"
    case textToSpeech = "tts"
    /// Speech to speech: stands in for the other three.
    case realtime
}

/// One key of a provider's object in the agent document, beside `provider`.
///
/// The reader of documents, `docs/agent.schema.json` and `docs/providers.md` are all held against these.
package struct ProviderOption: Sendable {
    package enum Value: Sendable {
        case flag
        case integer(ClosedRange<Int64>)
        case number(ClosedRange<Double>)
        /// Text of 1 to so many characters.
        case text(Int)
        case oneOf([String])
        /// A list of at most so many texts, each of at most 200 characters.
        case texts(Int)
        /// The name of an environment variable.
        case variable
        /// An address with one of these schemes.
        case address([String])
        /// An object whose members are all texts.
        case parameters
        /// Any object.
        case object
    }

    package let name: String
    package let value: Value
    /// One sentence: what it does, its unit, its default.
    package let purpose: String
    package let isRequired: Bool

    package init(_ name: String, _ value: Value, _ purpose: String, isRequired: Bool = false) {
        self.name = name
        self.value = value
        self.purpose = purpose
        self.isRequired = isRequired
    }
}

extension ProviderOption {
    package static let model = ProviderOption(
        "model", .text(512), "Model, as the provider names it. Without it: the adapter's default.")
    package static let requiredModel = ProviderOption(
        "model", .text(512), "Model, as the provider names it.", isRequired: true)
    package static let voice = ProviderOption("voice", .text(200), "Voice, as the provider names it.")
    package static let requiredVoice = ProviderOption(
        "voice", .text(200), "Voice, as the provider names it.", isRequired: true)
    package static let language = ProviderOption(
        "language", .text(35), "Language, as the provider names it. Without it: the agent's.")
    package static let speed = ProviderOption("speed", .number(0.5...2), "Speed of the voice; 1 is normal.")
    package static let keyterms = ProviderOption("keyterms", .texts(100), "Words and names to be expected.")
    package static let maxTokens = ProviderOption(
        "max_tokens", .integer(1...32_768), "Longest answer in tokens. Without it: 300.")
    package static let temperature = ProviderOption("temperature", .number(0...2), "Randomness of the answer.")
    package static let topP = ProviderOption("top_p", .number(0...1), "Share of likely tokens to choose from.")
    package static let extra = ProviderOption("extra", .object, "Members added to the body of the request.")

    /// The keys of every provider that is reached over the network.
    ///
    /// - Parameter schemes: Of `base_url`.
    package static func network(_ schemes: [String]) -> [ProviderOption] {
        [
            ProviderOption(
                "api_key_env", .variable,
                "Name of the environment variable that holds the key. Without it and without base_url: the provider's usual one."
            ),
            ProviderOption(
                "base_url", .address(schemes), "Address of the provider, for proxies and private installations."),
            ProviderOption(
                "timeout_ms", .integer(100...120_000),
                "How long the first answer may take, in ms. Without it: the adapter's default."),
            ProviderOption(
                "query", .parameters, "Parameters added to the address of the request, as the provider names them."),
        ]
    }

    static let webSocket = ["wss", "ws", "https", "http"]
    static let web = ["https", "http"]
}

/// A provider that the documents may name.
package struct ProviderKind: Sendable {
    package let role: ProviderRole
    package let name: String
    /// What it is, in one sentence.
    package let summary: String
    package let options: [ProviderOption]
    /// Where the key is looked for when the document names no variable and no other address.
    package let usualKeyEnvironment: String?

    package init(
        _ role: ProviderRole, _ name: String, _ summary: String, key usualKeyEnvironment: String? = nil,
        options: [ProviderOption]
    ) {
        self.role = role
        self.name = name
        self.summary = summary
        self.options = options
        self.usualKeyEnvironment = usualKeyEnvironment
    }

    /// All of them, in the order of the documentation. One file in `Kinds/` for each house.
    package static let known: [ProviderKind] =
        deepgram + elevenLabsScribe + elevenLabs + soniox + assemblyAI + cartesia + openAI + openAITranscription
        + openAISpeech + openAIRealtime + anthropic + wyoming + local

    package static func known(_ role: ProviderRole) -> [ProviderKind] { known.filter { $0.role == role } }
}
