/// A length of time in whole nanoseconds; may be negative.
///
/// Arithmetic clamps at the ends of `Int64` (292 years) instead of trapping: lengths come from documents and hosts.
package struct Nanoseconds: Hashable, Comparable, Sendable {
    /// [ns]
    package let rawValue: Int64

    package init(_ nanoseconds: Int64) {
        rawValue = nanoseconds
    }

    package static let zero = Nanoseconds(0)

    package static func nanoseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count) }
    package static func microseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count.clampedMultiply(1_000)) }
    package static func milliseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count.clampedMultiply(1_000_000)) }
    package static func seconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count.clampedMultiply(1_000_000_000)) }

    /// Whole milliseconds, rounded towards zero.
    package var wholeMilliseconds: Int64 { rawValue / 1_000_000 }
    /// Milliseconds with their fraction, for metrics and logs.
    package var milliseconds: Double { Double(rawValue) / 1e6 }
    /// Seconds with their fraction, for metrics and logs.
    package var seconds: Double { Double(rawValue) / 1e9 }

    package static func < (a: Nanoseconds, b: Nanoseconds) -> Bool { a.rawValue < b.rawValue }
    package static func + (a: Nanoseconds, b: Nanoseconds) -> Nanoseconds { .init(a.rawValue.clampedAdd(b.rawValue)) }
    package static func - (a: Nanoseconds, b: Nanoseconds) -> Nanoseconds {
        .init(a.rawValue.clampedSubtract(b.rawValue))
    }
    package static func * (a: Nanoseconds, factor: Int64) -> Nanoseconds { .init(a.rawValue.clampedMultiply(factor)) }
    package static func += (a: inout Nanoseconds, b: Nanoseconds) { a = a + b }
    package static func -= (a: inout Nanoseconds, b: Nanoseconds) { a = a - b }
}

/// A moment on the engine's monotonic clock, in nanoseconds since an origin of that clock.
///
/// Core never reads a clock: whoever drives a machine reads it once per tick and hands the value down.
package struct Instant: Hashable, Comparable, Sendable {
    /// [ns] since the clock's origin (on Linux: CLOCK_MONOTONIC).
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static let zero = Instant(nanoseconds: 0)
    /// Later than every moment that occurs: a timer that never fires.
    package static let distantFuture = Instant(nanoseconds: .max)

    package static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    package static func + (a: Instant, b: Nanoseconds) -> Instant {
        .init(nanoseconds: a.nanoseconds.clampedAdd(b.rawValue))
    }
    package static func - (a: Instant, b: Nanoseconds) -> Instant {
        .init(nanoseconds: a.nanoseconds.clampedSubtract(b.rawValue))
    }
    /// The time from `b` to `a`; negative when `a` is earlier.
    package static func - (a: Instant, b: Instant) -> Nanoseconds {
        Nanoseconds(a.nanoseconds.clampedSubtract(b.nanoseconds))
    }
    package static func += (a: inout Instant, b: Nanoseconds) { a = a + b }
}

extension Int64 {
    fileprivate func clampedAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    fileprivate func clampedSubtract(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }

    fileprivate func clampedMultiply(_ factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? ((self < 0) == (factor < 0) ? .max : .min) : product
    }
}
