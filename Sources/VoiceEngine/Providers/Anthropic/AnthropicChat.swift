package import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// Anthropic's messages with streaming, and servers that speak the same.
package struct AnthropicChat: LanguageModelProvider, WarmableProvider {
    private static let version = "2023-06-01"

    package let name: String
    private let url: WebURL
    private let options: AnthropicOptions
    private let beta: String?
    private let key: Secret?
    private let timeouts: RequestTimeouts
    private let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> AnthropicChat {
        var reader = OptionReader(setup)
        guard let model = setup.settings.model, !model.isEmpty else { throw setup.error("model", "is needed") }
        let base = try setup.baseURL("https://api.anthropic.com", webSocket: false)
        var options = AnthropicOptions(model: model)
        options.maximumTokens = try reader.int("max_tokens", 1...100_000) ?? 300
        options.temperature = try reader.double("temperature", 0...1)
        options.topP = try reader.double("top_p", 0...1)
        (options.thinking, options.effort) = AnthropicOptions.leastThinking(model)
        if let cache = try reader.string("cache", oneOf: ["off", "5m", "1h"]) {
            options.cache = .init(rawValue: cache) ?? options.cache
        }
        if let thinking = try reader.string("thinking", oneOf: ["auto", "disabled", "between_tools", "unset"]) {
            options.thinking = .init(rawValue: thinking) ?? options.thinking
        }
        if let effort = try reader.string("effort", oneOf: ["low", "medium", "high", "xhigh", "max"]) {
            options.effort = effort
        }
        for member in try reader.object("extra")?.members ?? [] {
            guard !AnthropicWire.reserved.contains(member.key) else {
                throw setup.error("extra.\(member.key)", "is set by the engine")
            }
            options.extra.append(member.key, member.value)
        }
        let beta = try reader.string("beta")
        let connect = try reader.int("connect_timeout_ms", 100...60_000) ?? 3_000
        let first = try reader.int("timeout_ms", 100...120_000) ?? 8_000
        let idle = try reader.int("idle_timeout_ms", 500...120_000) ?? 10_000
        let query = try reader.rest(except: [])
        return AnthropicChat(
            name: setup.settings.provider,
            url: base.appending(path: base.path.split(separator: "/").last == "v1" ? "messages" : "v1/messages")
                .appending(query: query),
            options: options, beta: beta, key: try setup.key(usual: "ANTHROPIC_API_KEY"),
            timeouts: RequestTimeouts(
                connect: .milliseconds(Int64(connect)), firstByte: .milliseconds(Int64(first)),
                idle: .milliseconds(Int64(idle))),
            network: setup.network)
    }

    package func warm(on eventLoop: any EventLoop) { network.preconnect(url.origin, on: eventLoop) }

    package func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation {
        var headers = HeaderList([
            ("Content-Type", "application/json"), ("Accept", "text/event-stream"), ("anthropic-version", Self.version),
        ])
        if let beta { headers.add("anthropic-beta", beta) }
        if let key { headers.add("x-api-key", key.reveal()) }
        let request = HTTPRequest("POST", url, headers: headers, body: AnthropicWire.request(request, options))
        let (network, timeouts) = (network, timeouts)
        let generation = StreamedGeneration(
            name: name, key: key, context: context, timeouts: timeouts,
            parser: AnthropicParser(makeID: StreamedGeneration.makeCallID), sink: sink
        ) { events in
            network.send(
                request, on: context.eventLoop, timeouts: timeouts, opened: context.connects(.languageModel),
                sink: events)
        }
        generation.start()
        return generation
    }
}
