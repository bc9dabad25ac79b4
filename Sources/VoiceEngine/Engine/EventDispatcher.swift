internal import DequeModule
package import VoiceEngineCore
package import VoiceEngineSession
internal import VoiceEngineThreads

// Events on their way to the host. They leave the loops at once and are delivered on the engine's event threads, so
// that a slow host delays its own events only.

/// The event threads of one engine.
///
/// Waking a thread costs a loop more than most of what it does for an event. While events come, the threads look for them
/// by themselves, in turn, each at its own tick of the loops' grid, when the processor is awake anyway:
///
///     waiting ── woken ──► delivering ── nothing is left ──► resting until a tick that is no other's ──► delivering
///        ▲                                                       │
///        └──────────────── nothing came all the while ───────────┘
///
/// A callback that takes long delays what waits behind it until the next thread looks.
package final class EventDispatcher: Sendable {
    /// The longest that an event waits for a thread that is not busy.
    package static let longestWait = SessionClock.interval

    private struct State {
        var ready = Deque<EventQueue>()
        /// How many queues ever were ready.
        var scheduled = 0
        /// When the threads that rest look at `ready`, without being woken up.
        var looks: [Instant] = []
        var isStopping = false

        /// Something waits that nobody would look at soon.
        var mustWake: Bool { !ready.isEmpty && looks.isEmpty }

        /// The first tick that no other thread looks at.
        mutating func takeLook(after now: Instant) -> Instant {
            let interval = EventDispatcher.longestWait.rawValue
            var look = Instant(nanoseconds: (now.nanoseconds / interval + 1) * interval)
            while looks.contains(look) { look += EventDispatcher.longestWait }
            looks.append(look)
            return look
        }
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
            state.scheduled += 1
            return state.mustWake
        }
    }

    /// Delivers what waits, then ends the threads and waits for them.
    package func stop() {
        state.update { $0.isStopping = true }
        for thread in threads { thread.join() }
    }

    private static func run(_ state: Monitor<State>) {
        while waitForEvents(state) {
            repeat { deliver(state) } while rest(state)
        }
    }

    /// - Returns: false when the thread is to end.
    private static func waitForEvents(_ state: Monitor<State>) -> Bool {
        state.wait { state -> Bool? in
            guard state.ready.isEmpty else { return true }
            return state.isStopping ? false : nil
        } ?? false
    }

    /// Delivers until nothing waits.
    private static func deliver(_ state: Monitor<State>) {
        while let queue = state.read({ $0.ready.popFirst() }) {
            // The callback may take long: what waits behind it is another thread's.
            state.wakeOne { $0.mustWake }
            if queue.deliverSome() { state.read { $0.ready.append(queue) } }
        }
    }

    /// - Returns: Whether something came meanwhile; another thread may have taken it.
    private static func rest(_ state: Monitor<State>) -> Bool {
        let (look, scheduled) = state.read { ($0.takeLook(after: .monotonicNow), $0.scheduled) }
        _ = state.wait(until: look) { $0.isStopping ? true : nil }
        return state.read { state in
            state.looks.removeAll { $0 == look }
            return state.scheduled > scheduled
        }
    }
}
