import Testing

@testable import VoiceLab

@Suite struct PlayoutClockTests {
    private func audio(_ count: Int, _ byte: UInt8 = 7) -> [UInt8] { [UInt8](repeating: byte, count: count) }

    @Test func playsFromTheSampleOfArrival() {
        var clock = PlayoutClock()
        #expect(clock.advance(to: 30) == [])
        #expect(clock.media(audio(160), at: 30) == .queued)
        _ = clock.advance(to: 400)
        #expect(clock.played == audio(30, 0xFF) + audio(160) + audio(210, 0xFF))
    }

    @Test func aMarkReturnsExactlyWhenTheAudioBeforeItHasBeenPlayed() {
        var clock = PlayoutClock()
        _ = clock.advance(to: 100)
        _ = clock.media(audio(160), at: 100)
        #expect(clock.mark("a", at: 100) == [])
        _ = clock.media(audio(40), at: 100)
        #expect(clock.mark("b", at: 100) == [])
        #expect(clock.nextMark == 260)
        #expect(clock.advance(to: 259) == [])
        #expect(clock.advance(to: 260) == [.init(name: "a", sample: 260, cause: .played)])
        #expect(clock.nextMark == 300)
        #expect(clock.advance(to: 5000) == [.init(name: "b", sample: 300, cause: .played)])
        #expect(clock.nextMark == nil)
    }

    @Test func aMarkWithNothingToPlayReturnsAtOnce() {
        var clock = PlayoutClock()
        _ = clock.advance(to: 77)
        #expect(clock.mark("a", at: 77) == [.init(name: "a", sample: 77, cause: .played)])
    }

    @Test func clearReturnsAllMarksAndDropsWhatWasNotHeard() {
        var clock = PlayoutClock()
        _ = clock.media(audio(160), at: 0)
        _ = clock.mark("a", at: 0)
        _ = clock.media(audio(160), at: 0)
        _ = clock.mark("b", at: 0)
        #expect(clock.advance(to: 100) == [])
        let cleared = clock.clear(at: 100)
        #expect(cleared.dropped == 220)
        #expect(cleared.echoes == ["a", "b"].map { .init(name: $0, sample: 100, cause: .cleared) })
        #expect(clock.nextMark == nil)
        #expect(clock.media(audio(10, 9), at: 100) == .queued)
        _ = clock.advance(to: 120)
        #expect(clock.played == audio(100) + audio(10, 9) + audio(10, 0xFF))
    }

    @Test func aDryQueueInMidReplyIsAGapAndAfterAMarkIsNot() {
        var clock = PlayoutClock()
        _ = clock.media(audio(160), at: 0)
        _ = clock.advance(to: 200)
        #expect(clock.media(audio(160), at: 200) == .queuedAfterGap(samples: 40))
        _ = clock.mark("a", at: 200)
        _ = clock.advance(to: 500)
        #expect(clock.media(audio(160), at: 500) == .queued)
        _ = clock.advance(to: 660 + PlayoutClock.longestGap + 1)
        #expect(clock.media(audio(160), at: clock.played.count) == .queued)
    }

    @Test func aPauseIsNoGapThoughItBeginsWithAFade() {
        var clock = PlayoutClock()
        _ = clock.media(audio(3_200), at: 0)
        _ = clock.advance(to: 400)
        _ = clock.clear(at: 400)
        #expect(clock.media(audio(160), at: 400) == .queued)
        _ = clock.advance(to: 2_000)
        #expect(clock.media(audio(3_200), at: 2_000) == .queued)
        _ = clock.advance(to: 5_240)
        #expect(clock.media(audio(160), at: 5_240) == .queuedAfterGap(samples: 40))
    }

    @Test func audioBeyondTenMinutesIsDiscarded() {
        var clock = PlayoutClock()
        #expect(clock.media(audio(PlayoutClock.maxQueuedSamples), at: 0) == .queued)
        #expect(clock.media(audio(1), at: 0) == .discarded)
    }

    @Test(arguments: 0..<8) func everySampleIsPlayedOrDropped(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var clock = PlayoutClock()
        var (now, queued, dropped, marks, returned) = (0, 0, 0, 0, 0)
        for step in 0..<200 {
            now += Int(random.next() % 300)
            returned += clock.advance(to: now).count
            switch random.next() % 8 {
            case 0..<4:
                let count = Int(random.next() % 400) + 1
                _ = clock.media(audio(count), at: now)
                queued += count
            case 4..<7:
                marks += 1
                returned += clock.mark("m\(marks)", at: now).count
            default:
                let cleared = clock.clear(at: now)
                dropped += cleared.dropped
                returned += cleared.echoes.count
            }
            guard step % 40 == 39 else { continue }
            #expect(clock.played.count { $0 == 7 } + dropped + clock.queuedSamples == queued, "seed \(seed)")
        }
        returned += clock.advance(to: now + 100_000).count
        #expect(returned == marks, "seed \(seed)")
    }
}
