import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

/// A host that pushes, looked for by ticks of 10 ms.
@Suite struct PushRhythmTests {
    /// Plays `pushes` [ms] of frames of `frame` ms.
    /// - Returns: When it was looked for them, and how long each waited.
    private func play(_ pushes: [Int], frame: Int, gathered: Int = 0) -> (visits: [Int], waits: [Int]) {
        var rhythm = PushRhythm()
        rhythm.gathered = gathered
        var (visits, waits, rest) = ([Int](), [Int](), pushes[...])
        var due = Instant.zero
        for tick in stride(from: 10, through: pushes.last! + 100, by: 10) {
            let now = Instant.zero + .milliseconds(Int64(tick))
            guard now >= due else { continue }
            visits.append(tick)
            let found = rest.prefix { $0 <= tick }
            waits += found.map { tick - $0 }
            rest = rest.dropFirst(found.count)
            due = rhythm.next(after: now, taken: found.count * frame)
        }
        return (visits, waits)
    }

    @Test func aSteadyHostIsVisitedOncePerFrameWithinATick() {
        let (visits, waits) = play(Array(stride(from: 3, to: 2_003, by: 20)), frame: 20)
        #expect(waits.allSatisfy { $0 <= 10 })
        #expect(visits.count < 120)
    }

    @Test func shortFramesAreNotMadeLonger() {
        let (_, waits) = play(Array(stride(from: 3, to: 1_003, by: 10)), frame: 10)
        #expect(waits.allSatisfy { $0 <= 10 })
    }

    @Test func whatMayBeGatheredIsTakenByTwos() {
        let (visits, waits) = play(Array(stride(from: 3, to: 2_003, by: 20)), frame: 20, gathered: 40)
        #expect(visits.count < 70)
        #expect(waits.allSatisfy { $0 <= 30 }, "the second frame of two within a tick")
    }

    /// One late push does not make all that follow wait.
    @Test func aLatePushIsForgotten() {
        var pushes = Array(stride(from: 3, to: 2_003, by: 20))
        pushes[10] += 12
        let (_, waits) = play(pushes, frame: 20)
        #expect(waits[11..<30].contains { $0 > 10 }, "the visits are later at first")
        #expect(waits[40...].allSatisfy { $0 <= 10 })
    }

    @Test func aBurstIsFollowedByTheNextFrame() {
        var rhythm = PushRhythm()
        #expect(rhythm.next(after: .zero, taken: 500) == .zero + .milliseconds(20))
        #expect(rhythm.next(after: .zero, taken: 0) == .zero)
    }
}
