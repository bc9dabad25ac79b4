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

        package static let openAI = Profile(
            baseURL: "https://api.openai.com/v1", keyVariable: "OPENAI_API_KEY",
            tokenLimitField: .maxCompletionTokens)
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
        for field in ["reasoning_effort", "service_tier", "verbosity", "prompt_cache_key"] {
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
        let generation = OpenAIGeneration(name: name, key: key, context: context, sink: sink) { events in
            network.send(request, on: context.eventLoop, timeouts: timeouts, sink: events)
        }
        generation.start()
        return generation
    }
}

/// One answer on its way. Confined to the call's event loop.
final class OpenAIGeneration: Generation {
    private enum State {
        /// Nothing has come; a lost connection may be tried once more.
        case asked(mayRetry: Bool)
        case streaming
        /// The status says no; the body says why.
        case refused(HTTPAnswer, body: [UInt8])
        case over
    }

    /// [bytes] of an error body that are read.
    private static let maximumErrorBytes = 16 << 10

    private let name: String
    private let key: Secret?
    private let context: ProviderContext
    private let ask: (@escaping (HTTPStream.Event) -> Void) -> HTTPStream
    private var sink: ((LanguageModelEvent) -> Void)?
    private var state = State.asked(mayRetry: true)
    private var stream: HTTPStream?
    private var parser: OpenAIChatParser

    init(
        name: String, key: Secret?, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void,
        ask: @escaping (@escaping (HTTPStream.Event) -> Void) -> HTTPStream
    ) {
        self.name = name
        self.key = key
        self.context = context
        self.sink = sink
        self.ask = ask
        parser = OpenAIChatParser {
            // Unique within the session, and beyond it.
            "call_" + String(UInt64.random(in: .min ... .max), radix: 36)
        }
    }

    func start() { stream = ask { self.received($0) } }

    func cancel() {
        sink = nil
        // A complete answer is left to drain, so that its connection serves again.
        if case .over = state { return }
        state = .over
        stream?.cancel()
        stream = nil
    }

    private func received(_ event: HTTPStream.Event) {
        switch (event, state) {
        case (.head(let answer), .asked):
            state = answer.status == 200 ? .streaming : .refused(answer, body: [])
        case (.body(let bytes), .streaming):
            bytes.withUnsafeReadableBytes { bytes in parser.feed(bytes) { report($0) } }
        case (.end, .streaming):
            parser.end { report($0) }
            stream = nil
        case (.body(let bytes), .refused(let answer, var body)):
            body.append(contentsOf: bytes.readableBytesView.prefix(Self.maximumErrorBytes - body.count))
            state = .refused(answer, body: body)
            if body.count >= Self.maximumErrorBytes { finish(.failed(refusal(answer, body)), drain: false) }
        case (.end, .refused(let answer, let body)):
            finish(.failed(refusal(answer, body)), drain: true)
        case (.failed(.closedBeforeAnswer), .asked(mayRetry: true)):
            state = .asked(mayRetry: false)
            start()
        case (.failed, .refused(let answer, let body)):
            finish(.failed(refusal(answer, body)), drain: false)
        case (.failed(let error), .asked), (.failed(let error), .streaming):
            finish(.failed(ProviderError(error, provider: name, secret: key)), drain: false)
        case (_, .over): if case .end = event { stream = nil }
        case (.head, _), (.body, .asked), (.end, .asked): break
        }
    }

    private func report(_ output: OpenAIChatParser.Output) {
        switch output {
        case .text(let text): sink?(.text(text))
        case .toolCall(let call): sink?(.toolCall(call))
        case .finished(let reason, let usage): finish(.finished(reason, usage), drain: true)
        case .failed(let fault): finish(.failed(midStream(fault)), drain: false)
        }
    }

    private func finish(_ event: LanguageModelEvent, drain: Bool) {
        if case .over = state { return }
        state = .over
        if !drain {
            stream?.cancel()
            stream = nil
        }
        let sink = sink
        self.sink = nil
        sink?(event)
    }

    // MARK: Errors

    private func midStream(_ fault: OpenAIChatWire.Fault) -> ProviderError {
        let kind: ProviderError.Kind =
            switch fault.code {
            case "": .protocol
            case "rate_limit_exceeded", "429": .rateLimited
            case "invalid_request_error", "context_length_exceeded", "400": .configuration
            default: .unavailable
            }
        return ProviderError(kind, provider: name, detail: describe("failed in the middle of an answer", fault))
    }

    private func refusal(_ answer: HTTPAnswer, _ body: [UInt8]) -> ProviderError {
        let fault = body.withUnsafeBytes { try? JSONValue.parse($0) }.flatMap(OpenAIChatWire.fault)
        var kind = ProviderError.kind(ofStatus: answer.status)
        var what = "answered with status \(answer.status)"
        if kind == .rateLimited {
            // Waiting does not bring money back.
            if let fault, ["insufficient_quota", "billing_hard_limit_reached"].contains(fault.code) { kind = .auth }
            if let wait = answer.headers["retry-after"] { what += ", retry after \(wait) s" }
            if let reset = answer.headers["x-ratelimit-reset-requests"] { what += ", requests reset in \(reset)" }
            if let reset = answer.headers["x-ratelimit-reset-tokens"] { what += ", tokens reset in \(reset)" }
        }
        if fault?.code == "tool_use_failed" { kind = .protocol }
        if let id = answer.headers["x-request-id"] { what += " (request \(id))" }
        // Texts about keys repeat parts of them: the code says enough.
        if answer.status == 401 {
            return ProviderError(kind, provider: name, detail: redacted(what + (fault.map { ": \($0.code)" } ?? "")))
        }
        let wait = RetryAfter.wait(status: answer.status) { answer.headers[$0] }
        return ProviderError(kind, provider: name, detail: describe(what, fault), retryAfter: wait)
    }

    private func describe(_ what: String, _ fault: OpenAIChatWire.Fault?) -> String {
        guard let fault else { return redacted(what) }
        return redacted([what, fault.code, fault.message].filter { !$0.isEmpty }.joined(separator: ": "))
    }

    private func redacted(_ text: String) -> String { Secret.redacted(key, text) }
}
