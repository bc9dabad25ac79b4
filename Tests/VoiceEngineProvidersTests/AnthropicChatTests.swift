internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
internal import VoiceEngineProviders

@Suite struct AnthropicChatTests {
    let fixture: ProviderFixture
    let log = LanguageModelLog()
    init() throws { fixture = try ProviderFixture() }

    private let request = ChatRequest(prompt: "Be brief.", messages: [.user("Hi")], tools: [])

    private func generate(
        _ request: ChatRequest? = nil, model: String = "claude-haiku-5-5", baseURL: String = "http://llm:1",
        options: JSONValue = [:]
    ) throws -> any Generation {
        let provider = try ProviderRegistry.network.makeLanguageModel(
            fixture.setup("anthropic", model: model, baseURL: baseURL, options: options, keyVariable: "X_API_KEY"))
        return provider.generate(request ?? self.request, context: fixture.context, sink: log.sink)
    }

    private func body() throws -> JSONValue {
        let text = fixture.server.takeText()
        return try JSONValue.parse(String(text.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""))
    }

    private func event(_ data: String) -> String {
        let name = (try? JSONValue.parse(data))?["type"]?.string ?? "x"
        return "event: \(name)\ndata: \(data)\n\n"
    }

    private func answer(_ events: [String]) {
        let body = events.map(event).joined()
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
    }

    private static let start = #"""
        {"type":"message_start","message":{"id":"m","role":"assistant","content":[],"model":"x","stop_reason":null,"usage":{"input_tokens":5,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":1}}}
        """#
    private static let textStart =
        #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#
    private static let stop = #"{"type":"message_stop"}"#

    private static func text(_ text: String, _ index: Int = 0) -> String {
        #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"text_delta","text":"\#(text)"}}"#
    }

    private static func json(_ index: Int, _ piece: String) -> String {
        let escaped = piece.replacing("\"", with: "\\\"")
        return
            #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"input_json_delta","partial_json":"\#(escaped)"}}"#
    }

    private static func tool(_ index: Int, _ id: String, _ name: String) -> String {
        #"{"type":"content_block_start","index":\#(index),"content_block":{"type":"tool_use","id":"\#(id)","name":"\#(name)","input":{}}}"#
    }

    private static func blockStop(_ index: Int) -> String { #"{"type":"content_block_stop","index":\#(index)}"# }

    private static func delta(_ reason: String, _ tokens: Int = 7) -> String {
        #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"usage":{"output_tokens":\#(tokens)}}"#
    }

    @Test func asksAndStreams() throws {
        _ = try generate()
        let text = fixture.server.takeText()
        #expect(text.hasPrefix("POST /v1/messages HTTP/1.1\r\nHost: llm:1\r\n"))
        #expect(text.contains("x-api-key: \(ProviderFixture.key)\r\n"))
        #expect(text.contains("anthropic-version: 2023-06-01\r\n"))
        #expect(!text.contains("Authorization"))
        #expect(
            text.hasSuffix(
                #"{"model":"claude-haiku-5-5","max_tokens":300,"stream":true,"#
                    + #""system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"#
                    + #""messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}],"#
                    + #""thinking":{"type":"disabled"}}"#))
        answer([
            Self.start, Self.textStart, #"{"type":"ping"}"#, Self.text("Hel"), Self.text("lo."), Self.blockStop(0),
            Self.delta("end_turn"), Self.stop,
        ])
        #expect(log.take() == ["text 'Hel'", "text 'lo.'", "finished stop 125+7 (100 cached)"])
        _ = try generate(baseURL: "http://llm:1/v1/")
        #expect(fixture.network.connections.count == 1)
        #expect(fixture.server.takeText().hasPrefix("POST /v1/messages HTTP/1.1\r\n"))
    }

    @Test func writesTheWholeConversation() throws {
        let call = ToolCall(id: "c1", name: "book", arguments: #"{"day":"Mo"}"#)
        _ = try generate(
            ChatRequest(
                prompt: " ",
                messages: [
                    .assistant("Hello!", toolCalls: []), .user("a\"b"), .assistant("", toolCalls: [call]),
                    .toolResult(id: "c1", json: "{}"),
                ],
                tools: [ToolSpecification(name: "book", description: "Books.", parameters: #"{"required":["day"]}"#)]),
            model: "claude-haiku-4-5",
            options: [
                "max_tokens": 50, "temperature": 0.5, "cache": "off", "thinking": "unset", "effort": "low",
                "extra": ["service_tier": "standard_only"],
            ])
        let expected = try JSONValue.parse(
            #"""
            {"model":"claude-haiku-4-5","max_tokens":50,"stream":true,"tools":[{"name":"book","description":"Books.",
            "input_schema":{"type":"object","required":["day"]}}],"messages":[
            {"role":"user","content":"(The call begins.)"},{"role":"assistant","content":"Hello!"},
            {"role":"user","content":"a\"b"},
            {"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"book","input":{"day":"Mo"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"{}"}]}],
            "temperature":0.5,"output_config":{"effort":"low"},"service_tier":"standard_only"}
            """#)
        #expect(try body() == expected)
    }

    @Test func declaresToolsOfTheHistoryThatAreGone() throws {
        let call = ToolCall(id: "c1", name: "book", arguments: "not json")
        _ = try generate(
            ChatRequest(prompt: "", messages: [.user("x"), .assistant("", toolCalls: [call])], tools: []))
        let body = try body()
        #expect(body["tools"]?[0]?["name"] == "book")
        #expect(body["tool_choice"] == ["type": "none"])
        #expect(body["messages"]?[1]?["content"]?[0]?["input"] == [:])
    }

    @Test(
        arguments: [
            ("claude-haiku-5-5", "disabled", nil), ("claude-haiku-4-5-20251001", "disabled", nil),
            ("claude-sonnet-5-5", "between_tools", nil), ("claude-opus-5-5", nil, "low"),
            ("claude-fable-5-1", nil, "low"),
            ("qwen3", nil, nil),
        ] as [(String, String?, String?)])
    func asksForTheLeastThinking(_ row: (model: String, thinking: String?, effort: String?)) throws {
        _ = try generate(model: row.model)
        let body = try body()
        #expect(body["thinking"]?["type"]?.string == row.thinking)
        #expect(body["output_config"]?["effort"]?.string == row.effort)
    }

    @Test func assemblesToolCallsAndKeepsThoughtsToItself() throws {
        _ = try generate()
        answer([
            Self.start, #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#,
            Self.blockStop(0), #"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"So"}}"#,
            Self.text(".", 1), Self.blockStop(1), Self.tool(2, "toolu_1", "x"), Self.json(2, ""), Self.blockStop(2),
            Self.tool(3, "toolu_2", "y"), Self.json(3, #"{"q"#), Self.json(3, #"":1}"#), Self.blockStop(3),
            #"{"type":"content_block_start","index":4,"content_block":{"type":"server_tool_use","id":"s","name":"w"}}"#,
            Self.json(4, "{}"), #"{"type":"news","x":1}"#, Self.delta("tool_use"), Self.stop,
        ])
        #expect(
            log.take() == [
                "text 'So'", "text '.'", "call toolu_1 x {}", #"call toolu_2 y {"q":1}"#,
                "finished toolCalls 125+7 (100 cached)",
            ])
    }

    @Test(arguments: [
        ("end_turn", "finished stop"), ("stop_sequence", "finished stop"), ("pause_turn", "finished stop"),
        ("max_tokens", "finished length"), ("model_context_window_exceeded", "finished length"),
        ("refusal", "finished contentFilter"), ("tool_use", "finished stop"), ("new", "finished stop"),
    ])
    func knowsTheStopReasons(_ row: (String, String)) throws {
        _ = try generate()
        answer([Self.start, Self.delta(row.0, 3), Self.stop])
        #expect(log.take() == [row.1 + " 125+3 (100 cached)"])
    }

    @Test func doesNotRunACallThatWasCutOrIsNoJSON() throws {
        let cut = [Self.start, Self.tool(0, "a", "x"), Self.json(0, #"{"q"#), Self.blockStop(0)]
        _ = try generate()
        answer(cut + [Self.delta("max_tokens"), Self.stop])
        #expect(log.take() == ["finished length 125+7 (100 cached)"])
        _ = try generate()
        answer(cut + [Self.delta("tool_use"), Self.stop])
        #expect(log.take().first?.hasPrefix("failed protocol") == true)
    }

    @Test func anySplitReadsAlike() throws {
        let events = [
            Self.start, Self.textStart, Self.text("grüß €𝄞"), Self.blockStop(0), Self.tool(1, "t", "x"),
            Self.json(1, #"{"k":"#), Self.json(1, "2}"), Self.blockStop(1), Self.delta("tool_use"), Self.stop,
        ]
        let body = Array(events.map(event).joined().replacing("\n\n", with: "\r\n\r\n").utf8)
        for cut in 0...body.count {
            _ = try generate()
            fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
            fixture.server.answer(Array(body[..<cut]))
            fixture.server.answer(Array(body[cut...]))
            let expected = ["text 'grüß €𝄞'", #"call t x {"k":2}"#, "finished toolCalls 125+7 (100 cached)"]
            #expect(log.take() == expected, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        ("overloaded_error", "unavailable"), ("api_error", "unavailable"), ("rate_limit_error", "rateLimited"),
        ("timeout_error", "timeout"), ("invalid_request_error", "configuration"), ("authentication_error", "auth"),
        ("something_new", "unavailable"),
    ])
    func failsInTheMiddle(_ row: (String, String)) throws {
        _ = try generate()
        answer([
            Self.start, Self.textStart, Self.text("a"),
            #"{"type":"error","error":{"type":"\#(row.0)","message":"Overloaded"},"request_id":"req_1"}"#,
        ])
        #expect(
            log.take() == ["text 'a'", "failed \(row.1): failed in the middle of an answer: \(row.0): Overloaded"])
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func failsOnGarbageAndOnAStreamThatIsCut() throws {
        _ = try generate()
        let garbage = "event: message_start\ndata: {oops\n\n"
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: \(garbage.utf8.count)\r\n\r\n" + garbage)
        #expect(log.take().first?.hasPrefix("failed protocol: ") == true)
        _ = try generate()
        answer([Self.start, Self.textStart, Self.text("a")])
        #expect(log.take().last?.hasSuffix("the stream ended in the middle of the answer") == true)
        _ = try generate()
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + event(Self.start))
        fixture.server.cut()
        #expect(log.take() == ["failed unavailable: the server closed the connection in the middle of its answer"])
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    /// Pings keep the connection alive, not the caller's patience.
    @Test func givesUpOnAModelThatOnlySendsPings() throws {
        _ = try generate(options: ["timeout_ms": 3000, "idle_timeout_ms": 2000])
        fixture.server.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        func send(_ data: String) {
            let text = event(data)
            fixture.server.answer("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
        }
        send(Self.start)
        for _ in 0..<3 {
            fixture.network.advance(.milliseconds(1_900))
            send(Self.text("a"))
        }
        fixture.network.advance(.milliseconds(1_000))
        send(#"{"type":"ping"}"#)
        #expect(log.take().count == 3)
        fixture.network.advance(.milliseconds(999))
        #expect(log.take() == [])
        fixture.network.advance(.milliseconds(1))
        #expect(log.take() == ["failed timeout: the model has not gone on for 2000 ms"])
        #expect(!fixture.server.isOpen)
        #expect(fixture.isQuiet)
    }

    @Test(
        arguments: [
            (
                401, "authentication_error", "", "auth: answered with status 401 (request req_1): authentication_error",
                nil
            ),
            (402, "billing_error", "", "auth: answered with status 402 (request req_1): billing_error: no", nil),
            (
                404, "not_found_error", "",
                "configuration: answered with status 404 (request req_1): not_found_error: no", nil
            ),
            (
                429, "rate_limit_error", "retry-after: 7\r\n",
                "rateLimited: answered with status 429, retry after 7 s (request req_1): rate_limit_error: no", 7
            ),
            (500, "api_error", "", "unavailable: answered with status 500 (request req_1): api_error: no", nil),
            (
                529, "overloaded_error", "retry-after: 2\r\n",
                "unavailable: answered with status 529, retry after 2 s (request req_1): overloaded_error: no", 2
            ),
            (504, "timeout_error", "", "timeout: answered with status 504 (request req_1): timeout_error: no", nil),
        ] as [(Int, String, String, String, Int64?)])
    func namesARefusal(_ row: (Int, String, String, String, Int64?)) throws {
        _ = try generate()
        let body = #"{"type":"error","error":{"type":"\#(row.1)","message":"no"},"request_id":"req_1"}"#
        fixture.server.answer(
            "HTTP/1.1 \(row.0) X\r\nrequest-id: req_1\r\n\(row.2)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(log.take() == ["failed " + row.3])
        #expect(log.lastError?.retryAfter == row.4.map { .seconds($0) })
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func retriesAResetBeforeTheFirstByteOnceAndCancelIsSilent() throws {
        _ = try generate()
        fixture.server.cut()
        fixture.network.run()
        #expect(fixture.network.connections.count == 2)
        fixture.server.cut()
        fixture.network.run()
        #expect(log.take() == ["failed unavailable: the server closed the connection before it answered"])
        let generation = try generate()
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + event(Self.text("a")))
        generation.cancel()
        #expect(!fixture.server.isOpen)
        fixture.network.advance(.minutes(1))
        #expect(log.take() == ["text 'a'"])
        #expect(fixture.isQuiet)
    }

    @Test func bounds() throws {
        _ = try generate()
        fixture.server.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<20 {
            guard fixture.server.isOpen else { break }
            fixture.server.answer("10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n")
        }
        #expect(log.take().first?.hasPrefix("failed protocol") == true)
        _ = try generate()
        answer((0..<65).map { Self.tool($0, "t\($0)", "x") })
        #expect(log.take().first?.hasSuffix("more tool calls than are taken") == true)
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }
}
