internal import VoiceEngineCore

extension ServerDocument {
    /// The account at Telnyx.
    package struct Telnyx: Equatable, Sendable {
        /// How audio travels, both ways.
        package enum Codec: String, CaseIterable, Sendable {
            case pcmu = "PCMU"
            case pcma = "PCMA"
            case g722 = "G722"
            case opus = "OPUS"
            case l16 = "L16"
        }

        package enum ByteOrder: String, CaseIterable, Sendable {
            case big, little
        }

        /// For the REST API, without which no call can be answered.
        package var apiKey: Secret?
        /// Ed25519, in base64, as the portal shows it; nil: webhooks are not checked.
        package var publicKey: String?
        /// Of the call-control application; needed for outgoing calls.
        package var connectionID: String?
        package var codec: Codec
        /// Which byte of an L16 sample comes first; Telnyx does not say.
        package var l16ByteOrder: ByteOrder
        /// Of the REST API, without a slash at the end.
        package var baseURL = "https://api.telnyx.com"

        init(_ reader: consuming KeyedReader, _ environment: (String) -> String?) throws(AgentError) {
            apiKey = try reader.secret("api_key_env", usual: .telnyxAPIKey, environment)
            publicKey = try reader.text("public_key", .headerValue)
            connectionID = try reader.text("connection_id", .identifier)
            codec = try reader.choice("codec", default: .pcmu)
            l16ByteOrder = try reader.choice("l16_byte_order", default: .big)
            if let url = try reader.text("base_url", .url(["https", "http"])) { baseURL = url.withoutTrailingSlashes }
            try reader.finish()
        }
    }
}
