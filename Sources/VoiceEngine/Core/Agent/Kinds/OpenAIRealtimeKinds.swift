extension ProviderKind {
    /// One model that hears, thinks and speaks.
    static let openAIRealtime: [ProviderKind] = [
        ProviderKind(
            .realtime, "openai", "OpenAI Realtime over WebSocket.", key: "OPENAI_API_KEY",
            options: [.requiredModel, .voice, .language] + ProviderOption.network(ProviderOption.webSocket) + [
                ProviderOption("speed", .number(0.25...1.5), "Speed of the voice; 1 is normal."),
                ProviderOption(
                    "vad", .oneOf(["engine", "server", "semantic"]),
                    "Who finds the caller's utterances: the engine's own voice activity detection, the server's, or the server's by meaning. Without it: engine."
                ),
                ProviderOption(
                    "silence_ms", .integer(100...5_000),
                    "Silence in ms that ends an utterance for the server's detection (vad server). Without it: the server's default."
                ),
                ProviderOption(
                    "eagerness", .oneOf(["low", "medium", "high", "auto"]),
                    "How soon vad semantic takes an utterance for finished. Without it: auto."),
                ProviderOption(
                    "transcription_model", .text(512),
                    "Model that writes down what the caller says. Without it: gpt-transcribe."),
                .keyterms,
                ProviderOption(
                    "noise_reduction", .oneOf(["near_field", "far_field"]),
                    "Noise reduction before the model listens. Without it: off."),
                ProviderOption(
                    "reasoning_effort", .text(32),
                    "How long the model thinks, for models that do. Without it: the model's default."),
                ProviderOption(
                    "max_tokens", .integer(1...4_096),
                    "Longest answer in tokens; a second of speech is 20. Without it: 2000."),
                ProviderOption(
                    "chunk_ms", .integer(20...100), "Caller audio in one message, in ms. Without it: 40."),
                ProviderOption(
                    "renew_after_s", .integer(60...3_540),
                    "Age in s at which the connection is replaced between turns; the server ends it after 60 minutes. Without it: 3300."
                ),
            ])
    ]
}
