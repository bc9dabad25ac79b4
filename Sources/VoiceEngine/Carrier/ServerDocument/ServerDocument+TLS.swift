package import VoiceEngineCore

extension ServerDocument {
    /// TLS on the server's port.
    package struct TLS: Equatable, Sendable {
        /// File with the certificate chain in PEM form, the server's own certificate first.
        package var certificate: String
        /// File with its private key in PEM form, without a passphrase.
        package var privateKey: String
        /// How often the two files are looked at for a change; zero: only when the host asks for it.
        package var watch: Nanoseconds

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            certificate = try reader.requiredText("certificate", .text(4_096))
            privateKey = try reader.requiredText("key", .text(4_096))
            watch = .milliseconds(1_000 * (try reader.integer("watch_s", 0...86_400, default: 60)))
            try reader.finish()
        }
    }

    /// Who may place and control calls.
    package struct Control: Equatable, Sendable {
        /// What `Authorization: Bearer` must hold; nil: the control API is closed.
        package var token: Secret?

        init(token: Secret?) { self.token = token }

        init(_ reader: consuming KeyedReader, _ environment: (String) -> String?) throws(AgentError) {
            token = try reader.secret("token_env", usual: .control, environment)
            try reader.finish()
        }
    }
}
