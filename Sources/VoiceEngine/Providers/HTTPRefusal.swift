internal import VoiceEngineCore
internal import VoiceEngineNet

/// What a service says went wrong, in the body of an answer or in the middle of one.
struct ServiceFault: Equatable, Sendable {
    var message: String
    /// Code or type, whichever is there: text, also where a server sends a number. Empty when there is none.
    var code: String

    init(message: String, code: String = "") {
        self.message = message
        self.code = code
    }

    /// The error of a body, in the shapes of OpenAI and Anthropic (`{"error":{…}}`), Ollama (`{"error":"…"}`) and
    /// FastAPI (`{"detail":…}`).
    init?(_ value: JSONValue) {
        if let error = value["error"], !error.isNull {
            if let text = error.string {
                self.init(message: text)
                return
            }
            let code = error["code"]?.lenientString ?? ""
            let type = error["type"]?.lenientString ?? ""
            self.init(message: error["message"]?.lenientString ?? "", code: code.isEmpty ? type : code)
        } else if let detail = value["detail"], !detail.isNull {
            self.init(message: detail.string ?? String(decoding: detail.serialized(), as: UTF8.self))
        } else {
            return nil
        }
    }

    init?(body: [UInt8]) {
        guard let value = body.withUnsafeBytes({ try? JSONValue.parse($0) }) else { return nil }
        self.init(value)
    }
}

extension ProviderError {
    /// An answer whose status says no.
    ///
    /// - Parameter kind: Where the service's own words mean another kind than the status.
    init(
        _ answer: HTTPAnswer, _ fault: ServiceFault?, kind given: Kind? = nil, provider: String, secret: Secret?
    ) {
        var kind = given ?? Self.kind(ofStatus: answer.status)
        var what = "answered with status \(answer.status)"
        // Waiting does not bring money back.
        if let fault, ["insufficient_quota", "billing_hard_limit_reached"].contains(fault.code) { kind = .auth }
        if answer.status == 429 || answer.status == 529 {
            if let wait = answer.headers["retry-after"] { what += ", retry after \(wait) s" }
            if let reset = answer.headers["x-ratelimit-reset-requests"] { what += ", requests reset in \(reset)" }
            if let reset = answer.headers["x-ratelimit-reset-tokens"] { what += ", tokens reset in \(reset)" }
        }
        if let id = answer.headers["x-request-id"] ?? answer.headers["request-id"] { what += " (request \(id))" }
        // Texts about keys repeat parts of them: the code says enough.
        let said = answer.status == 401 ? [fault?.code] : [fault?.code, fault?.message]
        let detail = ([what] + said.compactMap { $0 }).filter { !$0.isEmpty }.joined(separator: ": ")
        self.init(
            kind, provider: provider, detail: Secret.redacted(secret, detail),
            retryAfter: RetryAfter.wait(status: answer.status) { answer.headers[$0] })
    }
}
