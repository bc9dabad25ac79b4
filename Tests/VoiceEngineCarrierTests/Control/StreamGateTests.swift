import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

@Suite struct StreamGateTests {
    private let passes = StreamPass(secret: "12345")
    private let placed = PlacedCalls(most: 8) { 1_000 }

    private func gate(_ admission: StreamAdmission = .withPass) -> StreamGate {
        StreamGate(host: ScriptedHost(), admission: admission, passes: passes, placed: placed)
    }

    private func setup(_ variables: [String: String], call: String = "CA1", agent: String = "reception") -> CallSetup {
        CallSetup(agent: agent, callID: call, variables: variables, input: .telephone, output: .telephone)
    }

    private func refusal(_ gate: StreamGate, _ setup: CallSetup) -> CallRefusal? {
        do throws(CallRefusal) {
            _ = try gate.identified(setup)
            return nil
        } catch {
            return error
        }
    }

    @Test func passesAreOfOneCallAndOneSecret() {
        let pass = passes.pass(for: "call CA1")
        #expect(pass.utf8.count == 32)
        #expect(passes.isValid(pass, for: "call CA1"))
        #expect(StreamPass(secret: "12345").isValid(pass, for: "call CA1"))
        #expect(!passes.isValid(pass, for: "call CA2") && !passes.isValid(pass, for: "placed CA1"))
        #expect(!StreamPass(secret: "54321").isValid(pass, for: "call CA1"))
        #expect(!passes.isValid(nil, for: "call CA1") && !passes.isValid("", for: "call CA1"))
        #expect(!passes.isValid(String(pass.dropLast()), for: "call CA1"))
        #expect(StreamPass().pass(for: "x") != StreamPass().pass(for: "x"))
    }

    @Test func aStreamBringsThePassOfItsCall() throws {
        let pass = passes.pass(for: StreamGate.subject(ofCall: "CA1"))
        let (setup, call) = try gate().identified(setup(["token": pass, "caller": "+1"]))
        #expect(setup.variables == ["caller": "+1"] && call == nil)
        for variables in [[:], ["token": "x"], ["token": passes.pass(for: StreamGate.subject(ofCall: "CA2"))]] {
            #expect(refusal(gate(), self.setup(variables))?.kind == .notAuthentic)
        }
        #expect(try gate(.open).identified(self.setup(["caller": "+1"])).0.variables == ["caller": "+1"])
    }

    @Test func theStreamOfAPlacedCallFindsWhatItIsFor() throws {
        var order = CallOrder(to: .number("+15551"))
        order.agent = "sales"
        order.goal = "sell a bicycle"
        order.variables = ["name": "Anna", "caller": "forged"]
        let call = try #require(placed.add(order, carrier: .twilio, from: "+15550"))
        let variables = ["token": passes.pass(for: StreamGate.subject(ofPlaced: call.id)), "placedCall": call.id]
        for admission in [StreamAdmission.withPass, .open] {
            let (setup, found) = try gate(admission).identified(setup(variables, agent: "reception"))
            #expect(found?.id == call.id && setup.agent == "sales" && setup.callID == "CA1")
            #expect(
                setup.variables == [
                    "name": "Anna", "goal": "sell a bicycle", "direction": "outbound", "caller": "+15550",
                    "called": "+15551",
                ])
        }
        var forged = variables
        forged["token"] = passes.pass(for: StreamGate.subject(ofCall: "CA1"))
        #expect(refusal(gate(.open), setup(forged))?.kind == .notAuthentic)
        placed.named(call.id, carrierID: "CA9")
        #expect(refusal(gate(), setup(variables, call: "CA1"))?.kind == .notAuthentic)
        #expect(refusal(gate(), setup(variables, call: "CA9")) == nil)
        placed.report(.ended(.completed), of: call.id)
        #expect(refusal(gate(), setup(variables, call: "CA9"))?.kind == .failed)
    }

    /// A forged stream that was refused would otherwise let the caller of the real one meet the fallback.
    @Test func aStreamThatProvesNothingSaysNothingAboutItsCall() throws {
        let ledger = TwilioCallLedger()
        let gate = StreamGate(
            host: ScriptedHost(), admission: .withPass, passes: passes, placed: placed,
            told: { ledger.streamCame($0, isConnected: $1) })
        ledger.promise("CA1")
        let (line, loop) = (SilentCarrier(), EmbeddedEventLoop())
        #expect(throws: CallRefusal.self) { try gate.accept(setup([:]), carrier: line, on: loop) }
        #expect(ledger.fate(of: "CA1") == .promised)
        let pass = ["token": passes.pass(for: StreamGate.subject(ofCall: "CA1"))]
        #expect(throws: CallRefusal.self) {
            try gate.accept(setup(pass, agent: "nobody"), carrier: line, on: loop)
        }
        #expect(ledger.fate(of: "CA1") == .failed)
    }

    @Test func whatTheCarrierToldBeforeTheStreamCameIsPassedOn() throws {
        let host = ScriptedHost()
        let gate = StreamGate(host: host, admission: .withPass, passes: passes, placed: placed)
        let call = try #require(placed.add(CallOrder(to: .number("+15551")), carrier: .twilio, from: "+15550"))
        placed.answered(call.id, by: "machine_start", .machine)
        let variables = ["token": passes.pass(for: StreamGate.subject(ofPlaced: call.id)), "placedCall": call.id]
        _ = try gate.accept(setup(variables), carrier: SilentCarrier(), on: EmbeddedEventLoop())
        #expect(host.notes == ["answered by machine"])
    }

    @Test func theLedgerForgetsTheOldest() {
        let ledger = TwilioCallLedger(most: 3)
        for call in ["a", "b", "c"] { ledger.promise(call) }
        ledger.streamCame("a", isConnected: true)
        ledger.promise("d")
        #expect(["a", "b", "c", "d"].map { ledger.fate(of: $0) } == [nil, .promised, .promised, .promised])
        ledger.promise("")
        ledger.promise(String(repeating: "x", count: 200))
        #expect(ledger.fate(of: "") == nil && ledger.fate(of: "b") == .promised)
    }

    @Test func aCallIsTakenUpAgainWithItsOwnStream() {
        let ledger = TwilioCallLedger()
        ledger.promise("a", TwiML.Stream(url: "wss://a/b", parameters: [("token", "t")]))
        ledger.streamCame("a", isConnected: true)
        for _ in 0..<2 {
            let stream = ledger.resume("a")
            #expect(stream == TwiML.Stream(url: "wss://a/b", parameters: [("token", "t"), ("resumed", "true")]))
            #expect(ledger.fate(of: "a") == .promised)
        }
        ledger.streamFailed("b")
        #expect(ledger.resume("b") == nil && ledger.resume("c") == nil)
    }
}

/// Takes everything and plays nothing.
final class SilentCarrier: Carrier {
    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {}
    func flush() {}
    func heardSamples(at now: Instant) -> Int64 { 0 }
    func cut(at now: Instant) -> Int64 { 0 }
    func perform(_ request: CarrierRequest) -> Bool { true }
}
