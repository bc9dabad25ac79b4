/// What was said in a call, as the language model sees it: the caller's words as committed, the agent's words as heard.
package struct Conversation: Equatable, Sendable {
    /// Oldest messages are dropped beyond this many. A telephone call of an hour has some 400.
    package static let capacity = 400

    package private(set) var messages: [ChatMessage]

    package init(_ messages: [ChatMessage] = []) { self.messages = messages.suffix(Self.capacity).map { $0 } }

    /// The caller's turn. Two in a row, because the caller went on before anything of a reply was heard, become one.
    package mutating func callerSaid(_ text: String) {
        guard !text.isEmpty else { return }
        if case .user(let earlier)? = messages.last {
            messages[messages.count - 1] = .user(earlier + " " + text)
        } else {
            append(.user(text))
        }
    }

    /// What the caller heard of a reply; nothing heard leaves no trace.
    package mutating func callerHeard(_ text: String) {
        guard !text.isEmpty else { return }
        if case .assistant(let earlier, let calls)? = messages.last, calls.isEmpty {
            messages[messages.count - 1] = .assistant(earlier + " " + text, toolCalls: [])
        } else {
            append(.assistant(text, toolCalls: []))
        }
    }

    /// The agent called tools; each call is answered by one result, so that no provider refuses the history.
    /// - Parameter text: What was said before the calls.
    package mutating func toolsCalled(_ calls: [ToolCall], saying text: String, results: [String]) {
        append(.assistant(text, toolCalls: calls))
        for (call, result) in zip(calls, results) { append(.toolResult(id: call.id, json: result)) }
    }

    /// The newest messages, beginning with one that may begin a conversation.
    package func latest(_ count: Int) -> [ChatMessage] {
        Array(messages.suffix(count).drop { if case .toolResult = $0 { true } else { false } })
    }

    private mutating func append(_ message: ChatMessage) {
        messages.append(message)
        guard messages.count > Self.capacity else { return }
        messages.removeFirst()
        // A tool result without its call is refused by providers.
        while case .toolResult? = messages.first { messages.removeFirst() }
    }
}
