internal import CLinux
internal import DequeModule
internal import Glibc
internal import Synchronization
package import VoiceEngineCore
package import VoiceEngineSession
internal import VoiceEngineThreads

/// An event and its number within its call.
package struct NumberedEvent: Sendable {
    package let number: UInt64
    package fileprivate(set) var event: SessionEvent
}

/// The events of one call that wait for the host: delivered in order and one at a time.
///
/// Full means: the newest events are dropped, the numbers show a gap, and where it begins a `slowHost` tells how many
/// are missing; `closed` is always kept.
package final class EventQueue: Sendable {
    package static let capacity = 1_024

    /// Where the events go.
    package enum Destination: Sendable {
        /// Event threads hand them over one by one.
        case callback(@Sendable (NumberedEvent) -> Void)
        /// The host takes them.
        case polled
        /// Nobody wants them.
        case nowhere
    }

    fileprivate struct State {
        var events = Deque<NumberedEvent>()
        var lastNumber: UInt64 = 0
        /// The newest event that waits tells how many were dropped after it.
        var isDropping = false
        /// The thread that runs the host's callback right now.
        var deliverer: pthread_t?
        var isScheduled = false
        var isClosed = false
    }

    private let destination: Destination
    private let dispatcher: EventDispatcher
    private let state = Monitor(State())
    /// Readable while events wait; -1 unless the host polls.
    package let descriptor: Int32

    /// - Throws: `limit` when the process has no descriptor left.
    package init(dispatcher: EventDispatcher, to destination: Destination) throws(VoiceError) {
        self.dispatcher = dispatcher
        self.destination = destination
        guard case .polled = destination else {
            descriptor = -1
            return
        }
        descriptor = voice_event_descriptor()
        if descriptor < 0 {
            throw VoiceError(.limit, "no descriptor is left for the session's events: errno \(errno)")
        }
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    package var isPolled: Bool {
        if case .polled = destination { true } else { false }
    }

    package func push(_ event: SessionEvent) {
        if case .nowhere = destination { return }
        let mustSchedule = state.update { state -> Bool in
            guard state.append(event), case .callback = destination, !state.isScheduled else { return false }
            state.isScheduled = true
            return true
        }
        if mustSchedule { dispatcher.schedule(self) }
        if descriptor >= 0 { voice_event_raise(descriptor) }
    }

    /// Takes the oldest event; for hosts that poll.
    package func next() -> NumberedEvent? {
        let (event, isEmpty) = state.update { state in (state.pop(), state.events.isEmpty) }
        if isEmpty, descriptor >= 0 {
            voice_event_clear(descriptor)
            // One that was pushed between the two is announced again.
            if !state.read({ $0.events.isEmpty }) { voice_event_raise(descriptor) }
        }
        return event
    }

    /// Delivers a few events; called by one dispatcher thread at a time.
    /// - Returns: whether more wait.
    func deliverSome() -> Bool {
        guard case .callback(let deliver) = destination else { return false }
        for _ in 0..<32 {
            let next = state.update { state -> NumberedEvent? in
                guard let event = state.pop() else {
                    state.isScheduled = false
                    return nil
                }
                state.deliverer = pthread_self()
                return event
            }
            guard let next else { return false }
            deliver(next)
            state.update { $0.deliverer = nil }
        }
        return true
    }

    /// Whether this thread is inside the host's callback for this call.
    package var isInsideCallback: Bool { deliverer == pthread_self() }

    private var deliverer: pthread_t? { state.read { $0.deliverer } }

    /// No event waits and no callback runs.
    package var isIdle: Bool { state.read { $0.isIdle } }

    /// Waits a while for everything that was pushed to be delivered.
    package func drain(for time: Nanoseconds) {
        guard case .callback = destination else { return }
        _ = state.wait(for: time) { $0.isIdle ? true : nil }
    }

    /// Drops what waits for a callback and takes nothing more; waits for a callback that runs on another thread, unless
    /// that thread waits for a callback of this one.
    package func close() {
        guard case .callback = destination else { return }
        state.update { state in
            state.isClosed = true
            state.events.removeAll()
        }
        let me = pthread_self()
        guard Self.waiters.begin(me, for: self) else { return }
        _ = state.wait { state in state.deliverer == nil || state.deliverer == me ? true : nil }
        Self.waiters.end(me)
    }

    /// Which thread waits for whose callback. Two callbacks may destroy each other's calls.
    private static let waiters = Waiters()

    private final class Waiters: Sendable {
        private let queues = Mutex<[pthread_t: EventQueue]>([:])

        /// - Returns: false when waiting would never end.
        func begin(_ thread: pthread_t, for queue: EventQueue) -> Bool {
            queues.withLock { queues in
                var next: EventQueue? = queue
                // Longer chains than there are waiting threads are circles of others.
                for _ in 0...queues.count {
                    guard let deliverer = next?.deliverer else { break }
                    if deliverer == thread { return false }
                    next = queues[deliverer]
                }
                queues[thread] = queue
                return true
            }
        }

        func end(_ thread: pthread_t) { queues.withLock { $0[thread] = nil } }
    }
}

extension EventQueue.State {
    /// - Returns: Whether something new waits.
    fileprivate mutating func append(_ event: SessionEvent) -> Bool {
        lastNumber += 1
        if isClosed { return false }
        if event.kind != .closed {
            if isDropping {
                noteDropped()
                return false
            }
            if events.count >= EventQueue.capacity {
                var note = SessionEvent(.slowHost, turn: event.turn, time: event.time)
                note.text = "events were dropped: the host takes them too slowly"
                note.value = 1
                events.append(NumberedEvent(number: lastNumber, event: note))
                isDropping = true
                return true
            }
        }
        events.append(NumberedEvent(number: lastNumber, event: event))
        return true
    }

    /// The note takes the number of the first dropped event; the gap is behind it.
    private mutating func noteDropped() {
        if !events.isEmpty { events[events.count - 1].event.value += 1 }
    }

    fileprivate mutating func pop() -> NumberedEvent? {
        let event = events.popFirst()
        if events.count < EventQueue.capacity / 2 { isDropping = false }
        return event
    }

    fileprivate var isIdle: Bool { events.isEmpty && deliverer == nil && !isScheduled }
}
