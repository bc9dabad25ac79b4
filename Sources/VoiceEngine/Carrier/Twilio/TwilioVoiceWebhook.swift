internal import VoiceEngineNet
internal import VoiceEngineSession

/// The answer to Twilio's voice webhook: TwiML that connects the call to our media stream. Pure.
struct TwilioVoiceWebhook: Sendable {
    /// Name and value of one `<Parameter>` together. (Twilio's limit.)
    static let longestParameter = 500
    /// Of the webhook's own query that are handed on.
    static let mostQueryParameters = 20

    /// Says sorry and hangs up: a refused caller must never meet silence.
    static let busy = twiml(
        "<Say>We are sorry. All of our lines are busy at the moment. Please call again later.</Say><Hangup/>")

    private let publicAddress: PublicAddress?
    private let signature: TwilioSignature?

    /// - Parameters:
    ///   - publicAddress: nil takes the request's own.
    ///   - signature: nil lets everybody in.
    init(publicAddress: PublicAddress?, signature: TwilioSignature?) {
        self.publicAddress = publicAddress
        self.signature = signature
    }

    /// - Parameters:
    ///   - agent: From the path; empty for the only one there is.
    ///   - admit: Whether a call to the agent would be taken now.
    func answer(
        _ request: ServerRequest, agent: String, admit: (String) throws(CallRefusal) -> Void
    ) -> ServerResponse {
        guard let address = publicAddress ?? PublicAddress(of: request) else {
            return .text(400, "Host: expected the name of this server, or set public_url.")
        }
        let form: [FormField]
        let query: [FormField]
        do {
            form = try Self.form(request)
            query = try Self.fields((request.query ?? "").utf8, "query")
        } catch {
            return error
        }
        guard isSigned(request, address: address, form: form) else {
            return .text(403, "X-Twilio-Signature: not the signature of this request. Is public_url what Twilio calls?")
        }
        do {
            try admit(agent)
        } catch {
            switch error.kind {
            case .unknownAgent: return .text(404, error.detail)
            case .badRequest: return .text(400, error.detail)
            case .full, .draining, .notReady, .failed: return Self.busy
            }
        }
        let path = agent.isEmpty ? "" : "/" + FormDecoder.encodedSegment(agent)
        let fields = request.method == "POST" ? form : query
        let parameters = Self.parameters(of: fields) + Self.ownParameters(of: query)
        let children = parameters.map {
            #"<Parameter name="\#(Self.escaped($0.name))" value="\#(Self.escaped($0.value))"/>"#
        }
        let url = address.webSocketURL("/twilio/media" + path)
        return Self.twiml(
            #"<Connect><Stream url="\#(Self.escaped(url))">\#(children.joined())</Stream></Connect>"#)
    }

    /// Whether the handshake of a media stream comes from Twilio.
    func isSignedHandshake(_ request: ServerRequest) -> Bool {
        guard let signature else { return true }
        guard let given = request.header("x-twilio-signature"),
            let address = publicAddress ?? PublicAddress(of: request)
        else { return false }
        return signature.isValid(given, webSocketURL: address.webSocketURL(request.path))
    }

    private func isSigned(_ request: ServerRequest, address: PublicAddress, form: [FormField]) -> Bool {
        guard let signature else { return true }
        guard let given = request.header("x-twilio-signature") else { return false }
        let target = request.path + (request.query.map { "?" + $0 } ?? "")
        return signature.isValid(given, url: address.url(target), form: form)
    }

    // MARK: Fields

    private static func form(_ request: ServerRequest) throws(ServerResponse) -> [FormField] {
        guard request.method == "POST", !request.body.isEmpty else { return [] }
        let type = request.header("content-type")?.lowercased() ?? "application/x-www-form-urlencoded"
        guard type.hasPrefix("application/x-www-form-urlencoded") else {
            throw .text(415, "Content-Type: expected application/x-www-form-urlencoded.")
        }
        return try fields(request.body, "body")
    }

    private static func fields(
        _ bytes: some Sequence<UInt8>, _ place: String
    ) throws(ServerResponse) -> [FormField] {
        do {
            return try FormDecoder.fields(bytes)
        } catch {
            switch error {
            case .tooManyFields: throw .text(400, "\(place): expected at most \(FormDecoder.mostFields) fields.")
            case .badEscape(let field):
                throw .text(400, "\(place): expected two hexadecimal digits after % in field \(field + 1).")
            }
        }
    }

    /// What the stream does not tell by itself: `start` has the SIDs, but neither number.
    private static func parameters(of fields: [FormField]) -> [FormField] {
        let wanted = [
            ("From", "caller"), ("To", "called"), ("CallSid", "callSid"), ("Direction", "direction"),
            ("CallerName", "callerName"), ("ForwardedFrom", "forwardedFrom"),
        ]
        return wanted.compactMap { theirs, ours in
            fields.first { $0.name == theirs && !$0.value.isEmpty }.map { bounded(FormField(ours, $0.value)) }
        }
    }

    /// The webhook's own query, such as `?tenant=acme`; Twilio's fields begin with capitals.
    private static func ownParameters(of query: [FormField]) -> [FormField] {
        let taken = ["caller", "called", "callSid", "direction", "callerName", "forwardedFrom", "agent"]
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

    // MARK: XML

    private static func twiml(_ verbs: String) -> ServerResponse {
        ServerResponse(
            contentType: "text/xml; charset=utf-8",
            body: #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n<Response>\(verbs)</Response>\n")
    }

    /// As the value of an attribute. Characters that XML 1.0 does not have become U+FFFD.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&apos;"
            case "\t", "\n", "\r": escaped += "&#\(scalar.value);"
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
