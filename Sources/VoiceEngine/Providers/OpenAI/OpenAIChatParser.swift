internal import VoiceEngineCore

/// Reads the event stream of a chat completion, in any split of its bytes. Pure and bounded.
///
/// Lives with what compatible servers do: chunks without choices, content null, finish reasons that are missing,
/// empty or wrong,
/// tool calls whole or in fragments, without index, all at index 0, without id, with arguments as an object.
struct OpenAIChatParser {
    enum Output: Equatable {
        case text(String)
        case toolCall(ToolCall)
        case finished(FinishReason, TokenUsage)
        case failed(OpenAIChatWire.Fault)
    }

    /// [bytes] of one line, and of all arguments of one answer.
    static let maximumLineBytes = 1 << 20
    static let maximumArgumentBytes = 256 << 10
    static let maximumToolCalls = 64

    private struct Draft {
        var index: Int64?
        var id: String
        var name: String
        var arguments: String
    }

    private var line: [UInt8] = []
    private var drafts: [Draft] = []
    private var argumentBytes = 0
    private var reason: String?
    private var usage = TokenUsage()
    private(set) var isOver = false
    /// Makes the ids of calls that have none; unique within a session when the caller counts on.
    private let makeID: () -> String

    init(makeID: @escaping () -> String) { self.makeID = makeID }

    /// Takes more bytes. After `finished` or `failed` nothing more comes out.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ output: (Output) -> Void) {
        var rest = bytes[...]
        while !isOver, let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            line.append(contentsOf: rest[rest.startIndex..<end])
            rest = rest[rest.index(after: end)...]
            takeLine(output)
        }
        guard !isOver else { return }
        guard line.count + rest.count <= Self.maximumLineBytes else {
            return fail("a line of more than \(Self.maximumLineBytes) bytes", output)
        }
        line.append(contentsOf: rest)
    }

    /// The body has ended. Some servers end the last line without a line break, and some end without `[DONE]`.
    mutating func end(_ output: (Output) -> Void) {
        if !isOver, !line.isEmpty { takeLine(output) }
        guard !isOver else { return }
        guard reason != nil else { return fail("the stream ended in the middle of the answer", output) }
        finish(output)
    }

    private mutating func takeLine(_ output: (Output) -> Void) {
        defer { line.removeAll(keepingCapacity: true) }
        guard line.count <= Self.maximumLineBytes else {
            return fail("a line of more than \(Self.maximumLineBytes) bytes", output)
        }
        // Comments (keep-alive), other fields and the blank lines between events say nothing here: every
        // event is one line.
        let isError = line.starts(with: "error:".utf8)
        guard isError || line.starts(with: "data:".utf8) else { return }
        var payload = line.dropFirst(isError ? 6 : 5)
        while payload.first == 0x20 { payload = payload.dropFirst() }
        if payload.isEmpty { return }
        if payload.elementsEqual("[DONE]".utf8) { return finish(output) }
        guard let value = payload.withUnsafeBytes({ try? JSONValue.parse($0) }) else {
            return fail("a chunk that is not JSON", output)
        }
        if isError {
            return finishFailed(OpenAIChatWire.fault(["error": value]) ?? .init(message: "", code: ""), output)
        }
        if let fault = OpenAIChatWire.fault(value) { return finishFailed(fault, output) }
        takeChunk(value, output)
    }

    private mutating func takeChunk(_ value: JSONValue, _ output: (Output) -> Void) {
        if let counts = value["usage"] ?? value["x_groq"]?["usage"], !counts.isNull {
            usage = TokenUsage(
                prompt: Int(clamping: counts["prompt_tokens"]?.lenientInt ?? 0),
                completion: Int(clamping: counts["completion_tokens"]?.lenientInt ?? 0))
        }
        guard let choice = value["choices"]?[0] else { return }
        let delta = choice["delta"]
        if let text = delta?["content"]?.string, !text.isEmpty { output(.text(text)) }
        for fragment in delta?["tool_calls"]?.array ?? [] {
            guard take(fragment) else { return fail("more tool calls or longer arguments than are taken", output) }
        }
        if let given = choice["finish_reason"]?.string, !given.isEmpty { reason = given }
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
        drafts.append(Draft(index: index, id: id, name: name, arguments: arguments))
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

    private mutating func finish(_ output: (Output) -> Void) {
        guard reason != nil || !drafts.isEmpty || usage != TokenUsage() else {
            // Nothing at all is a legal answer: the model had nothing to say.
            isOver = true
            return output(.finished(.stop, usage))
        }
        isOver = true
        // Arguments that the token limit has cut are not run.
        guard !drafts.isEmpty, reason != "length" else { return output(.finished(Self.reason(reason), usage)) }
        var calls: [ToolCall] = []
        for draft in drafts {
            let arguments = draft.arguments.allSatisfy(\.isWhitespace) ? "{}" : draft.arguments
            guard !draft.name.isEmpty, let value = try? JSONValue.parse(arguments), value.object != nil else {
                return output(.failed(.init(message: "a tool call whose arguments are not a JSON object", code: "")))
            }
            calls.append(ToolCall(id: draft.id.isEmpty ? makeID() : draft.id, name: draft.name, arguments: arguments))
        }
        for call in calls { output(.toolCall(call)) }
        output(.finished(.toolCalls, usage))
    }

    private static func reason(_ text: String?) -> FinishReason {
        switch text {
        case "length": .length
        case "content_filter": .contentFilter
        default: .stop
        }
    }

    private mutating func fail(_ message: String, _ output: (Output) -> Void) {
        finishFailed(.init(message: message, code: ""), output)
    }

    private mutating func finishFailed(_ fault: OpenAIChatWire.Fault, _ output: (Output) -> Void) {
        isOver = true
        output(.failed(fault))
    }
}
