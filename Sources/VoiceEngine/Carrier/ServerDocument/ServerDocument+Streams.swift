internal import VoiceEngineCore

extension ServerDocument {
    /// Media streams of carriers that sign nothing: SignalWire, Plivo, Exotel.
    package struct Streams: Equatable, Sendable {
        /// What such a stream must show; nil: none is taken.
        package var token: Secret?

        init(token: Secret?) { self.token = token }

        init(_ reader: consuming KeyedReader, _ environment: (String) -> String?) throws(AgentError) {
            token = try reader.secret("token_env", usual: .streams, environment)
            try reader.finish()
        }
    }
}
