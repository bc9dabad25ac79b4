import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// `voice-lab burst`: many calls that arrive at nearly the same time.
struct BurstCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "burst", abstract: "Lets many calls arrive within a second and measures when each is answered.",
        discussion: """
            Each call is a webhook, a stream and a caller who listens. Exit status 1 when the host has died, or, without \
            --may-refuse, when a call was not answered.
            """)

    @OptionGroup var options: ArrivalOptions

    @Option(help: "Calls.")
    var calls = 1_000

    @Option(help: "Milliseconds in which they arrive, evenly.")
    var withinMs = 1_000

    @Option(help: "Seconds that the calls stay after the last one has arrived.")
    var holdS = 8.0

    @Option(help: "The providers' log: the greeting holds {{tag}} and is spoken live.")
    var providerLog: String?

    @Flag(help: "Refused calls are expected.")
    var mayRefuse = false

    func validate() throws {
        guard (1...4_000).contains(calls), (0...60_000).contains(withinMs), (1...60).contains(holdS) else {
            throw ValidationError("--calls: 1 to 4000; --within-ms: up to 60000; --hold-s: 1 to 60")
        }
    }

    func run() async throws {
        try options.pin()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let trust = try options.trust()
        let before = ProcessUsage.read(pid: options.pid)
        let (measured, lag, during) = try await burst(trust: trust, on: loop)
        // The providers write their log twice a second.
        try await Task.sleep(nanoseconds: 1_200_000_000)
        let voice = providerLog.flatMap { FileManager.default.contents(atPath: $0) }.map(VoiceLatency.read) ?? [:]
        let report = BurstReport(measured, voice: voice)
        var lines = report.lines
        if let before, let during {
            let grown = Double(during.residentBytes - before.residentBytes) / 1_024
            lines += [
                (
                    "process before → with all calls, MB",
                    "\(before.residentBytes >> 20) → \(during.residentBytes >> 20)"
                ),
                ("memory per call, KB", String(format: "%.0f", grown / Double(max(1, report.answered)))),
                ("engine: CPU s", String(format: "%.2f", during.cpuSeconds - before.cpuSeconds)),
            ]
        }
        lines.append(("the lab's own lag, ms", BurstReport.text(lag)))
        let wire = options.ca == nil ? "plain text" : "TLS"
        print("\n\(calls) calls in \(withinMs) ms, \(wire)      (p50 / p95 / p99 / most)")
        for (name, value) in lines { print("  " + name.padding(toLength: 46, withPad: " ", startingAt: 0) + value) }
        for (reason, count) in report.broken.sorted(by: { $0.value > $1.value }).prefix(5) {
            print("  ! \(count) × \(reason)")
        }
        var object = report.object
        object["calls"] = calls
        object["within_ms"] = withinMs
        object["wire"] = wire
        object["resident_kb_before"] = before.map { $0.residentBytes / 1_024 }
        object["resident_kb"] = during.map { $0.residentBytes / 1_024 }
        object["lab_lag_ms"] = lag.object
        try options.write(object)
        guard during != nil else {
            print("The host has died under the load.")
            throw ExitCode.failure
        }
        if !mayRefuse, report.answered < calls { throw ExitCode.failure }
    }

    private func burst(
        trust: LabTLSContext?, on loop: any EventLoop
    ) async throws -> (calls: [ArrivalMeasurement], lag: Distribution, during: ProcessUsage?) {
        let wheel = try await loop.submit {
            let wheel = CallWheel<ArrivalCall>(on: loop)
            wheel.start()
            return NIOLoopBound(wheel, eventLoop: loop)
        }.get()
        let (url, calls, spacing) = (options.url, calls, Int64(withinMs) * 1_000_000 / Int64(calls))
        let isTagged = providerLog != nil
        let begin = monotonicNanoseconds() + 200_000_000
        let unplaced = await withTaskGroup(of: ArrivalMeasurement?.self) { group in
            for number in 0..<calls {
                group.addTask {
                    let due = begin + Int64(number) * spacing
                    try? await Task.sleep(nanoseconds: UInt64(max(0, due - monotonicNanoseconds())))
                    let tag = isTagged ? Tag(call: number, utterance: 1) : nil
                    let target = url + (tag.map { "?tag=\($0.word)" } ?? "")
                    return await Arrival.place(
                        (target, trust), habit: .stays, tag: tag, wheel: wheel, on: loop, over: loop.makePromise())
                }
            }
            return await group.reduce(into: [ArrivalMeasurement]()) { all, call in if let call { all.append(call) } }
        }
        try await Task.sleep(nanoseconds: UInt64(holdS * 1e9))
        let during = ProcessUsage.read(pid: options.pid)
        let (placed, lag) = try await loop.submit {
            wheel.value.stop()
            return (wheel.value.finished, wheel.value.lag)
        }.get()
        return (placed + unplaced, lag, during)
    }
}
