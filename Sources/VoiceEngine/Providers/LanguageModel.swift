package import VoiceEngineCore

/// One tool call of the model, assembled.
package struct ToolCall: Equatable, Sendable {
    /// The provider's id, or one made up where it gives none; unique within the session.
    package var id: String
    package var name: String
    /// A JSON object.
    package var arguments: String

    package init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// One entry of the conversation as a language model sees it.
package enum ChatMessage: Equatable, Sendable {
    case user(String)
    /// What the agent said and the caller heard; tool calls of the same reply.
    case assistant(String, toolCalls: [ToolCall])
    case toolResult(id: String, json: String)
}

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

    package init(prompt: String, messages: [ChatMessage], tools: [ToolSpecification]) {
        self.prompt = prompt
        self.messages = messages
        self.tools = tools
    }
}

package enum FinishReason: Equatable, Sendable {
    case stop, length, toolCalls, contentFilter
}

/// Token counts as the provider reports them; 0 where it does not.
package struct TokenUsage: Equatable, Sendable {
    package var prompt: Int
    package var completion: Int

    package init(prompt: Int = 0, completion: Int = 0) {
        self.prompt = prompt
        self.completion = completion
    }
}

package enum LanguageModelEvent: Equatable, Sendable {
    /// More text. Whole characters, any length.
    case text(String)
    /// A complete call. The names `hang_up` and `transfer` (argument `to`) are the session's own; others go to the host.
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
    /// Starts an answer. See the rule at the top of SpeechToText.swift for where and when the sink is called.
    func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation
}

/// An answer on its way. Confined to the call's event loop.
package protocol Generation: AnyObject {
    /// Stops it: the sink is not called again, the provider is told to stop.
    func cancel()
}
