extension ProviderKind {
    static let anthropic: [ProviderKind] = [
        ProviderKind(
            .languageModel, "anthropic", "Anthropic's messages.", key: "ANTHROPIC_API_KEY",
            options: [.requiredModel] + ProviderOption.network(ProviderOption.web) + [
                .maxTokens,
                ProviderOption(
                    "temperature", .number(0...1), "Randomness of the answer. Models since 2026 refuse it."),
                ProviderOption(
                    "top_p", .number(0...1), "Share of likely tokens to choose from. Models since 2026 refuse it."),
                ProviderOption(
                    "cache", .oneOf(["5m", "1h", "off"]),
                    "How long prompt and history stay in the provider's cache after each use. Without it: 5m."),
                ProviderOption(
                    "thinking", .oneOf(["auto", "disabled", "between_tools", "unset"]),
                    "Thinking before the answer. Without it: auto, the least that the model accepts."),
                ProviderOption(
                    "effort", .oneOf(["low", "medium", "high", "xhigh", "max"]),
                    "Effort of the answer. Without it: low for models that always think, else the model's own."),
                ProviderOption("beta", .text(500), "Value of the header anthropic-beta."),
                .connectTimeout, .idleTimeout, .extra,
            ])
    ]
}
