package import VoiceEngineNet

/// How carriers reach this server from outside: a scheme, an authority and a path that goes before the server's own.
package struct PublicAddress: Equatable, Sendable {
    package enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        case scheme
        case authority
        case path

        package var description: String {
            switch self {
            case .scheme: "public_url: expected https:// (or http:// for tests on this machine)"
            case .authority: "public_url: expected a host name, with a port if it needs one, after the scheme"
            case .path: "public_url: expected no query, fragment or blanks"
            }
        }
    }

    /// TLS ends in front of this server.
    package let isSecure: Bool
    /// Host and, if it is not the scheme's own, port.
    package let authority: String
    /// Empty, or begins with a slash and does not end with one.
    package let path: String

    /// - Throws: `Problem`, which says what was expected.
    package init(_ url: String) throws(Problem) {
        let lowered = url.lowercased()
        let rest: Substring
        if let scheme = ["https://", "wss://"].first(where: lowered.hasPrefix) {
            (isSecure, rest) = (true, url.dropFirst(scheme.count))
        } else if let scheme = ["http://", "ws://"].first(where: lowered.hasPrefix) {
            (isSecure, rest) = (false, url.dropFirst(scheme.count))
        } else {
            throw .scheme
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        authority = String(rest[..<slash])
        var path = rest[slash...]
        while path.hasSuffix("/") { path.removeLast() }
        guard Self.isAuthority(authority) else { throw .authority }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#\"<>".utf8.contains($0) }) else { throw .path }
        self.path = String(path)
    }

    private init(isSecure: Bool, authority: String) {
        self.isSecure = isSecure
        self.authority = authority
        path = ""
    }

    /// What the request itself, or a trusted proxy, tells; nil when its `Host` is missing or no host. Twilio only speaks
    /// TLS, so the address is taken as secure unless the request comes by a loopback name and in plain text, as tests and
    /// simulators do.
    package init?(of request: ServerRequest) {
        guard let host = request.forwarded("host") ?? request.header("host"), Self.isAuthority(host) else { return nil }
        let forwarded = request.forwarded("proto")?.lowercased()
        let isForwardedSecure = forwarded == "https" || forwarded == "wss"
        self.init(isSecure: request.isSecure || isForwardedSecure || !Self.isLoopback(host), authority: host)
    }

    /// `wss://…` of a path of this server, or `ws://…`.
    package func webSocketURL(_ path: String) -> String {
        (isSecure ? "wss://" : "ws://") + authority + self.path + path
    }

    /// `https://…` of a path (and query) of this server, or `http://…`.
    package func url(_ target: String) -> String { (isSecure ? "https://" : "http://") + authority + path + target }

    /// Of this machine alone.
    var isLoopback: Bool { Self.isLoopback(authority) }

    private static func isAuthority(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                    true
                default: false
                }
            }
    }

    /// Whether a host, with or without a port, is this machine by a loopback name.
    static func isLoopback(_ authority: String) -> Bool {
        let host =
            authority.hasPrefix("[")
            ? String(authority.prefix { $0 != "]" }) + "]"
            : String(authority.prefix { $0 != ":" })
        // A name such as 127.0.0.1.example.com is somebody else's.
        let isAddress = host.utf8.allSatisfy { "0123456789.".utf8.contains($0) }
        return host == "localhost" || host == "[::1]" || host.hasPrefix("127.") && isAddress
    }
}
