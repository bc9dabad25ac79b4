import Testing

@testable import VoiceEngineCore

@Suite struct ToolCallStateMachineTests {
    private func call(_ id: String, _ name: String = "look_up") -> ToolCall {
        ToolCall(id: id, name: name, arguments: "{}")
    }

    @Test func anAnswerWithoutCallsNeedsNothing() {
        var machine = ToolCallStateMachine()
        #expect(machine.answerFinished() == .none)
    }

    @Test func callsAreRequestedTogetherAndResultsComeInTheirOrder() {
        var machine = ToolCallStateMachine()
        let calls = [call("a"), call("b"), call("c")]
        for call in calls { machine.called(call) }
        #expect(machine.answerFinished() == .request(calls))
        #expect(machine.result(id: "c", json: "3") == .none)
        #expect(machine.result(id: "a", json: "1") == .none)
        #expect(machine.result(id: "b", json: "2") == .resume(calls, results: ["1", "2", "3"]))
    }

    @Test func aResultNobodyWaitsForIsUnknown() {
        var machine = ToolCallStateMachine()
        #expect(machine.result(id: "a", json: "1") == .unknownCall, "nothing was called")
        machine.called(call("a"))
        #expect(machine.result(id: "a", json: "1") == .unknownCall, "not requested yet")
        machine.called(call("b"))
        _ = machine.answerFinished()
        #expect(machine.result(id: "x", json: "1") == .unknownCall)
        #expect(machine.result(id: "a", json: "1") == .none)
        #expect(machine.result(id: "a", json: "2") == .unknownCall, "only the first result counts")
        #expect(machine.result(id: "b", json: "2") == .resume([call("a"), call("b")], results: ["1", "2"]))
        #expect(machine.result(id: "b", json: "2") == .unknownCall, "all were answered")
    }

    @Test func twoCallsOfOneIdTakeOneResultEach() {
        var machine = ToolCallStateMachine()
        let calls = [call("a", "first"), call("a", "second")]
        for call in calls { machine.called(call) }
        _ = machine.answerFinished()
        #expect(machine.result(id: "a", json: "1") == .none)
        #expect(machine.result(id: "a", json: "2") == .resume(calls, results: ["1", "2"]))
    }

    @Test func aToolThatDoesNotAnswerIsAnsweredFor() {
        var machine = ToolCallStateMachine()
        let calls = [call("a"), call("b")]
        for call in calls { machine.called(call) }
        _ = machine.answerFinished()
        _ = machine.result(id: "b", json: "2")
        #expect(machine.timerFired() == .resume(calls, results: [ToolCallStateMachine.timeoutResult, "2"]))
        #expect(machine.timerFired() == .none, "once")
        #expect(machine.result(id: "a", json: "1") == .unknownCall, "too late")
    }

    @Test func anOldTimerAndASecondEndHaveNoEffect() {
        var machine = ToolCallStateMachine()
        #expect(machine.timerFired() == .none)
        machine.called(call("a"))
        #expect(machine.timerFired() == .none, "the model still writes")
        _ = machine.answerFinished()
        #expect(machine.answerFinished() == .none)
        machine.called(call("b"))
        #expect(
            machine.result(id: "a", json: "1") == .resume([call("a")], results: ["1"]), "b came after the answer's end")
    }

    @Test func theNextRoundBeginsEmpty() {
        var machine = ToolCallStateMachine()
        machine.called(call("a"))
        _ = machine.answerFinished()
        _ = machine.result(id: "a", json: "1")
        #expect(machine.answerFinished() == .none)
        machine.called(call("b"))
        #expect(machine.answerFinished() == .request([call("b")]))
    }

    @Test func aModelThatCallsWithoutEndIsStopped() {
        var machine = ToolCallStateMachine()
        for index in 0..<1_000 { machine.called(call("\(index)")) }
        guard case .request(let calls) = machine.answerFinished() else {
            Issue.record("nothing requested")
            return
        }
        #expect(calls.map(\.id) == (0..<ToolCallStateMachine.mostCalls).map { "\($0)" })
        _ = machine.timerFired()
        for round in 1..<ToolCallStateMachine.mostRounds {
            machine.called(call("round \(round)"))
            #expect(machine.answerFinished() == .request([call("round \(round)")]))
            _ = machine.timerFired()
        }
        machine.called(call("one too many"))
        #expect(machine.answerFinished() == .none, "the reply ends with what was said")
    }
}
