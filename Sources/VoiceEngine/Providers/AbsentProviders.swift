package import VoiceEngineCore

// An agent that only listens has no language model and perhaps no voice. These fill their places; nobody asks them for
// anything: the session answers no turn and says nothing (`SessionPolicy.onlyListens`, `isMute`).

/// In place of a language model.
package struct AbsentModel: LanguageModelProvider {
    package static var link: ProviderLink<any LanguageModelProvider> {
        ProviderLink(AbsentModel(), health: ProviderHealth(role: .languageModel, provider: "none"))
    }

    package var name: String { "none" }
    package var answersDrafts: Bool { false }

    package func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation {
        context.log(.error, "\(context.callID): an agent without a language model was asked for an answer")
        return Silence()
    }

    private final class Silence: Generation {
        func cancel() {}
    }
}

/// In place of a voice.
package struct AbsentVoice: TextToSpeechProvider {
    package static var link: ProviderLink<any TextToSpeechProvider> {
        ProviderLink(AbsentVoice(), health: ProviderHealth(role: .textToSpeech, provider: "none"))
    }

    package var name: String { "none" }
    package func format(for native: AudioFormat) -> AudioFormat { native }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream { Silence() }

    private final class Silence: TextToSpeechStream {
        func speak(_ text: String, as segment: SegmentID) {}
        func finish(_ turn: TurnID) {}
        func cancel(_ turn: TurnID) {}
        func holdAudio(_ hold: Bool) {}
        func close() {}
    }
}
