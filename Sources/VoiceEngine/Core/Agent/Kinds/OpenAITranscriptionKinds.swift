extension ProviderKind {
    /// OpenAI's transcriptions, and the servers that speak the same: whole utterances, cut by the engine's own voice
    /// activity detection.
    static let openAITranscription: [ProviderKind] = [
        transcription("openai", "OpenAI's transcriptions, by utterance.", key: "OPENAI_API_KEY"),
        transcription("groq", "Groq's transcriptions (Whisper), by utterance.", key: "GROQ_API_KEY"),
        transcription(
            "openai_compatible", "Any server that speaks OpenAI's transcriptions, by utterance; base_url is needed."),
    ]

    private static func transcription(_ name: String, _ summary: String, key: String? = nil) -> ProviderKind {
        ProviderKind(
            .speechToText, name, summary, key: key,
            options: [.model, .language] + ProviderOption.network(ProviderOption.web) + [
                ProviderOption("prompt", .text(1_000), "Text that might have come before: names, spelling, style."),
                .keyterms, ProviderOption("temperature", .number(0...1), "Randomness of the transcript."),
                ProviderOption(
                    "response_format", .oneOf(["auto", "json", "verbose_json"]),
                    "Form of the answer. Without it: auto, which is verbose_json for whisper models, else json."
                ),
                .connectTimeout,
                ProviderOption("extra", .object, "Fields added to the form of the request."),
            ])
    }
}
