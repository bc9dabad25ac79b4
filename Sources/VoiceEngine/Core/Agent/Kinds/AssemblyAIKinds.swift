extension ProviderKind {
    static let assemblyAI: [ProviderKind] = [
        ProviderKind(
            .speechToText, "assemblyai", "AssemblyAI universal streaming (v3) over WebSocket.",
            key: "ASSEMBLYAI_API_KEY",
            options: [.model, .language, .keyterms] + ProviderOption.network(ProviderOption.webSocket) + [
                ProviderOption(
                    "format_turns", .flag,
                    "Waits for the punctuated form of each turn, which comes a little later. Without it: false."),
                ProviderOption(
                    "end_of_turn_confidence_threshold", .number(0...1),
                    "Confidence that ends a turn. Without it: AssemblyAI's."),
                ProviderOption(
                    "min_turn_silence_ms", .integer(0...10_000),
                    "Silence in ms that ends a turn when that confidence is reached. Without it: AssemblyAI's."),
                ProviderOption(
                    "max_turn_silence_ms", .integer(0...60_000),
                    "Silence in ms that ends a turn in any case. Without it: AssemblyAI's."),
                ProviderOption(
                    "vad_threshold", .number(0...1), "What counts as voice. Without it: AssemblyAI's."),
                ProviderOption("language_codes", .texts(10), "Languages to be expected, for models that know several."),
                ProviderOption("prompt", .text(4_000), "Guidance for the models that take it, as text."),
                ProviderOption(
                    "inactivity_timeout_s", .integer(10...3_600),
                    "Time in s without a sign of life after which AssemblyAI ends the session. Without it: 60."),
                ProviderOption("chunk_ms", .integer(50...1_000), "Audio per message in ms. Without it: 50."),
            ])
    ]
}
