internal import VoiceEngineCore

extension ServerDocument {
    /// What Genesys' Audio Connector must show.
    package struct Genesys: Equatable, Sendable {
        /// Of the integration; nil: any.
        package var apiKey: Secret?
        /// Base64, as Genesys shows it; nil: handshakes need no signature.
        package var clientSecret: Secret?

        init(_ reader: consuming KeyedReader, _ environment: (String) -> String?) throws(AgentError) {
            apiKey = try reader.secret("api_key_env", environment)
            clientSecret = try reader.secret("client_secret_env", environment)
            let missing = reader.missing("api_key_env", "the variable with the API key of the integration")
            // A key of another name says more than one that is missing.
            try reader.finish()
            if apiKey == nil, clientSecret == nil { throw missing }
        }
    }

    /// What the tokens of Vonage's handshakes must be.
    package struct Vonage: Equatable, Sendable {
        /// Of the account.
        package var signatureSecret: Secret
        /// nil: any.
        package var apiKey: String?
        package var applicationID: String?

        init(_ reader: consuming KeyedReader, _ environment: (String) -> String?) throws(AgentError) {
            guard let secret = try reader.secret("signature_secret_env", environment) else {
                throw reader.missing("signature_secret_env", "the variable with the signature secret of the account")
            }
            signatureSecret = secret
            apiKey = try reader.text("api_key", .identifier)
            applicationID = try reader.text("application_id", .identifier)
            try reader.finish()
        }
    }
}
