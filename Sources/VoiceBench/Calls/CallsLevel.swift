import VoiceBenchScript

/// What was measured with so many calls.
struct CallsLevel {
    let calls: Int
    let times: ProcessTimes
    let memory: ProcessMemory
    /// Of the level before, or of the engine without calls.
    let memoryBefore: (calls: Int, memory: ProcessMemory)
    let tally: CallsTally
    let creation: DurationCounts
    let failures: [String]
    let ticks: (count: Int, later: [(milliseconds: Double, share: Double)])

    /// [s] Of the window.
    var seconds: Double { Double(times.time) / 1e9 }
    /// [s] Of the engine: all but the benchmark's own threads.
    var engineCPU: Double { times.process - times.host }

    func perCallMinute(_ cpu: Double) -> Double { cpu / (Double(calls) * seconds / 60) }
    func busyPercent(_ cpu: Double) -> Double { cpu / seconds * 100 }

    /// [bytes]
    var memoryPerFurtherCall: (resident: Double, allocated: Double) {
        let further = Double(max(calls - memoryBefore.calls, 1))
        return (
            Double(memory.resident - memoryBefore.memory.resident) / further,
            Double(memory.allocated - memoryBefore.memory.allocated) / further
        )
    }

    /// Everyone heard everything in time, as far as the issue counts it: fewer than 0.1 % of frames later than 10 ms.
    var isHealthy: Bool {
        tally.answered == tally.turns && tally.errors == 0 && tally.refusals == 0 && failures.isEmpty
            && tally.lateness.share(above: 10_000_000) < 0.001 && ticksLater(than: 10) < 0.001
    }

    func ticksLater(than milliseconds: Double) -> Double {
        ticks.later.first { $0.milliseconds >= milliseconds }?.share ?? 0
    }
}
