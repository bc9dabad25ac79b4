package import VoiceEngineCore

/// A tool that the model may call.
package struct ToolSpecification: Equatable, Sendable {
    package var name: String
    package var description: String
    /// JSON Schema of the arguments, as JSON text.
    package var parameters: String

    package init(name: String, description: String, parameters: String) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}

package struct ChatRequest: Equatable, Sendable {
    /// The agent's fixed prompt, with its variables filled in: the same for every turn of a call.
    package var prompt: String
    package var messages: [ChatMessage]
    package var tools: [ToolSpecification]
    /// The turn that is answered: text of this answer is spoken under it. A model that speaks itself knows by it which
    /// of its audio belongs to which text.
    package var turn: TurnID

    package init(
        prompt: String, messages: [ChatMessage], tools: [ToolSpecification], turn: TurnID = .none
    ) {
        self.prompt = prompt
        self.messages = messages
        self.tools = tools
        self.turn = turn
    }
}

extension ChatRequest {
    /// [bytes] Of its text: what the model has to read.
    package var bytes: Int {
        messages.reduce(prompt.utf8.count) { sum, message in
            switch message {
            case .user(let text): sum + text.utf8.count
            case .assistant(let text, let calls): calls.reduce(sum + text.utf8.count) { $0 + $1.arguments.utf8.count }
            case .toolResult(_, let json): sum + json.utf8.count
            }
        }
    }
}

package enum FinishReason: Equatable, Sendable {
    case stop, length, toolCalls, contentFilter
}

package enum LanguageModelEvent: Equatable, Sendable {
    /// More text. Whole characters, any length.
    case text(String)
    /// A complete call. `BuiltInTools` tells which are the session's own.
    case toolCall(ToolCall)
    /// The end of a good answer. Reported once, last.
    case finished(FinishReason, TokenUsage)
    /// The end of a bad one. Reported once, last.
    case failed(ProviderError)
}

/// A configured language model, shared by all calls.
package protocol LanguageModelProvider: Sendable {
    /// As in the agent document.
    var name: String { get }
    /// Whether an answer may be begun that is perhaps never heard. Not where the provider keeps the conversation.
    var answersDrafts: Bool { get }
    /// Starts an answer. See the rule at the top of SpeechToText.swift for where and when the sink is called.
    func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation
}

extension LanguageModelProvider {
    package var answersDrafts: Bool { true }
}

/// An answer on its way. Confined to the call's event loop.
package protocol Generation: AnyObject {
    /// Stops it: the sink is not called again, the provider is told to stop.
    func cancel()
    /// Back-pressure: while true, no more of the answer is read than is on its way already. For moments only: the
    /// provider may give up who does not listen for longer.
    func holdAnswer(_ hold: Bool)
}

extension Generation {
    /// Where reading costs nothing.
    package func holdAnswer(_ hold: Bool) {}
}
