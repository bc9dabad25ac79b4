internal import DequeModule
package import VoiceEngineCore
internal import VoiceEngineThreads

// Events on their way to the host. They leave the loops at once and are delivered on the engine's event threads, so
// that a slow host delays its own events only.

/// The event threads of one engine.
///
/// Waking a thread costs a loop more than most of what it does for an event. A thread that has delivered rests for a
/// moment, and what comes meanwhile waits for it:
///
///     waiting ── woken ──► delivering ── nothing is left ──► resting, 5 ms ──┬─ something came ──► delivering
///        ▲                                                                   │
///        └────────────────────────── nothing came ───────────────────────────┘
package final class EventDispatcher: Sendable {
    /// The longest that an event waits for a thread that is not busy.
    package static let rest = Nanoseconds.milliseconds(5)

    private struct State {
        var ready = Deque<EventQueue>()
        /// Threads that will look at `ready` without being woken up.
        var resting = 0
        var isStopping = false

        /// Something waits that nobody would look at soon.
        var mustWake: Bool { !ready.isEmpty && resting == 0 }
    }

    private let state: Monitor<State>
    private let threads: [WorkerThread]

    package init(threads count: Int) {
        let state = Monitor(State())
        self.state = state
        threads = (0..<count).map { index in
            WorkerThread(name: "voice-event-\(index)", runsHostCode: true) { Self.run(state) }
        }
    }

    package var isRunning: Bool { threads.allSatisfy(\.isRunning) }

    func schedule(_ queue: EventQueue) {
        state.wakeOne { state in
            state.ready.append(queue)
            return state.mustWake
        }
    }

    /// Delivers what waits, then ends the threads and waits for them.
    package func stop() {
        state.update { $0.isStopping = true }
        for thread in threads { thread.join() }
    }

    private static func run(_ state: Monitor<State>) {
        while let first = waitForReady(state) {
            var next: EventQueue? = first
            while let queue = next {
                // The callback may take long: what waits behind it is another thread's.
                state.wakeOne(if: \.mustWake)
                let isDone = !queue.deliverSome()
                next = state.read { state in
                    if !isDone { state.ready.append(queue) }
                    guard state.ready.isEmpty else { return state.ready.removeFirst() }
                    state.resting += 1
                    return nil
                }
            }
            _ = state.wait(for: rest) { $0.isStopping ? true : nil }
            state.read { $0.resting -= 1 }
        }
    }

    /// - Returns: nil when the thread is to end.
    private static func waitForReady(_ state: Monitor<State>) -> EventQueue? {
        let queue = state.wait { state -> EventQueue?? in
            if let queue = state.ready.popFirst() { return .some(queue) }
            return state.isStopping ? .some(nil) : nil
        }
        return queue ?? nil
    }
}
