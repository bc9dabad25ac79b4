/// A proxy for outgoing connections, as `https_proxy` and its kin name it.
///
/// Its credentials go into `Proxy-Authorization` and nowhere else: no text, no debug output holds them.
package struct Proxy: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Where the proxy listens; secure when it is itself spoken to by TLS.
    package let origin: Origin
    /// The value of `Proxy-Authorization`; a secret.
    let authorization: String?

    /// Takes `[http[s]://][user[:password]@]host[:port][/]` with percent-encoded user and password.
    ///
    /// As with curl the scheme is `http` where none is given, and the port 1080 (443 for `https`).
    ///
    /// - Throws: what is wrong, without what could be a password.
    package init(_ text: String) throws(WebURL.ParseError) {
        var rest = text[...]
        var scheme = "http"
        if let colon = rest.firstIndex(of: ":"), rest[colon...].hasPrefix("://") {
            scheme = rest[..<colon].lowercased()
            rest = rest[rest.index(colon, offsetBy: 3)...]
        }
        guard scheme == "http" || scheme == "https" else {
            let known = ["socks", "socks4", "socks4a", "socks5", "socks5h"].contains(scheme)
            throw .init(known ? "\(scheme):// proxies are not supported, http:// and https:// are" : "unknown scheme")
        }
        rest = rest[..<(rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex)]
        var user: Substring?
        if let at = rest.lastIndex(of: "@") {
            user = rest[..<at]
            rest = rest[rest.index(after: at)...]
        }
        let afterHost = rest.lastIndex(of: "]").map { rest[$0...] } ?? rest
        let hasPort = afterHost.contains(":")
        let fallback = scheme == "https" ? "443" : "1080"
        origin = try WebURL("\(scheme)://\(rest)\(hasPort ? "" : ":\(fallback)")").origin
        authorization = user.map { "Basic " + WebSocketFraming.encodeBase64(Self.credentials($0)) }
    }

    /// `user:password` in the bytes that percent-encoding stands for; RFC 7617 wants the colon also without a password.
    private static func credentials(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == 0x25, rest.count >= 2, let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes + (text.contains(":") ? [] : [0x3A])
    }

    package var description: String { "\(origin)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["origin": origin]) }
}

/// How a server is reached.
package enum Route: Hashable, Sendable {
    case direct
    /// Through a tunnel that the proxy makes on CONNECT (RFC 9110 section 9.3.6): TLS, and WebSockets.
    case tunnel(Proxy)
    /// By requests in absolute form to the proxy (RFC 9112 section 3.2.2): plain HTTP.
    case forward(Proxy)

    package var proxy: Proxy? {
        switch self {
        case .direct: nil
        case .tunnel(let proxy), .forward(let proxy): proxy
        }
    }
}

/// Who a connection is made to and how: connections are used again for the same pair only.
struct Destination: Hashable, Sendable {
    let origin: Origin
    let route: Route
}
