internal import CLinux
internal import DequeModule
internal import Glibc
package import VoiceEngineSession

// Events on their way to the host. They leave the loops at once and are delivered on the engine's event threads, so that a slow host
// delays its own events only. A queue belongs to one call: its events are delivered in order and one at a time. Full means: the newest
// event is dropped and the numbers show a gap; `closed` is always kept.

/// An event and its number within its call.
package struct NumberedEvent: Sendable {
    package let number: UInt64
    package let event: SessionEvent
}

/// The events of one call that wait for the host.
package final class EventQueue: Sendable {
    package static let capacity = 1_024

    private struct State {
        var events = Deque<NumberedEvent>()
        var lastNumber: UInt64 = 0
        /// The thread that runs the host's callback right now.
        var deliverer: pthread_t?
        var isScheduled = false
        var isClosed = false
    }

    /// nil: the host polls.
    private let deliver: (@Sendable (NumberedEvent) -> Void)?
    private let dispatcher: EventDispatcher
    private let state = Monitor(State())
    /// Readable while events wait; -1 when the host is called back.
    package let descriptor: Int32

    package init(dispatcher: EventDispatcher, deliver: (@Sendable (NumberedEvent) -> Void)?) {
        self.dispatcher = dispatcher
        self.deliver = deliver
        descriptor = deliver == nil ? voice_event_descriptor() : -1
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    package var isPolled: Bool { deliver == nil }

    package func push(_ event: SessionEvent) {
        let mustSchedule = state.update { state -> Bool in
            state.lastNumber += 1
            guard !state.isClosed, state.events.count < Self.capacity || event.kind == .closed else { return false }
            state.events.append(NumberedEvent(number: state.lastNumber, event: event))
            guard deliver != nil, !state.isScheduled else { return false }
            state.isScheduled = true
            return true
        }
        if mustSchedule { dispatcher.schedule(self) }
        if descriptor >= 0 { voice_event_raise(descriptor) }
    }

    /// Takes the oldest event; for hosts that poll.
    package func next() -> NumberedEvent? {
        let (event, isEmpty) = state.update { state in (state.events.popFirst(), state.events.isEmpty) }
        if isEmpty, descriptor >= 0 {
            voice_event_clear(descriptor)
            // One that was pushed between the two is announced again.
            if !state.read({ $0.events.isEmpty }) { voice_event_raise(descriptor) }
        }
        return event
    }

    /// Delivers a few events; called by one dispatcher thread at a time.
    /// - Returns: whether more wait.
    fileprivate func deliverSome() -> Bool {
        for _ in 0..<32 {
            let next = state.update { state -> NumberedEvent? in
                guard let event = state.events.popFirst() else {
                    state.isScheduled = false
                    return nil
                }
                state.deliverer = pthread_self()
                return event
            }
            guard let next, let deliver else { return false }
            deliver(next)
            state.update { $0.deliverer = nil }
        }
        return true
    }

    /// Whether this thread is inside the host's callback for this call.
    package var isInsideCallback: Bool {
        state.read { state in state.deliverer.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    /// Waits until everything that was pushed has been delivered and no callback runs.
    package func drain() {
        guard deliver != nil else { return }
        _ = state.wait { $0.events.isEmpty && $0.deliverer == nil && !$0.isScheduled ? true : nil }
    }

    /// Drops what waits and takes nothing more; waits for a callback that runs on another thread.
    package func close() {
        state.update { state in
            state.isClosed = true
            state.events.removeAll()
        }
        _ = state.wait { state in
            guard let deliverer = state.deliverer else { return true }
            return pthread_equal(deliverer, pthread_self()) != 0 ? true : nil
        }
    }
}

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
            WorkerThread(name: "voice-event-\(index)") { Self.run(state) }
        }
    }

    package var isRunning: Bool { threads.allSatisfy(\.isRunning) }
    package var isCurrentThread: Bool { threads.contains(where: \.isCurrent) }

    fileprivate func schedule(_ queue: EventQueue) { state.update { $0.ready.append(queue) } }

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
