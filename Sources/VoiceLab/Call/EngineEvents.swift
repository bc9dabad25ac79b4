import Foundation

/// One line of the host's event log (`voice-host serve --events FILE`).
struct EngineEvent: Equatable, Sendable {
    struct Stage: Equatable, Sendable {
        var name: String
        var nanoseconds: Int64
    }

    var timeNanoseconds: Int64
    var type: String
    var turn: Int
    var text: String
    var flags: [String] = []
    /// The stages of a turn in order; only in `turn_metrics`.
    var stages: [Stage] = []
    var totalNanoseconds: Int64 = 0
    var engineNanoseconds: Int64 = 0

    /// Names and order of the stages, as the public header defines them.
    static let stageNames = [
        "endpoint_wait", "transcript_wait", "commit", "llm_first_token", "segment", "tts_request", "tts_first_audio",
        "playout",
    ]

    /// Reads a line, or nil when it is none (a line that is still being written, another program's output).
    init?(line: some Collection<UInt8>) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
            let time = object["time_ns"] as? NSNumber, let type = object["type"] as? String
        else { return nil }
        timeNanoseconds = time.int64Value
        self.type = type
        turn = (object["turn"] as? NSNumber)?.intValue ?? 0
        text = object["text"] as? String ?? ""
        flags = object["flags"] as? [String] ?? []
        guard let metrics = object["metrics"] as? [String: Any] else { return }
        func value(_ key: String) -> Int64 { (metrics[key] as? NSNumber)?.int64Value ?? 0 }
        stages = Self.stageNames.map { Stage(name: $0, nanoseconds: value($0 + "_ns")) }
        totalNanoseconds = value("total_ns")
        engineNanoseconds = value("engine_ns")
        if turn == 0 { turn = Int(value("turn")) }
    }
}

/// Follows a growing event log.
struct EngineEventLog {
    private let path: String
    private var offset: UInt64 = 0
    private var partial: [UInt8] = []
    /// Older lines belong to earlier calls.
    private let since: Int64

    init(path: String, since: Int64) {
        self.path = path
        self.since = since
    }

    /// The events that were written since the last call.
    mutating func poll() -> [EngineEvent] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        guard (try? file.seek(toOffset: offset)) != nil, let data = try? file.readToEnd() else { return [] }
        offset += UInt64(data.count)
        partial += data
        var events: [EngineEvent] = []
        var lines = partial.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        partial = Array(lines.popLast() ?? [])
        for line in lines {
            if let event = EngineEvent(line: line), event.timeNanoseconds >= since { events.append(event) }
        }
        return events
    }
}

/// Where the time of each turn went, drawn with characters.
enum Waterfall {
    private static let labels = [
        "endpoint_wait": "end of turn", "transcript_wait": "speech-to-text", "commit": "engine: commit",
        "llm_first_token": "model: first token", "segment": "model: sentence", "tts_request": "engine: to speech",
        "tts_first_audio": "text-to-speech", "playout": "engine: play-out",
    ]

    /// One block for each turn; the stages begin where the one before ends, so they add up to the total.
    static func text(of events: [EngineEvent], columns: Int = 48) -> String {
        var out = ""
        for event in events where event.type == "turn_metrics" && event.totalNanoseconds > 0 {
            let total = max(1, event.stages.reduce(0) { $0 + max(0, $1.nanoseconds) })
            out += "turn \(event.turn): caller's last speech to first sample of the reply: "
            out +=
                "\(milliseconds(event.totalNanoseconds)) ms (engine's own share \(milliseconds(event.engineNanoseconds)) ms)\n"
            var position: Int64 = 0
            for stage in event.stages {
                let from = Int(position * Int64(columns) / total)
                position += max(0, stage.nanoseconds)
                let to = max(from, Int(position * Int64(columns) / total))
                let bar =
                    String(repeating: " ", count: from) + (to > from ? String(repeating: "█", count: to - from) : "▏")
                out += "  " + pad(labels[stage.name] ?? stage.name, 20) + pad(bar, columns + 1)
                out += leftPad(milliseconds(stage.nanoseconds), 9) + " ms\n"
            }
            let sum = event.stages.reduce(0) { $0 + $1.nanoseconds }
            if abs(sum - event.totalNanoseconds) > 1_000_000 {
                out += "  the stages add up to \(milliseconds(sum)) ms, not to the total\n"
            }
        }
        return out
    }

    private static func milliseconds(_ nanoseconds: Int64) -> String {
        String(format: "%.1f", Double(nanoseconds) / 1e6)
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func leftPad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
