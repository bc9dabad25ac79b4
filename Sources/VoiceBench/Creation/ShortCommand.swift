import ArgumentParser
import CVoiceEngine
import Foundation
import VoiceBenchScript

/// `voice-bench short`: whether calls leave anything behind.
struct ShortCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "short", abstract: "Many short calls as fast as possible: memory must stay flat.",
        discussion: """
            A call is created, some frames are pushed and pulled, it is destroyed. After each tenth of the calls none is \
            live and the memory is taken. Ends with 1 when it grew from the second tenth to the last.
            """)

    /// What the allocator may hold more at the end: its caches, and rounding.
    private static let allowedAllocated = 512 << 10
    private static let allowedResident = 8 << 20

    @Option(help: "Calls.")
    var count = 100_000

    @Option(help: "Calls that are live at a time.")
    var live = 64

    @Option(help: "Frames of 20 ms that each call pushes and pulls.")
    var frames = 10

    @Option(help: "Event loops of the engine.")
    var loops = 1

    @Option(help: "File for the report as JSON.")
    var out: String?

    private struct Sample {
        let calls: Int
        let memory: ProcessMemory
        let descriptors: Int
    }

    func validate() throws {
        guard (100...10_000_000).contains(count) else { throw ValidationError("--count: 100 to 10000000") }
        guard (1...10_000).contains(live) else { throw ValidationError("--live: 1 to 10000") }
        guard (1...1_000).contains(frames) else { throw ValidationError("--frames: 1 to 1000") }
        guard (1...64).contains(loops) else { throw ValidationError("--loops: 1 to 64") }
    }

    func run() throws {
        try Descriptors.allow(live + 256)
        let engine = try BenchEngine(line: .telephone, loops: loops)
        var samples: [Sample] = []
        let began = monotonicNanoseconds()
        for tenth in 1...10 {
            try calls(count * tenth / 10 - count * (tenth - 1) / 10, engine)
            try settle(engine)
            let sample = Sample(calls: count * tenth / 10, memory: .now(), descriptors: Self.descriptors)
            samples.append(sample)
            print(
                "\(sample.calls) calls: \(sample.memory.resident >> 10) KB resident, \(sample.memory.allocated >> 10) KB "
                    + "allocated, \(sample.descriptors) descriptors")
            fflush(nil)
        }
        let seconds = Double(monotonicNanoseconds() - began) / 1e9
        print("\(CallsReport.number(Double(count) / seconds, 0)) calls a second")
        let problems = Self.growth(from: samples[1], to: samples[9])
        if let out { try write(samples, seconds, problems, to: out) }
        for problem in problems { print("memory grows: \(problem)") }
        if !problems.isEmpty { throw ExitCode.failure }
    }

    /// So many calls, the oldest ending for each that begins.
    private func calls(_ number: Int, _ engine: BenchEngine) throws {
        var sessions: [OpaquePointer] = []
        var frame = [UInt8](repeating: engine.line.silence, count: engine.line.frameBytes)
        for index in 0..<number {
            if sessions.count == live {
                voice_session_destroy(sessions[index % live])
                sessions[index % live] = try engine.makeSession()
            } else {
                sessions.append(try engine.makeSession())
            }
            let session = sessions[index % live]
            for _ in 0..<frames {
                _ = voice_session_push_audio(session, frame, frame.count)
                _ = voice_session_pull_audio(session, &frame, frame.count)
            }
        }
        for session in sessions { voice_session_destroy(session) }
    }

    /// Waits until the engine has let go of all calls.
    private func settle(_ engine: BenchEngine) throws {
        for _ in 0..<1_000 {
            sleep(until: monotonicNanoseconds() + 10_000_000)
            if engine.metrics["voice_engine_calls"] == 0 { break }
        }
        // What their streams have left with the loops comes up within moments.
        sleep(until: monotonicNanoseconds() + 500_000_000)
    }

    private static func growth(from early: Sample, to late: Sample) -> [String] {
        var problems: [String] = []
        let calls = late.calls - early.calls
        let allocated = late.memory.allocated - early.memory.allocated
        let resident = late.memory.resident - early.memory.resident
        if allocated > allowedAllocated { problems.append("\(allocated) bytes allocated by \(calls) calls") }
        if resident > allowedResident { problems.append("\(resident) bytes resident by \(calls) calls") }
        if late.descriptors > early.descriptors {
            problems.append("\(late.descriptors - early.descriptors) descriptors")
        }
        return problems
    }

    private static var descriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count ?? 0
    }

    private func write(_ samples: [Sample], _ seconds: Double, _ problems: [String], to path: String) throws {
        try ReportFile.write(
            [
                "command": "short", "calls": count, "live": live, "frames": frames, "seconds": seconds,
                "is_flat": problems.isEmpty,
                "samples": samples.map { sample in
                    [
                        "calls": sample.calls, "resident_bytes": sample.memory.resident,
                        "allocated_bytes": sample.memory.allocated, "descriptors": sample.descriptors,
                    ]
                },
            ], to: path)
    }
}
