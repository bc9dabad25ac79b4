internal import VoiceEngineCore

extension ServerDocument {
    /// Media streams of carriers that sign nothing: SignalWire, Plivo, Exotel, and of those that one runs oneself: Asterisk,
    /// FreeSWITCH, jambonz; as well of Vonage and Genesys where they have no credentials of their own.
    package struct Streams: Equatable, Sendable {
        /// What such a stream must show; nil: none of SignalWire, Plivo and Exotel is taken, any of the others is.
        package var token: Secret?

        init(token: Secret?) { self.token = token }

        init(_ reader: consuming KeyedReader, _ environment: (String) -> String?) throws(AgentError) {
            token = try reader.secret("token_env", usual: .streams, environment)
            try reader.finish()
        }
    }
}
