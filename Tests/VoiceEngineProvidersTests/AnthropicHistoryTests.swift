import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

@Suite struct AnthropicHistoryTests {
    private func describe(_ conversation: [ChatMessage]) -> [String] {
        AnthropicHistory(conversation).messages.map { message in
            let blocks = message.blocks.map { block in
                switch block {
                case .text(let text): "'\(text)'"
                case .toolUse(let call): "use \(call.id) \(call.name)"
                case .toolResult(let id, let content, let isError): "\(isError ? "error" : "result") \(id) \(content)"
                }
            }
            return "\(message.role.rawValue): " + blocks.joined(separator: ", ")
        }
    }

    private func call(_ id: String) -> ToolCall { ToolCall(id: id, name: "book", arguments: "{}") }

    @Test func roles() {
        let opening = AnthropicHistory.opening
        #expect(describe([]) == ["user: '\(opening)'"])
        #expect(describe([.user("Hi")]) == ["user: 'Hi'"])
        // A call begins with the agent's greeting.
        #expect(
            describe([.assistant("Hello. ", toolCalls: []), .user("Hi")]) == [
                "user: '\(opening)'", "assistant: 'Hello.'", "user: 'Hi'",
            ])
        // No prefill.
        #expect(
            describe([.user("Hi"), .assistant("Well,", toolCalls: [])]) == [
                "user: 'Hi'", "assistant: 'Well,'", "user: '\(AnthropicHistory.silence)'",
            ])
        #expect(
            describe([
                .user("a"), .user("b"), .assistant("c", toolCalls: []), .assistant("d\n", toolCalls: []), .user("e"),
            ])
                == ["user: 'a', 'b'", "assistant: 'c', 'd'", "user: 'e'"])
        // Empty texts vanish, and what stood around them is one message.
        #expect(
            describe([.user("a"), .assistant(" \n", toolCalls: []), .user(" "), .user("b")]) == ["user: 'a', 'b'"])
    }

    @Test func toolCalls() {
        #expect(
            describe([
                .user("Book"), .assistant("One moment. ", toolCalls: [call("a"), call("b")]),
                .toolResult(id: "a", json: "1"), .toolResult(id: "b", json: "2"), .assistant("Done.", toolCalls: []),
                .user("Thanks"),
            ]) == [
                "user: 'Book'", "assistant: 'One moment.', use a book, use b book", "user: result a 1, result b 2",
                "assistant: 'Done.'", "user: 'Thanks'",
            ])
        let lost = AnthropicHistory.lostResult
        // The results come first in their message, also those that are missing.
        #expect(
            describe([
                .user("Book"), .assistant("", toolCalls: [call("a"), call("b")]), .toolResult(id: "b", json: "2"),
                .user("Wait"),
            ]) == ["user: 'Book'", "assistant: use a book, use b book", "user: result b 2, error a \(lost), 'Wait'"])
        #expect(
            describe([.user("Book"), .assistant("", toolCalls: [call("a")])]) == [
                "user: 'Book'", "assistant: use a book", "user: error a \(lost)",
            ])
        // Results without a call, or twice, are dropped.
        #expect(
            describe([
                .toolResult(id: "z", json: "0"), .user("x"), .assistant("", toolCalls: [call("a")]),
                .toolResult(id: "a", json: "1"), .toolResult(id: "a", json: "1"),
            ]) == ["user: 'x'", "assistant: use a book", "user: result a 1"])
        // Ids of other houses.
        #expect(
            describe([.user("x"), .assistant("", toolCalls: [call("a:b.1")]), .toolResult(id: "a:b.1", json: "1")])
                == ["user: 'x'", "assistant: use a_b_1 book", "user: result a_b_1 1"])
    }

    /// Whatever the conversation, Anthropic's rules hold.
    @Test func anyConversationIsAccepted() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let conversation = (0..<Int.random(in: 0...8, using: &random)).map { _ -> ChatMessage in
                let text = ["", " ", "a", "b "].randomElement(using: &random) ?? ""
                switch Int.random(in: 0...2, using: &random) {
                case 0: return .user(text)
                case 1:
                    let ids = ["a", "b"].prefix(Int.random(in: 0...2, using: &random))
                    return .assistant(text, toolCalls: ids.map(call))
                default: return .toolResult(id: ["a", "b", "c"].randomElement(using: &random) ?? "", json: text)
                }
            }
            let messages = AnthropicHistory(conversation).messages
            #expect(messages.first?.role == .user && messages.last?.role == .user, "\(conversation)")
            for (index, message) in messages.enumerated() {
                #expect(!message.blocks.isEmpty && (index % 2 == 0) == (message.role == .user), "\(conversation)")
                var calls: [String] = []
                for block in message.blocks {
                    if case .text(let text) = block { #expect(text.contains { !$0.isWhitespace } && text.last != " ") }
                    if case .toolUse(let call) = block { calls.append(call.id) }
                }
                guard !calls.isEmpty else { continue }
                let results = messages[index + 1].blocks.prefix(calls.count).compactMap { block -> String? in
                    if case .toolResult(let id, _, _) = block { id } else { nil }
                }
                #expect(results.sorted() == calls.sorted(), "\(conversation)")
            }
        }
    }
}
