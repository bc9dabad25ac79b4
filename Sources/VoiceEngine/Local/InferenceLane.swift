internal import CLocalModels
internal import Glibc
internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineThreads

/// A piece of work for a lane, and the handle to take it back. Runs at most once.
package final class InferenceJob: Sendable {
    private enum State: UInt8 { case waiting, running, finished, cancelled }

    private let work: @Sendable (InferenceJob) -> Void
    /// It loads a model: what waits for it is not late.
    let isLoading: Bool
    private let state = Atomic<UInt8>(State.waiting.rawValue)

    init(isLoading: Bool = false, work: @escaping @Sendable (InferenceJob) -> Void) {
        self.isLoading = isLoading
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

/// A queue and the threads that work it off, oldest first. Threads: any.
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
        var waiting: [Waiting] = []
        var running: [InferenceJob] = []
        var threads: [pthread_t] = []
        var isOpen = true
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
    /// - Parameter now: The monotonic clock.
    init(
        name: String, threads count: Int, limit: Int, niceness: Int32 = 0, patience: Nanoseconds? = nil,
        now: @escaping @Sendable () -> Instant = InferenceLane.monotonic
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
            if let refusal = refusal(&state, at: now) { return refusal }
            state.waiting.append(Waiting(job: job, since: now))
            return nil
        }
    }

    /// Why a job given now would be refused, or nil: to be asked before a dear one is made.
    var refusal: InferenceRefusal? {
        let now = now()
        return state.update { refusal(&$0, at: now) }
    }

    private func refusal(_ state: inout State, at now: Instant) -> InferenceRefusal? {
        guard state.isOpen, !state.threads.isEmpty else { return .shutDown }
        if isFull(state, at: now) { state.waiting.removeAll { $0.job.isCancelled } }
        return isFull(state, at: now) ? .full(waiting: state.waiting.count) : nil
    }

    private func isFull(_ state: State, at now: Instant) -> Bool {
        if state.waiting.count >= limit { return true }
        guard let patience, let oldest = state.waiting.first, !state.running.contains(where: \.isLoading) else {
            return false
        }
        return now - oldest.since > patience
    }

    /// The wait of a job is measured by whoever gives it: it may come from any loop, between two ticks.
    static func monotonic() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)  // the clock: see above
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// A job given now would begin at once.
    var hasIdleThread: Bool {
        state.read { $0.isOpen && $0.waiting.isEmpty && $0.running.count < $0.threads.count }
    }

    /// Jobs that wait and jobs that run.
    var load: (waiting: Int, running: Int) {
        state.read { state in (state.waiting.count { !$0.job.isCancelled }, state.running.count) }
    }

    /// Takes no more jobs, drops those that wait, asks the running ones to stop and waits until they have.
    func shutdown() {
        let ending = state.update { state in
            state.isOpen = false
            state.waiting.removeAll()
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
            let loaded = job.isLoading ? now() : nil
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
            while !state.waiting.isEmpty {
                let job = state.waiting.removeFirst().job
                guard !job.isCancelled else { continue }
                state.running.append(job)
                return .job(job)
            }
            return nil
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
