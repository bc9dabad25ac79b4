/// The longest duration of a call: a warning some time before, then the end. Pure.
///
///     running ─► warning due ─► warned ─► over
package struct CallLengthStateMachine: Sendable {
    package struct Policy: Equatable, Sendable {
        package var longest: Nanoseconds
        /// So long before the end the caller is warned; nil: not at all.
        package var warning: Nanoseconds?

        package init(longest: Nanoseconds, warning: Nanoseconds? = nil) {
            self.longest = longest
            self.warning = warning.flatMap { $0 > .zero && $0 < longest ? $0 : nil }
        }
    }

    package enum Action: Equatable, Sendable {
        /// Call `timerFired` then.
        case wait(until: Instant)
        /// Say that the call will end, and call `timerFired` then.
        case warn(until: Instant)
        case end
    }

    private enum State: Equatable {
        case running(warning: Instant, end: Instant)
        case warned(end: Instant)
        case over
    }

    /// While somebody speaks the warning waits, this long at a time.
    package static let patience = Nanoseconds.seconds(1)
    /// A warning that comes later than this before the end is left out.
    package static let latest = Nanoseconds.seconds(5)

    private var state: State

    /// - Parameter start: When the call began.
    package init(policy: Policy, start: Instant) {
        let end = start + policy.longest
        state = policy.warning.map { .running(warning: start + policy.longest - $0, end: end) } ?? .warned(end: end)
    }

    /// When `timerFired` is to be called first.
    package var deadline: Instant {
        switch state {
        case .running(let warning, _): warning
        case .warned(let end): end
        case .over: .distantFuture
        }
    }

    /// - Parameter isQuiet: Neither the agent nor the caller speaks.
    package mutating func timerFired(at now: Instant, isQuiet: Bool) -> Action {
        switch state {
        case .running(let warning, let end):
            if now < warning { return .wait(until: warning) }
            if now >= end { return finish() }
            if now + Self.latest > end {
                state = .warned(end: end)
                return .wait(until: end)
            }
            guard isQuiet else { return .wait(until: now + Self.patience) }
            state = .warned(end: end)
            return .warn(until: end)
        case .warned(let end):
            return now < end ? .wait(until: end) : finish()
        case .over: return .end
        }
    }

    private mutating func finish() -> Action {
        state = .over
        return .end
    }
}
