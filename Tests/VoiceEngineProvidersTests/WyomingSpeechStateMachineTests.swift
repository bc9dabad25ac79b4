import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

@Suite struct WyomingSpeechStateMachineTests {
    private var machine = WyomingSpeechStateMachine()
    private let first = TurnID.none.next
    private let second = TurnID.none.next.next

    private func id(_ turn: TurnID, _ index: Int) -> SegmentID { SegmentID(turn: turn, index: index) }

    @Test mutating func oneSegmentAtATime() {
        #expect(machine.ended() == [])
        #expect(machine.speak("a", id(first, 0)) == [.synthesize(id(first, 0), "a")])
        #expect(machine.speak("b", id(first, 1)) == [])
        #expect(machine.speaking == id(first, 0))
        machine.audioCame()
        #expect(machine.ended() == [.completed(id(first, 0)), .synthesize(id(first, 1), "b")])
        #expect(machine.ended() == [.completed(id(first, 1))])
        #expect(machine.speaking == nil)
        #expect(machine.speak(" ", id(first, 2)) == [.completed(id(first, 2))])
    }

    @Test mutating func cancellingDropsTheTurnAndOlderOnes() {
        _ = machine.speak("a", id(first, 0))
        _ = machine.speak("b", id(first, 1))
        _ = machine.speak("c", id(second, 0))
        #expect(machine.cancel(first) == [.dropConnection, .synthesize(id(second, 0), "c")])
        #expect(machine.cancel(first) == [])
        #expect(machine.cancel(second) == [.dropConnection])
        #expect(machine.ended() == [])
        #expect(machine.lost(mayRetry: true) == [])
    }

    @Test mutating func asksOnceMoreWhileNothingWasHeard() {
        _ = machine.speak("a", id(first, 0))
        _ = machine.speak("b", id(first, 1))
        _ = machine.speak("c", id(second, 0))
        #expect(machine.lost(mayRetry: true) == [.synthesize(id(first, 0), "a")])
        #expect(machine.lost(mayRetry: true) == [.failed(first), .synthesize(id(second, 0), "c")])
        machine.audioCame()
        #expect(machine.lost(mayRetry: true) == [.failed(second)])
        _ = machine.speak("d", id(second, 1))
        #expect(machine.lost(mayRetry: false) == [.failed(second)])
        #expect(machine.speaking == nil)
    }

    @Test mutating func isBounded() {
        _ = machine.speak("a", id(first, 0))
        for index in 1...WyomingSpeechStateMachine.maximumWaiting {
            #expect(machine.speak("x", id(first, index)) == [])
        }
        #expect(machine.speak("y", id(first, 2_000)) == [.failed(first)])
    }
}
