/// Why a document is no agent, or no server's settings: which key, what stood there, what was expected. Never holds a secret.
package enum AgentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not JSON at all.
    case syntax(JSONError)
    /// A value of the wrong type or out of range, a missing key, an unknown name.
    case value(path: String, found: String, expected: String)
    /// A key that nobody reads here.
    case unknownKey(path: String, suggestion: String?, known: [String])
    /// A secret, or what looks like the place for one; the key that names an environment variable instead, if known.
    case secret(path: String, instead: String?)
    /// The environment variable that a key names is not set.
    case unset(path: String, variable: String)

    /// The key, such as `turn.end.silence_ms` or `stt[1].model`; empty for the document as a whole.
    package var path: String {
        switch self {
        case .syntax: ""
        case .value(let path, _, _), .unknownKey(let path, _, _), .secret(let path, _), .unset(let path, _): path
        }
    }

    package var description: String {
        switch self {
        case .syntax(let error): return "\(error)"
        case .value(let path, let found, let expected):
            return "\(path.isEmpty ? "the document" : path): found \(found), expected \(expected)"
        case .unknownKey(let path, .some(let suggestion), _):
            return "\(path): unknown key, did you mean \"\(suggestion)\"?"
        case .unknownKey(let path, nil, let known):
            return "\(path): unknown key, expected one of \(known.joined(separator: ", "))"
        case .secret(let path, let instead):
            return "\(path): secrets do not belong in the document; put it into an environment variable and name that "
                + "variable in \"\(instead ?? "api_key_env")\""
        case .unset(let path, let variable):
            return "\(path): the environment variable \(variable) is not set; it holds the secret"
        }
    }
}
