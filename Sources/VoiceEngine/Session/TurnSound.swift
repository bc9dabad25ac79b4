internal import VoiceEngineCore
internal import VoiceEngineProviders

/// What one call's turns sound like: asks the model at each pause, and knows whether its answer still counts.
///
/// Confined to the session's loop.
final class TurnSound {
    private let provider: any EndOfTurnProvider
    private var stream: (any EndOfTurnStream)?
    private var sound: UtteranceSound
    /// The latest question; an answer to an older one is about a pause that is over.
    private var question = 0

    init(provider: any EndOfTurnProvider, sampleRate: Int) {
        self.provider = provider
        sound = UtteranceSound(sampleRate: sampleRate, seconds: provider.seconds)
    }

    /// - Parameter judged: The probability that the turn is over, as of the pause that lasts.
    func open(_ context: ProviderContext, judged: @escaping (Float) -> Void) {
        stream = provider.open(context) { [weak self] question, probability in
            guard let self, question == self.question else { return }
            judged(probability)
        }
    }

    func append(_ samples: UnsafeBufferPointer<Int16>) { sound.append(samples) }

    func voiceStarted(at position: Int64) {
        question += 1
        sound.began(at: position)
    }

    func voicePaused() {
        question += 1
        sound.withSound { if $0.count > 0 { stream?.judge($0, question: question) } }
    }

    func utteranceCommitted() {
        question += 1
        sound.committed()
    }

    func close() {
        stream?.close()
        stream = nil
    }
}
