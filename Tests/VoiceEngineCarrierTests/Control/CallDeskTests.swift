import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

@Suite struct CallDeskTests {
    private let carrier: ScriptedCarrier
    private let host = ScriptedHost()
    private let calls = CarrierCalls(most: 4)
    private let passes = StreamPass(secret: "x")
    private let ledger = TwilioCallLedger()

    init() throws { carrier = try ScriptedCarrier() }

    private func desk(
        _ carriers: [PlacingCarrier] = [.twilio], most: Int = 8, address: String? = "https://a.example"
    ) throws -> (CallDesk, PlacedCalls) {
        let placed = PlacedCalls(most: most) { 1_000 }
        var placers: [PlacingCarrier: any CallPlacer] = [:]
        for name in carriers {
            switch name {
            case .twilio: placers[name] = TwilioPlacer(twilio: try carrier.twilio(), passes: passes, ledger: ledger)
            case .telnyx: placers[name] = TelnyxPlacer(telnyx: try carrier.telnyx(), passes: passes)
            }
        }
        let (host, calls) = (host, calls)
        let desk = CallDesk(
            placers: placers, placed: placed, playbacks: Playbacks { 1_000 },
            publicAddress: try address.map { try PublicAddress($0) }, log: .none, live: { _ in [] }
        ) { (agent) throws(CallRefusal) in
            try host.admit(agent: agent)
            try calls.admit()
        }
        return (desk, placed)
    }

    private func post(_ body: String) -> ServerRequest {
        ServerRequest(
            method: "POST", target: "/calls", headers: [(name: "Host", value: "127.0.0.1:8080")], body: Array(body.utf8)
        )
    }

    private static let order =
        #"{"to":"+15551","agent":"reception","goal":"sell","machine_detection":true,"timeout_s":20}"#
    private static let created = #"{"sid":"CA1","status":"queued"}"#

    @Test func placesACallAndEndsIt() throws {
        let (desk, placed) = try desk()
        let answer = Outcome(desk.place(post(Self.order), on: carrier.loop))
        let request = try carrier.answer("201 Created", Self.created)
        let response = try #require(answer.value)
        let call = try #require(placed.all.first)
        #expect(response.status == 201 && response.headers == [.init("Location", "/calls/" + call.id)])
        #expect(response.body == call.json.text + "\n" && call.carrierID == "CA1")
        let form = try FormDecoder.fields(try #require(request.split(separator: "\r\n\r\n").last).utf8)
        let twiml = try #require(form.first { $0.name == "Twiml" }?.value)
        #expect(
            twiml
                == """
                <Response><Connect action="https://a.example/twilio/after"><Stream \
                url="wss://a.example/twilio/media/reception" statusCallback="https://a.example/twilio/stream-status">\
                <Parameter name="placedCall" value="\(call.id)"/>\
                <Parameter name="token" value="\(passes.pass(for: StreamGate.subject(ofPlaced: call.id)))"/>\
                </Stream></Connect></Response>
                """)
        #expect(form.contains(FormField("StatusCallback", "https://a.example/twilio/status/\(call.id)")))
        #expect(form.contains(FormField("MachineDetection", "Enable")) && form.contains(FormField("Timeout", "20")))
        #expect(!request.contains("sell"))
        #expect(ledger.fate(of: "CA1") == .promised)
        let resumed = try #require(ledger.resume("CA1"))
        #expect(TwiML(.connect(resumed)).response.contains(#"<Parameter name="resumed" value="true"/></Stream>"#))

        #expect(desk.show(call.id).body == response.body)
        #expect(desk.list().body == #"{"calls":[\#(call.json.text)]}"# + "\n")
        let end = Outcome(desk.hangUp(call.id, on: carrier.loop))
        #expect(try carrier.answer("200 OK", Self.created).hasSuffix("Status=completed"))
        #expect(end.value?.status == 202)
        placed.report(.ended(.completed), of: call.id)
        #expect(Outcome(desk.hangUp(call.id, on: carrier.loop)).value?.status == 200)
        #expect(Outcome(desk.hangUp("call_0", on: carrier.loop)).value?.status == 404)
        #expect(desk.show("call_0").status == 404)
    }

    @Test func aRefusedCallIsRememberedWithTheReason() throws {
        let (desk, placed) = try desk()
        let answer = Outcome(desk.place(post(Self.order), on: carrier.loop))
        #expect(Outcome(desk.hangUp(try #require(placed.all.first?.id), on: carrier.loop)).value?.status == 409)
        try carrier.answer("400 Bad Request", #"{"code":21215,"message":"Geo","status":400}"#)
        #expect(answer.value?.status == 502)
        #expect(answer.value?.body.contains("Permit calls to this country") == true)
        #expect(placed.all.first?.progress.cause?.name == "failed")
    }

    @Test(
        arguments: [
            ("{", 400), (#"{"to":"+15551"}"#, 201), (#"{"to":"+15551","agent":"nobody"}"#, 404),
            (#"{"to":"+15551","carrier":"telnyx"}"#, 409), (#"{"to":"+15551","agent":7}"#, 400),
        ] as [(String, Int)])
    func ordersAreChecked(body: String, status: Int) throws {
        let (desk, _) = try desk()
        let answer = Outcome(desk.place(post(body), on: carrier.loop))
        if status == 201 { try carrier.answer("201 Created", Self.created) }
        #expect(answer.value?.status == status)
        #expect(status == 201 || answer.value?.body.hasPrefix(#"{"error":{"message":""#) == true)
    }

    @Test func saysWhyNoCallCanBePlaced() throws {
        func answer(_ desk: CallDesk, _ body: String = #"{"to":"+15551"}"#) -> (Int?, String) {
            let answer = Outcome(desk.place(post(body), on: carrier.loop)).value
            return (answer?.status, answer?.body ?? "")
        }
        #expect(
            try answer(desk([]).0) == (
                409, #"{"error":{"message":"no carrier's account is set up to place calls with"}}"# + "\n"
            ))
        #expect(try answer(desk([.twilio, .telnyx]).0).1.contains(#""key":"carrier""#))
        #expect(try answer(desk(address: nil).0).1.contains("public_url is not set"))
        let (full, placed) = try desk(most: 1)
        _ = placed.add(CallOrder(to: .number("+1555")), carrier: .twilio, from: "+1")
        #expect(answer(full).0 == 503)
        host.set { $0.refusal = CallRefusal(.full, "the engine has its calls") }
        #expect(try answer(desk().0).0 == 503)
        host.set { $0.refusal = CallRefusal(.full, "too many", retry: .tooFast(.milliseconds(1_500))) }
        let tooFast = Outcome(try desk().0.place(post(#"{"to":"+15551"}"#), on: carrier.loop)).value
        #expect(tooFast?.status == 429 && tooFast?.headers == [.init("Retry-After", "2")])
        calls.startDraining()
        host.set { $0.refusal = nil }
        #expect(try answer(desk().0).1.contains("takes no new calls"))
        #expect(carrier.network.connections.isEmpty)
    }

    @Test func telnyxDialsWithTheStreamOfTheCall() throws {
        let (desk, placed) = try desk([.twilio, .telnyx])
        let answer = Outcome(
            desk.place(
                post(#"{"to":"sip:a@b","carrier":"telnyx","agent":"reception","machine_detection":"message_end"}"#),
                on: carrier.loop))
        let request = try carrier.answer("200 OK", #"{"data":{"call_control_id":"v3:x"}}"#)
        #expect(answer.value?.status == 201)
        let call = try #require(placed.all.first)
        let token = passes.pass(for: StreamGate.subject(ofPlaced: call.id))
        let body = try JSONValue.parse(String(try #require(request.split(separator: "\r\n\r\n").last)))
        #expect(body["connection_id"] == "777" && body["to"] == "sip:a@b" && body["from"] == "+15550000")
        #expect(body["stream_url"] == "wss://a.example/telnyx/media/reception")
        #expect(body["stream_auth_token"]?.string == token && body["stream_bidirectional_mode"] == "rtp")
        #expect(body["webhook_url"] == "https://a.example/telnyx/voice/reception")
        #expect(body["answering_machine_detection"] == "greeting_end")
        #expect(
            TelnyxClientState(body["client_state"]?.string) == TelnyxClientState(token: token, placedCall: call.id))
        #expect(call.carrierID == "v3:x" && call.carrier == .telnyx)
    }

    // MARK: Who may

    @Test(
        arguments: [
            (nil, nil, 403), (nil, "Bearer x", 403), ("t0ken", nil, 401), ("t0ken", "Bearer x", 401),
            ("t0ken", "Basic t0ken", 401), ("t0ken", "Bearer t0ke", 401), ("t0ken", "Bearer t0ken", nil),
            ("t0ken", "bearer t0ken", nil), ("", "Bearer ", 401),
        ] as [(String?, String?, Int?)])
    func bearers(token: String?, header: String?, status: Int?) {
        var request = ServerRequest(method: "GET", target: "/calls")
        if let header { request.headers = [(name: "Authorization", value: header)] }
        let refusal = ControlToken(token).refusal(request)
        #expect(refusal?.status == status)
        #expect(refusal?.body.contains("t0ken") != true)
    }
}
