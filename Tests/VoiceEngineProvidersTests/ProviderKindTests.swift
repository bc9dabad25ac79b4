import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
internal import VoiceEngineProviders

/// What a document may say is what the adapters read: a key that an adapter does not know would travel in the address.
@Suite struct ProviderKindTests {
    private static let names: Set<String> = ["openai", "groq", "ollama", "openai_compatible", "anthropic", "wyoming"]
    private static let common: Set<String> = ["model", "voice", "language", "api_key_env", "base_url", "query"]

    private func value(_ value: ProviderOption.Value) -> JSONValue {
        switch value {
        case .flag: true
        case .integer(let range): .int(range.lowerBound)
        case .number(let range): .double(range.lowerBound)
        case .text, .variable, .address: "x"
        case .oneOf(let names): .string(names[0])
        case .texts: ["x"]
        case .parameters, .object: [:]
        }
    }

    private func setup(_ kind: ProviderKind, _ fixture: ProviderFixture) -> ProviderSetup {
        var options = JSONObject()
        for option in kind.options where !Self.common.contains(option.name) {
            options.append(option.name, value(option.value))
        }
        options.append("trace", "on")
        let isWyoming = kind.name == "wyoming"
        if isWyoming { options = JSONObject() }
        return fixture.setup(
            kind.name, model: "m", baseURL: isWyoming ? "tcp://x:1" : "http://x:1/v1", options: .object(options))
    }

    private func requestLine(_ fixture: ProviderFixture) -> String {
        fixture.network.run()
        return fixture.server.takeText().split(separator: "\r\n").first.map(String.init) ?? ""
    }

    @Test func everyKeyOfALanguageModelIsRead() throws {
        let kinds = ProviderKind.known(.languageModel).filter { Self.names.contains($0.name) }
        #expect(kinds.count == 5)
        for kind in kinds {
            let fixture = try ProviderFixture()
            let provider = try ProviderRegistry.network.makeLanguageModel(setup(kind, fixture))
            let request = ChatRequest(prompt: "", messages: [.user("x")], tools: [])
            let generation = provider.generate(request, context: fixture.context) { _ in }
            let path = kind.name == "anthropic" ? "/v1/messages" : "/v1/chat/completions"
            #expect(requestLine(fixture) == "POST \(path)?trace=on HTTP/1.1", "\(kind.name)")
            generation.cancel()
        }
    }

    @Test func everyKeyOfARecogniserIsRead() throws {
        let kinds = ProviderKind.known(.speechToText).filter { Self.names.contains($0.name) }
        #expect(kinds.count == 4)
        for kind in kinds {
            let fixture = try ProviderFixture()
            let provider = try ProviderRegistry.network.makeSpeechToText(setup(kind, fixture))
            guard kind.name != "wyoming" else { continue }
            let stream = provider.open(fixture.context, format: provider.format(for: .telephone)) { _ in }
            stream.hint(.started(atMilliseconds: 0))
            fixture.network.run()
            let frame = [Int16](repeating: 1_000, count: 16_000)
            frame.withUnsafeBytes { stream.send($0) }
            stream.hint(.paused(atMilliseconds: 900))
            #expect(requestLine(fixture) == "POST /v1/audio/transcriptions?trace=on HTTP/1.1", "\(kind.name)")
            stream.close()
        }
    }

    /// What the retry layer goes by.
    @Test func aRefusedWebSocketTellsHowLongToWait() throws {
        let fixture = try ProviderFixture()
        let provider = try ProviderRegistry.network.makeSpeechToText(
            fixture.setup("deepgram", model: "nova-3", baseURL: "ws://dg"))
        var errors: [ProviderError] = []
        let stream = provider.open(fixture.context, format: .telephone) { event in
            if case .failed(let error) = event { errors.append(error) }
        }
        fixture.network.run()
        fixture.server.answer("HTTP/1.1 429 X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
        fixture.network.run()
        #expect(errors.map(\.kind) == [.rateLimited] && errors.first?.retryAfter == .seconds(7))
        stream.close()
    }
}
