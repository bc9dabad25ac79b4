internal import VoiceEngineCore

extension ServerDocument {
    /// The page with the call button.
    package struct Browser: Equatable, Sendable {
        /// nil: for people on this machine only (`BrowserAccess`), because whoever reaches the page can call.
        package var isEnabled: Bool?

        init() {}

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            isEnabled = reader.isMissing("enabled") ? nil : try reader.bool("enabled", default: false)
            // A key that is absent is known all the same.
            _ = reader.value("enabled")
            try reader.finish()
        }
    }
}
