internal import NIOCore
package import VoiceEngineCore
package import VoiceEngineProviders

/// Text to speech on the speech lane: each segment is spoken as a whole.
package final class LocalTTS: TextToSpeechProvider {
    package typealias Speak = @Sendable (String) throws(LocalModelError) -> [Int16]

    package let name = LocalModels.providerName
    private let pool: InferencePool
    private let speak: Speak

    /// - Parameter speak: Speaks a text at 16 kHz; called on the pool.
    package init(pool: InferencePool, speak: @escaping Speak) {
        self.pool = pool
        self.speak = speak
    }

    package func format(for native: AudioFormat) -> AudioFormat { .local }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        LocalTTSStream(pool: pool, context: context, speak: speak, sink: sink)
    }
}

extension AudioFormat {
    /// PCM16 at 16 kHz: what Moonshine hears and Flite speaks.
    static let local: AudioFormat = {
        // The rate is a constant inside the allowed range; the fallback is never taken.
        (try? AudioFormat(encoding: .pcm16, sampleRate: 16_000)) ?? .telephone
    }()
}

/// One call's segments, spoken one after the other. Confined to the call's loop.
private final class LocalTTSStream: TextToSpeechStream {
    /// Segments that may wait: a reply of 150 tokens has about ten.
    private static let limit = 64

    private struct Segment {
        let id: SegmentID
        let text: String
    }

    private enum State {
        case idle
        case speaking(SegmentID, InferenceJob)
        case closed
    }

    private let pool: InferencePool
    private let context: ProviderContext
    private let speak: LocalTTS.Speak
    private let sink: (TextToSpeechEvent) -> Void
    private var state = State.idle
    private var waiting: [Segment] = []
    private var isHeld = false
    /// The turn that was heard last, or will be next.
    private var begun = TurnID.none
    /// Segments of this turn and older ones are not spoken any more.
    private var cancelled = TurnID.none

    init(
        pool: InferencePool, context: ProviderContext, speak: @escaping LocalTTS.Speak,
        sink: @escaping (TextToSpeechEvent) -> Void
    ) {
        self.pool = pool
        self.context = context
        self.speak = speak
        self.sink = sink
    }

    func speak(_ text: String, as segment: SegmentID) {
        guard segment.turn > cancelled else { return }
        guard waiting.count < Self.limit else {
            let error = ProviderError(.unavailable, provider: LocalModels.providerName, detail: "the reply is too long")
            return fail(segment.turn, error)
        }
        waiting.append(Segment(id: segment, text: text))
        speakNext()
    }

    /// Nothing is held back.
    func finish(_ turn: TurnID) {}

    func cancel(_ turn: TurnID) {
        cancelled = max(cancelled, turn)
        waiting.removeAll { $0.id.turn <= turn }
        guard case .speaking(let segment, let job) = state, segment.turn <= turn else { return }
        job.cancel()
        state = .idle
        speakNext()
    }

    func holdAudio(_ hold: Bool) {
        isHeld = hold
        speakNext()
    }

    func close() {
        if case .speaking(_, let job) = state { job.cancel() }
        state = .closed
        waiting = []
    }

    // MARK: -

    private func speakNext() {
        guard case .idle = state, !isHeld, let segment = waiting.first else { return }
        let speak = speak
        let loop = context.eventLoop
        let stream = NIOLoopBound(self, eventLoop: loop)
        let id = segment.id
        let text = segment.text
        do throws(InferenceRefusal) {
            let job = try pool.submit(id.turn == begun ? .continuing : .ordinary, to: .speech) { job in
                let result: Result<[Int16], LocalModelError>
                do throws(LocalModelError) { result = .success(try speak(text)) } catch { result = .failure(error) }
                loop.execute { stream.value.spoke(result, as: id, by: job) }
            }
            waiting.removeFirst()
            state = .speaking(id, job)
        } catch {
            fail(id.turn, error.asProviderError)
        }
    }

    private func spoke(_ result: Result<[Int16], LocalModelError>, as segment: SegmentID, by job: InferenceJob) {
        guard case .speaking(_, let current) = state, current === job else { return }
        state = .idle
        switch result {
        case .success(let samples):
            begun = segment.turn
            if !samples.isEmpty { samples.withUnsafeBytes { sink(.audio(segment, $0)) } }
            // The sink may have cancelled or closed.
            if segment.turn > cancelled, !isClosed { sink(.completed(segment)) }
        case .failure(let error): fail(segment.turn, error.asProviderError)
        }
        speakNext()
    }

    private var isClosed: Bool {
        switch state {
        case .closed: true
        case .idle, .speaking: false
        }
    }

    /// Reported from the loop's next turn: `speak` is a call of the session.
    private func fail(_ turn: TurnID, _ error: ProviderError) {
        waiting.removeAll { $0.id.turn == turn }
        let stream = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let stream = stream.value
            guard !stream.isClosed, turn > stream.cancelled else { return }
            stream.sink(.failed(turn, error))
        }
    }
}
