/// Quantiles over the newest of many times. Pure, of fixed size: the newest `window` times are kept.
package struct LatencyEstimate: Equatable, Sendable {
    /// So many times are looked back on: the 99th percentile needs a hundred, and a provider's bad hour must pass.
    package static let window = 128
    /// Fewer times than this say nothing about a tail.
    package static let fewest = 20

    private var times: [Nanoseconds] = []
    private var next = 0

    package init() {}

    package var count: Int { times.count }

    package mutating func note(_ time: Nanoseconds) {
        guard time >= .zero else { return }
        if times.count < Self.window {
            times.append(time)
        } else {
            times[next] = time
        }
        next = (next + 1) % Self.window
    }

    /// The smallest time that at least this share of the times do not exceed; nil while there are too few.
    ///
    /// - Complexity: O(n log n) of `window`.
    package func quantile(_ share: Double) -> Nanoseconds? {
        guard times.count >= Self.fewest else { return nil }
        let rank = (min(max(share, 0), 1) * Double(times.count)).rounded(.up)
        return times.sorted()[min(max(Int(rank) - 1, 0), times.count - 1)]
    }
}
