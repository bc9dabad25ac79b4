internal import Glibc

/// The process's environment, where the secrets are.
enum Environment {
    /// - Returns: nil when it is not set, or empty.
    static func value(_ name: String) -> String? {
        guard let pointer = getenv(name) else { return nil }
        let value = String(cString: pointer)
        return value.isEmpty ? nil : value
    }
}
