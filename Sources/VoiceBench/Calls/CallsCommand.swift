import ArgumentParser
import Foundation
import Glibc

/// `voice-bench calls`: many calls over the C ABI alone.
struct CallsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calls", abstract: "Concurrent calls over the C functions alone, at real pacing.",
        discussion: """
            A host in this process pulls and pushes frames of 20 ms for every call from one thread; speech-to-text, \
            language model and text-to-speech are objects on the engine's loops. A call is 21 s with three turns, one of \
            them an interruption, and is followed by a new one at once.
            """)

    @Option(help: "Levels of concurrent calls, one after the other.")
    var calls = "100,1000,4000"

    @Option(help: "Seconds measured at each level, after all calls have begun.")
    var seconds = 42.0

    @Option(help: "Event loops of the engine.")
    var loops = 1

    @Option(help: "mulaw, alaw or pcm16, at 8 kHz.")
    var encoding = "mulaw"

    @Option(help: "A WAV of 8 kHz for the caller's turns; default: a synthetic sound like speech.")
    var utterance: String?

    @Option(help: "A WAV of 8 kHz for the interruption; at least a second of speech.")
    var interruption: String?

    @Option(help: "The processor of the host's threads; default: any that the process may use.")
    var hostCore: Int?

    @Option(help: "File for the report as JSON.")
    var out: String?

    private var levels: [Int] { calls.split(separator: ",").compactMap { Int($0) } }

    func validate() throws {
        guard !levels.isEmpty, levels.allSatisfy({ (1...60_000).contains($0) }) else {
            throw ValidationError("--calls: numbers from 1 to 60000, separated by commas")
        }
        guard (1...600).contains(seconds) else { throw ValidationError("--seconds: 1 to 600") }
        guard (1...64).contains(loops) else { throw ValidationError("--loops: 1 to 64") }
        guard BenchLine(encoding) != nil else { throw ValidationError("--encoding: mulaw, alaw or pcm16") }
    }

    func run() throws {
        guard let line = BenchLine(encoding) else { return }
        try Descriptors.allow(levels.max().map { $0 + 256 } ?? 0)
        let sounds = try CallerSounds.load(turn: utterance, interruption: interruption, line)
        let engine = try BenchEngine(line: line, loops: loops)
        var before = (calls: 0, memory: ProcessMemory.now())
        var results: [CallsLevel] = []
        for calls in levels {
            let level = measure(calls, engine, sounds, before)
            before = (calls, level.memory)
            results.append(level)
            print(CallsReport.text(level), terminator: "")
            fflush(nil)
        }
        if let out {
            let report: [String: Any] = [
                "command": "calls", "encoding": encoding, "loops": loops, "host_core": hostCore ?? -1,
                "processors": ProcessInfo.processInfo.activeProcessorCount, "levels": results.map(CallsReport.object),
            ]
            try ReportFile.write(report, to: out)
        }
        if results.contains(where: { $0.tally.answered == 0 }) { throw ExitCode.failure }
    }

    private func measure(
        _ calls: Int, _ engine: BenchEngine, _ sounds: CallerSounds, _ before: (calls: Int, memory: ProcessMemory)
    ) -> CallsLevel {
        let run = CallsRun(engine, calls: calls, sounds: sounds, core: hostCore)
        sleep(until: monotonicNanoseconds() + Int64((run.ramp + 2) * 1e9))
        let (ticks, times) = (engine.metrics, ProcessTimes.now())
        run.measure()
        sleep(until: monotonicNanoseconds() + Int64(seconds * 1e9))
        run.rest()
        let (end, memory) = (ProcessTimes.now(), ProcessMemory.now())
        let ticksAtEnd = engine.metrics
        let results = run.stop()
        return CallsLevel(
            calls: calls, times: end - times, memory: memory, memoryBefore: before, tally: results.tally,
            creation: results.creation, failures: results.failures, ticks: ticksAtEnd.ticks(since: ticks))
    }
}

/// Descriptors of the process: every call that is polled has one.
enum Descriptors {
    /// - Throws: when the system gives fewer.
    static func allow(_ count: Int) throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur < count else { return }
        limit.rlim_cur = min(rlim_t(count), limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur >= count else {
            throw ValidationError("\(count) descriptors are needed, \(limit.rlim_cur) are allowed (ulimit -Hn)")
        }
    }
}
