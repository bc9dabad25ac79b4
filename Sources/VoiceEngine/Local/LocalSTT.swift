internal import NIOCore
package import VoiceEngineCore
package import VoiceEngineProviders

/// Speech to text by whole utterances on the speech lane, with partial results while the caller speaks.
package final class LocalSTT: SpeechToTextProvider {
    /// Recognises 16 kHz audio; nil when the job was cancelled.
    package typealias Recognise =
        @Sendable (_ samples: [Float], _ job: InferenceJob) throws(LocalModelError) -> Recognition?

    package let name = LocalModels.providerName
    package let hearsWordsLate = true
    private let pool: InferencePool
    private let recognise: Recognise

    package init(pool: InferencePool, recognise: @escaping Recognise) {
        self.pool = pool
        self.recognise = recognise
    }

    package func format(for native: AudioFormat) -> AudioFormat { .local }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        LocalSTTStream(pool: pool, context: context, recognise: recognise, sink: sink)
    }
}

/// The last half minute of a call at most. Positions count from the first sample ever received.
private struct UtteranceAudio {
    private var samples: [Int16] = []
    private var first: Int64 = 0

    var end: Int64 { first + Int64(samples.count) }

    mutating func append(_ audio: UnsafeBufferPointer<Int16>) { samples += audio }

    /// Forgets what is before; in large steps, so that it costs little per frame.
    mutating func drop(before position: Int64) {
        let count = Int(min(max(0, position - first), Int64(samples.count)))
        guard count >= 16_000 || count == samples.count else { return }
        samples.removeFirst(count)
        first += Int64(count)
    }

    /// A copy of the samples of a range.
    func samples(in range: Range<Int64>) -> [Int16] {
        let lower = Int(max(0, min(range.lowerBound, end) - first))
        let upper = Int(max(0, min(range.upperBound, end) - first))
        return Array(samples[min(lower, upper)..<upper])
    }
}

/// One call's utterances: performs what `UtteranceStateMachine` decides. Confined to the call's loop.
private final class LocalSTTStream: SpeechToTextStream {
    private static let sampleRate = Int64(MoonshineRecognizer.sampleRate)

    private let pool: InferencePool
    private let context: ProviderContext
    private let recognise: LocalSTT.Recognise
    /// nil once closed or failed.
    private var sink: ((SpeechToTextEvent) -> Void)?
    private var machine = UtteranceStateMachine(limits: .init(sampleRate: sampleRate))
    private var audio = UtteranceAudio()
    private var job: InferenceJob?

    init(
        pool: InferencePool, context: ProviderContext, recognise: @escaping LocalSTT.Recognise,
        sink: @escaping (SpeechToTextEvent) -> Void
    ) {
        self.pool = pool
        self.context = context
        self.recognise = recognise
        self.sink = sink
    }

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard sink != nil, bytes.count >= 2 else { return }
        // Copied: the bytes may lie at an odd address.
        withUnsafeTemporaryAllocation(of: Int16.self, capacity: bytes.count / 2) { samples in
            UnsafeMutableRawBufferPointer(samples).copyMemory(from: .init(rebasing: bytes[..<(bytes.count / 2 * 2)]))
            audio.append(UnsafeBufferPointer(samples))
        }
        perform(machine.received(end: audio.end, canSpare: pool.hasIdleThread(in: .speech)))
        audio.drop(before: machine.neededFrom(end: audio.end))
    }

    func hint(_ hint: VoiceHint) {
        switch hint {
        case .started(let position): perform(machine.started(at: samples(position)))
        case .paused(let position): perform(machine.paused(at: samples(position), end: audio.end))
        case .resumed: perform(machine.resumed())
        case .quiet: break
        }
    }

    func finishUtterance() { perform(machine.finish(end: audio.end)) }

    func utteranceCommitted() {
        job?.cancel()
        job = nil
        machine.committed()
        audio.drop(before: machine.neededFrom(end: audio.end))
    }

    func close() {
        job?.cancel()
        job = nil
        sink = nil
    }

    // MARK: -

    private func perform(_ action: UtteranceStateMachine.Action) {
        switch action {
        case .none: break
        case .recognise(let id, let range): start(id, range)
        case .report(let report): later { $0.deliver(report) }
        }
    }

    private func start(_ id: Int, _ range: Range<Int64>) {
        job?.cancel()
        // Before the audio is copied: while the lane is full, every frame tries again.
        if let refusal = pool.refusal(in: .speech) { return refused(refusal, id) }
        let samples = audio.samples(in: range)
        let recognise = recognise
        let loop = context.eventLoop
        let stream = NIOLoopBound(self, eventLoop: loop)
        do throws(InferenceRefusal) {
            job = try pool.submit(to: .speech) { job in
                let result: Result<Recognition?, LocalModelError>
                do throws(LocalModelError) {
                    result = .success(try recognise(samples.map { Float($0) / 32_768 }, job))
                } catch { result = .failure(error) }
                loop.execute { stream.value.recognised(result, id) }
            }
        } catch { refused(error, id) }
    }

    private func refused(_ refusal: InferenceRefusal, _ id: Int) {
        switch refusal {
        case .full: machine.refused(id: id)  // the next frame tries again
        case .shutDown: later { $0.fail(refusal.asProviderError) }
        }
    }

    private func recognised(_ result: Result<Recognition?, LocalModelError>, _ id: Int) {
        guard sink != nil else { return }
        switch result {
        case .success(let recognition?):
            switch machine.recognised(id: id, text: recognition.text) {
            case .none: break
            case .recognise(let id, let range): start(id, range)
            case .report(let report): deliver(report)
            }
        case .success(nil): break  // cancelled
        case .failure(let error): fail(error.asProviderError)
        }
    }

    private func deliver(_ report: UtteranceStateMachine.Report) {
        let transcript = Transcript(
            text: report.text, isSettled: report.isSettled,
            coveredMilliseconds: report.covered * 1_000 / Self.sampleRate)
        sink?(.transcript(transcript))
    }

    private func fail(_ error: ProviderError) {
        let report = sink
        close()
        report?(.failed(error))
    }

    /// Outside of the session's call into this stream.
    private func later(_ body: @escaping (LocalSTTStream) -> Void) {
        let bound = NIOLoopBound((self, body), eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let (stream, body) = bound.value
            body(stream)
        }
    }

    private func samples(_ milliseconds: Int64) -> Int64 { milliseconds * Self.sampleRate / 1_000 }
}
