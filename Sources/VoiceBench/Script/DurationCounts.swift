/// Durations counted in buckets of 1/16 of their size, so that adding one never allocates. Pure.
package struct DurationCounts: Equatable, Sendable {
    private static let perOctave = 16
    private static let octaves = 40

    private var counts = [Int](repeating: 0, count: perOctave * octaves)
    package private(set) var count = 0
    /// [ns]
    package private(set) var largest: Int64 = 0

    package init() {}

    /// - Parameter nanoseconds: Negative counts as nothing.
    package mutating func add(_ nanoseconds: Int64) {
        count += 1
        largest = max(largest, nanoseconds)
        counts[Self.bucket(max(nanoseconds, 0))] += 1
    }

    package mutating func add(_ other: DurationCounts) {
        count += other.count
        largest = max(largest, other.largest)
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    /// Small numbers have buckets of their own; from 16 on, the four bits below the highest tell the bucket.
    private static func bucket(_ value: Int64) -> Int {
        guard value >= 16 else { return Int(value) }
        let shift = 63 - value.leadingZeroBitCount - 4
        return min((shift + 1) * perOctave + Int(value >> shift) - perOctave, perOctave * octaves - 1)
    }

    /// [ns] The upper end of a bucket.
    private static func end(of bucket: Int) -> Int64 {
        guard bucket >= perOctave else { return Int64(bucket) }
        let shift = bucket / perOctave - 1
        return (Int64(bucket % perOctave + perOctave + 1) << Int64(shift)) - 1
    }

    /// [ns] What `percent` of the durations do not exceed, at most 1/16 too much; nil without any.
    package func percentile(_ percent: Double) -> Int64? {
        guard count > 0 else { return nil }
        let rank = max(Int((percent / 100 * Double(count)).rounded(.up)), 1)
        var running = 0
        for (bucket, number) in counts.enumerated() {
            running += number
            // The last bucket has no end.
            guard running >= rank else { continue }
            return bucket == counts.count - 1 ? largest : min(Self.end(of: bucket), largest)
        }
        return largest
    }

    /// The share of durations of more than so many nanoseconds, to a bucket; 0 without any.
    package func share(above nanoseconds: Int64) -> Double {
        guard count > 0 else { return 0 }
        return Double(counts[(Self.bucket(nanoseconds) + 1)...].reduce(0, +)) / Double(count)
    }
}
