internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// What documents may say about a voice is what its adapter reads.
@Suite struct VoiceDocumentTests {
    let fixture: ProviderFixture
    init() throws { fixture = try ProviderFixture() }

    private static let names = ["elevenlabs", "cartesia", "deepgram", "openai", "groq", "openai_compatible"]
    /// Read from fields of their own, or parameters of the address under the same name.
    private static let elsewhere: Set = [
        "model", "voice", "language", "api_key_env", "base_url", "query", "timeout_ms", "transport",
    ]

    private func sample(_ value: ProviderOption.Value) -> JSONValue? {
        switch value {
        case .flag: true
        case .integer(let range): .int(range.upperBound)
        case .number(let range): .double(range.upperBound)
        case .text(let longest): .string(String("80,120".prefix(longest)))
        case .oneOf(let names): .string(names[0])
        case .texts: ["a:b"]
        case .object: ["own": 1]
        case .variable, .address, .parameters: nil
        }
    }

    private func make(_ name: String, _ options: JSONObject) throws -> any TextToSpeechProvider {
        let maker = try #require(ProviderRegistry.network.textToSpeech[name], "\(name)")
        return try maker(
            fixture.voice(
                name, model: name == "deepgram" ? "aura-2-thalia-en" : nil, voice: name == "deepgram" ? nil : "v1",
                baseURL: name == "deepgram" || name == "elevenlabs" || name == "cartesia" ? "ws://x" : "http://x",
                options: .object(options)
            ).withModel())
    }

    @Test(arguments: names) func everyOptionOfTheDocumentIsRead(_ name: String) throws {
        let kind = try #require(ProviderKind.known(.textToSpeech).first { $0.name == name })
        let options = kind.options.filter { !Self.elsewhere.contains($0.name) }
        #expect(!options.isEmpty)
        for option in options {
            var given = JSONObject()
            given.append("transport", "http")
            if name.hasPrefix("open") || name == "groq" { given = JSONObject() }
            given.append(option.name, try #require(sample(option.value)))
            let provider = try make(name, given)
            let stream = provider.open(fixture.context, format: provider.format(for: .telephone)) { _ in }
            stream.speak("Hi.", as: segment(1, 0))
            let line = fixture.server.takeText().prefix { $0 != "\r\n" }
            #expect(line.hasPrefix("POST "))
            // Deepgram has its speed in the address.
            if option.name != "speed" { #expect(!line.contains("\(option.name)="), "\(option.name)") }
            stream.close()
        }
    }

    @Test(arguments: names) func aValueThatCannotBeIsNamed(_ name: String) throws {
        let kind = try #require(ProviderKind.known(.textToSpeech).first { $0.name == name })
        for option in kind.options where !Self.elsewhere.subtracting(["timeout_ms"]).contains(option.name) {
            var given = JSONObject()
            if case .object = option.value {
                given.append(option.name, 1)
            } else {
                given.append(option.name, .object(JSONObject()))
            }
            #expect("\(option.name)") { _ = try make(name, given) } throws: {
                ($0 as? ProviderSetupError)?.path == "tts[0].\(option.name)"
            }
        }
    }
}

extension ProviderSetup {
    /// A model for the services that have no default.
    fileprivate func withModel() -> ProviderSetup {
        var settings = settings
        settings.model = settings.model ?? (settings.provider.hasPrefix("o") || settings.provider == "groq" ? "m" : nil)
        return ProviderSetup(settings, environment: environment, network: network)
    }
}
