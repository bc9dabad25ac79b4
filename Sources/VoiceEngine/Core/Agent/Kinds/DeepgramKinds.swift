extension ProviderKind {
    static let deepgram: [ProviderKind] = [
        ProviderKind(
            .speechToText, "deepgram", "Deepgram listen over WebSocket.", key: "DEEPGRAM_API_KEY",
            options: [.model, .language] + ProviderOption.network(ProviderOption.webSocket) + [
                ProviderOption(
                    "endpointing_ms", .integer(10...5_000),
                    "Silence in ms after which the recogniser finalises on its own. Without it: 300."),
                .keyterms,
            ]),
        ProviderKind(
            .textToSpeech, "deepgram", "Deepgram speak over WebSocket, and over HTTP where that cannot be had.",
            key: "DEEPGRAM_API_KEY",
            options: [.model, .voice] + ProviderOption.network(ProviderOption.webSocket) + [
                .transport, .trimSilence, .speed,
            ]),
    ]
}
