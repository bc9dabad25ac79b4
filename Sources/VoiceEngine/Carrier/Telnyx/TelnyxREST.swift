internal import VoiceEngineCore
internal import VoiceEngineNet

/// The media stream that a Telnyx call is to have.
struct TelnyxStream: Equatable, Sendable {
    var url: String
    /// The pass of the call.
    var token: String
    var codec: TelnyxAccount.Codec

    /// Members of dial and answer. `rtp`, because anything else takes what we send for MP3 files.
    ///
    /// - Parameter isDial: `answer` knows no token; it comes back in the client state of either.
    func write(to object: inout JSONObject, isDial: Bool) {
        object["stream_url"] = .string(url)
        object["stream_track"] = "inbound_track"
        object["stream_codec"] = .string(codec.rawValue)
        object["stream_bidirectional_mode"] = "rtp"
        object["stream_bidirectional_codec"] = .string(codec.rawValue)
        // Telnyx documents the rate for dial alone; without it L16 would be taken for 8 kHz.
        if codec == .l16 { object["stream_bidirectional_sampling_rate"] = .int(Int64(codec.sampleRate)) }
        if isDial { object["stream_auth_token"] = .string(token) }
    }
}

/// A call that Telnyx is asked to place.
struct TelnyxNewCall: Equatable, Sendable {
    var connectionID: String
    var to: String
    var from: String
    var stream: TelnyxStream
    var state: TelnyxClientState
    /// How long it may ring. [s]
    var timeoutSeconds: Int?
    /// `detect`, `premium`, `greeting_end` …
    var machineDetection: String?
    var webhookURL: String
}

/// The requests of Telnyx's Call Control API (v2), and what its refusals mean. Pure.
struct TelnyxREST: Sendable {
    enum RejectCause: String, Sendable {
        case rejected = "CALL_REJECTED"
        case busy = "USER_BUSY"
    }

    /// What a live call is told.
    enum Command: Equatable, Sendable {
        case answer(TelnyxStream?, TelnyxClientState)
        case reject(RejectCause)
        case hangUp
        case transfer(to: String)
        case sendDigits(String)
        case speak(String, voice: String)
        case startPlayback(PlaybackOrder, TelnyxClientState)
        case stopPlayback(all: Bool)

        var name: String {
            switch self {
            case .answer: "answer"
            case .reject: "reject"
            case .hangUp: "hangup"
            case .transfer: "transfer"
            case .sendDigits: "send_dtmf"
            case .speak: "speak"
            case .startPlayback: "playback_start"
            case .stopPlayback: "playback_stop"
            }
        }

        /// For texts.
        var purpose: String {
            switch self {
            case .answer: "answer"
            case .reject: "reject"
            case .hangUp: "end"
            case .transfer: "transfer"
            case .sendDigits: "key digits in"
            case .speak: "speak in"
            case .startPlayback: "play a recording in"
            case .stopPlayback: "stop the recordings of"
            }
        }

        func write(to object: inout JSONObject) {
            switch self {
            case .answer(let stream, let state):
                stream?.write(to: &object, isDial: false)
                object["client_state"] = .string(state.base64)
            case .reject(let cause): object["cause"] = .string(cause.rawValue)
            case .hangUp: break
            case .transfer(let target): object["to"] = .string(target)
            case .sendDigits(let digits): object["digits"] = .string(digits)
            case .speak(let sentence, let voice):
                object["payload"] = .string(sentence)
                object["voice"] = .string(voice)
                object["payload_type"] = "text"
            case .startPlayback(let order, let state):
                object["audio_url"] = .string(order.url)
                // Not told, some of Telnyx's documents say, it is taken for MP3.
                if PlaybackOrder.place(of: order.url).lowercased().hasSuffix(".wav") { object["audio_type"] = "wav" }
                object["loop"] = order.loop?.json
                object["client_state"] = .string(state.base64)
            case .stopPlayback(let all): object["stop"] = .string(all ? "all" : "current")
            }
        }
    }

    let account: TelnyxAccount

    func dial(_ call: TelnyxNewCall, commandID: String) -> HTTPRequest {
        var object = JSONObject()
        object["connection_id"] = .string(call.connectionID)
        object["to"] = .string(call.to)
        object["from"] = .string(call.from)
        object["webhook_url"] = .string(call.webhookURL)
        object["client_state"] = .string(call.state.base64)
        object["command_id"] = .string(commandID)
        object["timeout_secs"] = call.timeoutSeconds.map { .int(Int64($0)) }
        object["answering_machine_detection"] = call.machineDetection.map { .string($0) }
        call.stream.write(to: &object, isDial: true)
        return request("/v2/calls", object)
    }

    /// - Parameter commandID: The same command under the same id happens once, however often it is sent.
    func command(_ command: Command, call: String, commandID: String) -> HTTPRequest {
        var object = JSONObject()
        command.write(to: &object)
        object["command_id"] = .string(commandID)
        return request("/v2/calls/\(PercentEncoding.encoded(call))/actions/\(command.name)", object)
    }

    private func request(_ path: String, _ body: JSONObject) -> HTTPRequest {
        HTTPRequest(
            "POST", account.baseURL.appending(path: path),
            headers: HeaderList([
                ("Authorization", "Bearer " + account.apiKey), ("Accept", "application/json"),
                ("Content-Type", "application/json"),
            ]), body: JSONValue.object(body).serialized())
    }

    // MARK: Refusals

    /// The call is over already, or never was.
    static func saysCallIsOver(_ answer: RESTAnswer) -> Bool { answer.status == 404 || saysCallHasEnded(answer) }

    private static func saysCallHasEnded(_ answer: RESTAnswer) -> Bool {
        answer.status == 422 && errors(answer).contains { $0.code == "90018" }
    }

    static func refusal(_ answer: RESTAnswer, _ purpose: String) -> CallControlError {
        let first = errors(answer).first
        let code = first.map { $0.code.isEmpty ? "" : " (error \($0.code))" } ?? ""
        let text = first.map { $0.text.isEmpty ? "" : ": \($0.text)" } ?? ""
        let hasEnded = saysCallHasEnded(answer)
        let advice = hasEnded ? "" : Self.advice(answer.status).map { ". " + $0 } ?? ""
        return CallControlError(
            description: CarrierText.line("\(purpose): Telnyx answered \(answer.status)\(code)\(text)\(advice)"),
            isCallOver: hasEnded)
    }

    private static func errors(_ answer: RESTAnswer) -> [(code: String, text: String)] {
        (answer.json?["errors"]?.array ?? []).prefix(4).map { error in
            let texts = [error["title"]?.string, error["detail"]?.string].compactMap { $0 }
            return (error["code"]?.lenientString ?? "", String(texts.joined(separator: ": ").prefix(300)))
        }
    }

    private static func advice(_ status: Int) -> String? {
        switch status {
        case 401: "Is TELNYX_API_KEY right?"
        case 403: "May this account call there? See the outbound voice profile of the connection"
        case 404: "Is the call over, or the base_url another account's?"
        case 422: "To place a call takes a Call Control application, and one of its numbers as `from`"
        case 429: "Too many requests: place fewer calls per second, or ask Telnyx for a higher limit"
        case 500...599: "Telnyx has trouble; see status.telnyx.com. Whether it has acted is not known"
        default: nil
        }
    }
}
