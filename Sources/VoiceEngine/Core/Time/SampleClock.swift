/// Turns sample positions into moments and back, for a stream of one rate that starts at a known moment.
///
/// Integers only, and always from the origin, never by adding frame lengths up: an hour at 44,100 Hz ends on the exact
/// nanosecond. Rounding is chosen so that `sample(at: instant(ofSample: n)) == n` for every `n`.
package struct SampleClock: Hashable, Sendable {
    /// [Hz] at least 1.
    package let sampleRate: Int
    /// When sample 0 begins.
    package let origin: Instant

    /// - Parameter sampleRate: [Hz] taken as 1 when smaller.
    package init(sampleRate: Int, origin: Instant = .zero) {
        self.sampleRate = max(1, sampleRate)
        self.origin = origin
    }

    /// How long `samples` last, rounded up to the next nanosecond.
    package func duration(ofSamples samples: Int64) -> Nanoseconds {
        let rate = Int64(sampleRate)
        let (seconds, rest) = samples.flooredDivision(by: rate)
        // rest < rate <= 2^31 or so, so that rest * 1e9 fits; seconds clamp by themselves.
        let nanoseconds = (rest * 1_000_000_000 + rate - 1) / rate
        return .seconds(seconds) + Nanoseconds(nanoseconds)
    }

    /// How many whole samples fit into `time`, rounded down.
    package func samples(in time: Nanoseconds) -> Int64 {
        let (seconds, rest) = time.rawValue.flooredDivision(by: 1_000_000_000)
        return seconds * Int64(sampleRate) + rest * Int64(sampleRate) / 1_000_000_000
    }

    /// The first whole nanosecond at which sample `position` has begun.
    package func instant(ofSample position: Int64) -> Instant {
        origin + duration(ofSamples: position)
    }

    /// The sample that is sounding at `moment`; negative before the origin.
    package func sample(at moment: Instant) -> Int64 {
        samples(in: moment - origin)
    }
}

extension Int64 {
    /// Quotient rounded towards minus infinity, and the remainder in `0..<divisor`.
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
