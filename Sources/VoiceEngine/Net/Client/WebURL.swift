internal import VoiceEngineCore

/// An address of a service: `http`, `https`, `ws` or `wss`, a host, a port, and a path with its query.
///
/// Small on purpose. What is refused rather than repaired: user names and passwords (secrets do not belong into
/// addresses),
/// fragments, spaces and control characters, hosts that are not ASCII.
package struct WebURL: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Sendable {
        case http, https, ws, wss
        package var isSecure: Bool { self == .https || self == .wss }
        package var isWebSocket: Bool { self == .ws || self == .wss }
        var defaultPort: Int { isSecure ? 443 : 80 }
    }

    package struct ParseError: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    package private(set) var scheme: Scheme
    /// Lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int
    /// Begins with a slash; percent-encoded as it was given.
    package private(set) var path: String
    /// Without the question mark; empty when there is none.
    package private(set) var query: String

    /// - Throws: `ParseError`, which says what is wrong and never repeats what could be a password.
    package init(_ text: String) throws(ParseError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ParseError("an address has no spaces, control characters or letters outside ASCII")
        }
        guard let mark = text.range(of: "://"), let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased())
        else {
            throw ParseError("an address begins with http://, https://, ws:// or wss://")
        }
        let rest = text[mark.upperBound...]
        guard !rest.contains("#") else { throw ParseError("an address has no fragment (#…)") }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { throw ParseError("an address has no user name or password") }
        self.scheme = scheme
        (host, port) = try Self.split(authority, defaultPort: scheme.defaultPort)
        let tail = rest[end...]
        if let question = tail.firstIndex(of: "?") {
            path = String(tail[..<question])
            query = String(tail[tail.index(after: question)...])
        } else {
            path = String(tail)
            query = ""
        }
        if path.isEmpty { path = "/" }
    }

    private static func split(_ authority: Substring, defaultPort: Int) throws(ParseError) -> (String, Int) {
        let host: Substring
        let after: Substring
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { throw ParseError("an IPv6 address ends with ]") }
            host = authority[authority.index(after: authority.startIndex)..<close]
            after = authority[authority.index(after: close)...]
            guard host.contains(":"), host.utf8.allSatisfy({ isHexadecimal($0) || $0 == 0x3A || $0 == 0x2E }) else {
                throw ParseError("what stands between [ and ] is not an IPv6 address")
            }
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<colon]
            after = authority[colon...]
            guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(isHostByte) else {
                throw ParseError("a host is made of letters, digits, dots, hyphens and underscores")
            }
        }
        guard !after.isEmpty else { return (host.lowercased(), defaultPort) }
        guard after.first == ":", after.utf8.count <= 6,
            after.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(after.dropFirst()), (1...65_535).contains(port)
        else { throw ParseError("a port is a number from 1 to 65535") }
        return (host.lowercased(), port)
    }

    /// What stands in the request line.
    package var target: String { query.isEmpty ? path : "\(path)?\(query)" }

    /// The `Host` header: the port only where it is not the scheme's own.
    package var hostHeader: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }

    package var description: String { "\(scheme.rawValue)://\(hostHeader)\(target)" }

    /// Who is connected to: everything but path and query.
    package var origin: Origin { Origin(isSecure: scheme.isSecure, host: host, port: port) }

    /// The same with `ws` for `http` and `wss` for `https`.
    package var asWebSocket: WebURL {
        var url = self
        url.scheme = scheme.isSecure ? .wss : .ws
        return url
    }

    /// The address with path components behind its own path, with exactly one slash between; the query stays.
    package func appending(path more: String) -> WebURL {
        var url = self
        while url.path.last == "/" { url.path.removeLast() }
        url.path += more.first == "/" ? more : "/" + more
        return url
    }

    /// The address with more query items, percent-encoded (a space becomes `%20`).
    package func appending(query items: [(name: String, value: String)]) -> WebURL {
        var url = self
        for item in items {
            if !url.query.isEmpty { url.query += "&" }
            url.query += Self.encode(item.name) + "=" + Self.encode(item.value)
        }
        return url
    }

    /// Percent-encodes all bytes but the unreserved ones of RFC 3986 section 2.3.
    package static func encode(_ text: String) -> String { PercentEncoding.encoded(text) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    private static func isHostByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}

/// Who a connection is made to.
package struct Origin: Hashable, Sendable, CustomStringConvertible {
    package let isSecure: Bool
    package let host: String
    package let port: Int
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension StringProtocol {
    /// The first place where `other` stands; the standard library has it for patterns of the regex module only.
    fileprivate func range(of other: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
