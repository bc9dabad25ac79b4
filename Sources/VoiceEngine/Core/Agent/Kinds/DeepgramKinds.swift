extension ProviderKind {
    static let deepgram: [ProviderKind] = [
        deepgramListen,
        ProviderKind(
            .textToSpeech, "deepgram", "Deepgram speak over WebSocket, and over HTTP where that cannot be had.",
            key: "DEEPGRAM_API_KEY",
            options: [.model, .voice] + ProviderOption.network(ProviderOption.webSocket) + [
                .transport, .trimSilence, .speed,
            ]),
    ]

    private static let deepgramListen = ProviderKind(
        .speechToText, "deepgram", "Deepgram over WebSocket: listen v1 (nova), or v2 for models that begin with flux.",
        key: "DEEPGRAM_API_KEY",
        options: [.model, .language, .keyterms] + ProviderOption.network(ProviderOption.webSocket) + [
            ProviderOption(
                "endpointing_ms", .integer(0...10_000),
                "nova: silence in ms after which the recogniser finalises on its own, 0 for never. Without it: 300."),
            ProviderOption(
                "utterance_end_ms", .integer(0...10_000),
                "nova: gap between words in ms that ends the turn, 0 (off) or at least 1000. Without it: 1000."
            ),
            ProviderOption("interim_results", .flag, "nova: words before they are final. Without it: true."),
            ProviderOption("vad_events", .flag, "nova: tells when the caller begins. Without it: true."),
            ProviderOption(
                "smart_format", .flag, "nova: writes numbers and dates as digits, which delays them. Without it: false."
            ),
            ProviderOption("punctuate", .flag, "nova: punctuation and capitals. Without it: true."),
            ProviderOption("dictation", .flag, "nova: spoken punctuation becomes signs. Without it: false."),
            ProviderOption("filler_words", .flag, "nova: keeps uh and um. Without it: false."),
            ProviderOption("keywords", .texts(100), "nova-2 and older: words to be expected, each as word:weight."),
            ProviderOption(
                "eot_threshold", .number(0.5...1), "flux: confidence that ends a turn. Without it: Deepgram's 0.7."),
            ProviderOption(
                "eager_eot_threshold", .number(0.3...0.9),
                "flux: confidence that announces the end of a turn, at most eot_threshold. Without it: no announcements."
            ),
            ProviderOption(
                "eot_timeout_ms", .integer(500...60_000),
                "flux: silence in ms that ends a turn whatever the confidence. Without it: 5000."),
            ProviderOption(
                "language_hints", .texts(10), "flux-general-multi: languages to be expected. Without it: language."),
            ProviderOption("numerals", .flag, "Numbers as digits. Without it: false."),
            ProviderOption("profanity_filter", .flag, "Hides swear words. Without it: false."),
            ProviderOption("mip_opt_out", .flag, "Audio is not used to improve the models. Without it: false."),
            ProviderOption("tags", .texts(10), "Labels of the request in Deepgram's usage reports."),
            ProviderOption(
                "chunk_ms", .integer(20...100), "Audio per message in ms. Without it: 80."),
        ])
}
