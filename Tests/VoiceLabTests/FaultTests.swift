import Testing

@testable import VoiceLab

@Suite struct FaultTests {
    @Test(arguments: [
        ("stall", Fault(kind: .stall)),
        ("reset@in50x1", Fault(kind: .ending(.reset), step: .received(50), times: 1)),
        ("half@2", Fault(kind: .ending(.half), step: .sent(2))),
        ("close", Fault(kind: .ending(.close))),
        ("429=2x3", Fault(kind: .status(429, retryAfter: 2), times: 3)),
        ("401", Fault(kind: .status(401, retryAfter: nil))),
        ("garbage=9@4", Fault(kind: .garbage(9), step: .sent(4))),
        ("garbage", Fault(kind: .garbage(64))),
        ("latency=40", Fault(kind: .latency(40))),
        ("split=7", Fault(kind: .split(7))),
        ("drip=3@2", Fault(kind: .drip(3), step: .sent(2))),
    ])
    func reads(_ row: (text: String, fault: Fault)) throws {
        #expect(try Fault.parse(row.text) == row.fault)
    }

    @Test(arguments: [
        "", "x1", "@2", "reset@0", "reset@in0", "reset@x", "resetx0", "latency", "latency=0", "latency=-4", "stall=3",
        "200", "600", "explode", "drip=", "close=1",
    ])
    func refuses(_ text: String) {
        #expect(throws: WireViolation.self) { try Fault.parse(text) }
    }

    @Test func severalAreJoinedByPlus() throws {
        #expect(try Fault.list("split=7+latency=40") == [Fault(kind: .split(7)), Fault(kind: .latency(40))])
        #expect(try Fault.list("") == [])
    }

    private static let plain = FaultMachine.Action.send(delayMilliseconds: 0, pieceBytes: nil, gapMilliseconds: 0)

    @Test func anEndComesOnceAndNothingBehindIt() throws {
        var machine = FaultMachine(try Fault.list("reset@3"))
        #expect((0..<5).map { _ in machine.sending() } == [Self.plain, Self.plain, .end(.reset), .nothing, .nothing])
    }

    @Test func anEndBehindSoManyMessagesOfTheClient() throws {
        var machine = FaultMachine(try Fault.list("close@in2"))
        #expect(machine.sending() == Self.plain)
        #expect(machine.receiving() == .nothing)
        #expect(machine.sending() == Self.plain)
        #expect(machine.receiving() == .end(.close))
        #expect(machine.receiving() == .nothing)
        #expect(machine.sending() == .nothing)
    }

    @Test func aStallLastsAndGarbageDoesNot() throws {
        var stalled = FaultMachine(try Fault.list("stall@2"))
        #expect((0..<3).map { _ in stalled.sending() } == [Self.plain, .nothing, .nothing])
        var garbled = FaultMachine(try Fault.list("garbage=5@2"))
        #expect((0..<3).map { _ in garbled.sending() } == [Self.plain, .garbage(bytes: 5), Self.plain])
        var heard = FaultMachine(try Fault.list("stall@in1"))
        #expect(heard.sending() == Self.plain)
        #expect(heard.receiving() == .nothing)
        #expect(heard.sending() == .nothing)
    }

    @Test func slownessAddsUp() throws {
        var machine = FaultMachine(try Fault.list("latency=40+split=7@2"))
        #expect(machine.sending() == .send(delayMilliseconds: 40, pieceBytes: nil, gapMilliseconds: 0))
        #expect(machine.sending() == .send(delayMilliseconds: 40, pieceBytes: 7, gapMilliseconds: 0))
        var drip = FaultMachine(try Fault.list("drip=3@2"))
        #expect(drip.sending() == Self.plain)
        #expect(drip.sending() == .send(delayMilliseconds: 0, pieceBytes: 1, gapMilliseconds: 3))
    }

    // MARK: The judge of a call

    private func record(agent: [Range<Int>], endedBy: String = "caller", failure: String? = nil) -> CallRecord {
        var record = CallRecord()
        record.utterances = [
            .init(say: .init(source: "", text: "", purpose: .turn), speech: 20_000..<28_000)
        ]
        record.agentSpans = agent
        record.caller = [UInt8](repeating: 0xFF, count: 60_000)
        record.endedBy = endedBy
        record.failure = failure
        return record
    }

    @Test func aCallerIsAnsweredLeftOrLeftInSilence() {
        let answered = FailuresCommand.judge(record(agent: [2_000..<6_000, 32_000..<40_000]), "a")
        #expect(answered.passed && answered.result == "answered" && answered.milliseconds == 500)
        let ended = FailuresCommand.judge(record(agent: [2_000..<6_000], endedBy: "agent"), "a")
        #expect(ended.passed && ended.result == "ended" && ended.milliseconds == 4_000)
        let silent = FailuresCommand.judge(record(agent: [2_000..<6_000], failure: "waited in vain"), "a")
        #expect(!silent.passed && silent.result == "silent" && silent.detail == "waited in vain")
        // A click is no answer.
        #expect(!FailuresCommand.judge(record(agent: [32_000..<32_500]), "a").passed)
        var broken = record(agent: [32_000..<40_000])
        broken.violations = [(40_000, "31950: a binary frame")]
        #expect(!FailuresCommand.judge(broken, "a").passed)
    }
}
