import Testing

@testable import VoiceEngineCarrier

@Suite struct TwilioStreamStateMachineTests {
    private static let start = TwilioStart(streamSid: "MZ1")
    private static let media = TwilioMedia(payload: 0..<4, hasEscapes: false, isInbound: true)
    private static let outbound = TwilioMedia(payload: 0..<4, hasEscapes: false, isInbound: false)

    enum Stage: CaseIterable { case waiting, live, ended }

    private func machine(_ stage: Stage) -> TwilioStreamStateMachine {
        var machine = TwilioStreamStateMachine()
        if stage != .waiting { _ = machine.received(.start(Self.start)) }
        if stage == .ended { _ = machine.received(.stop) }
        return machine
    }

    /// Every message in every state.
    private static let rows: [(Stage, TwilioMessage, TwilioStreamStateMachine.Action)] = [
        (.waiting, .connected, .none), (.live, .connected, .ignored(.startedTwice)),
        (.ended, .connected, .ignored(.stopped)),
        (.waiting, .start(start), .startCall(start)), (.live, .start(start), .ignored(.startedTwice)),
        (.ended, .start(start), .ignored(.stopped)),
        (.waiting, .media(media), .ignored(.notStarted)), (.live, .media(media), .takeAudio(media)),
        (.live, .media(outbound), .none), (.ended, .media(media), .ignored(.stopped)),
        (.waiting, .dtmf(digit: 49), .ignored(.notStarted)), (.live, .dtmf(digit: 49), .takeDigit(49)),
        (.ended, .dtmf(digit: 49), .ignored(.stopped)),
        (.waiting, .mark(1), .ignored(.notStarted)), (.live, .mark(1), .takeMark(1)),
        (.live, .mark(nil), .ignored(.unknownMark)), (.ended, .mark(1), .ignored(.stopped)),
        (.waiting, .stop, .endCall), (.live, .stop, .endCall), (.ended, .stop, .ignored(.stopped)),
        (.waiting, .unknown, .ignored(.unknownEvent)), (.live, .unknown, .ignored(.unknownEvent)),
        (.ended, .unknown, .ignored(.unknownEvent)),
    ]

    @Test func everyMessageInEveryState() {
        for (stage, message, action) in Self.rows {
            var machine = machine(stage)
            #expect(machine.received(message) == action, "\(stage) \(message)")
        }
    }

    @Test func aClientThatDoesNotStartIsClosed() {
        for (stage, action) in [
            (.waiting, .close(code: 1008, .silentClient)), (.live, .none), (.ended, .none),
        ] as [(Stage, TwilioStreamStateMachine.Action)] {
            var machine = machine(stage)
            #expect(machine.startDeadlinePassed() == action)
        }
    }

    @Test func binaryMessagesCloseTheStream() {
        for stage in Stage.allCases {
            var machine = machine(stage)
            #expect(machine.receivedBinary() == .close(code: 1003, .binaryMessage))
        }
    }

    @Test func otherFormatsAreRefusedWithTheField() {
        var start = Self.start
        start.encoding = "audio/opus"
        start.sampleRate = 16_000
        var machine = TwilioStreamStateMachine()
        guard case .close(1003, let anomaly) = machine.received(.start(start)) else { return #expect(Bool(false)) }
        #expect(anomaly.description.contains("start.mediaFormat"))
        #expect(anomaly.description.contains("audio/opus, 16000 Hz"))
    }

    @Test func tooManyErrorsCloseTheStreamHarmlessOnesDoNot() {
        var machine = machine(.live)
        for _ in 0..<1_000 { #expect(machine.received(.unknown) == .ignored(.unknownEvent)) }
        let error = TwilioWireError(field: .payload, expected: .base64)
        for _ in 0..<TwilioStreamStateMachine.mostAnomalies {
            #expect(machine.receivedMalformed(error) == .ignored(.malformed(error)))
        }
        #expect(machine.receivedMalformed(error) == .close(code: 1008, .malformed(error)))
        #expect(machine.received(.mark(1)) == .ignored(.stopped))
    }
}
