package import VoiceEngineCore

/// Why a provider could not do its work, in the few kinds that a session tells apart.
package struct ProviderError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The key is missing, wrong or not allowed to do this. Never retried.
        case auth
        /// The request itself is wrong (unknown model, bad parameter). Never retried.
        case configuration
        case rateLimited
        case timeout
        /// Refused, reset, 5xx, model not loaded.
        case unavailable
        /// The provider sent what its protocol does not allow.
        case `protocol`
        case cancelled
    }

    package let kind: Kind
    /// Name of the provider as in the agent document.
    package let provider: String
    /// One sentence for the operator: what happened and what to do. Never a key, never a transcript.
    package let detail: String
    /// How long the provider asks to be left alone (`Retry-After` and its kin); nil when it did not say. At most a day.
    package let retryAfter: Nanoseconds?

    package init(_ kind: Kind, provider: String, detail: String, retryAfter: Nanoseconds? = nil) {
        self.kind = kind
        self.provider = provider
        self.detail = detail
        self.retryAfter = retryAfter
    }

    package var isRetryable: Bool {
        switch kind {
        case .rateLimited, .timeout, .unavailable, .protocol: true
        case .auth, .configuration, .cancelled: false
        }
    }

    package var description: String { "\(provider): \(detail)" }
}
