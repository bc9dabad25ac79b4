internal import VoiceEngineCore

/// What the server says, as far as a telephone agent cares. Both the GA names and those of the beta that proxies still
/// speak are understood.
enum OpenAIRealtimeEvent: Equatable, Sendable {
    struct Done: Equatable, Sendable {
        var response: String
        /// Our number of the request, where the server returns it.
        var request: Int?
        /// completed, cancelled, incomplete, failed.
        var status: String
        /// max_output_tokens, content_filter, turn_detected, client_cancelled.
        var reason = ""
        var fault: Fault?
        var calls: [ToolCall] = []
        var usage = TokenUsage()
    }

    struct Fault: Equatable, Sendable {
        var type = ""
        var code = ""
        var message = ""
        /// The client's message that was wrong, by the id we gave it.
        var eventID: String?
    }

    case sessionCreated
    case sessionUpdated
    case speechStarted
    case speechStopped
    case committed(item: String)
    case transcriptDelta(item: String, String)
    case transcript(item: String, String)
    case transcriptFailed(item: String)
    case responseCreated(String, request: Int?)
    case outputItem(response: String, item: String, isCall: Bool)
    case text(response: String, String)
    /// What was really said.
    case spoken(response: String, String)
    case done(Done)
    case error(Fault)
    case other(String)

    /// It belongs to an answer or to the session; what the caller says, and signs of life, do not.
    var isProgress: Bool {
        switch self {
        case .sessionCreated, .sessionUpdated, .responseCreated, .outputItem, .text, .spoken, .done, .error: true
        case .other(let type): type.hasPrefix("response.")
        case .speechStarted, .speechStopped, .committed, .transcriptDelta, .transcript, .transcriptFailed: false
        }
    }

    /// - Returns: nil when this is not a message of the protocol.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> OpenAIRealtimeEvent? {
        guard let value = try? JSONValue.parse(bytes), let type = value["type"]?.string else { return nil }
        let item = value["item_id"]?.string ?? ""
        let response = value["response_id"]?.string ?? ""
        switch type {
        case "session.created": return .sessionCreated
        case "session.updated": return .sessionUpdated
        case "input_audio_buffer.speech_started": return .speechStarted
        case "input_audio_buffer.speech_stopped": return .speechStopped
        case "input_audio_buffer.committed": return .committed(item: item)
        case "conversation.item.input_audio_transcription.delta":
            return .transcriptDelta(item: item, value["delta"]?.string ?? "")
        case "conversation.item.input_audio_transcription.completed":
            return .transcript(item: item, value["transcript"]?.string ?? "")
        case "conversation.item.input_audio_transcription.failed": return .transcriptFailed(item: item)
        case "response.created":
            guard let id = value["response"]?["id"]?.string else { return nil }
            return .responseCreated(id, request: request(value["response"]))
        case "response.output_item.added":
            let isCall = value["item"]?["type"]?.string == "function_call"
            return .outputItem(response: response, item: value["item"]?["id"]?.string ?? "", isCall: isCall)
        case "response.output_audio_transcript.delta", "response.audio_transcript.delta",
            "response.output_text.delta", "response.text.delta":
            return .text(response: response, value["delta"]?.string ?? "")
        case "response.output_audio_transcript.done", "response.audio_transcript.done":
            return .spoken(response: response, value["transcript"]?.string ?? "")
        case "response.done": return done(value["response"])
        case "error": return .error(fault(value["error"]))
        default: return .other(type)
        }
    }

    private static func request(_ response: JSONValue?) -> Int? {
        response?["metadata"]?["request"]?.lenientInt.flatMap { Int(exactly: $0) }
    }

    private static func done(_ response: JSONValue?) -> OpenAIRealtimeEvent? {
        guard let response, let id = response["id"]?.string else { return nil }
        var done = Done(response: id, request: request(response), status: response["status"]?.string ?? "")
        let details = response["status_details"]
        done.reason = details?["reason"]?.string ?? ""
        if let error = details?["error"], !error.isNull { done.fault = fault(error) }
        for item in response["output"]?.array ?? [] where item["type"]?.string == "function_call" {
            guard let name = item["name"]?.string, let call = item["call_id"]?.string else { continue }
            let arguments = item["arguments"]?.string ?? ""
            done.calls.append(ToolCall(id: call, name: name, arguments: arguments.isEmpty ? "{}" : arguments))
        }
        func count(_ key: String) -> Int {
            Int(clamping: max(0, response["usage"]?[key]?.lenientInt ?? 0))
        }
        done.usage = TokenUsage(prompt: count("input_tokens"), completion: count("output_tokens"))
        return .done(done)
    }

    private static func fault(_ error: JSONValue?) -> Fault {
        Fault(
            type: error?["type"]?.string ?? "", code: error?["code"]?.string ?? "",
            message: error?["message"]?.string ?? "", eventID: error?["event_id"]?.string)
    }
}

/// A piece of audio, found in its message without building a tree.
struct OpenAIRealtimeAudio {
    private(set) var response = ""
    private(set) var item = ""
    private(set) var contentIndex = 0
    /// Where the base64 stands in the message.
    private var payload: Range<Int>?
    private var isEscaped = false
    private var isAudio = false

    /// - Returns: nil when the message is another one.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var found = Self()
        do throws(JSONFault) {
            try JSONScanner.scan(bytes) { member in
                if member.isNamed("type") {
                    found.isAudio =
                        member.isString("response.output_audio.delta") || member.isString("response.audio.delta")
                } else if member.isNamed("delta"), member.kind == .string {
                    (found.payload, found.isEscaped) = (member.value, member.hasEscapes)
                } else if member.isNamed("response_id") {
                    found.response = member.text ?? ""
                } else if member.isNamed("item_id") {
                    found.item = member.text ?? ""
                } else if member.isNamed("content_index") {
                    found.contentIndex = Int(clamping: member.integer ?? 0)
                }
            }
        } catch { return nil }
        guard found.isAudio, found.payload != nil else { return nil }
        self = found
    }

    private init() {}

    /// Decodes into memory that is used again.
    ///
    /// - Returns: The number of bytes, or nil when it is not base64.
    func decode(_ message: UnsafeRawBufferPointer, into audio: inout [UInt8]) -> Int? {
        guard let payload else { return nil }
        var plain: [UInt8] = []
        var source = UnsafeRawBufferPointer(rebasing: message[payload])
        if isEscaped {
            guard (try? JSONScanner.unescape(payload, of: message, into: &plain)) != nil else { return nil }
        }
        return plain.withUnsafeBytes { unescaped -> Int? in
            if isEscaped { source = unescaped }
            let characters = source.bindMemory(to: UInt8.self).span
            let most = Base64.maximumDecodedCount(characters.count)
            if audio.count < most { audio.append(contentsOf: repeatElement(0, count: most - audio.count)) }
            var target = audio.mutableSpan
            return try? Base64.decode(characters, into: &target)
        }
    }
}
