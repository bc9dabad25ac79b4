// Synchronization is allowed here although Core is otherwise free of it: a ring between two threads *is* its atomics,
// and the module brings no run-time dependency (it is not Foundation).
internal import Synchronization

/// Caller audio on its way from a host thread to the event loop: a ring of bytes for one writer and one reader.
///
///     host thread ── write ──▶ [ .. read | readable ...... | free .. ] ── read ──▶ event loop
///                              dropped ▲ by the writer when full
///
/// *Full* means: the writer drops the **oldest** bytes, as much as the new ones need, and never waits. Old audio is
/// worth less than new audio, and a host thread must not block on us.
///
/// Positions count all bytes ever written and never wrap (64 bits last for millions of years), so a position names a
/// byte for ever: the reader sees a gap in the positions exactly where bytes were dropped.
///
/// Protocol of the atomics:
/// - `written` is stored by the writer alone: *release* after the bytes are in place; the reader loads it with
///   *acquire*.
/// - `consumed` is moved by both, by compare-and-exchange only, and only forward. The reader moves it over what it has
///   copied; the writer moves it over what it is about to overwrite, **before** it overwrites.
/// - The bytes lie in atomic words that are stored and loaded relaxed, because the reader may be copying the very bytes
///   that the writer drops. It then holds a mixture, but its exchange of `consumed` fails and it copies again: the
///   writer's release fence after its exchange and the reader's acquire fence before its own make sure that whoever
///   has seen one new byte also sees the moved position (Boehm, "Can seqlocks get along with programming language
///   memory models?", 2012).
///
/// The writer never retries more often than the reader moves; the reader gives up after `readAttempts` lost races,
/// which takes a writer that fills the whole ring again and again meanwhile.
///
/// After `init` nothing allocates.
package final class SampleRing: Sendable {
    /// What one `read` gave.
    package struct Chunk: Equatable, Sendable {
        /// Position of the first byte read; larger than the end of the chunk before when bytes were dropped.
        package let position: Int64
        /// [bytes] read; 0 when there were none.
        package let count: Int
    }

    /// [bytes] that the ring holds at most.
    package let capacity: Int
    /// [bytes] Writes, reads and drops are whole multiples of this: one sample, so that samples are never torn.
    package let granule: Int

    private static let readAttempts = 8
    private let words: Words
    private let written = Atomic<Int64>(0)
    private let consumed = Atomic<Int64>(0)
    private let dropped = Atomic<Int64>(0)

    /// - Parameters:
    ///   - capacity: [bytes] rounded up so that it is a whole number of granules and of 8-byte words; at least 8.
    ///   - granule: [bytes] 1 for G.711, 2 for PCM16; at least 1.
    package init(capacity: Int, granule: Int) {
        self.granule = max(1, granule)
        let unit = self.granule * 8
        self.capacity = max(1, (capacity + unit - 1) / unit) * unit
        words = Words(count: self.capacity / 8)
    }

    /// [bytes] dropped so far because the reader was too slow. Threads: any.
    package var droppedBytes: Int64 { dropped.load(ordering: .relaxed) }

    /// [bytes] accepted so far, dropped ones included. Threads: any.
    package var writtenBytes: Int64 { written.load(ordering: .acquiring) }

    /// Appends `bytes`, dropping the oldest ones when they do not fit.
    ///
    /// - Parameter bytes: a whole number of granules; a torn rest at the end is left out.
    /// - Returns: [bytes] dropped by this call; 0 in good times.
    /// - Important: the writer's thread only. Never blocks.
    @discardableResult
    package func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = bytes.count - bytes.count % granule
        if count == 0 { return 0 }
        let start = written.load(ordering: .relaxed)
        let end = start + Int64(count)
        // Of more than a whole ring only the newest part is kept; the rest counts as written and dropped at once.
        let skipped = max(0, count - capacity)
        let lost = makeRoom(until: end - Int64(capacity))
        words.store(UnsafeRawBufferPointer(rebasing: bytes[skipped..<count]), at: start + Int64(skipped))
        written.store(end, ordering: .releasing)
        if lost > 0 { dropped.wrappingAdd(Int64(lost), ordering: .relaxed) }
        return lost
    }

    /// Copies the oldest bytes out and frees them.
    ///
    /// - Returns: what was read: whole granules, at most `buffer.count` bytes.
    /// - Important: the reader's thread only. Never blocks.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Chunk {
        var start = consumed.load(ordering: .acquiring)
        for _ in 0..<Self.readAttempts {
            let available = written.load(ordering: .acquiring) - start
            // Negative while a write larger than the ring is under way: nothing readable is left, the new is not here
            // yet.
            let most = Int(max(0, min(available, Int64(buffer.count))))
            let count = most - most % granule
            if count == 0 { return Chunk(position: start, count: 0) }
            words.load(into: UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count]), at: start)
            atomicMemoryFence(ordering: .acquiring)
            let (won, current) = consumed.compareExchange(
                expected: start, desired: start + Int64(count), ordering: .acquiringAndReleasing)
            if won { return Chunk(position: start, count: count) }
            start = current
        }
        return Chunk(position: start, count: 0)
    }

    /// Moves `consumed` to at least `target`, so that the bytes before it may be overwritten.
    ///
    /// - Returns: [bytes] lost: unread ones moved over, and of a write larger than the ring those that are not kept.
    private func makeRoom(until target: Int64) -> Int {
        var current = consumed.load(ordering: .acquiring)
        var lost = 0
        while current < target {
            let (won, seen) = consumed.compareExchange(
                expected: current, desired: target, ordering: .acquiringAndReleasing)
            if won {
                lost = Int(target - current)
                break
            }
            current = seen
        }
        // Whoever sees a byte of the coming store also sees that `consumed` has moved.
        atomicMemoryFence(ordering: .releasing)
        return lost
    }
}

/// Bytes in atomic 8-byte words, addressed by a position that wraps around. One thread stores, any thread loads.
///
/// `@unchecked Sendable`: the pointer never changes after `init`, and all access goes through the words' atomics.
private final class Words: @unchecked Sendable {
    private let base: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    init(count: Int) {
        self.count = count
        base = .allocate(capacity: count)
        for index in 0..<count { (base + index).initialize(to: Atomic<UInt64>(0)) }
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    func store(_ bytes: UnsafeRawBufferPointer, at position: Int64) {
        var done = 0
        while done < bytes.count {
            let place = place(of: position, after: done)
            let whole = wholeWords(from: place, of: bytes.count - done)
            if whole > 0 {
                let first = base + place / 8
                for index in 0..<whole {
                    let value = bytes.loadUnaligned(fromByteOffset: done &+ index &* 8, as: UInt64.self)
                    first[index].store(UInt64(littleEndian: value), ordering: .relaxed)
                }
                done += whole * 8
            } else {
                let part = min(8 - place % 8, bytes.count - done)
                store(UnsafeRawBufferPointer(rebasing: bytes[done..<done + part]), inWordAt: place)
                done += part
            }
        }
    }

    func load(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) {
        var done = 0
        while done < bytes.count {
            let place = place(of: position, after: done)
            let whole = wholeWords(from: place, of: bytes.count - done)
            if whole > 0 {
                let first = base + place / 8
                for index in 0..<whole {
                    let value = first[index].load(ordering: .relaxed)
                    bytes.storeBytes(of: value.littleEndian, toByteOffset: done &+ index &* 8, as: UInt64.self)
                }
                done += whole * 8
            } else {
                let value = base[place / 8].load(ordering: .relaxed)
                let part = min(8 - place % 8, bytes.count - done)
                for index in 0..<part {
                    bytes[done + index] = UInt8(truncatingIfNeeded: value >> UInt64((place % 8 + index) * 8))
                }
                done += part
            }
        }
    }

    /// Where in the ring the byte lies that comes so many after `position`.
    private func place(of position: Int64, after offset: Int) -> Int {
        Int((position + Int64(offset)) % Int64(count * 8))
    }

    /// Words that begin at `place`, are filled by so many bytes, and end at or before the end of the ring.
    private func wholeWords(from place: Int, of bytes: Int) -> Int {
        place % 8 == 0 ? min(bytes / 8, count - place / 8) : 0
    }

    /// Changes a part of one word. Only this thread stores, so load, change and store need not be one step.
    private func store(_ bytes: UnsafeRawBufferPointer, inWordAt place: Int) {
        let word = base + place / 8
        var value = word.pointee.load(ordering: .relaxed)
        for index in bytes.indices {
            let bits = UInt64((place % 8 + index) * 8)
            value = value & ~(0xFF << bits) | UInt64(bytes[index]) << bits
        }
        word.pointee.store(value, ordering: .relaxed)
    }
}
