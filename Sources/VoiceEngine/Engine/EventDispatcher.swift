internal import DequeModule
internal import Glibc
internal import VoiceEngineThreads

// Events on their way to the host. They leave the loops at once and are delivered on the engine's event threads, so
// that a slow host delays its own events only.

/// The event threads of one engine.
package final class EventDispatcher: Sendable {
    private struct State {
        var ready = Deque<EventQueue>()
        var isStopping = false
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

    func schedule(_ queue: EventQueue) { state.update { $0.ready.append(queue) } }

    /// Delivers what waits, then ends the threads and waits for them.
    package func stop() {
        state.update { $0.isStopping = true }
        for thread in threads { thread.join() }
    }

    private static func run(_ state: Monitor<State>) {
        while true {
            let queue = state.wait { state -> EventQueue?? in
                if let queue = state.ready.popFirst() { return .some(queue) }
                return state.isStopping ? .some(nil) : nil
            }
            guard let queue = queue ?? nil else { return }
            if queue.deliverSome() { state.update { $0.ready.append(queue) } }
        }
    }
}
