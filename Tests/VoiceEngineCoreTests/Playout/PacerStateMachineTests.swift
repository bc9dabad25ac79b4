import Testing

@testable import VoiceEngineCore

/// At 8 kHz with frames of 20 ms (160 samples) and a lead of 60 ms.
@Suite struct PacerStateMachineTests {
    private static let frame = 160
    private static let lead = 480

    private func pacer(
        _ mode: PacerStateMachine.Mode, frame: Int = frame, lead: Int = lead, stride: Int = 1
    ) -> PacerStateMachine {
        PacerStateMachine(mode: mode, sampleRate: 8_000, frame: frame, lead: lead, stride: stride * frame)
    }

    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    /// One question to the pacer, and its answer.
    struct Tick: Sendable {
        let ms: Int64
        var waiting = 0
        var mayPad = false
        var buffered: Int64 = 0
        let due: Int
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let mode: PacerStateMachine.Mode
        var stride = 1
        let ticks: [Tick]
        var testDescription: String { name }
    }

    static let rows = [
        Row(
            name: "continuous: one frame for each frame's time, with or without audio", mode: .continuous,
            ticks: [
                Tick(ms: 5, due: 1), Tick(ms: 15, due: 0), Tick(ms: 24, waiting: 9_999, due: 0), Tick(ms: 25, due: 1),
                Tick(ms: 60, waiting: 9_999, due: 1), Tick(ms: 65, due: 1), Tick(ms: 66, due: 0),
            ]),
        Row(
            name: "continuous: a late tick catches up", mode: .continuous,
            ticks: [Tick(ms: 0, due: 1), Tick(ms: 75, due: 3), Tick(ms: 79, due: 0), Tick(ms: 80, due: 1)]),
        Row(
            name: "continuous: a loop that stood still skips", mode: .continuous,
            ticks: [
                Tick(ms: 0, due: 1), Tick(ms: 10_000, due: 10), Tick(ms: 10_019, due: 0), Tick(ms: 10_020, due: 1),
            ]),
        Row(
            name: "burst: nothing to play", mode: .burst,
            ticks: [Tick(ms: 0, due: 0), Tick(ms: 10, waiting: 159, due: 0), Tick(ms: 20, waiting: 160, due: 1)]),
        Row(
            name: "burst: the lead, one frame more, then real time", mode: .burst,
            ticks: [
                Tick(ms: 0, waiting: 9_999, due: 3), Tick(ms: 10, waiting: 9_999, due: 0),
                Tick(ms: 19, waiting: 9_999, due: 0),
                Tick(ms: 20, waiting: 9_999, due: 2), Tick(ms: 39, waiting: 9_999, due: 0),
                Tick(ms: 55, waiting: 9_999, due: 1), Tick(ms: 60, waiting: 9_999, due: 1),
            ]),
        Row(
            name: "burst: by strides, never less than the lead", mode: .burst, stride: 3,
            ticks: [
                Tick(ms: 0, waiting: 9_999, due: 3), Tick(ms: 10, waiting: 9_999, due: 0),
                Tick(ms: 20, waiting: 9_999, due: 4), Tick(ms: 70, waiting: 9_999, due: 0),
                Tick(ms: 80, waiting: 9_999, due: 3), Tick(ms: 139, waiting: 9_999, due: 0),
                Tick(ms: 140, waiting: 9_999, due: 3), Tick(ms: 230, waiting: 9_999, due: 4),
            ]),
        Row(
            name: "burst: what waits goes although it is less than a stride", mode: .burst, stride: 3,
            ticks: [
                Tick(ms: 0, waiting: 480, due: 3), Tick(ms: 20, waiting: 160, due: 1),
                Tick(ms: 30, waiting: 320, due: 2), Tick(ms: 40, waiting: 9_999, due: 0),
                Tick(ms: 60, waiting: 9_999, due: 3),
            ]),
        Row(
            name: "burst: slow audio gets its lead when it comes", mode: .burst,
            ticks: [
                Tick(ms: 0, waiting: 160, due: 1), Tick(ms: 10, waiting: 320, due: 2),
                Tick(ms: 20, waiting: 160, due: 1),
            ]),
        Row(
            name: "burst: after an underrun a new stretch begins", mode: .burst,
            ticks: [
                Tick(ms: 0, waiting: 480, due: 3), Tick(ms: 30, due: 0), Tick(ms: 60, due: 0), Tick(ms: 500, due: 0),
                Tick(ms: 505, waiting: 9_999, due: 3), Tick(ms: 524, waiting: 9_999, due: 0),
                Tick(ms: 525, waiting: 9_999, due: 2),
            ]),
        Row(
            name: "burst: the underrun's tick itself may begin it", mode: .burst,
            ticks: [Tick(ms: 0, waiting: 480, due: 3), Tick(ms: 70, waiting: 9_999, due: 3)]),
        Row(
            name: "burst: a short last frame only when nothing follows", mode: .burst,
            ticks: [
                Tick(ms: 0, waiting: 200, due: 1), Tick(ms: 10, waiting: 40, due: 0),
                Tick(ms: 10, waiting: 40, mayPad: true, due: 1),
                Tick(ms: 20, waiting: 0, mayPad: true, due: 0),
            ]),
        Row(
            name: "reader: the lead in front of the reader", mode: .reader,
            ticks: [
                Tick(ms: 0, waiting: 9_999, due: 3), Tick(ms: 10, waiting: 9_999, buffered: 480, due: 0),
                Tick(ms: 500, waiting: 9_999, buffered: 480, due: 0),
                Tick(ms: 510, waiting: 9_999, buffered: 320, due: 1),
                Tick(ms: 510, waiting: 9_999, buffered: 319, due: 2),
                Tick(ms: 510, waiting: 9_999, buffered: 5_000, due: 0),
            ]),
        Row(
            name: "reader: what there is", mode: .reader,
            ticks: [
                Tick(ms: 0, due: 0), Tick(ms: 0, waiting: 159, due: 0), Tick(ms: 0, waiting: 320, due: 2),
                Tick(ms: 0, waiting: 1, mayPad: true, due: 1), Tick(ms: 0, mayPad: true, due: 0),
            ]),
    ]

    @Test(arguments: rows) func handsOut(row: Row) {
        var pacer = pacer(row.mode, stride: row.stride)
        for tick in row.ticks {
            let due = pacer.framesDue(
                at: at(tick.ms), waiting: tick.waiting, mayPad: tick.mayPad, buffered: tick.buffered)
            #expect(due == tick.due, "\(tick)")
        }
    }

    @Test func countsWhatItSkips() {
        var pacer = pacer(.continuous)
        _ = pacer.framesDue(at: at(0), waiting: 0, mayPad: false, buffered: 0)
        _ = pacer.framesDue(at: at(1_000), waiting: 0, mayPad: false, buffered: 0)
        #expect(pacer.skippedFrames == 40)
    }

    @Test func aFrameHandedOverOutOfTurnIsPartOfTheCount() {
        var steady = pacer(.continuous)
        #expect(steady.framesDue(at: at(0), waiting: 0, mayPad: false, buffered: 0) == 1)
        steady.frameHanded(at: at(10))
        #expect(steady.framesDue(at: at(20), waiting: 0, mayPad: false, buffered: 0) == 0)
        #expect(steady.framesDue(at: at(40), waiting: 0, mayPad: false, buffered: 0) == 1)

        var wire = pacer(.burst)
        wire.frameHanded(at: at(0))
        #expect(wire.framesDue(at: at(0), waiting: 9_999, mayPad: false, buffered: 0) == 2, "the lead includes it")
        #expect(wire.framesDue(at: at(20), waiting: 9_999, mayPad: false, buffered: 0) == 2)
    }

    @Test func restsUntilSomethingIsDue() {
        var wire = pacer(.burst, stride: 3)
        #expect(wire.nextDue(after: at(0), buffered: 0) == at(0))
        #expect(wire.framesDue(at: at(0), waiting: 9_999, mayPad: false, buffered: 0) == 3)
        #expect(wire.nextDue(after: at(0), buffered: 0) == at(20), "the reserve")
        #expect(wire.framesDue(at: at(20), waiting: 9_999, mayPad: false, buffered: 0) == 4)
        #expect(wire.nextDue(after: at(20), buffered: 0) == at(80))
        #expect(wire.nextDue(after: at(500), buffered: 0) == at(500), "overdue")

        var short = pacer(.burst, stride: 3)
        #expect(short.framesDue(at: at(0), waiting: 160, mayPad: false, buffered: 0) == 1)
        #expect(short.nextDue(after: at(0), buffered: 0) == at(0), "the lead is not complete")

        var steady = pacer(.continuous)
        #expect(steady.framesDue(at: at(0), waiting: 0, mayPad: false, buffered: 0) == 1)
        #expect(steady.nextDue(after: at(1), buffered: 0) == at(20))

        let reader = pacer(.reader, stride: 2)
        #expect(reader.nextDue(after: at(0), buffered: 480) == at(40), "two of its three frames are read by then")
        #expect(reader.nextDue(after: at(0), buffered: 100) == at(0))
    }

    @Test func aCutBeginsANewStretch() {
        var wire = pacer(.burst)
        #expect(wire.framesDue(at: at(0), waiting: 9_999, mayPad: false, buffered: 0) == 3)
        wire.restart()
        #expect(wire.framesDue(at: at(5), waiting: 9_999, mayPad: false, buffered: 0) == 3)
        var steady = pacer(.continuous)
        #expect(steady.framesDue(at: at(0), waiting: 9_999, mayPad: false, buffered: 0) == 1)
        steady.restart()
        #expect(steady.framesDue(at: at(5), waiting: 9_999, mayPad: false, buffered: 0) == 0, "its clock goes on")
    }

    @Test(arguments: [0, -5]) func aFrameOfNothingIsNotEndless(frame: Int) {
        var wire = pacer(.burst, frame: frame, lead: frame)
        #expect(wire.framesDue(at: at(0), waiting: 3, mayPad: false, buffered: 0) == 1)
    }

    /// 44,100 Hz, where 10 ms ticks and frames share no common grid.
    @Test(arguments: [8_000, 11_025, 44_100, 48_000]) func continuousIsExactOverAnHour(rate: Int) {
        let frame = rate / 50
        var random = SeededRandom(seed: UInt64(rate))
        var pacer = PacerStateMachine(mode: .continuous, sampleRate: rate, frame: frame, lead: 0)
        let clock = SampleClock(sampleRate: rate)
        var now = Instant.zero
        var frames: Int64 = Int64(pacer.framesDue(at: now, waiting: 0, mayPad: false, buffered: 0))
        while now < .zero + .seconds(3_600) {
            now += .microseconds(.random(in: 0...35_000, using: &random))
            frames += Int64(pacer.framesDue(at: now, waiting: 0, mayPad: false, buffered: 0))
            if frames != clock.sample(at: now) / Int64(frame) + 1 {
                Issue.record("\(frames) frames at \(now)")
                return
            }
        }
        #expect(pacer.skippedFrames == 0)
    }

    /// As long as audio waits, what was handed out is never more than `lead` and a stride ahead of real time, and never
    /// behind.
    @Test(arguments: [
        (160, 480, 1), (80, 320, 1), (240, 720, 1), (160, 500, 1), (480, 960, 1), (160, 480, 3), (80, 320, 6),
    ])
    func burstNeitherRunsAheadNorFallsBehind(frame: Int, lead: Int, stride: Int) {
        for seed in UInt64(0)..<5 {
            var random = SeededRandom(seed: seed)
            var pacer = pacer(.burst, frame: frame, lead: lead, stride: stride)
            var now = Instant.zero
            var handed = pacer.framesDue(at: now, waiting: .max / 2, mayPad: false, buffered: 0) * frame
            // The lead may be rounded down by what is not a whole frame; the rest must outlast the longest tick.
            let longest = min(35, (lead - frame) / 8)
            for _ in 0..<5_000 {
                now += .microseconds(.random(in: 0...Int64(longest * 1_000), using: &random))
                let played = SampleClock(sampleRate: 8_000).sample(at: now)
                #expect(Int64(handed) >= played, "seed \(seed): dry at \(now)")
                handed += pacer.framesDue(at: now, waiting: .max / 2, mayPad: false, buffered: 0) * frame
                #expect(Int64(handed) - played <= Int64(lead + frame * stride), "seed \(seed): ahead at \(now)")
                #expect(Int64(handed) - played > Int64(lead - frame), "seed \(seed): behind at \(now)")
            }
        }
    }

    /// Stretches, gaps, cuts and short tails at random: never more than the lead and a stride in front of the listener.
    @Test(arguments: [1, 3]) func burstIsNeverAheadWhateverWaits(stride: Int) {
        for seed in UInt64(0)..<30 {
            var random = SeededRandom(seed: seed)
            var pacer = pacer(.burst, stride: stride)
            // In microsamples of real time: when the listener has played everything.
            var dry = Instant.zero
            var now = Instant.zero
            for _ in 0..<500 {
                now += .milliseconds(.random(in: 0...35, using: &random))
                if Int.random(in: 0..<20, using: &random) == 0 {
                    pacer.restart()
                    dry = now
                }
                if Int.random(in: 0..<20, using: &random) == 0, dry <= now {
                    pacer.frameHanded(at: now)
                    dry = now + .milliseconds(20)
                }
                let waiting = Int.random(in: 0...2_000, using: &random) * Int.random(in: 0...1, using: &random)
                let due = pacer.framesDue(at: now, waiting: waiting, mayPad: .random(using: &random), buffered: 0)
                #expect(due * Self.frame < waiting + Self.frame, "seed \(seed)")
                dry = max(dry, now) + .milliseconds(Int64(due) * 20)
                #expect(dry - now <= .milliseconds(60 + Int64(stride) * 20), "seed \(seed) at \(now)")
            }
        }
    }
}
