internal import VoiceEngineNet
internal import VoiceEngineSession

// What a refused call is answered where the client understands HTTP.

extension CallRefusal {
    /// 429 for too many calls in a second, 503 while the server cannot take one.
    var httpStatus: Int {
        switch (kind, retry) {
        case (.unknownAgent, _): 404
        case (.badRequest, _): 400
        case (.notAuthentic, _): 403
        case (.full, .tooFast), (.draining, .tooFast), (.notReady, .tooFast), (.failed, .tooFast): 429
        case (.full, _), (.draining, _), (.notReady, _), (.failed, _): 503
        }
    }

    /// What its WebSocket is closed with.
    var closeCode: UInt16 {
        switch kind {
        case .unknownAgent, .badRequest, .notAuthentic: 1008
        case .full, .draining, .notReady: 1013
        case .failed: 1011
        }
    }

    /// `Retry-After`, where it is known. [s]
    var httpHeaders: [ServerResponse.Header] {
        switch retry {
        case .unknown: []
        case .after(let time), .tooFast(let time):
            [.init("Retry-After", "\(max(1, Int(time.seconds.rounded(.up))))")]
        }
    }
}
