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

    /// Fires with the tick that is at least so long after the latest one: the clock is not read, and the loop is awake
    /// then.
    package func arm(throughTicks time: Nanoseconds) { clock.arm(self, until: clock.tick(after: time)) }

    /// Without effect when it is not armed.
    package func cancel() { clock.disarm(self) }
}

/// The armed timers of a loop. The earliest is read off an array of numbers, which is gone through only when one may be
/// due; timers that are not due are not touched.
struct ArmedTimers {
    /// One arming.
    struct Entry {
        let timer: ClockTimer
        fileprivate let order: Order
    }

    /// By the deadline; of those for the same moment the one that was armed first fires first.
    fileprivate struct Order: Comparable {
        var due: Instant
        var number: UInt64

        static func < (left: Order, right: Order) -> Bool { (left.due, left.number) < (right.due, right.number) }
    }

    /// Timers, to begin with.
    static let room = 64

    /// Each at its timer's place.
    private var orders: [Order] = []
    private var timers: [ClockTimer] = []
    private var lastNumber: UInt64 = 0
    /// None is due before; it may be earlier than the earliest.
    private var soonest = Instant.distantFuture

    init() {
        orders.reserveCapacity(Self.room)
        timers.reserveCapacity(Self.room)
    }

    mutating func arm(_ timer: ClockTimer, until due: Instant) {
        lastNumber += 1
        let order = Order(due: due, number: lastNumber)
        if timer.place < 0 {
            timer.place = timers.count
            timers.append(timer)
            orders.append(order)
        } else {
            orders[timer.place] = order
        }
        soonest = min(soonest, due)
    }

    mutating func disarm(_ timer: ClockTimer) {
        let place = timer.place
        guard place >= 0 else { return }
        timer.place = -1
        let (last, order) = (timers.removeLast(), orders.removeLast())
        guard place < timers.count else { return }
        (timers[place], orders[place]) = (last, order)
        last.place = place
    }

    /// When the earliest is due, if that is before `limit`.
    mutating func earliest(before limit: Instant) -> Instant? {
        guard soonest < limit else { return nil }
        soonest = orders.lazy.map(\.due).min() ?? .distantFuture
        return soonest < limit ? soonest : nil
    }

    /// Adds what is due, in order.
    func add(due now: Instant, to list: inout [Entry]) {
        guard soonest <= now else { return }
        for (place, order) in orders.enumerated() where order.due <= now {
            list.append(Entry(timer: timers[place], order: order))
        }
        if list.count > 1 { list.sort { $0.order < $1.order } }
    }

    /// - Returns: false when it was cancelled or armed again meanwhile.
    mutating func take(_ entry: Entry) -> Bool {
        let place = entry.timer.place
        guard place >= 0, orders[place] == entry.order else { return false }
        disarm(entry.timer)
        return true
    }
}
