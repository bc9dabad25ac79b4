import Testing

@testable import VoiceEngineLocal

/// Positions in samples of a rate of 1000, so that they read as milliseconds.
@Suite("Utterance state machine")
struct UtteranceStateMachineTests {
    private typealias Machine = UtteranceStateMachine
    private typealias Action = UtteranceStateMachine.Action

    private static func machine() -> UtteranceStateMachine { .init(limits: .init(sampleRate: 1_000)) }

    private static func report(_ text: String, settled: Bool, covered: Int64) -> Action {
        .report(.init(text: text, isSettled: settled, covered: covered))
    }

    @Test("a sentence: partial results, the settled one early in the silence, ready when asked for")
    func sentence() {
        var machine = Self.machine()
        #expect(machine.received(end: 1_000, canSpare: true) == .none)
        #expect(machine.started(at: 900) == .none)
        #expect(machine.received(end: 1_080, canSpare: true) == .none)
        // 500 ms of audio after its beginning at 600.
        #expect(machine.received(end: 1_100, canSpare: true) == .recognise(id: 1, 600..<1_100))
        #expect(machine.received(end: 1_700, canSpare: true) == .none)
        #expect(machine.recognised(id: 1, text: "what") == Self.report("what", settled: false, covered: 1_100))
        #expect(machine.received(end: 1_720, canSpare: false) == .none)
        #expect(machine.paused(at: 1_720, end: 1_880) == .recognise(id: 2, 600..<1_880))
        #expect(machine.received(end: 2_500, canSpare: true) == .none)
        #expect(machine.recognised(id: 2, text: "what time") == Self.report("what time", settled: true, covered: 1_720))
        #expect(machine.received(end: 3_000, canSpare: true) == .none)
        #expect(machine.finish(end: 3_000) == Self.report("what time", settled: true, covered: 1_720))
        machine.committed()
        #expect(machine.finish(end: 3_100) == Self.report("", settled: true, covered: 3_100))
    }

    @Test("a pause takes the place of a partial result under way")
    func replacesPartial() {
        var machine = Self.machine()
        _ = machine.started(at: 1_000)
        #expect(machine.received(end: 1_500, canSpare: true) == .recognise(id: 1, 700..<1_500))
        #expect(machine.paused(at: 1_600, end: 1_750) == .recognise(id: 2, 700..<1_750))
        #expect(machine.recognised(id: 1, text: "late") == .none)
        #expect(machine.recognised(id: 2, text: "all") == Self.report("all", settled: true, covered: 1_600))
    }

    @Test("speech after the pause: its text is not settled any more")
    func resumed() {
        var machine = Self.machine()
        _ = machine.started(at: 1_000)
        #expect(machine.paused(at: 1_400, end: 1_550) == .recognise(id: 1, 700..<1_550))
        #expect(machine.resumed() == .none)
        #expect(machine.recognised(id: 1, text: "I would") == Self.report("I would", settled: false, covered: 1_550))
        #expect(machine.paused(at: 2_000, end: 2_150) == .recognise(id: 2, 700..<2_150))
        #expect(
            machine.recognised(id: 2, text: "I would go") == Self.report("I would go", settled: true, covered: 2_000))
        #expect(machine.resumed() == .none)
        #expect(machine.finish(end: 2_300) == .recognise(id: 3, 700..<2_300))
        #expect(
            machine.recognised(id: 3, text: "I would go now")
                == Self.report("I would go now", settled: true, covered: 2_300))
    }

    @Test("asked for while under way, the result comes once; a refused one is tried again")
    func finishWhileRunning() {
        var machine = Self.machine()
        _ = machine.started(at: 1_000)
        #expect(machine.paused(at: 1_400, end: 1_550) == .recognise(id: 1, 700..<1_550))
        #expect(machine.finish(end: 1_600) == .none)
        machine.refused(id: 1)
        #expect(machine.received(end: 1_620, canSpare: false) == .recognise(id: 2, 700..<1_620))
        machine.refused(id: 2)
        #expect(machine.finish(end: 1_640) == .recognise(id: 3, 700..<1_640))
        #expect(machine.recognised(id: 3, text: "yes") == Self.report("yes", settled: true, covered: 1_400))
    }

    @Test("what was committed does not come back")
    func committed() {
        var machine = Self.machine()
        _ = machine.started(at: 1_000)
        #expect(machine.paused(at: 1_400, end: 1_550) == .recognise(id: 1, 700..<1_550))
        machine.committed()
        #expect(machine.recognised(id: 1, text: "old") == .none)
        #expect(machine.started(at: 2_000) == .none)
        #expect(machine.paused(at: 2_300, end: 2_450) == .recognise(id: 2, 1_700..<2_450))
    }

    @Test("a speech of minutes is put together from parts")
    func long() {
        var machine = Self.machine()
        _ = machine.started(at: 300)
        #expect(machine.paused(at: 16_000, end: 16_200) == .recognise(id: 1, 0..<16_200))
        #expect(
            machine.recognised(id: 1, text: "first part") == Self.report("first part", settled: true, covered: 16_000))
        #expect(machine.finish(end: 16_200) == Self.report("first part", settled: true, covered: 16_000))
        _ = machine.resumed()
        #expect(machine.neededFrom(end: 16_300) == 16_200)
        #expect(machine.paused(at: 17_000, end: 17_200) == .recognise(id: 2, 16_200..<17_200))
        #expect(
            machine.recognised(id: 2, text: "and more")
                == Self.report("first part and more", settled: true, covered: 17_000))
    }

    @Test("without a pause the audio to recognise has an end as well")
    func endless() {
        var machine = Self.machine()
        _ = machine.started(at: 300)
        #expect(machine.received(end: 28_000, canSpare: true) == .recognise(id: 1, 0..<28_000))
        #expect(
            machine.recognised(id: 1, text: "on and on") == Self.report("on and on", settled: false, covered: 28_000))
        #expect(machine.received(end: 28_600, canSpare: true) == .recognise(id: 2, 28_000..<28_600))
        machine.refused(id: 2)
        #expect(machine.received(end: 90_000, canSpare: false) == .none)
        #expect(machine.neededFrom(end: 90_000) == 60_000)
        #expect(machine.finish(end: 90_000) == .recognise(id: 3, 60_000..<90_000))
    }

    @Test("hints that make no sense now change nothing")
    func nonsense() {
        var machine = Self.machine()
        #expect(machine.paused(at: 100, end: 200) == .none)
        #expect(machine.resumed() == .none)
        #expect(machine.recognised(id: 9, text: "x") == .none)
        machine.refused(id: 9)
        _ = machine.started(at: 1_000)
        #expect(machine.started(at: 1_100) == .none)
        #expect(machine.paused(at: 1_400, end: 1_550) == .recognise(id: 1, 700..<1_550))
        #expect(machine.paused(at: 1_450, end: 1_600) == .none)
    }
}
