/// Keeps requests away from a provider that fails again and again. Pure.
///
///     closed ─ failures in a row, or one that no repetition heals ─► open ─ time ─► half-open ─ a probe succeeds ─► closed
///                                                                     ▲                 └ the probe fails ┐
///                                                                     └──────────────────────────────────┘
///
/// In half-open exactly one request is let through; a probe that is never heard of again is forgotten after as long as
/// the breaker stays open.
package struct CircuitBreaker: Equatable, Sendable {
    package struct Policy: Hashable, Sendable {
        /// Failures in a row that open it.
        package var failures: Int
        /// How long it stays open.
        package var open: Nanoseconds

        package init(failures: Int = 5, open: Nanoseconds = .seconds(30)) {
            self.failures = max(failures, 1)
            self.open = open
        }
    }

    /// For metrics.
    package enum Condition: Int, Sendable { case closed = 0, halfOpen = 1, open = 2 }

    private enum State: Equatable {
        case closed(failures: Int)
        case open(until: Instant)
        /// One request is on its way.
        case probing(since: Instant)
    }

    private let policy: Policy
    private var state = State.closed(failures: 0)

    package init(policy: Policy = Policy()) { self.policy = policy }

    package func condition(at now: Instant) -> Condition {
        switch state {
        case .closed: .closed
        case .open(let until): now < until ? .open : .halfOpen
        case .probing: .halfOpen
        }
    }

    /// Whether a request may be made now. In half-open the one that may is the probe: report what becomes of it.
    package mutating func admit(at now: Instant) -> Bool {
        switch state {
        case .closed: return true
        case .open(let until):
            guard now >= until else { return false }
            state = .probing(since: now)
            return true
        case .probing(let since):
            guard now - since >= policy.open else { return false }
            state = .probing(since: now)
            return true
        }
    }

    package mutating func succeeded() { state = .closed(failures: 0) }

    /// - Parameter isLasting: A wrong key or request: no repetition heals it.
    package mutating func failed(isLasting: Bool, at now: Instant) {
        switch state {
        case .closed(let failures):
            state =
                isLasting || failures + 1 >= policy.failures
                ? .open(until: now + policy.open) : .closed(failures: failures + 1)
        case .open(let until): state = .open(until: max(until, now + policy.open))
        case .probing: state = .open(until: now + policy.open)
        }
    }

    /// A request was given up before anything came of it: the next one may probe.
    package mutating func abandoned(at now: Instant) {
        switch state {
        case .closed, .open: break
        case .probing: state = .open(until: now)
        }
    }
}
