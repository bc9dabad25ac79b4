/// How long something short takes: the quickest of several runs, because everything else on the machine only adds.
enum KernelTimer {
    /// [ns] A run is repeated until it lasts so long.
    private static let shortest: Int64 = 2_000_000
    private static let runs = 15

    /// - Returns: [ns] of one `work`.
    static func nanoseconds(_ work: () -> Void) -> Double {
        var rounds = 1
        while true {
            let time = time(rounds, work)
            if time >= shortest { break }
            rounds *= time < shortest / 8 ? 8 : 2
        }
        var best = Int64.max
        for _ in 0..<runs { best = min(best, time(rounds, work)) }
        return Double(best) / Double(rounds)
    }

    private static func time(_ rounds: Int, _ work: () -> Void) -> Int64 {
        let began = monotonicNanoseconds()
        for _ in 0..<rounds { work() }
        return monotonicNanoseconds() - began
    }
}
