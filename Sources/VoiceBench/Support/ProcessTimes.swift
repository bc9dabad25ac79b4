import CVoiceBench
import Foundation
import Glibc

/// CLOCK_MONOTONIC in nanoseconds.
func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Sleeps until a moment of CLOCK_MONOTONIC.
func sleep(until nanoseconds: Int64) {
    var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
}

/// What this process has used so far, by groups of threads. [s] of CPU.
struct ProcessTimes: Sendable {
    /// All threads, those that have ended included, as getrusage tells.
    var process = 0.0
    /// The engine's event loops.
    var loops = 0.0
    /// The benchmark's own threads: they push, pull, take events, make and end sessions.
    var host = 0.0
    /// [ns]
    var time: Int64 = 0

    /// Threads of the benchmark are named so.
    static let hostPrefix = "bench-"
    private static let loopPrefix = "NIO-ELT"

    static func now() -> ProcessTimes {
        var times = ProcessTimes()
        times.time = monotonicNanoseconds()
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        times.process = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        for task in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
            let path = "/proc/self/task/\(task)"
            guard let name = try? String(contentsOfFile: path + "/comm", encoding: .utf8), let time = cpu(of: path)
            else { continue }
            if name.hasPrefix(loopPrefix) { times.loops += time }
            if name.hasPrefix(hostPrefix) { times.host += time }
        }
        return times
    }

    static func - (a: ProcessTimes, b: ProcessTimes) -> ProcessTimes {
        ProcessTimes(
            process: a.process - b.process, loops: a.loops - b.loops, host: a.host - b.host, time: a.time - b.time)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// The scheduler's own count of nanoseconds, or the clock ticks of `stat` where it keeps none.
    private static func cpu(of task: String) -> Double? {
        if let text = try? String(contentsOfFile: task + "/schedstat", encoding: .utf8),
            let spent = text.split(separator: " ").first.flatMap({ Double($0) }), spent > 0
        {
            return spent / 1e9
        }
        guard let stat = try? String(contentsOfFile: task + "/stat", encoding: .utf8),
            let bracket = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: bracket)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// Memory of this process. [bytes]
struct ProcessMemory: Sendable {
    let resident: Int
    /// Given out by malloc.
    let allocated: Int

    static func now() -> ProcessMemory {
        let statm = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = statm.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return ProcessMemory(
            resident: pages * Int(sysconf(Int32(_SC_PAGESIZE))), allocated: Int(voice_bench_allocated()))
    }
}
