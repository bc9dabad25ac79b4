import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// Calls that leave their stream and come back with their conversation.
@Suite struct CallParkTests {
    private static func memory(_ text: String) -> CallMemory {
        var memory = CallMemory()
        memory.messages = [.user(text)]
        return memory
    }

    // MARK: The park

    @Test func keepsWhatIsExpectedOnce() {
        let park = CallPark { 1_000 }
        park.keep("a") { Self.memory("not expected") }
        #expect(park.take("a") == nil)
        park.expect("a")
        park.keep("a") { Self.memory("first") }
        park.keep("a") { Self.memory("second") }
        #expect(park.take("a") == Self.memory("first"))
        #expect(park.take("a") == nil && park.count == 0)
        park.expect("b")
        #expect(park.take("b") == nil, "its session has not ended")
    }

    @Test func forgetsAfterAWhileAndBeyondItsSize() {
        let clock = Mutex<Int64>(0)
        let park = CallPark(most: 3) { clock.withLock { $0 } }
        for (second, call) in ["a", "b", "c", "d"].enumerated() {
            clock.withLock { $0 = Int64(second) }
            park.expect(call)
            park.keep(call) { Self.memory(call) }
        }
        #expect(park.count == 3 && park.take("a") == nil && park.take("b") != nil)
        clock.withLock { $0 = 2 + CallPark.patience }
        #expect(park.take("c") == nil && park.take("d") != nil)
        park.expect("e")
        clock.withLock { $0 += CallPark.patience }
        park.expect("f")
        #expect(park.count == 1)
    }

    @Test func tellsWhyTheCallIsBack() {
        let park = CallPark { 1_000 }
        park.transferFailed("a", reason: "nobody knows the call")
        park.expect("a")
        park.keep("a") { Self.memory("x") }
        park.transferFailed("a", reason: "busy")
        #expect(park.take("a")?.absence == .failedTransfer(reason: "busy"))
    }

    // MARK: Twilio

    private static let sid = "CA1"

    /// A stream as a webhook promises it.
    private static func promise(_ ledger: TwilioCallLedger) {
        ledger.promise(
            sid, TwiML.Stream(url: "wss://a.example/m", parameters: [("token", "t")], action: "https://a.example/after")
        )
        ledger.streamCame(sid, isConnected: true)
    }

    @Test func digitsConnectTheCallAgainAndKeepItsConversation() throws {
        let (carrier, ledger, park) = (try ScriptedCarrier(), TwilioCallLedger(), CallPark { 1_000 })
        Self.promise(ledger)
        let control = try carrier.twilio(comesBack: .init(ledger: ledger, park: park))
        let keyed = Outcome(control.sendDigits("1w2", in: Self.sid, on: carrier.loop))
        park.keep(Self.sid) { Self.memory("said before") }
        let request = try carrier.answer("200 OK", #"{"sid":"CA1"}"#)
        #expect(keyed.value != nil)
        #expect(request.contains("resumed") && ledger.fate(of: Self.sid) == .promised)
        #expect(park.take(Self.sid)?.absence == .digits)
    }

    @Test func aRefusedRequestLeavesTheStreamAsItWas() throws {
        let (carrier, ledger, park) = (try ScriptedCarrier(), TwilioCallLedger(), CallPark { 1_000 })
        Self.promise(ledger)
        let control = try carrier.twilio(comesBack: .init(ledger: ledger, park: park))
        let keyed = Outcome(control.sendDigits("1", in: Self.sid, on: carrier.loop))
        try carrier.answer("400 Bad Request", #"{"code":21220}"#)
        #expect(keyed.value == nil && ledger.fate(of: Self.sid) == .connected)
    }

    @Test func aTransferAsksHowToGoOn() throws {
        let (carrier, ledger, park) = (try ScriptedCarrier(), TwilioCallLedger(), CallPark { 1_000 })
        Self.promise(ledger)
        let control = try carrier.twilio(comesBack: .init(ledger: ledger, park: park))
        let transfer = Outcome(control.transfer(Self.sid, to: "+15551234567", on: carrier.loop))
        let form = try FormDecoder.fields(
            try #require(try carrier.answer("200 OK", #"{"sid":"CA1"}"#).split(separator: "\r\n\r\n").last).utf8)
        #expect(
            form.first { $0.name == "Twiml" }?.value
                == #"<Response><Dial action="https://a.example/after">+15551234567</Dial></Response>"#)
        #expect(transfer.value != nil && park.count == 1)
    }

    @Test(
        arguments: [
            ("busy", "the line is busy"), ("no-answer", "nobody answered"), ("failed", "the call did not go through"),
            ("canceled", "the call did not go through"), ("completed", nil), ("answered", nil),
        ] as [(String, String?)])
    func whomNobodyTookIsConnectedAgain(status: String, reason: String?) throws {
        let (ledger, park) = (TwilioCallLedger(), CallPark { 1_000 })
        Self.promise(ledger)
        park.expect(Self.sid)
        park.keep(Self.sid) { Self.memory("said before") }
        let reader = TwilioRequestReader(publicAddress: nil, signature: nil)
        let callbacks = TwilioCallbacks(
            reader: reader, fallback: .say("Sorry."), ledger: ledger, placed: PlacedCalls(most: 1) { 1_000 },
            log: .none,
            park: park)
        let answer = callbacks.after(
            ServerRequest(
                method: "POST", target: "/twilio/after", headers: [(name: "Host", value: "a.example")],
                body: Array("CallSid=CA1&DialCallStatus=\(status)".utf8)))
        let memory = park.take(Self.sid)
        if let reason {
            #expect(answer.body.contains(#"<Parameter name="resumed" value="true"/>"#))
            #expect(memory?.absence == .failedTransfer(reason: reason))
        } else {
            #expect(answer.body.contains("<Response><Hangup/></Response>"))
            #expect(memory?.absence == .digits, "not touched")
        }
    }

    // MARK: The streams

    private static let passes = StreamPass(secret: "12345")

    private func setup(_ variables: [String: String], call: String = sid) -> CallSetup {
        CallSetup(agent: "reception", callID: call, variables: variables, input: .telephone, output: .telephone)
    }

    /// Whoever knows a call SID must not get what was said in it.
    @Test func onlyAStreamThatProvesItsCallGetsTheConversation() throws {
        let park = CallPark { 1_000 }
        let pass = Self.passes.pass(for: StreamGate.subject(ofCall: Self.sid))
        let rows: [(StreamAdmission, [String: String], Bool)] = [
            (.open, ["resumed": "true"], false), (.open, ["resumed": "true", "token": "forged"], false),
            (.open, ["token": pass], false), (.open, ["resumed": "true", "token": pass], true),
            (.withPass, ["resumed": "true", "token": pass], true),
        ]
        for (admission, variables, isGiven) in rows {
            park.expect(Self.sid)
            park.keep(Self.sid) { Self.memory("secret") }
            let gate = StreamGate(
                host: ScriptedHost(), admission: admission, passes: Self.passes, placed: PlacedCalls(most: 1) { 1_000 },
                park: park)
            #expect((try gate.identified(setup(variables)).0.memory != nil) == isGiven, "\(variables)")
        }
    }

    @Test func aStreamThatEndsForDigitsLeavesItsConversation() throws {
        let line = try StreamLine(TwilioWire(), park: CallPark { 1_000 })
        line.say(TwilioSays.connected, TwilioSays.start())
        let call = try #require(line.host.setups.first?.callID)
        line.park?.expect(call)
        line.say(TwilioSays.dtmf("7"), TwilioSays.stop)
        #expect(line.park?.take(call)?.messages == [.user("digits 7"), .user("closed: the caller hung up")])
        line.close()
    }
}
