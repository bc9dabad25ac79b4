/// Whether memory that was looked at after equal numbers of calls has stopped growing. Pure.
struct MemoryTrend {
    /// [bytes] What a process may grow by over the second half of the calls: the allocator keeps the pages of the busiest
    /// moment, and a busier one comes now and then, ever more seldom, while what leaks comes with each call. A leak of
    /// 21 bytes in a call is more than that after 100,000.
    static let allowance = 1 << 20

    /// Calls so far and resident bytes.
    let samples: [(calls: Int, bytes: Int)]

    /// [bytes/call] By least squares over the second half of the calls.
    var bytesPerCall: Double {
        let settled = Self.settled(samples)
        guard settled.count >= 2 else { return 0 }
        let count = Double(settled.count)
        let calls = settled.reduce(0) { $0 + Double($1.calls) } / count
        let bytes = settled.reduce(0) { $0 + Double($1.bytes) } / count
        var (above, below) = (0.0, 0.0)
        for sample in settled {
            above += (Double(sample.calls) - calls) * (Double(sample.bytes) - bytes)
            below += (Double(sample.calls) - calls) * (Double(sample.calls) - calls)
        }
        return below > 0 ? above / below : 0
    }

    /// [bytes] By which the process has grown in the second half of the calls, by that line.
    var growth: Int {
        let settled = Self.settled(samples)
        guard let first = settled.first, let last = settled.last else { return 0 }
        return Int(bytesPerCall * Double(last.calls - first.calls))
    }

    var isFlat: Bool { growth <= Self.allowance }

    private static func settled(_ samples: [(calls: Int, bytes: Int)]) -> [(calls: Int, bytes: Int)] {
        guard let all = samples.last?.calls else { return [] }
        return samples.filter { $0.calls * 2 >= all }
    }
}
