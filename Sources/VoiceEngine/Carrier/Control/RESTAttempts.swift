internal import VoiceEngineCore
internal import VoiceEngineNet

/// Whether a request to a carrier's REST API is sent again. Pure.
struct RESTAttempts {
    /// What a second sending could do.
    enum Repetition: Sendable {
        /// Nothing that the first one did not: reading, ending a call, anything with an idempotency key.
        case harmless
        /// Call somebody, or key digits, twice: sent again only when the carrier certainly has not acted on the first one.
        case onlyOnce
    }

    enum Action: Equatable, Sendable {
        case deliver
        case retry(after: Nanoseconds)
        case fail(NetworkError)
    }

    /// A caller may be waiting: two further attempts, and none for a carrier that wants to be left alone for longer.
    static let policy = RetryPolicy(
        retries: 2, base: .milliseconds(250), longest: .seconds(2), patience: .seconds(5))

    private let repetition: Repetition
    private var attempts = 0

    init(_ repetition: Repetition) { self.repetition = repetition }

    /// - Parameter random: 0..<1.
    mutating func answered(status: Int, retryAfter: Nanoseconds?, random: Double) -> Action {
        guard isTemporary(status) else { return .deliver }
        attempts += 1
        let wait = Self.policy.retry(attempts, retryAfter: retryAfter, random: random)
        return wait.map { .retry(after: $0) } ?? .deliver
    }

    mutating func failed(_ error: NetworkError, random: Double) -> Action {
        guard mayRepeat(error) else { return .fail(error) }
        attempts += 1
        let wait = Self.policy.retry(attempts, retryAfter: nil, random: random)
        return wait.map { .retry(after: $0) } ?? .fail(error)
    }

    private func isTemporary(_ status: Int) -> Bool {
        switch repetition {
        case .harmless: status == 429 || (500...599).contains(status)
        // 500, 502 and 504 may come from behind the place where the call was made.
        case .onlyOnce: status == 429 || status == 503
        }
    }

    private func mayRepeat(_ error: NetworkError) -> Bool {
        switch error {
        case .unreachable, .timeout(.connect): true
        case .timeout, .closedBeforeAnswer, .closedEarly: repetition == .harmless
        case .tls, .malformed, .tooLarge, .upgradeRefused, .badRequest: false
        }
    }
}
