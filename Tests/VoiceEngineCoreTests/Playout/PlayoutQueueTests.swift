import Testing

@testable import VoiceEngineCore

@Suite struct PlayoutQueueTests {
    private func append(_ samples: [Int16], to queue: inout PlayoutQueue) -> Int {
        samples.withUnsafeBufferPointer { queue.append($0) }
    }

    private func read(_ count: Int, from queue: inout PlayoutQueue) -> [Int16] {
        var buffer = [Int16](repeating: -1, count: count)
        let taken = buffer.withUnsafeMutableBufferPointer { queue.read(into: $0) }
        return Array(buffer.prefix(taken))
    }

    private func peek(_ count: Int, at position: Int64, in queue: borrowing PlayoutQueue) -> [Int16] {
        var buffer = [Int16](repeating: -1, count: count)
        let taken = buffer.withUnsafeMutableBufferPointer { queue.peek(at: position, into: $0) }
        return Array(buffer.prefix(taken))
    }

    /// start, cursor, end: read before `#expect`, which cannot look into a type that is not copyable.
    private func positions(_ queue: borrowing PlayoutQueue) -> [Int64] { [queue.start, queue.cursor, queue.end] }

    @Test func handsOutInOrder() {
        var queue = PlayoutQueue(capacity: 100)
        let taken = append([1, 2, 3, 4, 5], to: &queue)
        #expect(taken == 5)
        let samples = (read(2, from: &queue), read(9, from: &queue), read(9, from: &queue))
        #expect(samples == ([1, 2], [3, 4, 5], []))
        let reached = positions(queue)
        #expect(reached == [0, 5, 5])
    }

    @Test func theEndOfWhatWaitsFadesOut() {
        var queue = PlayoutQueue(capacity: 100)
        _ = append(Array(repeating: 1_000, count: 10), to: &queue)
        _ = read(2, from: &queue)
        queue.taper(4)
        let faded = peek(10, at: 0, in: queue)
        #expect(faded == [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 750, 500, 250, 0])
        queue.taper(50)
        let handedOut = peek(2, at: 0, in: queue)
        #expect(handedOut == [1_000, 1_000], "only what waits")
        queue.taper(0)
        queue.drop()
        queue.taper(3)
    }

    @Test func theRestOfAReadersBufferIsUntouched() {
        var queue = PlayoutQueue(capacity: 100)
        _ = append([7], to: &queue)
        var buffer: [Int16] = [9, 9, 9]
        _ = buffer.withUnsafeMutableBufferPointer { queue.read(into: $0) }
        #expect(buffer == [7, 9, 9])
    }

    @Test func takesWhatFits() {
        var queue = PlayoutQueue(capacity: 4)
        let taken = [
            append([1, 2, 3], to: &queue), append([4, 5], to: &queue), append([6], to: &queue), append([], to: &queue),
        ]
        #expect(taken == [3, 1, 0, 0])
        _ = read(3, from: &queue)
        let stillFull = append([7], to: &queue)
        #expect(stillFull == 0, "what was handed out may be played again")
        queue.release(before: 2)
        let room = append([7, 8, 9], to: &queue)
        #expect(room == 2)
        let rest = read(9, from: &queue)
        #expect(rest == [4, 7, 8])
    }

    @Test func playsAgainFromAnyKeptPosition() {
        var queue = PlayoutQueue(capacity: 100)
        _ = append(Array(0..<10), to: &queue)
        _ = read(8, from: &queue)
        queue.release(before: 3)
        queue.rewind(to: 5)
        let again = read(2, from: &queue)
        #expect(again == [5, 6])
        queue.rewind(to: 0)
        let oldest = read(1, from: &queue)
        #expect(oldest == [3], "no further back than what is kept")
        queue.rewind(to: 99)
        let none = read(1, from: &queue)
        #expect(none == [], "no further than what there is")
    }

    @Test func looksAheadWithoutHandingOut() {
        var queue = PlayoutQueue(capacity: 100)
        _ = append(Array(0..<10), to: &queue)
        let ahead = [
            peek(3, at: 2, in: queue), peek(9, at: 8, in: queue), peek(2, at: 99, in: queue),
            peek(2, at: -5, in: queue),
        ]
        #expect(ahead == [[2, 3, 4], [8, 9], [], [0, 1]])
        let reached = positions(queue)
        #expect(reached == [0, 0, 10])
    }

    @Test func releasesOnlyWhatWasHandedOut() {
        var queue = PlayoutQueue(capacity: 100)
        _ = append(Array(0..<10), to: &queue)
        _ = read(4, from: &queue)
        queue.release(before: 99)
        var reached = positions(queue)
        #expect(reached == [4, 4, 10])
        queue.release(before: 1)
        reached = positions(queue)
        #expect(reached == [4, 4, 10], "never backwards")
    }

    @Test func aPositionIsNeverUsedTwice() {
        var queue = PlayoutQueue(capacity: 100)
        _ = append(Array(0..<10), to: &queue)
        _ = read(6, from: &queue)
        queue.rewind(to: 4)
        queue.drop()
        var reached = positions(queue)
        #expect(reached == [10, 10, 10])
        _ = append([50, 51], to: &queue)
        let samples = read(9, from: &queue)
        #expect(samples == [50, 51])
        reached = positions(queue)
        #expect(reached == [10, 12, 12])
    }

    @Test func theRingIsGivenBackBetweenReplies() {
        var queue = PlayoutQueue(capacity: 1 << 20)
        let atFirst = queue.allocated
        let reply = [Int16](repeating: 5, count: 30_000)
        for isHeard in [true, false] {
            _ = append(reply, to: &queue)
            let grown = queue.allocated
            #expect((reply.count..<2 * reply.count).contains(grown))
            _ = read(isHeard ? reply.count : 1_000, from: &queue)
            let kept = queue.allocated
            #expect(kept == grown, "handed out is not heard")
            if isHeard { queue.release(before: queue.end) } else { queue.drop() }
            let given = queue.allocated
            #expect(given == atFirst)
        }
        queue = PlayoutQueue(capacity: 5_000)
        let taken = append(reply, to: &queue)
        let most = queue.allocated
        #expect(taken == 5_000 && most == 5_000, "no more than its capacity")
    }

    /// Against a plain array, at every size around the growth of the ring.
    @Test(arguments: [4_095, 4_096, 4_097, 6_143, 6_144, 6_145, 9_217, 20_000])
    func samplesKeepTheirPlaceWhenTheRingGrows(
        size: Int
    ) {
        for offset in [0, 1, 4_000, 4_095, 4_096, 5_000] {
            var queue = PlayoutQueue(capacity: 1 << 20)
            // Moves the positions away from 0 so that the samples lie across the ring's end.
            _ = append([Int16](repeating: 9, count: offset), to: &queue)
            _ = read(offset, from: &queue)
            queue.release(before: Int64(offset))
            let samples = (0..<size).map { Int16(truncatingIfNeeded: $0) }
            for chunk in stride(from: 0, to: size, by: 1_111) {
                _ = append(Array(samples[chunk..<min(chunk + 1_111, size)]), to: &queue)
            }
            let all = read(size + 1, from: &queue)
            #expect(all == samples, "size \(size) at \(offset)")
        }
    }

    @Test func queuedIsPlayedPlusDroppedInAnyOrderOfEvents() {
        for seed in UInt64(0)..<40 {
            var random = SeededRandom(seed: seed)
            let capacity = Int.random(in: 1...12_000, using: &random)
            var queue = PlayoutQueue(capacity: capacity)
            /// What position holds which sample.
            var all: [Int16] = []
            var counts = (queued: 0, played: 0, again: 0, dropped: 0)
            for _ in 0..<300 {
                switch Int.random(in: 0..<12, using: &random) {
                case 0...4:
                    let samples = (0..<Int.random(in: 0...2_000, using: &random)).map { _ in
                        Int16.random(in: -99...99, using: &random)
                    }
                    let taken = append(samples, to: &queue)
                    all += samples.prefix(taken)
                    counts.queued += taken
                    let start = Int(queue.start)
                    #expect(taken == samples.count || all.count - start == capacity, "seed \(seed)")
                case 5...8:
                    let from = Int(queue.cursor)
                    let samples = read(Int.random(in: 0...500, using: &random), from: &queue)
                    #expect(samples == Array(all[from..<from + samples.count]), "seed \(seed)")
                    counts.played += samples.count
                case 9: queue.release(before: queue.cursor - Int64.random(in: 0...800, using: &random))
                case 10:
                    let from = queue.cursor
                    queue.rewind(to: from - Int64.random(in: 0...800, using: &random))
                    counts.again += Int(from - queue.cursor)
                default:
                    counts.dropped += queue.waiting
                    queue.drop()
                }
                let (waiting, end) = (queue.waiting, Int(queue.end))
                #expect(end == all.count, "seed \(seed)")
                #expect(counts.queued == counts.played - counts.again + counts.dropped + waiting, "seed \(seed)")
            }
        }
    }
}
