package import VoiceEngineNet
package import VoiceEngineSession

extension ServerResponse {
    /// What a refused call is answered where the client understands HTTP: 429 for too many in a second, 503 while the
    /// server cannot take it, with `Retry-After` where that is known.
    package init(_ refusal: CallRefusal) {
        let status: Int
        switch refusal.kind {
        case .unknownAgent: status = 404
        case .badRequest: status = 400
        case .failed: status = 500
        case .full, .draining, .notReady: if case .tooFast = refusal.retry { status = 429 } else { status = 503 }
        }
        var headers: [Header] = []
        switch refusal.retry {
        case .unknown: break
        case .after(let time), .tooFast(let time):
            headers = [Header("Retry-After", "\(max(1, Int(time.seconds.rounded(.up))))")]
        }
        self.init(status: status, headers: headers, body: refusal.detail + "\n")
    }
}
