package import NIOCore
package import VoiceEngineCore

/// Something that a loop's clock drives.
package protocol Ticking: AnyObject {
    /// Where it sits at its clock; the clock's own.
    var seat: SessionClock.Seat { get set }

    /// - Parameter now: The tick's own time, the same for all of the loop.
    /// - Returns: When it wants to be ticked again: with the first tick at or after that. `now` is the next one. Whoever
    ///   gets something to do earlier calls `SessionClock.wake`.
    func tick(at now: Instant) -> Instant
}

/// The one timer of an event loop that drives the frames of all its calls, and their timers. Confined to the loop; it
/// ticks while somebody sits at it.
///
/// Who is due is read off an array: a call that has nothing to do is not touched, which among many calls is what a tick
/// costs. Timers come up at their own time, not at a tick's; but only what is due before the next tick takes a task of
/// the event loop.
package final class SessionClock {
    /// Half of the usual 20 ms frame, so that a frame is never more than that late.
    package static let interval = Nanoseconds.milliseconds(10)

    package struct Seat: Sendable {
        /// -1: none.
        fileprivate var index = -1

        package init() {}
    }

    private struct Place {
        let sitter: any Ticking
        var due: Instant
    }

    private let eventLoop: any EventLoop
    private var places: [Place] = []
    /// The next tick; nil while nobody sits here, and during a tick.
    private var timer: Scheduled<Void>?
    /// When the next tick is; nobody sitting here: none is.
    private var nextTick = Instant.distantFuture
    private var armed = ArmedTimers()
    /// Empty but while timers fire.
    private var firing: [ArmedTimers.Entry] = []
    /// For timers that are due before the next tick.
    private var bell: (task: Scheduled<Void>, due: Instant)?
    /// Time of the latest tick.
    package private(set) var time: Instant
    private let lateness: (Nanoseconds) -> Void

    /// - Parameter lateness: Told with each tick how late it came.
    package init(eventLoop: any EventLoop, lateness: @escaping (Nanoseconds) -> Void = { _ in }) {
        self.eventLoop = eventLoop
        time = eventLoop.instant
        self.lateness = lateness
        firing.reserveCapacity(ArmedTimers.room)
    }

    package var count: Int { places.count }

    /// From the next tick on.
    package func add(_ sitter: any Ticking) {
        eventLoop.assertInEventLoop()
        guard sitter.seat.index < 0 else { return wake(sitter) }
        let now = eventLoop.instant
        sitter.seat.index = places.count
        // Not with the tick that is under way.
        places.append(Place(sitter: sitter, due: now + .nanoseconds(1)))
        guard timer == nil else { return }
        time = now
        // Its multiples are everybody's grid: what reads sockets in rounds wakes the loop at the same moments.
        let ticks = (now - .zero).rawValue / Self.interval.rawValue
        schedule(.zero + Self.interval * (ticks + 1))
    }

    /// Without effect on who does not sit here.
    package func remove(_ sitter: any Ticking) {
        eventLoop.assertInEventLoop()
        let index = sitter.seat.index
        guard places.indices.contains(index), places[index].sitter === sitter else { return }
        sitter.seat.index = -1
        let last = places.removeLast()
        if index < places.count {
            places[index] = last
            last.sitter.seat.index = index
        }
        guard places.isEmpty else { return }
        timer?.cancel()
        timer = nil
        nextTick = .distantFuture
        setBell()
    }

    /// A tick is wanted by `due`, or the next one, if none was wanted earlier.
    package func wake(_ sitter: any Ticking, by due: Instant = .zero) {
        eventLoop.assertInEventLoop()
        let index = sitter.seat.index
        if places.indices.contains(index) { places[index].due = min(places[index].due, due) }
    }

    private func schedule(_ due: Instant) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        nextTick = due
        timer = eventLoop.scheduleTask(deadline: due.deadline) { bound.value.fire(due: due) }
    }

    private func fire(due: Instant) {
        let now = eventLoop.instant
        let late = now - due
        lateness(late)
        // Calls are told the time on the grid, not the moment that the loop came to them: pacing must not see its
        // jitter. After a stall the missed ticks are skipped.
        let missed = max(late.rawValue, 0) / Self.interval.rawValue
        time = due + Self.interval * missed
        timer = nil
        nextTick = time + Self.interval
        fireTimers(at: now)
        tick(at: time)
        if places.isEmpty {
            nextTick = .distantFuture
        } else if timer == nil {
            schedule(time + Self.interval)
        }
        setBell()
    }

    /// Ticks everyone who is due at this time of the grid.
    package func tick(at time: Instant) {
        self.time = time
        // From the end: who leaves gives its place to one that had its turn already.
        var index = places.count
        while index > 0 {
            index -= 1
            guard index < places.count, places[index].due <= time else { continue }
            let sitter = places[index].sitter
            let next = sitter.tick(at: time)
            guard index < places.count, places[index].sitter === sitter else { continue }
            places[index].due = max(next, time + .nanoseconds(1))
        }
    }

    /// The first tick that is at least so long after the latest one; without ticks, so long from now.
    func tick(after rest: Nanoseconds) -> Instant {
        let interval = Self.interval.rawValue
        let latest = places.isEmpty ? eventLoop.instant : time
        return latest + Self.interval * ((rest.rawValue + interval - 1) / interval)
    }

    // MARK: - Timers

    /// Takes the place of what it was armed for before.
    func arm(_ timer: ClockTimer, until due: Instant) {
        eventLoop.assertInEventLoop()
        armed.arm(timer, until: due)
        if due < nextTick { ring(by: due) }
    }

    func disarm(_ timer: ClockTimer) {
        eventLoop.assertInEventLoop()
        armed.disarm(timer)
    }

    /// What is due before the next tick does not wait for it.
    private func setBell() {
        if let due = armed.earliest(before: nextTick) { ring(by: due) }
    }

    private func ring(by due: Instant) {
        guard due < .distantFuture else { return }
        if let bell {
            if bell.due <= due { return }
            bell.task.cancel()
        }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        bell = (eventLoop.scheduleTask(deadline: due.deadline) { bound.value.rang() }, due)
    }

    private func rang() {
        bell = nil
        fireTimers(at: eventLoop.instant)
        setBell()
    }

    private func fireTimers(at now: Instant) {
        // What is armed for now meanwhile waits for the next time.
        armed.add(due: now, to: &firing)
        for entry in firing where armed.take(entry) { entry.timer.fired(now) }
        firing.removeAll(keepingCapacity: true)
    }
}
