import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineNetSupport

@testable import VoiceEngineCarrier

/// A carrier's REST API in memory and in virtual time.
struct ScriptedCarrier {
    static let sid = "AC00000000000000000000000000000001"

    let network: ScriptedNetwork
    var rest: CarrierREST { CarrierREST(network: network.client, random: { 0 }) }
    var loop: EmbeddedEventLoop { network.loop }

    init() throws { network = try ScriptedNetwork() }

    func twilio(comesBack: TwilioCallControl.Return? = nil) throws -> TwilioCallControl {
        let account = try TwilioAccount(
            accountSid: Self.sid, authToken: "secret-token", baseURL: "http://twilio.test", from: "+15550000")
        return TwilioCallControl(wire: TwilioREST(account: account), rest: rest, comesBack: comesBack)
    }

    func telnyx() throws -> TelnyxCallControl {
        let account = try TelnyxAccount(
            apiKey: "KEY-secret", connectionID: "777", baseURL: "http://telnyx.test", from: "+15550000")
        return TelnyxCallControl(wire: TelnyxREST(account: account), rest: rest)
    }

    /// The request that came last, and an answer to it.
    @discardableResult
    func answer(_ status: String, _ body: String, headers: String = "") throws -> String {
        loop.run()
        let connection = try #require(network.connections.last { $0.isOpen })
        let request = connection.takeText()
        connection.answer(
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n"
                + body)
        loop.run()
        return request
    }
}

/// What became of a future on an embedded loop, for a test to look at.
final class Outcome<Value: Sendable> {
    private(set) var result: Result<Value, any Error>?

    init(_ future: EventLoopFuture<Value>) {
        future.assumeIsolated().whenComplete { self.result = $0 }
    }

    var value: Value? { try? result?.get() }
    var error: String? { if case .failure(let error) = result { "\(error)" } else { nil } }
}

@Suite struct CarrierRESTTests {
    private static let created =
        #"{"sid":"CA1","account_sid":"AC","status":"queued","to":"+1","from":"+2","answered_by":null,"price":null}"#

    private var order: TwilioNewCall {
        TwilioNewCall(to: "+15551", from: "+15552", twiml: TwiML(.connect(TwiML.Stream(url: "wss://a/b"))))
    }

    @Test func placesACall() throws {
        let carrier = try ScriptedCarrier()
        let call = Outcome(try carrier.twilio().place(order, on: carrier.loop))
        let request = try carrier.answer("201 Created", Self.created)
        #expect(request.hasPrefix("POST /2010-04-01/Accounts/\(ScriptedCarrier.sid)/Calls.json HTTP/1.1\r\n"))
        #expect(
            request.contains("Authorization: Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpzZWNyZXQtdG9rZW4="))
        #expect(call.value?.sid == "CA1")
        #expect(call.value?.status == "queued")
    }

    @Test func asksAgainWhenTwilioIsBusy() throws {
        let carrier = try ScriptedCarrier()
        let call = Outcome(try carrier.twilio().place(order, on: carrier.loop))
        try carrier.answer("429 Too Many Requests", #"{"code":20429,"message":"Too many","status":429}"#)
        #expect(call.result == nil)
        carrier.network.advance(.milliseconds(200))
        try carrier.answer("201 Created", Self.created)
        #expect(call.value?.sid == "CA1")
    }

    @Test func aCallIsNotPlacedTwice() throws {
        let carrier = try ScriptedCarrier()
        let call = Outcome(try carrier.twilio().place(order, on: carrier.loop))
        carrier.loop.run()
        try #require(carrier.network.connections.last).cut()
        carrier.network.advance(.seconds(30))
        #expect(carrier.network.connections.count == 1)
        #expect(call.error?.contains("place a call to +15551: twilio.test: the server closed the connection") == true)
    }

    @Test func refusalsNameWhatToDo() throws {
        let carrier = try ScriptedCarrier()
        let call = Outcome(try carrier.twilio().place(order, on: carrier.loop))
        try carrier.answer("401 Unauthorized", #"{"code":20003,"message":"Authenticate","more_info":"x","status":401}"#)
        let text = try #require(call.error)
        #expect(text.contains("Twilio answered 401 (error 20003): Authenticate. Are TWILIO_ACCOUNT_SID"))
        #expect(!text.contains("secret-token"))
    }

    @Test(arguments: ["", "[]", "{}", #"{"sid":7}"#, "<html>"])
    func anAnswerThatNamesNoCallIsAnError(body: String) throws {
        let carrier = try ScriptedCarrier()
        let call = Outcome(try carrier.twilio().place(order, on: carrier.loop))
        try carrier.answer("201 Created", body)
        #expect(call.error?.contains("Twilio's answer names no call") == true)
    }

    @Test func anEndlessAnswerIsCutOff() throws {
        let carrier = try ScriptedCarrier()
        let call = Outcome(try carrier.twilio().fetch("CA1", on: carrier.loop))
        carrier.loop.run()
        try #require(carrier.network.connections.last).answer("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
        for _ in 0..<40 { carrier.network.connections.last?.answer([UInt8](repeating: 0x20, count: 8_192)) }
        carrier.loop.run()
        #expect(call.error?.contains("more than") == true)
        #expect(carrier.network.client.counters.requests == 0)
    }

    @Test func endsCallsThatAreOverAlready() throws {
        let carrier = try ScriptedCarrier()
        for (status, body) in [
            ("200 OK", Self.created), ("404 Not Found", #"{"code":20404,"status":404}"#),
            ("400 Bad Request", #"{"code":21220,"message":"Call is not in-progress","status":400}"#),
        ] {
            let end = Outcome(try carrier.twilio().hangUp("CA1", on: carrier.loop))
            let request = try carrier.answer(status, body)
            #expect(request.contains("/Calls/CA1.json HTTP/1.1") && request.hasSuffix("Status=completed"))
            #expect(end.value != nil)
        }
        let refused = Outcome(try carrier.twilio().hangUp("CA1", on: carrier.loop))
        try carrier.answer("401 Unauthorized", "{}")
        #expect(refused.error?.contains("end call CA1: Twilio answered 401") == true)
    }

    @Test func transfersAndKeysDigits() throws {
        let carrier = try ScriptedCarrier()
        let ledger = TwilioCallLedger()
        ledger.promise("CA1", TwiML.Stream(url: "wss://a/CA1"))
        let control = try carrier.twilio(comesBack: .init(ledger: ledger, park: CallPark { 1_000 }))
        let transfer = Outcome(control.transfer("CA1", to: "+1 (555) 123", on: carrier.loop))
        #expect(
            try carrier.answer("200 OK", Self.created).hasSuffix(
                "Twiml=%3CResponse%3E%3CDial%3E%2B1555123%3C%2FDial%3E%3C%2FResponse%3E"))
        #expect(transfer.value != nil)
        let digits = Outcome(control.sendDigits("1ww#", in: "CA1", on: carrier.loop))
        let request = try carrier.answer("200 OK", Self.created)
        #expect(
            WebURL.encode(
                #"<Response><Play digits="1ww#"/><Connect><Stream url="wss://a/CA1">"#
                    + #"<Parameter name="resumed" value="true"/></Stream></Connect></Response>"#)
                == request.split(separator: "Twiml=").last.map(String.init))
        #expect(digits.value != nil)
    }

    @Test func whatCannotBeAskedForIsNotAsked() throws {
        let carrier = try ScriptedCarrier()
        let (twilio, telnyx) = (try carrier.twilio(), try carrier.telnyx())
        for control in [twilio as any CallControl, telnyx] {
            let errors = [
                Outcome(control.transfer("C", to: "tomorrow", on: carrier.loop)).error,
                Outcome(control.sendDigits("12x", in: "C", on: carrier.loop)).error,
                Outcome(control.sendDigits("", in: "C", on: carrier.loop)).error,
                Outcome(control.sendDigits(String(repeating: "1", count: 101), in: "C", on: carrier.loop)).error,
            ]
            #expect(errors.allSatisfy { $0?.contains("expected") ?? false })
        }
        #expect(carrier.network.connections.isEmpty)
    }

    // MARK: Telnyx

    @Test func telnyxDialsAndCommands() throws {
        let carrier = try ScriptedCarrier()
        let control = try carrier.telnyx()
        let stream = TelnyxStream(url: "wss://a/b", token: "t", codec: .pcma)
        let order = TelnyxNewCall(
            connectionID: "777", to: "+1", from: "+2", stream: stream, state: TelnyxClientState(token: "t"),
            webhookURL: "https://a/telnyx/voice")
        let dial = Outcome(control.dial(order, on: carrier.loop))
        let request = try carrier.answer("200 OK", #"{"data":{"call_control_id":"v3:a/b","is_alive":false}}"#)
        #expect(request.hasPrefix("POST /v2/calls HTTP/1.1\r\n"))
        #expect(request.contains("Authorization: Bearer KEY-secret\r\n"))
        #expect(request.contains(#""stream_bidirectional_mode":"rtp","stream_bidirectional_codec":"PCMA""#))
        #expect(dial.value == "v3:a/b")

        let end = Outcome(control.hangUp("v3:a/b", on: carrier.loop))
        #expect(try carrier.answer("200 OK", "{}").hasPrefix("POST /v2/calls/v3%3Aa%2Fb/actions/hangup HTTP/1.1"))
        #expect(end.value != nil)
        let late = Outcome(control.hangUp("v3:a", on: carrier.loop))
        try carrier.answer(
            "422 Unprocessable Entity", #"{"errors":[{"code":"90018","title":"Call has already ended"}]}"#)
        #expect(late.value != nil)
        let refused = Outcome(control.transfer("v3:a", to: "sip:a@b", on: carrier.loop))
        try carrier.answer(
            "422 Unprocessable Entity",
            #"{"errors":[{"code":"10015","title":"Invalid value","detail":"to is wrong","source":{}}]}"#)
        #expect(
            refused.error?.contains(
                "transfer call v3:a: Telnyx answered 422 (error 10015): Invalid value: to is wrong. To place a call takes"
            )
                == true)
    }
}
