internal import VoiceEngineCore

/// Reads the event stream of Anthropic's messages, in any split of its bytes. Pure and bounded.
///
/// Blocks are told apart by their type, never by their place: the first one may be a thought. Thoughts are not spoken;
/// events, blocks and deltas of unknown types are passed over.
struct AnthropicParser: AnswerParser {
    var events = EventStreamParser(longestLine: maximumLineBytes)
    var isOver = false
    private var drafts: [ToolCallDraft] = []
    /// Arguments that came with the start of a block, by the draft's place.
    private var wholes: [Int: JSONValue] = [:]
    private var argumentBytes = 0
    private var reason: String?
    private var usage = TokenUsage()
    private let makeID: () -> String

    init(makeID: @escaping () -> String) { self.makeID = makeID }

    var hasReason: Bool { reason != nil }

    mutating func take(_ event: ServerSentEvent, _ output: (AnswerOutput) -> Void) {
        guard !isOver, !event.data.isEmpty else { return }
        guard let value = event.data.withUnsafeBytes({ try? JSONValue.parse($0) }) else {
            return fail("an event that is not JSON", output)
        }
        switch value["type"]?.string ?? event.name {
        case "ping": break
        case "message_start":
            output(.progress)
            count(value["message"]?["usage"])
        case "content_block_start":
            output(.progress)
            begin(value, output)
        case "content_block_delta":
            output(.progress)
            delta(value, output)
        case "message_delta":
            output(.progress)
            if let given = value["delta"]?["stop_reason"]?.string, !given.isEmpty { reason = given }
            count(value["usage"])
        case "message_stop": finish(output)
        case "error": fail(ServiceFault(value) ?? ServiceFault(message: ""), output)
        default: break
        }
    }

    /// The counts of `message_delta` are totals: they replace those of the start.
    private mutating func count(_ counts: JSONValue?) {
        guard let counts, !counts.isNull else { return }
        func number(_ name: String) -> Int? { counts[name]?.lenientInt.map { Int(clamping: $0) } }
        if let input = number("input_tokens") {
            let read = number("cache_read_input_tokens") ?? 0
            let written = number("cache_creation_input_tokens") ?? 0
            let (cached, sum) = read.addingReportingOverflow(written)
            let (total, overflow) = input.addingReportingOverflow(cached)
            if !sum, !overflow { usage = TokenUsage(prompt: total, completion: usage.completion, cached: read) }
        }
        if let output = number("output_tokens") { usage.completion = output }
    }

    private mutating func begin(_ value: JSONValue, _ output: (AnswerOutput) -> Void) {
        let block = value["content_block"]
        switch block?["type"]?.string {
        case "text": if let text = block?["text"]?.string, !text.isEmpty { output(.text(text)) }
        case "tool_use":
            guard drafts.count < Self.maximumToolCalls else { return fail("more tool calls than are taken", output) }
            drafts.append(
                ToolCallDraft(
                    index: value["index"]?.lenientInt ?? Int64(drafts.count), id: block?["id"]?.string ?? "",
                    name: block?["name"]?.string ?? ""))
            // Whole only where a server sends no fragments: as a fragment it would stand before theirs.
            if let input = block?["input"], input.object?.isEmpty == false { wholes[drafts.count - 1] = input }
        default: break
        }
    }

    private mutating func delta(_ value: JSONValue, _ output: (AnswerOutput) -> Void) {
        let delta = value["delta"]
        switch delta?["type"]?.string {
        case "text_delta": if let text = delta?["text"]?.string, !text.isEmpty { output(.text(text)) }
        case "input_json_delta":
            let piece = delta?["partial_json"]?.string ?? ""
            argumentBytes += piece.utf8.count
            guard argumentBytes <= Self.maximumArgumentBytes else {
                return fail("longer arguments than are taken", output)
            }
            // Of a block that is no tool of ours (`server_tool_use`): not wanted.
            guard let index = value["index"]?.lenientInt,
                let draft = drafts.lastIndex(where: { $0.index == index })
            else { return }
            drafts[draft].arguments += piece
        default: break
        }
    }

    mutating func finish(_ output: (AnswerOutput) -> Void) {
        isOver = true
        let end = Self.reason(reason)
        // Arguments that the token limit has cut are not run, nor is what was refused.
        guard !drafts.isEmpty, end == .stop || end == .toolCalls else {
            return output(.finished(end == .toolCalls ? .stop : end, usage))
        }
        for (place, whole) in wholes where drafts[place].arguments.allSatisfy(\.isWhitespace) {
            drafts[place].arguments = whole.text
        }
        finish(drafts, usage, makeID, output)
    }

    private static func reason(_ text: String?) -> FinishReason {
        switch text {
        case "tool_use": .toolCalls
        case "max_tokens", "model_context_window_exceeded": .length
        case "refusal": .contentFilter
        default: .stop
        }
    }

    // MARK: Errors

    static func kind(ofFault code: String) -> ProviderError.Kind {
        switch code {
        case "": .protocol
        case "rate_limit_error": .rateLimited
        case "timeout_error": .timeout
        case "invalid_request_error", "not_found_error", "request_too_large": .configuration
        case "authentication_error", "permission_error", "billing_error": .auth
        default: .unavailable
        }
    }

    static func kind(ofRefusal status: Int, _ fault: ServiceFault?, provider: String) -> ProviderError.Kind? { nil }
}
