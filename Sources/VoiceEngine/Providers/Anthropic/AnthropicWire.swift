internal import VoiceEngineCore

/// What the document says about a language model behind `/v1/messages`.
struct AnthropicOptions: Equatable, Sendable {
    /// How long the prompt stays in Anthropic's cache after each use.
    enum Cache: String, Sendable {
        case off, fiveMinutes = "5m", oneHour = "1h"
    }

    /// Thinking costs seconds before the first word.
    enum Thinking: String, Sendable {
        case disabled
        case betweenTools = "between_tools"
        /// Nothing is said about it: the model's own default.
        case unset
    }

    var model: String
    var maximumTokens = 300
    var temperature: Double?
    var topP: Double?
    var cache = Cache.fiveMinutes
    var thinking = Thinking.disabled
    var effort: String?
    /// Sent as it is.
    var extra = JSONObject()

    /// The least thinking that the model accepts, and the effort where thinking cannot be switched off.
    static func leastThinking(_ model: String) -> (Thinking, effort: String?) {
        if model.hasPrefix("claude-sonnet-5-5") { return (.betweenTools, nil) }
        let alwaysOn = ["claude-opus-5-5", "claude-fable", "claude-mythos"]
        if alwaysOn.contains(where: model.hasPrefix) { return (.unset, "low") }
        return (model.hasPrefix("claude-") ? .disabled : .unset, nil)
    }
}

/// The requests of Anthropic's messages as bytes. Pure.
enum AnthropicWire {
    /// Fields that the engine writes itself.
    static let reserved: Set<String> = ["model", "max_tokens", "messages", "system", "tools", "stream", "thinking"]

    static func request(_ request: ChatRequest, _ options: AnthropicOptions) -> [UInt8] {
        let history = AnthropicHistory(request.messages)
        var writer = JSONWriter(reserving: 4_096)
        writer.beginObject()
        writer.member("model", .string(options.model))
        writer.member("max_tokens", .int(Int64(options.maximumTokens)))
        writer.member("stream", true)
        let usesTools = tools(&writer, request.tools, used: history.usedTools)
        if !request.prompt.contains(where: { !$0.isWhitespace }) {
            // An empty text is refused.
        } else if let mark = mark(options.cache) {
            // The mark covers everything up to here: tools come before the system prompt.
            writer.member(
                "system", [["type": "text", "text": .string(request.prompt), "cache_control": mark]])
        } else {
            writer.member("system", .string(request.prompt))
        }
        writer.key("messages")
        writer.beginArray()
        for (index, message) in history.messages.enumerated() {
            let isLast = index == history.messages.count - 1
            self.message(&writer, message, mark: isLast ? mark(options.cache) : nil)
        }
        writer.endArray()
        if let temperature = options.temperature { writer.member("temperature", .double(temperature)) }
        if let topP = options.topP { writer.member("top_p", .double(topP)) }
        if options.thinking != .unset { writer.member("thinking", ["type": .string(options.thinking.rawValue)]) }
        if let effort = options.effort { writer.member("output_config", ["effort": .string(effort)]) }
        // The tools of the history are there to be understood, not to be called.
        if usesTools, request.tools.isEmpty { writer.member("tool_choice", ["type": "none"]) }
        for member in options.extra.members { writer.member(member.key, member.value) }
        writer.endObject()
        return writer.bytes
    }

    private static func mark(_ cache: AnthropicOptions.Cache) -> JSONValue? {
        switch cache {
        case .off: nil
        case .fiveMinutes: ["type": "ephemeral"]
        case .oneHour: ["type": "ephemeral", "ttl": "1h"]
        }
    }

    /// - Returns: whether there are any.
    private static func tools(_ writer: inout JSONWriter, _ tools: [ToolSpecification], used: [String]) -> Bool {
        let missing = used.filter { name in !tools.contains { $0.name == name } }
        guard !tools.isEmpty || !missing.isEmpty else { return false }
        writer.key("tools")
        writer.beginArray()
        for tool in tools {
            writer.value([
                "name": .string(tool.name), "description": .string(tool.description),
                "input_schema": schema(tool.parameters),
            ])
        }
        for name in missing {
            writer.value(["name": .string(name), "description": "Not available any more.", "input_schema": schema("")])
        }
        writer.endArray()
        return true
    }

    /// Written as a value, so that a schema that is not JSON cannot break the request apart.
    private static func schema(_ text: String) -> JSONValue {
        guard let given = try? JSONValue.parse(text), let members = given.object else {
            return ["type": "object", "properties": [:]]
        }
        if given["type"] != nil { return given }
        var object = JSONObject()
        object.append("type", "object")
        for member in members.members { object.append(member.key, member.value) }
        return .object(object)
    }

    private static func message(_ writer: inout JSONWriter, _ message: AnthropicHistory.Message, mark: JSONValue?) {
        writer.beginObject()
        writer.member("role", .string(message.role.rawValue))
        writer.key("content")
        if mark == nil, message.blocks.count == 1, case .text(let text) = message.blocks[0] {
            writer.value(.string(text))
        } else {
            writer.beginArray()
            for (index, block) in message.blocks.enumerated() {
                var object = self.block(block)
                if let mark, index == message.blocks.count - 1 { object.append("cache_control", mark) }
                writer.value(.object(object))
            }
            writer.endArray()
        }
        writer.endObject()
    }

    private static func block(_ block: AnthropicHistory.Block) -> JSONObject {
        var object = JSONObject()
        switch block {
        case .text(let text):
            object.append("type", "text")
            object.append("text", .string(text))
        case .toolUse(let call):
            let input = try? JSONValue.parse(call.arguments)
            object.append("type", "tool_use")
            object.append("id", .string(call.id))
            object.append("name", .string(call.name))
            object.append("input", input?.object == nil ? [:] : input ?? [:])
        case .toolResult(let id, let content, let isError):
            object.append("type", "tool_result")
            object.append("tool_use_id", .string(id))
            if !content.isEmpty { object.append("content", .string(content)) }
            if isError { object.append("is_error", true) }
        }
        return object
    }
}
