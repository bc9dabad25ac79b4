import Testing
import VoiceEngineCore
import VoiceEngineSession

@testable import VoiceEngineCarrier

@Suite struct BrowserPlayoutClockTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }
    private func clock(playing samples: Int) -> BrowserPlayoutClock {
        var clock = BrowserPlayoutClock(sampleRate: 24_000)
        clock.play(samples)
        return clock
    }

    @Test func nothingIsHeardBeforeThePlayerSaysSo() {
        var clock = clock(playing: 4_800)
        #expect(clock.heardSamples(at: at(150)) == 0)
    }

    @Test func goesOnInRealTimeBetweenReports() {
        var clock = clock(playing: 24_000)
        #expect(clock.played(128, at: at(20)) == .taken)
        #expect(clock.heardSamples(at: at(20)) == 128)
        #expect(clock.heardSamples(at: at(30)) == 368)
        #expect(clock.heardSamples(at: at(121)) == 2_552)
        #expect(clock.played(2_500, at: at(121)) == .taken)
        #expect(clock.heardSamples(at: at(121)) == 2_552, "never back")
        #expect(clock.heardSamples(at: at(131)) == 2_740)
    }

    @Test func doesNotRunAheadOfWhatWasSentOrOfAPlayerThatStandsStill() {
        var clock = clock(playing: 1_000)
        _ = clock.played(900, at: at(0))
        #expect(clock.heardSamples(at: at(1_000)) == 1_000)
        clock.play(100_000)
        _ = clock.played(1_100, at: at(1_100))
        #expect(clock.heardSamples(at: at(9_000)) == 1_100 + 6_000, "250 ms after the last report")
    }

    @Test func whatWasPlayedWholeStays() {
        var clock = clock(playing: 480)
        #expect(clock.played(480, at: at(40)) == .taken)
        #expect(clock.heardSamples(at: at(500)) == 480)
        clock.play(480)
        #expect(clock.heardSamples(at: at(600)) == 480, "until the player has begun again")
    }

    @Test func aCutIsWhereThePlayerStopped() {
        var clock = clock(playing: 4_800)
        _ = clock.played(128, at: at(20))
        let cut = clock.cut(at: at(70))
        #expect(cut.heard == 1_328)
        #expect(cut.clear == 1)
        #expect(clock.takeCutResult(at: at(70)) == .pending)
        #expect(clock.played(2_500, at: at(80)) == .ignored, "sent before the clear arrived")
        #expect(clock.cleared(7, samples: 1) == .ignored)
        #expect(clock.cleared(1, samples: 1_700) == .taken)
        #expect(clock.takeCutResult(at: at(90)) == .settled(1_700))
        #expect(clock.takeCutResult(at: at(91)) == .final)
        #expect(clock.heardSamples(at: at(95)) == 4_800, "the dropped ones are done with")
        #expect(clock.cleared(1, samples: 2_000) == .ignored, "only once")
    }

    @Test func theNextReplyCountsFromWhatWasHandedOver() {
        var clock = clock(playing: 4_800)
        _ = clock.played(128, at: at(20))
        _ = clock.cut(at: at(70))
        _ = clock.cleared(1, samples: 1_700)
        _ = clock.takeCutResult(at: at(90))
        clock.play(960)
        #expect(clock.played(4_900, at: at(100)) == .taken)
        #expect(clock.heardSamples(at: at(100)) == 4_900)
        #expect(clock.cut(at: at(100)).clear == 2)
    }

    @Test func aCutOfNothingAsksNothing() {
        var clock = clock(playing: 480)
        _ = clock.played(480, at: at(40))
        let cut = clock.cut(at: at(100))
        #expect(cut.heard == 480)
        #expect(cut.clear == nil)
        #expect(clock.takeCutResult(at: at(100)) == .final)
    }

    @Test func aSecondCutWaitsForTheFirst() {
        var clock = clock(playing: 4_800)
        _ = clock.cut(at: at(10))
        let second = clock.cut(at: at(20))
        #expect(second.clear == nil)
        #expect(second.heard == 0)
        _ = clock.cleared(1, samples: 300)
        #expect(clock.cut(at: at(30)).heard == 300)
        #expect(clock.takeCutResult(at: at(30)) == .settled(300))
    }

    @Test func aPlayerThatDoesNotAnswerHoldsNobodyUp() {
        var clock = clock(playing: 4_800)
        _ = clock.played(240, at: at(0))
        _ = clock.cut(at: at(0))
        #expect(clock.takeCutResult(at: at(999)) == .pending)
        #expect(clock.takeCutResult(at: at(1_000)) == .settled(240))
        #expect(clock.cleared(1, samples: 700) == .ignored)
        #expect(clock.played(700, at: at(1_010)) == .ignored, "a number from before the cut")
        #expect(clock.heardSamples(at: at(1_020)) == 4_800)
    }

    @Test func numbersThatCannotBeAreIgnored() {
        var clock = clock(playing: 4_800)
        #expect(clock.played(4_801, at: at(0)) == .ignored)
        #expect(clock.played(-1, at: at(0)) == .ignored)
        #expect(clock.played(.max, at: at(0)) == .ignored)
        _ = clock.cut(at: at(0))
        #expect(clock.cleared(1, samples: .max) == .taken)
        #expect(clock.takeCutResult(at: at(1)) == .settled(4_800))
    }

    /// A player with a delay in either direction and blocks of 128 samples: the clock never claims more than it played,
    /// and a cut is exact.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func againstAPlayer(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let delay = Int64.random(in: 0...60, using: &random)
        var clock = BrowserPlayoutClock(sampleRate: 24_000)
        var player = SimulatedPlayer()
        var toPlayer: [(at: Int64, message: SimulatedPlayer.Message)] = []
        var fromPlayer: [(at: Int64, report: SimulatedPlayer.Report)] = []
        var awaited: Int64?
        for now in 0..<6_000 as Range<Int64> {
            while let first = toPlayer.first, first.at <= now {
                toPlayer.removeFirst()
                if let report = player.take(first.message) { fromPlayer.append((now + delay, report)) }
            }
            if let report = player.pass(now) { fromPlayer.append((now + delay, report)) }
            while let first = fromPlayer.first, first.at <= now {
                fromPlayer.removeFirst()
                switch first.report {
                case .played(let samples): _ = clock.played(samples, at: at(now))
                case .cleared(let number, let samples):
                    #expect(clock.cleared(number, samples: samples) == .taken)
                    awaited = samples
                }
            }
            switch clock.takeCutResult(at: at(now)) {
            case .pending: continue
            case .settled(let samples):
                #expect(samples == awaited, "exact")
                awaited = nil
            case .final: break
            }
            #expect(clock.heardSamples(at: at(now)) <= player.done, "\(now) ms")
            if now % 20 == 0, clock.handedSamples - player.done < 3_840 {
                clock.play(480)
                toPlayer.append((now + delay, .audio(480)))
            }
            if Int.random(in: 0..<700, using: &random) == 0 {
                let cut = clock.cut(at: at(now))
                #expect(cut.heard <= player.done)
                if let number = cut.clear { toPlayer.append((now + delay, .clear(number))) }
            }
        }
        #expect(clock.handedSamples > 50_000)
    }
}

/// The page's player, by milliseconds.
private struct SimulatedPlayer {
    enum Message { case audio(Int64), clear(Int64) }
    enum Report { case played(Int64), cleared(Int64, Int64) }

    private(set) var done: Int64 = 0
    private var received: Int64 = 0
    private var lastReport: Int64?

    mutating func take(_ message: Message) -> Report? {
        switch message {
        case .audio(let samples):
            received += samples
            return nil
        case .clear(let number):
            defer {
                done = received
                lastReport = nil
            }
            return .cleared(number, done)
        }
    }

    mutating func pass(_ now: Int64) -> Report? {
        guard done < received else { return nil }
        done = min(received, done + 24)
        guard let last = lastReport, now - last < 100, done < received else {
            lastReport = done < received ? now : nil
            return .played(done)
        }
        return nil
    }
}
