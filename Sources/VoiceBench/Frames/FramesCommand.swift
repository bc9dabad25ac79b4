import ArgumentParser
import CVoiceBench
import Foundation

/// `voice-bench frames`: what a frame costs, without a clock.
struct FramesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frames", abstract: "A frame's way through a session in virtual time, for counting.",
        discussion: """
            Allocations are counted here. Instructions are counted by valgrind: `voice_bench_mark` is called before and \
            after the frames of each case, so that --dump-before=voice_bench_mark gives each case a profile of its own \
            (scripts/check/gate.sh). The time is only told for orientation.
            """)

    @Option(help: "Frames of 20 ms that are counted, of each session.")
    var frames = 400

    @Option(help: "Sessions side by side, as many cases.")
    var sessions = "1,10"

    @Option(help: "Only cases whose name begins so, such as pull/agent.")
    var only = ""

    @Option(help: "File for the report as JSON.")
    var out: String?

    /// Until what is made lazily is made, and the agent's voice is audible.
    private static let warmUp = 50

    private struct Case {
        let path: String
        let situation: FrameSituation
        let sessions: Int
        var name: String { "\(path)/\(situation.rawValue)/\(sessions)" }
    }

    private struct Finding {
        let name: String
        let frames: Int
        let allocations: Int64
        let nanoseconds: Int64
    }

    private var counts: [Int] { sessions.split(separator: ",").compactMap { Int($0) } }

    func validate() throws {
        guard (10...1_000).contains(frames) else { throw ValidationError("--frames: 10 to 1000") }
        guard !counts.isEmpty, counts.allSatisfy({ (1...1_000).contains($0) }) else {
            throw ValidationError("--sessions: numbers from 1 to 1000, separated by commas")
        }
    }

    func run() throws {
        var findings: [Finding] = []
        for path in ["pull", "twilio"] {
            for situation in FrameSituation.allCases {
                for sessions in counts {
                    let one = Case(path: path, situation: situation, sessions: sessions)
                    if one.name.hasPrefix(only) { findings.append(try measure(one)) }
                }
            }
        }
        guard let out else { return }
        try ReportFile.write(
            [
                "command": "frames",
                "cases": findings.map { finding in
                    [
                        "name": finding.name, "frames": finding.frames, "allocations": finding.allocations,
                        "nanoseconds": finding.nanoseconds,
                    ] as [String: Any]
                },
            ], to: out)
    }

    private func measure(_ one: Case) throws -> Finding {
        let paths: [any FramePath] = try (0..<one.sessions).map { _ -> any FramePath in
            if one.path == "pull" { return try HostedPath(one.situation) }
            return try TwilioPath(one.situation)
        }
        for _ in 0..<Self.warmUp { for path in paths { _ = path.frame() } }
        let heard = paths.reduce(0) { $0 + $1.heard }
        let spoken = paths.reduce(0) { $0 + $1.spoken }
        var allocations: Int64 = 0
        voice_bench_mark()
        let began = monotonicNanoseconds()
        for _ in 0..<frames { for path in paths { allocations += path.frame() } }
        let time = monotonicNanoseconds() - began
        voice_bench_mark()
        let count = frames * one.sessions
        // It really went all the way; two frames of the caller may be taken at once, and on a wire frames leave by
        // threes.
        let given = paths.reduce(0) { $0 + $1.heard } - heard
        let came = paths.reduce(0) { $0 + $1.spoken } - spoken
        guard abs(given - count * 160) <= 160 * one.sessions,
            one.situation != .agent || came >= count - 3 * one.sessions
        else {
            throw FramePathError(
                description: "\(one.name): of \(count) frames \(given / 160) were heard and \(came) spoken")
        }
        let perFrame = CallsReport.number(Double(allocations) / Double(count), 3)
        print("\(one.name): \(perFrame) allocations per frame, \(time / Int64(count)) ns")
        return Finding(name: one.name, frames: count, allocations: allocations, nanoseconds: time)
    }
}
