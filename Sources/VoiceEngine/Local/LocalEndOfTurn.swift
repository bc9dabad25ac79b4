internal import NIOCore
internal import VoiceEngineCore
package import VoiceEngineProviders

/// Whether a caller has finished, by Smart Turn on the lane of its own.
package final class LocalEndOfTurn: EndOfTurnProvider {
    /// The probability that the turn is over that this sound (8 kHz) ends with.
    package typealias Judge = @Sendable (_ sound: [Int16]) throws(LocalModelError) -> Float

    package let name = LocalModels.providerName
    package let seconds = SmartTurnModel.seconds
    private let pool: InferencePool
    private let judge: Judge

    package init(pool: InferencePool, judge: @escaping Judge) {
        self.pool = pool
        self.judge = judge
    }

    package func open(
        _ context: ProviderContext, sink: @escaping (_ question: Int, _ probability: Float) -> Void
    ) -> any EndOfTurnStream {
        LocalEndOfTurnStream(pool: pool, context: context, judge: judge, sink: sink)
    }
}

/// One call's questions on their way to the model and back: one at a time, the newest counts. Confined to the call's
/// loop. Without a model it answers nothing and logs why, once.
private final class LocalEndOfTurnStream: EndOfTurnStream {
    private let pool: InferencePool
    private let context: ProviderContext
    private let judge: LocalEndOfTurn.Judge
    /// nil once closed.
    private var sink: ((Int, Float) -> Void)?
    private var job: InferenceJob?
    private var hasWarned = false

    init(
        pool: InferencePool, context: ProviderContext, judge: @escaping LocalEndOfTurn.Judge,
        sink: @escaping (Int, Float) -> Void
    ) {
        self.pool = pool
        self.context = context
        self.judge = judge
        self.sink = sink
    }

    func judge(_ sound: UnsafeBufferPointer<Int16>, question: Int) {
        guard sink != nil else { return }
        job?.cancel()
        let sound = Array(sound)
        let judge = judge
        let loop = context.eventLoop
        let stream = NIOLoopBound(self, eventLoop: loop)
        // A lane that is full answers nobody: too many calls pause at once, and none of them waits for this.
        job = try? pool.submit(to: .turns) { _ in
            let result: Result<Float, LocalModelError>
            do throws(LocalModelError) { result = .success(try judge(sound)) } catch { result = .failure(error) }
            loop.execute { stream.value.judged(result, question) }
        }
    }

    func close() {
        job?.cancel()
        job = nil
        sink = nil
    }

    private func judged(_ result: Result<Float, LocalModelError>, _ question: Int) {
        switch result {
        case .success(let probability): sink?(question, probability)
        case .failure(let error):
            guard !hasWarned else { return }
            hasWarned = true
            context.log(.warning, "end of turn: \(error.description)")
        }
    }
}
