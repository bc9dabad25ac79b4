import NIOCore
import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

@Suite struct BrowserPageTests {
    private func get(
        _ path: String, browser: Bool? = nil, listeningOn host: String = "127.0.0.1",
        headers: [(String, String)] = [("Host", "localhost:8080")], agents: ScriptedHost = ScriptedHost()
    ) -> ServerResponse? {
        var configuration = CarrierServerConfiguration()
        configuration.host = host
        configuration.settings.browser.isEnabled = browser
        let router = CarrierServer.router(configuration, host: agents, calls: CarrierCalls(most: 1))
        let request = ServerRequest(method: "GET", target: path, headers: headers.map { (name: $0.0, value: $0.1) })
        guard case .found(.respond(let answer), _) = router.match(method: "GET", path: request.path) else { return nil }
        return answer(request)
    }

    private func header(_ name: String, _ response: ServerResponse?) -> String? {
        response?.headers.first { $0.name == name }?.value
    }

    @Test(arguments: [
        ("/", "text/html; charset=utf-8", "<!doctype html>"),
        ("/browser/page.css", "text/css; charset=utf-8", "/*"),
        ("/browser/page.js", "text/javascript; charset=utf-8", "//"),
        ("/browser/conversation.js", "text/javascript; charset=utf-8", "//"),
        ("/browser/audio.js", "text/javascript; charset=utf-8", "//"),
        ("/browser/icon.svg", "image/svg+xml", "<svg"),
    ])
    func servesItsFiles(path: String, type: String, beginning: String) throws {
        let response = try #require(get(path))
        #expect(response.status == 200)
        #expect(response.contentType == type)
        #expect(response.body.hasPrefix(beginning))
        #expect(header("X-Content-Type-Options", response) == "nosniff")
        #expect(header("Cache-Control", response) == "no-cache")
        let tag = try #require(header("ETag", response))
        let again = get(path, headers: [("Host", "localhost"), ("If-None-Match", "\"other\", \(tag)")])
        #expect(again?.status == 304)
        #expect(again?.body == "")
        #expect(header("ETag", again) == tag)
        #expect(get(path, headers: [("Host", "localhost"), ("If-None-Match", "\"other\"")])?.status == 200)
    }

    @Test func everythingThatThePageNamesIsServedHere() throws {
        let page = try #require(get("/")).body
        let names = page.matches(of: #/(?:src|href)="([^"#][^"]*)"/#).map { String($0.1) }
        #expect(names.count >= 4)
        for name in Set(names) { #expect(get("/" + name)?.status == 200, "\(name)") }
        #expect(!page.contains("style=\"") && !page.contains("onclick"), "the policy forbids what stands in the page")
    }

    @Test func forbidsEverythingThatIsNotItsOwn() throws {
        let policy = try #require(header("Content-Security-Policy", get("/")))
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'; "))
        #expect(policy.contains("connect-src 'self' ws://localhost:8080 wss://localhost:8080; "))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
        let odd = header("Content-Security-Policy", get("/", browser: true, headers: [("Host", "a;script-src *")]))
        #expect(odd?.contains("connect-src 'self'; ") == true)
        #expect(header("Permissions-Policy", get("/")) == "microphone=(self)")
    }

    /// What was configured, where it listens, the request, whether it gets the page.
    @Test(
        arguments: [
            (nil, "127.0.0.1", [("Host", "localhost:8080")], true),
            (nil, "localhost", [("Host", "127.0.0.1:8080")], true),
            (nil, "::1", [("Host", "[::1]:8080")], true),
            (nil, "127.0.0.1", [("Host", "agent.example.com")], false),
            (nil, "127.0.0.1", [("Host", "127.0.0.1.example.com")], false),
            (nil, "127.0.0.1", [], false),
            (nil, "127.0.0.1", [("Host", "localhost"), ("X-Forwarded-For", "1.2.3.4")], false),
            (nil, "127.0.0.1", [("Host", "localhost"), ("Via", "1.1 proxy")], false),
            (nil, "0.0.0.0", [("Host", "localhost")], false),
            (true, "0.0.0.0", [("Host", "agent.example.com"), ("X-Forwarded-For", "1.2.3.4")], true),
            (false, "127.0.0.1", [("Host", "localhost")], false),
        ] as [(Bool?, String, [(String, String)], Bool)])
    func whoGetsThePage(enabled: Bool?, host: String, headers: [(String, String)], isServed: Bool) throws {
        let page = try #require(get("/", browser: enabled, listeningOn: host, headers: headers))
        #expect(page.status == 200)
        #expect(page.body.hasPrefix("<!doctype") == isServed)
        #expect(page.body.contains("/twilio/voice/AGENT") == !isServed)
        for path in ["/browser/agents", "/browser/page.js"] {
            let status = get(path, browser: enabled, listeningOn: host, headers: headers)?.status
            #expect(status == (isServed ? 200 : 404), "\(path)")
        }
    }

    @Test func listsTheAgents() throws {
        let host = ScriptedHost()
        let response = try #require(get("/browser/agents", agents: host))
        #expect(response.contentType == "application/json")
        #expect(header("Cache-Control", response) == "no-store")
        #expect(response.body == #"{"agents":["agent & co","reception"],"ready":true,"draining":false}"#)
        host.set { $0.isReady = false }
        #expect(get("/browser/agents", agents: host)?.body.contains(#""ready":false"#) == true)
    }
}
