import Foundation

/// What a burst of calls met. Pure.
struct BurstReport {
    let answered: Int
    let refused: Int
    /// By what went wrong.
    let broken: [String: Int]
    /// [ms] Connection of the webhook → its answer.
    private(set) var webhook = Distribution()
    /// [ms] Connection of the stream → `start` sent: handshakes of TCP, TLS and WebSocket.
    private(set) var handshake = Distribution()
    /// [ms] `start` → the agent's first frame.
    private(set) var firstFrame = Distribution()
    /// [ms] The same, less what the scripted voice took; only with a greeting that is spoken live.
    private(set) var firstFrameOwn = Distribution()
    /// [ms] Connection of the stream → first frame, and connection of the webhook → first frame.
    private(set) var fromConnect = Distribution()
    private(set) var fromCall = Distribution()
    private(set) var lateness = Distribution()
    private(set) var lateFrames = 0

    /// - Parameter voice: [ns] What the scripted voice took for a call's greeting.
    init(_ calls: [ArrivalMeasurement], voice: [Tag: Int64]) {
        answered = calls.count { $0.outcome == .answered }
        refused = calls.count { $0.outcome == .refused }
        var broken: [String: Int] = [:]
        for call in calls { if case .broken(let reason) = call.outcome { broken[reason, default: 0] += 1 } }
        self.broken = broken
        for call in calls {
            lateness.add(call.lateness)
            lateFrames += call.lateFrames
            if let time = ArrivalMeasurement.milliseconds(call.called, call.connecting) { webhook.add(time) }
            if let time = ArrivalMeasurement.milliseconds(call.connecting, call.started) { handshake.add(time) }
            guard let first = ArrivalMeasurement.milliseconds(call.started, call.firstFrame) else { continue }
            firstFrame.add(first)
            if let time = call.tag.flatMap({ voice[$0] }) { firstFrameOwn.add(first - Double(time) / 1e6) }
            if let time = ArrivalMeasurement.milliseconds(call.connecting, call.firstFrame) { fromConnect.add(time) }
            if let time = ArrivalMeasurement.milliseconds(call.called, call.firstFrame) { fromCall.add(time) }
        }
    }

    var lines: [(String, String)] {
        var lines = [
            ("calls answered / refused / broken", "\(answered) / \(refused) / \(broken.values.reduce(0, +))"),
            ("webhook: connection → answer, ms", Self.text(webhook)),
            ("stream: connection → start sent, ms", Self.text(handshake)),
            ("start → first frame, ms", Self.text(firstFrame)),
        ]
        if firstFrameOwn.percentile(50) != nil {
            lines.append(("start → first frame without the voice, ms", Self.text(firstFrameOwn)))
        }
        let within = firstFrame.values.count { $0 <= 100 }
        lines += [
            ("first frame within 100 ms of start", "\(within) of \(firstFrame.values.count)"),
            ("stream's connection → first frame, ms", Self.text(fromConnect)),
            ("webhook's connection → first frame, ms", Self.text(fromCall)),
            ("frames later than 10 ms", "\(lateFrames) of \(lateness.values.count)"),
            ("frames behind their place, ms", Self.text(lateness)),
        ]
        return lines
    }

    var object: [String: Any] {
        [
            "answered": answered, "refused": refused, "broken": broken, "webhook_ms": webhook.object,
            "stream_handshake_ms": handshake.object, "start_to_first_frame_ms": firstFrame.object,
            "start_to_first_frame_own_ms": firstFrameOwn.object, "connect_to_first_frame_ms": fromConnect.object,
            "call_to_first_frame_ms": fromCall.object, "frame_lateness_ms": lateness.object,
            "frames_late_10ms": lateFrames,
        ]
    }

    /// p50 / p95 / p99 / the most.
    static func text(_ values: Distribution) -> String {
        guard let most = values.values.max() else { return "-" }
        return values.text + String(format: " / %.1f", most)
    }
}

/// What the scripted voice took of the time to a first frame. Pure.
enum VoiceLatency {
    /// [ns] Text there → first audio, by call, from the providers' log.
    static func read(_ log: Data) -> [Tag: Int64] {
        var asked: [Tag: Int64] = [:]
        var took: [Tag: Int64] = [:]
        for line in log.split(separator: UInt8(ascii: "\n")) {
            guard let object = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any],
                let event = object["event"] as? String, let time = (object["t"] as? NSNumber)?.int64Value,
                let call = (object["call"] as? NSNumber)?.intValue,
                let utterance = (object["utterance"] as? NSNumber)?.intValue
            else { continue }
            let tag = Tag(call: call, utterance: utterance)
            switch event {
            case "tts_speak" where asked[tag] == nil: asked[tag] = time
            case "tts_first" where took[tag] == nil: took[tag] = asked[tag].map { time - $0 }
            default: break
            }
        }
        return took
    }
}
