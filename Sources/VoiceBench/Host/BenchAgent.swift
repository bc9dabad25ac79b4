import VoiceBenchScript
// Alone in this file: the names of its C functions would be ambiguous beside the header's.
import VoiceEngine
import VoiceEngineSession

/// The agent of the benchmark.
enum BenchAgent {
    static let name = "bench"

    /// Providers are required in a document; these are not used.
    private static let document = """
        {
          "name": "\(name)", "language": "en-US", "prompt": "You answer the telephone. Be brief.",
          "greeting": "Thanks for calling, how can I help?",
          "stt": { "provider": "deepgram" }, "llm": { "provider": "openai", "model": "none" },
          "tts": { "provider": "deepgram" },
          "turn": { "end": { "model": "off" } }, "audio": { "voice_activity": "energy" }
        }
        """

    static func add(to engine: OpaquePointer) throws {
        let voice = ScriptedVoice()
        var providers = SessionProviders(
            speechToText: ScriptedEars(), languageModel: ScriptedMind(), textToSpeech: voice)
        providers.clips = VoiceClips(cache: ClipCache(), key: name, voice: voice)
        try InProcessAgent.add(Array(document.utf8), providers: providers, to: engine)
    }
}
