import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// The keys that documents may have, against the adapters that are given them.
@Suite struct RecogniserKindTests {
    /// Values for an option that an adapter should take.
    private func values(_ option: ProviderOption) -> [JSONValue] {
        switch option.value {
        case .flag: [true, false]
        case .integer(let range): [.int(range.lowerBound), .int(range.upperBound)]
        case .number(let range): [.double(range.lowerBound), .double(range.upperBound)]
        case .text: ["some text"]
        case .oneOf(let names): names.map { .string($0) }
        case .texts: [["one", "two"]]
        case .variable, .address, .parameters, .object: []
        }
    }

    @Test(arguments: [
        ("deepgram", "nova-3", ["keywords"]), ("deepgram", "nova-2", ["keyterms"]),
        ("deepgram", "flux-general-multi", ["keywords"]), ("soniox", "stt-rt-v5", []),
        ("assemblyai", "universal-streaming-english", []), ("elevenlabs", "scribe_v2_realtime", []),
    ])
    func everyKeyIsTakenByItsAdapter(_ row: (String, String, [String])) throws {
        let kind = try #require(ProviderKind.known(.speechToText).first { $0.name == row.0 })
        #expect(kind.usualKeyEnvironment?.hasSuffix("_API_KEY") == true)
        let isFlux = row.1.hasPrefix("flux")
        let others = row.0 == "deepgram" ? (isFlux ? DeepgramFluxOptions.foreign : DeepgramFluxOptions.own) : []
        for option in kind.options
        where !["model", "language", "api_key_env", "base_url", "query"].contains(option.name) {
            for value in values(option) {
                var options = JSONObject()
                options.append(option.name, value)
                // What goes only with another.
                if option.name == "eager_eot_threshold" { options.append("eot_threshold", 1) }
                if kind.name == "elevenlabs" { options.append("commit_strategy", "vad") }
                let setup = try ProviderFixture().setup(
                    kind.name, model: row.1, baseURL: "ws://x", language: "en", options: .object(options))
                let isRefused = others.contains(option.name) || row.2.contains(option.name)
                do {
                    _ = try ProviderRegistry.network.makeSpeechToText(setup)
                    #expect(!isRefused, "\(row.1) \(option.name)")
                } catch { #expect(isRefused, "\(row.1) \(error)") }
            }
        }
    }
}
