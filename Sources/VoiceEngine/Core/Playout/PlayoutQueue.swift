/// Reply audio that waits to be played, and what was handed out but not heard yet, so that it can be played again.
///
///     start ──── handed out, kept ──── cursor ──── waiting ──── end
///
/// Positions count the samples of all replies of the call from 0. Storage is one ring that grows by half up to `capacity`
/// and is given back when all of it was heard or dropped: between replies another call may need it. Reading and
/// giving back never allocate.
package struct PlayoutQueue: ~Copyable {
    /// Oldest sample kept.
    package private(set) var start: Int64 = 0
    /// Next sample to hand out.
    package private(set) var cursor: Int64 = 0
    /// After the newest sample.
    package private(set) var end: Int64 = 0

    /// [samples] Of the ring at first: half a second at 8 kHz.
    private static let small = 4_096

    private var ring: [Int16]
    /// The first ring while a larger one is in use, so that giving back allocates nothing; else empty.
    private var first: [Int16] = []
    private let capacity: Int

    /// - Parameter capacity: Most samples kept at a time, waiting and handed out together.
    package init(capacity: Int) {
        self.capacity = max(capacity, 1)
        ring = [Int16](repeating: 0, count: Self.small)
    }

    /// Samples that wait.
    package var waiting: Int { Int(end - cursor) }

    /// [samples] The ring's size.
    package var allocated: Int { ring.count }

    /// Adds audio behind what waits.
    /// - Returns: How many samples were taken; fewer than given when the queue is full.
    package mutating func append(_ samples: UnsafeBufferPointer<Int16>) -> Int {
        let taken = min(samples.count, capacity - Int(end - start))
        guard taken > 0 else { return 0 }
        reserve(Int(end - start) + taken)
        let place = offset(of: end)
        let atEnd = min(taken, ring.count - place)
        ring.withUnsafeMutableBufferPointer { ring in
            _ = ring[place...].update(fromContentsOf: samples[..<atEnd])
            _ = ring.update(fromContentsOf: samples[atEnd..<taken])
        }
        end += Int64(taken)
        return taken
    }

    /// Hands out up to `buffer.count` samples.
    /// - Returns: How many; the rest of the buffer is untouched.
    package mutating func read(into buffer: UnsafeMutableBufferPointer<Int16>) -> Int {
        let count = min(buffer.count, waiting)
        peek(from: cursor, count: count, into: buffer)
        cursor += Int64(count)
        return count
    }

    /// Copies samples without handing them out, from any kept position.
    /// - Returns: How many were there.
    package func peek(at position: Int64, into buffer: UnsafeMutableBufferPointer<Int16>) -> Int {
        let from = min(max(position, start), end)
        let count = min(buffer.count, Int(end - from))
        peek(from: from, count: count, into: buffer)
        return count
    }

    /// The next read continues here; limited to what is kept.
    package mutating func rewind(to position: Int64) { cursor = min(max(position, start), end) }

    /// Samples before this position have been heard and are not needed again.
    package mutating func release(before position: Int64) {
        start = min(max(position, start), cursor)
        giveBack()
    }

    /// Drops what waits behind this position; what was handed out stays.
    package mutating func truncate(to position: Int64) { end = min(max(position, cursor), end) }

    /// Lets the last samples that wait fade out, up to `count` of them.
    package mutating func taper(_ count: Int) {
        let count = min(count, waiting)
        guard count > 0 else { return }
        for step in 1...count {
            let index = offset(of: end - Int64(step))
            // The last sample becomes 0.
            ring[index] = Int16(Int32(ring[index]) * Int32(step - 1) / Int32(count))
        }
    }

    /// Drops everything: the reply is cancelled. What comes next has positions of its own, so that a late report about
    /// what was dropped is never taken for it.
    package mutating func drop() {
        cursor = end
        start = end
        giveBack()
    }

    // MARK: -

    private func offset(of position: Int64) -> Int { Int(position) % ring.count }

    private func peek(from position: Int64, count: Int, into buffer: UnsafeMutableBufferPointer<Int16>) {
        guard count > 0 else { return }
        let place = offset(of: position)
        let atEnd = min(count, ring.count - place)
        ring.withUnsafeBufferPointer { ring in
            _ = buffer.update(fromContentsOf: ring[place..<place + atEnd])
            _ = buffer[atEnd...].update(fromContentsOf: ring[..<(count - atEnd)])
        }
    }

    /// Grows the ring so that it holds `count` samples; positions keep their samples.
    private mutating func reserve(_ count: Int) {
        guard count > ring.count else { return }
        var size = ring.count
        while size < count { size += size / 2 }
        size = max(min(size, capacity), count)
        var larger = [Int16](repeating: 0, count: size)
        var position = start
        while position < end {
            let (from, to) = (offset(of: position), Int(position) % size)
            let run = min(ring.count - from, size - to, Int(end - position))
            larger.replaceSubrange(to..<to + run, with: ring[from..<from + run])
            position += Int64(run)
        }
        if first.isEmpty { first = ring }
        ring = larger
    }

    /// Gives a ring that has grown back when nothing is in it.
    private mutating func giveBack() {
        guard start == end, !first.isEmpty else { return }
        ring = first
        first = []
    }
}
