package import NIOCore
package import VoiceEngineCore
package import VoiceEngineNet

/// One provider entry of an agent document, as its adapter is given it.
package struct ProviderSettings: Sendable {
    /// The value of `provider`.
    package var provider: String
    /// Where the entry stands in the document, such as `stt[0]`.
    package var path: String
    package var model: String?
    package var voice: String?
    package var language: String?
    package var baseURL: String?
    /// Name of the environment variable that holds the key.
    package var apiKeyEnvironment: String?
    /// Every other setting of the entry. What an adapter does not know goes into the query of its address.
    package var options: JSONObject

    package init(
        provider: String, path: String, model: String? = nil, voice: String? = nil, language: String? = nil,
        baseURL: String? = nil, apiKeyEnvironment: String? = nil, options: JSONObject = JSONObject()
    ) {
        self.provider = provider
        self.path = path
        self.model = model
        self.voice = voice
        self.language = language
        self.baseURL = baseURL
        self.apiKeyEnvironment = apiKeyEnvironment
        self.options = options
    }
}

/// A provider that cannot be made from its entry in the document.
package struct ProviderSetupError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Path of the key in the document.
    package let path: String
    /// What was expected. Never the value of a secret.
    package let detail: String

    package init(path: String, detail: String) {
        self.path = path
        self.detail = detail
    }

    package var description: String { "\(path): \(detail)" }
}

/// What a provider is made from.
package struct ProviderSetup: Sendable {
    package let settings: ProviderSettings
    package let environment: @Sendable (String) -> String?
    package let network: NetworkClient

    package init(
        _ settings: ProviderSettings, environment: @escaping @Sendable (String) -> String?, network: NetworkClient
    ) {
        self.settings = settings
        self.environment = environment
        self.network = network
    }

    func error(_ key: String, _ detail: String) -> ProviderSetupError {
        ProviderSetupError(path: "\(settings.path).\(key)", detail: detail)
    }

    /// The key of the variable that the document names, else of `usual`; surrounding blanks are cut off.
    ///
    /// The usual key belongs to the provider's own address alone: it never travels to an address that the
    /// document gives.
    ///
    /// - Throws: when the variable is not set; the text names it.
    /// - Returns: nil when the request goes to another address and no variable is named.
    func key(usual: String?) throws(ProviderSetupError) -> Secret? {
        guard let variable = settings.apiKeyEnvironment ?? (settings.baseURL == nil ? usual : nil) else { return nil }
        let value = environment(variable).map(Self.trim) ?? ""
        guard !value.isEmpty else {
            throw error(
                "api_key_env",
                "the environment variable \(variable) is not set; it must hold the key for \(settings.provider)")
        }
        guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw error(
                "api_key_env", "the environment variable \(variable) does not hold a key (blanks or control characters)"
            )
        }
        return Secret(value)
    }

    /// The base address: the document's, else `fallback`.
    func baseURL(_ fallback: String?, webSocket: Bool) throws(ProviderSetupError) -> WebURL {
        guard let text = settings.baseURL ?? fallback else {
            throw error("base_url", "is needed: the address of the server, such as http://127.0.0.1:8080/v1")
        }
        let url: WebURL
        do { url = try WebURL(text) } catch let fault { throw error("base_url", fault.description) }
        if webSocket { return url.asWebSocket }
        guard !url.scheme.isWebSocket else {
            throw error("base_url", "begins with https:// or http:// for this provider")
        }
        return url
    }

    private static func trim(_ text: String) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace ?? false { rest.removeFirst() }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return String(rest)
    }
}

/// A key. Prints as nothing of itself, whatever prints it.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String
    package init(_ value: String) { self.value = value }
    /// For the one header that carries it.
    package func reveal() -> String { value }
    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// `text` without the key, should a server have repeated it; at most 240 characters on one line.
    package static func redacted(_ key: Secret?, _ text: String) -> String {
        let value = key?.value ?? ""
        var rest = Substring(text)
        var result = ""
        while result.count < 240, let first = rest.first {
            if !value.isEmpty, rest.hasPrefix(value) {
                result += "…"
                rest = rest.dropFirst(value.count)
            } else {
                result.append(first.isNewline || first.asciiValue.map { $0 < 0x20 } ?? false ? " " : first)
                rest.removeFirst()
            }
        }
        return result
    }
}

/// Reads the options of an entry, and what nobody read.
struct OptionReader {
    private let setup: ProviderSetup
    private var known: Set<String> = []

    init(_ setup: ProviderSetup) { self.setup = setup }

    private mutating func value(_ key: String) -> JSONValue? {
        known.insert(key)
        guard let value = setup.settings.options[key], !value.isNull else { return nil }
        return value
    }

    mutating func bool(_ key: String) throws(ProviderSetupError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let bool = value.bool else { throw setup.error(key, "is true or false") }
        return bool
    }

    mutating func int(_ key: String, _ range: ClosedRange<Int>) throws(ProviderSetupError) -> Int? {
        guard let value = value(key) else { return nil }
        guard let int = value.int, let number = Int(exactly: int), range.contains(number) else {
            throw setup.error(key, "is a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func double(_ key: String, _ range: ClosedRange<Double>) throws(ProviderSetupError) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw setup.error(key, "is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func string(_ key: String, oneOf allowed: [String]? = nil) throws(ProviderSetupError) -> String? {
        guard let value = value(key) else { return nil }
        guard let string = value.string, !string.isEmpty else { throw setup.error(key, "is a text") }
        if let allowed, !allowed.contains(string) {
            throw setup.error(key, "is one of \(allowed.joined(separator: ", "))")
        }
        return string
    }

    /// A list of texts, or one text.
    mutating func strings(_ key: String, atMost limit: Int) throws(ProviderSetupError) -> [String] {
        guard let value = value(key) else { return [] }
        if let one = value.string, !one.isEmpty { return [one] }
        let texts = value.array?.compactMap { $0.string.flatMap { $0.isEmpty ? nil : $0 } }
        guard let texts, texts.count == value.array?.count, texts.count <= limit else {
            throw setup.error(key, "is a list of at most \(limit) texts")
        }
        return texts
    }

    mutating func object(_ key: String) throws(ProviderSetupError) -> JSONObject? {
        guard let value = value(key) else { return nil }
        guard let object = value.object else { throw setup.error(key, "is an object") }
        return object
    }

    /// What nobody read, for the query of the address, in the order of the document.
    ///
    /// - Throws: naming an option that the engine sets itself, or one that is neither text nor number nor switch.
    func rest(except reserved: Set<String>) throws(ProviderSetupError) -> [QueryItem] {
        var items: [QueryItem] = []
        for member in setup.settings.options.members where !known.contains(member.key) {
            guard !reserved.contains(member.key) else { throw setup.error(member.key, "is set by the engine") }
            guard let value = member.value.lenientString ?? member.value.bool.map(String.init) else {
                throw setup.error(member.key, "is text, a number, true or false")
            }
            items.append((member.key, value))
        }
        return items
    }
}

/// A parameter of an address.
typealias QueryItem = (name: String, value: String)

/// A provider that can prepare itself before a call needs it.
package protocol WarmableProvider: Sendable {
    /// Makes connections that the first request then finds ready. Failures are not reported.
    func warm(on eventLoop: any EventLoop)
}

extension ProviderError {
    /// What a network fault means for a session.
    init(_ error: NetworkError, provider: String, secret: Secret?) {
        let kind: Kind
        var detail = error.description
        var wait: Nanoseconds?
        switch error {
        case .unreachable, .closedBeforeAnswer, .closedEarly: kind = .unavailable
        case .timeout: kind = .timeout
        case .tls(let fault):
            switch fault.kind {
            case .wrongHost, .certificateExpired, .unknownAuthority, .badCertificate, .notTLS, .badConfiguration:
                kind = .configuration
            case .handshakeRefused, .truncated, .protocolViolation: kind = .unavailable
            }
        case .malformed, .tooLarge: kind = .protocol
        case .badRequest: kind = .configuration
        case .upgradeRefused(let refusal):
            kind = Self.kind(ofStatus: refusal.status)
            wait = RetryAfter.wait(status: refusal.status) { refusal.headers[$0] }
            if let reason = refusal.headers["dg-error"] { detail += ": " + (Secret.redacted(secret, reason)) }
            if let id = refusal.headers["dg-request-id"] { detail += " (request \(id))" }
        }
        self.init(kind, provider: provider, detail: Secret.redacted(secret, detail), retryAfter: wait)
    }

    /// What the status of a failed request means.
    static func kind(ofStatus status: Int) -> Kind {
        switch status {
        case 401, 402, 403: .auth
        case 408, 504: .timeout
        case 429, 498: .rateLimited
        case 409, 425, 500...599: .unavailable
        case 200..<300, 100..<200: .protocol
        default: .configuration
        }
    }
}
