import Testing

@testable import VoiceEngineCore

@Suite struct ConversationTests {
    private func call(_ id: String) -> ToolCall { ToolCall(id: id, name: "look_up", arguments: "{}") }

    @Test func keepsWhatWasSaidAndHeardInOrder() {
        var conversation = Conversation()
        conversation.callerHeard("Hello.")
        conversation.callerSaid("Hi.")
        conversation.callerHeard("What can I do?")
        #expect(
            conversation.messages == [
                .assistant("Hello.", toolCalls: []), .user("Hi."), .assistant("What can I do?", toolCalls: []),
            ])
    }

    @Test func nothingSaidOrHeardLeavesNoTrace() {
        var conversation = Conversation()
        conversation.callerSaid("")
        conversation.callerHeard("")
        #expect(conversation.messages == [])
    }

    @Test func twoTurnsOfTheCallerInARowBecomeOne() {
        var conversation = Conversation()
        conversation.callerSaid("I would like")
        conversation.callerHeard("")
        conversation.callerSaid("a table.")
        #expect(conversation.messages == [.user("I would like a table.")])
    }

    @Test func twoRepliesInARowBecomeOne() {
        var conversation = Conversation()
        conversation.callerHeard("Hello.")
        conversation.callerHeard("Are you there?")
        #expect(conversation.messages == [.assistant("Hello. Are you there?", toolCalls: [])])
    }

    @Test func aReplyAfterToolsIsAMessageOfItsOwn() {
        var conversation = Conversation()
        conversation.callerSaid("When?")
        conversation.toolsCalled([call("a"), call("b")], saying: "One moment.", results: ["1", "2"])
        conversation.callerHeard("At noon.")
        conversation.callerSaid("Fine.")
        #expect(
            conversation.messages == [
                .user("When?"), .assistant("One moment.", toolCalls: [call("a"), call("b")]),
                .toolResult(id: "a", json: "1"), .toolResult(id: "b", json: "2"), .assistant("At noon.", toolCalls: []),
                .user("Fine."),
            ])
    }

    @Test func textIsNotAddedToAMessageWithToolCalls() {
        var conversation = Conversation()
        conversation.toolsCalled([call("a")], saying: "", results: [])
        conversation.callerHeard("At noon.")
        #expect(conversation.messages.count == 2 || conversation.messages.count == 3)
        #expect(conversation.messages.last == .assistant("At noon.", toolCalls: []))
    }

    /// Each call has its result right behind it, and no result stands alone: what providers ask of a history.
    private func isWellFormed(_ messages: [ChatMessage]) -> Bool {
        var waiting: [String] = []
        for message in messages {
            switch message {
            case .toolResult(let id, _):
                guard waiting.first == id else { return false }
                waiting.removeFirst()
            case .user: if !waiting.isEmpty { return false }
            case .assistant(_, let calls):
                if !waiting.isEmpty { return false }
                waiting = calls.map(\.id)
            }
        }
        return waiting.isEmpty
    }

    @Test func theOldestAreDroppedAndNoToolResultIsOrphaned() {
        for seed in UInt64(0)..<4 {
            var random = SeededRandom(seed: seed)
            var conversation = Conversation()
            for index in 0..<700 {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: conversation.callerSaid("said \(index)")
                case 1: conversation.callerHeard("heard \(index)")
                default:
                    let calls = (0..<Int.random(in: 1...4, using: &random)).map { call("\(index).\($0)") }
                    conversation.toolsCalled(calls, saying: "", results: calls.map(\.id))
                }
                #expect(conversation.messages.count <= Conversation.capacity, "seed \(seed)")
                if index > 380 { #expect(isWellFormed(conversation.messages), "seed \(seed), message \(index)") }
            }
        }
    }

    @Test func moreCallsThanFitLeaveNoOrphans() {
        var conversation = Conversation()
        let calls = (0..<Conversation.capacity + 5).map { call("\($0)") }
        conversation.toolsCalled(calls, saying: "", results: calls.map(\.id))
        conversation.callerSaid("Hello?")
        #expect(isWellFormed(conversation.messages))
        #expect(conversation.messages.last == .user("Hello?"))
    }

    @Test func aMissingResultIsMadeUp() {
        var conversation = Conversation()
        conversation.toolsCalled([call("a"), call("b")], saying: "", results: ["1"])
        #expect(isWellFormed(conversation.messages))
    }

    @Test func anEarlierConversationIsTakenOverWithoutOrphans() {
        var earlier: [ChatMessage] = [
            .user("a"), .assistant("", toolCalls: [call("x")]), .toolResult(id: "x", json: "1"),
        ]
        earlier += (0..<Conversation.capacity - 1).map { .user("\($0)") }
        let conversation = Conversation(earlier)
        #expect(conversation.messages.count == Conversation.capacity - 1)
        #expect(conversation.messages.first == .user("0"))
    }

    @Test(arguments: [(-1, 0), (0, 0), (1, 1), (2, 1), (3, 3), (9, 4)])
    func theLatestMessagesBeginWithOneThatMayBegin(count: Int, expected: Int) {
        var conversation = Conversation()
        conversation.callerSaid("When?")
        conversation.toolsCalled([call("a")], saying: "", results: ["1"])
        conversation.callerHeard("At noon.")
        #expect(conversation.latest(count) == Array(conversation.messages.suffix(expected)))
    }
}
