internal import VoiceEngineNet

/// Who may open the page and call from it. Pure.
///
/// A server on a loopback address is often reached through a tunnel or proxy that serves carriers, so "listens on
/// loopback" does not yet mean "is asked from this machine": without being told, the page is for requests that name the
/// loopback host and that no proxy has forwarded.
package enum BrowserAccess: Equatable, Sendable {
    case nobody
    case thisMachine
    case everybody

    /// - Parameters:
    ///   - enabled: What the operator said; nil: nothing.
    ///   - host: The address that is listened on.
    package init(enabled: Bool?, listeningOn host: String) {
        switch enabled {
        case true?: self = .everybody
        case false?: self = .nobody
        case nil:
            self = PublicAddress.isLoopback(host.contains(":") ? "[\(host)]" : host) ? .thisMachine : .nobody
        }
    }

    /// Whether this request may see the page.
    func admits(_ request: ServerRequest) -> Bool {
        switch self {
        case .nobody: false
        case .everybody: true
        case .thisMachine:
            PublicAddress.isLoopback(request.header("host") ?? "")
                && Self.forwarding.allSatisfy { request.header($0) == nil }
        }
    }

    /// Whether a call may come from the page that this request comes from: browsers let any page open a WebSocket to any
    /// server, so its own is told by the `Origin`. Clients that are no browser send none.
    func admitsCall(_ request: ServerRequest, publicAddress: PublicAddress?) -> Bool {
        guard admits(request) else { return false }
        guard let origin = request.header("origin") else { return true }
        guard let address = try? PublicAddress(origin), address.path.isEmpty else { return false }
        let own = [request.header("host"), request.forwarded("host"), publicAddress?.authority]
        return own.contains { $0?.lowercased() == address.authority.lowercased() }
    }

    /// What proxies and tunnels add.
    private static let forwarding = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via"]
}
