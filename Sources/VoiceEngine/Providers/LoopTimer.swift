package import NIOCore
package import VoiceEngineCore

extension Instant {
    package var deadline: NIODeadline { .uptimeNanoseconds(UInt64(clamping: nanoseconds)) }
}

/// One timer of a state machine: arming it again replaces the earlier deadline. Confined to its loop.
///
/// Taking a task back from a loop costs a search among all its tasks, those of other calls included. So a timer that is
/// put off, or cancelled, leaves its task where it is: the task finds out when it comes up.
package final class LoopTimer {
    private let eventLoop: any EventLoop
    private let fired: (Instant) -> Void
    private var deadline: Instant?
    private var task: (scheduled: Scheduled<Void>, due: Instant)?

    package init(eventLoop: any EventLoop, fired: @escaping (Instant) -> Void) {
        self.eventLoop = eventLoop
        self.fired = fired
    }

    package func arm(until deadline: Instant) {
        self.deadline = deadline
        if let task {
            if task.due <= deadline { return }
            task.scheduled.cancel()
        }
        schedule(deadline)
    }

    package func cancel() { deadline = nil }

    /// For good: nothing of it is left with the loop.
    package func close() {
        deadline = nil
        task?.scheduled.cancel()
        task = nil
    }

    private func schedule(_ due: Instant) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        task = (eventLoop.scheduleTask(deadline: due.deadline) { bound.value.cameUp() }, due)
    }

    private func cameUp() {
        task = nil
        guard let deadline else { return }
        let now = eventLoop.instant
        if now < deadline { return schedule(deadline) }
        self.deadline = nil
        fired(now)
    }
}
