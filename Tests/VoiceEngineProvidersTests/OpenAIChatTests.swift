internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

@Suite struct OpenAIChatTests {
    let fixture: ProviderFixture
    let log = LanguageModelLog()
    init() throws { fixture = try ProviderFixture() }

    private let request = ChatRequest(prompt: "Be brief.", messages: [.user("Hi")], tools: [])

    private func generate(_ request: ChatRequest? = nil, options: JSONValue = [:]) throws -> any Generation {
        let provider = try OpenAIChat.make(
            fixture.setup(
                "openai", model: "m", baseURL: "http://llm:1/v1/", options: options, keyVariable: "X_API_KEY"),
            profile: .openAI)
        return provider.generate(request ?? self.request, context: fixture.context, sink: log.sink)
    }

    private func body() throws -> JSONValue {
        let text = fixture.server.takeText()
        return try JSONValue.parse(String(text.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""))
    }

    private func answer(_ lines: [String]) {
        let body = lines.map { $0 + "\n\n" }.joined()
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
    }

    private func chunk(_ delta: String, _ reason: String = "null") -> String {
        #"data: {"choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(reason)}]}"#
    }

    @Test func asksAndStreams() throws {
        _ = try generate()
        let text = fixture.server.takeText()
        #expect(text.hasPrefix("POST /v1/chat/completions HTTP/1.1\r\nHost: llm:1\r\n"))
        #expect(text.contains("Authorization: Bearer \(ProviderFixture.key)\r\n"))
        #expect(
            text.hasSuffix(
                #"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"stream":true,"#
                    + #""stream_options":{"include_usage":true},"max_tokens":300}"#))
        answer([
            ": ping", chunk(#"{"role":"assistant","content":null}"#), chunk(#"{"content":"Hel"}"#),
            chunk(#"{"content":"lo"}"#),
            chunk("{}", #""stop""#), #"data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
            "data: [DONE]",
        ])
        #expect(log.take() == ["text 'Hel'", "text 'lo'", "finished stop 5+2"])
        _ = try generate()
        #expect(fixture.network.connections.count == 1)
    }

    @Test func writesTheWholeConversation() throws {
        let call = ToolCall(id: "c1", name: "book", arguments: #"{"day":"Mo"}"#)
        _ = try generate(
            ChatRequest(
                prompt: "",
                messages: [.user("a\"b\n"), .assistant("", toolCalls: [call]), .toolResult(id: "c1", json: "{}")],
                tools: [ToolSpecification(name: "book", description: "Books.", parameters: #"{"type":"object"}"#)]),
            options: [
                "max_tokens": 50, "max_tokens_field": "max_completion_tokens", "temperature": 0.5,
                "reasoning_effort": "none", "extra": ["chat_template_kwargs": ["enable_thinking": false]],
            ])
        let expected = try JSONValue.parse(
            #"""
            {"model":"m","messages":[{"role":"user","content":"a\"b\n"},{"role":"assistant","content":"",
            "tool_calls":[{"id":"c1","type":"function","function":{"name":"book","arguments":"{\"day\":\"Mo\"}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"{}"}],"stream":true,"stream_options":{"include_usage":true},
            "max_completion_tokens":50,"temperature":0.5,"tools":[{"type":"function","function":{"name":"book",
            "description":"Books.","parameters":{"type":"object"}}}],"reasoning_effort":"none",
            "chat_template_kwargs":{"enable_thinking":false}}
            """#)
        #expect(try body() == expected)
    }

    @Test func assemblesToolCalls() throws {
        _ = try generate()
        answer([
            chunk(#"{"content":"One moment."}"#),
            chunk(#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"x","arguments":""}}]}"#),
            chunk(#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"y","arguments":"{\"q\""}}]}"#),
            chunk(
                #"{"tool_calls":[{"index":0,"function":{"arguments":""}},{"index":1,"function":{"arguments":":1}"}}]}"#),
            chunk("{}", #""stop""#), "data: [DONE]",
        ])
        #expect(log.take() == ["text 'One moment.'", "call a x {}", #"call b y {"q":1}"#, "finished toolCalls 0+0"])
    }

    @Test func assemblesTheToolCallsOfLaxServers() throws {
        _ = try generate()
        answer([
            chunk(#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}]}"#),
            chunk(#"{"tool_calls":[{"index":0,"id":"b","function":{"name":"y","arguments":{"n":1}}}]}"#),
            chunk(#"{"tool_calls":[{"function":{"name":"z","arguments":"{\"k\":"}}]}"#),
            chunk(#"{"tool_calls":[{"function":{"arguments":"2}"}}]}"#, #""""#), "data: [DONE]",
        ])
        let calls = log.take()
        #expect(calls.count == 4)
        #expect(calls[0] == "call a x {}")
        #expect(calls[1] == #"call b y {"n":1}"#)
        #expect(calls[2].hasPrefix("call call_") && calls[2].hasSuffix(#" z {"k":2}"#))
        #expect(calls[3] == "finished toolCalls 0+0")
    }

    @Test func doesNotRunACallThatWasCutOrIsNoJSON() throws {
        let fragment = chunk(#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{\"q"}}]}"#)
        _ = try generate()
        answer([fragment, chunk("{}", #""length""#), "data: [DONE]"])
        #expect(log.take() == ["finished length 0+0"])
        _ = try generate()
        answer([fragment, chunk("{}", #""tool_calls""#), "data: [DONE]"])
        #expect(log.take().first?.hasPrefix("failed protocol") == true)
    }

    @Test func anySplitReadsAlike() throws {
        let body = Array(
            (chunk(#"{"content":"gr\u00fc"}"#) + "\r\n\r\n" + chunk(#"{"content":"ß €𝄞"}"#) + "\n\n"
                + chunk("{}", #""stop""#)
                + "\n\ndata: [DONE]\n\n").utf8)
        for cut in 0...body.count {
            _ = try generate()
            fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
            fixture.server.answer(Array(body[..<cut]))
            fixture.server.answer(Array(body[cut...]))
            #expect(log.take() == ["text 'grü'", "text 'ß €𝄞'", "finished stop 0+0"], "cut at \(cut)")
        }
    }

    @Test func endsWithoutDone() throws {
        _ = try generate()
        answer([chunk(#"{"content":"a"}"#, #""length""#)])
        #expect(log.take() == ["text 'a'", "finished length 0+0"])
        _ = try generate()
        answer([chunk(#"{"content":"a"}"#)])
        #expect(
            log.take() == [
                "text 'a'",
                "failed protocol: failed in the middle of an answer: the stream ended in the middle of the answer",
            ])
        _ = try generate()
        let last = chunk(#"{"content":"a"}"#, #""stop""#) + "\n\ndata: [DONE]"
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: \(last.utf8.count)\r\n\r\n" + last)
        #expect(log.take() == ["text 'a'", "finished stop 0+0"])
    }

    @Test(arguments: [
        (#"data: {"error":{"message":"busy","type":"server_error","param":null,"code":null}}"#, "unavailable"),
        (#"data: {"error":{"message":"x","code":500}}"#, "unavailable"), ("data: {oops", "protocol"),
        (#"error: {"message":"x","type":"server_error"}"#, "unavailable"),
        (#"data: {"error":{"message":"x","code":"rate_limit_exceeded"}}"#, "rateLimited"),
        (#"data: {"error":{"message":"x","code":"tool_use_failed","failed_generation":"<f>"}}"#, "protocol"),
        (#"data: {"error":{"code":400,"type":"exceed_context_size_error","message":"x"}}"#, "configuration"),
        (#"data: {"choices":[],"x_groq":{"error":"over capacity"}}"#, "protocol"),
    ])
    func failsInTheMiddle(_ row: (String, String)) throws {
        _ = try generate()
        answer([chunk(#"{"content":"a"}"#), row.0])
        let entries = log.take()
        #expect(entries.count == 2)
        #expect(entries[1].hasPrefix("failed \(row.1): failed in the middle of an answer"))
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test(arguments: [
        (
            401, #"{"error":{"message":"Incorrect API key provided: sk-0123","code":"invalid_api_key"}}"#,
            "auth: answered with status 401: invalid_api_key"
        ),
        (
            404, #"{"error":{"message":"no such model","type":"x","code":"model_not_found"}}"#,
            "configuration: answered with status 404: model_not_found: no such model"
        ),
        (
            429, #"{"error":{"message":"slow","code":"rate_limit_exceeded"}}"#,
            "rateLimited: answered with status 429, retry after 7 s: rate_limit_exceeded: slow"
        ),
        (
            429, #"{"error":{"message":"pay","code":"insufficient_quota"}}"#,
            "auth: answered with status 429, retry after 7 s: insufficient_quota: pay"
        ),
        (400, #"{"error":"model is required"}"#, "configuration: answered with status 400: model is required"),
        (422, #"{"detail":[{"msg":"bad"}]}"#, #"configuration: answered with status 422: [{"msg":"bad"}]"#),
        (503, "<html>", "unavailable: answered with status 503"), (200, "", "protocol: "),
    ])
    func namesARefusal(_ row: (Int, String, String)) throws {
        _ = try generate()
        let isGood = row.0 == 200
        fixture.server.answer(
            "HTTP/1.1 \(row.0) X\r\n\(isGood ? "" : "retry-after: 7\r\n")Content-Length: \(row.1.utf8.count)\r\n\r\n\(row.1)"
        )
        let entries = log.take()
        #expect(entries.count == 1)
        if isGood { #expect(entries[0].hasPrefix("failed protocol")) } else { #expect(entries[0] == "failed " + row.2) }
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func isHeldForMomentsAndDrainsAllTheSame() throws {
        let generation = try generate()
        generation.holdAnswer(true)
        #expect(fixture.server.isRead)
        let second = chunk(#"{"content":"b"}"#) + "\n\n"
        let rest = second + chunk("{}", #""stop""#) + "\n\ndata: [DONE]\n\n"
        let first = chunk(#"{"content":"a"}"#) + "\n\n"
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: \((first + rest).utf8.count)\r\n\r\n" + first)
        generation.holdAnswer(true)
        #expect(!fixture.server.isRead)
        generation.holdAnswer(false)
        #expect(fixture.server.isRead)
        // Held by what comes with the end.
        log.onEvent = { _ in generation.holdAnswer(true) }
        fixture.server.answer(rest)
        #expect(log.take() == ["text 'a'", "text 'b'", "finished stop 0+0"])
        #expect(fixture.server.isRead)
        _ = try generate()
        #expect(fixture.network.connections.count == 1)
    }

    @Test func retriesAResetBeforeTheFirstByteOnce() throws {
        _ = try generate()
        fixture.server.cut()
        fixture.network.run()
        #expect(fixture.network.connections.count == 2)
        #expect(log.take() == [])
        fixture.server.cut()
        fixture.network.run()
        #expect(log.take() == ["failed unavailable: the server closed the connection before it answered"])
        #expect(fixture.network.connections.count == 2)
        #expect(fixture.isQuiet)
    }

    @Test func cancelClosesTheConnectionAndIsSilent() throws {
        let generation = try generate()
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n\(chunk(#"{"content":"a"}"#))\n\n")
        generation.cancel()
        #expect(!fixture.server.isOpen)
        fixture.network.advance(.minutes(1))
        #expect(log.take() == ["text 'a'"])
        #expect(fixture.isQuiet)
    }

    @Test func reportsTimeoutsAndRefusedConnections() throws {
        fixture.network.behaviour = .refuse
        _ = try generate()
        fixture.network.run()
        fixture.network.behaviour = .accept
        _ = try generate(options: ["timeout_ms": 2000])
        fixture.network.advance(.seconds(2))
        let entries = log.take()
        #expect(entries.count == 2)
        #expect(entries[0].hasPrefix("failed unavailable: cannot connect to llm:1"))
        #expect(entries[1] == "failed timeout: timed out while waiting for an answer")
        #expect(fixture.isQuiet)
    }

    @Test func boundsALineAndTheArguments() throws {
        _ = try generate()
        fixture.server.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<20 {
            guard fixture.server.isOpen else { break }
            fixture.server.answer("10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n")
        }
        #expect(log.take().first?.hasPrefix("failed protocol") == true)
        #expect(!fixture.server.isOpen)
        #expect(fixture.isQuiet)
    }

    @Test func refusesPaddingOfOpenAIAlone() throws {
        let provider = try OpenAIChat.make(fixture.setup("openai", model: "m", baseURL: nil), profile: .openAI)
        _ = provider.generate(request, context: fixture.context, sink: log.sink)
        // TLS: what is sent cannot be read here, so the wire is asked.
        var options = OpenAIChatOptions(model: "m")
        options.refusesPadding = true
        let body = try JSONValue.parse(String(decoding: OpenAIChatWire.request(request, options), as: UTF8.self))
        #expect(body["stream_options"] == ["include_usage": true, "include_obfuscation": false])
        options.includesUsage = false
        options.refusesPadding = false
        let bare = try JSONValue.parse(String(decoding: OpenAIChatWire.request(request, options), as: UTF8.self))
        #expect(bare["stream_options"] == nil)
    }

    @Test(arguments: [
        (
            [#"{"refusal":"I can"}"#, #"{"refusal":"not."}"#],
            ["text 'I can'", "text 'not.'", "finished contentFilter 0+0"]
        ),
        ([#"{"content":[{"type":"text","text":"a"},{"type":"thinking"}]}"#], ["text 'a'", "finished stop 0+0"]),
        (
            [#"{"content":"<thi"}"#, #"{"content":"nk>hm"}"#, #"{"content":"</think>\n\nYes <b"}"#],
            ["text 'Yes <b'", "finished stop 0+0"]
        ),
        (
            [#"{"reasoning_content":"hm"}"#, #"{"reasoning":"hm"}"#, #"{"content":"a"}"#],
            ["text 'a'", "finished stop 0+0"]
        ),
    ])
    func saysWhatIsMeantToBeSaid(_ row: ([String], [String])) throws {
        _ = try generate()
        answer(row.0.map { chunk($0) } + [chunk("{}", #""stop""#), "data: [DONE]"])
        #expect(log.take() == row.1)
    }

    @Test func takesTheOldFormOfACallAndAWholeMessage() throws {
        _ = try generate()
        answer([
            chunk(#"{"function_call":{"name":"x","arguments":""}}"#), chunk(#"{"function_call":{"arguments":"{}"}}"#),
            chunk("{}", #""function_call""#), "data: [DONE]",
        ])
        let calls = log.take()
        #expect(calls.count == 2 && calls[0].hasSuffix(" x {}"))
        _ = try generate()
        answer([#"data: {"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}"#]
        )
        #expect(log.take() == ["text 'a'", "finished stop 0+0"])
    }

    @Test func takesEventsWithoutTheEmptyLineBetweenThem() throws {
        _ = try generate()
        answer([chunk(#"{"content":"a"}"#) + "\n" + chunk(#"{"content":"b"}"#, #""stop""#) + "\ndata: [DONE]"])
        #expect(log.take() == ["text 'a'", "text 'b'", "finished stop 0+0"])
    }

    @Test func readsTheCountsOfGroqAndOfTheCache() throws {
        _ = try generate()
        answer([
            chunk("{}", #""stop""#),
            #"data: {"choices":[],"x_groq":{"id":"r","usage":{"prompt_tokens":3,"completion_tokens":4}}}"#,
            "data: [DONE]",
        ])
        #expect(log.take() == ["finished stop 3+4"])
        _ = try generate()
        answer([
            chunk("{}", #""stop""#),
            #"data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":8}}}"#,
            "data: [DONE]",
        ])
        #expect(log.take() == ["finished stop 9+4 (8 cached)"])
    }

    @Test func knowsItsServices() throws {
        let registry = ProviderRegistry.network
        let openAI = try registry.makeLanguageModel(fixture.setup("openai", model: "m", baseURL: nil))
        _ = openAI.generate(request, context: fixture.context, sink: log.sink)
        #expect(fixture.server.origin.description == "api.openai.com:443")
        do {
            _ = try registry.makeSpeechToText(fixture.setup("nobody", baseURL: nil))
            Issue.record("made")
        } catch {
            #expect(
                error.path == "stt[0].provider" && error.detail.hasPrefix("is one of assemblyai, deepgram")
                    && error.detail.hasSuffix(" for speech to text"))
        }
        do {
            _ = try registry.makeLanguageModel(fixture.setup("openai_compatible", model: "m", baseURL: nil))
            Issue.record("made")
        } catch { #expect(error.path == "stt[0].base_url") }
        do {
            _ = try registry.makeLanguageModel(fixture.setup("openai", model: "m", baseURL: "ws://x"))
            Issue.record("made")
        } catch { #expect(error.path == "stt[0].base_url") }
    }
}
