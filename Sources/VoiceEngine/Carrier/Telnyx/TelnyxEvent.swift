internal import VoiceEngineCore

/// One webhook of Telnyx's Call Control. Pure.
struct TelnyxEvent: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// Somebody calls; the call is parked until it is answered.
        case incoming
        /// A call that we placed is on its way.
        case dialled
        case answered
        /// With Telnyx's word for the cause.
        case hungUp(cause: String, source: String)
        case speakEnded(status: String)
        /// What became of a recording, with its address; empty where Telnyx does not name it.
        case playback(PlaybackStateMachine.Event, url: String)
        case digit(String)
        /// Who has answered, in Telnyx's words.
        case machine(String)
        /// The end of a machine's greeting.
        case greetingEnded(String)
        case streamStarted
        case streamStopped
        case streamFailed(String)
        /// Known, and nothing to do about it; or not known.
        case other(String)
    }

    /// A webhook that comes twice has the same.
    let id: String
    let kind: Kind
    let call: String
    let state: TelnyxClientState
    let from: String
    let to: String

    struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        let description: String
    }

    init(_ body: [UInt8]) throws(Problem) {
        let json: JSONValue
        do {
            json = try JSONValue.parse(body, limits: JSONLimits(depth: 32, size: 1 << 20))
        } catch {
            throw Problem(description: "body: \(error)")
        }
        guard let data = json["data"], data.object != nil else {
            throw Problem(description: "data: expected an object")
        }
        guard let id = data["id"]?.string, (1...128).contains(id.utf8.count) else {
            throw Problem(description: "data.id: expected a text of 1 to 128 bytes")
        }
        guard let type = data["event_type"]?.string else {
            throw Problem(description: "data.event_type: expected a text")
        }
        guard let payload = data["payload"], payload.object != nil else {
            throw Problem(description: "data.payload: expected an object")
        }
        guard let call = payload["call_control_id"]?.string, (1...256).contains(call.utf8.count) else {
            throw Problem(description: "data.payload.call_control_id: expected a text of 1 to 256 bytes")
        }
        self.id = id
        self.call = call
        state = TelnyxClientState(payload["client_state"]?.string)
        from = String((payload["from"]?.lenientString ?? "").prefix(256))
        to = String((payload["to"]?.lenientString ?? "").prefix(256))
        kind = Self.kind(type, payload)
    }

    private static func kind(_ type: String, _ payload: JSONValue) -> Kind {
        func text(_ key: String) -> String { String((payload[key]?.lenientString ?? "").prefix(128)) }
        switch type {
        case "call.initiated": return payload["direction"]?.string == "outgoing" ? .dialled : .incoming
        case "call.answered": return .answered
        case "call.hangup": return .hungUp(cause: text("hangup_cause"), source: text("hangup_source"))
        case "call.speak.ended": return .speakEnded(status: text("status"))
        case "call.playback.started": return .playback(.started, url: url(payload))
        case "call.playback.ended":
            let cause = playbackCause(text("status"), detail: text("status_detail"))
            return .playback(.ended(cause), url: url(payload))
        case "call.dtmf.received": return .digit(text("digit"))
        case "call.machine.detection.ended", "call.machine.premium.detection.ended": return .machine(text("result"))
        case "call.machine.greeting.ended", "call.machine.premium.greeting.ended":
            return .greetingEnded(text("result"))
        case "streaming.started": return .streamStarted
        case "streaming.stopped": return .streamStopped
        case "streaming.failed": return .streamFailed(text("failure_reason"))
        case let other: return .other(String(other.prefix(64)))
        }
    }

    private static func url(_ payload: JSONValue) -> String {
        guard let url = payload["media_url"]?.string, url.utf8.count <= PlaybackOrder.longestURL else { return "" }
        return url
    }

    private static func playbackCause(_ status: String, detail: String) -> PlaybackStateMachine.Cause {
        switch status {
        case "completed": .completed
        case "cancelled", "cancelled_amd": .stopped
        case "call_hangup": .callEnded
        case let other:
            .failed(CarrierText.line([other, detail].filter { !$0.isEmpty }.joined(separator: ": ")))
        }
    }
}

extension TelnyxEvent.Kind {
    /// What the event tells of who has answered; nil: nothing.
    var finding: AnswerFinding? {
        switch self {
        case .machine("human"), .machine("human_residence"), .machine("human_business"): .person
        case .machine("machine"): .machine
        case .machine("fax_detected"): .fax
        // Nobody spoke: who that was is not known.
        case .machine: .unknown
        case .greetingEnded("beep_detected"), .greetingEnded("no_beep_detected"), .greetingEnded("ended"):
            .greetingEnded
        case .greetingEnded: .unknown
        case .incoming, .dialled, .answered, .hungUp, .speakEnded, .playback, .digit, .streamStarted,
            .streamStopped, .streamFailed, .other:
            nil
        }
    }
}

/// What we give Telnyx with a call, and get back in each of its webhooks and in the `start` of its stream. Pure.
struct TelnyxClientState: Equatable, Sendable {
    /// The pass of the call's stream.
    var token: String?
    /// Of a call that we placed.
    var placedCall: String?
    /// Of the recording that was begun last.
    var playback: String?

    init(token: String? = nil, placedCall: String? = nil, playback: String? = nil) {
        self.token = token
        self.placedCall = placedCall
        self.playback = playback
    }

    /// Reads what Telnyx sends back; what is not ours is empty.
    init(_ base64: String?) {
        guard let base64, base64.utf8.count <= 4_096, let bytes = Base64Text.decode(base64),
            let json = try? JSONValue.parse(bytes, limits: JSONLimits(depth: 4, size: 4_096))
        else { return }
        token = json[StreamParameter.token]?.string
        placedCall = json[StreamParameter.placedCall]?.string
        playback = json["playback"]?.string
    }

    /// Telnyx takes base64 alone.
    var base64: String {
        var object = JSONObject()
        object[StreamParameter.token] = token.map { .string($0) }
        object[StreamParameter.placedCall] = placedCall.map { .string($0) }
        object["playback"] = playback.map { .string($0) }
        return Base64Text.encode(JSONValue.object(object).serialized())
    }
}
