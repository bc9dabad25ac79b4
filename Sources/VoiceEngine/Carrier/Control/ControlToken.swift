internal import COpenSSL
internal import VoiceEngineNet

/// Who may use the control API: whoever shows its bearer token. Pure.
struct ControlToken: Sendable {
    private let token: [UInt8]?

    /// - Parameter token: nil: nobody.
    init(_ token: String?) { self.token = token.map { Array($0.utf8) } }

    /// - Returns: nil for a request that shows the token.
    func refusal(_ request: ServerRequest) -> ServerResponse? {
        guard let token else {
            return .refusal(403, "the control API is off: set VOICE_CONTROL_TOKEN to a secret of your choice")
        }
        let given = request.header("authorization") ?? ""
        guard given.lowercased().hasPrefix("bearer "), matches(Array(given.dropFirst(7).utf8), token) else {
            var refusal = ServerResponse.refusal(401, "expected Authorization: Bearer and the control token")
            refusal.headers = [.init("WWW-Authenticate", "Bearer")]
            return refusal
        }
        return nil
    }

    /// Length first: it is no secret. The bytes in constant time.
    private func matches(_ given: [UInt8], _ right: [UInt8]) -> Bool {
        !right.isEmpty && given.count == right.count && CRYPTO_memcmp(given, right, right.count) == 0
    }
}
