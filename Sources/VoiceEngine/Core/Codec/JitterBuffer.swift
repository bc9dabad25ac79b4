/// Puts packets that overtook each other back in order, and says which are lost. Pure: times are handed in.
///
/// A packet that is next goes on at once, so a stream in order is not delayed. A later one waits for those before it,
/// at most `window`, and what has not come by then is lost:
///
///     arrived(n)   is next ─► play, then `next` until it has nothing more
///                  later   ─► kept; `next` gives it once its turn or its time has come
///                  earlier ─► late: its place was played, or filled, already
///
/// Packets are known by a running number, or, where they have none, by the time of their first sample. A jump that no
/// window explains begins the stream anew, without anything being lost. All memory is taken at the start.
package struct JitterBuffer: ~Copyable {
    package struct Settings: Equatable, Sendable {
        /// How long a packet waits for those before it.
        package var window = Nanoseconds.milliseconds(60)
        /// [bytes] of the longest packet that can wait; a longer one goes on out of order.
        package var packetBytes: Int
        /// Packets that can wait. With so many the missing ones are given up before their time.
        package var packets = 8

        package init(packetBytes: Int) { self.packetBytes = packetBytes }
    }

    /// What becomes of a packet that arrived.
    package enum Verdict: Equatable, Sendable {
        case play
        case kept
        /// Too late, or a copy: not to be played.
        case late
    }

    /// What comes after what was played.
    package enum Next: Equatable, Sendable {
        case nothing
        /// A place that nothing came for. [ms]
        case lost(milliseconds: Int)
        /// The number of a slot, for `withPacket`.
        case packet(Int)
    }

    /// How the packets of the stream are counted.
    private enum Counting {
        case number
        /// [ms]
        case time
    }

    private struct Slot {
        var place: Int64 = 0
        var bytes = 0
        var milliseconds = 0
        var arrived = Instant.zero
        var isTaken = false
    }

    /// The first place that was not played; nil before the first packet.
    private var expected: Int64?
    private var counting = Counting.number
    private let settings: Settings
    private var slots: [Slot]
    private let memory: UnsafeMutableRawBufferPointer
    private var waiting = 0
    /// Packets too late in a row: so many, and it is the stream that has begun anew.
    private var lateInARow = 0
    package private(set) var lateCount: Int64 = 0
    package private(set) var lostCount: Int64 = 0

    /// A jump of so many packets is a new stream.
    private static let jump: Int64 = 50
    private static let mostLateInARow = 5
    /// [ms] filled in for one gap at most; the rest of it is left out.
    package static let mostLost = 120

    package init(_ settings: Settings) {
        self.settings = settings
        slots = Array(repeating: Slot(), count: max(1, settings.packets))
        memory = .allocate(byteCount: max(1, settings.packetBytes) * max(1, settings.packets), alignment: 8)
    }

    deinit { memory.deallocate() }

    /// A packet is there.
    ///
    /// - Parameters:
    ///   - number: Grows by one from packet to packet.
    ///   - time: Of its first sample. [ms] Counts where there is no number.
    ///   - milliseconds: Its length; 0 is taken for 20.
    package mutating func arrived(
        _ packet: UnsafeRawBufferPointer, number: Int64?, time: Int64?, milliseconds: Int, at now: Instant
    ) -> Verdict {
        guard let place = number ?? time else { return .play }
        let length = milliseconds > 0 ? min(milliseconds, 1_000) : 20
        let counted: Counting = number == nil ? .time : .number
        guard let expected, counted == counting else { return begin(place, length, counted) }
        let ahead = place.subtractingReportingOverflow(expected)
        let slack = counting == .time ? Int64(length / 2) : 0
        guard !ahead.overflow, ahead.partialValue.magnitude <= UInt64(Self.jump * step(length)) else {
            return begin(place, length, counted)
        }
        if ahead.partialValue < -slack { return late(place, length, counted) }
        lateInARow = 0
        if ahead.partialValue <= slack {
            self.expected = place &+ step(length)
            return .play
        }
        return keep(packet, place, length, at: now)
    }

    /// What is to be played now; asked until it says `nothing`.
    package mutating func next(at now: Instant) -> Next {
        guard waiting > 0, let expected, let index = first() else { return .nothing }
        let slot = slots[index]
        let slack = counting == .time ? Int64(slot.milliseconds / 2) : 0
        if slot.place &- expected > slack {
            guard waiting == slots.count || now - slot.arrived >= settings.window else { return .nothing }
            let missing = (slot.place &- expected + slack) / step(slot.milliseconds)
            lostCount += missing
            self.expected = slot.place
            return .lost(milliseconds: min(Int(missing) * slot.milliseconds, Self.mostLost))
        }
        free(index)
        // A copy of what was played in the meantime is worth nothing.
        guard slot.place &- expected >= -slack else { return next(at: now) }
        self.expected = slot.place &+ step(slot.milliseconds)
        return .packet(index)
    }

    /// The bytes of a packet that `next` gave; until the next packet arrives.
    package func withPacket<Result>(_ slot: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let start = slot * settings.packetBytes
        return body(UnsafeRawBufferPointer(rebasing: memory[start..<(start + slots[slot].bytes)]))
    }

    /// When `next` has something, even if nothing arrives until then; nil when nothing waits.
    package var deadline: Instant? {
        guard waiting > 0, let index = first() else { return nil }
        return slots[index].arrived + settings.window
    }

    // MARK: -

    private func step(_ milliseconds: Int) -> Int64 { counting == .number ? 1 : Int64(milliseconds) }

    private mutating func begin(_ place: Int64, _ length: Int, _ counted: Counting) -> Verdict {
        counting = counted
        for index in slots.indices { slots[index].isTaken = false }
        (waiting, lateInARow) = (0, 0)
        expected = place &+ step(length)
        return .play
    }

    private mutating func late(_ place: Int64, _ length: Int, _ counted: Counting) -> Verdict {
        lateInARow += 1
        if lateInARow >= Self.mostLateInARow { return begin(place, length, counted) }
        lateCount += 1
        return .late
    }

    private mutating func keep(
        _ packet: UnsafeRawBufferPointer, _ place: Int64, _ length: Int, at now: Instant
    ) -> Verdict {
        for slot in slots where slot.isTaken && slot.place == place {
            lateCount += 1
            return .late
        }
        // Full slots are emptied by `next`, which is asked after every packet; without that the packet goes on as it is.
        guard packet.count <= settings.packetBytes, let index = slots.firstIndex(where: { !$0.isTaken }) else {
            return .play
        }
        let start = index * settings.packetBytes
        UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + packet.count)]).copyMemory(from: packet)
        slots[index] = Slot(place: place, bytes: packet.count, milliseconds: length, arrived: now, isTaken: true)
        waiting += 1
        return .kept
    }

    private mutating func free(_ index: Int) {
        slots[index].isTaken = false
        waiting -= 1
    }

    /// The slot of the packet that comes first.
    private func first() -> Int? {
        var found: Int?
        for index in slots.indices where slots[index].isTaken {
            if let other = found, slots[other].place <= slots[index].place { continue }
            found = index
        }
        return found
    }
}
