/// What was said in a call, as the language model sees it: the caller's words as committed, the agent's words as heard.
package struct Conversation: Equatable, Sendable {
    /// Oldest messages are dropped beyond this many. A telephone call of an hour has some 400.
    package static let capacity = 400

    package private(set) var messages: [ChatMessage]

    package init(_ messages: [ChatMessage] = []) {
        self.messages = messages
        trim()
    }

    /// The caller's turn. Two in a row, because the caller went on before anything of a reply was heard, become one.
    package mutating func callerSaid(_ text: String) {
        guard !text.isEmpty else { return }
        if case .user(let earlier)? = messages.last {
            messages[messages.count - 1] = .user(earlier + " " + text)
        } else {
            append([.user(text)])
        }
    }

    /// What the caller heard of a reply; nothing heard leaves no trace.
    package mutating func callerHeard(_ text: String) {
        guard !text.isEmpty else { return }
        if case .assistant(let earlier, let calls)? = messages.last, calls.isEmpty {
            messages[messages.count - 1] = .assistant(earlier + " " + text, toolCalls: [])
        } else {
            append([.assistant(text, toolCalls: [])])
        }
    }

    /// The agent called tools; each call is answered by one result, so that no provider refuses the history.
    /// - Parameters:
    ///   - text: What was said before the calls.
    ///   - results: In the order of the calls; `null` for those that are missing.
    package mutating func toolsCalled(_ calls: [ToolCall], saying text: String, results: [String]) {
        append(
            [.assistant(text, toolCalls: calls)]
                + calls.enumerated().map { index, call in
                    .toolResult(id: call.id, json: index < results.count ? results[index] : "null")
                })
    }

    /// The result of a call that was not known when it was told.
    package mutating func amend(_ id: String, json: String) {
        let place = messages.lastIndex { if case .toolResult(id, _) = $0 { true } else { false } }
        if let place { messages[place] = .toolResult(id: id, json: json) }
    }

    /// The newest messages, beginning with one that may begin a conversation.
    package func latest(_ count: Int) -> [ChatMessage] {
        Array(messages.suffix(max(count, 0)).drop { if case .toolResult = $0 { true } else { false } })
    }

    private mutating func append(_ group: [ChatMessage]) {
        messages += group
        trim()
    }

    private mutating func trim() {
        guard messages.count > Self.capacity else { return }
        // A tool result without its call is refused by providers.
        messages = latest(Self.capacity)
    }
}
