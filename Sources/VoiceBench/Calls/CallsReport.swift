import Foundation
import VoiceBenchScript

/// A level in words and as an object for the JSON report.
enum CallsReport {
    static func text(_ level: CallsLevel) -> String {
        let (tally, times) = (level.tally, level.times)
        let memory = level.memoryPerFurtherCall
        return """
            \(level.calls) calls, \(number(level.seconds, 1)) s\(level.isHealthy ? "" : " (not healthy)")
              CPU s per call-minute    \(number(level.perCallMinute(times.process), 4)) \
            (engine \(number(level.perCallMinute(level.engineCPU), 4)), of it loops \
            \(number(level.perCallMinute(times.loops), 4)); host \(number(level.perCallMinute(times.host), 4)))
              core busy                \(number(level.busyPercent(times.process), 1)) % \
            (loops \(number(level.busyPercent(times.loops), 1)) %, host \(number(level.busyPercent(times.host), 1)) %)
              pulls late               \(tally.lateness.milliseconds) ms, over 10 ms: \
            \(percent(tally.lateness.share(above: 10_000_000)))
              ticks late               over 1 ms: \(percent(level.ticksLater(than: 1))), over 10 ms: \
            \(percent(level.ticksLater(than: 10))), of \(level.ticks.count)
              silent frames in speech  \(tally.gaps) of \(tally.frames) frames
              engine's share of a turn \(tally.engineShare.milliseconds) ms
              interruption -> silence  \(tally.cuts.milliseconds) ms
              create                   \(level.creation.milliseconds) ms, \(level.creation.count) sessions
              turns answered           \(tally.answered) of \(tally.turns) in \(tally.calls) whole calls
              memory of a further call \(number(memory.resident / 1_024, 1)) KB resident, \
            \(number(memory.allocated / 1_024, 1)) KB allocated; process \(level.memory.resident >> 20) MB
              errors                   \(tally.errors) events, \(tally.refusals) frames refused, \
            \(level.failures.count) sessions not made\(level.failures.first.map { ": \($0)" } ?? "")

            """
    }

    static func object(_ level: CallsLevel) -> [String: Any] {
        let (tally, times) = (level.tally, level.times)
        let memory = level.memoryPerFurtherCall
        return [
            "calls": level.calls, "seconds": level.seconds, "healthy": level.isHealthy,
            "cpu_seconds": [
                "process": times.process, "loops": times.loops, "host": times.host, "engine": level.engineCPU,
            ],
            "cpu_seconds_per_call_minute": [
                "process": level.perCallMinute(times.process), "loops": level.perCallMinute(times.loops),
                "host": level.perCallMinute(times.host), "engine": level.perCallMinute(level.engineCPU),
            ],
            "core_busy_percent": level.busyPercent(times.process),
            "pull_lateness_ms": tally.lateness.object,
            "pulls_over_10_ms": tally.lateness.share(above: 10_000_000),
            "ticks": [
                "count": level.ticks.count,
                "later_than_ms": Dictionary(
                    uniqueKeysWithValues: level.ticks.later.map { (number($0.milliseconds, 1), $0.share) }),
            ] as [String: Any],
            "frames": tally.frames, "silent_frames_in_speech": tally.gaps, "engine_share_ms": tally.engineShare.object,
            "interruption_to_silence_ms": tally.cuts.object, "first_audio_ms": tally.firstAudio.object,
            "create_ms": level.creation.object, "whole_calls": tally.calls, "turns": tally.turns,
            "turns_answered": tally.answered, "resident_bytes": level.memory.resident,
            "bytes_per_further_call": ["resident": memory.resident, "allocated": memory.allocated],
            "error_events": tally.errors, "frames_refused": tally.refusals, "sessions_not_made": level.failures.count,
        ]
    }

    static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    static func percent(_ share: Double) -> String { String(format: "%.3f %%", share * 100) }
}

extension DurationCounts {
    /// p50 / p95 / p99 / largest.
    var milliseconds: String {
        guard count > 0 else { return "-" }
        let values = [50.0, 95, 99].map { Double(percentile($0) ?? 0) / 1e6 } + [Double(largest) / 1e6]
        return values.map { String(format: $0 < 10 ? "%.3f" : "%.1f", $0) }.joined(separator: " / ")
    }

    /// [ms]
    var object: [String: Any] {
        guard count > 0 else { return ["count": 0] }
        func value(_ percent: Double) -> Double { Double(percentile(percent) ?? 0) / 1e6 }
        return [
            "count": count, "p50": value(50), "p95": value(95), "p99": value(99), "p99.9": value(99.9),
            "max": Double(largest) / 1e6,
        ]
    }
}

/// Writes the report of a command.
enum ReportFile {
    static func write(_ report: [String: Any], to path: String) throws {
        let json = try JSONSerialization.data(
            withJSONObject: report, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try json.write(to: URL(fileURLWithPath: path))
        print("Report: \(path)")
    }
}
