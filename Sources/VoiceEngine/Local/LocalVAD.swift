internal import NIOCore
package import VoiceEngineCore
package import VoiceEngineProviders

/// Voice activity by Silero on the realtime lane.
package final class LocalVAD: VoiceActivityProvider {
    package typealias MakeDetector = @Sendable () throws(LocalModelError) -> SileroDetector

    package let name = LocalModels.providerName
    private let pool: InferencePool
    private let makeDetector: MakeDetector

    /// - Parameter makeDetector: Called on the realtime lane when a call's first window is there.
    package init(pool: InferencePool, makeDetector: @escaping MakeDetector) {
        self.pool = pool
        self.makeDetector = makeDetector
    }

    package func open(
        _ context: ProviderContext, sink: @escaping (SpeechWindow) -> Void
    ) -> any VoiceActivityStream {
        LocalVADStream(pool: pool, context: context, makeDetector: makeDetector, sink: sink)
    }
}

/// One call's windows on their way to the detector and back: one job at a time, with all windows that are there.
///
/// Confined to the call's loop. Without a model it reports no speech and logs why, once: the session's other evidence
/// remains.
private final class LocalVADStream: VoiceActivityStream {
    /// [samples] that may wait, 0.5 s: what is older helps nobody.
    private static let limit = SileroDetector.sampleRate / 2

    private enum State {
        case idle(SileroDetector?)
        case working
        /// What it works on came before samples that were skipped: the detector must forget it.
        case outdated
        case closed
    }

    private let pool: InferencePool
    private let context: ProviderContext
    private let makeDetector: LocalVAD.MakeDetector
    private let sink: (SpeechWindow) -> Void
    private var state = State.idle(nil)
    private var waiting: [Float] = []
    /// Position of the first waiting sample.
    private var position: Int64 = 0
    private var hasWarned = false

    init(
        pool: InferencePool, context: ProviderContext, makeDetector: @escaping LocalVAD.MakeDetector,
        sink: @escaping (SpeechWindow) -> Void
    ) {
        self.pool = pool
        self.context = context
        self.makeDetector = makeDetector
        self.sink = sink
        waiting.reserveCapacity(Self.limit + SileroDetector.windowSamples)
    }

    func send(_ samples: UnsafeBufferPointer<Int16>) {
        for sample in samples { waiting.append(Float(sample) / 32_768) }
        if waiting.count > Self.limit {
            let window = SileroDetector.windowSamples
            drop((waiting.count - Self.limit + window - 1) / window * window)
        }
        judge()
    }

    func skip(_ count: Int64) {
        position += Int64(waiting.count) + count
        waiting.removeAll(keepingCapacity: true)
        switch state {
        case .idle(let detector): detector?.reset()
        case .working: state = .outdated
        case .outdated, .closed: break
        }
    }

    func close() {
        state = .closed
        waiting = []
    }

    // MARK: -

    private func drop(_ count: Int) {
        waiting.removeFirst(count)
        position += Int64(count)
    }

    private func judge() {
        let window = SileroDetector.windowSamples
        let count = waiting.count / window * window
        guard case .idle(let detector) = state, count > 0 else { return }
        let samples = Array(waiting[..<count])
        let start = position
        let makeDetector = makeDetector
        let loop = context.eventLoop
        let stream = NIOLoopBound(self, eventLoop: loop)
        do throws(InferenceRefusal) {
            try pool.submit(to: .realtime) { _ in
                let result = Self.probabilities(of: samples, detector, makeDetector)
                loop.execute { stream.value.judged(result, from: start) }
            }
            drop(count)
            state = .working
        } catch {
            warn(error.description)
        }
    }

    private struct Judgement: Sendable {
        var detector: SileroDetector?
        var probabilities: [Float] = []
        var error: LocalModelError?
    }

    private static func probabilities(
        of samples: [Float], _ detector: SileroDetector?, _ makeDetector: LocalVAD.MakeDetector
    ) -> Judgement {
        var judgement = Judgement(detector: detector)
        do throws(LocalModelError) {
            let detector = if let detector { detector } else { try makeDetector() }
            judgement.detector = detector
            var failure: LocalModelError?
            samples.withUnsafeBufferPointer { samples in
                for start in stride(from: 0, to: samples.count, by: SileroDetector.windowSamples) {
                    let window = UnsafeBufferPointer(rebasing: samples[start..<(start + SileroDetector.windowSamples)])
                    do throws(LocalModelError) {
                        judgement.probabilities.append(try detector.probability(of: window))
                    } catch {
                        failure = error
                        return
                    }
                }
            }
            judgement.error = failure
        } catch { judgement.error = error }
        return judgement
    }

    private func judged(_ judgement: Judgement, from start: Int64) {
        switch state {
        case .idle, .closed: return
        case .working: break
        case .outdated: judgement.detector?.reset()
        }
        state = .idle(judgement.detector)
        if let error = judgement.error { warn(error.description) }
        for (index, probability) in judgement.probabilities.enumerated() {
            let window = SileroDetector.windowSamples
            sink(SpeechWindow(start: start + Int64(index * window), count: window, probability: probability))
            if case .closed = state { return }
        }
        judge()
    }

    private func warn(_ text: String) {
        guard !hasWarned else { return }
        hasWarned = true
        context.log(.warning, "voice activity: \(text)")
    }
}
