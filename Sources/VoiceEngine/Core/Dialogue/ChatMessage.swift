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

/// Token counts as the provider reports them; 0 where it does not. `prompt` counts all tokens, cached or not.
package struct TokenUsage: Equatable, Sendable {
    package var prompt: Int
    package var completion: Int
    /// Of `prompt`: read from the provider's cache.
    package var cached: Int

    package init(prompt: Int = 0, completion: Int = 0, cached: Int = 0) {
        self.prompt = prompt
        self.completion = completion
        self.cached = cached
    }
}
