internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineLocal
internal import VoiceEngineNet
internal import VoiceEngineProviders
internal import VoiceEngineSession

/// Makes the providers that agent documents name, over the engine's connection pool and its local models.
///
/// A new network provider is one line in `speechToText`, `languageModel` or `textToSpeech`.
final class ProviderFactory: Sendable {
    enum Readiness: Sendable { case ready, timeout, failed(String) }

    /// What is loaded of the local models, and what went wrong.
    private struct Loading: Sendable {
        var wanted: Set<ModelStore.Part> = []
        var pending: Set<ModelStore.Part> = []
        var problems: [ModelStore.Part: String] = [:]
    }

    private let network: NetworkClient
    private let local: LocalModels
    private let group: any EventLoopGroup
    private let log: Log
    private let loading = Monitor(Loading())

    init(
        modelsDirectory: String?, inferenceThreads: Int, certificateAuthorities: String?, group: any EventLoopGroup,
        log: Log
    ) throws(VoiceError) {
        self.group = group
        self.log = log
        var configuration = NetworkClient.Configuration()
        if let certificateAuthorities { configuration.trust = .file(certificateAuthorities) }
        do {
            network = try NetworkClient(configuration)
        } catch {
            throw VoiceError(.badArgument, "ca_file: \(error)")
        }
        local = LocalModels(directory: modelsDirectory, cores: inferenceThreads)
    }

    // MARK: - Making

    /// - Throws: naming the entry of the document and what is missing.
    func make(_ document: AgentDocument) throws(VoiceError) -> Agent {
        if let tool = document.tools.firstIndex(where: { $0.http != nil }) {
            throw VoiceError(
                .unsupported, "tools[\(tool)].http: not in this version; answer the tool with voice_session_tool_result")
        }
        return Agent(
            document: document,
            providers: SessionProviders(
                speechToText: try first("stt", document.speechToText, document, speechToText),
                languageModel: try first("llm", document.languageModel, document, languageModel),
                textToSpeech: try first("tts", document.textToSpeech, document, textToSpeech),
                voiceActivity: try voiceActivity(document)))
    }

    private func speechToText(
        _ setup: ProviderSetup, _ choice: ProviderChoice, _ document: AgentDocument
    ) throws(ProviderSetupError) -> any SpeechToTextProvider {
        switch choice.provider {
        case "deepgram": try DeepgramSTT.make(setup)
        case LocalModels.providerName: local.speechToText()
        default: throw unknown(setup)
        }
    }

    private func languageModel(
        _ setup: ProviderSetup, _ choice: ProviderChoice, _ document: AgentDocument
    ) throws(ProviderSetupError) -> any LanguageModelProvider {
        switch choice.provider {
        case "openai": return try OpenAIChat.make(setup, profile: .openAI)
        case LocalModels.providerName:
            var options = LlamaOptions()
            if let tokens = choice.maxTokens { options.maximumTokens = tokens }
            if let temperature = choice.temperature { options.temperature = Float(temperature) }
            if let topP = choice.topP { options.topP = Float(topP) }
            return local.languageModel(options: options, flow: document.flow)
        default: throw unknown(setup)
        }
    }

    private func textToSpeech(
        _ setup: ProviderSetup, _ choice: ProviderChoice, _ document: AgentDocument
    ) throws(ProviderSetupError) -> any TextToSpeechProvider {
        switch choice.provider {
        case "deepgram": try DeepgramTTS.make(setup)
        case LocalModels.providerName: local.textToSpeech(speed: Float(choice.speed ?? 1))
        default: throw unknown(setup)
        }
    }

    /// The documents' reader knows the same names; this is for one that was added there alone.
    private func unknown(_ setup: ProviderSetup) -> ProviderSetupError {
        ProviderSetupError(path: "\(setup.settings.path).provider", detail: "\"\(setup.settings.provider)\" is not known")
    }

    private func voiceActivity(_ document: AgentDocument) throws(VoiceError) -> (any VoiceActivityProvider)? {
        let problem = local.store.problem(with: .voiceActivity)
        switch document.audio.voiceActivity {
        case .energy: return nil
        case .auto: return problem == nil ? local.voiceActivity() : nil
        case .neural:
            if let problem { throw VoiceError(.modelMissing, "audio.voice_activity: \(problem)") }
            return local.voiceActivity()
        }
    }

    /// The first provider of a chain that can be used here: its key is set, its model is installed.
    private func first<Provider>(
        _ role: String, _ chain: [ProviderChoice], _ document: AgentDocument,
        _ make: (ProviderSetup, ProviderChoice, AgentDocument) throws(ProviderSetupError) -> Provider
    ) throws(VoiceError) -> Provider {
        var refusal: VoiceError?
        for (index, choice) in chain.enumerated() {
            let path = chain.count == 1 ? role : "\(role)[\(index)]"
            do throws(VoiceError) {
                if choice.provider == LocalModels.providerName { try checkModel(role, path) }
                let settings = ProviderSettings(choice, path: path, language: document.language)
                let setup = ProviderSetup(settings, environment: { Environment.value($0) }, network: network)
                return try made { () throws(ProviderSetupError) in try make(setup, choice, document) }
            } catch {
                log(.warning, "agent \(document.name): \(error.detail)")
                refusal = refusal ?? error
            }
        }
        throw refusal ?? VoiceError(.badConfiguration, "\(role): expected at least one provider")
    }

    private func made<Provider>(_ make: () throws(ProviderSetupError) -> Provider) throws(VoiceError) -> Provider {
        do {
            return try make()
        } catch {
            throw VoiceError(error.path.hasSuffix("api_key_env") ? .keyMissing : .badConfiguration, "\(error)")
        }
    }

    private func checkModel(_ role: String, _ path: String) throws(VoiceError) {
        if let part = Self.part(of: role), let problem = local.store.problem(with: part) {
            throw VoiceError(.modelMissing, "\(path): \(problem)")
        }
    }

    private static func part(of role: String) -> ModelStore.Part? {
        switch role {
        case "stt": .speechToText
        case "llm": .languageModel
        case "tts": .textToSpeech
        default: nil
        }
    }

    // MARK: - Getting ready

    /// Loads and connects in the background what the agent needs.
    func prepare(_ agent: Agent) {
        for provider in agent.providers.all {
            guard let provider = provider as? any WarmableProvider else { continue }
            for loop in group.makeIterator() { provider.warm(on: loop) }
        }
        let parts = agent.localParts
        let missing = loading.update { loading -> [ModelStore.Part] in
            let new = parts.filter { !loading.wanted.contains($0) }
            loading.wanted.formUnion(new)
            loading.pending.formUnion(new)
            return new
        }
        local.store.warmUp(missing, on: local.pool) { [loading, log] part, problem in
            if let problem { log(.error, "local model \(part.rawValue): \(problem)") }
            loading.update { loading in
                loading.pending.remove(part)
                loading.problems[part] = problem.map { "\($0)" }
            }
        }
        if let model = agent.providers.languageModel as? LocalLLM, let prompt = try? agent.policy(variables: [:]).prompt {
            model.prepare(prompt: prompt, log: log)
        }
    }

    var isReady: Bool { loading.read { $0.pending.isEmpty && $0.problems.isEmpty } }

    /// Blocks until everything wanted is loaded.
    func waitReady(timeout: Nanoseconds) -> Readiness {
        loading.wait(for: timeout) { loading -> Readiness? in
            guard loading.pending.isEmpty else { return nil }
            return loading.problems.values.first.map { .failed($0) } ?? .ready
        } ?? .timeout
    }

    /// After the last session has ended, before the loops end. Blocks until the inference threads have ended.
    func close() {
        network.closeIdleConnections()
        local.shutdown()
    }
}

extension Agent {
    /// The local models that it uses.
    fileprivate var localParts: [ModelStore.Part] {
        var parts: [ModelStore.Part] = []
        if providers.voiceActivity != nil { parts.append(.voiceActivity) }
        if providers.speechToText.name == LocalModels.providerName { parts.append(.speechToText) }
        if providers.languageModel.name == LocalModels.providerName { parts.append(.languageModel) }
        if providers.textToSpeech.name == LocalModels.providerName { parts.append(.textToSpeech) }
        return parts
    }
}

extension SessionProviders {
    fileprivate var all: [any Sendable] { [speechToText, languageModel, textToSpeech] }
}
