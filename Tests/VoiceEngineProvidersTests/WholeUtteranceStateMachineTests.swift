import Testing
@testable internal import VoiceEngineProviders

@Suite struct WholeUtteranceStateMachineTests {
    typealias Machine = WholeUtteranceStateMachine
    /// 1,000 samples a second: positions are milliseconds.
    private var machine = Machine(limits: .init(sampleRate: 1_000))

    private func settled(_ text: String, _ covered: Int64) -> [Machine.Action] {
        [.report(.init(text: text, isSettled: true, covered: covered))]
    }

    private mutating func hear(_ end: Int64) -> [Machine.Action] {
        machine.received(end: end) { $0.lowerBound + 1_000 }
    }

    @Test mutating func recognisesAtThePauseAndReportsWhenFinishedOrBefore() {
        #expect(machine.neededFrom(end: 5_000) == 4_200)
        #expect(machine.started(at: 1_000) == [])
        #expect(machine.neededFrom(end: 5_000) == 700)
        #expect(hear(2_000) == [])
        #expect(machine.paused(at: 2_000, end: 2_150) == [.recognise(id: 1, 700..<2_150)])
        // The request in flight settles it.
        #expect(machine.finish(end: 2_300) == [])
        #expect(machine.recognised(id: 1, text: "hi") == settled("hi", 2_000))
        #expect(machine.finish(end: 2_400) == settled("hi", 2_000))
        #expect(machine.committed() == [])
        #expect(machine.finish(end: 2_500) == [.report(.init(text: "", isSettled: true, covered: 2_500))])
        // The pre-roll does not reach into the turn before.
        #expect(machine.started(at: 2_300) == [])
        #expect(machine.paused(at: 3_000, end: 3_150) == [.recognise(id: 2, 2_150..<3_150)])
    }

    @Test mutating func resumingCancelsAndTheNextPauseSendsAll() {
        _ = machine.started(at: 1_000)
        #expect(machine.paused(at: 2_000, end: 2_150) == [.recognise(id: 1, 700..<2_150)])
        #expect(machine.resumed() == [.abandon(id: 1)])
        #expect(machine.recognised(id: 1, text: "late") == [])
        #expect(machine.paused(at: 4_000, end: 4_150) == [.recognise(id: 2, 700..<4_150)])
        #expect(machine.recognised(id: 2, text: "a b") == settled("a b", 4_000))
        // Already there: nothing to cancel, and the longer one replaces it. A start is a resumption here.
        #expect(machine.started(at: 4_500) == [])
        #expect(machine.finish(end: 5_000) == [.recognise(id: 3, 700..<5_000)])
        #expect(machine.recognised(id: 3, text: "a b c") == settled("a b c", 5_000))
    }

    @Test mutating func keepsALongPartThatEndedInAPause() {
        _ = machine.started(at: 300)
        #expect(machine.paused(at: 11_000, end: 11_150) == [.recognise(id: 1, 0..<11_150)])
        #expect(machine.resumed() == [])
        #expect(machine.neededFrom(end: 12_000) == 11_150)
        #expect(machine.paused(at: 13_000, end: 13_150) == [.recognise(id: 2, 11_150..<13_150)])
        #expect(machine.recognised(id: 2, text: "two") == [])
        #expect(machine.recognised(id: 1, text: "one") == settled("one two", 13_000))
        #expect(machine.resumed() == [])
        #expect(machine.paused(at: 14_000, end: 14_150) == [.recognise(id: 3, 11_150..<14_150)])
        #expect(machine.recognised(id: 3, text: "two three") == settled("one two three", 14_000))
    }

    @Test mutating func cutsSpeechWithoutPauses() {
        _ = machine.started(at: 300)
        #expect(hear(24_999) == [])
        #expect(hear(25_000) == [.recognise(id: 1, 0..<23_000)])
        #expect(hear(30_000) == [])
        #expect(
            machine.recognised(id: 1, text: "one") == [.report(.init(text: "one", isSettled: false, covered: 23_000))])
        #expect(hear(48_000) == [.recognise(id: 2, 23_000..<46_000)])
        #expect(machine.paused(at: 49_000, end: 49_150) == [.recognise(id: 3, 46_000..<49_150)])
        #expect(machine.recognised(id: 3, text: "three") == [])
        #expect(machine.recognised(id: 2, text: "") == settled("one three", 49_000))
        #expect(machine.committed() == [])
    }

    @Test mutating func committingAbandonsAndAGoingVoiceBeginsTheNextUtterance() {
        _ = machine.started(at: 1_000)
        _ = machine.paused(at: 2_000, end: 2_150)
        #expect(machine.committed() == [.abandon(id: 1)])
        #expect(machine.recognised(id: 1, text: "x") == [])
        #expect(machine.paused(at: 3_000, end: 3_150) == [])
        _ = machine.started(at: 4_000)
        _ = machine.paused(at: 5_000, end: 5_150)
        _ = machine.recognised(id: 2, text: "hi")
        _ = machine.resumed()
        #expect(machine.committed() == [])
        #expect(machine.paused(at: 6_000, end: 6_150) == [.recognise(id: 3, 5_150..<6_150)])
    }

    @Test mutating func doesNotSendWhatIsNoWord() {
        _ = machine.started(at: 300)
        _ = machine.paused(at: 2_000, end: 2_150)
        _ = machine.recognised(id: 1, text: "hi")
        _ = machine.committed()
        _ = machine.started(at: 2_150)
        #expect(machine.paused(at: 2_200, end: 2_249) == settled("", 2_200))
    }

    /// Whatever comes in whatever order: requests stay short and in order, and the audio that they need is kept.
    @Test func anyOrderOfEventsStaysBounded() {
        for seed in 0..<300 as Range<UInt64> {
            var random = Random(state: seed)
            var machine = Machine(limits: .init(sampleRate: 1_000))
            var end: Int64 = 0
            var inFlight: [Int] = []
            var needed: Int64 = 0
            for _ in 0..<400 {
                let step = random.next() % 8
                var actions: [Machine.Action] = []
                switch step {
                case 0: actions = machine.started(at: max(0, end - 200))
                case 1: actions = machine.paused(at: max(0, end - 150), end: end)
                case 2: actions = machine.resumed()
                case 3: actions = machine.finish(end: end)
                case 4: if random.next() % 4 == 0 { actions = machine.committed() }
                case 5: if let id = inFlight.popLast() { actions = machine.recognised(id: id, text: "w") }
                default:
                    end += Int64(random.next() % 2_000)
                    actions = machine.received(end: end) { $0.lowerBound }
                }
                for action in actions {
                    switch action {
                    case .recognise(let id, let range):
                        #expect(range.count >= 100 && range.count <= 27_000, "seed \(seed)")
                        #expect(range.lowerBound >= needed && range.upperBound <= end, "seed \(seed)")
                        inFlight.append(id)
                    case .abandon(let id): inFlight.removeAll { $0 == id }
                    case .report: break
                    }
                }
                needed = max(needed, machine.neededFrom(end: end))
            }
        }
    }

    private struct Random {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }
}
