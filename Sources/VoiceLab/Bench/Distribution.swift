import Foundation

/// Measured values and their percentiles.
struct Distribution: Sendable {
    private(set) var values: [Double] = []

    mutating func add(_ value: Double) { values.append(value) }
    mutating func add(_ more: Distribution) { values += more.values }

    /// The smallest value that `percent` of the values do not exceed; nil without values.
    func percentile(_ percent: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up))
        return sorted[max(0, min(sorted.count - 1, rank - 1))]
    }

    /// "1.2 / 3.4 / 5.6" for p50, p95 and p99.
    var text: String {
        guard !values.isEmpty else { return "-" }
        return [50.0, 95, 99].map { String(format: "%.1f", percentile($0) ?? 0) }.joined(separator: " / ")
    }

    /// For the JSON report.
    var object: [String: Any] {
        guard !values.isEmpty else { return ["count": 0] }
        return [
            "count": values.count, "p50": percentile(50) ?? 0, "p95": percentile(95) ?? 0, "p99": percentile(99) ?? 0,
            "max": values.max() ?? 0, "mean": values.reduce(0, +) / Double(values.count),
        ]
    }
}
