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

    let network: NetworkClient
    private let local: LocalModels
    private let group: any EventLoopGroup
    private let log: Log
    private let loading = Monitor(Loading())
    private let book = ProviderBook()

    init(
        network: NetworkClient, modelsDirectory: String?, inferenceThreads: Int, group: any EventLoopGroup, log: Log
    ) {
        self.network = network
        self.group = group
        self.log = log
        local = LocalModels(directory: modelsDirectory, cores: inferenceThreads)
    }

    /// The engine's outgoing connections.
    ///
    /// - Throws: `badArgument`, naming the field.
    static func network(_ engine: Engine.Configuration) throws(VoiceError) -> NetworkClient {
        var configuration = NetworkClient.Configuration()
        if let authorities = engine.certificateAuthorities { configuration.trust = .file(authorities) }
        do {
            configuration.proxies = try ProxySettings(proxy: engine.proxy, exceptions: engine.proxyExceptions)
        } catch {
            throw VoiceError(.badArgument, "proxy: \(error)")
        }
        do {
            return try NetworkClient(configuration)
        } catch {
            throw VoiceError(.badArgument, "ca_file: \(error)")
        }
    }

    // MARK: - Making

    /// - Throws: naming the entry of the document and what is missing.
    func make(_ document: AgentDocument) throws(VoiceError) -> Agent {
        try make(document, providers: try providers(document))
    }

    /// - Parameter providers: Whoever the document names.
    func make(_ document: AgentDocument, providers: SessionProviders) throws(VoiceError) -> Agent {
        Agent(document: document, providers: providers, tools: try tools(document))
    }

    private func tools(_ document: AgentDocument) throws(VoiceError) -> HTTPToolKit {
        do throws(ProviderSetupError) {
            let kit = try HTTPToolKit(document.tools, environment: { Environment.value($0) }, network: network)
            // Addresses with variables of the call alone are looked at with the call.
            if let filled = try? document.substituting([:]) { _ = try kit.runner(for: filled.tools) }
            return kit
        } catch {
            throw VoiceError(error.path.hasSuffix(".url") ? .badConfiguration : .keyMissing, "\(error)")
        }
    }

    private func providers(_ document: AgentDocument) throws(VoiceError) -> SessionProviders {
        let own = try ownFaces(document)
        let recognisers = try links(.speechToText, document.speechToText, document) {
            (registry, setup) throws(ProviderSetupError) in try registry.makeSpeechToText(setup)
        }
        let models = try links(.languageModel, document.languageModel, document) {
            (registry, setup) throws(ProviderSetupError) in try registry.makeLanguageModel(setup)
        }
        let voices = try links(.textToSpeech, document.textToSpeech, document) {
            (registry, setup) throws(ProviderSetupError) in try registry.makeTextToSpeech(setup)
        }
        let listens = document.mode == .listen
        let model = listens ? AbsentModel.link : own?.languageModel
        let voice = listens && voices.isEmpty ? AbsentVoice.link : own?.voice(scripts: voices.first?.provider)
        var providers = SessionProviders(
            speechToText: try chain(.speechToText, own.map { $0.speechToText }, recognisers),
            languageModel: try chain(.languageModel, model, models),
            textToSpeech: try chain(.textToSpeech, voice, voices),
            voiceActivity: try voiceActivity(document), apology: apology(document, voices.map(\.provider)))
        // A speech-to-speech model must be told what was said in its place: its texts are read live.
        if own == nil, let voice = voices.first?.provider {
            let key = Self.voiceKey(document.textToSpeech, document)
            providers.clips = VoiceClips(cache: book.clips, key: key, voice: voice)
        }
        for voice in document.otherVoices { providers.otherVoices[voice.name] = try otherVoice(voice, document) }
        if document.turn.usesEndOfTurnModel, local.store.problem(with: .endOfTurn) == nil {
            providers.endOfTurn = local.endOfTurn()
        }
        return providers
    }

    /// What tells the voice of an agent from others.
    private static func voiceKey(_ chain: [ProviderChoice], _ document: AgentDocument) -> String {
        chain.map { "\($0)" }.joined(separator: "|") + "|\(document.language)"
    }

    private func otherVoice(
        _ voice: AgentDocument.OtherVoice, _ document: AgentDocument
    ) throws(VoiceError) -> SessionVoice {
        let links = try links(.textToSpeech, voice.chain, path: "voices.\(voice.name)", document) {
            (registry, setup) throws(ProviderSetupError) in try registry.makeTextToSpeech(setup)
        }
        let chain = try chain(.textToSpeech, nil, links)
        let clips = VoiceClips(
            cache: book.clips, key: Self.voiceKey(voice.chain, document), voice: chain.links[0].provider)
        return SessionVoice(chain, clips: clips)
    }

    /// One model that hears, thinks and speaks: it stands at the head of every chain.
    private struct OwnFaces {
        let provider: any SpeechToSpeechProvider
        let health: (ProviderRole) -> ProviderHealth

        var speechToText: ProviderLink<any SpeechToTextProvider> {
            ProviderLink(provider.speechToText, health: health(.speechToText))
        }

        var languageModel: ProviderLink<any LanguageModelProvider> {
            ProviderLink(provider.languageModel, health: health(.languageModel))
        }

        /// - Parameter scripts: Reads what the model did not write; nil: the model does.
        func voice(scripts: (any TextToSpeechProvider)?) -> ProviderLink<any TextToSpeechProvider> {
            let own = provider.voice(readsScripts: scripts == nil)
            let voice: any TextToSpeechProvider = scripts.map { ScriptVoice(own: own, scripts: $0) } ?? own
            return ProviderLink(voice, health: health(.textToSpeech))
        }
    }

    private func ownFaces(_ document: AgentDocument) throws(VoiceError) -> OwnFaces? {
        guard let choice = document.realtime else { return nil }
        let name = ProviderRole.realtime.rawValue
        let provider = try made(name, choice, path: name, document) {
            (registry, setup) throws(ProviderSetupError) in try registry.makeSpeechToSpeech(setup)
        }
        return OwnFaces(provider: provider) { role in self.book.health(role, choice, document.failover.breaker) }
    }

    /// - Throws: when there is none.
    private func chain<Provider>(
        _ role: ProviderRole, _ own: ProviderLink<Provider>?, _ links: [ProviderLink<Provider>]
    ) throws(VoiceError) -> ProviderChain<Provider> {
        let all = (own.map { [$0] } ?? []) + links
        guard let first = all.first else {
            throw VoiceError(.badConfiguration, "\(role.rawValue): expected at least one provider")
        }
        return ProviderChain(first, Array(all.dropFirst()))
    }

    /// The sentence for failures, to be recorded by the agent's voices, or else by the local one. Agents that say the
    /// same with the same voices share it.
    private func apology(_ document: AgentDocument, _ voices: [any TextToSpeechProvider]) -> VoiceClip? {
        // A sentence with variables of the call is not known before it.
        let filled = (try? document.substituting([:])) ?? document
        guard let text = filled.manners.onFailure, !text.contains("{{") else { return nil }
        var voices = voices
        if !voices.contains(where: { $0.name == LocalModels.providerName }),
            local.store.problem(with: .textToSpeech) == nil
        {
            voices.append(local.textToSpeech(speed: 1))
        }
        // For no voice in particular: as it is written.
        var policy = SessionPolicy()
        policy.language = document.language
        let script = ClipScript(text, policy: policy)
        // By whichever voice works: not the recording that is played while the agent's own does.
        return book.clips.clip("any|" + Self.voiceKey(document.textToSpeech, document) + "|" + text) {
            VoiceClip(text: text, segments: script.segments, voices: voices)
        }
    }

    /// What is known of every provider in use, for metrics.
    var providerHealth: [ProviderHealth] { book.all }

    /// What the connections to providers do.
    var networkCounters: NetworkCounters { network.counters }

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

    /// The providers of a list that can be used here: their keys are set, their models are installed.
    /// - Throws: why the first cannot be used, when none can.
    private func links<Provider>(
        _ kind: ProviderRole, _ choices: [ProviderChoice], path: String? = nil, _ document: AgentDocument,
        _ make: (ProviderRegistry, ProviderSetup) throws(ProviderSetupError) -> Provider
    ) throws(VoiceError) -> [ProviderLink<Provider>] {
        let role = kind.rawValue
        var refusal: VoiceError?
        var links: [ProviderLink<Provider>] = []
        for (index, choice) in choices.enumerated() {
            let place = path ?? role
            let path = choices.count == 1 ? place : "\(place)[\(index)]"
            do throws(VoiceError) {
                let provider = try made(role, choice, path: path, document, make)
                let health = book.health(kind, choice, document.failover.breaker)
                links.append(ProviderLink(provider, health: health))
            } catch {
                log(.warning, "agent \(document.name): \(error.detail)")
                refusal = refusal ?? error
            }
        }
        if links.isEmpty, let refusal { throw refusal }
        return links
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
    /// - Parameter isShared: Other calls will be made to it: what they all say is recorded.
    func prepare(_ agent: Agent, isShared: Bool = true) {
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
        record(agent, isShared: isShared)
        guard let model = agent.providers.languageModel.providers.lazy.compactMap({ $0 as? LocalLLM }).first else {
            return
        }
        // A prompt with variables of the call alone cannot be evaluated before the call.
        guard let prompt = try? agent.document.substituting([:]).prompt else { return }
        loading.update { $0.prompts += 1 }
        model.prepare(prompt: prompt) { [loading, log] error in
            if let error { log(.warning, "agent \(agent.name): its prompt could not be evaluated: \(error)") }
            loading.update { $0.prompts -= 1 }
        }
    }

    private func record(_ agent: Agent, isShared: Bool) {
        let texts = isShared ? agent.standingTexts : []
        let providers = agent.providers
        let loop = group.next()
        let context = ProviderContext(callID: "recordings of \(agent.name)", eventLoop: loop, log: log)
        loop.execute {
            let first = agent.document.plan.flatMap { $0[$0.start]?.voice }
            providers.voice(first).clips?.record(texts, with: context)
            providers.apology?.record(with: context)
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
        if providers.endOfTurn != nil { parts.append(.endOfTurn) }
        let local = LocalModels.providerName
        if providers.speechToText.providers.contains(where: { $0.name == local }) { parts.append(.speechToText) }
        if providers.languageModel.providers.contains(where: { $0.name == local }) { parts.append(.languageModel) }
        let voices = [providers.textToSpeech] + providers.otherVoices.values.map(\.chain)
        if voices.contains(where: { $0.providers.contains { $0.name == local } }) { parts.append(.textToSpeech) }
        return parts
    }
}

extension SessionProviders {
    fileprivate var all: [any Sendable] {
        speechToText.providers as [any Sendable] + languageModel.providers as [any Sendable]
            + textToSpeech.providers as [any Sendable]
            + otherVoices.values.flatMap { $0.chain.providers as [any Sendable] }
    }
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
