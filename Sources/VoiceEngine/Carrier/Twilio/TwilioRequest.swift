internal import VoiceEngineNet

/// A request of Twilio's, with its signature checked.
struct TwilioRequest {
    /// How Twilio has reached us.
    let address: PublicAddress
    let form: [FormField]
    let query: [FormField]
    /// What Twilio tells: the form, or the query of a GET.
    let fields: [FormField]

    /// The first field of that name that is not empty.
    subscript(name: String) -> String? { fields.first { $0.name == name && !$0.value.isEmpty }?.value }
}

/// Reads the requests of Twilio's webhooks. Pure.
struct TwilioRequestReader: Sendable {
    /// nil takes the request's own.
    let publicAddress: PublicAddress?
    /// nil lets everybody in.
    let signature: TwilioSignature?

    /// - Throws: The answer to a request that is none, or not Twilio's.
    func read(_ request: ServerRequest) throws(ServerResponse) -> TwilioRequest {
        guard let address = publicAddress ?? PublicAddress(of: request) else {
            throw .text(400, "Host: expected the name of this server, or set public_url.")
        }
        let form = try Self.form(request)
        let query = try Self.fields((request.query ?? "").utf8, "query")
        guard isSigned(request, address: address, form: form) else {
            throw .text(403, "X-Twilio-Signature: not the signature of this request. Is public_url what Twilio calls?")
        }
        return TwilioRequest(
            address: address, form: form, query: query, fields: request.method == "POST" ? form : query)
    }

    /// Whether the handshake of a media stream comes from Twilio.
    func isSignedHandshake(_ request: ServerRequest) -> Bool {
        guard let signature else { return true }
        guard let given = request.header("x-twilio-signature"),
            let address = publicAddress ?? PublicAddress(of: request)
        else { return false }
        return signature.isValid(given, webSocketURL: address.webSocketURL(Self.target(request)))
    }

    private func isSigned(_ request: ServerRequest, address: PublicAddress, form: [FormField]) -> Bool {
        guard let signature else { return true }
        guard let given = request.header("x-twilio-signature") else { return false }
        return signature.isValid(given, url: address.url(Self.target(request)), form: form)
    }

    private static func target(_ request: ServerRequest) -> String {
        request.path + (request.query.map { "?" + $0 } ?? "")
    }

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
}
