extension ProviderKind {
    /// The protocol of Home Assistant's speech servers.
    static let wyoming: [ProviderKind] = [
        ProviderKind(
            .speechToText, "wyoming", "A Wyoming recogniser (faster-whisper and others), by utterance.",
            options: [.model, .language] + common(10_300)),
        ProviderKind(
            .textToSpeech, "wyoming", "A Wyoming voice (Piper and others).",
            options: [.model, .voice, .language, ProviderOption("speaker", .text(200), "Speaker of the voice.")]
                + common(10_200)),
    ]

    private static func common(_ port: Int) -> [ProviderOption] {
        [
            ProviderOption(
                "base_url", .address(["tcp"]), "Address of the server. Without it: tcp://127.0.0.1:\(port)."),
            ProviderOption(
                "timeout_ms", .integer(100...120_000),
                "How long the server may work without a result, in ms. Without it: 15000 for text, 5000 for audio."),
            ProviderOption(
                "connect_timeout_ms", .integer(100...60_000), "How long connecting may take, in ms. Without it: 2000."),
        ]
    }
}
