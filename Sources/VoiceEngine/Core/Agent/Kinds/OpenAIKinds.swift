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
                .maxTokens, .temperature, .topP, .extra,
            ])
    }
}
