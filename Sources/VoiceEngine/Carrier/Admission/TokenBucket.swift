internal import VoiceEngineCore

/// So many in a second on average, a few more at once after a pause. Pure.
struct TokenBucket {
    private let rate: Double
    private let size: Double
    private var tokens: Double
    private var filled: Instant?

    /// - Parameters:
    ///   - rate: Tokens in a second, above 0.
    ///   - size: The most that collect; at first they are all there.
    init(rate: Double, size: Int) {
        self.rate = rate
        self.size = Double(max(size, 1))
        tokens = self.size
    }

    /// Takes a token.
    ///
    /// - Returns: nil, or how long it is until there is one.
    mutating func take(at now: Instant) -> Nanoseconds? {
        let passed = filled.map { max(now - $0, .zero).seconds } ?? 0
        tokens = min(size, tokens + passed * rate)
        filled = now
        guard tokens >= 1 else { return .milliseconds(Int64(((1 - tokens) / rate * 1_000).rounded(.up))) }
        tokens -= 1
        return nil
    }
}
