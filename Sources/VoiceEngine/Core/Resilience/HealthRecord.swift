/// What is known of one provider: whether it may be asked, how fast it is, how often it failed. Pure.
package struct HealthRecord: Equatable, Sendable {
    package private(set) var breaker: CircuitBreaker
    /// Time to the first result: first token, first audio.
    package private(set) var firstResult = LatencyEstimate()
    /// Time from asking a recogniser for a settled transcript to its coming.
    package private(set) var settling = LatencyEstimate()
    package private(set) var requests = 0
    package private(set) var successes = 0
    /// By kind of failure, such as "timeout".
    package private(set) var failures: [String: Int] = [:]
    /// Requests whose answer was not waited for, because another provider was faster.
    package private(set) var wasted = 0
    /// Times that its work was taken over from a failed one.
    package private(set) var takeovers = 0
    private var lastSuccess: Instant?
    private var lastFailure: Instant?
    private let recovery: Nanoseconds

    package init(policy: CircuitBreaker.Policy) {
        breaker = CircuitBreaker(policy: policy)
        recovery = policy.open
    }

    package mutating func admit(at now: Instant) -> Bool { breaker.admit(at: now) }

    /// Whether a call that turned to another provider may come back: the breaker is closed, and the last failure is
    /// followed by a success of some call, or long ago. A breaker about to probe counts too: somebody must.
    package func hasRecovered(at now: Instant) -> Bool {
        switch breaker.condition(at: now) {
        case .open: return false
        case .halfOpen: return true
        case .closed:
            guard let lastFailure else { return true }
            if let lastSuccess, lastSuccess > lastFailure { return true }
            return now - lastFailure >= recovery
        }
    }

    package mutating func requested() { requests += 1 }
    package mutating func tookOver() { takeovers += 1 }
    package mutating func wasWasted(at now: Instant) {
        wasted += 1
        breaker.abandoned(at: now)
    }
    package mutating func abandoned(at now: Instant) { breaker.abandoned(at: now) }

    /// - Parameter time: To the first result, where it was measured.
    package mutating func succeeded(after time: Nanoseconds?, at now: Instant) {
        successes += 1
        lastSuccess = now
        breaker.succeeded()
        if let time { firstResult.note(time) }
    }

    package mutating func settled(after time: Nanoseconds) { settling.note(time) }

    /// A settled transcript did not come within the time that was waited. It is taken to need half as much again:
    /// counted as what was waited, the estimate could never grow.
    package mutating func settledLate(waited: Nanoseconds) { settling.note(Nanoseconds(waited.rawValue / 2 * 3)) }

    package mutating func failed(_ kind: String, isLasting: Bool, at now: Instant) {
        failures[kind, default: 0] += 1
        lastFailure = now
        breaker.failed(isLasting: isLasting, at: now)
    }
}
