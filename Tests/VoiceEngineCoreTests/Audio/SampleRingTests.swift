import Foundation
import Synchronization
import Testing

import VoiceEngineCore

@Suite struct SampleRingTests {
    private func write(_ bytes: [UInt8], to ring: SampleRing) -> Int { bytes.withUnsafeBytes { ring.write($0) } }

    private func read(_ most: Int, from ring: SampleRing) -> (position: Int64, bytes: [UInt8]) {
        var bytes = [UInt8](repeating: 0xEE, count: most)
        let chunk = bytes.withUnsafeMutableBytes { ring.read(into: $0) }
        #expect(bytes[chunk.count...].allSatisfy { $0 == 0xEE })
        return (chunk.position, Array(bytes[..<chunk.count]))
    }

    @Test func givesBackWhatWasWritten() {
        let ring = SampleRing(capacity: 16, granule: 1)
        #expect(write([1, 2, 3], to: ring) == 0)
        #expect(read(2, from: ring) == (0, [1, 2]))
        #expect(write([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], to: ring) == 0)
        #expect(read(100, from: ring) == (2, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]))
        #expect(read(100, from: ring) == (14, []))
        #expect(ring.droppedBytes == 0)
    }

    @Test func dropsTheOldestWhenFull() {
        let ring = SampleRing(capacity: 8, granule: 1)
        #expect(write([1, 2, 3, 4, 5, 6], to: ring) == 0)
        #expect(write([7, 8, 9, 10], to: ring) == 2)
        #expect(read(8, from: ring) == (2, [3, 4, 5, 6, 7, 8, 9, 10]))
        #expect(ring.droppedBytes == 2)
        #expect(ring.writtenBytes == 10)
    }

    @Test func keepsTheNewestOfAWriteThatIsLargerThanTheRing() {
        let ring = SampleRing(capacity: 8, granule: 1)
        #expect(write([90, 91], to: ring) == 0)
        #expect(write(Array(0..<20), to: ring) == 14)
        #expect(read(99, from: ring) == (14, Array(12..<20)))
        #expect(ring.droppedBytes == 14)
    }

    @Test func neverTearsASample() {
        let ring = SampleRing(capacity: 16, granule: 2)
        #expect(write([1, 2, 3], to: ring) == 0)
        #expect(ring.writtenBytes == 2)
        #expect(read(1, from: ring) == (0, []))
        #expect(read(3, from: ring) == (0, [1, 2]))
        #expect(write(Array(0..<18), to: ring) == 2)
        #expect(read(99, from: ring) == (4, Array(2..<18)))
    }

    @Test func roundsOddSizesUp() {
        #expect(SampleRing(capacity: 0, granule: 0).capacity == 8)
        #expect(SampleRing(capacity: 17, granule: 2).capacity == 32)
        #expect(write([], to: SampleRing(capacity: 8, granule: 1)) == 0)
    }

    @Test func anyOrderOfCallsAgreesWithAQueue() {
        var random = SeededRandom(seed: 0x5EED_0001)
        for _ in 0..<300 {
            let granule = Int.random(in: 1...3, using: &random)
            let ring = SampleRing(capacity: Int.random(in: 1...80, using: &random), granule: granule)
            var model: [UInt8] = []
            var end: Int64 = 0
            for _ in 0..<200 {
                if Bool.random(using: &random) {
                    let count = Int.random(in: 0...(ring.capacity * 5 / 4), using: &random)
                    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                    let kept = bytes[..<(count - count % granule)]
                    model += kept
                    end += Int64(kept.count)
                    let lost = max(0, model.count - ring.capacity)
                    model.removeFirst(lost)
                    #expect(write(bytes, to: ring) == lost)
                } else {
                    let most = Int.random(in: 0...ring.capacity, using: &random)
                    let count = min(most, model.count) / granule * granule
                    let expected = (end - Int64(model.count), Array(model[..<count]))
                    #expect(read(most, from: ring) == expected)
                    model.removeFirst(count)
                }
            }
        }
    }

    /// Every 8-byte granule carries its own position, so that a mixture of old and new bytes is seen at once.
    @Test(arguments: [64, 4_096])
    func twoThreadsSeeEveryByteOnceAndInOrder(_ capacity: Int) {
        let ring = SampleRing(capacity: capacity, granule: 8)
        let total: Int64 = 400_000
        let writer = Thread {
            var random = SeededRandom(seed: 0x5EED_0002)
            var next: Int64 = 0
            while next < total {
                let words = (0..<Int64.random(in: 1...12, using: &random)).map { (next + $0) * 8 }
                words.withUnsafeBytes { _ = ring.write($0) }
                next += Int64(words.count)
            }
        }
        writer.start()
        var received: Int64 = 0
        var expected: Int64 = 0
        var words = [Int64](repeating: 0, count: 7)
        while expected < total * 8 {
            let chunk = words.withUnsafeMutableBytes { ring.read(into: $0) }
            if chunk.count == 0 { continue }
            if chunk.position < expected { Issue.record("read \(chunk.position) twice"); return }
            for index in 0..<(chunk.count / 8) where words[index] != chunk.position + Int64(index * 8) {
                Issue.record("torn at \(chunk.position): \(words[index])")
                return
            }
            received += Int64(chunk.count)
            expected = chunk.position + Int64(chunk.count)
        }
        while !writer.isFinished { Thread.yieldToOthers() }
        let rest = words.withUnsafeMutableBytes { buffer in
            var sum: Int64 = 0
            while true {
                let count = ring.read(into: buffer).count
                if count == 0 { return sum }
                sum += Int64(count)
            }
        }
        #expect(received + rest + ring.droppedBytes == ring.writtenBytes)
    }
}

extension Thread {
    static func yieldToOthers() { sched_yield() }
}
