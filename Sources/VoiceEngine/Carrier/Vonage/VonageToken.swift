internal import VoiceEngineCore

/// The JSON Web Token that Vonage signs its requests with (`"authorization": {"type": "vonage"}` in the NCCO): HS256 with
/// the account's signature secret. Pure.
struct VonageToken: Sendable {
    enum Problem: String, Error, Equatable, Sendable {
        case missing = "Authorization: expected Bearer and the token that Vonage signs"
        case malformed = "Authorization: not a JSON Web Token"
        case algorithm = "Authorization: expected a token signed with HS256"
        case wrong = "Authorization: not signed with the signature secret of the account"
        case expired = "Authorization: the token is too old, or of another time"
        case stranger = "Authorization: the token is of another account or application"
    }

    /// [s]
    static let longestAge: Int64 = 300
    /// [bytes]
    static let longest = 8_192

    let secret: String
    /// What the token must be of; nil: any.
    var apiKey: String?
    var applicationID: String?

    /// - Parameters:
    ///   - authorization: The header.
    ///   - now: Unix time. [s]
    func check(_ authorization: String?, now: Int64) throws(Problem) {
        guard let authorization, authorization.utf8.count <= Self.longest,
            authorization.lowercased().hasPrefix("bearer ")
        else { throw .missing }
        let parts = authorization.dropFirst("bearer ".count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.json(parts[0]), let claims = Self.json(parts[1]),
            let code = Self.bytes(parts[2])
        else { throw .malformed }
        // "none", and every algorithm that this server has no key for.
        guard header["alg"]?.string == "HS256" else { throw .algorithm }
        let signed = Array("\(parts[0]).\(parts[1])".utf8)
        guard MessageCode.isValid(code, key: Array(secret.utf8), signed) else { throw .wrong }
        guard let issued = claims["iat"]?.int, issued > now - Self.longestAge, issued < now + Self.longestAge,
            claims["exp"]?.int ?? .max > now
        else { throw .expired }
        guard claims["iss"]?.string == "Vonage", Self.isRight(claims["api_key"], apiKey),
            Self.isRight(claims["application_id"], applicationID)
        else { throw .stranger }
    }

    private static func isRight(_ claim: JSONValue?, _ expected: String?) -> Bool {
        expected == nil || claim?.string == expected
    }

    private static func json(_ part: Substring) -> JSONValue? {
        bytes(part).flatMap { try? JSONValue.parse($0, limits: JSONLimits(depth: 8, size: longest)) }
    }

    /// Base64 for addresses, without padding.
    private static func bytes(_ part: Substring) -> [UInt8]? {
        let text = String(part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        guard part.utf8.allSatisfy({ !"+/=".utf8.contains($0) }) else { return nil }
        return Base64Text.decode(text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }
}
