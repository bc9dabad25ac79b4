internal import VoiceEngineCore

/// What an answer's event stream says, in the words that all houses share.
enum AnswerOutput: Equatable {
    case text(String)
    case toolCall(ToolCall)
    /// The model is at work, but nothing can be said yet: a piece of a call, a thought.
    case progress
    /// Once, last.
    case finished(FinishReason, TokenUsage)
    /// Once, last.
    case failed(ServiceFault)
}

/// A tool call as its fragments come in.
struct ToolCallDraft {
    /// The server's number of it, where it has one.
    var index: Int64?
    /// Empty until the server has named it.
    var id: String
    var name: String
    var arguments = ""

    /// - Parameter makeID: Makes an id where the server gives none.
    /// - Returns: nil when the arguments are not a JSON object, or nobody knows what is called.
    func complete(_ makeID: () -> String) -> ToolCall? {
        let arguments = arguments.allSatisfy(\.isWhitespace) ? "{}" : arguments
        guard !name.isEmpty, let value = try? JSONValue.parse(arguments), value.object != nil else { return nil }
        return ToolCall(id: id.isEmpty ? makeID() : id, name: name, arguments: arguments)
    }
}

/// Reads the body of one answer, in any split of its bytes. Pure and bounded.
///
/// A house tells what its events mean (`take`) and how its answer ends (`finish`); the stream of events, its limits and
/// what ends it early are the same for all.
protocol AnswerParser {
    var events: EventStreamParser { get set }
    /// `finished` or `failed` has come out: nothing more does.
    var isOver: Bool { get set }
    /// The server has said why the answer ends.
    var hasReason: Bool { get }
    mutating func take(_ event: ServerSentEvent, _ output: (AnswerOutput) -> Void)
    /// The answer is complete.
    mutating func finish(_ output: (AnswerOutput) -> Void)
    /// What a fault in the middle of an answer means.
    static func kind(ofFault code: String) -> ProviderError.Kind
    /// What the words of a refusal mean; nil when the status says enough.
    static func kind(ofRefusal status: Int, _ fault: ServiceFault?, provider: String) -> ProviderError.Kind?
}

extension AnswerParser {
    /// [bytes] of one line, and of all arguments of one answer.
    static var maximumLineBytes: Int { 1 << 20 }
    static var maximumArgumentBytes: Int { 256 << 10 }
    static var maximumToolCalls: Int { 64 }

    /// Takes more bytes. After `finished` or `failed` nothing more comes out.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ output: (AnswerOutput) -> Void) {
        guard !isOver else { return }
        var complete: [ServerSentEvent] = []
        var fault: EventStreamError?
        do { try events.append(bytes) { complete.append($0) } } catch { fault = error }
        for event in complete { take(event, output) }
        if fault != nil { fail("a line of more than \(Self.maximumLineBytes) bytes", output) }
    }

    /// The body has ended. Some servers end the last line without a line break, and some end without a last word.
    mutating func end(_ output: (AnswerOutput) -> Void) {
        guard !isOver else { return }
        var complete: [ServerSentEvent] = []
        events.end { complete.append($0) }
        for event in complete { take(event, output) }
        guard !isOver else { return }
        guard hasReason else { return fail("the stream ended in the middle of the answer", output) }
        finish(output)
    }

    mutating func fail(_ message: String, _ output: (AnswerOutput) -> Void) {
        fail(ServiceFault(message: message), output)
    }

    mutating func fail(_ fault: ServiceFault, _ output: (AnswerOutput) -> Void) {
        if isOver { return }
        isOver = true
        output(.failed(fault))
    }

    /// The answer ends with these calls, all of them or none.
    func finish(
        _ drafts: [ToolCallDraft], _ usage: TokenUsage, _ makeID: () -> String, _ output: (AnswerOutput) -> Void
    ) {
        let calls = drafts.compactMap { $0.complete(makeID) }
        guard calls.count == drafts.count else {
            return output(.failed(ServiceFault(message: "a tool call whose arguments are not a JSON object")))
        }
        for call in calls { output(.toolCall(call)) }
        output(.finished(.toolCalls, usage))
    }
}
