extension ProviderKind {
    static let cartesia: [ProviderKind] = [
        ProviderKind(
            .textToSpeech, "cartesia", "Cartesia Sonic over WebSocket, and over HTTP where that cannot be had.",
            key: "CARTESIA_API_KEY",
            options: [cartesiaModel, .requiredVoice, .language] + ProviderOption.network(ProviderOption.webSocket)
                + [.transport, .trimSilence] + cartesiaVoice)
    ]

    private static let cartesiaModel = ProviderOption(
        "model", .text(512), "Model, as the provider names it. Without it: sonic-3.")

    private static let cartesiaVoice = [
        ProviderOption("speed", .number(0.6...1.5), "Speed of the voice; 1 is normal."),
        ProviderOption("volume", .number(0.5...2), "Loudness of the voice; 1 is normal."),
        ProviderOption("emotion", .text(64), "Emotion of the voice, as the provider names it."),
        ProviderOption("pronunciation_dictionary", .text(128), "Id of a pronunciation dictionary."),
        ProviderOption(
            "max_buffer_delay_ms", .integer(0...5_000),
            "Milliseconds that the server waits for more text before it speaks. Without it: 0."),
        ProviderOption("version", .text(10), "Version of the interface, a date. Without it: 2026-03-01."),
    ]
}
