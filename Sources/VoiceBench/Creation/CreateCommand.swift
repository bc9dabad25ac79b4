import ArgumentParser
import CVoiceEngine
import Foundation
import VoiceBenchScript

/// `voice-bench create`: how long a call takes to begin.
struct CreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Set-up of calls: one after the other, and many in one second.",
        discussion: """
            First sessions are created one at a time in a warm engine: from voice_session_create to the first frame that \
            was accepted. Then many are created in a second, all of them pulled every 20 ms: from voice_session_create \
            to the first audible frame of the greeting.
            """)

    @Option(help: "Sessions that are created one after the other.")
    var count = 2_000

    @Option(help: "Sessions that are created within a second.")
    var burst = 1_000

    @Option(help: "Event loops of the engine.")
    var loops = 1

    @Option(help: "mulaw, alaw or pcm16, at 8 kHz.")
    var encoding = "mulaw"

    @Option(help: "File for the report as JSON.")
    var out: String?

    func validate() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count: 1 to 1000000") }
        guard (1...10_000).contains(burst) else { throw ValidationError("--burst: 1 to 10000") }
        guard (1...64).contains(loops) else { throw ValidationError("--loops: 1 to 64") }
        guard BenchLine(encoding) != nil else { throw ValidationError("--encoding: mulaw, alaw or pcm16") }
    }

    func run() throws {
        guard let line = BenchLine(encoding) else { return }
        try Descriptors.allow(burst + 256)
        let engine = try BenchEngine(line: line, loops: loops)
        // Whatever is made once is made by the first calls.
        _ = try Self.oneByOne(20, engine)
        let single = try Self.oneByOne(count, engine)
        print("one after the other  \(single.milliseconds) ms to the first frame accepted, \(single.count) sessions")
        // The greeting is recorded with the first call and takes as long as its voice does.
        Thread.sleep(forTimeInterval: 2)
        var course = Burst(engine, count: burst)
        let burst = try course.run()
        print(
            "in one second        create \(burst.creation.milliseconds) ms, first audible frame \(burst.heard.milliseconds) ms"
        )
        print(
            "                     \(burst.heard.count) of \(self.burst) heard, the last created after \(burst.seconds) s"
        )
        if let out {
            try ReportFile.write(
                [
                    "command": "create", "loops": loops, "encoding": encoding, "create_to_accepted_ms": single.object,
                    "burst": [
                        "sessions": self.burst, "heard": burst.heard.count, "seconds": burst.seconds,
                        "create_ms": burst.creation.object, "first_audible_ms": burst.heard.object,
                    ] as [String: Any],
                ], to: out)
        }
        if burst.heard.count < self.burst { throw ExitCode.failure }
    }

    private static func oneByOne(_ count: Int, _ engine: BenchEngine) throws -> DurationCounts {
        var times = DurationCounts()
        let frame = [UInt8](repeating: engine.line.silence, count: engine.line.frameBytes)
        for _ in 0..<count {
            let began = monotonicNanoseconds()
            let session = try engine.makeSession()
            let status = voice_session_push_audio(session, frame, frame.count)
            times.add(monotonicNanoseconds() - began)
            guard status == VOICE_OK else { throw EngineRefusal("voice_session_push_audio", status) }
            voice_session_destroy(session)
        }
        return times
    }
}

/// Many sessions in a second, from one thread that also pulls them.
private struct Burst {
    struct Result {
        var creation = DurationCounts()
        var heard = DurationCounts()
        /// [s] Until the last was created.
        var seconds = 0.0
    }

    private struct Call {
        let session: OpaquePointer
        let created: Int64
        var isHeard = false
    }

    private static let step: Int64 = 1_000_000
    private static let frameSteps = 20
    /// [steps] After the last was created.
    private static let patience = 3_000

    private let engine: BenchEngine
    private let count: Int
    private var calls: [Call] = []
    private var result = Result()

    init(_ engine: BenchEngine, count: Int) {
        self.engine = engine
        self.count = count
        calls.reserveCapacity(count)
    }

    mutating func run() throws -> Result {
        let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: engine.line.frameBytes, alignment: 16)
        defer { frame.deallocate() }
        frame.initializeMemory(as: UInt8.self, repeating: engine.line.silence)
        let began = monotonicNanoseconds()
        var step = 0
        while step < 1_000 + Self.patience, calls.count < count || result.heard.count < count {
            sleep(until: began + Int64(step) * Self.step)
            let due = min(Int64(step + 1) * Int64(count) / 1_000, Int64(count))
            while calls.count < due {
                let created = monotonicNanoseconds()
                let session = try engine.makeSession()
                calls.append(Call(session: session, created: created))
                let now = monotonicNanoseconds()
                result.creation.add(now - created)
                if calls.count == count { result.seconds = Double(now - began) / 1e9 }
            }
            for index in stride(from: step % Self.frameSteps, to: calls.count, by: Self.frameSteps) {
                pull(index, frame)
            }
            step += 1
        }
        for call in calls { _ = voice_session_hangup(call.session) }
        for call in calls { voice_session_destroy(call.session) }
        return result
    }

    private mutating func pull(_ index: Int, _ frame: UnsafeMutableRawBufferPointer) {
        let call = calls[index]
        _ = voice_session_pull_audio(call.session, frame.baseAddress, frame.count)
        guard !call.isHeard, engine.line.isAudible(UnsafeRawBufferPointer(frame)) else { return }
        calls[index].isHeard = true
        result.heard.add(monotonicNanoseconds() - call.created)
    }
}
