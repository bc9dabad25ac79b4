internal import NIOCore
internal import VoiceEngineSession

/// What the streams of a carrier must bring with them.
enum StreamAdmission: Sendable {
    /// The pass of their call: this server's webhook hands it out.
    case withPass
    /// Anybody may open a stream; only those of placed calls bring a pass.
    case open
}

/// The parameters by which a stream tells which call it belongs to.
enum StreamParameter {
    static let token = "token"
    /// Of a call that was placed.
    static let placedCall = "placedCall"
    /// "true": the call had a stream before, which ended for something that our TwiML did meanwhile. A variable of the
    /// agent document.
    static let resumed = "resumed"
    static let all = [token, placedCall, resumed]
}

/// Stands between the streams of one carrier and the engine: lets in those that bring the pass of their call, and gives
/// those of placed calls their agent, goal and variables. Safe to use from any thread.
final class StreamGate: CallHost {
    private let host: any CallHost
    private let admission: StreamAdmission
    private let passes: StreamPass
    private let placed: PlacedCalls
    /// The conversations of calls that come back; nil where none does.
    private let park: CallPark?
    /// Told what became of the stream of a call, by the carrier's id.
    private let told: @Sendable (_ call: String, _ isConnected: Bool) -> Void

    init(
        host: any CallHost, admission: StreamAdmission, passes: StreamPass, placed: PlacedCalls,
        park: CallPark? = nil, told: @escaping @Sendable (_ call: String, _ isConnected: Bool) -> Void = { _, _ in }
    ) {
        self.host = host
        self.admission = admission
        self.passes = passes
        self.placed = placed
        self.park = park
        self.told = told
    }

    /// What a pass is made for.
    static func subject(ofCall id: String) -> String { "call " + id }
    static func subject(ofPlaced id: String) -> String { "placed " + id }

    func accept(
        _ setup: CallSetup, carrier: any Carrier, on eventLoop: any EventLoop
    ) throws(CallRefusal) -> any CallSession {
        do throws(CallRefusal) {
            let (known, call) = try identified(setup)
            let session = try host.accept(known, carrier: carrier, on: eventLoop)
            told(setup.callID, true)
            if let call {
                placed.named(call.id, carrierID: setup.callID)
                placed.report(.answered, of: call.id)
                // What the carrier has told before there was a session.
                if let finding = placed.call(call.id)?.finding { session.carrierFound(finding) }
            }
            return session
        } catch {
            // A stream that proves nothing says nothing about the call that it names.
            if error.kind != .notAuthentic { told(setup.callID, false) }
            throw error
        }
    }

    /// - Returns: The set-up with what is known of its call, without what only the gate needs.
    func identified(_ setup: CallSetup) throws(CallRefusal) -> (CallSetup, PlacedCall?) {
        var setup = setup
        let token = setup.variables.removeValue(forKey: StreamParameter.token)
        guard let id = setup.variables.removeValue(forKey: StreamParameter.placedCall) else {
            if passes.isValid(token, for: Self.subject(ofCall: setup.callID)) {
                recall(&setup)
            } else if admission == .withPass {
                throw CallRefusal(
                    .notAuthentic,
                    "the stream does not bring the token of its call: it must be opened by this server's own webhook")
            }
            return (setup, nil)
        }
        guard passes.isValid(token, for: Self.subject(ofPlaced: id)) else {
            throw CallRefusal(.notAuthentic, "the stream does not bring the token of the call that was placed")
        }
        let known = placed.call(id)
        guard known?.carrierID == nil || known?.carrierID == setup.callID else {
            throw CallRefusal(.notAuthentic, "the stream brings the token of another call that was placed")
        }
        guard let call = known, call.progress.stage != .ended else {
            throw CallRefusal(.failed, "the stream belongs to a call that is over, or was placed elsewhere")
        }
        setup.agent = call.order.agent
        setup.variables.merge(call.variables) { _, ours in ours }
        recall(&setup)
        return (setup, call)
    }

    /// A call that has proved which it is, and comes back, goes on where it was.
    private func recall(_ setup: inout CallSetup) {
        guard setup.variables[StreamParameter.resumed] == "true" else { return }
        setup.memory = park?.take(setup.callID)
    }

    func admit(agent: String) throws(CallRefusal) { try host.admit(agent: agent) }
    var isReady: Bool { host.isReady }
    var agentNames: [String] { host.agentNames }
    func metricsText() -> String { host.metricsText() }
}

extension PlacedCall {
    /// What the agent document can name.
    var variables: [String: String] {
        var variables = order.variables
        variables["goal"] = order.goal
        variables["direction"] = "outbound"
        variables["caller"] = from
        variables["called"] = order.to.address
        return variables
    }
}
