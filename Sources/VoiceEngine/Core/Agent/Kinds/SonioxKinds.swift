extension ProviderKind {
    static let soniox: [ProviderKind] = [
        ProviderKind(
            .speechToText, "soniox", "Soniox real-time recognition over WebSocket.", key: "SONIOX_API_KEY",
            options: [.model, .language, .keyterms] + ProviderOption.network(ProviderOption.webSocket) + [
                ProviderOption(
                    "language_hints", .texts(20),
                    "Languages to be expected, as ISO 639-1. Without it: language; with language auto: any."),
                ProviderOption(
                    "language_hints_strict", .flag, "Takes no other language than the hints. Without it: false."),
                ProviderOption("context", .text(8_000), "What the conversation is about, as text."),
                ProviderOption(
                    "endpoint_detection", .flag, "The recogniser finds the end of turns, too. Without it: true."),
                ProviderOption(
                    "max_endpoint_delay_ms", .integer(500...3_000),
                    "Longest time in ms from the end of speech to the end of the turn. Without it: 1000."),
                ProviderOption(
                    "endpoint_sensitivity", .number(-1...1),
                    "stt-rt-v5: higher ends turns sooner. Without it: Soniox's 0."),
                ProviderOption(
                    "endpoint_latency_level", .integer(0...3),
                    "stt-rt-v5: speed of the end of turns against accuracy. Without it: Soniox's."),
                ProviderOption("chunk_ms", .integer(20...120), "Audio per message in ms. Without it: 60."),
            ])
    ]
}
