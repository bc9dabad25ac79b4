internal import VoiceEngineNet
internal import VoiceEngineSession

/// The answer to Twilio's voice webhook: TwiML that connects the call to our media stream. Pure but for the ledger.
struct TwilioVoiceWebhook: Sendable {
    /// What the server keeps of its calls; without it a stream is promised without a pass.
    struct Desk: Sendable {
        let passes: StreamPass
        let ledger: TwilioCallLedger
    }

    /// Name and value of one `<Parameter>` together. (Twilio's limit.)
    static let longestParameter = 500
    /// Of the webhook's own query that are handed on.
    static let mostQueryParameters = 20

    let reader: TwilioRequestReader
    let fallback: CallFallback
    private let desk: Desk?

    /// - Parameters:
    ///   - publicAddress: nil takes the request's own.
    ///   - signature: nil lets everybody in.
    ///   - fallback: For callers whom no agent can answer.
    init(
        publicAddress: PublicAddress?, signature: TwilioSignature?, fallback: CallFallback = .sorry, desk: Desk? = nil
    ) {
        reader = TwilioRequestReader(publicAddress: publicAddress, signature: signature)
        self.fallback = fallback
        self.desk = desk
    }

    /// - Parameters:
    ///   - agent: From the path; empty for the only one there is.
    ///   - admit: Whether a call to the agent would be taken now.
    func answer(
        _ request: ServerRequest, agent: String, admit: (String) throws(CallRefusal) -> Void
    ) -> ServerResponse {
        let call: TwilioRequest
        do throws(ServerResponse) {
            call = try reader.read(request)
        } catch {
            return error
        }
        do throws(CallRefusal) {
            try admit(agent)
        } catch {
            switch error.kind {
            case .unknownAgent: return .text(404, error.detail)
            case .badRequest, .notAuthentic: return .text(error.httpStatus, error.detail)
            case .full, .draining, .notReady, .failed: return .twiml(TwiML(fallback: fallback))
            }
        }
        let parameters = Self.parameters(of: call) + Self.ownParameters(of: call.query)
        return .twiml(TwiML(.connect(stream(call, agent: agent, parameters: parameters))))
    }

    private func stream(_ call: TwilioRequest, agent: String, parameters: [FormField]) -> TwiML.Stream {
        var stream = Self.stream(at: call.address, agent: agent)
        stream.parameters = parameters.map { ($0.name, $0.value) }
        guard let desk, let sid = call["CallSid"] else { return stream }
        stream.parameters.append((StreamParameter.token, desk.passes.pass(for: StreamGate.subject(ofCall: sid))))
        stream.statusCallback = call.address.url(TwilioPath.streamStatus)
        stream.action = call.address.url(TwilioPath.after)
        desk.ledger.promise(sid, stream)
        return stream
    }

    /// The media stream of an agent.
    static func stream(at address: PublicAddress, agent: String) -> TwiML.Stream {
        let path = agent.isEmpty ? "" : "/" + FormDecoder.encodedSegment(agent)
        return TwiML.Stream(url: address.webSocketURL(TwilioPath.media + path))
    }

    /// Whether the handshake of a media stream comes from Twilio.
    func isSignedHandshake(_ request: ServerRequest) -> Bool { reader.isSignedHandshake(request) }

    // MARK: Fields

    /// What the stream does not tell by itself: `start` has the SIDs, but neither number.
    private static func parameters(of call: TwilioRequest) -> [FormField] {
        let wanted = [
            ("From", "caller"), ("To", "called"), ("CallSid", "callSid"), ("Direction", "direction"),
            ("CallerName", "callerName"), ("ForwardedFrom", "forwardedFrom"), ("AnsweredBy", "answeredBy"),
        ]
        return wanted.compactMap { theirs, ours in call[theirs].map { bounded(FormField(ours, $0)) } }
    }

    /// The webhook's own query, such as `?tenant=acme`; Twilio's fields begin with capitals.
    private static func ownParameters(of query: [FormField]) -> [FormField] {
        let taken =
            ["caller", "called", "callSid", "direction", "callerName", "forwardedFrom", "answeredBy", "agent"]
            + StreamParameter.all
        let own = query.filter { field in
            field.name.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
                && !taken.contains(field.name) && field.name.utf8.count < longestParameter / 2
        }
        return own.prefix(mostQueryParameters).map(bounded)
    }

    private static func bounded(_ field: FormField) -> FormField {
        var value = field.value
        while field.name.utf8.count + value.utf8.count >= longestParameter, !value.isEmpty { value.removeLast() }
        return FormField(field.name, value)
    }
}

/// Where this server has what Twilio calls.
enum TwilioPath {
    static let voice = "/twilio/voice"
    static let media = "/twilio/media"
    /// How a call fares that we placed; the path goes on with its id.
    static let status = "/twilio/status"
    static let streamStatus = "/twilio/stream-status"
    /// How a call goes on when its stream has ended.
    static let after = "/twilio/after"
}

extension ServerResponse {
    static func twiml(_ twiml: TwiML) -> ServerResponse {
        ServerResponse(contentType: "text/xml; charset=utf-8", body: twiml.document)
    }
}
