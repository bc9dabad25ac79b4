internal import VoiceEngineCore
package import VoiceEngineSession

/// The server's half of the browser protocol: what happens in a call, as the page is told. Pure; builds whole messages,
/// for events come a few times per second at most. Audio goes beside it: 24 kHz, mono, signed 16-bit little-endian.
package struct BrowserMessageWriter: Sendable {
    /// What the page shows of the conversation.
    package enum Floor: String, Sendable {
        case listening
        case thinking
        case speaking
    }

    /// Names of the stages of `TurnTimeline`, as in `voice_turn_metrics`.
    package static let stages = [
        "endpoint_wait", "transcript_wait", "commit", "llm_first_token", "segment", "tts_request", "tts_first_audio",
        "playout",
    ]

    private var began: Instant?
    private var floor = Floor.listening

    package init() {}

    /// The messages for one event, in order.
    package mutating func messages(for event: SessionEvent) -> [[UInt8]] {
        if event.kind == .started { began = event.time }
        var messages = [message(for: event)].compactMap { $0 }
        if let next = nextFloor(after: event), next != floor {
            floor = next
            messages.append(text("state", event) { $0.put("state", next.rawValue) })
        }
        return messages
    }

    /// Tells the player to drop what it has not played.
    package static func clear(_ number: Int64) -> [UInt8] {
        var writer = JSONWriter(reserving: 32)
        writer.beginObject()
        writer.put("type", "clear")
        writer.put("id", number)
        writer.endObject()
        return writer.bytes
    }

    /// The call was not taken.
    package static func refused(_ refusal: CallRefusal) -> [UInt8] {
        var writer = JSONWriter(reserving: 128)
        writer.beginObject()
        writer.put("type", "refused")
        writer.put("reason", refusal.detail)
        writer.endObject()
        return writer.bytes
    }

    // MARK: -

    private func nextFloor(after event: SessionEvent) -> Floor? {
        switch event.kind {
        case .turnStarted: .thinking
        case .agentStarted: .speaking
        case .agentStopped, .agentHeard: .listening
        case .bargeIn: event.flags.contains(.resumed) ? .speaking : .listening
        case .started, .callerStarted, .callerStopped, .transcript, .agentText, .toolCall, .dtmfIn, .dtmfOut,
            .transfer, .hangUp, .error, .turnMetrics, .slowHost, .closed, .voicemail, .node:
            nil
        }
    }

    private func message(for event: SessionEvent) -> [UInt8]? {
        switch event.kind {
        case .started:
            text("started", event) {
                $0.put("call", event.text)
                $0.put("agent", event.name)
                $0.put("input_rate", BrowserWire.inputRate)
                $0.put("output_rate", BrowserWire.outputRate)
            }
        case .callerStarted: text("voice", event) { $0.put("speaking", true) }
        case .callerStopped: text("voice", event) { $0.put("speaking", false) }
        case .transcript:
            text("transcript", event) {
                $0.put("text", event.text)
                $0.put("final", event.flags.contains(.final))
            }
        case .agentText:
            text("agent_text", event) {
                $0.put("text", event.text)
                $0.put("filler", event.name == "filler")
            }
        case .agentHeard:
            text("heard", event) {
                $0.put("text", event.text)
                $0.put("interrupted", event.flags.contains(.interrupted))
            }
        case .bargeIn: text("barge_in", event) { $0.put("action", Self.action(event.flags)) }
        case .toolCall:
            text("tool", event) {
                $0.put("name", event.name)
                $0.put("arguments", event.text)
            }
        case .dtmfIn: text("digits_in", event) { $0.put("digits", event.text) }
        case .dtmfOut: text("digits_out", event) { $0.put("digits", event.text) }
        case .transfer: text("transfer", event) { $0.put("target", event.text) }
        case .hangUp: text("hangup", event) { $0.put("reason", event.text) }
        case .voicemail: text("voicemail", event) { $0.put("evidence", event.text) }
        case .node: text("node", event) { $0.put("name", event.name) }
        case .error:
            text("error", event) {
                $0.put("name", event.name)
                $0.put("text", event.text)
            }
        case .turnMetrics: event.metrics.map { metrics in text("metrics", event) { Self.put(metrics, into: &$0) } }
        case .closed: text("ended", event) { $0.put("reason", event.text) }
        // The first is in `state`, the others are for hosts.
        case .turnStarted, .agentStarted, .agentStopped, .slowHost: nil
        }
    }

    private static func action(_ flags: SessionEvent.Flags) -> String {
        flags.contains(.resumed) ? "resume" : flags.contains(.confirmed) ? "cut" : "pause"
    }

    private static func put(_ metrics: TurnMetrics, into writer: inout JSONWriter) {
        writer.put("total_ms", milliseconds: metrics.total)
        writer.put("engine_ms", milliseconds: metrics.engineShare)
        writer.put("interrupted", metrics.wasInterrupted)
        writer.key("stages_ms")
        writer.beginObject()
        for (name, time) in zip(stages, metrics.stages) { writer.put(name, milliseconds: time) }
        writer.endObject()
        writer.put("prompt_tokens", metrics.usage.prompt)
        writer.put("completion_tokens", metrics.usage.completion)
    }

    /// - Parameter fill: Adds the members of this type.
    private func text(_ type: String, _ event: SessionEvent, _ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.put("type", type)
        writer.put("time_ms", milliseconds: max(event.time - (began ?? event.time), .zero))
        writer.put("turn", event.turn.number)
        fill(&writer)
        writer.endObject()
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func put(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }

    fileprivate mutating func put(_ key: String, _ value: some BinaryInteger) {
        self.key(key)
        int(value)
    }

    fileprivate mutating func put(_ key: String, _ value: Bool) {
        self.key(key)
        bool(value)
    }

    /// With two decimals.
    fileprivate mutating func put(_ key: String, milliseconds value: Nanoseconds) {
        self.key(key)
        double(Double(value.rawValue / 10_000) / 100)
    }
}
