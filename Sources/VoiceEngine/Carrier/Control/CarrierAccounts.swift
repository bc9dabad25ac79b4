package import VoiceEngineNet

/// An account at Twilio, for its REST API and for the signatures of its requests. The secrets are never logged.
package struct TwilioAccount: Sendable {
    /// `AC` and 32 hexadecimal digits.
    package var accountSid: String
    /// The account's primary auth token: it signs what Twilio sends us, and opens the REST API where there is no key.
    package var authToken: String?
    /// `SK…` and its secret, instead of SID and auth token.
    package var apiKey: (sid: String, secret: String)?
    /// Another region is `https://api.dublin.ie1.twilio.com`; tests have their own.
    package var baseURL: WebURL
    /// Whom outgoing calls come from when a request does not say.
    package var from: String?

    /// Twilio's own address.
    package static let standardURL = "https://api.twilio.com"

    /// - Throws: `AccountProblem`, which names the setting.
    package init(
        accountSid: String, authToken: String? = nil, apiKey: (sid: String, secret: String)? = nil,
        baseURL: String = TwilioAccount.standardURL, from: String? = nil
    ) throws(AccountProblem) {
        guard accountSid.hasPrefix("AC"), AccountProblem.isPlain(accountSid) else {
            throw AccountProblem("account_sid: expected AC and 32 hexadecimal digits")
        }
        guard authToken != nil || apiKey != nil else {
            throw AccountProblem("expected an auth token, or an API key with its secret")
        }
        for secret in [authToken, apiKey?.sid, apiKey?.secret].compactMap({ $0 }) where !AccountProblem.isPlain(secret)
        {
            throw AccountProblem("a secret holds what no header can carry: is there a line feed behind it?")
        }
        self.accountSid = accountSid
        self.authToken = authToken
        self.apiKey = apiKey
        self.baseURL = try AccountProblem.url(baseURL)
        self.from = try AccountProblem.from(from)
    }

    /// Of the server document; what it does not name comes from `TWILIO_ACCOUNT_SID`, `TWILIO_API_KEY`,
    /// `TWILIO_API_SECRET` and `TWILIO_FROM`.
    ///
    /// - Returns: nil when the account SID or every secret is missing.
    package init?(_ document: ServerDocument.Twilio, _ environment: (String) -> String?) throws(AccountProblem) {
        let key: (sid: String, secret: String)? =
            if let sid = document.apiKey, let secret = document.apiKeySecret {
                (sid, secret.value)
            } else if let sid = environment("TWILIO_API_KEY"), let secret = environment("TWILIO_API_SECRET") {
                (sid, secret)
            } else {
                nil
            }
        guard let sid = document.accountSID ?? environment("TWILIO_ACCOUNT_SID"),
            document.authToken != nil || key != nil
        else { return nil }
        do {
            try self.init(
                accountSid: sid, authToken: document.authToken?.value, apiKey: key, baseURL: document.baseURL,
                from: environment("TWILIO_FROM"))
        } catch {
            throw AccountProblem("twilio: \(error)")
        }
    }
}

/// An account at Telnyx, for Call Control and for the signatures of its webhooks. The secrets are never logged.
package struct TelnyxAccount: Sendable {
    package typealias Codec = ServerDocument.Telnyx.Codec

    /// `KEY…`, of the portal.
    package var apiKey: String
    /// 32 bytes; without it webhooks are taken unchecked.
    package var publicKey: [UInt8]?
    /// The Call Control application that places outgoing calls.
    package var connectionID: String?
    package var baseURL: WebURL
    /// Whom outgoing calls come from when a request does not say.
    package var from: String?
    package var codec = Codec.pcmu
    /// The voice that speaks the sentence of a fallback.
    package var voice = "female"

    /// Telnyx's own address.
    package static let standardURL = "https://api.telnyx.com"

    /// - Parameter publicKey: As the portal shows it: base64 of 32 bytes.
    /// - Throws: `AccountProblem`, which names the setting.
    package init(
        apiKey: String, publicKey: String? = nil, connectionID: String? = nil,
        baseURL: String = TelnyxAccount.standardURL, from: String? = nil, codec: Codec = .pcmu
    ) throws(AccountProblem) {
        guard AccountProblem.isPlain(apiKey) else {
            throw AccountProblem("a secret holds what no header can carry: is there a line feed behind it?")
        }
        self.apiKey = apiKey
        guard codec != .g722 || SpanDSP.shared != nil else {
            throw AccountProblem(
                "codec: G722 needs libspandsp (libspandsp2 in Debian), or choose PCMU, PCMA, OPUS or L16")
        }
        if let publicKey {
            guard let bytes = Base64Text.decode(publicKey), bytes.count == TelnyxSignature.publicKeyBytes else {
                throw AccountProblem("public_key: expected the base64 of 32 bytes, as the portal shows it")
            }
            self.publicKey = bytes
        }
        self.connectionID = connectionID
        self.baseURL = try AccountProblem.url(baseURL)
        self.from = try AccountProblem.from(from)
        self.codec = codec
    }

    /// Of the server document; what it does not name comes from `TELNYX_API_KEY`, `TELNYX_PUBLIC_KEY`,
    /// `TELNYX_CONNECTION_ID` and `TELNYX_FROM`.
    ///
    /// - Parameter document: nil where it has no section for Telnyx.
    /// - Returns: nil when the API key is missing.
    package init?(_ document: ServerDocument.Telnyx?, _ environment: (String) -> String?) throws(AccountProblem) {
        guard let key = document?.apiKey?.value ?? environment("TELNYX_API_KEY") else { return nil }
        do {
            try self.init(
                apiKey: key, publicKey: document?.publicKey ?? environment("TELNYX_PUBLIC_KEY"),
                connectionID: document?.connectionID ?? environment("TELNYX_CONNECTION_ID"),
                baseURL: document?.baseURL ?? Self.standardURL, from: environment("TELNYX_FROM"),
                codec: document?.codec ?? .pcmu)
        } catch {
            throw AccountProblem("telnyx: \(error)")
        }
    }
}

extension ServerDocument.Telnyx.Codec {
    /// [Hz]
    package var sampleRate: Int {
        switch self {
        case .pcmu, .pcma: 8_000
        case .g722, .l16: 16_000
        case .opus: 48_000
        }
    }
}

/// Which setting of a carrier's account is wrong; never repeats a value that could be a secret.
package struct AccountProblem: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    /// Can stand in a header and in an address.
    static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 4_096 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    static func url(_ text: String) throws(AccountProblem) -> WebURL {
        do {
            let url = try WebURL(text)
            guard !url.scheme.isWebSocket, url.query.isEmpty else {
                throw AccountProblem("base_url: expected https://, without a query")
            }
            return url
        } catch let error as WebURL.ParseError {
            throw AccountProblem("base_url: \(error)")
        } catch let error as AccountProblem {
            throw error
        } catch {
            throw AccountProblem("base_url: \(error)")
        }
    }

    static func from(_ text: String?) throws(AccountProblem) -> String? {
        guard let text else { return nil }
        guard let target = DialTarget(text) else { throw AccountProblem("from: \(DialTarget.expectation)") }
        return target.address
    }
}
