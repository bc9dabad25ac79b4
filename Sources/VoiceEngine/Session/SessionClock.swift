package import NIOCore
package import VoiceEngineCore

/// Something that wants every tick of its loop.
package protocol Ticking: AnyObject {
    /// - Parameter now: The tick's own time, the same for all calls of the loop.
    func tick(at now: Instant)
}

/// The one timer of an event loop that drives the frames of all its calls. Confined to the loop; it runs while it has
/// calls.
package final class SessionClock {
    /// Half of the usual 20 ms frame, so that a frame is never more than that late.
    package static let interval = Nanoseconds.milliseconds(10)

    private let eventLoop: any EventLoop
    private var calls: [any Ticking] = []
    private var timer: Scheduled<Void>?
    private let lateness: (Nanoseconds) -> Void

    /// - Parameter lateness: Told with each tick how late it came.
    package init(eventLoop: any EventLoop, lateness: @escaping (Nanoseconds) -> Void = { _ in }) {
        self.eventLoop = eventLoop
        self.lateness = lateness
    }

    package var count: Int { calls.count }

    package func add(_ call: any Ticking) {
        eventLoop.assertInEventLoop()
        calls.append(call)
        if timer == nil { schedule(eventLoop.instant + Self.interval) }
    }

    package func remove(_ call: any Ticking) {
        eventLoop.assertInEventLoop()
        calls.removeAll { $0 === call }
        guard calls.isEmpty else { return }
        timer?.cancel()
        timer = nil
    }

    private func schedule(_ due: Instant) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleTask(deadline: due.deadline) { bound.value.fire(due: due) }
    }

    private func fire(due: Instant) {
        let late = eventLoop.instant - due
        lateness(late)
        // Calls are told the time on the grid, not the moment that the loop came to them: pacing must not see its
        // jitter. After a stall the missed ticks are skipped.
        let missed = max(late.rawValue, 0) / Self.interval.rawValue
        let time = due + Self.interval * missed
        timer = nil
        for call in calls { call.tick(at: time) }
        if !calls.isEmpty, timer == nil { schedule(time + Self.interval) }
    }
}
