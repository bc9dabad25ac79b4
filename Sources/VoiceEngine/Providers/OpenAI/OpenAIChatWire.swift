internal import VoiceEngineCore

/// What the document says about a language model behind `/chat/completions`.
struct OpenAIChatOptions: Equatable, Sendable {
    enum TokenLimitField: String, Sendable {
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
    }

    var model: String
    var tokenLimit: Int? = 300
    var tokenLimitField = TokenLimitField.maxTokens
    var temperature: Double?
    var includesUsage = true
    /// Ask for chunks without random padding.
    var refusesPadding = false
    /// Sent as it is: `reasoning_effort`, `chat_template_kwargs` and what else a server knows.
    var extra: [(key: String, value: JSONValue)] = []

    static func == (a: OpenAIChatOptions, b: OpenAIChatOptions) -> Bool {
        a.model == b.model && a.tokenLimit == b.tokenLimit && a.tokenLimitField == b.tokenLimitField
            && a.temperature == b.temperature && a.includesUsage == b.includesUsage
            && a.refusesPadding == b.refusesPadding
            && a.extra.elementsEqual(b.extra) { $0.key == $1.key && $0.value == $1.value }
    }
}

/// The requests of OpenAI's chat completions as bytes. Pure.
enum OpenAIChatWire {
    static func request(_ request: ChatRequest, _ options: OpenAIChatOptions) -> [UInt8] {
        var writer = JSONWriter(reserving: 4_096)
        writer.beginObject()
        writer.member("model", .string(options.model))
        writer.key("messages")
        writer.beginArray()
        if !request.prompt.isEmpty { message(&writer, role: "system", content: request.prompt) }
        for entry in request.messages { self.message(&writer, entry) }
        writer.endArray()
        writer.member("stream", true)
        var streamOptions = JSONObject()
        if options.includesUsage { streamOptions.append("include_usage", true) }
        if options.refusesPadding { streamOptions.append("include_obfuscation", false) }
        if !streamOptions.isEmpty { writer.member("stream_options", .object(streamOptions)) }
        if let limit = options.tokenLimit { writer.member(options.tokenLimitField.rawValue, .int(Int64(limit))) }
        if let temperature = options.temperature { writer.member("temperature", .double(temperature)) }
        if !request.tools.isEmpty { tools(&writer, request.tools) }
        for item in options.extra { writer.member(item.key, item.value) }
        writer.endObject()
        return writer.bytes
    }

    private static func message(_ writer: inout JSONWriter, role: String, content: String) {
        writer.beginObject()
        writer.member("role", .string(role))
        writer.member("content", .string(content))
        writer.endObject()
    }

    private static func message(_ writer: inout JSONWriter, _ entry: ChatMessage) {
        switch entry {
        case .user(let text): message(&writer, role: "user", content: text)
        case .assistant(let text, let calls) where calls.isEmpty: message(&writer, role: "assistant", content: text)
        case .assistant(let text, let calls):
            writer.beginObject()
            writer.member("role", "assistant")
            // An empty text rather than null: some servers fail on null in the history.
            writer.member("content", .string(text))
            writer.key("tool_calls")
            writer.beginArray()
            for call in calls {
                writer.beginObject()
                writer.member("id", .string(call.id))
                writer.member("type", "function")
                writer.key("function")
                writer.beginObject()
                writer.member("name", .string(call.name))
                writer.member("arguments", .string(call.arguments))
                writer.endObject()
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        case .toolResult(let id, let json):
            writer.beginObject()
            writer.member("role", "tool")
            writer.member("tool_call_id", .string(id))
            writer.member("content", .string(json))
            writer.endObject()
        }
    }

    private static func tools(_ writer: inout JSONWriter, _ tools: [ToolSpecification]) {
        writer.key("tools")
        writer.beginArray()
        for tool in tools {
            writer.beginObject()
            writer.member("type", "function")
            writer.key("function")
            writer.beginObject()
            writer.member("name", .string(tool.name))
            writer.member("description", .string(tool.description))
            // Written as a value, so that a schema that is not JSON cannot break the request apart.
            let schema =
                (try? JSONValue.parse(tool.parameters)) ?? ["type": "object", "properties": .object(JSONObject())]
            writer.member("parameters", schema)
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
    }
}
