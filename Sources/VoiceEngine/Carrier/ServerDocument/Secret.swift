internal import VoiceEngineCore

/// A secret that an environment variable holds. Shows the variable's name wherever it is printed, never the value.
package struct Secret: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Variables that are read although no document names them.
    package enum Usual: String, Sendable {
        case control = "VOICE_CONTROL_TOKEN"
        case streams = "VOICE_STREAM_TOKEN"
        case twilioAuthToken = "TWILIO_AUTH_TOKEN"
        case telnyxAPIKey = "TELNYX_API_KEY"
    }

    package let variable: String
    package let value: String

    package init(variable: String, value: String) {
        self.variable = variable
        self.value = value
    }

    /// nil when the variable is not set.
    package init?(_ usual: Usual, _ environment: (String) -> String?) {
        guard let value = environment(usual.rawValue) else { return nil }
        self.init(variable: usual.rawValue, value: value)
    }

    package var description: String { "<\(variable)>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension KeyedReader {
    /// The secret in the environment variable that `key` names, or in the usual one.
    ///
    /// - Throws: When the document names a variable that is not set. The usual one may be absent.
    mutating func secret(
        _ key: String, usual: Secret.Usual? = nil, _ environment: (String) -> String?
    ) throws(AgentError) -> Secret? {
        guard let variable = try text(key, .variable) else { return usual.flatMap { Secret($0, environment) } }
        guard let value = environment(variable) else { throw .unset(path: path(of: key), variable: variable) }
        return Secret(variable: variable, value: value)
    }
}
