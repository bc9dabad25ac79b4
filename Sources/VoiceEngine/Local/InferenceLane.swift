internal import CLocalModels
internal import Glibc
internal import Synchronization
internal import VoiceEngineThreads

/// A piece of work for a lane, and the handle to take it back. Runs at most once.
package final class InferenceJob: Sendable {
    private enum State: UInt8 { case waiting, running, finished, cancelled }

    private let work: @Sendable (InferenceJob) -> Void
    private let state = Atomic<UInt8>(State.waiting.rawValue)

    init(work: @escaping @Sendable (InferenceJob) -> Void) { self.work = work }

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
final class InferenceLane: Sendable {
    private struct State {
        var waiting: [InferenceJob] = []
        var running: [InferenceJob] = []
        var threads: [pthread_t] = []
        var isOpen = true
    }

    private let name: String
    private let niceness: Int32
    private let limit: Int
    private let state = Monitor(State())

    /// The threads hold the lane, so it ends only after `shutdown`.
    ///
    /// - Parameter name: At most 13 bytes; a thread is called that and its number.
    /// - Parameter limit: Jobs that may wait.
    /// - Parameter niceness: 0...19; what the scheduler should put last gets more.
    init(name: String, threads count: Int, limit: Int, niceness: Int32 = 0) {
        self.name = name
        self.niceness = niceness
        self.limit = limit
        for number in 0..<count { start(number) }
    }

    /// - Returns: Why the job was refused, or nil.
    func submit(_ job: InferenceJob) -> InferenceRefusal? {
        state.update { state in
            guard state.isOpen, !state.threads.isEmpty else { return .shutDown }
            if state.waiting.count >= limit { state.waiting.removeAll { $0.isCancelled } }
            guard state.waiting.count < limit else { return .full(waiting: state.waiting.count) }
            state.waiting.append(job)
            return nil
        }
    }

    /// A job given now would begin at once.
    var hasIdleThread: Bool {
        state.read { $0.isOpen && $0.waiting.isEmpty && $0.running.count < $0.threads.count }
    }

    /// Jobs that wait and jobs that run.
    var load: (waiting: Int, running: Int) {
        state.read { state in (state.waiting.count { !$0.isCancelled }, state.running.count) }
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
            state.read { state in state.running.removeAll { $0 === job } }
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
                let job = state.waiting.removeFirst()
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
