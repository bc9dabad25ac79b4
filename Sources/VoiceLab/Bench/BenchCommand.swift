import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// `voice-lab bench`: many simulated callers at real pacing against a running host.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures a host under load: latency shares, barge-in, pacing, CPU, memory.",
        discussion: """
            Start `voice-lab providers --log FILE` and a host whose agent uses them, then this. Every caller holds \
            21 s calls with three turns and one barge-in, one after the other.
            """)

    @Option(help: "The voice webhook of the agent that uses the scripted providers.")
    var url: String

    @Option(help: "Process id of the host, for CPU and memory.")
    var pid: Int?

    @Option(help: "Process id of the providers, for the CPU that the laboratory itself takes.")
    var providerPid: Int?

    @Option(help: "Levels of concurrent calls, one after the other.")
    var calls = "10,50,100"

    @Option(help: "Seconds measured at each level, after all callers have started.")
    var seconds = 42.0

    @Option(help: "The providers' log; without it the agent has models and a voice of its own.")
    var providerLog: String?

    @Option(help: "File for the report as JSON.")
    var out: String

    @Option(help: "A WAV for the caller's turns; default: a synthetic sound like speech.")
    var utterance: String?

    @Option(help: "A WAV for the interruption; at least a second of speech.")
    var interruption: String?

    @Option(help: "Processors for the host, as for taskset, such as 0.")
    var pinHost: String?

    @Option(help: "Processors for this process.")
    var pinLab: String?

    @Flag(help: "Speak ws:// to a wss:// address on the loopback interface.")
    var plain = false

    @Option(help: "The callers speak TLS and trust this authority, a PEM file.")
    var ca: String?

    /// Those of live calls differ: a number comes again after 4,096 others.
    private static let numbers = Numbers()

    private final class Numbers: Sendable {
        private let last = Atomic<Int>(-1)

        func next() -> Int { last.wrappingAdd(1, ordering: .relaxed).newValue & 4_095 }
    }

    private var levels: [Int] { calls.split(separator: ",").compactMap { Int($0) } }

    func validate() throws {
        guard !levels.isEmpty, levels.allSatisfy({ (1...2_000).contains($0) }) else {
            throw ValidationError("--calls: numbers from 1 to 2000, separated by commas")
        }
        guard (5...600).contains(seconds) else { throw ValidationError("--seconds: 5 to 600") }
    }

    func run() async throws {
        var sounds = BenchCall.Sounds(
            utterance: try clip(utterance, milliseconds: 1_600, pitch: 118),
            interruption: try clip(interruption, milliseconds: 1_300, pitch: 136))
        sounds.isScripted = providerLog != nil
        if let pinLab { try ProcessUsage.pin(pid: Int(getpid()), to: pinLab) }
        if let pinHost, let pid { try ProcessUsage.pin(pid: pid, to: pinHost) }
        if let pid, ProcessUsage.read(pid: pid) == nil { throw ValidationError("--pid: no process \(pid)") }
        let trust = try ca.map { try LabTLSContext(trusting: $0) }
        var results: [BenchLevel] = []
        for level in levels {
            print("\(level) calls …")
            fflush(nil)
            var result = try await run(level: level, sounds: sounds, trust: trust)
            result.below = results.last.flatMap { last in last.windowEnd.map { (last.calls, $0.residentBytes) } }
            results.append(result)
        }
        // The providers write their log twice a second.
        if providerLog != nil { try await Task.sleep(nanoseconds: 1_200_000_000) }
        try report(results)
    }

    private func clip(_ path: String?, milliseconds: Int, pitch: Double) throws -> BenchClip {
        guard let path else {
            return BenchClip(samples: BenchClip.speechLike(milliseconds: milliseconds, pitchHertz: pitch))
        }
        return BenchClip(samples: try WaveFile.readTelephone(path: path))
    }

    private func run(
        level: Int, sounds: BenchCall.Sounds, trust: LabTLSContext?
    ) async throws -> BenchLevel {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let run = try await loop.submit {
            let run = CallWheel<BenchCall>(on: loop)
            run.start()
            return NIOLoopBound(run, eventLoop: loop)
        }.get()
        let before = pid.flatMap { ProcessUsage.read(pid: $0) }
        let ramp = max(4.0, Double(level) / 50)
        let began = monotonicNanoseconds()
        let stop = began + Int64((ramp + 2 + seconds) * 1e9)
        let (url, plain) = (url, plain)
        // Enough for a call each 21 s.
        let perCaller = Int((ramp + 2 + seconds) / 21) + 2
        async let callers: Void = withTaskGroup(of: Void.self) { group in
            for caller in 0..<level {
                group.addTask {
                    let delay = UInt64(ramp * Double(caller) / Double(level) * 1e9)
                    try? await Task.sleep(nanoseconds: delay)
                    for _ in 0..<perCaller where monotonicNanoseconds() < stop {
                        await Self.place(
                            Self.numbers.next(), url: url, plain: plain, trust: trust, sounds: sounds, run: run,
                            on: loop)
                    }
                }
            }
        }
        try await Task.sleep(nanoseconds: UInt64((ramp + 2) * 1e9))
        try await loop.submit { run.value.resetLag() }.get()
        let (begin, labBegin, time) = (
            pid.flatMap { ProcessUsage.read(pid: $0) }, labCPU(), monotonicNanoseconds()
        )
        try await Task.sleep(nanoseconds: UInt64(seconds * 1e9))
        let (end, labEnd) = (pid.flatMap { ProcessUsage.read(pid: $0) }, labCPU())
        let window = Double(monotonicNanoseconds() - time) / 1e9
        await callers
        return try await loop.submit {
            run.value.stop()
            return BenchLevel(
                calls: level, windowBegan: time, windowSeconds: window, measurements: run.value.finished,
                before: before,
                windowBegin: begin,
                windowEnd: end, lag: run.value.lag, labCPUSeconds: labEnd - labBegin, failures: run.value.failures)
        }.get()
    }

    /// Places one call and waits for its end.
    private static func place(
        _ number: Int, url: String, plain: Bool, trust: LabTLSContext?, sounds: BenchCall.Sounds,
        run: NIOLoopBound<CallWheel<BenchCall>>, on loop: any EventLoop
    ) async {
        let scenario = Scenario(name: "bench", steps: [])
        do {
            let setup = try await Webhook.call(
                url: url, scenario: scenario, clips: [:], plain: plain, trust: trust, on: loop)
            let done = loop.makePromise(of: Void.self)
            loop.execute {
                let call = BenchCall(number: number, setup: setup, sounds: sounds)
                call.onOver = { done.succeed(()) }
                run.value.add(call)
            }
            try await done.futureResult.get()
            try await Task.sleep(nanoseconds: 300_000_000)
        } catch {
            loop.execute { run.value.failed("\(error)") }
            try? await Task.sleep(nanoseconds: 1_000_000_000)
        }
    }

    /// CPU seconds of callers and providers.
    private func labCPU() -> Double {
        [Int(getpid()), providerPid].reduce(0) { sum, pid in
            sum + (pid.flatMap { ProcessUsage.read(pid: $0) }?.cpuSeconds ?? 0)
        }
    }

    private func report(_ results: [BenchLevel]) throws {
        var join = ProviderJoin()
        if let providerLog {
            guard let log = FileManager.default.contents(atPath: providerLog) else {
                throw ScenarioError("cannot read the providers' log \(providerLog)")
            }
            for line in log.split(separator: UInt8(ascii: "\n")) { join.read(line: line) }
        }
        let wire = ca == nil ? "plain" : "TLS"
        print(ca == nil ? "\nPlain text on all legs." : "\nTLS on all legs.")
        var objects: [[String: Any]] = []
        for level in results {
            let shares = join.shares(of: level.measurements)
            print(BenchReport.text(of: level, shares), terminator: "")
            objects.append(BenchReport.object(of: level, shares))
        }
        for refusal in Set(join.refusals).sorted().prefix(5) { print("  ! the providers refused: \(refusal)") }
        let processors = ProcessInfo.processInfo.activeProcessorCount
        let report: [String: Any] = [
            "levels": objects, "processors": processors, "pinned_host": pinHost ?? "", "pinned_lab": pinLab ?? "",
            "wire": wire,
            "provider_refusals": join.refusals,
        ]
        let json = try JSONSerialization.data(
            withJSONObject: report, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try json.write(to: URL(fileURLWithPath: out))
        print("\nReport: \(out)")
        if let pid, ProcessUsage.read(pid: pid) == nil {
            print("The host has died under the load.")
            throw ExitCode.failure
        }
        if results.contains(where: { !$0.measurements.contains(where: \.isWhole) }) {
            print("A level had no call whose turns were all answered.")
            throw ExitCode.failure
        }
    }
}
