internal import VoiceEngineNet

/// The credentials of a Genesys Audio Connector: its API key, and the signature of its handshakes (HTTP message
/// signatures, draft 11, with HMAC-SHA256). Pure.
struct AudioHookSignature: Sendable {
    enum Problem: String, Error, Equatable, Sendable {
        case noKey = "X-API-KEY: expected the key of this server"
        case missing = "Signature, Signature-Input: expected the signature of this request"
        case malformed = "Signature-Input: expected a list of components and their parameters"
        case notCovered = "Signature-Input: does not cover all that it must"
        case parameters = "Signature-Input: expected keyid, nonce, alg and created as Genesys sends them"
        case expired = "Signature-Input: too old, or of another time"
        case wrong = "Signature: not that of this request"
    }

    /// What must be covered; a signature of less would be good for other requests.
    static let components = [
        "@request-target", "@authority", "audiohook-organization-id", "audiohook-session-id",
        "audiohook-correlation-id", "x-api-key",
    ]
    /// [s]
    static let longestAge: Int64 = 10
    static let clockSkew: Int64 = 3
    static let shortestNonce = 22

    /// What `X-API-KEY` must be; nil: anything.
    let key: String?
    /// What signatures are made with; nil: they are not looked at.
    let secret: [UInt8]?

    /// - Parameters:
    ///   - authority: As the client knows the server: host and, unless it is the scheme's own, port.
    ///   - target: Path and query, as the client sent them.
    ///   - now: Unix time. [s]
    func check(_ request: ServerRequest, authority: String, target: String, now: Int64) throws(Problem) {
        let shown = request.header("x-api-key") ?? ""
        if let key, !SecretText.isEqual(shown, key) { throw .noKey }
        guard let secret else { return }
        guard let header = request.header("signature-input"), let codes = request.header("signature") else {
            throw .missing
        }
        guard let input = SignatureInput(header) else { throw .malformed }
        guard Self.components.allSatisfy(input.components.contains) else { throw .notCovered }
        try Self.check(input, key: shown, now: now)
        guard let code = Self.code(codes, label: input.label) else { throw .missing }
        var lines: [String] = []
        for component in input.components {
            let value: String? =
                switch component {
                case "@request-target": target
                case "@authority": authority.lowercased()
                default: component.hasPrefix("@") ? nil : request.header(component)
                }
            guard let value else { throw .notCovered }
            lines.append("\"\(component)\": \(value)")
        }
        lines.append("\"@signature-params\": \(input.raw)")
        guard MessageCode.isValid(code, key: secret, Array(lines.joined(separator: "\n").utf8)) else { throw .wrong }
    }

    private static func check(_ input: SignatureInput, key: String, now: Int64) throws(Problem) {
        guard input.parameters["keyid"] == key, input.parameters["alg"] == "hmac-sha256",
            (input.parameters["nonce"] ?? "").utf8.count >= shortestNonce,
            let created = input.parameters["created"].flatMap({ Int64($0) })
        else { throw .parameters }
        let expires = input.parameters["expires"].flatMap { Int64($0) }
        // Times far from any clock must not overflow.
        guard created > 0, created <= now + clockSkew, now - created <= longestAge + clockSkew,
            expires ?? .max > now - clockSkew
        else { throw .expired }
    }

    /// `sig1=:BASE64:`
    private static func code(_ header: String, label: String) -> [UInt8]? {
        for member in header.split(separator: ",") {
            let text = member.drop { $0 == " " }
            guard text.hasPrefix(label + "=:"), text.hasSuffix(":") else { continue }
            return Base64Text.decode(String(text.dropFirst(label.utf8.count + 2).dropLast()))
        }
        return nil
    }
}

/// The header `Signature-Input`: `sig1=("@request-target" …);keyid="…";created=…`. Pure.
struct SignatureInput: Equatable {
    let label: String
    /// In the order in which they are signed.
    private(set) var components: [String] = []
    private(set) var parameters: [String: String] = [:]
    /// The list with its parameters, as it is signed.
    let raw: String

    static let mostParts = 32

    /// Reads the first signature of the header; nil when it is none.
    init?(_ header: String) {
        guard let equals = header.firstIndex(of: "="), header.utf8.count <= 4_096 else { return nil }
        label = String(header[..<equals])
        raw = Self.firstMember(header[header.index(after: equals)...])
        var rest = raw[...]
        guard !label.isEmpty, rest.popFirst() == "(", let close = rest.firstIndex(of: ")") else { return nil }
        for part in rest[..<close].split(separator: " ") {
            guard part.utf8.count > 2, part.hasPrefix("\""), part.hasSuffix("\"") else { return nil }
            components.append(String(part.dropFirst().dropLast()))
        }
        rest = rest[rest.index(after: close)...]
        while rest.popFirst() == ";", parameters.count < Self.mostParts {
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = String(rest[..<equals])
            rest = rest[rest.index(after: equals)...]
            guard let value = Self.value(&rest), parameters.updateValue(value, forKey: name) == nil else { return nil }
        }
        guard rest.isEmpty, !components.isEmpty, Set(components).count == components.count else { return nil }
    }

    /// Up to the comma behind which another signature begins.
    private static func firstMember(_ text: Substring) -> String {
        var isQuoted = false
        for index in text.indices {
            if text[index] == "\"" { isQuoted.toggle() }
            if text[index] == ",", !isQuoted { return String(text[..<index]) }
        }
        return String(text)
    }

    private static func value(_ rest: inout Substring) -> String? {
        guard rest.first == "\"" else {
            let plain = rest.prefix { $0 != ";" }
            rest = rest[plain.endIndex...]
            return plain.isEmpty ? nil : String(plain)
        }
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: "\"") else { return nil }
        defer { rest = rest[rest.index(after: end)...] }
        return String(rest[..<end])
    }
}
