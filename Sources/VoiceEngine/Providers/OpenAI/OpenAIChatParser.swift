internal import VoiceEngineCore

/// Reads the event stream of a chat completion, in any split of its bytes. Pure and bounded.
///
/// Lives with what compatible servers do: chunks without choices, content null or in parts, whole messages in place of
/// deltas, finish reasons that are missing, empty or wrong, tool calls whole or in fragments, without index, all at
/// index 0, without id, with arguments as an object, thoughts inside the content, errors in each of their shapes.
struct OpenAIChatParser: AnswerParser {
    var events = EventStreamParser(longestLine: maximumLineBytes, strayField: "error")
    var isOver = false
    private var thoughts = ThoughtFilter()
    private var drafts: [ToolCallDraft] = []
    private var argumentBytes = 0
    private var reason: String?
    private var hasRefused = false
    private var usage = TokenUsage()
    /// Makes the ids of calls that have none; unique within a session when the caller counts on.
    private let makeID: () -> String

    init(makeID: @escaping () -> String) { self.makeID = makeID }

    var hasReason: Bool { reason != nil }

    mutating func take(_ event: ServerSentEvent, _ output: (AnswerOutput) -> Void) {
        guard !isOver, event.data.contains(where: { $0 != 0x20 && $0 != 0x0A }) else { return }
        if event.name != "error", let chunk = event.data.withUnsafeBytes({ OpenAIPlainChunk($0) }) {
            output(.progress)
            return say(chunk.text, output)
        }
        if let value = event.data.withUnsafeBytes({ try? JSONValue.parse($0) }) {
            return take(value, isError: event.name == "error", output)
        }
        // Servers that forget the empty line between events: their lines arrive as one.
        for line in event.data.split(separator: 0x0A) where !isOver {
            if line.elementsEqual("[DONE]".utf8) { return finish(output) }
            guard let value = line.withUnsafeBytes({ try? JSONValue.parse($0) }) else {
                return fail("a chunk that is not JSON", output)
            }
            take(value, isError: event.name == "error", output)
        }
    }

    private mutating func take(_ value: JSONValue, isError: Bool, _ output: (AnswerOutput) -> Void) {
        if let fault = ServiceFault(value) { return fail(fault, output) }
        if isError { return fail(ServiceFault(["error": value]) ?? ServiceFault(message: ""), output) }
        if let text = value["x_groq"]?["error"]?.string { return fail(ServiceFault(message: text), output) }
        takeChunk(value, output)
    }

    private mutating func takeChunk(_ value: JSONValue, _ output: (AnswerOutput) -> Void) {
        if let counts = value["usage"] ?? value["x_groq"]?["usage"], !counts.isNull {
            usage = TokenUsage(
                prompt: Int(clamping: counts["prompt_tokens"]?.lenientInt ?? 0),
                completion: Int(clamping: counts["completion_tokens"]?.lenientInt ?? 0),
                cached: Int(clamping: counts["prompt_tokens_details"]?["cached_tokens"]?.lenientInt ?? 0))
        }
        guard let choice = value["choices"]?[0] else { return }
        // Servers that ignore `stream` say all in one `message`.
        let delta = choice["delta"] ?? choice["message"]
        output(.progress)
        say(Self.text(delta?["content"]), output)
        let refusal = Self.text(delta?["refusal"])
        hasRefused = hasRefused || !refusal.isEmpty
        say(refusal, output)
        for fragment in delta?["tool_calls"]?.array ?? [] {
            guard take(fragment) else { return fail("more tool calls or longer arguments than are taken", output) }
        }
        // The form before tools: one call, without an id.
        if let call = delta?["function_call"], !call.isNull, !take(["index": 0, "function": call]) {
            return fail("longer arguments than are taken", output)
        }
        if let given = choice["finish_reason"]?.string, !given.isEmpty { reason = given }
    }

    private mutating func say(_ text: String, _ output: (AnswerOutput) -> Void) {
        let text = thoughts.take(text)
        if !text.isEmpty { output(.text(text)) }
    }

    /// A text, or the text parts of a list.
    private static func text(_ value: JSONValue?) -> String {
        value?.string ?? (value?.array ?? []).compactMap { $0["text"]?.string }.joined()
    }

    /// - Returns: false when a limit is passed.
    private mutating func take(_ fragment: JSONValue) -> Bool {
        let index = fragment["index"]?.lenientInt
        let id = fragment["id"]?.lenientString ?? ""
        let name = fragment["function"]?["name"]?.string ?? ""
        var arguments = ""
        if let given = fragment["function"]?["arguments"], !given.isNull {
            arguments = given.string ?? String(decoding: given.serialized(), as: UTF8.self)
        }
        argumentBytes += arguments.utf8.count
        guard argumentBytes <= Self.maximumArgumentBytes else { return false }
        if let position = position(index: index, id: id, name: name) {
            drafts[position].arguments += arguments
            if drafts[position].id.isEmpty { drafts[position].id = id }
            if drafts[position].name.isEmpty { drafts[position].name = name }
            return true
        }
        guard drafts.count < Self.maximumToolCalls else { return false }
        drafts.append(ToolCallDraft(index: index, id: id, name: name, arguments: arguments))
        return true
    }

    /// The call that a fragment continues; nil when it begins one. The index decides, unless id or name say
    /// that a second
    /// call was put under the same index.
    private func position(index: Int64?, id: String, name: String) -> Int? {
        let found = index == nil ? drafts.indices.last : drafts.lastIndex { $0.index == index }
        guard let found else { return nil }
        let draft = drafts[found]
        if !id.isEmpty, !draft.id.isEmpty { return id == draft.id ? found : nil }
        // A name after the name: a new call of a server that gives no ids.
        if !name.isEmpty, !draft.name.isEmpty, id.isEmpty { return nil }
        return found
    }

    /// Nothing at all is a legal answer: the model had nothing to say.
    mutating func finish(_ output: (AnswerOutput) -> Void) {
        isOver = true
        let rest = thoughts.end()
        if !rest.isEmpty { output(.text(rest)) }
        // Arguments that the token limit or the filter has cut are not run.
        guard !drafts.isEmpty, reason != "length", reason != "content_filter" else {
            return output(.finished(hasRefused ? .contentFilter : Self.reason(reason), usage))
        }
        finish(drafts, usage, makeID, output)
    }

    private static func reason(_ text: String?) -> FinishReason {
        switch text {
        case "length": .length
        case "content_filter": .contentFilter
        default: .stop
        }
    }

    // MARK: Errors

    static func kind(ofFault code: String) -> ProviderError.Kind {
        switch code {
        case "", "tool_use_failed": .protocol
        case "rate_limit_exceeded", "429", "capacity_exceeded": .rateLimited
        case "invalid_request_error", "context_length_exceeded", "exceed_context_size_error", "400": .configuration
        case "invalid_api_key", "authentication_error", "insufficient_quota", "401": .auth
        default: .unavailable
        }
    }

    static func kind(ofRefusal status: Int, _ fault: ServiceFault?, provider: String) -> ProviderError.Kind? {
        // The model wrote a call that cannot be read: the next answer may be better.
        if fault?.code == "tool_use_failed" { return .protocol }
        // Groq: the model's answer could not be processed.
        return status == 422 && provider == "groq" ? .protocol : nil
    }
}
