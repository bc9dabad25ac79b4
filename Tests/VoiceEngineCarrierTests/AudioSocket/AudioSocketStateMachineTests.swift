import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct AudioSocketStateMachineTests {
    typealias Action = AudioSocketStateMachine.Action

    enum Event: Sendable {
        case message(AudioSocketMessage)
        case malformed
        case identifierDeadline
        case audioDeadline
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let before: [Event]
        let event: Event
        let action: Action

        init(_ name: String, _ before: [Event], _ event: Event, _ action: Action) {
            (self.name, self.before, self.event, self.action) = (name, before, event, action)
        }

        var testDescription: String { name }
    }

    static let id = AudioSocketSays.identifier[3...].withUnsafeBytes { AudioSocketID($0)! }
    static let known: [Event] = [.message(.identifier(id))]
    static let live: [Event] = known + [.message(.audio(sampleRate: 8_000))]
    static let over: [Event] = live + [.message(.terminate)]
    static let error = AudioSocketWireError.oddAudio(3)

    static let rows: [Row] = [
        Row("waiting: uuid", [], .message(.identifier(id)), .awaitAudio),
        Row("waiting: audio", [], .message(.audio(sampleRate: 8_000)), .close(.notIdentified)),
        Row("waiting: silence", [], .message(.silence), .close(.notIdentified)),
        Row("waiting: digit", [], .message(.digit(0x31)), .close(.notIdentified)),
        Row("waiting: terminate", [], .message(.terminate), .endCall(reason: "the other side ended the call")),
        Row("waiting: error", [], .message(.error(nil)), .ignored(.failure(nil))),
        Row("waiting: hang-up", [], .message(.error(.hungUp)), .endCall(reason: "the caller hung up")),
        Row("waiting: unknown", [], .message(.unknown(0x77)), .ignored(.unknownKind(0x77))),
        Row("waiting: malformed", [], .malformed, .close(.malformed(error))),
        Row("waiting: deadline", [], .identifierDeadline, .close(.silentClient)),
        Row("waiting: audio deadline", [], .audioDeadline, .none),

        Row(
            "identified: audio", known, .message(.audio(sampleRate: 16_000)),
            .startCall(id, sampleRate: 16_000, withAudio: true)),
        Row("identified: no audio", known, .audioDeadline, .startCall(id, sampleRate: 8_000, withAudio: false)),
        Row("identified: silence", known, .message(.silence), .none),
        Row("identified: digit", known, .message(.digit(0x31)), .ignored(.earlyDigit)),
        Row("identified: uuid", known, .message(.identifier(id)), .ignored(.identifiedTwice)),
        Row("identified: terminate", known, .message(.terminate), .endCall(reason: "the other side ended the call")),
        Row("identified: error", known, .message(.error(.memory)), .ignored(.failure(.memory))),
        Row("identified: hang-up", known, .message(.error(.hungUp)), .endCall(reason: "the caller hung up")),
        Row("identified: unknown", known, .message(.unknown(0x77)), .ignored(.unknownKind(0x77))),
        Row("identified: malformed", known, .malformed, .ignored(.malformed(error))),
        Row("identified: deadline", known, .identifierDeadline, .none),

        Row("live: audio", live, .message(.audio(sampleRate: 8_000)), .takeAudio(sampleRate: 8_000)),
        Row("live: another rate", live, .message(.audio(sampleRate: 16_000)), .takeAudio(sampleRate: 16_000)),
        Row("live: silence", live, .message(.silence), .none),
        Row("live: digit", live, .message(.digit(0x31)), .takeDigit(0x31)),
        Row("live: uuid", live, .message(.identifier(id)), .ignored(.identifiedTwice)),
        Row("live: terminate", live, .message(.terminate), .endCall(reason: "the other side ended the call")),
        Row("live: error", live, .message(.error(.forwarding)), .ignored(.failure(.forwarding))),
        Row("live: hang-up", live, .message(.error(.hungUp)), .endCall(reason: "the caller hung up")),
        Row("live: unknown", live, .message(.unknown(0x77)), .ignored(.unknownKind(0x77))),
        Row("live: malformed", live, .malformed, .ignored(.malformed(error))),
        Row("live: deadline", live, .identifierDeadline, .none),
        Row("live: audio deadline", live, .audioDeadline, .none),

        Row("ended: audio", over, .message(.audio(sampleRate: 8_000)), .ignored(.ended)),
        Row("ended: uuid", over, .message(.identifier(id)), .ignored(.ended)),
        Row("ended: malformed", over, .malformed, .ignored(.ended)),
        Row("ended: deadline", over, .identifierDeadline, .none),
        Row("ended: audio deadline", over, .audioDeadline, .none),
    ]

    private func send(_ event: Event, to machine: inout AudioSocketStateMachine) -> Action {
        switch event {
        case .message(let message): machine.received(message)
        case .malformed: machine.receivedMalformed(Self.error)
        case .identifierDeadline: machine.identifierDeadlinePassed()
        case .audioDeadline: machine.audioDeadlinePassed()
        }
    }

    @Test(arguments: rows) func everyEventInEveryState(_ row: Row) {
        var machine = AudioSocketStateMachine()
        for event in row.before { _ = send(event, to: &machine) }
        #expect(send(row.event, to: &machine) == row.action)
    }

    @Test func whatNoCorrectClientSendsIsBornAFewTimes() {
        var machine = AudioSocketStateMachine()
        for event in Self.live { _ = send(event, to: &machine) }
        for _ in 0..<AudioSocketStateMachine.mostAnomalies {
            #expect(send(.malformed, to: &machine) == .ignored(.malformed(Self.error)))
        }
        #expect(send(.malformed, to: &machine) == .close(.malformed(Self.error)))
    }

    @Test func aRateThatNeverRestsIsRefused() {
        var machine = AudioSocketStateMachine()
        for event in Self.live { _ = send(event, to: &machine) }
        for change in 0..<AudioSocketStateMachine.mostAnomalies {
            let rate = change.isMultiple(of: 2) ? 16_000 : 8_000
            #expect(send(.message(.audio(sampleRate: rate)), to: &machine) == .takeAudio(sampleRate: rate))
        }
        #expect(
            send(.message(.audio(sampleRate: 48_000)), to: &machine) == .close(.rateChanged(to: 48_000)))
    }

    @Test func theClockRunsBehindAndACutIsExact() {
        var clock = AudioSocketPlayoutClock(sampleRate: 8_000)
        func ms(_ count: Int64) -> Instant { Instant.zero + .milliseconds(1_000 + count) }
        clock.play(160, at: ms(0))
        #expect(clock.heardSamples(at: ms(60)) == 0)
        clock.play(160, at: ms(20))
        #expect(clock.heardSamples(at: ms(70)) == 80)
        #expect(clock.heardSamples(at: ms(65)) == 80)
        #expect(clock.heardSamples(at: ms(99)) == 312)
        #expect(clock.heardSamples(at: ms(500)) == 320)
        // A stretch after a gap is heard as late as the first one.
        clock.play(160, at: ms(1_000))
        #expect(clock.heardSamples(at: ms(1_060)) == 320)
        #expect(clock.heardSamples(at: ms(1_065)) == 360)
        #expect(clock.cut() == 480)
        #expect(clock.heardSamples(at: ms(1_066)) == 480)
    }
}
