public import CVoiceEngine
internal import VoiceEngineCarrier
internal import VoiceEngineCore
internal import VoiceEngineSession

// voice_session_*: checks, copies and hands over; the contract is in voice_engine.h.

@implementation @_cdecl("voice_session_create")
public func voice_session_create(
    _ engine: OpaquePointer!, _ config: UnsafePointer<voice_session_config>!,
    _ callbacks: UnsafePointer<voice_session_callbacks>!, _ out: UnsafeMutablePointer<OpaquePointer?>!
) -> voice_status {
    out?.pointee = nil
    return exported { () throws(VoiceError) in
        let engine = try Handles.engine(engine)
        guard let out else { throw VoiceError(.badArgument, "out: expected a place for the handle, found NULL") }
        let host = try HostCallbacks(callbacks)
        let config = try ConfigReader.copy(config, as: voice_session_config(), named: "voice_session_config")
        out.pointee = try startSession(engine, config, host)
    }
}

private func startSession(
    _ engine: Engine, _ config: voice_session_config, _ host: HostCallbacks
) throws(VoiceError) -> OpaquePointer? {
    let playout = try SessionConfigReader.playout(config, host)
    let request = try SessionConfigReader.read(config, pulls: playout == .pull)
    let box = HandleBox()
    let events = try EventQueue(dispatcher: engine.dispatcher, to: host.destination(box))
    var started: Call?
    try engine.startCall(request, playout: host.playout(playout, box), events: events) { call in
        box.token = Handles.sessions.insert(SessionEntry(call: call))
        started = call
    }
    guard let token = box.token else {
        started?.destroy()
        throw VoiceError(.limit, "too many session handles are alive; destroy those whose sessions have ended")
    }
    return token
}

@implementation @_cdecl("voice_session_push_audio")
public func voice_session_push_audio(_ session: OpaquePointer!, _ audio: UnsafeRawPointer!, _ bytes: Int)
    -> voice_status
{
    exported { () throws(VoiceError) in
        let call = try Handles.session(session).call
        guard let audio, bytes >= 1, bytes <= VOICE_MAX_PUSH_BYTES else {
            throw VoiceError(.badArgument, "audio, bytes \(bytes): expected 1 to \(VOICE_MAX_PUSH_BYTES) bytes")
        }
        guard let ports = call.ports else {
            throw VoiceError(.unsupported, "a server's call takes its audio from its carrier")
        }
        if call.hasEnded { throw VoiceError(.closed, "the session has ended") }
        let isWhole: Bool
        do throws(HostAudioError) {
            isWhole = try ports.push(UnsafeRawBufferPointer(start: audio, count: bytes))
        } catch {
            throw VoiceError(error)
        }
        guard isWhole else {
            throw VoiceError(.overrun, "more than one second of caller audio was waiting; the oldest was dropped")
        }
    }
}

@implementation @_cdecl("voice_session_pull_audio")
public func voice_session_pull_audio(_ session: OpaquePointer!, _ audio: UnsafeMutableRawPointer!, _ bytes: Int)
    -> voice_status
{
    exported { () throws(VoiceError) in
        let call = try Handles.session(session).call
        guard let audio, bytes >= 1, bytes <= VOICE_MAX_PULL_BYTES else {
            throw VoiceError(.badArgument, "audio, bytes \(bytes): expected 1 to \(VOICE_MAX_PULL_BYTES) bytes")
        }
        guard let ports = call.ports else { throw VoiceError(.unsupported, "a server's call plays on its carrier") }
        let buffer = UnsafeMutableRawBufferPointer(start: audio, count: bytes)
        if call.hasEnded {
            ports.silence(into: buffer)
            throw VoiceError(.closed, "the session has ended")
        }
        do throws(HostAudioError) {
            try ports.pull(into: buffer)
        } catch {
            throw VoiceError(error)
        }
    }
}

@implementation @_cdecl("voice_session_barge_in")
public func voice_session_barge_in(_ session: OpaquePointer!) -> voice_status {
    exported { () throws(VoiceError) in try Handles.session(session).call.bargeIn() }
}

@implementation @_cdecl("voice_session_say")
public func voice_session_say(_ session: OpaquePointer!, _ text: UnsafePointer<CChar>!) -> voice_status {
    exported { () throws(VoiceError) in
        let call = try Handles.session(session).call
        try call.say(try ConfigReader.requiredText(text, named: "text", most: 8_192))
    }
}

@implementation @_cdecl("voice_session_send_text")
public func voice_session_send_text(_ session: OpaquePointer!, _ user_text: UnsafePointer<CChar>!) -> voice_status {
    exported { () throws(VoiceError) in
        let call = try Handles.session(session).call
        try call.sendText(try ConfigReader.requiredText(user_text, named: "user_text", most: 8_192))
    }
}

@implementation @_cdecl("voice_session_send_dtmf")
public func voice_session_send_dtmf(_ session: OpaquePointer!, _ digits: UnsafePointer<CChar>!) -> voice_status {
    exported { () throws(VoiceError) in
        let call = try Handles.session(session).call
        let text = try ConfigReader.requiredText(digits, named: "digits", most: 32)
        guard text.utf8.allSatisfy({ "0123456789ABCD#*".utf8.contains($0) }) else {
            throw VoiceError(.badArgument, "digits: expected only 0-9, A-D, # and *")
        }
        try call.sendDigits(text)
    }
}

@implementation @_cdecl("voice_session_tool_result")
public func voice_session_tool_result(
    _ session: OpaquePointer!, _ call_id: UnsafePointer<CChar>!, _ json: UnsafePointer<CChar>!
) -> voice_status {
    exported { () throws(VoiceError) in
        let call = try Handles.session(session).call
        let id = try ConfigReader.requiredText(call_id, named: "call_id", most: 256)
        let result = try ConfigReader.requiredText(json, named: "json", most: 65_536)
        do {
            _ = try JSONValue.parse(result)
        } catch {
            throw VoiceError(.badArgument, "json: \(error)")
        }
        try call.toolResult(id: id, json: result)
    }
}

@implementation @_cdecl("voice_session_hangup")
public func voice_session_hangup(_ session: OpaquePointer!) -> voice_status {
    exported { () throws(VoiceError) in try Handles.session(session).call.hangUp() }
}

@implementation @_cdecl("voice_session_destroy")
public func voice_session_destroy(_ session: OpaquePointer!) {
    Handles.sessions.remove(session)?.call.destroy()
}

/// `voice_session_callbacks`, copied.
private struct HostCallbacks {
    private let onEvent: EventCallback?
    private let onAudio: voice_audio_fn?
    private let host: HostPointer

    init(_ pointer: UnsafePointer<voice_session_callbacks>?) throws(VoiceError) {
        var callbacks = voice_session_callbacks()
        if pointer != nil {
            callbacks = try ConfigReader.copy(pointer, as: callbacks, named: "voice_session_callbacks")
            try ConfigReader.zero(callbacks.reserved, named: "voice_session_callbacks.reserved")
        }
        onEvent = EventCallback(callbacks.on_event, userData: callbacks.user_data)
        onAudio = callbacks.on_audio
        host = HostPointer(pointer: callbacks.user_data)
    }

    var takesAudio: Bool { onAudio != nil }

    func destination(_ box: HandleBox) -> EventQueue.Destination {
        guard let onEvent else { return .polled }
        return .callback { onEvent($0, session: box.token) }
    }

    func playout(_ choice: SessionConfigReader.Playout, _ box: HandleBox) -> HostPlayout {
        guard choice == .callback, let onAudio else { return .pull }
        let host = host
        return .callback { onAudio(host.pointer, box.token, $0.baseAddress, $0.count) }
    }
}

private enum SessionConfigReader {
    enum Playout { case callback, pull }

    static func playout(_ config: voice_session_config, _ host: HostCallbacks) throws(VoiceError) -> Playout {
        switch Int32(bitPattern: config.playout) {
        case 0: return host.takesAudio ? .callback : .pull
        case VOICE_PLAYOUT_PULL: return .pull
        case VOICE_PLAYOUT_CALLBACK:
            guard host.takesAudio else {
                throw VoiceError(.badArgument, "playout: VOICE_PLAYOUT_CALLBACK expects on_audio to be set")
            }
            return .callback
        default:
            throw VoiceError(.badArgument, "playout \(config.playout): expected 0, 1 (callback) or 2 (pull)")
        }
    }

    static func read(_ config: voice_session_config, pulls: Bool) throws(VoiceError) -> Engine.CallRequest {
        try ConfigReader.zero(config.reserved, named: "reserved")
        let input = try ConfigReader.format(
            encoding: config.input_encoding, rate: config.input_rate, prefix: "input", defaultEncoding: .pcm16,
            defaultRate: 8_000)
        let output = try ConfigReader.format(
            encoding: config.output_encoding, rate: config.output_rate, prefix: "output",
            defaultEncoding: input.encoding,
            defaultRate: input.sampleRate)
        if pulls, output.encoding == .opus {
            throw VoiceError(.unsupported, "output_encoding: Opus packets leave through on_audio only, not by pulling")
        }
        let frame = try frameMilliseconds(config, output, pulls: pulls)
        return Engine.CallRequest(
            agent: try agent(config),
            callID: try ConfigReader.text(config.call_id, named: "call_id", most: 256) ?? "",
            variables: try variables(config.variables_json), conversation: try conversation(config.conversation_json),
            input: input, output: output, frameMilliseconds: frame)
    }

    /// What the session paces by: the host's frames, or, for a host that pulls, the shortest that are whole samples.
    private static func frameMilliseconds(
        _ config: voice_session_config, _ output: AudioFormat, pulls: Bool
    ) throws(VoiceError) -> Int {
        let ptime = config.ptime_ms == 0 ? 20 : Int(clamping: config.ptime_ms)
        guard AudioFormat.frameMilliseconds.contains(ptime) else {
            throw VoiceError(.badArgument, "ptime_ms \(config.ptime_ms): expected 10, 20, 30 or 60")
        }
        let lengths = pulls ? [10, 20, 30, 60] : [ptime]
        for length in lengths where (try? output.frameSamples(milliseconds: length)) != nil { return length }
        if output.encoding == .opus {
            throw VoiceError(.badArgument, "ptime_ms \(ptime): expected 10, 20 or 60 with Opus")
        }
        throw VoiceError(
            .badArgument,
            "output_rate \(output.sampleRate): expected a whole number of samples in \(pulls ? "10 to 60" : "\(ptime)") ms, such as 8000"
        )
    }

    private static func agent(_ config: voice_session_config) throws(VoiceError) -> Engine.CallRequest.AgentChoice {
        let name = try ConfigReader.text(config.agent_name, named: "agent_name", most: 256)
        let json = try ConfigReader.text(config.agent_json, named: "agent_json", most: 1 << 20)
        switch (name, json) {
        case (let name?, nil):
            guard !name.isEmpty else { throw VoiceError(.badArgument, "agent_name: expected a text of 1 to 256 bytes") }
            return .named(name)
        case (nil, let json?): return .document(Array(json.utf8))
        case (nil, nil), (_?, _?):
            throw VoiceError(.badArgument, "agent_name, agent_json: expected exactly one of them")
        }
    }

    private static func variables(_ pointer: UnsafePointer<CChar>?) throws(VoiceError) -> [String: String] {
        guard let value = try json(pointer, named: "variables_json") else { return [:] }
        guard let members = value.object else {
            throw VoiceError(.badArgument, "variables_json: expected an object of strings")
        }
        var variables: [String: String] = [:]
        for member in members.members {
            guard let text = member.value.string else {
                throw VoiceError(.badArgument, "variables_json.\(member.key): expected a string")
            }
            variables[member.key] = text
        }
        return variables
    }

    private static func conversation(_ pointer: UnsafePointer<CChar>?) throws(VoiceError) -> [ChatMessage] {
        guard let value = try json(pointer, named: "conversation_json") else { return [] }
        guard let items = value.array else {
            throw VoiceError(.badArgument, "conversation_json: expected an array of messages")
        }
        var messages: [ChatMessage] = []
        for (index, item) in items.enumerated() {
            guard let content = item["content"]?.string else {
                throw VoiceError(.badArgument, "conversation_json[\(index)].content: expected a string")
            }
            switch item["role"]?.string {
            case "user": messages.append(.user(content))
            case "assistant": messages.append(.assistant(content, toolCalls: []))
            default:
                throw VoiceError(.badArgument, "conversation_json[\(index)].role: expected \"user\" or \"assistant\"")
            }
        }
        return messages
    }

    private static func json(_ pointer: UnsafePointer<CChar>?, named name: String) throws(VoiceError) -> JSONValue? {
        guard let text = try ConfigReader.text(pointer, named: name, most: 1 << 20) else { return nil }
        do {
            return try JSONValue.parse(text)
        } catch {
            throw VoiceError(.badArgument, "\(name): \(error)")
        }
    }
}
