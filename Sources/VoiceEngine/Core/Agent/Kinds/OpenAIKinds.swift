extension ProviderKind {
    /// OpenAI, and the servers that speak its protocols.
    static let openAI: [ProviderKind] = [
        chat("openai", "OpenAI's chat completions.", key: "OPENAI_API_KEY"),
        chat("groq", "Groq's chat completions.", key: "GROQ_API_KEY"),
        chat("ollama", "Ollama on this machine, or elsewhere by base_url."),
        chat("openai_compatible", "Any server that speaks OpenAI's chat completions; base_url is needed."),
    ]

    private static func chat(_ name: String, _ summary: String, key: String? = nil) -> ProviderKind {
        ProviderKind(
            .languageModel, name, summary, key: key,
            options: [.requiredModel] + ProviderOption.network(ProviderOption.web) + [
                .maxTokens, .temperature, .topP,
                ProviderOption(
                    "max_tokens_field", .oneOf(["auto", "max_tokens", "max_completion_tokens"]),
                    "Name of the field that carries max_tokens. Without it: auto, what the service wants."),
                ProviderOption(
                    "reasoning_effort", .text(20),
                    "Effort of reasoning models, such as none, minimal or low. Without it: the model's own."),
                ProviderOption(
                    "reasoning_format", .text(20), "Where Groq puts the reasoning: hidden or parsed."),
                ProviderOption("service_tier", .text(20), "Service tier, as the provider names it."),
                ProviderOption("verbosity", .oneOf(["low", "medium", "high"]), "How wordy the answer is."),
                ProviderOption(
                    "prompt_cache_key", .text(200), "Groups requests with the same prompt in the provider's cache."),
                ProviderOption("seed", .integer(0...Int64(Int32.max)), "Makes answers repeatable where it is known."),
                ProviderOption(
                    "include_usage", .flag, "Asks for token counts. Without it: true; false for servers that refuse."),
                .connectTimeout, .idleTimeout, .extra,
            ])
    }
}

extension ProviderOption {
    static let connectTimeout = ProviderOption(
        "connect_timeout_ms", .integer(100...60_000), "How long connecting may take, in ms. Without it: 3000.")
    static let idleTimeout = ProviderOption(
        "idle_timeout_ms", .integer(500...120_000),
        "How long the answer may pause in its middle, in ms. Without it: 10000.")
}
