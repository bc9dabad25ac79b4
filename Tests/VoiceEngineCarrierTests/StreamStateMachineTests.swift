import Testing

@testable import VoiceEngineCarrier

@Suite struct StreamStateMachineTests {
    private typealias Action = StreamStateMachine.Action
    private static let start: StreamStart = {
        var start = StreamStart()
        start.callID = "CA1"
        return start
    }()
    private static let media = StreamMedia(0..<4, .base64)

    enum Stage: CaseIterable { case waiting, greeted, live, hangingUp, ended }

    private func machine(_ stage: Stage) -> StreamStateMachine {
        var machine = StreamStateMachine()
        if stage == .greeted { _ = machine.received(.connected) }
        if stage != .waiting, stage != .greeted { _ = machine.received(.start(Self.start)) }
        if stage == .hangingUp { _ = machine.hungUp() }
        if stage == .ended { _ = machine.received(.stop) }
        return machine
    }

    /// Every message in every state, in the order waiting, greeted, live, hangingUp, ended.
    private static let rows: [(StreamMessage, [Action])] = [
        (.connected, [.awaitStart, again, again, again, stopped]),
        (.start(start), [.startCall(start), .startCall(start), again, again, stopped]),
        (.media(media), [early, early, .takeAudio(media), .none, stopped]),
        (.digit(49), [early, early, .takeDigit(49), .none, stopped]),
        (.mark(1), [early, early, .takeMark(1), .none, stopped]),
        (.mark(nil), [early, early, .ignored(.unknownMark), .none, stopped]),
        (.drained, [early, early, .queueDrained, .none, stopped]),
        (.flow(isHeld: true), [early, early, .holdAudio(true), .none, stopped]),
        (.flow(isHeld: false), [early, early, .holdAudio(false), .none, stopped]),
        (.needsReply, [.reply, .reply, .reply, .reply, stopped]),
        (.nothing, [.none, .none, .none, .none, stopped]),
        (.failure("x"), [.report("x"), .report("x"), .report("x"), .report("x"), stopped]),
        (.stop, [.endCall, .endCall, .endCall, .endCall, stopped]),
        (.unknown, [unknown, unknown, unknown, unknown, unknown]),
    ]
    private static let again = Action.ignored(.startedTwice)
    private static let early = Action.ignored(.notStarted)
    private static let stopped = Action.ignored(.stopped)
    private static let unknown = Action.ignored(.unknownEvent)

    @Test func everyMessageInEveryState() {
        for (message, actions) in Self.rows {
            for (stage, action) in zip(Stage.allCases, actions) {
                var machine = machine(stage)
                #expect(machine.received(message) == action, "\(stage) \(message)")
            }
        }
    }

    @Test func everyOtherEventInEveryState() {
        let silent = Action.close(code: 1008, .silentClient)
        let rows: [(String, (inout StreamStateMachine) -> Action, [Action])] = [
            ("start deadline", { $0.startDeadlinePassed() }, [silent, silent, .none, .none, .none]),
            (
                "hung up", { $0.hungUp() },
                [Self.stopped, Self.stopped, .none, Self.stopped, Self.stopped]
            ),
            ("hang-up deadline", { $0.hangUpDeadlinePassed() }, [.none, .none, .none, .endCall, .none]),
        ]
        for (name, event, actions) in rows {
            for (stage, action) in zip(Stage.allCases, actions) {
                var machine = machine(stage)
                #expect(event(&machine) == action, "\(stage) \(name)")
            }
        }
    }

    @Test func whatCannotGoOnClosesTheStream() {
        let rows: [(StreamWireError, UInt16)] = [
            (StreamWireError("message", .text), 1003), (StreamWireError("x-token", .secret), 1008),
            (StreamWireError("start.mediaFormat", .format("audio/x-mulaw", got: "audio/opus")), 1003),
        ]
        for stage in Stage.allCases {
            for (error, code) in rows {
                var machine = machine(stage)
                #expect(machine.receivedMalformed(error) == .close(code: code, .malformed(error)))
                #expect(machine.received(.mark(1)) == .ignored(.stopped))
            }
        }
    }

    @Test func tooManyErrorsCloseTheStreamHarmlessOnesDoNot() {
        var machine = machine(.live)
        for _ in 0..<1_000 { #expect(machine.received(.unknown) == .ignored(.unknownEvent)) }
        let error = StreamWireError("media.payload", .base64)
        for _ in 0..<StreamStateMachine.mostAnomalies {
            #expect(machine.receivedMalformed(error) == .ignored(.malformed(error)))
        }
        #expect(machine.receivedMalformed(error) == .close(code: 1008, .malformed(error)))
        #expect(machine.received(.mark(1)) == .ignored(.stopped))
        #expect(machine.receivedMalformed(error) == .ignored(.malformed(error)))
    }
}
