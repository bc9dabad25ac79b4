import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct AudioHookWireTests {
    static let media =
        #"[{"type":"audio","format":"PCMU","channels":["external","internal"],"rate":8000},"#
        + #"{"type":"audio","format":"PCMU","channels":["external"],"rate":8000},"#
        + #"{"type":"audio","format":"PCMU","channels":["internal"],"rate":8000}]"#
    static let id = "e160e428-53e2-487c-977d-96989bf5c99d"
    static let open = message(
        "open", 1,
        #"{"organizationId":"o-1","conversationId":"c-1","participant":{"id":"p-1","ani":"+15551","aniName":"A","#
            + #""dnis":"+15552"},"media":\#(media),"inputVariables":{"agent":"sales","tenant":"acme"}}"#)

    static func message(_ type: String, _ seq: Int, _ parameters: String = "{}") -> String {
        #"{"version":"2","id":"\#(id)","type":"\#(type)","seq":\#(seq),"serverseq":0,"position":"PT1.5S","#
            + #""parameters":\#(parameters)}"#
    }

    static func answer(_ type: String, _ seq: Int, after clientSeq: Int, _ parameters: String = "{}") -> WireText {
        .text(
            #"{"version":"2","id":"\#(id)","type":"\#(type)","seq":\#(seq),"clientseq":\#(clientSeq),"#
                + #""parameters":\#(parameters)}"#)
    }

    @Test func aConversationFromOpenToClosed() throws {
        let wire = AudioHookWire()
        guard case .start(let start) = try wire.says(Self.open) else { return #expect(Bool(false)) }
        #expect(start.callID == "c-1" && start.agent == "sales")
        #expect(start.variables == ["tenant": "acme", "caller": "+15551", "called": "+15552"])
        #expect(start.input == .telephone && start.output == .telephone)
        let offer = #"{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}"#
        #expect(
            wire.written(.accepted) == [
                Self.answer("opened", 1, after: 1, #"{"startPaused":false,"media":[\#(offer)]}"#)
            ])
        #expect(try wire.says(Self.message("ping", 2)) == .needsReply)
        #expect(wire.written(.reply) == [Self.answer("pong", 2, after: 2)])
        #expect(
            wire.written(.clear) == [
                Self.answer("event", 3, after: 2, #"{"entities":[{"type":"barge_in","data":{}}]}"#)
            ])
        #expect(
            wire.written(.hangUp("bye")) == [Self.answer("disconnect", 4, after: 2, #"{"reason":"completed"}"#)])
        #expect(try wire.says(Self.message("close", 3, #"{"reason":"end"}"#)) == .stop)
        #expect(wire.written(.stopped) == [Self.answer("closed", 5, after: 3)])
        for command: StreamCommand in [.mark(1), .digits("1"), .transfer("+1")] {
            #expect(wire.written(command) == nil)
        }
    }

    static let messages: [(String, StreamMessage)] = [
        (message("dtmf", 4, #"{"digit":"7"}"#), .digit(UInt8(ascii: "7"))),
        (message("playback_started", 4), .nothing),
        (message("playback_completed", 4), .drained),
        (message("paused", 4), .nothing),
        (message("resumed", 4, #"{"start":"PT1S","discarded":"PT1S"}"#), .nothing),
        (message("discarded", 4, #"{"start":"PT1S","discarded":"PT1S"}"#), .nothing),
        (message("update", 4, #"{"language":"en"}"#), .nothing),
        (message("error", 4, #"{"code":429,"message":"too many"}"#), .failure("429: too many")),
        (message("galaxy", 4), .unknown),
    ]

    @Test(arguments: messages) func readsEveryMessage(text: String, message: StreamMessage) throws {
        #expect(try AudioHookWire().says(text) == message)
    }

    @Test(arguments: [
        ("[]", "message: expected an object"),
        ("{}", "type: expected a string"),
        (message("dtmf", 1, #"{"digit":"77"}"#), "parameters.digit: expected one of 0-9, *, #, A-D"),
        (#"{"type":"open","id":"a b"}"#, "id: expected 1 to 64 letters, digits, - or _"),
        (
            message(
                "open", 1, #"{"conversationId":"c","media":[{"format":"L16","channels":["external"],"rate":8000}]}"#),
            "parameters.media: expected PCMU at 8000 Hz with the external channel; got other media"
        ),
    ])
    func namesWhatIsWrong(text: String, problem: String) {
        #expect {
            try AudioHookWire().says(text)
        } throws: { "\($0)" == problem }
    }

    @Test func twoChannelsAreTakenWhereThereIsNoOther() throws {
        let text = Self.message(
            "open", 1,
            #"{"conversationId":"c","media":[{"format":"PCMU","channels":["external","internal"],"rate":8000}]}"#)
        guard case .start(let start) = try AudioHookWire().says(text) else { return #expect(Bool(false)) }
        #expect(start.input.channels == 2 && start.output.channels == 1)
    }

    @Test func aConnectionTestStartsNoCall() throws {
        let zero = "00000000-0000-0000-0000-000000000000"
        let wire = AudioHookWire()
        let open = #"{"conversationId":"\#(zero)","participant":{"id":"\#(zero)"},"media":\#(Self.media)}"#
        #expect(try wire.says(Self.message("open", 1, open)) == .needsReply)
        #expect(wire.written(.reply) == [Self.answer("opened", 1, after: 1, #"{"startPaused":false,"media":[]}"#)])
        #expect(try wire.says(Self.message("close", 2)) == .stop)
        #expect(wire.written(.stopped) == [Self.answer("closed", 2, after: 2)])
    }

    @Test func standsAnything() { StreamFuzz.run(Self.messages.map(\.0) + [Self.open], seed: 44) { AudioHookWire() } }
}
