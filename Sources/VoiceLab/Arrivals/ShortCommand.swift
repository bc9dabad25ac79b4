import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// `voice-lab short`: very many calls of a few frames.
struct ShortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "short", abstract: "Places very many short calls and looks at the host's memory.",
        discussion: """
            A call is a webhook, a stream, a few frames and the agent's first one; then the caller hangs up. Exit status 1 \
            when the host's memory grows with the calls, when calls, connections or descriptors are left over, or when more \
            than one call in a thousand was not answered.
            """)

    @OptionGroup var options: ArrivalOptions

    @Option(help: "Calls.")
    var calls = 100_000

    @Option(help: "Calls at the same time.")
    var atOnce = 32

    @Option(help: "Frames that the caller sends.")
    var frames = 5

    func validate() throws {
        guard (100...10_000_000).contains(calls), (1...1_000).contains(atOnce), (0...1_000).contains(frames) else {
            throw ValidationError("--calls: 100 to 10000000; --at-once: 1 to 1000; --frames: up to 1000")
        }
    }

    /// How it goes, kept on the event loop.
    private final class Progress {
        var placed = 0
        var done = 0
        var answered = 0
        var refused = 0
        var broken: [String: Int] = [:]
        var memory: [(calls: Int, bytes: Int)] = []
        var firstFrame = Distribution()

        func add(_ call: ArrivalMeasurement) {
            switch call.outcome {
            case .answered: answered += 1
            case .refused: refused += 1
            case .broken(let reason): broken[reason, default: 0] += 1
            }
            if let time = ArrivalMeasurement.milliseconds(call.started, call.firstFrame) { firstFrame.add(time) }
        }
    }

    func run() async throws {
        try options.pin()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let trust = try options.trust()
        let descriptors = ProcessUsage.descriptors(pid: options.pid)
        let began = monotonicNanoseconds()
        let progress = try await place(trust: trust, on: loop)
        let seconds = Double(monotonicNanoseconds() - began) / 1e9
        // Connections that the callers closed are gone a moment later.
        try await Task.sleep(nanoseconds: 2_000_000_000)
        let left = await options.gauge("voice_engine_calls", trust: trust, on: loop)
        let descriptorsLeft = ProcessUsage.descriptors(pid: options.pid)
        try report(progress, seconds: seconds, left: left, descriptors: (descriptors, descriptorsLeft))
    }

    private func place(trust: LabTLSContext?, on loop: any EventLoop) async throws -> Progress {
        let bound = try await loop.submit {
            let wheel = CallWheel<ArrivalCall>(on: loop)
            wheel.start()
            return (NIOLoopBound(wheel, eventLoop: loop), NIOLoopBound(Progress(), eventLoop: loop))
        }.get()
        let (wheel, progress) = bound
        let (url, all, pid, frames) = (options.url, calls, options.pid, frames)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<atOnce {
                group.addTask {
                    while (try? await Self.next(of: all, in: progress, on: loop)) == true {
                        let over = loop.makePromise(of: Void.self)
                        let failed = await Arrival.place(
                            (url, trust), habit: .hurries(frames: frames), tag: nil, wheel: wheel, on: loop, over: over)
                        try? await over.futureResult.get()
                        loop.execute { Self.finished(failed, of: all, pid: pid, wheel.value, progress.value) }
                    }
                }
            }
        }
        return try await loop.submit { () -> Shared<Progress> in
            wheel.value.stop()
            for call in wheel.value.takeFinished() { progress.value.add(call) }
            return Shared(progress.value)
        }.get().value
    }

    private static func next(
        of all: Int, in progress: NIOLoopBound<Progress>, on loop: any EventLoop
    ) async throws -> Bool {
        try await loop.submit {
            guard progress.value.placed < all else { return false }
            progress.value.placed += 1
            return true
        }.get()
    }

    private static func finished(
        _ failed: ArrivalMeasurement?, of all: Int, pid: Int, _ wheel: CallWheel<ArrivalCall>, _ progress: Progress
    ) {
        if let failed { progress.add(failed) }
        for call in wheel.takeFinished() { progress.add(call) }
        progress.done += 1
        guard progress.done * 20 / all > (progress.done - 1) * 20 / all, let usage = ProcessUsage.read(pid: pid) else {
            return
        }
        progress.memory.append((progress.done, usage.residentBytes))
        print("  \(progress.done) calls: \(usage.residentBytes >> 10) KB, \(Int(usage.cpuSeconds)) s of CPU")
        fflush(nil)
    }

    private func report(
        _ progress: Progress, seconds: Double, left: Int?, descriptors: (before: Int?, after: Int?)
    ) throws {
        let trend = MemoryTrend(samples: progress.memory)
        let broken = progress.broken.values.reduce(0, +)
        print(
            """

            \(calls) short calls, \(atOnce) at a time, \(options.ca == nil ? "plain text" : "TLS")
              answered / refused / broken                   \(progress.answered) / \(progress.refused) / \(broken)
              calls a second                                \(Int(Double(calls) / seconds))
              start → first frame, ms                       \(BurstReport.text(progress.firstFrame))
              growth in the second half, KB                 \(trend.growth >> 10) \(trend.isFlat ? "(flat)" : "(GROWS)")
              bytes a call                                  \(String(format: "%.1f", trend.bytesPerCall))
              calls left over                               \(left.map { "\($0)" } ?? "unknown")
              descriptors before → after                    \(descriptors.before ?? -1) → \(descriptors.after ?? -1)
            """)
        for (reason, count) in progress.broken.sorted(by: { $0.value > $1.value }).prefix(5) {
            print("  ! \(count) × \(reason)")
        }
        try options.write([
            "calls": calls, "at_once": atOnce, "answered": progress.answered, "refused": progress.refused,
            "broken": progress.broken, "seconds": seconds, "start_to_first_frame_ms": progress.firstFrame.object,
            "memory": progress.memory.map { ["calls": $0.calls, "kb": $0.bytes >> 10] },
            "growth_kb": trend.growth >> 10, "bytes_per_call": trend.bytesPerCall, "flat": trend.isFlat,
            "calls_left": left ?? -1, "descriptors_before": descriptors.before ?? -1,
            "descriptors_after": descriptors.after ?? -1, "wire": options.ca == nil ? "plain" : "TLS",
        ])
        // Idle connections to providers and the one that was asked for the gauge may still be there.
        let isClean = left == 0 && (descriptors.after ?? .max) <= (descriptors.before ?? 0) + atOnce
        guard trend.isFlat, isClean, progress.answered * 1_000 >= calls * 999 else { throw ExitCode.failure }
    }
}
