internal import VoiceEngineCore

extension ServerDocument {
    /// The account at Twilio.
    package struct Twilio: Equatable, Sendable {
        /// What a caller meets when a call is not taken.
        package enum Fallback: Equatable, Sendable {
            /// A sentence, then the end of the call.
            case say(String)
            /// Another telephone number or SIP address.
            case dial(String)
            /// TwiML from elsewhere.
            case url(String)
        }

        /// `AC…`; needed for the REST API.
        package var accountSID: String?
        /// Signs webhooks; also the REST API's password where there is no API key.
        package var authToken: Secret?
        /// `SK…` and its secret, for the REST API.
        package var apiKey: String?
        package var apiKeySecret: Secret?
        /// Of the REST API, without a slash at the end; another one for tests and regions.
        package var baseURL = "https://api.twilio.com"
        /// nil: an apology in English.
        package var fallback: Fallback?

        init(authToken: Secret?) { self.authToken = authToken }

        init(_ reader: consuming KeyedReader, _ environment: (String) -> String?) throws(AgentError) {
            accountSID = try reader.text("account_sid", .identifier)
            authToken = try reader.secret("auth_token_env", usual: .twilioAuthToken, environment)
            apiKey = try reader.text("api_key_sid", .identifier)
            apiKeySecret = try reader.secret("api_key_secret_env", environment)
            if apiKey != nil, apiKeySecret == nil {
                throw reader.missing(
                    "api_key_secret_env", "the environment variable with its secret, because api_key_sid is given")
            }
            if let url = try reader.text("base_url", .url(["https", "http"])) { baseURL = url.withoutTrailingSlashes }
            fallback = try reader.optional("fallback") { section throws(AgentError) in try Fallback(section) }
            try reader.finish()
        }
    }
}

extension ServerDocument.Twilio.Fallback {
    fileprivate init(_ reader: consuming KeyedReader) throws(AgentError) {
        let say = try reader.text("say", .text(1_000))
        let dial = try reader.text("dial", .text(256))
        let url = try reader.text("url", .url(["https", "http"]))
        try reader.finish()
        switch (say, dial, url) {
        case (let say?, nil, nil): self = .say(say)
        case (nil, let dial?, nil): self = .dial(dial)
        case (nil, nil, let url?): self = .url(url)
        case (_?, _?, _), (_?, _, _?), (_, _?, _?), (nil, nil, nil):
            throw .value(
                path: reader.path, found: "\([say, dial, url].count { $0 != nil }) of them",
                expected: "one of \"say\", \"dial\" and \"url\"")
        }
    }
}

extension String {
    /// For addresses that paths are appended to.
    var withoutTrailingSlashes: String {
        var rest = self[...]
        while rest.hasSuffix("/") { rest.removeLast() }
        return String(rest)
    }
}
