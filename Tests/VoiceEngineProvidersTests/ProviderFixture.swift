internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
internal import VoiceEngineProviders

/// A provider against the scripted network: what a call would have around it.
struct ProviderFixture {
    static let key = "sk-0123456789abcdef"
    let network: ScriptedNetwork

    init() throws { network = try ScriptedNetwork() }

    var context: ProviderContext { ProviderContext(callID: "call", eventLoop: network.loop, log: .none) }
    var server: ScriptedConnection { network.connections[network.connections.count - 1] }
    var isQuiet: Bool { network.client.counters.isQuiet }

    func setup(
        _ provider: String, model: String? = nil, baseURL: String?, language: String? = nil, options: JSONValue = [:],
        keyVariable: String? = "TEST_API_KEY"
    ) -> ProviderSetup {
        ProviderSetup(
            ProviderSettings(
                provider: provider, path: "stt[0]", model: model, language: language, baseURL: baseURL,
                apiKeyEnvironment: keyVariable, options: options.object ?? JSONObject()),
            environment: { $0.hasSuffix("_API_KEY") ? "  \(Self.key)\n" : nil }, network: network.client)
    }
}
