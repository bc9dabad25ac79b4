internal import VoiceEngineCore
internal import VoiceEngineNet

/// What Twilio's status callbacks tell. Pure but for the tables that they are entered in.
struct TwilioCallbacks: Sendable {
    let reader: TwilioRequestReader
    let fallback: CallFallback
    let ledger: TwilioCallLedger
    let placed: PlacedCalls
    let log: Log
    /// The conversations of calls that were handed over.
    var park: CallPark?
    /// Lets the live call know who has answered it, by its SID.
    var found: @Sendable (_ call: String, _ finding: AnswerFinding) -> Void = { _, _ in }

    /// The progress of a call that we placed, or who has answered it.
    ///
    /// - Parameter id: Ours, from the path.
    func status(_ request: ServerRequest, id: String) -> ServerResponse {
        take(request) { report in
            // A table that has forgotten the call is no reason for Twilio to ask again.
            guard let call = placed.call(id), Self.isSame(call, report) else { return Self.noted }
            if call.carrierID == nil, let sid = report["CallSid"] { placed.named(id, carrierID: sid) }
            if let who = report["AnsweredBy"] {
                let finding = Self.finding(who)
                placed.answered(id, by: who, finding)
                if let sid = placed.call(id)?.carrierID { found(sid, finding) }
            }
            if let event = Self.event(report) { placed.report(event, of: id) }
            return Self.noted
        }
    }

    /// How a media stream fares.
    func streamStatus(_ request: ServerRequest) -> ServerResponse {
        take(request) { report in
            guard report["StreamEvent"] == "stream-error", let call = report["CallSid"] else { return Self.noted }
            ledger.streamFailed(call)
            let error = CarrierText.line(report["StreamError"] ?? "no reason given")
            log(.warning, "twilio: the stream of call \(CarrierText.line(call)) failed: \(error)")
            return Self.noted
        }
    }

    /// The stream has ended: the call ends too, unless no agent has answered it. Or a transfer has: who was not taken comes
    /// back to the agent.
    func after(_ request: ServerRequest) -> ServerResponse {
        take(request) { report in
            if let result = report["DialCallStatus"] { return afterDial(report, result) }
            return switch report["CallSid"].flatMap({ ledger.fate(of: $0) }) {
            case .promised, .failed: .twiml(TwiML(fallback: fallback))
            case .connected, nil: .twiml(TwiML(.hangUp))
            }
        }
    }

    private func afterDial(_ report: TwilioRequest, _ result: String) -> ServerResponse {
        guard let reason = Self.dialFailure(result), let call = report["CallSid"], let stream = ledger.resume(call)
        else {
            return .twiml(TwiML(.hangUp))
        }
        park?.transferFailed(call, reason: reason)
        return .twiml(TwiML(.connect(stream)))
    }

    /// - Returns: For the model; nil: somebody has taken the call.
    private static func dialFailure(_ status: String) -> String? {
        switch status {
        case "completed", "answered": nil
        case "busy": "the line is busy"
        case "no-answer": "nobody answered"
        default: "the call did not go through"
        }
    }

    private func take(_ request: ServerRequest, _ answer: (TwilioRequest) -> ServerResponse) -> ServerResponse {
        do throws(ServerResponse) {
            return answer(try reader.read(request))
        } catch {
            return error
        }
    }

    private static let noted = ServerResponse(status: 200, contentType: "text/plain; charset=utf-8", body: "")

    /// A callback whose address was copied from another call tells nothing of this one.
    private static func isSame(_ call: PlacedCall, _ report: TwilioRequest) -> Bool {
        guard let known = call.carrierID, let sid = report["CallSid"] else { return true }
        return known == sid
    }

    /// - Returns: nil for what changes nothing.
    static func event(_ report: TwilioRequest) -> PlacedCallStateMachine.Event? {
        switch report["CallStatus"] {
        case "ringing": .rings
        case "in-progress", "answered": .answered
        case "completed": .ended(.completed)
        case "busy": .ended(.busy)
        case "no-answer": .ended(.noAnswer)
        case "canceled": .ended(.canceled)
        case "failed": .ended(.failed(reason(report)))
        case "queued", "initiated", nil: nil
        // One that this version does not know.
        case .some: nil
        }
    }

    static func finding(_ answeredBy: String) -> AnswerFinding {
        switch answeredBy {
        case "human": .person
        case "machine_start": .machine
        case "machine_end_beep", "machine_end_silence", "machine_end_other": .greetingEnded
        case "fax": .fax
        default: .unknown
        }
    }

    private static func reason(_ report: TwilioRequest) -> String {
        let parts = [
            report["ErrorCode"].map { "error \($0)" }, report["ErrorMessage"],
            report["SipResponseCode"].map { "SIP \($0)" },
        ]
        return CarrierText.line(parts.compactMap { $0 }.joined(separator: ", "))
    }
}
