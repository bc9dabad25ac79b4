package import VoiceEngineCore

/// One timer of a call: arming it again replaces the earlier deadline. Confined to the loop of its clock.
///
/// Speech arms and puts off timers with nearly every frame. With the event loop each of these would be a task of its own,
/// which is allocated and finds its place among the tasks of all calls; here it is a number in an array.
package final class ClockTimer {
    private let clock: SessionClock
    let fired: (Instant) -> Void
    /// Where it is in the list of those that are armed; -1: it is not.
    fileprivate var place = -1

    /// - Parameter fired: Told the time. Kept as long as the timer is.
    package init(_ clock: SessionClock, fired: @escaping (Instant) -> Void) {
        self.clock = clock
        self.fired = fired
    }

    package func arm(until deadline: Instant) { clock.arm(self, until: deadline) }

    /// Without effect when it is not armed.
    package func cancel() { clock.disarm(self) }
}

/// The armed timers of a loop. The earliest is read off an array, which is gone through only when one may be due.
struct ArmedTimers {
    /// One arming.
    struct Entry {
        let timer: ClockTimer
        fileprivate(set) var due: Instant
        /// Of those for the same moment the one that was armed first fires first.
        fileprivate(set) var number: UInt64
    }

    private var entries: [Entry] = []
    private var lastNumber: UInt64 = 0
    /// None is due before; it may be earlier than the earliest.
    private var soonest = Instant.distantFuture

    mutating func arm(_ timer: ClockTimer, until due: Instant) {
        lastNumber += 1
        if timer.place < 0 {
            timer.place = entries.count
            entries.append(Entry(timer: timer, due: due, number: lastNumber))
        } else {
            entries[timer.place].due = due
            entries[timer.place].number = lastNumber
        }
        soonest = min(soonest, due)
    }

    mutating func disarm(_ timer: ClockTimer) {
        let place = timer.place
        guard place >= 0 else { return }
        timer.place = -1
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        last.timer.place = place
    }

    /// When the earliest is due, if that is before `limit`.
    mutating func earliest(before limit: Instant) -> Instant? {
        guard soonest < limit else { return nil }
        soonest = entries.lazy.map(\.due).min() ?? .distantFuture
        return soonest < limit ? soonest : nil
    }

    /// What is due, in the order of its deadlines.
    func due(at now: Instant) -> [Entry] {
        guard soonest <= now else { return [] }
        return entries.filter { $0.due <= now }.sorted { ($0.due, $0.number) < ($1.due, $1.number) }
    }

    /// - Returns: false when it was cancelled or armed again meanwhile.
    mutating func take(_ entry: Entry) -> Bool {
        let place = entry.timer.place
        guard place >= 0, entries[place].number == entry.number else { return false }
        disarm(entry.timer)
        return true
    }
}
