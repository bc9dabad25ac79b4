import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct BrowserCallStateMachineTests {
    enum Event: Sendable {
        case message(BrowserMessage), audio, malformed, deadline, sessionEnded
    }

    enum Phase: Sendable, CaseIterable { case waiting, live, ended }

    private static let wrong = BrowserWireError(field: .samples, expected: .count)

    private func machine(_ phase: Phase) -> BrowserCallStateMachine {
        var machine = BrowserCallStateMachine()
        if phase != .waiting { _ = machine.received(.start(BrowserStart())) }
        if phase == .ended { _ = machine.received(.hangUp) }
        return machine
    }

    private func take(_ event: Event, _ machine: inout BrowserCallStateMachine) -> BrowserCallStateMachine.Action {
        switch event {
        case .message(let message): return machine.received(message)
        case .audio: return machine.receivedAudio()
        case .malformed: return machine.receivedMalformed(Self.wrong)
        case .deadline: return machine.startDeadlinePassed()
        case .sessionEnded:
            machine.sessionEnded()
            return .none
        }
    }

    /// Every event in every phase.
    @Test(
        arguments: [
            (
                Event.message(.start(BrowserStart())),
                [.startCall(BrowserStart()), .ignored(.startedTwice), .ignored(.ended)]
            ),
            (.message(.played(samples: 5)), [.ignored(.notStarted), .takePlayed(5), .ignored(.ended)]),
            (
                .message(.cleared(number: 1, samples: 5)),
                [.ignored(.notStarted), .takeCleared(number: 1, samples: 5), .ignored(.ended)]
            ),
            (.message(.digits("1")), [.ignored(.notStarted), .takeDigits("1"), .ignored(.ended)]),
            (.message(.hangUp), [.endCall, .endCall, .ignored(.ended)]),
            (.message(.unknown), [.ignored(.unknownType), .ignored(.unknownType), .ignored(.unknownType)]),
            (.audio, [.ignored(.notStarted), .takeAudio, .ignored(.ended)]),
            (.malformed, [.ignored(.malformed(wrong)), .ignored(.malformed(wrong)), .ignored(.ended)]),
            (.deadline, [.close(code: 1008, .silentClient), .none, .none]),
            (.sessionEnded, [.none, .none, .none]),
        ] as [(Event, [BrowserCallStateMachine.Action])])
    func transitions(event: Event, expected: [BrowserCallStateMachine.Action]) {
        for (phase, action) in zip(Phase.allCases, expected) {
            var machine = machine(phase)
            #expect(take(event, &machine) == action, "\(phase)")
        }
    }

    @Test func nothingIsTakenOnceTheSessionHasEnded() {
        var machine = machine(.live)
        machine.sessionEnded()
        #expect(machine.receivedAudio() == .ignored(.ended))
        #expect(machine.received(.start(BrowserStart())) == .ignored(.ended))
    }

    @Test func aClientThatIsWrongAllTheTimeIsClosed() {
        var machine = machine(.live)
        for _ in 0..<BrowserCallStateMachine.mostAnomalies {
            #expect(machine.receivedMalformed(Self.wrong) == .ignored(.malformed(Self.wrong)))
        }
        #expect(machine.receivedMalformed(Self.wrong) == .close(code: 1008, .malformed(Self.wrong)))
        #expect(machine.receivedAudio() == .ignored(.ended))
    }

    @Test func newTypesAreNoAnomaly() {
        var machine = machine(.live)
        for _ in 0..<100 { _ = machine.received(.unknown) }
        #expect(machine.anomalies == 0)
        #expect(machine.receivedAudio() == .takeAudio)
    }
}
