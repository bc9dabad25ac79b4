import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

/// The server's conversation is brought to what the session knows, and nothing is said twice.
@Suite struct OpenAIRealtimeHistoryTests {
    private func turn(_ number: UInt64) -> TurnID { TurnID(number: number) }

    private func lines(_ commands: [OpenAIRealtimeCommand]) -> [String] {
        commands.map { command in
            switch command {
            case .create(let id, let item, let after):
                let place = after.map { " after \($0)" } ?? ""
                switch item {
                case .user(let text): return "\(id) user \(text)\(place)"
                case .assistant(let text): return "\(id) assistant \(text)\(place)"
                case .call(let call): return "\(id) call \(call.id)\(place)"
                case .result(let call, let json): return "\(id) result \(call) \(json)\(place)"
                }
            case .delete(let id): return "delete \(id)"
            default: return "\(command)"
            }
        }
    }

    /// The caller said this, and the session took it.
    private func say(_ text: String, _ item: String, _ history: inout OpenAIRealtimeHistory) {
        history.added(item)
        history.committed(item, text: text)
    }

    @Test func whatWasHeardIsNotRepeated() {
        var history = OpenAIRealtimeHistory()
        say("I would like", "a1", &history)
        say("a table", "a2", &history)
        #expect(lines(history.reconcile([.user("I would like a table")], turn: turn(1))) == [])
        history.answered("b1")
        history.said("For how many people?", turn: turn(1), isOwn: true)
        say("four", "a3", &history)
        let messages: [ChatMessage] = [
            .user("I would like a table"), .assistant("For how many", toolCalls: []), .user("four"),
        ]
        #expect(lines(history.reconcile(messages, turn: turn(2))) == [])
        #expect(history.order == ["a1", "a2", "b1", "a3"])
    }

    @Test func aGreetingStandsBeforeWhatItWasAnsweredWith() {
        var history = OpenAIRealtimeHistory()
        history.said("Hello, how can I help?", turn: turn(1), isOwn: false)
        say("a table", "a1", &history)
        let messages: [ChatMessage] = [.assistant("Hello, how", toolCalls: []), .user("a table")]
        #expect(lines(history.reconcile(messages, turn: turn(2))) == ["ve_1 assistant Hello, how after root"])
        #expect(history.order == ["ve_1", "a1"])
        history.answered("b1")
        history.said("When?", turn: turn(2), isOwn: true)
        history.said("Are you still there?", turn: turn(3), isOwn: false)
        say("yes", "a2", &history)
        let later = messages + [.assistant("When? Are you still there?", toolCalls: []), .user("yes")]
        #expect(lines(history.reconcile(later, turn: turn(4))) == ["ve_2 assistant Are you still there? after b1"])
        #expect(history.order == ["ve_1", "a1", "b1", "ve_2", "a2"])
    }

    @Test func itemsWithoutEndAreForgottenFromTheFront() {
        var history = OpenAIRealtimeHistory()
        for item in 0..<5_000 { history.added("\(item)") }
        #expect(history.order.count == 4_096)
        #expect(history.order.last == "4999")
    }

    @Test func noiseAndBackchannelsAreDeleted() {
        var history = OpenAIRealtimeHistory()
        say("", "a1", &history)
        say("mhm", "a2", &history)
        say("mhm a table", "a3", &history)
        #expect(lines(history.reconcile([.user("mhm a table")], turn: turn(1))) == ["delete a2", "delete a1"])
        #expect(history.order == ["a3"])
    }

    @Test func typedTextIsAddedInItsPlace() {
        var history = OpenAIRealtimeHistory()
        say("my number is", "a1", &history)
        #expect(lines(history.reconcile([.user("my number is 12345")], turn: turn(1))) == ["ve_1 user 12345"])
        history.answered("b1")
        let messages: [ChatMessage] = [.user("my number is 12345"), .assistant("Thanks.", toolCalls: []), .user("67")]
        history.said("Thanks.", turn: turn(1), isOwn: true)
        #expect(lines(history.reconcile(messages, turn: turn(2))) == ["ve_2 user 67"])
    }

    @Test func toolsAreAnsweredOnce() {
        var history = OpenAIRealtimeHistory()
        let call = ToolCall(id: "c1", name: "book", arguments: "{}")
        say("book it", "a1", &history)
        _ = history.reconcile([.user("book it")], turn: turn(1))
        history.answered("b1")
        history.said("One moment.", turn: turn(1), isOwn: true)
        history.answered("b2")
        history.called([call])
        let during: [ChatMessage] = [
            .user("book it"), .assistant("One moment.", toolCalls: [call]), .toolResult(id: "c1", json: "[1]"),
        ]
        #expect(lines(history.reconcile(during, turn: turn(1))) == ["ve_1 result c1 [1]"])
        history.answered("b3")
        history.said("It is booked.", turn: turn(1), isOwn: true)
        say("thanks", "a2", &history)
        let after: [ChatMessage] = [
            .user("book it"), .assistant("", toolCalls: [call]), .toolResult(id: "c1", json: "[1]"),
            .assistant("One moment. It is", toolCalls: []), .user("thanks"),
        ]
        #expect(lines(history.reconcile(after, turn: turn(2))) == [])
    }

    @Test func aResultThatComesLateReplacesWhatStoodInItsPlace() {
        var history = OpenAIRealtimeHistory()
        let call = ToolCall(id: "c1", name: "book", arguments: "{}")
        say("book it", "a1", &history)
        _ = history.reconcile([.user("book it")], turn: turn(1))
        history.answered("b1")
        history.called([call])
        say("hello", "a2", &history)
        let open: [ChatMessage] = [
            .user("book it"), .assistant("", toolCalls: [call]), .toolResult(id: "c1", json: "open"), .user("hello"),
        ]
        #expect(lines(history.reconcile(open, turn: turn(2))) == ["ve_1 result c1 open after b1"])
        history.answered("b2")
        history.said("Yes.", turn: turn(2), isOwn: true)
        say("well", "a3", &history)
        let known: [ChatMessage] = [
            .user("book it"), .assistant("", toolCalls: [call]), .toolResult(id: "c1", json: "[1]"), .user("hello"),
            .assistant("Yes.", toolCalls: []), .user("well"),
        ]
        #expect(lines(history.reconcile(known, turn: turn(3))) == ["delete ve_1", "ve_2 result c1 [1] after b2"])
        #expect(lines(history.reconcile(known, turn: turn(4))) == [], "once")
    }

    @Test func aCallThatNobodyAnsweredIsClosed() {
        var history = OpenAIRealtimeHistory()
        say("bye", "a1", &history)
        _ = history.reconcile([.user("bye")], turn: turn(1))
        history.answered("b1")
        history.called([ToolCall(id: "c1", name: "transfer", arguments: "{}")])
        #expect(
            lines(history.reconcile([.user("bye"), .user("hello")], turn: turn(2))) == [
                "ve_1 user hello", #"ve_2 result c1 {"status":"done"}"#,
            ])
    }

    @Test func aNewConnectionIsToldEverything() {
        var history = OpenAIRealtimeHistory()
        let call = ToolCall(id: "c1", name: "book", arguments: "{}")
        // What another connection heard is not taken for heard here.
        history.committed("old", text: "four")
        say("yes please", "a1", &history)
        let messages: [ChatMessage] = [
            .user("book it"), .assistant("", toolCalls: [call]), .toolResult(id: "c1", json: "[1]"),
            .assistant("For how many?", toolCalls: []), .user("four yes please"),
        ]
        #expect(
            lines(history.reconcile(messages, turn: turn(2))) == [
                "ve_1 user book it after root", "ve_2 call c1 after ve_1", "ve_3 result c1 [1] after ve_2",
                "ve_4 assistant For how many? after ve_3", "ve_5 user four",
            ])
    }

    @Test func oldMessagesThatFellOutAreNoNews() {
        let known: [ChatMessage] = [.user("a"), .assistant("b", toolCalls: []), .user("c")]
        let rows: [([ChatMessage], [ChatMessage])] = [
            (known, []),
            (known + [.assistant("d", toolCalls: [])], [.assistant("d", toolCalls: [])]),
            (
                [.assistant("b", toolCalls: []), .user("c"), .assistant("d", toolCalls: [])],
                [.assistant("d", toolCalls: [])]
            ),
            ([.user("a"), .assistant("b", toolCalls: []), .user("c and more")], [.user("and more")]),
            ([.user("x")], [.user("x")]),
        ]
        for row in rows { #expect(OpenAIRealtimeHistory.news(in: row.0, after: known) == row.1) }
    }

    @Test func somethingThatWasNotHeardIsForgotten() {
        var history = OpenAIRealtimeHistory()
        say("hi", "a1", &history)
        _ = history.reconcile([.user("hi")], turn: turn(1))
        history.answered("b1")
        #expect(history.delete("b1") == .delete("b1"))
        #expect(lines(history.reconcile([.user("hi again")], turn: turn(2))) == ["ve_1 user again"])
        #expect(history.order == ["a1", "ve_1"])
    }
}
