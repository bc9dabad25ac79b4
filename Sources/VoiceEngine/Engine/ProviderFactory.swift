internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineLocal
internal import VoiceEngineNet
internal import VoiceEngineProviders
internal import VoiceEngineSession
internal import VoiceEngineThreads

/// Makes the providers that agent documents name, over the engine's connection pool and its local models.
///
final class ProviderFactory: Sendable {
    enum Readiness: Sendable { case ready, timeout, closed, failed(String) }

    /// What is loaded of the local models, and what went wrong.
    private struct Loading: Sendable {
        var wanted: Set<ModelStore.Part> = []
        var pending: Set<ModelStore.Part> = []
        /// Prompts that are being evaluated.
        var prompts = 0
        var problems: [ModelStore.Part: String] = [:]
        var isClosed = false

        var isFinished: Bool { pending.isEmpty && prompts == 0 }
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
                .unsupported, "tools[\(tool)].http: not in this version; answer the tool with voice_session_tool_result"
            )
        }
        return Agent(
            document: document,
            providers: SessionProviders(
                speechToText: try first("stt", document.speechToText, document) {
                    (registry, setup) throws(ProviderSetupError) in try registry.makeSpeechToText(setup)
                },
                languageModel: try first("llm", document.languageModel, document) {
                    (registry, setup) throws(ProviderSetupError) in try registry.makeLanguageModel(setup)
                },
                textToSpeech: try first("tts", document.textToSpeech, document) {
                    (registry, setup) throws(ProviderSetupError) in try registry.makeTextToSpeech(setup)
                },
                voiceActivity: try voiceActivity(document)))
    }

    /// The network's providers, and those on local models, which also depend on the rest of the document.
    private func registry(for document: AgentDocument, _ choice: ProviderChoice) -> ProviderRegistry {
        let local = local
        let name = LocalModels.providerName
        var options = LlamaOptions()
        if let tokens = choice.options["max_tokens"]?.int { options.maximumTokens = Int(tokens) }
        if let temperature = choice.options["temperature"]?.double { options.temperature = Float(temperature) }
        if let topP = choice.options["top_p"]?.double { options.topP = Float(topP) }
        let (modelOptions, speed) = (options, Float(choice.options["speed"]?.double ?? 1))
        var registry = ProviderRegistry.network
        registry.add(speechToText: name) { _ in local.speechToText() }
        registry.add(languageModel: name) { _ in
            local.languageModel(options: modelOptions, flow: document.flow.map { LocalFlow($0) })
        }
        registry.add(textToSpeech: name) { _ in local.textToSpeech(speed: speed) }
        return registry
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
        _ make: (ProviderRegistry, ProviderSetup) throws(ProviderSetupError) -> Provider
    ) throws(VoiceError) -> Provider {
        var refusal: VoiceError?
        for (index, choice) in chain.enumerated() {
            let path = chain.count == 1 ? role : "\(role)[\(index)]"
            do throws(VoiceError) {
                return try made(role, choice, path: path, document, make)
            } catch {
                log(.warning, "agent \(document.name): \(error.detail)")
                refusal = refusal ?? error
            }
        }
        throw refusal ?? VoiceError(.badConfiguration, "\(role): expected at least one provider")
    }

    /// One provider of a document.
    /// - Throws: naming its entry and what is missing here.
    func made<Provider>(
        _ role: String, _ choice: ProviderChoice, path: String, _ document: AgentDocument,
        _ make: (ProviderRegistry, ProviderSetup) throws(ProviderSetupError) -> Provider
    ) throws(VoiceError) -> Provider {
        if choice.provider == LocalModels.providerName { try checkModel(role, path) }
        let settings = ProviderSettings(choice, path: path, language: document.language)
        let setup = ProviderSetup(settings, environment: { Environment.value($0) }, network: network)
        do throws(ProviderSetupError) {
            return try make(registry(for: document, choice), setup)
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
        guard let model = agent.providers.languageModel as? LocalLLM else { return }
        // A prompt with variables of the call alone cannot be evaluated before the call.
        guard let prompt = try? agent.document.substituting([:]).prompt else { return }
        loading.update { $0.prompts += 1 }
        model.prepare(prompt: prompt) { [loading, log] error in
            if let error { log(.warning, "agent \(agent.name): its prompt could not be evaluated: \(error)") }
            loading.update { $0.prompts -= 1 }
        }
    }

    var isReady: Bool { loading.read { $0.isFinished && $0.problems.isEmpty } }

    /// Blocks until everything wanted is loaded.
    func waitReady(timeout: Nanoseconds) -> Readiness {
        loading.wait(for: timeout) { loading -> Readiness? in
            if loading.isClosed { return .closed }
            guard loading.isFinished else { return nil }
            return loading.problems.values.first.map { .failed($0) } ?? .ready
        } ?? .timeout
    }

    /// After the last session has ended, before the loops end. Blocks until the inference threads have ended.
    func close() {
        loading.update { $0.isClosed = true }
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

extension ProviderSettings {
    /// An entry of the document as its adapter reads it.
    fileprivate init(_ choice: ProviderChoice, path: String, language: String) {
        var options = choice.options
        // What stands under `query` are the provider's own parameters: numbers and switches are written as such.
        for item in choice.query { options.append(item.name, JSONValue(parameter: item.value)) }
        self.init(
            provider: choice.provider, path: path, model: choice.model, voice: choice.voice,
            language: choice.language ?? language, baseURL: choice.baseURL,
            apiKeyEnvironment: choice.apiKeyEnvironment, options: options)
    }
}

extension JSONValue {
    /// The value of a URL's parameter: true, false, a number, else text.
    fileprivate init(parameter text: String) {
        switch text {
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        default: self = Int64(text).map { .int($0) } ?? .string(text)
        }
    }
}

extension LocalFlow {
    /// The document's flow as the local model is asked.
    init(_ flow: AgentDocument.Flow) {
        self.init(intents: flow.intents.map(Intent.init), fallback: flow.fallback)
    }
}

extension LocalFlow.Intent {
    fileprivate init(_ intent: AgentDocument.Flow.Intent) {
        var tool: String?
        var target: String?
        switch intent.ending {
        case .listen: break
        case .hangUp: tool = "hang_up"
        case .transfer(let to): (tool, target) = ("transfer", to)
        }
        self.init(
            name: intent.name, meaning: intent.name, examples: intent.examples,
            slots: intent.slots.map { LocalFlow.Slot(name: $0.name, meaning: $0.name, question: $0.ask) },
            answer: intent.say.replacing("{", with: "{{").replacing("}", with: "}}"), tool: tool, target: target)
    }
}
