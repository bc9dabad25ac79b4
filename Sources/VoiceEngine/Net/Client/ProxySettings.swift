#if canImport(Glibc)
    internal import Glibc
#endif

/// Which servers are reached through which proxy.
///
/// By default the environment decides, with curl's names and rules: `https_proxy` (or `HTTPS_PROXY`) for https and wss,
/// `http_proxy` for http and ws (lower case only: a CGI server sets `HTTP_PROXY` from a request's header), `all_proxy`
/// (or `ALL_PROXY`) for what is left; lower case wins. `no_proxy` (or `NO_PROXY`) lists what is reached directly,
/// separated by commas or blanks: `*` for everything, a name with all names below it (a dot in front changes nothing),
/// an address, or a range such as `10.0.0.0/8`. Besides curl's rules, the loopback interface is always reached directly:
/// a proxy would connect to its own machine.
package struct ProxySettings: Sendable {
    /// What a variable says.
    private enum Choice: Sendable {
        case none
        case proxy(Proxy)
        /// Told when a connection needs it; silently going around a proxy is what its owner must not find out late.
        case invalid(String)
    }

    /// An entry of `no_proxy`.
    private enum Exception: Sendable {
        case everything
        case name(String)
        case range(AddressRange)
    }

    private var plain = Choice.none
    private var secure = Choice.none
    private var exceptions: [Exception] = []

    private init() {}

    /// No proxy for anything.
    package static let direct = ProxySettings()

    /// The variables of this process, as they are now. Names what it cannot use when a connection would need it.
    package static var environment: ProxySettings { ProxySettings(variables: variable) }

    /// A variable of this process.
    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// What a configuration says.
    ///
    /// - Parameters:
    ///   - proxy: A proxy for everything, or `none`; nil: as the environment says.
    ///   - exceptions: What is reached directly, in `no_proxy`'s form; nil: the environment's where `proxy` is nil, else
    ///     nothing.
    /// - Throws: what is wrong with the proxy, without what could be a password.
    package init(
        proxy: String?, exceptions: String?, environment: (String) -> String? = Self.variable
    ) throws(WebURL.ParseError) {
        switch proxy {
        case "none": self = .direct
        case .some(let text): self.init(try Proxy(text), except: exceptions ?? "")
        case nil: self.init { $0.lowercased() == "no_proxy" ? exceptions ?? environment($0) : environment($0) }
        }
    }

    /// As `environment`, with variables from elsewhere.
    package init(variables value: (String) -> String?) {
        func first(_ names: String...) -> (name: String, value: String)? {
            for name in names { if let text = value(name), !text.isEmpty { return (name, text) } }
            return nil
        }
        func choice(_ found: (name: String, value: String)?) -> Choice {
            guard let found else { return .none }
            do throws(WebURL.ParseError) {
                return .proxy(try Proxy(found.value))
            } catch {
                return .invalid("the variable \(found.name) holds no proxy that can be used: \(error)")
            }
        }
        plain = choice(first("http_proxy", "all_proxy", "ALL_PROXY"))
        secure = choice(first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
        exceptions = Self.exceptions(first("no_proxy", "NO_PROXY")?.value ?? "")
    }

    /// One proxy for everything, less what `exceptions` (in `no_proxy`'s form) names.
    package init(_ proxy: Proxy, except exceptions: String = "") {
        plain = .proxy(proxy)
        secure = .proxy(proxy)
        self.exceptions = Self.exceptions(exceptions)
    }

    /// The way to a server.
    ///
    /// - Parameter isTunnel: also what is not encrypted needs a connection of its own, as a WebSocket does.
    /// - Throws: `badRequest`, naming the variable that cannot be used.
    package func route(to origin: Origin, isTunnel: Bool) throws(NetworkError) -> Route {
        switch origin.isSecure ? secure : plain {
        case .none: return .direct
        case .proxy(let proxy):
            guard !isExcepted(origin.host) else { return .direct }
            return origin.isSecure || isTunnel ? .tunnel(proxy) : .forward(proxy)
        case .invalid(let reason):
            guard !isExcepted(origin.host) else { return .direct }
            throw .badRequest(reason)
        }
    }

    private func isExcepted(_ host: String) -> Bool {
        let host = host.last == "." ? String(host.dropLast()) : host
        let address = AddressRange.bytes(of: host)
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        if let address, AddressRange.loopback.contains(where: { $0.contains(address) }) { return true }
        return exceptions.contains { exception in
            switch exception {
            case .everything: true
            case .name(let name): host == name || host.hasSuffix("." + name)
            case .range(let range): address.map { range.contains($0) } ?? false
            }
        }
    }

    private static func exceptions(_ text: String) -> [Exception] {
        text.split { $0 == "," || $0 == " " || $0 == "\t" }.compactMap { entry in
            if entry == "*" { return .everything }
            if let range = AddressRange(entry.filter { $0 != "[" && $0 != "]" }) { return .range(range) }
            var name = entry.lowercased()[...]
            while name.first == "." { name.removeFirst() }
            while name.last == "." { name.removeLast() }
            return name.isEmpty ? nil : .name(String(name))
        }
    }
}
