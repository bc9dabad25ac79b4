internal import CLocalModels
package import VoiceEngineCore
package import VoiceEngineProviders

/// The local models of one engine: store, pool and the providers made of them.
///
/// Made with the engine, shut down with it after its sessions have ended. Making it loads nothing and needs no models.
package final class LocalModels: Sendable {
    /// What these providers are called in agent documents and errors.
    package static let providerName = "local"

    package let store: ModelStore
    package let pool: InferencePool

    /// - Parameter directory: nil takes the default of `ModelStore`.
    /// - Parameter cores: nil takes all of the machine that this process may use.
    package init(directory: String? = nil, cores: Int? = nil) {
        let cores = cores ?? Int(local_usable_cores())
        // Its threads wait for each other at every layer: where one does not get a core (speech recognition, other
        // processes), two took 3 to 5 times as long as one.
        store = ModelStore(directory: directory, llama: LlamaModel.Configuration(threads: min(cores - 1, 4)))
        pool = InferencePool(.init(cores: cores))
    }

    /// Joins the pool's threads. Blocks for some 100 ms; not on an event loop.
    package func shutdown() { pool.shutdown() }

    /// Loads these parts in the background and says in the log what is ready and what is missing.
    package func warmUp(_ parts: [ModelStore.Part] = ModelStore.Part.allCases, log: Log) {
        store.warmUp(parts, on: pool) { part, problem in
            if let problem {
                log(.warning, "local model \(part.rawValue): \(problem)")
            } else {
                log(.info, "local model \(part.rawValue): ready")
            }
        }
    }

    package func voiceActivity() -> any VoiceActivityProvider {
        let store = store
        return LocalVAD(pool: pool) { () throws(LocalModelError) in try SileroDetector(model: store.silero()) }
    }

    package func endOfTurn() -> any EndOfTurnProvider {
        let store = store
        return LocalEndOfTurn(pool: pool) { sound throws(LocalModelError) in
            try store.smartTurn().probability(ofEndAfter: sound)
        }
    }

    package func speechToText() -> any SpeechToTextProvider {
        let store = store
        return LocalSTT(pool: pool) { samples, job throws(LocalModelError) in
            try store.moonshine().transcribe(samples) { job.isCancelled }
        }
    }

    /// - Parameter speed: 0.5...2, 1 is the voice's own.
    package func textToSpeech(speed: Float = 1) -> any TextToSpeechProvider {
        let store = store
        return LocalTTS(pool: pool) { text throws(LocalModelError) in try store.flite().speak(text, speed: speed) }
    }

    /// - Parameter flow: What the agent can be asked for; nil lets the model answer freely.
    package func languageModel(
        options: LlamaOptions = LlamaOptions(), flow: LocalFlow? = nil
    ) -> any LanguageModelProvider {
        LocalLLM(store: store, pool: pool, options: options, flow: flow)
    }
}

extension LocalModelError {
    /// As a session gets it.
    var asProviderError: ProviderError {
        switch self {
        case .missing, .unusable:
            ProviderError(.unavailable, provider: LocalModels.providerName, detail: description)
        case .failed: ProviderError(.protocol, provider: LocalModels.providerName, detail: description)
        }
    }
}

extension InferenceRefusal {
    var asProviderError: ProviderError {
        ProviderError(.unavailable, provider: LocalModels.providerName, detail: description)
    }
}
