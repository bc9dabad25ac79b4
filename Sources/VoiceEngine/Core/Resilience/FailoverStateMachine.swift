/// Which provider of a chain is asked next. Pure; one for each role and call.
///
///     begin ─► link ─ fails ─► the same link after a back-off ─ fails ─► the next link ─ … ─► (another round) ─► exhausted
///
/// The call stays with the link that worked; `begin` goes back to an earlier one that has recovered. A breaker only
/// diverts: a link that it holds back is tried before the call is left without any.
package struct FailoverStateMachine: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        case use(Int, after: Nanoseconds)
        /// Every link has failed.
        case exhausted
    }

    package struct Failure: Equatable, Sendable {
        package var isRetryable: Bool
        package var retryAfter: Nanoseconds?
        /// Half of the work is done: the next link goes on with it sooner than this one starts anew.
        package var isMidway: Bool

        package init(isRetryable: Bool, retryAfter: Nanoseconds? = nil, isMidway: Bool = false) {
            self.isRetryable = isRetryable
            self.retryAfter = retryAfter
            self.isMidway = isMidway
        }
    }

    package private(set) var current = 0
    private let count: Int
    private let policy: RetryPolicy
    /// Times that the whole chain is gone through, with a growing pause.
    private let rounds: Int
    private var round = 1
    /// Failures of the current link since it was turned to.
    private var tries = 0
    /// Links that are given up, for now and for this request.
    private var tried: Set<Int> = []
    private var hopeless: Set<Int> = []

    package init(links: Int, policy: RetryPolicy, rounds: Int = 1) {
        count = max(links, 1)
        self.policy = policy
        self.rounds = max(rounds, 1)
    }

    /// A new request: nothing has failed yet.
    ///
    /// - Parameters:
    ///   - admits: Asks a link's breaker; a link that is admitted and not taken is never asked.
    ///   - hasRecovered: Whether an earlier link may be returned to.
    /// - Returns: The link to use.
    package mutating func begin(admits: (Int) -> Bool, hasRecovered: (Int) -> Bool) -> Int {
        settled()
        for link in 0..<count {
            if link < current, !hasRecovered(link) { continue }
            guard admits(link) else { continue }
            current = link
            return link
        }
        return current
    }

    /// The current link works.
    package mutating func settled() {
        (round, tries) = (1, 0)
        tried = []
        hopeless = []
    }

    /// The current link failed.
    ///
    /// - Parameters:
    ///   - random: 0..<1, for the jitter.
    ///   - admits: Asks a link's breaker.
    package mutating func failed(_ failure: Failure, random: Double, admits: (Int) -> Bool) -> Action {
        tries += 1
        if !failure.isRetryable { hopeless.insert(current) }
        if failure.isMidway, let next = next(where: admits) { return turn(to: next) }
        if failure.isRetryable,
            let delay = policy.retry(tries, retryAfter: failure.retryAfter, random: random), admits(current)
        {
            return .use(current, after: delay)
        }
        tried.insert(current)
        if let next = next(where: admits) ?? next(where: { _ in true }) { return turn(to: next) }
        guard round < rounds, let first = (0..<count).first(where: { !hopeless.contains($0) }) else {
            return .exhausted
        }
        // 0.5, 1, 2, 4 s with the usual base.
        let slow = RetryPolicy(base: policy.base * 5, longest: policy.longest)
        let delay = slow.backOff(attempt: round, retryAfter: failure.retryAfter, random: random)
        round += 1
        tried = hopeless
        (current, tries) = (first, 0)
        return .use(first, after: min(delay, .seconds(30)))
    }

    /// A second request is made to another link beside the current one; nil when there is none.
    package func other(admits: (Int) -> Bool) -> Int? { next(where: admits) }

    /// The second request was the faster one.
    package mutating func took(_ link: Int) {
        if link != current, (0..<count).contains(link) { (current, tries) = (link, 0) }
    }

    private func next(where admits: (Int) -> Bool) -> Int? {
        (1..<max(count, 1)).lazy.map { (current + $0) % count }
            .first { !tried.contains($0) && !hopeless.contains($0) && admits($0) }
    }

    private mutating func turn(to link: Int) -> Action {
        tried.insert(current)
        (current, tries) = (link, 0)
        return .use(link, after: .zero)
    }
}
