import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

@Suite struct TelnyxSignatureTests {
    private static let key = Base64Text.decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=") ?? []
    private static let body = Array(#"{"data":{"event_type":"call.initiated"}}"#.utf8)
    private static let code =
        "MGVTDtGuYLW5kjFwnqNofgeDUyzsF7r4H1L6jz1lD6palyxYTP6fEPDmGoaV769eef2agFBoHmAp47aBRgOyAw=="

    private func problem(
        _ signature: String? = code, _ timestamp: String? = "1700000000", _ body: [UInt8] = body,
        now: Int64 = 1_700_000_000, key: [UInt8] = key
    ) -> TelnyxSignature.Problem? {
        do throws(TelnyxSignature.Problem) {
            try TelnyxSignature(publicKey: key)
                .check(signature: signature, timestamp: timestamp, body: body, now: now)
            return nil
        } catch {
            return error
        }
    }

    /// The fact sheet's vector, with a key of RFC 8032.
    @Test func takesTheVector() {
        #expect(problem() == nil)
        #expect(problem(now: 1_700_000_300) == nil && problem(now: 1_699_999_700) == nil)
    }

    @Test func takesNothingElse() {
        #expect(problem(now: 1_700_000_301) == .tooOld && problem(now: 1_699_999_699) == .tooOld)
        #expect(problem(nil) == .missing && problem(Self.code, nil) == .missing)
        #expect(problem("AAAA") == .malformed && problem("%%%") == .malformed && problem("") == .malformed)
        #expect(problem(Self.code, "soon") == .malformed && problem(Self.code, "-1") == .malformed)
        #expect(problem(Self.code, "99999999999999999999") == .malformed)
        #expect(problem(Self.code, "1700000001") == .wrong)
        #expect(problem(Self.code, "1700000000", Self.body + [0x20]) == .wrong)
        #expect(problem(key: [UInt8](repeating: 7, count: 32)) == .wrong)
        #expect(problem(key: [1, 2, 3]) == .wrong)
        var code = Base64Text.decode(Self.code) ?? []
        for place in stride(from: 0, to: code.count, by: 7) {
            code[place] ^= 1
            #expect(problem(Base64Text.encode(code)) == .wrong)
            code[place] ^= 1
        }
    }
}

@Suite struct TelnyxCallStateMachineTests {
    typealias Machine = TelnyxCallStateMachine

    private static let say = CallFallback.say("Sorry.")

    /// What leads to each state.
    private static let states: [(name: String, events: [Machine.Event])] = [
        ("new", []), ("answering", [.incoming(.welcome)]), ("excusing", [.incoming(.refused(say))]),
        ("speaking", [.incoming(.refused(say)), .answered]), ("dialling", [.dialled]), ("connected", [.answered]),
        ("ending", [.incoming(.unknownAgent)]), ("ended", [.hungUp]),
    ]

    private static let events: [Machine.Event] = [
        .incoming(.welcome), .dialled, .answered, .streamFailed, .speakEnded, .commandFailed, .hungUp,
    ]

    /// A row per state, a column per event, in the orders above.
    private static let table: [[Machine.Action]] = [
        [.answerWithStream, .none, .none, .speak("Sorry."), .ignored, .ignored, .none],
        [.ignored, .ignored, .none, .speak("Sorry."), .ignored, .hangUp, .none],
        [.ignored, .ignored, .speak("Sorry."), .ignored, .ignored, .hangUp, .none],
        [.ignored, .ignored, .ignored, .ignored, .hangUp, .hangUp, .none],
        [.ignored, .ignored, .none, .ignored, .ignored, .ignored, .none],
        [.ignored, .ignored, .ignored, .speak("Sorry."), .ignored, .ignored, .none],
        [.ignored, .ignored, .ignored, .ignored, .ignored, .ignored, .none],
        [.ignored, .ignored, .ignored, .ignored, .ignored, .ignored, .ignored],
    ]

    @Test func everyEventInEveryState() {
        for (row, state) in Self.states.enumerated() {
            for (column, event) in Self.events.enumerated() {
                var machine = Machine()
                for event in state.events { _ = machine.take(event, fallback: Self.say) }
                #expect(machine.take(event, fallback: Self.say) == Self.table[row][column], "\(state.name) \(event)")
                #expect(machine.isEnded == (event == .hungUp || state.name == "ended"))
            }
        }
    }

    @Test(
        arguments: [
            (.refused(.say("x")), .answer, .speak("x")), (.refused(.dial("+1")), .answer, .transfer("+1")),
            (.refused(.url("https://x")), .reject(busy: true), .ignored),
            (.unknownAgent, .reject(busy: false), .ignored),
        ] as [(Machine.Admission, Machine.Action, Machine.Action)])
    func callersWithoutAnAgent(admission: Machine.Admission, first: Machine.Action, answered: Machine.Action) {
        var machine = Machine()
        #expect(machine.take(.incoming(admission), fallback: Self.say) == first)
        #expect(machine.take(.answered, fallback: Self.say) == answered)
    }
}

@Suite struct TelnyxEventTests {
    static func body(_ type: String, _ payload: String, id: String = "e1", state: String = "null") -> String {
        """
        {"data":{"record_type":"event","event_type":"\(type)","id":"\(id)","occurred_at":"2026-08-01T10:00:00Z",
        "payload":{"call_control_id":"v3:c","call_leg_id":"l","call_session_id":"s","connection_id":"7",
        "client_state":\(state),"from":"+15551","to":"+15552"\(payload)}},"meta":{"attempt":1,"delivered_to":"https://a"}}
        """
    }

    @Test(
        arguments: [
            ("call.initiated", #","direction":"incoming","state":"parked""#, .incoming),
            ("call.initiated", #","direction":"outgoing","state":"bridging""#, .dialled),
            ("call.answered", #","state":"answered""#, .answered), ("call.bridged", "", .other("call.bridged")),
            (
                "call.hangup", #","hangup_cause":"user_busy","hangup_source":"callee","sip_hangup_cause":"486""#,
                .hungUp(cause: "user_busy", source: "callee")
            ),
            ("call.hangup", "", .hungUp(cause: "", source: "")),
            ("call.playback.started", #","media_url":"https://x/a.mp3""#, .playback(.started, url: "https://x/a.mp3")),
            ("call.playback.started", #","media_name":"tune","media_url":null"#, .playback(.started, url: "")),
            ("call.playback.ended", #","status":"completed","media_url":"x""#, .playback(.ended(.completed), url: "x")),
            ("call.playback.ended", #","status":"cancelled""#, .playback(.ended(.stopped), url: "")),
            ("call.playback.ended", #","status":"cancelled_amd""#, .playback(.ended(.stopped), url: "")),
            ("call.playback.ended", #","status":"call_hangup""#, .playback(.ended(.callEnded), url: "")),
            (
                "call.playback.ended", #","status":"file_not_found","status_detail":"404\nfrom x""#,
                .playback(.ended(.failed("file_not_found: 404 from x")), url: "")
            ),
            (
                "call.playback.ended", #","status":"failed","status_detail":null"#,
                .playback(.ended(.failed("failed")), url: "")
            ),
            ("call.playback.ended", #","status":"unknown""#, .playback(.ended(.failed("unknown")), url: "")),
            ("call.playback.ended", "", .playback(.ended(.failed("")), url: "")),
            ("call.speak.started", "", .other("call.speak.started")),
            ("call.speak.ended", #","status":"call_hangup""#, .speakEnded(status: "call_hangup")),
            ("call.dtmf.received", #","digit":"*""#, .digit("*")),
            ("streaming.started", #","stream_url":"wss://a""#, .streamStarted),
            ("streaming.stopped", "", .streamStopped),
            (
                "streaming.failed", #","failure_reason":"connection_failed","stream_id":"x""#,
                .streamFailed("connection_failed")
            ),
            ("call.machine.detection.ended", #","result":"machine""#, .machine("machine")),
            ("call.machine.greeting.ended", #","result":"beep_detected""#, .greetingEnded("beep_detected")),
            ("call.machine.premium.detection.ended", #","result":"human_residence""#, .machine("human_residence")),
            (
                "call.machine.premium.greeting.ended", #","result":"no_beep_detected""#,
                .greetingEnded("no_beep_detected")
            ),
            ("call.from.the.future", #","x":{"y":[1]}"#, .other("call.from.the.future")),
        ] as [(String, String, TelnyxEvent.Kind)])
    func reads(type: String, payload: String, kind: TelnyxEvent.Kind) throws {
        let event = try TelnyxEvent(Array(Self.body(type, payload).utf8))
        #expect(event.kind == kind && event.id == "e1" && event.call == "v3:c" && event.from == "+15551")
        #expect(event.state == TelnyxClientState())
    }

    @Test(arguments: [
        ("", "body"), ("[]", "data"), (#"{"data":[]}"#, "data"), (#"{"data":{}}"#, "data.id"),
        (#"{"data":{"id":"x"}}"#, "data.event_type"), (#"{"data":{"id":"x","event_type":"y"}}"#, "data.payload"),
        (#"{"data":{"id":"x","event_type":"y","payload":{}}}"#, "data.payload.call_control_id"),
        (#"{"data":{"id":"","event_type":"y","payload":{}}}"#, "data.id"),
    ])
    func whatIsWrongIsNamed(body: String, field: String) {
        let error = #expect(throws: TelnyxEvent.Problem.self) { try TelnyxEvent(Array(body.utf8)) }
        #expect(error?.description.hasPrefix(field + ":") == true)
    }

    @Test(
        arguments: [
            ("call.machine.detection.ended", "human", .person),
            ("call.machine.detection.ended", "machine", .machine),
            ("call.machine.detection.ended", "not_sure", .unknown),
            ("call.machine.greeting.ended", "beep_detected", .greetingEnded),
            ("call.machine.greeting.ended", "ended", .greetingEnded),
            ("call.machine.greeting.ended", "not_sure", .unknown),
            ("call.machine.premium.detection.ended", "human_residence", .person),
            ("call.machine.premium.detection.ended", "human_business", .person),
            ("call.machine.premium.detection.ended", "machine", .machine),
            ("call.machine.premium.detection.ended", "silence", .unknown),
            ("call.machine.premium.detection.ended", "fax_detected", .fax),
            ("call.machine.premium.greeting.ended", "beep_detected", .greetingEnded),
            ("call.machine.premium.greeting.ended", "no_beep_detected", .greetingEnded),
            ("call.answered", "human", nil),
        ] as [(String, String, AnswerFinding?)])
    func tellsWhoHasAnswered(type: String, result: String, finding: AnswerFinding?) throws {
        let body =
            #"{"data":{"event_type":"\#(type)","id":"1","payload":{"call_control_id":"v3:a","result":"\#(result)"}}}"#
        #expect(try TelnyxEvent(Array(body.utf8)).kind.finding == finding)
    }

    @Test func clientStateComesBack() {
        let state = TelnyxClientState(token: "t", placedCall: "call_1", playback: "p")
        #expect(TelnyxClientState(state.base64) == state)
        for foreign in [nil, "", "%%", "aGVsbG8=", Base64Text.encode(Array("[1]".utf8))] {
            #expect(TelnyxClientState(foreign) == TelnyxClientState())
        }
    }
}

@Suite struct TelnyxWebhookTests {
    private let carrier: ScriptedCarrier
    private let host = ScriptedHost()
    private let passes = StreamPass(secret: "x")
    private let placed = PlacedCalls(most: 8) { 1_000 }

    private let playbacks = Playbacks(now: { 1_000 })
    private let findings = Notes()

    init() throws { carrier = try ScriptedCarrier() }

    private func webhook(
        _ fallback: CallFallback = .say("Sorry."), key: String? = nil, log: Log = .none
    ) throws -> TelnyxWebhook {
        var control = try carrier.telnyx()
        if let key {
            let account = try TelnyxAccount(apiKey: "K", publicKey: key, baseURL: "http://telnyx.test")
            control = TelnyxCallControl(
                wire: TelnyxREST(account: account), rest: carrier.rest)
        }
        let (host, findings) = (host, findings)
        return TelnyxWebhook(
            control: control, publicAddress: nil, passes: passes, placed: placed, playbacks: playbacks,
            fallback: fallback, log: log,
            now: { 1_700_000_000 }, found: { findings.note("\($0) \($1)") }
        ) { (agent) throws(CallRefusal) in try host.admit(agent: agent) }
    }

    private func post(_ body: String, headers: [(String, String)] = []) -> ServerRequest {
        ServerRequest(
            method: "POST", target: "/telnyx/voice/reception",
            headers: ([("Host", "a.example")] + headers).map { (name: $0.0, value: $0.1) }, body: Array(body.utf8))
    }

    private func tell(
        _ webhook: TelnyxWebhook, _ type: String, _ payload: String = "", id: String, state: String = "null",
        agent: String = "reception"
    ) -> Int {
        let body = TelnyxEventTests.body(type, payload, id: id, state: state)
        return webhook.answer(post(body), agent: agent, on: carrier.loop).status
    }

    private static let incoming = #","direction":"incoming","state":"parked""#
    private static let done = #"{"data":{"result":"ok"}}"#

    @Test func answersWithTheStreamOnce() throws {
        let webhook = try webhook()
        #expect(tell(webhook, "call.initiated", Self.incoming, id: "e1") == 200)
        let request = try carrier.answer("200 OK", Self.done)
        #expect(request.hasPrefix("POST /v2/calls/v3%3Ac/actions/answer HTTP/1.1"))
        let body = try JSONValue.parse(String(try #require(request.split(separator: "\r\n\r\n").last)))
        let token = passes.pass(for: StreamGate.subject(ofCall: "v3:c"))
        #expect(
            body["stream_url"] == "wss://a.example/telnyx/media/reception" && body["stream_track"] == "inbound_track")
        #expect(body["stream_codec"] == "PCMU" && body["stream_bidirectional_codec"] == "PCMU")
        #expect(body["stream_auth_token"] == nil && body["command_id"] == "answer-e1")
        #expect(TelnyxClientState(body["client_state"]?.string).token == token)
        // The same webhook again, and one of the same kind.
        #expect(tell(webhook, "call.initiated", Self.incoming, id: "e1") == 200)
        #expect(tell(webhook, "call.initiated", Self.incoming, id: "e2") == 200)
        carrier.loop.run()
        #expect(carrier.network.connections.allSatisfy { $0.takeText().isEmpty })
        #expect(tell(webhook, "call.answered", id: "e3") == 200)
        #expect(webhook.liveCalls == 1)
        #expect(tell(webhook, "call.hangup", #","hangup_cause":"normal_clearing""#, id: "e4") == 200)
        #expect(webhook.liveCalls == 0)
    }

    @Test func theLiveCallIsToldWhoHasAnswered() throws {
        let webhook = try webhook()
        _ = tell(webhook, "call.machine.detection.ended", #","result":"machine""#, id: "e1")
        _ = tell(webhook, "call.machine.detection.ended", #","result":"machine""#, id: "e1")
        _ = tell(webhook, "call.machine.premium.greeting.ended", #","result":"beep_detected""#, id: "e2")
        _ = tell(webhook, "call.answered", id: "e3")
        #expect(findings.take() == ["v3:c machine", "v3:c greetingEnded"])
    }

    @Test func saysSorryWhenFull() throws {
        host.set { $0.refusal = CallRefusal(.full, "full") }
        let webhook = try webhook()
        _ = tell(webhook, "call.initiated", Self.incoming, id: "e1")
        let answer = try carrier.answer("200 OK", Self.done)
        #expect(answer.contains("/actions/answer ") && !answer.contains("stream_url"))
        _ = tell(webhook, "call.answered", id: "e2")
        #expect(try carrier.answer("200 OK", Self.done).contains(#""payload":"Sorry.","voice":"#))
        _ = tell(webhook, "call.speak.ended", #","status":"completed""#, id: "e3")
        #expect(try carrier.answer("200 OK", Self.done).contains("/actions/hangup "))
    }

    @Test func rejectsWhatItCannotExcuse() throws {
        host.set { $0.refusal = CallRefusal(.full, "full") }
        _ = tell(try webhook(.url("https://x")), "call.initiated", Self.incoming, id: "e1")
        #expect(try carrier.answer("200 OK", Self.done).contains(#"{"cause":"USER_BUSY""#))
        _ = tell(try webhook(), "call.initiated", Self.incoming, id: "e1", agent: "nobody")
        #expect(try carrier.answer("200 OK", Self.done).contains(#"{"cause":"CALL_REJECTED""#))
    }

    /// Telnyx promises no order, and reports the end of what ran when the caller hung up.
    @Test(arguments: [
        [("call.speak.ended", #","status":"call_hangup""#)], [("streaming.failed", #","failure_reason":"x""#)],
        [("call.answered", ""), ("streaming.failed", "")], [("call.initiated", incoming)],
        [("call.initiated", #","direction":"outgoing""#), ("call.hangup", "")],
    ])
    func whatComesAfterTheEndChangesNothing(late: [(String, String)]) throws {
        let webhook = try webhook()
        _ = tell(webhook, "call.hangup", #","hangup_cause":"originator_cancel""#, id: "e0")
        for (index, event) in late.enumerated() {
            #expect(tell(webhook, event.0, event.1, id: "late \(index)") == 200)
        }
        carrier.loop.run()
        #expect(webhook.liveCalls == 0 && carrier.network.connections.isEmpty)
    }

    @Test func whatIsNotKnownIsNotKept() throws {
        let webhook = try webhook()
        _ = tell(webhook, "call.speak.ended", #","status":"completed""#, id: "e1")
        #expect(webhook.liveCalls == 0)
    }

    /// The caller is gone before Telnyx has our answer.
    @Test func aCallerWhoDoesNotWaitLeavesNothing() throws {
        let webhook = try webhook()
        _ = tell(webhook, "call.initiated", Self.incoming, id: "e1")
        carrier.loop.run()
        _ = tell(webhook, "call.hangup", #","hangup_cause":"originator_cancel""#, id: "e2")
        try carrier.answer(
            "422 Unprocessable Entity", #"{"errors":[{"code":"90018","title":"Call has already ended"}]}"#)
        #expect(webhook.liveCalls == 0)
        #expect(carrier.network.connections.allSatisfy { $0.takeText().isEmpty })
    }

    /// The same, and its hang-up is still on its way to us.
    @Test func aCallThatIsOverIsNotAnError() throws {
        let errors = Notes()
        let webhook = try webhook(log: Log(component: "test", minimum: .warning) { _, _, line in errors.note(line) })
        _ = tell(webhook, "call.initiated", Self.incoming, id: "e1")
        let over = #"{"errors":[{"code":"90018","title":"Call has already ended"}]}"#
        try carrier.answer("422 Unprocessable Entity", over)
        #expect(try carrier.answer("422 Unprocessable Entity", over).contains(#""command_id":"hangup-e1""#))
        _ = tell(webhook, "call.hangup", #","hangup_cause":"originator_cancel""#, id: "e2")
        #expect(webhook.liveCalls == 0 && errors.take() == [])
    }

    @Test func aCallThatCannotBeAnsweredIsEnded() throws {
        _ = tell(try webhook(), "call.initiated", Self.incoming, id: "e1")
        try carrier.answer("422 Unprocessable Entity", #"{"errors":[{"code":"10015","title":"Invalid value"}]}"#)
        #expect(try carrier.answer("200 OK", Self.done).contains("/actions/hangup "))
    }

    @Test(
        arguments: [
            ("user_busy", false, .busy), ("call_rejected", false, .rejected), ("no_answer", false, .noAnswer),
            ("timeout", false, .noAnswer), ("originator_cancel", false, .canceled),
            ("normal_clearing", false, .canceled), ("normal_clearing", true, .completed),
            ("time_limit", true, .completed), ("not_found", false, .failed("not_found")),
            ("unspecified", true, .completed),
        ] as [(String, Bool, PlacedCallStateMachine.Cause)])
    func placedCallsAreFollowed(cause: String, isAnswered: Bool, ending: PlacedCallStateMachine.Cause) throws {
        let webhook = try webhook()
        let call = try #require(placed.add(CallOrder(to: .number("+1555")), carrier: .telnyx, from: "+1"))
        let state = "\"" + TelnyxClientState(token: "t", placedCall: call.id).base64 + "\""
        func stage() -> PlacedCallStateMachine.Stage? { placed.call(call.id)?.progress.stage }
        _ = tell(webhook, "call.initiated", #","direction":"outgoing""#, id: "e1", state: state)
        #expect(stage() == .ringing && placed.call(call.id)?.carrierID == "v3:c")
        _ = tell(webhook, "call.machine.premium.detection.ended", #","result":"silence""#, id: "e2", state: state)
        #expect(placed.call(call.id)?.answeredBy == "silence")
        if isAnswered { _ = tell(webhook, "call.answered", id: "e3", state: state) }
        // The state may have been replaced: the call is known by its own id.
        _ = tell(webhook, "call.hangup", #","hangup_cause":"\#(cause)""#, id: "e4")
        #expect(placed.call(call.id)?.progress.cause == ending)
        #expect(carrier.network.connections.isEmpty)
    }

    @Test func onlyWhatTelnyxSignedIsTaken() throws {
        let webhook = try webhook(key: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        let signed = #"{"data":{"event_type":"call.initiated"}}"#
        let code = "MGVTDtGuYLW5kjFwnqNofgeDUyzsF7r4H1L6jz1lD6palyxYTP6fEPDmGoaV769eef2agFBoHmAp47aBRgOyAw=="
        func status(_ body: String, _ headers: [(String, String)]) -> Int {
            webhook.answer(post(body, headers: headers), agent: "", on: carrier.loop).status
        }
        let headers = [("Telnyx-Signature-Ed25519", code), ("Telnyx-Timestamp", "1700000000")]
        #expect(status(signed, []) == 403 && status(signed + " ", headers) == 403)
        // Telnyx's, but no event.
        #expect(status(signed, headers) == 400)
    }

    @Test func anyBodyIsAnswered() throws {
        let webhook = try webhook()
        var random = SeededRandom(seed: 31)
        let right = Array(TelnyxEventTests.body("call.hangup", #","hangup_cause":"user_busy""#).utf8)
        for round in 0..<4_000 {
            var bytes = right
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if round % 3 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            var request = post("")
            request.body = bytes
            #expect([200, 400].contains(webhook.answer(request, agent: "", on: carrier.loop).status))
        }
        #expect(webhook.liveCalls <= TelnyxWebhook.mostCalls)
    }
}
