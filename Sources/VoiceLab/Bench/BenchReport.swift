import Foundation

/// The result of one level of load.
struct BenchLevel: Sendable {
    var calls: Int
    /// CLOCK_MONOTONIC.
    var windowBegan: Int64
    var windowSeconds: Double
    var measurements: [BenchMeasurement]
    /// The level before: its calls and the resident bytes at its end.
    var below: (calls: Int, residentBytes: Int)?
    var before: ProcessUsage?
    var windowBegin: ProcessUsage?
    var windowEnd: ProcessUsage?
    /// The laboratory: how late the callers' wheel was, and the CPU seconds of callers and providers in the window.
    var lag: Distribution
    var labCPUSeconds: Double
    var failures: [String]

    var engineCPUSeconds: Double? {
        guard let begin = windowBegin, let end = windowEnd else { return nil }
        return end.cpuSeconds - begin.cpuSeconds
    }

    /// CPU seconds of the engine for a minute of one call.
    var cpuPerCallMinute: Double? {
        engineCPUSeconds.map { $0 / (Double(calls) * windowSeconds / 60) }
    }

    /// Turns that were answered in a minute of the window.
    var turnsPerMinute: Double {
        let window = windowBegan...windowBegan + Int64(windowSeconds * 1e9)
        let turns = measurements.flatMap(\.turns).count { $0.firstFrame.map(window.contains) ?? false }
        return Double(turns) * 60 / windowSeconds
    }

    /// CPU seconds of the engine for a turn, what lies between turns included.
    var cpuPerTurn: Double? {
        engineCPUSeconds.flatMap { turnsPerMinute > 0 ? $0 / (turnsPerMinute * windowSeconds / 60) : nil }
    }

    var callsPerCore: Double? { cpuPerCallMinute.flatMap { $0 > 0 ? 60 / $0 : nil } }

    /// [KB] What a further call adds to the level before; at the first level what a call adds to a host that has had none,
    /// with all that is made once.
    var kilobytesPerCall: Double? {
        guard let (few, less) = below ?? before.map({ (0, $0.residentBytes) }), let windowEnd, calls > few else {
            return nil
        }
        return Double(windowEnd.residentBytes - less) / 1_024 / Double(calls - few)
    }

    /// The threads that used most, in CPU seconds of the window.
    var threads: [(name: String, seconds: Double)] {
        guard let begin = windowBegin, let end = windowEnd else { return [] }
        return end.threads.map { ($0.key, $0.value - (begin.threads[$0.key] ?? 0)) }.filter { $0.1 > 0.005 }
            .sorted { $0.1 > $1.1 }
    }
}

/// Tables for people and JSON for programs.
enum BenchReport {
    static func text(of level: BenchLevel, _ shares: ProviderJoin.Shares) -> String {
        let all = level.measurements
        let frames = all.reduce(0) { $0 + $1.frames }
        let late = all.reduce(0) { $0 + $1.lateFrames }
        let bargeIn = milliseconds(all.flatMap(\.bargeInToLastSample))
        let clear = milliseconds(all.flatMap(\.bargeInToClear))
        var lines: [(String, String)] = [
            ("calls finished / all turns answered", "\(all.count) / \(all.count(where: \.isWhole))"),
            ("turns / unanswered / speculative", "\(shares.turns) / \(shares.unanswered) / \(shares.speculative)"),
            ("caller's end → reply, ms", shares.voiceToVoice.text),
            ("caller's end → LLM request, ms", shares.speechEndToRequest.text),
            ("engine: final transcript → LLM request, ms", shares.commit.text),
            ("engine: sentence → TTS request, ms", shares.toSpeech.text),
            ("engine: TTS first byte → first frame, ms", shares.playout.text),
            ("engine's own share of a turn, ms", shares.total.text),
            ("barge-in: voice → last agent sample, ms", bargeIn.text),
            ("barge-in: voice → clear, ms", clear.text),
            ("frames later than 10 ms", percent(late, frames) + " of \(frames)"),
            ("frames after the queue ran dry", "\(all.reduce(0) { $0 + $1.gaps })"),
            (
                "stale frames / foreign tones",
                "\(all.reduce(0) { $0 + $1.staleFrames }) / \(all.reduce(0) { $0 + $1.wrongTones })"
            ),
        ]
        if let cpu = level.cpuPerCallMinute, let seconds = level.engineCPUSeconds {
            lines.append(("engine: CPU s per call-minute", String(format: "%.4f", cpu)))
            lines.append(("engine: cores busy", String(format: "%.2f", seconds / level.windowSeconds)))
            lines.append(
                (
                    "turns a minute / CPU s per turn",
                    String(format: "%.0f / %.3f", level.turnsPerMinute, level.cpuPerTurn ?? 0)
                ))
            lines.append(("calls per core, by CPU", level.callsPerCore.map { String(format: "%.0f", $0) } ?? "-"))
        }
        if let kilobytes = level.kilobytesPerCall {
            lines.append(("memory of a further call, KB", String(format: "%.0f", kilobytes)))
        }
        lines.append(("the lab's own lag, ms", level.lag.text))
        lines.append(("the lab's own cores busy", String(format: "%.2f", level.labCPUSeconds / level.windowSeconds)))
        let violations = all.flatMap(\.violations)
        var text = "\n\(level.calls) calls, \(Int(level.windowSeconds)) s measured      (p50 / p95 / p99)\n"
        for (name, value) in lines {
            text += "  " + name.padding(toLength: 46, withPad: " ", startingAt: 0) + value + "\n"
        }
        for problem in Set(violations + level.failures).sorted().prefix(5) { text += "  ! \(problem)\n" }
        if (level.lag.percentile(99) ?? 0) > 5 {
            text += "  ! the lab was short of CPU itself: its lag is part of the figures above\n"
        }
        return text
    }

    static func object(of level: BenchLevel, _ shares: ProviderJoin.Shares) -> [String: Any] {
        let all = level.measurements
        var lateness = Distribution()
        for call in all { lateness.add(call.lateness) }
        var object: [String: Any] = [
            "calls": level.calls, "window_began_ns": level.windowBegan, "window_s": level.windowSeconds,
            "calls_finished": all.count,
            "calls_whole": all.count(where: \.isWhole), "turns": shares.turns, "turns_unanswered": shares.unanswered,
            "turns_speculative": shares.speculative, "segments_early": shares.early,
            "voice_to_voice_ms": shares.voiceToVoice.object,
            "speech_end_to_llm_request_ms": shares.speechEndToRequest.object,
            "engine_commit_ms": shares.commit.object, "engine_to_speech_ms": shares.toSpeech.object,
            "engine_playout_ms": shares.playout.object, "engine_total_ms": shares.total.object,
            "barge_in_to_last_sample_ms": milliseconds(all.flatMap(\.bargeInToLastSample)).object,
            "barge_in_to_clear_ms": milliseconds(all.flatMap(\.bargeInToClear)).object,
            "frames": all.reduce(0) { $0 + $1.frames }, "frames_late_10ms": all.reduce(0) { $0 + $1.lateFrames },
            "frame_lateness_ms": lateness.object, "frames_after_dry_queue": all.reduce(0) { $0 + $1.gaps },
            "stale_frames": all.reduce(0) { $0 + $1.staleFrames },
            "foreign_tones": all.reduce(0) { $0 + $1.wrongTones },
            "lab_lag_ms": level.lag.object, "lab_cpu_s": level.labCPUSeconds,
            "problems": Array(Set(all.flatMap(\.violations) + level.failures)).sorted(),
        ]
        object["engine_cpu_s"] = level.engineCPUSeconds
        object["cpu_s_per_call_minute"] = level.cpuPerCallMinute
        object["calls_per_core"] = level.callsPerCore
        object["turns_per_minute"] = level.turnsPerMinute
        object["cpu_s_per_turn"] = level.cpuPerTurn
        object["kb_per_call"] = level.kilobytesPerCall
        object["resident_kb"] = level.windowEnd.map { $0.residentBytes / 1_024 }
        object["resident_kb_before"] = level.before.map { $0.residentBytes / 1_024 }
        object["engine_threads"] = level.threads.map { ["name": $0.name, "cpu_s": $0.seconds] }
        return object
    }

    private static func milliseconds(_ nanoseconds: [Int64]) -> Distribution {
        var distribution = Distribution()
        for value in nanoseconds { distribution.add(Double(value) / 1e6) }
        return distribution
    }

    private static func percent(_ part: Int, _ whole: Int) -> String {
        whole == 0 ? "-" : String(format: "%.3f %%", 100 * Double(part) / Double(whole))
    }
}
