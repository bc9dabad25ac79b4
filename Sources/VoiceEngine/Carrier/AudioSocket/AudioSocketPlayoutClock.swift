package import VoiceEngineCore

/// How much of what was sent over an AudioSocket the caller has heard. Pure: times are handed in.
///
/// Asterisk passes every frame on at once and confirms nothing, so what was sent is on its way for good: `cut` can take
/// nothing back. How long the way is (the network and the buffer in the caller's telephone) nobody tells; it is taken as
/// `way`. So a cut is exact, and the position in between is an estimate that is off by as much as the way differs.
package struct AudioSocketPlayoutClock {
    /// From the socket to the caller's ear: a telephone's usual jitter buffer. It is not measured.
    package static let way = Nanoseconds.milliseconds(60)

    private let clock: SampleClock
    /// The stretch that is being heard: its first sample, and when that is heard.
    private var first: Int64 = 0
    private var start = Instant.zero
    private var handed: Int64 = 0
    /// What has been reported: the answer never goes back.
    private var floor: Int64 = 0

    package init(sampleRate: Int) { clock = SampleClock(sampleRate: sampleRate) }

    /// `samples` are sent now.
    package mutating func play(_ samples: Int, at now: Instant) {
        guard samples > 0 else { return }
        if position(at: now) >= handed {
            first = handed
            start = now + Self.way
        }
        handed += Int64(samples)
    }

    /// Samples heard by `now`, of all those sent.
    package mutating func heardSamples(at now: Instant) -> Int64 {
        floor = max(floor, position(at: now))
        return floor
    }

    /// Nothing follows what was sent; the caller hears all of it.
    package mutating func cut() -> Int64 {
        floor = handed
        return handed
    }

    private func position(at now: Instant) -> Int64 {
        guard now > start else { return min(first, handed) }
        return min(handed, first + clock.samples(in: now - start))
    }
}
