internal import CLocalModels
internal import Glibc
internal import Synchronization

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

/// A queue and the threads that work it off, oldest first.
///
/// `@unchecked Sendable`: the stored `var`s are only touched with `mutex` held. pthread's mutex because Swift's has no
/// condition to wait on.
final class InferenceLane: @unchecked Sendable {
    private let name: String
    private let niceness: Int32
    private let limit: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [InferenceJob] = []
    private var running: [InferenceJob] = []
    private var threads: [pthread_t] = []
    private var isOpen = true

    /// - Parameter name: At most 13 bytes; a thread is called that and its number.
    /// - Parameter limit: Jobs that may wait.
    /// - Parameter niceness: 0...19; what the scheduler should put last gets more.
    init(name: String, threads count: Int, limit: Int, niceness: Int32 = 0) {
        self.name = name
        self.niceness = niceness
        self.limit = limit
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        for number in 0..<count { start(number) }
    }

    /// The threads hold the lane, so it ends only after `shutdown`.
    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// - Returns: Why the job was refused, or nil.
    func submit(_ job: InferenceJob) -> InferenceRefusal? {
        locked {
            guard isOpen, !threads.isEmpty else { return .shutDown }
            if waiting.count >= limit { waiting.removeAll { $0.isCancelled } }
            guard waiting.count < limit else { return .full(waiting: waiting.count) }
            waiting.append(job)
            pthread_cond_signal(changed)
            return nil
        }
    }

    /// A job given now would begin at once.
    var hasIdleThread: Bool { locked { isOpen && waiting.isEmpty && running.count < threads.count } }

    /// Jobs that wait and jobs that run.
    var load: (waiting: Int, running: Int) { locked { (waiting.count { !$0.isCancelled }, running.count) } }

    /// Takes no more jobs, drops those that wait, asks the running ones to stop and waits until they have.
    func shutdown() {
        let ending = locked {
            isOpen = false
            waiting.removeAll()
            for job in running { job.cancel() }
            pthread_cond_broadcast(changed)
            defer { threads = [] }
            return threads
        }
        for thread in ending { pthread_join(thread, nil) }
    }

    // MARK: - Threads

    private func start(_ number: Int) {
        let context = Unmanaged.passRetained(ThreadContext(lane: self, name: "\(name)-\(number)"))
        var thread = pthread_t()
        // Signals are the host's: a thread begins with the mask of its creator, so all are blocked meanwhile.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let context = Unmanaged<ThreadContext>.fromOpaque(argument).takeRetainedValue()
                local_thread_describe(context.name, context.lane.niceness)
                context.lane.work()
                return nil
            }, context.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        if status == 0 { locked { threads.append(thread) } } else { context.release() }
    }

    private func work() {
        while let job = next() {
            job.run()
            locked { running.removeAll { $0 === job } }
        }
    }

    private func next() -> InferenceJob? {
        locked {
            while isOpen {
                guard !waiting.isEmpty else {
                    pthread_cond_wait(changed, mutex)
                    continue
                }
                let job = waiting.removeFirst()
                guard !job.isCancelled else { continue }
                running.append(job)
                return job
            }
            return nil
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
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
