extension AgentDocument {
    /// A voice beside the agent's own: nodes of the flow speak with it.
    package struct OtherVoice: Equatable, Sendable {
        package var name: String
        /// The first, then its fallbacks.
        package var chain: [ProviderChoice]
    }
}

extension AgentDocument.OtherVoice {
    /// Most of one document: each call keeps what it needs to change to any of them.
    private static let most = 8

    /// Reads the section `voices`.
    /// - Parameter isAlone: false: a model that speaks itself has but one voice.
    static func list(from reader: inout KeyedReader, isAlone: Bool) throws(AgentError) -> [AgentDocument.OtherVoice] {
        var voices: [AgentDocument.OtherVoice] = []
        for (name, path, value) in try reader.members("voices", keys: .identifier, atMost: most) ?? [] {
            guard isAlone else {
                throw .value(path: path, found: "a voice", expected: "none beside realtime: its model speaks itself")
            }
            voices.append(
                AgentDocument.OtherVoice(name: name, chain: try ProviderChoice.chain(.textToSpeech, value, path: path)))
        }
        return voices
    }
}
