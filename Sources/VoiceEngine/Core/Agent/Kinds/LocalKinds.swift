extension ProviderKind {
    /// Models on this machine.
    static let local: [ProviderKind] = [
        ProviderKind(.speechToText, "local", "Moonshine on this machine.", options: [.model, .language]),
        ProviderKind(
            .languageModel, "local", "A small language model on this machine.",
            options: [.model, .maxTokens, .temperature, .topP]),
        ProviderKind(.textToSpeech, "local", "Flite on this machine.", options: [.model, .voice, .speed]),
    ]
}
