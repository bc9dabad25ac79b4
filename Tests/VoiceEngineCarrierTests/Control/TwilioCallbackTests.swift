import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

@Suite struct TwilioCallbackTests {
    private let placed = PlacedCalls(most: 8) { 1_000 }
    private let ledger = TwilioCallLedger()

    private func callbacks(token: String? = nil, fallback: CallFallback = .say("Sorry.")) -> TwilioCallbacks {
        let reader = TwilioRequestReader(publicAddress: nil, signature: token.map { TwilioSignature(authToken: $0) })
        return TwilioCallbacks(reader: reader, fallback: fallback, ledger: ledger, placed: placed, log: .none)
    }

    private func post(_ target: String, _ body: String, signature: String? = nil) -> ServerRequest {
        var request = ServerRequest(
            method: "POST", target: target,
            headers: [
                (name: "Host", value: "a.example"), (name: "Content-Type", value: "application/x-www-form-urlencoded"),
            ],
            body: Array(body.utf8))
        if let signature { request.headers.append((name: "X-Twilio-Signature", value: signature)) }
        return request
    }

    private func place() throws -> PlacedCall {
        try #require(placed.add(CallOrder(to: .number("+1555")), carrier: .twilio, from: "+1"))
    }

    @Test(
        arguments: [
            ("CallStatus=queued", .queued, nil), ("CallStatus=initiated", .queued, nil),
            ("CallStatus=ringing&SequenceNumber=1", .ringing, nil), ("CallStatus=in-progress", .answered, nil),
            ("CallStatus=completed&CallDuration=7&SequenceNumber=3", .ended, .completed),
            ("CallStatus=busy", .ended, .busy), ("CallStatus=no-answer", .ended, .noAnswer),
            ("CallStatus=canceled", .ended, .canceled),
            ("CallStatus=failed&SipResponseCode=404&ErrorCode=13224", .ended, .failed("error 13224, SIP 404")),
            ("CallStatus=brand-new", .queued, nil), ("", .queued, nil),
        ] as [(String, PlacedCallStateMachine.Stage, PlacedCallStateMachine.Cause?)])
    func progress(fields: String, stage: PlacedCallStateMachine.Stage, cause: PlacedCallStateMachine.Cause?) throws {
        let call = try place()
        let response = callbacks().status(post("/twilio/status/x", "CallSid=CA1&" + fields), id: call.id)
        #expect(response.status == 200 && response.body.isEmpty)
        let after = try #require(placed.call(call.id))
        #expect(after.progress.stage == stage && after.progress.cause == cause && after.carrierID == "CA1")
    }

    @Test func tellsWhoHasAnswered() throws {
        let call = try place()
        let body = "CallSid=CA1&AccountSid=AC1&AnsweredBy=machine_end_beep&MachineDetectionDuration=4100"
        _ = callbacks().status(post("/x", body), id: call.id)
        #expect(placed.call(call.id)?.answeredBy == "machine_end_beep")
        #expect(placed.call(call.id)?.progress.stage == .queued)
    }

    @Test(
        arguments: [
            ("human", .person), ("machine_start", .machine), ("machine_end_beep", .greetingEnded),
            ("machine_end_silence", .greetingEnded), ("machine_end_other", .greetingEnded), ("fax", .fax),
            ("unknown", .unknown), ("brand_new", .unknown),
        ] as [(String, AnswerFinding)])
    func theLiveCallIsToldWhoHasAnswered(word: String, finding: AnswerFinding) throws {
        let call = try place()
        let told = Notes()
        var callbacks = callbacks()
        callbacks.found = { told.note("\($0) \($1)") }
        _ = callbacks.status(post("/x", "CallSid=CA1&AnsweredBy=\(word)"), id: call.id)
        #expect(told.take() == ["CA1 \(finding)"] && placed.call(call.id)?.finding == finding)
        _ = callbacks.status(post("/x", "CallSid=CA2&AnsweredBy=\(word)"), id: call.id)
        #expect(told.take() == [], "another call's word")
    }

    @Test func theCallbackOfAnotherCallChangesNothing() throws {
        let call = try place()
        placed.named(call.id, carrierID: "CA1")
        #expect(callbacks().status(post("/x", "CallSid=CA2&CallStatus=completed"), id: call.id).status == 200)
        #expect(callbacks().status(post("/x", "CallSid=CA2&CallStatus=completed"), id: "call_0").status == 200)
        #expect(placed.call(call.id)?.progress.stage == .queued)
    }

    @Test func callbacksAreSigned() throws {
        let call = try place()
        let target = "/twilio/status/\(call.id)"
        let right = TwilioSignature(authToken: "12345")
            .signature(of: "https://a.example\(target)CallSidCA1CallStatusringing")
        let body = "CallStatus=ringing&CallSid=CA1"
        for (signature, status) in [(nil, 403), ("x", 403), (right, 200)] as [(String?, Int)] {
            #expect(
                callbacks(token: "12345").status(post(target, body, signature: signature), id: call.id).status == status
            )
        }
        #expect(placed.call(call.id)?.progress.stage == .ringing)
        #expect(callbacks(token: "12345").after(post("/twilio/after", body)).status == 403)
        #expect(callbacks(token: "12345").streamStatus(post("/twilio/stream-status", body)).status == 403)
    }

    @Test func aCallerWithoutAnAgentIsNotHungUpOn() {
        func after(_ call: String) -> String { callbacks().after(post("/twilio/after", "CallSid=\(call)")).body }
        let (sorry, end) = ("<Response><Say>Sorry.</Say><Hangup/></Response>", "<Response><Hangup/></Response>")
        #expect(after("CA1").contains(end))
        ledger.promise("CA1")
        #expect(after("CA1").contains(sorry))
        ledger.streamCame("CA1", isConnected: true)
        #expect(after("CA1").contains(end))
        ledger.streamCame("CA1", isConnected: false)
        #expect(after("CA1").contains(sorry))
        #expect(after("").contains(end))
    }

    @Test(arguments: [("stream-started", false), ("stream-stopped", false), ("stream-error", true)])
    func streams(event: String, isFailed: Bool) {
        ledger.streamCame("CA1", isConnected: true)
        let body = "CallSid=CA1&StreamSid=MZ1&StreamEvent=\(event)&StreamError=31920%0Ax&Timestamp=2026-01-01T00:00:00Z"
        #expect(callbacks().streamStatus(post("/twilio/stream-status", body)).status == 200)
        #expect(ledger.fate(of: "CA1") == (isFailed ? .failed : .connected))
    }

    @Test func theWebhookHandsOutThePassAndSaysWhereToReport() throws {
        let passes = StreamPass(secret: "12345")
        let webhook = TwilioVoiceWebhook(
            publicAddress: nil, signature: nil, fallback: .dial("+1999"), desk: .init(passes: passes, ledger: ledger))
        let request = post("/twilio/voice?token=forged&placedCall=x&tenant=acme", "CallSid=CA1&AnsweredBy=human")
        let body = webhook.answer(request, agent: "") { (_) throws(CallRefusal) in }.body
        let pass = passes.pass(for: StreamGate.subject(ofCall: "CA1"))
        #expect(
            body.hasSuffix(
                """
                <Response><Connect action="https://a.example/twilio/after">\
                <Stream url="wss://a.example/twilio/media" statusCallback="https://a.example/twilio/stream-status">\
                <Parameter name="callSid" value="CA1"/><Parameter name="answeredBy" value="human"/>\
                <Parameter name="tenant" value="acme"/><Parameter name="token" value="\(pass)"/>\
                </Stream></Connect></Response>

                """))
        #expect(ledger.fate(of: "CA1") == .promised)
        let full = webhook.answer(request, agent: "") { (_) throws(CallRefusal) in throw CallRefusal(.full, "x") }
        #expect(full.body.contains("<Response><Dial>+1999</Dial></Response>"))
    }

    // MARK: Signatures

    @Test(arguments: [
        // Query kept, and as fields; the fact sheet's vectors for ConversationRelay.
        ("wss://agent.example.com/ws?token=abc123&foo=bar", "fgQtWtYGXo7jCuL5iwHaIbdDNzw="),
        ("wss://agent.example.com/ws?token=abc123&foo=bar", "n355n1/QqKGMrmNqlnaxWiRe7bI="),
    ])
    func handshakesWithAQuery(url: String, signature: String) {
        #expect(TwilioSignature(authToken: "12345").isValid(signature, webSocketURL: url))
        #expect(!TwilioSignature(authToken: "12345").isValid(signature, webSocketURL: url + "x"))
    }

    @Test func aQueryMaySignedAsItIsWrittenAnew() {
        let validator = TwilioSignature(authToken: "12345")
        let signed = validator.signature(of: "https://a.example/v?name=a%20b&x=%2F")
        #expect(validator.isValid(signed, url: "https://a.example/v?name=a+b&x=/", form: []))
        #expect(!validator.isValid(signed, url: "https://a.example/v?name=a+c&x=/", form: []))
    }

    @Test func anyBodyIsAnswered() throws {
        var random = SeededRandom(seed: 23)
        let call = try place()
        let right = Array(
            "CallSid=CA1&CallStatus=ringing&AnsweredBy=human&StreamEvent=stream-error&StreamError=31920&From=%2B1".utf8)
        let webhook = TwilioVoiceWebhook(
            publicAddress: nil, signature: nil, desk: .init(passes: StreamPass(), ledger: ledger))
        for round in 0..<4_000 {
            var bytes = right
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if round % 3 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            var request = post("/twilio/voice", "")
            request.body = bytes
            let answers = [
                callbacks().status(request, id: call.id), callbacks().streamStatus(request), callbacks().after(request),
                webhook.answer(request, agent: "") { (_) throws(CallRefusal) in },
            ]
            #expect(answers.allSatisfy { [200, 400].contains($0.status) })
            for twiml in answers where twiml.status == 200 && twiml.contentType.hasPrefix("text/xml") {
                #expect(twiml.body.hasSuffix("</Response>\n"))
            }
        }
    }
}
