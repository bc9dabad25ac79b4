// How the names in an agent document become providers. A new provider is one folder and one line in `network`.
//
//     document entry ── ProviderSettings ── ProviderSetup (+ environment, network) ── maker ── provider
//
// Providers are made once per agent and shared by its calls; what a call opens belongs to the call's loop. Making
// one checks
// everything that can be checked without the network: options, address, key.

/// The providers by name, for each role.
package struct ProviderRegistry: Sendable {
    package typealias Maker<Provider> = @Sendable (ProviderSetup) throws(ProviderSetupError) -> Provider

    package private(set) var speechToText: [String: Maker<any SpeechToTextProvider>] = [:]
    package private(set) var languageModel: [String: Maker<any LanguageModelProvider>] = [:]
    package private(set) var textToSpeech: [String: Maker<any TextToSpeechProvider>] = [:]
    package private(set) var speechToSpeech: [String: Maker<any SpeechToSpeechProvider>] = [:]

    package init() {}

    /// Everything that is reached over the network. The engine adds `local`.
    package static let network: ProviderRegistry = {
        var registry = ProviderRegistry()
        registry.addRecognisers()
        registry.addLanguageModels()
        registry.addVoices()
        registry.add(speechToSpeech: "openai") { (setup) throws(ProviderSetupError) in try OpenAIRealtime.make(setup) }
        return registry
    }()

    private mutating func addRecognisers() {
        add(speechToText: "deepgram") { (setup) throws(ProviderSetupError) in try DeepgramSTT.make(setup) }
        add(speechToText: "elevenlabs") { (setup) throws(ProviderSetupError) in try ElevenLabsScribe.make(setup) }
        add(speechToText: "soniox") { (setup) throws(ProviderSetupError) in try SonioxSTT.make(setup) }
        add(speechToText: "assemblyai") { (setup) throws(ProviderSetupError) in try AssemblyAISTT.make(setup) }
        add(speechToText: "wyoming") { (setup) throws(ProviderSetupError) in try WyomingSTT.make(setup) }
        for (name, profile) in [
            ("openai", OpenAITranscription.Profile.openAI), ("groq", .groq), ("openai_compatible", .compatible),
        ] {
            add(speechToText: name) { (setup) throws(ProviderSetupError) in
                try OpenAITranscription.make(setup, profile: profile)
            }
        }
    }

    private mutating func addLanguageModels() {
        add(languageModel: "anthropic") { (setup) throws(ProviderSetupError) in try AnthropicChat.make(setup) }
        for (name, profile) in [
            ("openai", OpenAIChat.Profile.openAI), ("groq", .groq), ("ollama", .ollama),
            ("openai_compatible", .compatible),
        ] {
            add(languageModel: name) { (setup) throws(ProviderSetupError) in
                try OpenAIChat.make(setup, profile: profile)
            }
        }
    }

    private mutating func addVoices() {
        add(textToSpeech: "deepgram") { (setup) throws(ProviderSetupError) in try DeepgramTTS.make(setup) }
        add(textToSpeech: "elevenlabs") { (setup) throws(ProviderSetupError) in try ElevenLabsTTS.make(setup) }
        add(textToSpeech: "cartesia") { (setup) throws(ProviderSetupError) in try CartesiaTTS.make(setup) }
        add(textToSpeech: "wyoming") { (setup) throws(ProviderSetupError) in try WyomingTTS.make(setup) }
        for (name, profile) in [
            ("openai", OpenAISpeech.Profile.openAI), ("groq", .groq), ("openai_compatible", .compatible),
        ] {
            add(textToSpeech: name) { (setup) throws(ProviderSetupError) in
                try OpenAISpeech.make(setup, profile: profile)
            }
        }
    }

    package mutating func add(speechToText name: String, _ maker: @escaping Maker<any SpeechToTextProvider>) {
        speechToText[name] = maker
    }

    package mutating func add(languageModel name: String, _ maker: @escaping Maker<any LanguageModelProvider>) {
        languageModel[name] = maker
    }

    package mutating func add(textToSpeech name: String, _ maker: @escaping Maker<any TextToSpeechProvider>) {
        textToSpeech[name] = maker
    }

    package mutating func add(speechToSpeech name: String, _ maker: @escaping Maker<any SpeechToSpeechProvider>) {
        speechToSpeech[name] = maker
    }

    package func makeSpeechToText(_ setup: ProviderSetup) throws(ProviderSetupError) -> any SpeechToTextProvider {
        try find(speechToText, setup, role: "speech to text")(setup)
    }

    package func makeLanguageModel(_ setup: ProviderSetup) throws(ProviderSetupError) -> any LanguageModelProvider {
        try find(languageModel, setup, role: "a language model")(setup)
    }

    package func makeTextToSpeech(_ setup: ProviderSetup) throws(ProviderSetupError) -> any TextToSpeechProvider {
        try find(textToSpeech, setup, role: "text to speech")(setup)
    }

    package func makeSpeechToSpeech(_ setup: ProviderSetup) throws(ProviderSetupError) -> any SpeechToSpeechProvider {
        try find(speechToSpeech, setup, role: "speech to speech")(setup)
    }

    private func find<Provider>(
        _ table: [String: Maker<Provider>], _ setup: ProviderSetup, role: String
    ) throws(ProviderSetupError) -> Maker<Provider> {
        if let maker = table[setup.settings.provider] { return maker }
        throw setup.error("provider", "is one of \(table.keys.sorted().joined(separator: ", ")) for \(role)")
    }
}
