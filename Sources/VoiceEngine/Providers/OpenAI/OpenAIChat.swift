package import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// Chat completions with streaming: OpenAI, Groq, and every server that speaks the same (llama.cpp, vLLM, Ollama,
/// LocalAI).
package struct OpenAIChat: LanguageModelProvider, WarmableProvider {
    /// What the known services differ in; everything else is configuration.
    package struct Profile: Sendable {
        let baseURL: String?
        /// nil where the server asks for none.
        let keyVariable: String?
        let tokenLimitField: OpenAIChatOptions.TokenLimitField
        /// Its chunks carry random padding unless told not to.
        var pads = false

        package static let openAI = Profile(
            baseURL: "https://api.openai.com/v1", keyVariable: "OPENAI_API_KEY",
            tokenLimitField: .maxCompletionTokens, pads: true)
        package static let groq = Profile(
            baseURL: "https://api.groq.com/openai/v1", keyVariable: "GROQ_API_KEY",
            tokenLimitField: .maxCompletionTokens)
        package static let ollama = Profile(
            baseURL: "http://127.0.0.1:11434/v1", keyVariable: nil, tokenLimitField: .maxTokens)
        /// Any other server: the address is needed, a key only where the document names one.
        package static let compatible = Profile(
            baseURL: nil, keyVariable: nil, tokenLimitField: .maxTokens)
    }

    package let name: String
    private let url: WebURL
    private let options: OpenAIChatOptions
    private let key: Secret?
    private let timeouts: RequestTimeouts
    private let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup, profile: Profile) throws(ProviderSetupError) -> OpenAIChat {
        var reader = OptionReader(setup)
        guard let model = setup.settings.model, !model.isEmpty else { throw setup.error("model", "is needed") }
        let base = try setup.baseURL(profile.baseURL, webSocket: false)
        // A service's own address given by hand is still that service; another address is some compatible server.
        let isOwnService = profile.baseURL.flatMap { try? WebURL($0) }?.origin == base.origin
        var options = OpenAIChatOptions(model: model)
        options.tokenLimit = try reader.int("max_tokens", 1...100_000) ?? 300
        options.tokenLimitField = isOwnService ? profile.tokenLimitField : .maxTokens
        if let field = try reader.string("max_tokens_field", oneOf: ["auto", "max_tokens", "max_completion_tokens"]) {
            options.tokenLimitField = .init(rawValue: field) ?? options.tokenLimitField
        }
        options.temperature = try reader.double("temperature", 0...2)
        options.includesUsage = try reader.bool("include_usage") ?? true
        // Padding against listeners of encrypted traffic, on by default; compatible servers do not know the field.
        options.refusesPadding = isOwnService && profile.pads
        for field in ["reasoning_effort", "reasoning_format", "service_tier", "verbosity", "prompt_cache_key"] {
            if let value = try reader.string(field) { options.extra.append((field, .string(value))) }
        }
        if let seed = try reader.int("seed", 0...Int(Int32.max)) { options.extra.append(("seed", .int(Int64(seed)))) }
        if let topP = try reader.double("top_p", 0...1) { options.extra.append(("top_p", .double(topP))) }
        for member in try reader.object("extra")?.members ?? [] {
            guard !["model", "messages", "stream", "stream_options", "tools"].contains(member.key) else {
                throw setup.error("extra.\(member.key)", "is set by the engine")
            }
            options.extra.append((member.key, member.value))
        }
        let connect = try reader.int("connect_timeout_ms", 100...60_000) ?? 3_000
        let first = try reader.int("timeout_ms", 100...120_000) ?? (isOwnService ? 8_000 : 30_000)
        let idle = try reader.int("idle_timeout_ms", 500...120_000) ?? 10_000
        let query = try reader.rest(except: [])
        return OpenAIChat(
            name: setup.settings.provider, url: base.appending(path: "chat/completions").appending(query: query),
            options: options,
            key: try setup.key(usual: profile.keyVariable),
            timeouts: RequestTimeouts(
                connect: .milliseconds(Int64(connect)), firstByte: .milliseconds(Int64(first)),
                idle: .milliseconds(Int64(idle))),
            network: setup.network)
    }

    package func warm(on eventLoop: any EventLoop) { network.preconnect(url.origin, on: eventLoop) }

    package func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation {
        var headers = HeaderList([("Content-Type", "application/json"), ("Accept", "text/event-stream")])
        if let key { headers.add("Authorization", "Bearer \(key.reveal())") }
        let request = HTTPRequest("POST", url, headers: headers, body: OpenAIChatWire.request(request, options))
        let (network, timeouts) = (network, timeouts)
        let generation = StreamedGeneration(
            name: name, key: key, context: context, timeouts: timeouts,
            parser: OpenAIChatParser(makeID: StreamedGeneration.makeCallID), sink: sink
        ) { events in
            network.send(
                request, on: context.eventLoop, timeouts: timeouts, opened: context.connects(.languageModel),
                sink: events)
        }
        generation.start()
        return generation
    }
}
