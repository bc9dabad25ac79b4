internal import COpenSSL
internal import VoiceEngineCore
package import VoiceEngineNet

/// Checks that a request comes from Twilio for our account: `X-Twilio-Signature`. Pure.
///
/// The signature of a WebSocket handshake is the same for every call to that address: it proves the account, not the
/// call.
package struct TwilioSignature: Sendable {
    private let key: [UInt8]

    /// - Parameter authToken: The account's primary auth token. Never logged.
    package init(authToken: String) { key = Array(authToken.utf8) }

    /// Whether a webhook request is signed for one of the addresses that Twilio may have used for it.
    ///
    /// - Parameters:
    ///   - url: As configured at Twilio, query included.
    ///   - form: The decoded fields of a form body; empty for GET.
    package func isValid(_ signature: String, url: String, form: [FormField]) -> Bool {
        let fields = Self.text(of: form)
        return Self.candidates(url).contains { matches(signature, $0 + fields) }
    }

    /// Whether a WebSocket handshake for `url` (`wss://…`) is signed; a slash at its end may be there or not, and a query
    /// may be part of the address or, as for ConversationRelay, stand behind it as the fields of a form do.
    package func isValid(_ signature: String, webSocketURL url: String) -> Bool {
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let plain = parts.first ?? url
        let other = plain.hasSuffix("/") ? String(plain.dropLast()) : plain + "/"
        let query = parts.count == 2 ? parts[1] : nil
        let fields = query.flatMap { try? FormDecoder.fields($0.utf8) }.map(Self.text) ?? ""
        return [plain, other].contains { address in
            Self.candidates(address + (query.map { "?" + $0 } ?? "")).contains { matches(signature, $0) }
                || (query != nil && Self.candidates(address).contains { matches(signature, $0 + fields) })
        }
    }

    /// The signature of this text, in base64.
    package func signature(of text: String) -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let data = Array(text.utf8)
        guard HMAC(EVP_sha1(), key, Int32(clamping: key.count), data, data.count, &digest, &count) != nil else {
            return ""
        }
        var encoded = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE) * 2)
        let length = EVP_EncodeBlock(&encoded, digest, Int32(clamping: count))
        return String(decoding: encoded.prefix(max(0, Int(length))), as: UTF8.self)
    }

    private func matches(_ signature: String, _ text: String) -> Bool {
        let given = Array(signature.utf8)
        let right = Array(self.signature(of: text).utf8)
        // Length first: it is no secret. The bytes in constant time.
        return !right.isEmpty && given.count == right.count && CRYPTO_memcmp(given, right, right.count) == 0
    }

    /// Names sorted by their bytes, the values of one name sorted and each once, everything joined without separators.
    private static func text(of form: [FormField]) -> String {
        let sorted = form.sorted { a, b in
            let (first, second) = (Array(a.name.utf8), Array(b.name.utf8))
            return first == second
                ? a.value.utf8.lexicographicallyPrecedes(b.value.utf8) : first.lexicographicallyPrecedes(second)
        }
        var text = ""
        for (index, field) in sorted.enumerated() where index == 0 || sorted[index - 1] != field {
            text += field.name + field.value
        }
        return text
    }

    /// The address without its port and with it: Twilio signs now one, now the other. Each also with its query written
    /// anew, because what is percent-encoded differs between what is sent and what is signed.
    private static func candidates(_ url: String) -> [String] {
        let ports = withAndWithoutPort(url)
        guard let question = url.firstIndex(of: "?"),
            let fields = try? FormDecoder.fields(url[url.index(after: question)...].utf8)
        else { return ports }
        let query = fields.map { PercentEncoding.encoded($0.name) + "=" + PercentEncoding.encoded($0.value) }
        return ports + withAndWithoutPort(url[...question] + query.joined(separator: "&"))
    }

    private static func withAndWithoutPort(_ url: String) -> [String] {
        guard let scheme = url.firstRange(of: "://") else { return [url] }
        let rest = url[scheme.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        let isSecure = url.hasPrefix("https") || url.hasPrefix("wss")
        let bracket = authority.lastIndex(of: "]") ?? authority.startIndex
        guard let colon = authority[bracket...].lastIndex(of: ":") else {
            return [url, "\(url[..<scheme.upperBound])\(authority):\(isSecure ? 443 : 80)\(rest[end...])"]
        }
        return [url, "\(url[..<scheme.upperBound])\(authority[..<colon])\(rest[end...])"]
    }
}
