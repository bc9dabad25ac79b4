package import VoiceEngineCore

/// One timer of a call: arming it again replaces the earlier deadline. Confined to the loop of its clock.
///
/// Speech arms and puts off timers with nearly every frame. With the event loop each of these would be a task of its own,
/// which is allocated and finds its place among the tasks of all calls; here it is a number in an array.
package final class ClockTimer {
    private let clock: SessionClock
    fileprivate let fired: (Instant) -> Void
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
    private struct Entry {
        let timer: ClockTimer
        var due: Instant
        /// Of those for the same moment the one that was armed first fires first.
        var number: UInt64
    }

    private var entries: [Entry] = []
    /// Of the latest arming.
    private(set) var lastNumber: UInt64 = 0
    /// None is due before; it may be earlier than the earliest.
    private(set) var soonest = Instant.distantFuture

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

    /// Takes out the earliest that is due and was armed no later than `number`.
    mutating func takeDue(at now: Instant, armedBy number: UInt64) -> ((Instant) -> Void)? {
        guard soonest <= now else { return nil }
        var first: Entry?
        for entry in entries where entry.due <= now && entry.number <= number {
            if let first, (first.due, first.number) < (entry.due, entry.number) { continue }
            first = entry
        }
        guard let first else { return nil }
        disarm(first.timer)
        return first.timer.fired
    }
}
