package import VoiceEngineCore

// A model that hears, thinks and speaks over one connection is three ordinary providers to a session: what the session
// decides (when the caller has finished, what an interruption is, what was heard, tools, greeting, check-ins) stays the
// same with it, and each face can stand at the head of a chain.
//
//     caller ─► SpeechToTextStream ──┐                     ┌──► transcripts ─► session decides ─► ChatRequest ─┐
//                                    ├─ one connection ────┤                                                   │
//     caller ◄─ TextToSpeechStream ◄─┘  (CallScope keeps   └──◄ LanguageModelProvider.generate ◄───────────────┘
//                                        it for the call)
//
// `ChatRequest.turn` ties the faces: segments of that turn were written by the model itself, and their audio comes with
// the answer. `TextToSpeechStream.cancel(_:heard:)` tells what the caller heard, so that the model's own memory is cut
// there.

/// A speech-to-speech model, shared by all calls.
package protocol SpeechToSpeechProvider: Sendable {
    /// As in the agent document.
    var name: String { get }
    var speechToText: any SpeechToTextProvider { get }
    var languageModel: any LanguageModelProvider { get }
    /// - Parameter readsScripts: Whether the voice also reads texts that the model did not write (greeting, `say`,
    ///   check-ins). When false it takes note of them for the model's memory and is silent.
    func voice(readsScripts: Bool) -> any OwnVoiceProvider
}

/// The voice of a speech-to-speech model.
package protocol OwnVoiceProvider: TextToSpeechProvider {
    /// Opens the stream; as `open`, but with the type that knows its own texts.
    func openVoice(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any OwnVoiceStream
}

extension OwnVoiceProvider {
    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        openVoice(context, format: format, sink: sink)
    }
}

/// One call's voice of a speech-to-speech model.
package protocol OwnVoiceStream: TextToSpeechStream {
    /// The text of this turn is the model's own: its audio comes without being asked for.
    func owns(_ turn: TurnID) -> Bool
}
