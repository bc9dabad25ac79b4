extension ProviderKind {
    /// Speech over HTTP as OpenAI has it.
    static let openAISpeech: [ProviderKind] = [
        speech("openai", "OpenAI's speech endpoint.", key: "OPENAI_API_KEY"),
        speech("groq", "Groq's speech endpoint.", key: "GROQ_API_KEY"),
        speech("openai_compatible", "Any server that speaks OpenAI's speech endpoint; base_url is needed."),
    ]

    private static func speech(_ name: String, _ summary: String, key: String? = nil) -> ProviderKind {
        ProviderKind(
            .textToSpeech, name, summary, key: key,
            options: [.requiredModel, .requiredVoice] + ProviderOption.network(ProviderOption.web) + [
                ProviderOption(
                    "response_format", .oneOf(["pcm", "wav"]),
                    "How the server sends audio. Without it: pcm; wav at Groq."),
                ProviderOption(
                    "sample_rate", .integer(8_000...48_000),
                    "Rate in Hz of the audio that the server sends. Without it: 24000."),
                ProviderOption("instructions", .text(4_096), "How to speak; not every model listens."),
                ProviderOption("speed", .number(0.25...4), "Speed of the voice; 1 is normal."),
                ProviderOption(
                    "max_characters", .integer(50...10_000),
                    "Longest text of one request. Without it: 4096; 200 at Groq."),
                .trimSilence, .extra,
            ])
    }
}
