extension AgentDocument {
    /// How the agent's text is spoken: section `speech`.
    package struct SpeechPolicy: Equatable, Sendable {
        /// How numbers, dates, addresses and the like reach the voice.
        package enum Normalization: String, CaseIterable, Sendable {
            /// Full for the local voice, minimal for those of the network, which read numbers well by themselves, off
            /// for a model that speaks by itself.
            case auto
            /// As they are written.
            case off
            /// Only what most voices misread: addresses, telephone numbers, codes.
            case minimal
            /// Everything in words.
            case full
        }

        /// Who reads the text.
        package enum Voice: Sendable {
            /// A voice in the engine.
            case local
            case network
            /// A model whose text is what it says already.
            case model
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
        package func level(for voice: Voice) -> SpeechNormalizer.Level {
            switch normalization {
            case .auto:
                switch voice {
                case .local: .full
                case .network: .minimal
                case .model: .off
                }
            case .off: .off
            case .minimal: .minimal
            case .full: .full
            }
        }
    }
}
