import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

/// Twilio's end of the line in virtual time: plays what it has in real time, echoes marks when they are reached, and on
/// `clear` drops its buffer and returns all waiting marks at once. Messages keep their order both ways, as TCP does.
private struct SimulatedTwilio {
    enum Message { case audio(Int), mark(Int64), clear }
    struct Timed<Value> {
        var at: Int64
        var value: Value
    }
    /// One stretch of samples that sound from `start` on.
    struct Sound {
        var start: Int64
        var first: Int64
        var count: Int64
    }

    static let sample: Int64 = 125_000
    private(set) var arrivals: [Timed<Message>] = []
    private(set) var echoes: [Timed<Int64>] = []
    private var sounds: [Sound] = []
    private var waitingMarks: [(number: Int64, at: Int64)] = []
    private var handed: Int64 = 0
    private var bufferEnd: Int64 = 0
    private var lastEcho: Int64 = 0
    /// What had sounded when the last `clear` came, and how much had been handed over by then.
    private(set) var heardAtClear: Int64 = 0
    private var doneWith: Int64 = 0

    mutating func send(_ message: Message, now: Int64, delay: Int64) {
        arrivals.append(Timed(at: max(arrivals.last?.at ?? 0, now + delay), value: message))
    }

    /// Lets everything arrive up to `now`. `back` delays the echoes.
    mutating func run(to now: Int64, back: () -> Int64) {
        while let arrival = arrivals.first, arrival.at <= now {
            arrivals.removeFirst()
            echoReached(by: arrival.at, back)
            switch arrival.value {
            case .audio(let samples):
                let start = max(arrival.at, bufferEnd)
                sounds.append(Sound(start: start, first: handed, count: Int64(samples)))
                handed += Int64(samples)
                bufferEnd = start + Int64(samples) * Self.sample
            case .mark(let number): waitingMarks.append((number, max(arrival.at, bufferEnd)))
            case .clear:
                bufferEnd = arrival.at
                heardAtClear = heard(at: arrival.at)
                sounds = []
                doneWith = handed
                for mark in waitingMarks { echo(mark.number, at: arrival.at, back) }
                waitingMarks = []
            }
        }
        echoReached(by: now, back)
        while let sound = sounds.first, sound.start + sound.count * Self.sample <= now {
            doneWith = max(doneWith, sound.first + sound.count)
            sounds.removeFirst()
        }
    }

    private mutating func echoReached(by now: Int64, _ back: () -> Int64) {
        while let mark = waitingMarks.first, mark.at <= now {
            waitingMarks.removeFirst()
            echo(mark.number, at: mark.at, back)
        }
    }

    private mutating func echo(_ number: Int64, at: Int64, _ back: () -> Int64) {
        lastEcho = max(lastEcho, at + back())
        echoes.append(Timed(at: lastEcho, value: number))
    }

    mutating func takeEchoes(to now: Int64) -> [Timed<Int64>] {
        let due = echoes.filter { $0.at <= now }
        echoes.removeAll { $0.at <= now }
        return due
    }

    /// The last position that sounded by `now`; what was cleared counts as done with.
    func heard(at now: Int64) -> Int64 {
        var heard = doneWith
        for sound in sounds where sound.start < now && sound.count > 0 {
            heard = max(heard, sound.first + min(sound.count, (now - sound.start) / Self.sample))
        }
        return heard
    }
}

@Suite struct StreamPlayoutClockTests {
    private static let ms: Int64 = 1_000_000
    private func at(_ ns: Int64) -> Instant { Instant(nanoseconds: ns) }

    @Test func withoutEchoesTimeDecides() {
        var clock = StreamPlayoutClock(sampleRate: 8000)
        #expect(clock.heardSamples(at: at(0)) == 0)
        #expect(clock.play(160, at: at(0)) == nil)
        #expect(clock.play(160, at: at(0)) == nil)
        let half = StreamPlayoutClock.assumedRoundTrip.rawValue / 2
        #expect(clock.heardSamples(at: at(half)) == 0)
        #expect(clock.heardSamples(at: at(half + 10 * Self.ms)) == 80)
        #expect(clock.heardSamples(at: at(half + 5 * Self.ms)) == 80)
        #expect(clock.heardSamples(at: at(half + 40 * Self.ms)) == 320)
        #expect(clock.heardSamples(at: at(half + 4000 * Self.ms)) == 320)
    }

    @Test func aCarrierWithoutMarksIsTakenToHearWithItsDelay() {
        var clock = StreamPlayoutClock(sampleRate: 8000, marks: .none(delay: .milliseconds(120)))
        for _ in 0..<100 { #expect(clock.play(160, at: at(0)) == nil) }
        #expect(clock.playEnded() == nil)
        #expect(clock.heardSamples(at: at(120 * Self.ms)) == 0)
        #expect(clock.heardSamples(at: at(1_120 * Self.ms)) == 8_000)
        #expect(clock.heardSamples(at: at(900 * Self.ms)) == 8_000)
        #expect(clock.heardSamples(at: at(9_000 * Self.ms)) == 16_000)
        #expect(clock.mayHaveUnplayedSamples)
        #expect(clock.cut(at: at(9_000 * Self.ms)) == 16_000)
        #expect(!clock.mayHaveUnplayedSamples)
    }

    @Test func silenceThatNobodyCountsDelaysWhatFollows() {
        var clock = StreamPlayoutClock(sampleRate: 8000, marks: .none(delay: .zero))
        _ = clock.play(800, at: at(0))
        clock.pad(800, at: at(0))
        _ = clock.play(800, at: at(10 * Self.ms))
        #expect(clock.heardSamples(at: at(100 * Self.ms)) == 800)
        #expect(clock.heardSamples(at: at(200 * Self.ms)) == 800)
        #expect(clock.heardSamples(at: at(250 * Self.ms)) == 1_200)
        // A cut takes the silence away too.
        clock.pad(8_000, at: at(250 * Self.ms))
        #expect(clock.cut(at: at(260 * Self.ms)) == 1_280)
        _ = clock.play(800, at: at(260 * Self.ms))
        #expect(clock.heardSamples(at: at(270 * Self.ms)) == 1_680)
    }

    @Test func aMarkBehindSilenceIsDueAfterIt() {
        var clock = StreamPlayoutClock(sampleRate: 8000)
        _ = clock.play(800, at: at(0))
        clock.pad(800, at: at(0))
        #expect(clock.playEnded() == 1)
        #expect(clock.echoed(1, at: at(230 * Self.ms)) == .played)
        #expect(clock.roundTrip == .milliseconds(30))
    }

    @Test func aCarrierThatRanDryHasPlayedAll() {
        var clock = StreamPlayoutClock(sampleRate: 8000)
        _ = clock.play(8_000, at: at(0))
        // Sent before the audio came there: says nothing.
        clock.drained(at: at(49 * Self.ms))
        #expect(clock.mayHaveUnplayedSamples)
        clock.drained(at: at(600 * Self.ms))
        #expect(clock.heardSamples(at: at(600 * Self.ms)) == 8_000)
        #expect(!clock.mayHaveUnplayedSamples)
    }

    @Test func samplesThatWereNeverSentAreDoneWithAfterACut() {
        var clock = StreamPlayoutClock(sampleRate: 8000)
        _ = clock.play(160, at: at(0))
        #expect(clock.cut(at: at(10 * Self.ms), unsent: 480) == 80)
        #expect(clock.handedSamples == 640)
        #expect(clock.heardSamples(at: at(10 * Self.ms)) == 640)
    }

    @Test func marksComeEveryIntervalAndAtTheEnd() {
        var clock = StreamPlayoutClock(sampleRate: 8000)
        var marks: [Int] = []
        for frame in 0..<30 where clock.play(160, at: at(Int64(frame) * 20 * Self.ms)) != nil { marks.append(frame) }
        #expect(marks == [11, 23])
        #expect(clock.playEnded() == 3)
        #expect(clock.playEnded() == nil)
    }

    @Test func anEchoProvesAndAnUnknownOneDoesNot() {
        var clock = StreamPlayoutClock(sampleRate: 8000)
        _ = clock.play(1920, at: at(0))
        #expect(clock.echoed(2, at: at(1)) == .unknown)
        #expect(clock.echoed(-1, at: at(1)) == .unknown)
        #expect(clock.echoed(1, at: at(100 * Self.ms)) == .played)
        #expect(clock.heardSamples(at: at(100 * Self.ms)) == 1920)
        #expect(clock.echoed(1, at: at(100 * Self.ms)) == .unknown)
        #expect(!clock.mayHaveUnplayedSamples)
    }

    @Test func marksOutstandingAtACutDoNotMeanPlayed() {
        var clock = StreamPlayoutClock(sampleRate: 8000)
        #expect(clock.play(1920, at: at(0)) == 1)
        #expect(clock.cut(at: at(100 * Self.ms)) == 800)
        #expect(clock.echoed(1, at: at(110 * Self.ms)) == .cleared)
        #expect(clock.roundTrip == StreamPlayoutClock.assumedRoundTrip)
        // What was dropped is done with: the next audio counts on from there.
        #expect(clock.heardSamples(at: at(120 * Self.ms)) == 1920)
        _ = clock.play(160, at: at(200 * Self.ms))
        #expect(clock.heardSamples(at: at(200 * Self.ms)) == 1920)
        #expect(clock.cut(at: at(210 * Self.ms)) == 2000)
    }

    @Test func marksAreBounded() {
        var clock = StreamPlayoutClock(sampleRate: 8000)
        var marks = 0
        for _ in 0..<10_000 where clock.play(8000, at: at(0)) != nil { marks += 1 }
        #expect(marks == StreamPlayoutClock.mostMarks)
        #expect(clock.cut(at: at(Self.ms)) == 8)
    }

    /// A whole conversation against the simulation: replies of random length, pauses, cuts.
    private struct Conversation {
        var errors: [Int64] = []
        var cutErrors: [Int64] = []
        var wentBack = 0

        init(seed: UInt64, down: ClosedRange<Int64>, up: ClosedRange<Int64>, stall: Int64 = 0) {
            var random = SeededRandom(seed: seed)
            var twilio = SimulatedTwilio()
            var clock = StreamPlayoutClock(sampleRate: 8000)
            let ms = StreamPlayoutClockTests.ms
            var now: Int64 = 1_000 * ms
            var last: Int64 = 0
            // Until a little after the first echo the round trip is assumed, and what was said by then is not taken
            // back.
            var calibratedAt = Int64.max
            var isCalibrated: Bool { now > calibratedAt }
            for _ in 0..<60 {
                // A reply: real time with 60 ms of lead.
                let frames = Int.random(in: 5...250, using: &random)
                let cutAt = Bool.random(using: &random) ? Int.random(in: 1...frames, using: &random) : nil
                let begin = now
                var sent = 0
                var isCut = false
                let stallAt = stall > 0 ? Int.random(in: 0..<frames, using: &random) : -1
                func delay(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) * ms }
                var speechEnd: Int64?
                while true {
                    twilio.run(to: now) { delay(up) }
                    for echo in twilio.takeEchoes(to: now)
                    where clock.echoed(echo.value, at: Instant(nanoseconds: echo.at)) == .played {
                        calibratedAt = min(calibratedAt, now + 100 * ms)
                    }
                    let heard = clock.heardSamples(at: Instant(nanoseconds: now))
                    if heard < last { wentBack += 1 }
                    last = heard
                    // After a cut the dropped samples count as done with: compare only what sounds.
                    if isCalibrated, !isCut { errors.append(abs(heard - twilio.heard(at: now)) * 1000 / 8000) }
                    while !isCut, sent < frames, Int64(sent) * 20 * ms <= now - begin + 60 * ms {
                        let slow = sent == stallAt ? stall * ms : 0
                        twilio.send(.audio(160), now: now, delay: delay(down) + slow)
                        if let mark = clock.play(160, at: Instant(nanoseconds: now)) {
                            twilio.send(.mark(mark), now: now, delay: delay(down))
                        }
                        sent += 1
                    }
                    if let cutAt, !isCut, now - begin >= Int64(cutAt) * 20 * ms {
                        let cut = clock.cut(at: Instant(nanoseconds: now))
                        twilio.send(.clear, now: now, delay: delay(down))
                        var later = twilio
                        later.run(to: now + 5_000 * ms) { delay(up) }
                        if isCalibrated { cutErrors.append(abs(cut - later.heardAtClear) * 1000 / 8000) }
                        isCut = true
                        speechEnd = now
                    }
                    if sent == frames, speechEnd == nil {
                        speechEnd = now
                        if let mark = clock.playEnded() { twilio.send(.mark(mark), now: now, delay: delay(down)) }
                    }
                    now += 10 * ms
                    if let speechEnd, now > speechEnd + 1_500 * ms { break }
                }
                // The simulation's count goes on from what was handed over, as the clock's does after a cut.
                now += Int64.random(in: 0...700, using: &random) * ms
                last = clock.heardSamples(at: Instant(nanoseconds: now))
            }
        }

        func share(within limit: Int64) -> Double { Double(errors.count { $0 <= limit }) / Double(errors.count) }
    }

    @Test(arguments: [0, 7, 20, 45, 80] as [Int64])
    func aConstantDelayIsKnownExactlyOnceCalibrated(delay: Int64) {
        let call = Conversation(seed: UInt64(delay), down: delay...delay, up: delay...delay)
        #expect(call.errors.count > 1_000)
        #expect(call.errors.max() == 0)
        #expect(call.cutErrors.count > 5)
        #expect(call.cutErrors.max() == 0)
        #expect(call.wentBack == 0)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func randomDelaysKeepTheErrorSmall(seed: UInt64) {
        let call = Conversation(seed: seed, down: 15...50, up: 15...50)
        #expect(call.wentBack == 0)
        #expect((call.errors.max() ?? 999) <= 100, "seed \(seed)")
        #expect((call.cutErrors.max() ?? 999) <= 100, "seed \(seed)")
        #expect(call.share(within: 30) > 0.9, "seed \(seed): \(call.share(within: 30))")
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func aStalledConnectionStopsTheEstimate(seed: UInt64) {
        let call = Conversation(seed: seed, down: 20...30, up: 20...30, stall: 600)
        #expect(call.wentBack == 0)
        // What cannot be known sooner: the stall is noticed when the next mark is overdue.
        let blind = Int64(StreamPlayoutClock.markInterval) + StreamPlayoutClock.patience.wholeMilliseconds + 50
        #expect((call.errors.max() ?? 999) <= blind, "seed \(seed)")
        #expect(call.share(within: 100) > 0.75, "seed \(seed): \(call.share(within: 100))")
    }
}
