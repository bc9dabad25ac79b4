extension ProviderKind {
    static let elevenLabs: [ProviderKind] = [
        ProviderKind(
            .textToSpeech, "elevenlabs", "ElevenLabs over WebSocket, and over HTTP where that cannot be had.",
            key: "ELEVENLABS_API_KEY",
            options: [elevenLabsModel, .requiredVoice, .language] + ProviderOption.network(ProviderOption.webSocket)
                + [.transport, .trimSilence] + elevenLabsVoice)
    ]

    private static let elevenLabsModel = ProviderOption(
        "model", .text(512), "Model, as the provider names it. Without it: eleven_flash_v2_5.")

    private static let elevenLabsVoice = [
        ProviderOption(
            "socket", .oneOf(["multi", "single"]),
            "multi: one WebSocket for the call, a context for each reply; single: a WebSocket for each reply. Without it: multi."
        ),
        ProviderOption(
            "auto_mode", .flag,
            "Each sentence is spoken as it comes, without the server's gathering. Without it: true, false with chunk_length_schedule."
        ),
        ProviderOption(
            "chunk_length_schedule", .text(64),
            "Characters the server gathers before each chunk, 50 to 500 each, such as \"80,120,200,260\"."),
        ProviderOption("stability", .number(0...1), "How even the voice is. Without it: the voice's own."),
        ProviderOption(
            "similarity_boost", .number(0...1), "How close to the original voice. Without it: the voice's own."),
        ProviderOption("style", .number(0...1), "How much of the voice's style. Without it: the voice's own."),
        ProviderOption("use_speaker_boost", .flag, "More likeness for more latency. Without it: the voice's own."),
        ProviderOption("speed", .number(0.7...1.2), "Speed of the voice; 1 is normal."),
        ProviderOption(
            "apply_text_normalization", .oneOf(["auto", "on", "off"]),
            "Whether numbers and dates are spelled out. Without it: auto."),
        ProviderOption(
            "pronunciation_dictionaries", .texts(3), "Dictionaries as id or id:version, in the order of precedence."),
        ProviderOption(
            "inactivity_timeout_s", .integer(20...180),
            "Seconds without text after which the server ends a context. Without it: 180."),
        ProviderOption(
            "max_sample_rate", .integer(8_000...48_000),
            "Highest rate in Hz of linear audio that is asked for; above 24000 needs a higher plan. Without it: 24000."
        ),
        ProviderOption("seed", .integer(0...4_294_967_295), "Makes repeated texts sound alike."),
    ]
}
