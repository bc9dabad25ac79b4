extension ProviderKind {
    static let elevenLabsScribe: [ProviderKind] = [
        ProviderKind(
            .speechToText, "elevenlabs", "ElevenLabs Scribe real-time recognition over WebSocket.",
            key: "ELEVENLABS_API_KEY",
            options: [.model, .language] + ProviderOption.network(ProviderOption.webSocket) + [
                ProviderOption("keyterms", .texts(50), "Words to be expected, of at most 20 characters each."),
                ProviderOption("secondary_languages", .texts(10), "Languages that may occur beside language."),
                ProviderOption(
                    "commit_strategy", .oneOf(["manual", "vad"]),
                    "Who ends a segment: manual for the engine, vad for ElevenLabs. Without it: manual."),
                ProviderOption(
                    "vad_silence_ms", .integer(300...3_000),
                    "vad: silence in ms that ends a segment and the turn. Without it: 500."),
                ProviderOption(
                    "vad_threshold", .number(0.1...0.9), "vad: what counts as voice. Without it: ElevenLabs' 0.4."),
                ProviderOption(
                    "min_speech_ms", .integer(50...2_000), "vad: shortest speech in ms. Without it: ElevenLabs'."),
                ProviderOption(
                    "min_silence_ms", .integer(50...2_000), "vad: shortest silence in ms. Without it: ElevenLabs'."),
                ProviderOption("no_verbatim", .flag, "Leaves out filler words and false starts. Without it: false."),
                ProviderOption(
                    "filter_background_audio", .flag, "Ignores voices in the background. Without it: false."),
                ProviderOption("chunk_ms", .integer(100...1_000), "Audio per message in ms. Without it: 100."),
            ])
    ]
}
