import NIOCore
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineNetSupport

@testable import VoiceEngineProviders

/// Tools over the scripted network: what goes out, and what the model is told.
@Suite struct HTTPToolTests {
    private static let token = "tok-0123456789abcdef"

    /// A call under way.
    private final class Probe {
        var results: [String] = []
        var run: (any ToolRun)?
    }

    private static func document(_ tools: String) throws -> [AgentDocument.Tool] {
        let roles = ["stt", "llm", "tts"].map { #""\#($0)":{"provider":"local"}"# }.joined(separator: ",")
        return try AgentDocument.parse(Array(#"{"name":"a","prompt":"p",\#(roles),"tools":[\#(tools)]}"#.utf8)).tools
    }

    private static func tool(_ http: String, properties: String = #""id":{"type":"string"},"n":{},"l":{},"o":{}"#)
        -> String
    {
        #"{"name":"t","description":"d","parameters":{"type":"object","properties":{\#(properties)}},"http":\#(http)}"#
    }

    private static let environment: @Sendable (String) -> String? = {
        ["TOKEN": " \(token)\n", "SIGNED": "Signed \(token)", "BAD": "a\u{1}b", "EMPTY": " "][$0]
    }

    private func kit(_ tools: [AgentDocument.Tool], _ fixture: ProviderFixture) throws -> HTTPToolRunner {
        let kit = try HTTPToolKit(tools, environment: Self.environment, network: fixture.network.client)
        return try #require(try kit.runner(for: tools))
    }

    private func start(_ tool: String, _ arguments: String, _ fixture: ProviderFixture) throws -> Probe {
        let probe = Probe()
        let runner = try kit(try Self.document(tool), fixture)
        let call = ToolCall(id: "c", name: "t", arguments: arguments)
        probe.run = runner.run(call, context: fixture.context) { probe.results.append($0) }
        #expect(probe.run != nil && probe.results.isEmpty, "never inside the call")
        fixture.network.run()
        return probe
    }

    @Test(arguments: [
        (
            #"{"url":"https://a.b/book?v=1"}"#, #"{"id":"x","n":2}"#,
            """
            POST /book?v=1 HTTP/1.1|Host: a.b|Content-Length: 16|Accept: application/json|Content-Type: application/json||{"id":"x","n":2}
            """
        ),
        (
            #"{"method":"PUT","url":"http://a.b:81/{id}"}"#, #"{"id":"a/b","n":null}"#,
            "PUT /a%2Fb HTTP/1.1|Host: a.b:81|Content-Length: 10|Accept: application/json|Content-Type: application/json||{\"n\":null}"
        ),
        (
            #"{"method":"PATCH","url":"http://a.b/{id}","headers":{"content-type":"application/x+json","X-A":"ä b"}}"#,
            #"{"id":"1"}"#,
            "PATCH /1 HTTP/1.1|Host: a.b|Content-Length: 2|Accept: application/json|content-type: application/x+json|X-A: ä b||{}"
        ),
        (
            #"{"method":"GET","url":"https://a.b/{id}?v=1","api_key_env":"TOKEN"}"#,
            #"{"id":"1","n":2.5,"l":["a b",true],"o":{"x":1}}"#,
            "GET /1?v=1&n=2.5&l=a%20b&l=true&o=%7B%22x%22%3A1%7D HTTP/1.1|Host: a.b|Accept: application/json|Authorization: Bearer \(token)||"
        ),
        (
            #"{"method":"DELETE","url":"https://a.b/","headers":{"accept":"*/*"},"headers_env":{"Authorization":"SIGNED"}}"#,
            "", "DELETE / HTTP/1.1|Host: a.b|Content-Length: 0|accept: */*|Authorization: Signed \(token)||"
        ),
    ])
    func sendsTheArguments(http: String, arguments: String, expected: String) throws {
        let fixture = try ProviderFixture()
        // In plain text, so that the test can read it; the port says what was asked for.
        let plain = http.replacing("https://", with: "http://")
        let probe = try start(Self.tool(plain), arguments, fixture)
        let request = fixture.server.takeText().replacing("\r\n", with: "|")
        func parts(_ text: String) -> [String] {
            let lines = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            return [lines[0]] + lines.dropFirst().dropLast().map { $0.lowercased() }.sorted() + lines.suffix(1)
        }
        #expect(parts(request) == parts(expected))
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{ \"ok\": true}")
        #expect(probe.results == [#"{"ok":true}"#])
        fixture.network.client.closeIdleConnections()
        fixture.network.run()
        #expect(fixture.isQuiet)
    }

    @Test(arguments: [
        ("[]", "the arguments are not a JSON object"), ("nonsense", "the arguments are not a JSON object"),
        (#"{"id":7}"#, "id: found a number, expected string"), ("{}", "the argument id is missing"),
        (#"{"id":".."}"#, #"the argument id cannot be "..""#),
    ])
    func argumentsThatAreWrongStayHere(arguments: String, why: String) throws {
        let fixture = try ProviderFixture()
        let probe = try start(Self.tool(#"{"url":"http://a.b/{id}"}"#), arguments, fixture)
        #expect(fixture.network.connections.isEmpty)
        #expect(try JSONValue.parse(probe.results[0]) == ["error": .string(why)])
        #expect(probe.results.count == 1 && fixture.isQuiet)
    }

    @Test(arguments: [
        ("200 OK", "plain text", #""plain text""#), ("201 Created", "[1, 2]", "[1,2]"),
        ("200 OK", "", #"{"status":200}"#), ("200 OK", #"{"a":1"#, #""{\"a\":1""#),
        (
            "404 Not Found", #"{"reason":"no such day"}"#,
            #"{"error":"the service answered with status 404","detail":{"reason":"no such day"}}"#
        ),
        ("302 Found", "", #"{"error":"the service answered with status 302"}"#),
        (
            "500 Oops", "key \(token) is wrong",
            #"{"error":"the service answered with status 500","detail":"key … is wrong"}"#
        ),
        ("200 OK", #"{"echo":"Bearer \#(token)"}"#, #"{"echo":"Bearer …"}"#),
    ])
    func tellsTheModelWhatTheServiceSays(status: String, body: String, result: String) throws {
        let fixture = try ProviderFixture()
        let probe = try start(Self.tool(#"{"url":"http://a.b/","api_key_env":"TOKEN"}"#), "{}", fixture)
        fixture.server.answer("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(probe.results == [result])
    }

    @Test func noContentIsAnAnswer() throws {
        let fixture = try ProviderFixture()
        let probe = try start(Self.tool(#"{"url":"http://a.b/"}"#), "{}", fixture)
        fixture.server.answer("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(probe.results == [#"{"status":204}"#])
    }

    @Test func aLongAnswerIsCut() throws {
        let fixture = try ProviderFixture()
        let probe = try start(Self.tool(#"{"url":"http://a.b/"}"#), "{}", fixture)
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in 0..<4 { fixture.server.answer(String(repeating: "x", count: 20_000)) }
        let result = try JSONValue.parse(try #require(probe.results.first))
        #expect(result["text"]?.string == String(repeating: "x", count: 64 << 10))
        #expect(result["note"] == "the answer was longer than 65536 bytes; this is its beginning")
        #expect(probe.results.count == 1 && !fixture.server.isOpen && fixture.isQuiet, "the rest is not read")
    }

    @Test func aLongRefusalIsCutShorter() throws {
        let fixture = try ProviderFixture()
        let probe = try start(Self.tool(#"{"url":"http://a.b/"}"#), "{}", fixture)
        fixture.server.answer(
            "HTTP/1.1 503 Busy\r\nContent-Length: 90000\r\n\r\n" + String(repeating: "x", count: 3_000))
        let result = try JSONValue.parse(try #require(probe.results.first))
        #expect(result["detail"]?.string?.count == 2 << 10)
    }

    @Test func noAnswerInTime() throws {
        for sendsHead in [false, true] {
            let fixture = try ProviderFixture()
            let probe = try start(Self.tool(#"{"url":"http://a.b/","timeout_ms":3000}"#), "{}", fixture)
            if sendsHead { fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab") }
            fixture.network.advance(.milliseconds(2_999))
            #expect(probe.results.isEmpty)
            fixture.network.advance(.milliseconds(2))
            fixture.network.run()
            #expect(probe.results.count == 1 && probe.results[0].hasPrefix(#"{"error":"#), "\(probe.results)")
            #expect(fixture.isQuiet)
        }
    }

    @Test func noConnection() throws {
        let fixture = try ProviderFixture()
        fixture.network.behaviour = .refuse
        let probe = try start(Self.tool(#"{"url":"http://a.b/"}"#), "{}", fixture)
        #expect(probe.results.count == 1)
        #expect(probe.results[0].hasPrefix(#"{"error":"the service cannot be reached: "#))
        #expect(fixture.isQuiet)
    }

    @Test func aStoppedCallIsSilent() throws {
        let fixture = try ProviderFixture()
        let probe = try start(Self.tool(#"{"url":"http://a.b/"}"#), "{}", fixture)
        probe.run?.cancel()
        #expect(!fixture.server.isOpen)
        fixture.network.advance(.seconds(60))
        #expect(probe.results.isEmpty && fixture.isQuiet)
        let wrong = try start(Self.tool(#"{"url":"http://a.b/"}"#), "[]", fixture)
        wrong.run?.cancel()
        #expect(wrong.results.count == 1, "it was over already")
    }

    @Test func aCallThatNobodyHoldsFinishes() throws {
        let fixture = try ProviderFixture()
        let probe = try start(Self.tool(#"{"url":"http://a.b/"}"#), "{}", fixture)
        probe.run = nil
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7")
        #expect(probe.results == ["7"])
    }

    /// What books must not book twice because the server was just closing a connection that had idled.
    @Test(arguments: [("POST", 2), ("PATCH", 2), ("GET", 1), ("PUT", 1), ("DELETE", 1)])
    func whatIsNotToBeRepeatedHasAConnectionOfItsOwn(method: String, connections: Int) throws {
        let fixture = try ProviderFixture()
        let tool = Self.tool(#"{"url":"http://a.b/","method":"\#(method)"}"#)
        for _ in 0..<2 {
            let probe = try start(tool, "{}", fixture)
            fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7")
            #expect(probe.results == ["7"])
        }
        #expect(fixture.network.connections.count == connections)
    }

    @Test func otherToolsAreTheHosts() throws {
        let fixture = try ProviderFixture()
        let tools = try Self.document(
            Self.tool(#"{"url":"http://a.b/"}"#) + #",{"name":"host","description":"d"}"#)
        let runner = try kit(tools, fixture)
        let call = ToolCall(id: "c", name: "host", arguments: "{}")
        #expect(runner.run(call, context: fixture.context) { _ in } == nil)
        let kit = try HTTPToolKit([tools[1]], environment: Self.environment, network: fixture.network.client)
        #expect(try kit.runner(for: [tools[1]]) == nil)
    }

    @Test(arguments: [
        (
            #"{"url":"http://a.b/","api_key_env":"NONE"}"#,
            "tools[0].http.api_key_env: the environment variable NONE is not set"
        ),
        (
            #"{"url":"http://a.b/","api_key_env":"EMPTY"}"#,
            "tools[0].http.api_key_env: the environment variable EMPTY is not set"
        ),
        (
            #"{"url":"http://a.b/","headers_env":{"X-A":"BAD"}}"#,
            "tools[0].http.headers_env.X-A: the environment variable BAD holds what no header can carry"
        ),
        (
            #"{"url":"http://a b@c/"}"#.replacing(" ", with: ""),
            "tools[0].http.url: an address has no user name or password"
        ),
        (#"{"url":"http://a.b:99999/"}"#, "tools[0].http.url: a port is a number from 1 to 65535"),
    ])
    func whatIsMissingIsNamed(http: String, why: String) throws {
        let fixture = try ProviderFixture()
        let tools = try Self.document(Self.tool(http))
        let error = #expect(throws: ProviderSetupError.self) { try kit(tools, fixture) }
        #expect(error?.description == why)
    }
}
