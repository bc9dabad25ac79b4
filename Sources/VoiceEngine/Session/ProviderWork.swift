package import VoiceEngineCore
internal import VoiceEngineProviders

/// What the providers did for one turn: since the turn before it was reported.
package struct ProviderWork: Equatable, Sendable {
    /// Of one role: connecting, what became of failures, and second requests.
    package struct Repairs: Equatable, Sendable {
        /// The time to connect, of the first connection that was needed.
        package var connect: Nanoseconds?
        /// The same provider was asked or opened again.
        package var retries = 0
        /// Another provider took over.
        package var failovers = 0
        /// A second request was made because the first was late.
        package var hedges = 0
    }

    /// Answers that were begun before their turn was committed.
    package struct Drafts: Equatable, Sendable {
        package var begun = 0
        /// Those that were not wanted, and what they have cost.
        package var dropped = 0
        /// As the model reported; else estimated, four bytes of text for each.
        package var tokens = 0
        /// Given to voices.
        package var characters = 0

        mutating func drop(usage: TokenUsage, asked: Int, written: String, spoken: String) {
            dropped += 1
            let reported = usage.prompt + usage.completion
            tokens += reported > 0 ? reported : (asked + written.utf8.count + 3) / 4
            characters += spoken.count
        }
    }

    package var drafts = Drafts()
    /// From the caller's onset to the first words.
    package var firstWords: Nanoseconds?
    /// From the request that was answered to its first token.
    package var firstToken: Nanoseconds?
    /// From the text to the first audio of the voice that gave it.
    package var firstAudio: Nanoseconds?
    /// Audio that recognisers were given, replays included.
    package var recognised = Nanoseconds.zero
    /// Given to voices, repetitions included.
    package var characters = 0
    package var speechToText = Repairs()
    package var languageModel = Repairs()
    package var textToSpeech = Repairs()

    package init() {}

    mutating func connected(_ role: ProviderRole, after time: Nanoseconds) {
        switch role {
        case .speechToText: speechToText.connect = speechToText.connect ?? time
        case .languageModel: languageModel.connect = languageModel.connect ?? time
        case .textToSpeech: textToSpeech.connect = textToSpeech.connect ?? time
        // One connection for all three, which the ears open.
        case .realtime: speechToText.connect = speechToText.connect ?? time
        }
    }

    mutating func note(_ note: ChainNote, of role: ProviderRole) {
        switch role {
        case .speechToText: speechToText.note(note)
        case .languageModel:
            languageModel.note(note)
            if case .firstResult(let time) = note { firstToken = firstToken ?? time }
        case .textToSpeech:
            textToSpeech.note(note)
            if case .firstResult(let time) = note { firstAudio = firstAudio ?? time }
        case .realtime: break
        }
    }
}

extension ProviderWork.Repairs {
    fileprivate mutating func note(_ note: ChainNote) {
        switch note {
        case .failed, .firstResult: break
        case .retried: retries += 1
        case .failedOver: failovers += 1
        case .hedged: hedges += 1
        }
    }
}
