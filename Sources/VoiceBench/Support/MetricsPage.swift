/// The engine's counters, read from its page in the Prometheus text format.
struct MetricsPage: Sendable {
    private var values: [String: Double] = [:]
    /// [s] Upper bounds of the ticks' lateness with the ticks at or below each; the last bound is infinite.
    private(set) var ticks: [(bound: Double, count: Double)] = []

    init(_ text: String) {
        let bucket = "voice_engine_tick_lateness_seconds_bucket{le=\""
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...]) else {
                continue
            }
            let name = String(line[..<blank])
            values[name] = value
            guard name.hasPrefix(bucket) else { continue }
            let bound = name.dropFirst(bucket.count).prefix { $0 != "\"" }
            ticks.append((bound == "+Inf" ? .infinity : Double(bound) ?? .infinity, value))
        }
    }

    subscript(name: String) -> Double { values[name] ?? 0 }

    /// Ticks since an earlier page: how many, and the share of them that came later than each bound.
    func ticks(since earlier: MetricsPage) -> (count: Int, later: [(milliseconds: Double, share: Double)]) {
        guard ticks.count == earlier.ticks.count else { return (0, []) }
        let counts = zip(ticks, earlier.ticks).map { ($0.bound, $0.count - $1.count) }
        let all = counts.last?.1 ?? 0
        guard all > 0 else { return (0, []) }
        return (Int(all), counts.dropLast().map { ($0.0 * 1_000, 1 - $0.1 / all) })
    }
}
