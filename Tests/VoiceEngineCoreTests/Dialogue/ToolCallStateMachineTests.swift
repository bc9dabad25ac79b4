import Testing

@testable import VoiceEngineCore

@Suite struct ToolCallStateMachineTests {
    private static let terms = ToolTerms(patience: .seconds(10))

    private func call(_ id: String, _ name: String = "look_up") -> ToolCall {
        ToolCall(id: id, name: name, arguments: "{}")
    }

    private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test func anAnswerWithoutCallsNeedsNothing() {
        var machine = ToolCallStateMachine()
        #expect(machine.answerFinished(hasSpoken: false, at: .zero) == .none)
        #expect(machine.replyEnded() == .none)
    }

    @Test func callsAreRequestedTogetherAndResultsComeInTheirOrder() {
        var machine = ToolCallStateMachine()
        let calls = [call("a"), call("b"), call("c")]
        for call in calls { machine.called(call, terms: Self.terms) }
        #expect(machine.answerFinished(hasSpoken: false, at: time(0)) == .request(calls, wake: time(10_000)))
        #expect(machine.result(id: "c", json: "3") == .wait(wake: time(10_000)))
        #expect(machine.result(id: "a", json: "1") == .wait(wake: time(10_000)))
        #expect(machine.result(id: "b", json: "2") == .resume(calls, results: ["1", "2", "3"]))
    }

    @Test func aResultNobodyWaitsForIsUnknown() {
        var machine = ToolCallStateMachine()
        #expect(machine.result(id: "a", json: "1") == .unknownCall, "nothing was called")
        machine.called(call("a"), terms: Self.terms)
        #expect(machine.result(id: "a", json: "1") == .unknownCall, "not requested yet")
        machine.called(call("b"), terms: Self.terms)
        _ = machine.answerFinished(hasSpoken: false, at: .zero)
        #expect(machine.result(id: "x", json: "1") == .unknownCall)
        #expect(machine.result(id: "a", json: "1") == .wait(wake: time(10_000)))
        #expect(machine.result(id: "a", json: "2") == .unknownCall, "only the first result counts")
        #expect(machine.result(id: "b", json: "2") == .resume([call("a"), call("b")], results: ["1", "2"]))
        #expect(machine.result(id: "b", json: "2") == .unknownCall, "all were answered")
    }

    @Test func twoCallsOfOneIdTakeOneResultEach() {
        var machine = ToolCallStateMachine()
        let calls = [call("a", "first"), call("a", "second")]
        for call in calls { machine.called(call, terms: Self.terms) }
        _ = machine.answerFinished(hasSpoken: false, at: .zero)
        #expect(machine.result(id: "a", json: "1") == .wait(wake: time(10_000)))
        #expect(machine.result(id: "a", json: "2") == .resume(calls, results: ["1", "2"]))
    }

    @Test func aToolThatDoesNotAnswerIsAnsweredFor() {
        var machine = ToolCallStateMachine()
        machine.called(call("a"), terms: Self.terms)
        machine.called(call("b"), terms: ToolTerms(patience: .seconds(2)))
        machine.called(call("c"), terms: Self.terms)
        #expect(
            machine.answerFinished(hasSpoken: false, at: .zero)
                == .request([call("a"), call("b"), call("c")], wake: time(2_000)))
        #expect(machine.timerFired(at: time(1_999)) == .wait(wake: time(2_000)))
        #expect(machine.timerFired(at: time(2_000)) == .wait(wake: time(10_000)), "b is given up, the others wait")
        #expect(machine.result(id: "b", json: "2") == .unknownCall, "too late")
        #expect(machine.result(id: "a", json: "1") == .wait(wake: time(10_000)))
        let timeout = ToolCallStateMachine.timeoutResult
        #expect(
            machine.timerFired(at: time(10_000))
                == .resume([call("a"), call("b"), call("c")], results: ["1", timeout, timeout]))
        #expect(machine.timerFired(at: time(10_001)) == .none, "once")
    }

    @Test func theCallerIsToldToWaitOnce() {
        var machine = ToolCallStateMachine()
        machine.called(call("a"), terms: Self.terms)
        machine.called(call("b"), terms: ToolTerms(patience: .seconds(10), sayAfter: .milliseconds(500)))
        machine.called(call("c"), terms: ToolTerms(patience: .seconds(10), sayAfter: .milliseconds(800)))
        #expect(
            machine.answerFinished(hasSpoken: false, at: time(100))
                == .request([call("a"), call("b"), call("c")], wake: time(600)))
        #expect(machine.timerFired(at: time(600)) == .say(call("b"), wake: time(10_100)))
        #expect(machine.timerFired(at: time(900)) == .wait(wake: time(10_100)), "c does not say it again")
    }

    @Test(arguments: [true, false])
    func nothingIsSaidMeanwhile(hasSpoken: Bool) {
        var machine = ToolCallStateMachine()
        machine.called(call("a"), terms: ToolTerms(patience: .seconds(10), sayAfter: .milliseconds(500)))
        machine.called(call("b"), terms: Self.terms)
        let first = machine.answerFinished(hasSpoken: hasSpoken, at: .zero)
        if hasSpoken {
            #expect(first == .request([call("a"), call("b")], wake: time(10_000)), "the model has said it itself")
        } else {
            #expect(first == .request([call("a"), call("b")], wake: time(500)))
            #expect(machine.result(id: "a", json: "1") == .wait(wake: time(10_000)), "it was quick enough")
        }
        #expect(machine.timerFired(at: time(700)) == .wait(wake: time(10_000)))
    }

    @Test func aSentenceAtOnce() {
        var machine = ToolCallStateMachine()
        machine.called(call("a"), terms: ToolTerms(patience: .seconds(10), sayAfter: .zero))
        #expect(machine.answerFinished(hasSpoken: false, at: time(5)) == .request([call("a")], wake: time(5)))
        #expect(machine.timerFired(at: time(5)) == .say(call("a"), wake: time(10_005)))
    }

    @Test func whatIsKnownAtOnceIsNotRequested() {
        var machine = ToolCallStateMachine()
        machine.called(call("a"), terms: Self.terms, answer: "1")
        #expect(machine.answerFinished(hasSpoken: false, at: .zero) == .resume([call("a")], results: ["1"]))
        machine.called(call("b"), terms: Self.terms, answer: "2")
        machine.called(call("c"), terms: Self.terms)
        #expect(machine.answerFinished(hasSpoken: false, at: .zero) == .request([call("c")], wake: time(10_000)))
        #expect(machine.result(id: "b", json: "x") == .unknownCall)
        #expect(machine.result(id: "c", json: "3") == .resume([call("b"), call("c")], results: ["2", "3"]))
    }

    @Test func anOldTimerAndASecondEndHaveNoEffect() {
        var machine = ToolCallStateMachine()
        #expect(machine.timerFired(at: .zero) == .none)
        machine.called(call("a"), terms: Self.terms)
        #expect(machine.timerFired(at: .zero) == .none, "the model still writes")
        _ = machine.answerFinished(hasSpoken: false, at: .zero)
        #expect(machine.answerFinished(hasSpoken: false, at: .zero) == .none)
        machine.called(call("b"), terms: Self.terms)
        #expect(
            machine.result(id: "a", json: "1") == .resume([call("a")], results: ["1"]), "b came after the answer's end")
    }

    @Test func theNextRoundBeginsEmpty() {
        var machine = ToolCallStateMachine()
        machine.called(call("a"), terms: Self.terms)
        #expect(machine.knows(id: "a") == true)
        #expect(machine.knows(id: "b") == false)
        _ = machine.answerFinished(hasSpoken: false, at: .zero)
        _ = machine.result(id: "a", json: "1")
        #expect(machine.answerFinished(hasSpoken: false, at: .zero) == .none)
        machine.called(call("b"), terms: Self.terms)
        #expect(machine.answerFinished(hasSpoken: false, at: .zero) == .request([call("b")], wake: time(10_000)))
    }

    @Test func anInterruptedReplyLeavesItsCalls() {
        var machine = ToolCallStateMachine()
        machine.called(call("a"), terms: Self.terms)
        machine.called(call("b"), terms: ToolTerms(patience: .seconds(3), survivesInterruption: false))
        machine.called(call("c"), terms: Self.terms)
        _ = machine.answerFinished(hasSpoken: false, at: time(1_000))
        _ = machine.result(id: "c", json: "3")
        #expect(
            machine.replyEnded()
                == .leave(
                    .init(
                        calls: [call("a"), call("b"), call("c")],
                        results: [ToolCallStateMachine.openResult, ToolCallStateMachine.stoppedResult, "3"],
                        open: [.init(id: "a", deadline: time(11_000))], stopped: ["b"])))
        #expect(machine.replyEnded() == .none, "once")
        #expect(machine.result(id: "a", json: "1") == .unknownCall)
        #expect(machine.timerFired(at: time(20_000)) == .none)
        machine.called(call("d"), terms: Self.terms)
        #expect(machine.answerFinished(hasSpoken: false, at: .zero) == .none)
        #expect(machine.takesCalls == false)
    }

    @Test func callsThatWereNotMadeYetLeaveNothing() {
        var machine = ToolCallStateMachine()
        machine.called(call("a"), terms: Self.terms)
        #expect(machine.replyEnded() == .none)
        #expect(machine.knows(id: "a") == false)
    }

    @Test func aModelThatCallsWithoutEndIsStopped() {
        var machine = ToolCallStateMachine()
        for index in 0..<1_000 { machine.called(call("\(index)"), terms: Self.terms) }
        guard case .request(let calls, _) = machine.answerFinished(hasSpoken: false, at: .zero) else {
            Issue.record("nothing requested")
            return
        }
        #expect(calls.map(\.id) == (0..<ToolCallStateMachine.mostCalls).map { "\($0)" })
        _ = machine.timerFired(at: time(10_000))
        for round in 1..<ToolCallStateMachine.mostRounds {
            #expect(machine.takesCalls == true)
            machine.called(call("round \(round)"), terms: Self.terms)
            #expect(
                machine.answerFinished(hasSpoken: false, at: .zero)
                    == .request([call("round \(round)")], wake: time(10_000)))
            _ = machine.timerFired(at: time(10_000))
        }
        #expect(machine.takesCalls == false)
        machine.called(call("one too many"), terms: Self.terms)
        #expect(
            machine.answerFinished(hasSpoken: false, at: .zero) == .none, "the reply ends with what was said")
    }
}

@Suite struct LateToolCallsTests {
    private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test func eachCallIsAnsweredOrGivenUpOnce() {
        var late = LateToolCalls()
        #expect(late.wake == nil)
        #expect(late.answered(id: "a") == false)
        for (id, deadline) in [("a", 2_000), ("b", 1_000), ("c", 3_000)] as [(String, Int64)] {
            #expect(late.add(.init(id: id, deadline: time(deadline))) == true)
        }
        #expect(late.wake == time(1_000))
        #expect(late.knows(id: "c") && !late.knows(id: "d"))
        #expect(late.answered(id: "a") == true)
        #expect(late.answered(id: "a") == false, "once")
        #expect(late.expired(at: time(999)) == [])
        #expect(late.expired(at: time(1_000)) == ["b"])
        #expect(late.wake == time(3_000))
        #expect(late.answered(id: "b") == false, "too late")
        #expect(late.expired(at: time(9_000)) == ["c"])
        #expect(late.wake == nil)
    }

    @Test func tooManyAreRefused() {
        var late = LateToolCalls()
        for index in 0..<LateToolCalls.capacity {
            #expect(late.add(.init(id: "\(index)", deadline: .zero)) == true)
        }
        #expect(late.add(.init(id: "one too many", deadline: .zero)) == false)
    }
}
