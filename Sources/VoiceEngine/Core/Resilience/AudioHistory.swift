/// The newest audio of a caller, as it came, so that a recogniser that is opened late hears it too. Pure.
///
/// A ring of records (position, length, bytes); full means: the oldest records are dropped. It never allocates, and it keeps
/// to the beginning of its memory: what is left of an utterance that is over moves there, so that no more is touched than
/// the longest utterance needed. Positions are the detector's samples. A record of no bytes stands for a gap that was
/// filled with silence. Packets stay whole, so that it holds Opus as well.
package struct AudioHistory {
    /// [bytes] position (8), length (4).
    private static let header = 12
    /// [bytes] Less than this is never moved.
    private static let small = 8_192

    private let ring: UnsafeMutableRawBufferPointer
    /// Offsets that only grow; modulo the ring's size they are places in it.
    private var first = 0
    private var end = 0
    /// Where the reader stands: the record that is read next.
    private var cursor = 0
    /// Position of the oldest record, and after the newest one.
    package private(set) var start: Int64 = 0
    package private(set) var newest: Int64 = 0
    /// Records that the reader had not read when they were dropped.
    package private(set) var lost = 0

    /// - Parameter memory: Room for the audio that is kept at most, with 12 bytes for each record; not empty. Borrowed as long
    ///   as this lives. Need not be initialised.
    package init(in memory: UnsafeMutableRawBufferPointer) { ring = memory }

    private var capacity: Int { ring.count }

    package var isEmpty: Bool { first == end }
    /// The reader has read everything.
    package var isRead: Bool { cursor == end }

    /// - Parameters:
    ///   - bytes: Empty for a gap. More than the capacity is not kept.
    ///   - position: Of its first sample.
    ///   - after: Position after its last one.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, at position: Int64, until after: Int64) {
        let size = bytes.count + Self.header
        guard size <= capacity else { return }
        while end - first + size > capacity { dropFirst() }
        if first == end { start = position }
        compact()
        withUnsafeBytes(of: (position.littleEndian, UInt32(bytes.count).littleEndian)) { write($0) }
        write(bytes)
        newest = after
    }

    /// Forgets records that begin before this position and were read.
    package mutating func release(before position: Int64) {
        while first < cursor, start < position, following() <= position { dropFirst() }
    }

    /// The reader starts at the record that holds this position, or at the oldest one.
    /// - Returns: The position of that record.
    package mutating func rewind(to position: Int64) -> Int64 {
        cursor = first
        while cursor < end {
            let next = cursor + Self.header + length(at: cursor)
            guard next < end, self.position(at: next) <= position else { break }
            cursor = next
        }
        return cursor < end ? self.position(at: cursor) : newest
    }

    /// The reader has heard everything elsewhere.
    package mutating func skip() { cursor = end }

    /// The position that is read next; nil when all is read.
    package var nextPosition: Int64? { cursor < end ? position(at: cursor) : nil }

    /// Copies the next record.
    /// - Returns: Its bytes, empty for a gap; nil when all is read.
    package mutating func read(into buffer: inout [UInt8]) -> Bool {
        guard cursor < end else { return false }
        let count = length(at: cursor)
        buffer.removeAll(keepingCapacity: true)
        let from = cursor + Self.header
        let (head, tail) = parts(from: from, count)
        buffer.append(contentsOf: ring[head])
        buffer.append(contentsOf: ring[tail])
        cursor = from + count
        return true
    }

    // MARK: -

    /// Moves the records to the beginning when they fit there: each byte is moved once for one that was added.
    private mutating func compact() {
        guard end >= Self.small, end <= capacity, end - first <= first else { return }
        ring.copyMemory(from: UnsafeRawBufferPointer(rebasing: ring[first..<end]))
        cursor -= first
        end -= first
        first = 0
    }

    /// Position of the record after the oldest.
    private func following() -> Int64 {
        let next = first + Self.header + length(at: first)
        return next < end ? position(at: next) : newest
    }

    private mutating func dropFirst() {
        let next = first + Self.header + length(at: first)
        if cursor < next {
            cursor = next
            lost += 1
        }
        first = next
        start = first < end ? position(at: first) : newest
    }

    private func position(at offset: Int) -> Int64 { Int64(littleEndian: number(at: offset)) }
    private func length(at offset: Int) -> Int { Int(UInt32(littleEndian: number(at: offset + 8))) }

    private func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        let (head, tail) = parts(from: offset, MemoryLayout<Number>.size)
        if tail.isEmpty { return ring.loadUnaligned(fromByteOffset: head.lowerBound, as: Number.self) }
        var number = Number.zero
        withUnsafeMutableBytes(of: &number) { number in
            number.copyMemory(from: UnsafeRawBufferPointer(rebasing: ring[head]))
            UnsafeMutableRawBufferPointer(rebasing: number[head.count...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: ring[tail]))
        }
        return number
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) {
        let (head, tail) = parts(from: end, bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: ring[head])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<head.count]))
        UnsafeMutableRawBufferPointer(rebasing: ring[tail])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[head.count...]))
        end += bytes.count
    }

    /// Where in the ring so many bytes from an offset stand: up to its end, and from its beginning.
    private func parts(from offset: Int, _ count: Int) -> (head: Range<Int>, tail: Range<Int>) {
        let place = offset % capacity
        let atEnd = min(count, capacity - place)
        return (place..<place + atEnd, 0..<count - atEnd)
    }
}
