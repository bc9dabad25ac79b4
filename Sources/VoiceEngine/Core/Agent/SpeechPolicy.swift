extension AgentDocument {
    /// How the agent's text is spoken: section `speech`.
    package struct SpeechPolicy: Equatable, Sendable {
        /// How numbers, dates, addresses and the like reach the voice.
        package enum Normalization: String, CaseIterable, Sendable {
            /// Full for the local voice, minimal for the others: they read numbers well by themselves.
            case auto
            /// As they are written.
            case off
            /// Only what most voices misread: addresses, telephone numbers, codes.
            case minimal
            /// Everything in words.
            case full
        }

        package var pronunciations: PronunciationDictionary
        package var normalization: Normalization

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            let entries = try reader.textMembers(
                "pronunciations", keys: .text(PronunciationDictionary.longestEntry),
                values: .text(PronunciationDictionary.longestEntry), atMost: PronunciationDictionary.capacity)
            pronunciations = PronunciationDictionary(Dictionary(entries.map { ($0.key, $0.value) }) { _, last in last })
            normalization = try reader.choice("normalize", default: .auto)
            try reader.finish()
        }

        /// How much is put into words for a voice.
        /// - Parameter isLocal: Whether the voice runs in the engine.
        package func level(forLocalVoice isLocal: Bool) -> SpeechNormalizer.Level {
            switch normalization {
            case .auto: isLocal ? .full : .minimal
            case .off: .off
            case .minimal: .minimal
            case .full: .full
            }
        }
    }
}
