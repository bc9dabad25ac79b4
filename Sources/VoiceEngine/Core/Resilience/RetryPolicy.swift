/// How often a provider is asked again after a failure, and when. Pure: the dice are thrown by the caller.
package struct RetryPolicy: Equatable, Sendable {
    /// Times that the same provider is asked again for the same thing.
    package var retries: Int
    /// Before the first retry; doubled for each further one.
    package var base: Nanoseconds
    /// The back-off never grows beyond this.
    package var longest: Nanoseconds
    /// A provider that wants to be left alone for longer than this is given up: a caller is waiting.
    package var patience: Nanoseconds

    package init(
        retries: Int = 1, base: Nanoseconds = .milliseconds(200), longest: Nanoseconds = .seconds(8),
        patience: Nanoseconds = .seconds(2)
    ) {
        self.retries = retries
        self.base = base
        self.longest = longest
        self.patience = patience
    }

    /// The wait before an attempt: half of the doubled base, and up to as much again by chance, so that calls that
    /// failed together do not come back together. Never earlier than the provider asked for.
    ///
    /// - Parameters:
    ///   - attempt: 1 is the first retry.
    ///   - random: 0..<1.
    package func backOff(attempt: Int, retryAfter: Nanoseconds?, random: Double) -> Nanoseconds {
        let doublings = Int64(min(max(attempt - 1, 0), 20))
        let whole = min(base * (1 << doublings), longest).rawValue
        let chance = min(max(random, 0), 1)
        let jittered = Nanoseconds(whole / 2 + Int64(Double(whole - whole / 2) * chance))
        return max(jittered, retryAfter ?? .zero)
    }

    /// The wait before the same provider is asked again, or nil when it is not.
    package func retry(_ attempt: Int, retryAfter: Nanoseconds?, random: Double) -> Nanoseconds? {
        guard attempt <= retries, (retryAfter ?? .zero) <= patience else { return nil }
        return backOff(attempt: attempt, retryAfter: retryAfter, random: random)
    }
}
