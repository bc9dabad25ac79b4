internal import VoiceEngineCore
internal import VoiceEngineNet

/// What the document chooses of a session.
struct OpenAIRealtimeOptions: Sendable {
    /// Who finds the caller's utterances.
    enum Detection: String, CaseIterable, Sendable { case engine, server, semantic }

    var model: String
    var voice: String?
    var speed: Double?
    var detection = Detection.engine
    /// [ms] Silence that ends an utterance for `server`.
    var serverSilence: Int?
    /// For `semantic`: low, medium, high, auto.
    var eagerness: String?
    var transcriptionModel = "gpt-transcribe"
    /// ISO 639-1.
    var language: String?
    var keyterms: [String] = []
    /// near_field, far_field.
    var noiseReduction: String?
    var reasoningEffort: String?
    /// Longest answer. Audio is 20 tokens a second, and the playout queue holds 120 s.
    var maximumTokens = 2_000
    var chunkMilliseconds = 40
}

/// What the client says, but for audio.
enum OpenAIRealtimeCommand: Equatable, Sendable {
    enum Item: Equatable, Sendable {
        case user(String)
        case assistant(String)
        case call(ToolCall)
        case result(id: String, json: String)
    }

    /// Everything about the session; first message on every connection.
    case configure(instructions: String, tools: [ToolSpecification])
    /// What the model is told, when it has changed.
    case instruct(String, tools: [ToolSpecification])
    /// The audio sent since the last one is an utterance, or a part of one.
    case commit
    /// - Parameter after: The item before it, "root" for the first place; nil appends.
    case create(String, Item, after: String?)
    case delete(String)
    case truncate(String, contentIndex: Int, milliseconds: Int64)
    /// The model's answer to the conversation.
    case respond(request: Int)
    /// This text read aloud, outside of the conversation.
    case read(request: Int, String)
    case cancel(response: String)
}

/// OpenAI Realtime (GA shape) as bytes. Pure.
enum OpenAIRealtimeWire {
    static func url(_ base: WebURL, _ options: OpenAIRealtimeOptions, _ others: [QueryItem]) -> WebURL {
        base.appending(path: "realtime").appending(query: [("model", options.model)] + others)
    }

    /// No `OpenAI-Beta` header: it would choose the old message shapes.
    static func headers(_ key: Secret?) -> HeaderList {
        key.map { HeaderList([("Authorization", "Bearer \($0.reveal())")]) } ?? HeaderList()
    }

    /// The format in which the server can take and give the audio of a call: G.711 for telephones, else linear audio at
    /// 24 kHz.
    static func format(for native: AudioFormat) -> AudioFormat {
        if native.sampleRate == 8_000, native.encoding == .alaw { return native }
        if native.sampleRate == 8_000, native.encoding != .opus { return .telephone }
        return (try? AudioFormat(encoding: .pcm16, sampleRate: 24_000)) ?? .telephone
    }

    // MARK: - Sending

    static func encode(
        _ command: OpenAIRealtimeCommand, _ options: OpenAIRealtimeOptions, input: AudioFormat, output: AudioFormat
    ) -> [UInt8] {
        let message: JSONValue
        switch command {
        case .configure(let instructions, let tools):
            message = [
                "type": "session.update", "event_id": "session",
                "session": session(instructions, tools, options, input: input, output: output),
            ]
        case .instruct(let instructions, let tools):
            message = [
                "type": "session.update", "event_id": "session",
                "session": [
                    "type": "realtime", "instructions": .string(instructions), "tools": encode(tools),
                    "tool_choice": "auto",
                ],
            ]
        case .commit: message = ["type": "input_audio_buffer.commit", "event_id": "commit"]
        case .create(let id, let item, let previous):
            var create: JSONObject = JSONObject()
            create["type"] = "conversation.item.create"
            if let previous { create["previous_item_id"] = .string(previous) }
            create["item"] = encode(item, id: id)
            message = .object(create)
        case .delete(let id): message = ["type": "conversation.item.delete", "item_id": .string(id)]
        case .truncate(let id, let index, let milliseconds):
            message = [
                "type": "conversation.item.truncate", "item_id": .string(id), "content_index": .int(Int64(index)),
                "audio_end_ms": .int(milliseconds),
            ]
        case .respond(let request):
            message = [
                "type": "response.create", "event_id": .string(eventID(request)),
                "response": ["metadata": ["request": .string(String(request))]],
            ]
        case .read(let request, let text): message = read(request, text)
        case .cancel(let response): message = ["type": "response.cancel", "response_id": .string(response)]
        }
        return message.serialized()
    }

    static func eventID(_ request: Int) -> String { "request-\(request)" }

    private static func read(_ request: Int, _ text: String) -> JSONValue {
        let instructions = "Read the text aloud exactly as written. Add nothing, answer nothing, leave nothing out."
        return [
            "type": "response.create", "event_id": .string(eventID(request)),
            "response": [
                "conversation": "none", "output_modalities": ["audio"], "instructions": .string(instructions),
                "tools": [], "tool_choice": "none",
                "input": [
                    ["type": "message", "role": "user", "content": [["type": "input_text", "text": .string(text)]]]
                ],
                "metadata": ["request": .string(String(request))],
            ],
        ]
    }

    private static func session(
        _ instructions: String, _ tools: [ToolSpecification], _ options: OpenAIRealtimeOptions, input: AudioFormat,
        output: AudioFormat
    ) -> JSONValue {
        var hearing = JSONObject()
        hearing["format"] = encode(input)
        hearing["transcription"] = transcription(options)
        hearing["turn_detection"] = detection(options)
        if let reduction = options.noiseReduction { hearing["noise_reduction"] = ["type": .string(reduction)] }
        var speaking = JSONObject()
        speaking["format"] = encode(output)
        speaking["voice"] = options.voice.map { .string($0) }
        speaking["speed"] = options.speed.map { .double($0) }
        var session = JSONObject()
        session["type"] = "realtime"
        session["output_modalities"] = ["audio"]
        session["audio"] = ["input": .object(hearing), "output": .object(speaking)]
        session["instructions"] = .string(instructions)
        session["tools"] = encode(tools)
        session["tool_choice"] = "auto"
        session["max_output_tokens"] = .int(Int64(options.maximumTokens))
        if let effort = options.reasoningEffort { session["reasoning"] = ["effort": .string(effort)] }
        return .object(session)
    }

    private static func encode(_ format: AudioFormat) -> JSONValue {
        switch format.encoding {
        case .mulaw: ["type": "audio/pcmu"]
        case .alaw: ["type": "audio/pcma"]
        case .pcm16, .opus: ["type": "audio/pcm", "rate": 24_000]
        }
    }

    /// The newer models take lists, the older ones one language and a prompt.
    private static func transcription(_ options: OpenAIRealtimeOptions) -> JSONValue {
        var transcription = JSONObject()
        transcription["model"] = .string(options.transcriptionModel)
        let takesLists = ["gpt-transcribe", "gpt-live-transcribe"].contains(options.transcriptionModel)
        if let language = options.language {
            if takesLists {
                transcription["languages"] = [.string(language)]
            } else {
                transcription["language"] = .string(language)
            }
        }
        if !options.keyterms.isEmpty {
            if takesLists {
                transcription["keywords"] = .array(options.keyterms.map { .string($0) })
            } else {
                transcription["prompt"] = .string(options.keyterms.joined(separator: ", "))
            }
        }
        return .object(transcription)
    }

    /// Whoever finds the utterances, the engine decides when to answer and what an interruption is. Without the key the
    /// server's own detection would stay on.
    private static func detection(_ options: OpenAIRealtimeOptions) -> JSONValue {
        var detection = JSONObject()
        switch options.detection {
        case .engine: return .null
        case .server:
            detection["type"] = "server_vad"
            detection["silence_duration_ms"] = options.serverSilence.map { .int(Int64($0)) }
        case .semantic:
            detection["type"] = "semantic_vad"
            detection["eagerness"] = options.eagerness.map { .string($0) }
        }
        detection["create_response"] = false
        detection["interrupt_response"] = false
        return .object(detection)
    }

    private static func encode(_ tools: [ToolSpecification]) -> JSONValue {
        .array(
            tools.map { tool in
                let schema =
                    (try? JSONValue.parse(tool.parameters))
                    ?? ["type": "object", "properties": .object(JSONObject())]
                return [
                    "type": "function", "name": .string(tool.name), "description": .string(tool.description),
                    "parameters": schema,
                ]
            })
    }

    private static func encode(_ item: OpenAIRealtimeCommand.Item, id: String) -> JSONValue {
        let id = JSONValue.string(id)
        switch item {
        case .user(let text):
            return [
                "id": id, "type": "message", "role": "user",
                "content": [["type": "input_text", "text": .string(text)]],
            ]
        case .assistant(let text):
            return [
                "id": id, "type": "message", "role": "assistant",
                "content": [["type": "output_text", "text": .string(text)]],
            ]
        case .call(let call):
            return [
                "id": id, "type": "function_call", "call_id": .string(call.id), "name": .string(call.name),
                "arguments": .string(call.arguments),
            ]
        case .result(let call, let json):
            return ["id": id, "type": "function_call_output", "call_id": .string(call), "output": .string(json)]
        }
    }

    private static let appendHead = Array(#"{"type":"input_audio_buffer.append","audio":""#.utf8)
    private static let appendTail = Array(#""}"#.utf8)

    /// The message that carries audio, into memory that is used again.
    static func append(_ audio: ArraySlice<UInt8>, into message: inout [UInt8]) {
        message.removeAll(keepingCapacity: true)
        message.append(contentsOf: appendHead)
        Base64.append(encoding: audio.span, to: &message)
        message.append(contentsOf: appendTail)
    }
}
