import Foundation
import Testing

import VoiceEngineCore

@Suite struct PlayoutRingTests {
    private func read(_ count: Int, from ring: PlayoutRing) -> (audio: Int, samples: [Int16]) {
        var samples = [Int16](repeating: 99, count: count)
        let audio = samples.withUnsafeMutableBufferPointer { ring.read(into: $0) }
        return (audio, samples)
    }

    @Test func playsWhatWasWrittenAndThenSilence() {
        let ring = PlayoutRing(capacity: 10, sampleRate: 8_000)
        #expect(ring.write(([1, 2, 3, 4, 5, 6] as [Int16]).span) == 6)
        #expect(read(4, from: ring) == (4, [1, 2, 3, 4]))
        #expect(ring.write(([7, 8, 9, 10, 11, 12, 13, 14, 15] as [Int16]).span) == 8)
        #expect(ring.room == 0)
        #expect(read(12, from: ring) == (10, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0, 0]))
        #expect(ring.readPosition == 14)
        #expect(ring.writePosition == 14)
        #expect(ring.pulledSamples == 16)
    }

    @Test func aCutFadesOutAndReportsWhereHearingStopped() {
        let ring = PlayoutRing(capacity: 1_000, sampleRate: 8_000)
        #expect(ring.write([Int16](repeating: 10_000, count: 500).span) == 500)
        #expect(read(160, from: ring).audio == 160)
        ring.cut()
        #expect(ring.takeCutReport() == nil)
        #expect(ring.write(([1] as [Int16]).span) == 0)
        let (audio, samples) = read(160, from: ring)
        #expect(audio == 64)  // 8 ms
        #expect(samples[0] == 10_000)
        #expect(samples[63...].allSatisfy { $0 == 0 })
        #expect(zip(samples, samples.dropFirst()).allSatisfy { $0 - $1 < 300 })
        #expect(ring.write(([1] as [Int16]).span) == 0)
        #expect(ring.takeCutReport() == .init(stop: 224, end: 500))
        #expect(ring.takeCutReport() == nil)
        #expect(ring.readPosition == 500)
        #expect(ring.write(([5] as [Int16]).span) == 1)
        #expect(read(2, from: ring) == (1, [5, 0]))
    }

    @Test func aCutWithLittleOrNothingUnreadIsExactToo() {
        let ring = PlayoutRing(capacity: 100, sampleRate: 8_000)
        ring.cut()
        ring.cut()
        #expect(read(0, from: ring).audio == 0)
        #expect(ring.takeCutReport() == nil)
        #expect(read(5, from: ring) == (0, [0, 0, 0, 0, 0]))
        #expect(ring.takeCutReport() == .init(stop: 0, end: 0))
        #expect(ring.write(([8, 8, 8] as [Int16]).span) == 3)
        ring.cut()
        let (audio, samples) = read(5, from: ring)
        #expect(audio == 3)
        #expect(samples == [8, 4, 0, 0, 0])
        ring.cut()  // Answered, but not taken: nothing to cut, no second report.
        #expect(ring.takeCutReport() == .init(stop: 3, end: 3))
        #expect(read(1, from: ring).audio == 0)
        #expect(ring.takeCutReport() == nil)
        #expect(ring.room == 100)
    }

    @Test func aSmallReadFadesWithinItself() {
        let ring = PlayoutRing(capacity: 100, sampleRate: 8_000)
        #expect(ring.write([Int16](repeating: 100, count: 50).span) == 50)
        ring.cut()
        #expect(read(3, from: ring) == (3, [100, 50, 0]))
        #expect(ring.takeCutReport() == .init(stop: 3, end: 50))
    }

    /// Samples written = read + cut, in any order of calls; each sample carries its position.
    @Test func everySampleIsEitherReadOrCut() {
        var random = SeededRandom(seed: 0x5EED_0003)
        for _ in 0..<200 {
            let ring = PlayoutRing(capacity: Int.random(in: 1...300, using: &random), sampleRate: 8_000)
            var (heard, cut, isCut) = (0, 0, false)
            for _ in 0..<300 {
                switch Int.random(in: 0..<8, using: &random) {
                case 0...2:
                    let start = ring.writePosition
                    let offered = (0..<Int.random(in: 0...200, using: &random)).map {
                        Int16(Int(start + Int64($0)) % 30_000)
                    }
                    let room = ring.room
                    #expect(ring.write(offered.span) == min(room, offered.count))
                case 3...5:
                    let position = ring.readPosition
                    let (audio, samples) = read(Int.random(in: 0...200, using: &random), from: ring)
                    if !isCut {
                        #expect((0..<audio).allSatisfy { samples[$0] == Int16(Int(position + Int64($0)) % 30_000) })
                    }
                    #expect(samples[audio...].allSatisfy { $0 == 0 })
                    heard += audio
                case 6:
                    ring.cut()
                    isCut = true
                default:
                    if let report = ring.takeCutReport() {
                        #expect(report.stop == Int64(heard + cut))
                        cut += Int(report.end - report.stop)
                        isCut = false
                    }
                }
            }
            _ = read(1, from: ring)
            let report = ring.takeCutReport()
            while ring.readPosition < ring.writePosition { _ = read(100, from: ring) }
            if isCut { #expect(report != nil) }
            #expect(ring.readPosition == ring.writePosition)
        }
    }

    /// The host pulls on one thread while the loop writes and cuts on another.
    @Test func twoThreadsAgreeOnEverySample() {
        let ring = PlayoutRing(capacity: 480, sampleRate: 8_000)
        let total: Int64 = 300_000
        let heard = Counter()
        let host = Thread {
            var samples = [Int16](repeating: 0, count: 160)
            var random = SeededRandom(seed: 0x5EED_0004)
            var sum: Int64 = 0
            while !heard.isStopped || ring.readPosition < ring.writePosition {
                let count = Int.random(in: 1...160, using: &random)
                sum += samples.withUnsafeMutableBufferPointer {
                    Int64(ring.read(into: UnsafeMutableBufferPointer(rebasing: $0[..<count])))
                }
            }
            heard.value = sum
        }
        host.start()
        var random = SeededRandom(seed: 0x5EED_0005)
        let frame = [Int16](repeating: 1_000, count: 200)
        var (cut, cuts, pending): (Int64, Int, Bool) = (0, 0, false)
        var lastStop: Int64 = 0
        while ring.writePosition < total || pending {
            if let report = ring.takeCutReport() {
                #expect(report.stop >= lastStop && report.stop <= report.end && report.end == ring.writePosition)
                cut += report.end - report.stop
                lastStop = report.end
                pending = false
                cuts += 1
            }
            if Int.random(in: 0..<20, using: &random) == 0, ring.writePosition < total {
                ring.cut()
                pending = true
            } else {
                _ = ring.write(frame.span.extracting(..<Int.random(in: 0...200, using: &random)))
            }
        }
        heard.stop()
        while !host.isFinished { Thread.yieldToOthers() }
        #expect(cuts > 100)
        #expect(heard.value + cut == ring.writePosition)
    }
}

/// A sum that one thread hands to another when it ends.
private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: Int64 = 0
    private var stopped = false

    var value: Int64 {
        get { lock.withLock { stored } }
        set { lock.withLock { stored = newValue } }
    }
    var isStopped: Bool { lock.withLock { stopped } }

    func stop() { lock.withLock { stopped = true } }
}
