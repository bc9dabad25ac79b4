internal import VoiceEngineCore
internal import VoiceEngineNet

/// What a speech service says went wrong, in whatever shape it says it. Pure.
struct VoiceFault: Equatable, Sendable {
    /// The service's name for it, such as `quota_exceeded`.
    var code: String
    var message: String
    /// An HTTP-like status that the text carries.
    var status: Int?

    /// Reads the shapes that are in use: `{"error":{"code","message"}}`, `{"error":"…"}`, `{"detail":{"status",…}}`,
    /// `{"detail":"…"}`, `{"detail":[{"msg"}]}`, `{"err_code","err_msg"}`, `{"error_code","title","message"}`.
    ///
    /// - Returns: nil when it is none of them.
    init?(_ value: JSONValue) {
        let inner: JSONValue
        if let error = value["error"], error.object != nil {
            inner = error
        } else if let detail = value["detail"], detail.object != nil {
            inner = detail
        } else if let first = value["detail"]?[0] {
            inner = first
        } else {
            inner = value
        }
        func text(_ keys: String...) -> String? {
            for key in keys { if let text = inner[key]?.lenientString, !text.isEmpty { return text } }
            return nil
        }
        var code = text("err_code", "error_code", "code", "status", "type") ?? ""
        // The message's type, not the fault's.
        if code.lowercased() == "error" { code = "" }
        let title = text("title")
        let body = text("err_msg", "message", "msg", "description", "error", "detail", "warn_msg")
        self.code = code
        message = [title, body].compactMap(\.self).joined(separator: ": ")
        status = (inner["status_code"]?.int ?? inner["code"]?.int).flatMap { Int(exactly: $0) }
        // ElevenLabs' sockets name the fault under `error` and tell about it under `message`.
        if inner == value, let name = value["error"]?.string, value["message"] != nil { self.code = name }
        guard !self.code.isEmpty || !message.isEmpty else { return nil }
    }

    init(code: String, message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    /// - Parameter body: of an answer; read only when it is JSON.
    init?(body: some Collection<UInt8>) {
        guard let value = try? JSONValue.parse(body) else { return nil }
        self.init(value)
    }

    var description: String {
        [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
    }

    /// What it means, by its name first and by its status second: the services use 401 for an empty account too.
    ///
    /// - Parameter status: of the answer that carried it; nil where a socket did.
    func kind(status outer: Int?) -> ProviderError.Kind {
        let name = code.lowercased()
        func says(_ parts: String...) -> Bool { parts.contains { name.contains($0) } }
        // Waiting does not bring money back.
        if says("quota", "credit", "billing", "payment", "unusual_activity") { return .auth }
        if says("api_key", "auth", "permission", "forbidden") { return .auth }
        if says("rate_limit", "too_many", "concurren", "max_active", "rate limit") { return .rateLimited }
        if says("busy", "overload", "unavailable", "internal") { return .unavailable }
        if says("timeout") { return .timeout }
        if says("not_found", "does_not_exist", "unsupported", "invalid", "limit_exceeded", "validation") {
            return .configuration
        }
        // A status of 200 around an error says nothing.
        let statuses = [status, outer].compactMap(\.self).filter { $0 >= 400 && $0 < 600 }
        if let status = statuses.first { return ProviderError.kind(ofStatus: status) }
        return .unavailable
    }
}

extension ProviderError {
    /// [bytes] of an error's body that are read.
    static let maximumVoiceErrorBytes = 16 << 10

    /// An answer that says no, or that is no audio.
    init(voiceAnswer answer: HTTPAnswer, body: [UInt8], provider: String, secret: Secret?) {
        self.init(
            status: answer.status, headers: answer.headers, fault: VoiceFault(body: body),
            what: answer.status == 200
                ? "answered with text instead of audio" : "answered with status \(answer.status)",
            provider: provider, secret: secret)
    }

    /// What the network says about a voice; a refused WebSocket tells its reason in the body.
    init(voiceNetwork error: NetworkError, provider: String, secret: Secret?) {
        guard case .upgradeRefused(let refusal) = error else {
            self.init(error, provider: provider, secret: secret)
            return
        }
        var fault = VoiceFault(body: Array(refusal.bodyStart.utf8))
        if fault == nil, let reason = refusal.headers["dg-error"] { fault = VoiceFault(code: "", message: reason) }
        self.init(
            status: refusal.status, headers: refusal.headers, fault: fault, what: error.description,
            provider: provider, secret: secret)
    }

    private init(
        status: Int, headers: HeaderList, fault: VoiceFault?, what: String, provider: String, secret: Secret?
    ) {
        let kind = fault?.kind(status: status) ?? Self.kind(ofStatus: status)
        var detail = what
        // Texts about keys repeat parts of them: the name says enough.
        if let fault {
            let text = status == 401 ? fault.code : fault.description
            if !text.isEmpty { detail += ": " + text }
        }
        if let wait = headers["retry-after"] { detail += ", retry after \(wait) s" }
        for name in ["x-request-id", "request-id", "dg-request-id"] {
            if let id = headers[name] {
                detail += " (request \(id))"
                break
            }
        }
        self.init(
            kind, provider: provider, detail: Secret.redacted(secret, detail),
            retryAfter: RetryAfter.wait(status: status) { headers[$0] })
    }
}
