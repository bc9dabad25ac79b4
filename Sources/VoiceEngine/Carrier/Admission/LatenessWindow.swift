internal import VoiceEngineCore
internal import VoiceEngineSession

/// The 99th percentile of the lateness of frames over the last moments, from samples of what is counted. Pure.
///
/// A tick that comes late stands for those that were skipped meanwhile: ten calls whose loop hangs for half a second
/// have had fifty late frames each, but the loop had one late tick.
struct LatenessWindow {
    /// Samples that a window spans.
    static let length = 1

    private let interval: Double
    private var samples: [TickLateness] = []

    /// - Parameter interval: Between two ticks.
    init(interval: Nanoseconds) { self.interval = interval.seconds }

    /// Takes in a sample and judges the window that ends with it; zero while nothing ticks.
    mutating func add(_ sample: TickLateness) -> Nanoseconds {
        if let last = samples.last, last.bounds != sample.bounds || sample.counts.count != last.counts.count {
            samples = []
        }
        samples.append(sample)
        if samples.count > Self.length + 1 { samples.removeFirst() }
        guard let first = samples.first else { return .zero }
        return quantile(0.99, bounds: sample.bounds, counts: zip(sample.counts, first.counts).map { $0 - $1 })
    }

    /// Within a bucket its frames are taken as spread evenly, as Prometheus does it.
    private func quantile(_ quantile: Double, bounds: [Double], counts: [Int]) -> Nanoseconds {
        var lower = 0.0
        var buckets: [(lower: Double, upper: Double, weight: Double)] = []
        for (index, count) in counts.enumerated() {
            let upper = index < bounds.count ? bounds[index] : lower
            buckets.append((lower, upper, Double(max(count, 0)) * (1 + (lower / interval).rounded(.down))))
            lower = upper
        }
        let total = buckets.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return .zero }
        var left = total * quantile
        for bucket in buckets {
            if bucket.weight >= left, bucket.weight > 0 {
                let seconds = bucket.lower + (bucket.upper - bucket.lower) * (left / bucket.weight)
                return .milliseconds(Int64((seconds * 1_000).rounded(.up)))
            }
            left -= bucket.weight
        }
        return .milliseconds(Int64((lower * 1_000).rounded(.up)))
    }
}
