internal import CLocalModels
internal import Glibc
internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineThreads

/// A piece of work for a lane, and the handle to take it back. Runs at most once.
package final class InferenceJob: Sendable {
    package enum Kind: Sendable {
        case ordinary
        /// It loads a model: what waits for it is not late.
        case loading
        /// A caller hears what this goes on with: in its place he would hear a gap. It comes before the others, and is
        /// not refused because they wait long.
        case continuing
    }

    private enum State: UInt8 { case waiting, running, finished, cancelled }

    private let work: @Sendable (InferenceJob) -> Void
    let kind: Kind
    private let state = Atomic<UInt8>(State.waiting.rawValue)

    init(_ kind: Kind = .ordinary, work: @escaping @Sendable (InferenceJob) -> Void) {
        self.kind = kind
        self.work = work
    }

    /// A job that has not begun never runs; one that runs is asked to stop (`isCancelled`). Threads: any.
    package func cancel() {
        if move(from: .waiting, to: .cancelled) { return }
        _ = move(from: .running, to: .cancelled)
    }

    /// Looked at by the work itself between its steps.
    package var isCancelled: Bool { state.load(ordering: .acquiring) == State.cancelled.rawValue }

    func run() {
        guard move(from: .waiting, to: .running) else { return }
        work(self)
        _ = move(from: .running, to: .finished)
    }

    private func move(from old: State, to new: State) -> Bool {
        state.compareExchange(expected: old.rawValue, desired: new.rawValue, ordering: .acquiringAndReleasing).exchanged
    }
}

/// A queue and the threads that work it off, oldest first but for what goes on with something heard. Threads: any.
///
/// Full is a number of jobs, or a wait: while the oldest job has been waiting for longer than `patience`, whatever came
/// behind it would be late, and is refused. The wait is what callers feel; how many jobs it takes depends on the machine.
/// The time in which a model is loaded does not count.
final class InferenceLane: Sendable {
    private struct Waiting {
        let job: InferenceJob
        var since: Instant
    }

    private struct State {
        var continuing: [InferenceJob] = []
        var waiting: [Waiting] = []
        var running: [InferenceJob] = []
        var threads: [pthread_t] = []
        var isOpen = true

        /// Jobs that wait, cancelled ones included.
        var count: Int { continuing.count + waiting.count }

        mutating func takeNext() -> InferenceJob? {
            dropCancelled()
            if !continuing.isEmpty { return continuing.removeFirst() }
            return waiting.isEmpty ? nil : waiting.removeFirst().job
        }

        mutating func dropCancelled() {
            continuing.removeAll(where: \.isCancelled)
            waiting.removeAll { $0.job.isCancelled }
        }
    }

    private let name: String
    private let niceness: Int32
    private let limit: Int
    private let patience: Nanoseconds?
    private let now: @Sendable () -> Instant
    private let state = Monitor(State())

    /// The threads hold the lane, so it ends only after `shutdown`.
    ///
    /// - Parameter name: At most 13 bytes; a thread is called that and its number.
    /// - Parameter limit: Jobs that may wait.
    /// - Parameter niceness: 0...19; what the scheduler should put last gets more.
    /// - Parameter patience: nil: only the number counts.
    /// - Parameter now: The monotonic clock. The wait of a job is measured by whoever gives it: it may come from any loop,
    ///   between two ticks.
    init(
        name: String, threads count: Int, limit: Int, niceness: Int32 = 0, patience: Nanoseconds? = nil,
        now: @escaping @Sendable () -> Instant = { .monotonicNow }
    ) {
        self.name = name
        self.niceness = niceness
        self.limit = limit
        self.patience = patience
        self.now = now
        for number in 0..<count { start(number) }
    }

    /// - Returns: Why the job was refused, or nil.
    func submit(_ job: InferenceJob) -> InferenceRefusal? {
        let now = now()
        return state.update { state in
            if let refusal = refusal(&state, of: job.kind, at: now) { return refusal }
            if job.kind == .continuing {
                state.continuing.append(job)
            } else {
                state.waiting.append(Waiting(job: job, since: now))
            }
            return nil
        }
    }

    /// Why an ordinary job given now would be refused, or nil: to be asked before a dear one is made.
    var refusal: InferenceRefusal? {
        let now = now()
        return state.update { refusal(&$0, of: .ordinary, at: now) }
    }

    private func refusal(_ state: inout State, of kind: InferenceJob.Kind, at now: Instant) -> InferenceRefusal? {
        guard state.isOpen, !state.threads.isEmpty else { return .shutDown }
        if isFull(state, for: kind, at: now) { state.dropCancelled() }
        return isFull(state, for: kind, at: now) ? .full(waiting: state.count) : nil
    }

    private func isFull(_ state: State, for kind: InferenceJob.Kind, at now: Instant) -> Bool {
        if state.count >= limit { return true }
        guard kind != .continuing, let patience, let oldest = state.waiting.first,
            !state.running.contains(where: { $0.kind == .loading })
        else { return false }
        return now - oldest.since > patience
    }

    /// A job given now would begin at once.
    var hasIdleThread: Bool {
        state.read { $0.isOpen && $0.count == 0 && $0.running.count < $0.threads.count }
    }

    /// Jobs that wait and jobs that run.
    var load: (waiting: Int, running: Int) {
        state.read { state in
            state.dropCancelled()
            return (state.count, state.running.count)
        }
    }

    /// Takes no more jobs, drops those that wait, asks the running ones to stop and waits until they have.
    func shutdown() {
        let ending = state.update { state in
            state.isOpen = false
            state.waiting.removeAll()
            state.continuing.removeAll()
            for job in state.running { job.cancel() }
            defer { state.threads = [] }
            return state.threads
        }
        for thread in ending { pthread_join(thread, nil) }
    }

    // MARK: - Threads

    private func start(_ number: Int) {
        let context = Unmanaged.passRetained(ThreadContext(lane: self, name: "\(name)-\(number)"))
        var thread = pthread_t()
        let status = withoutSignals {
            pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    let context = Unmanaged<ThreadContext>.fromOpaque(argument).takeRetainedValue()
                    local_thread_describe(context.name, context.lane.niceness)
                    context.lane.work()
                    return nil
                }, context.toOpaque())
        }
        if status == 0 { state.read { $0.threads.append(thread) } } else { context.release() }
    }

    private func work() {
        while let job = next() {
            job.run()
            let loaded = job.kind == .loading ? now() : nil
            state.read { state in
                state.running.removeAll { $0 === job }
                guard let loaded else { return }
                for index in state.waiting.indices { state.waiting[index].since = loaded }
            }
        }
    }

    private enum Next {
        case job(InferenceJob)
        case over
    }

    /// - Returns: nil when the lane was shut down.
    private func next() -> InferenceJob? {
        let next = state.wait { state -> Next? in
            guard state.isOpen else { return .over }
            guard let job = state.takeNext() else { return nil }
            state.running.append(job)
            return .job(job)
        }
        guard case .job(let job) = next else { return nil }
        return job
    }

    private final class ThreadContext: Sendable {
        let lane: InferenceLane
        let name: String

        init(lane: InferenceLane, name: String) {
            self.lane = lane
            self.name = name
        }
    }
}
