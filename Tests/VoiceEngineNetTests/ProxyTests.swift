internal import NIOCore
import Testing
internal import VoiceEngineNet
internal import VoiceEngineNetSupport

/// Which proxy is chosen, and what is said to it.
@Suite struct ProxyTests {
    private func settings(_ variables: [String: String]) -> ProxySettings { ProxySettings { variables[$0] } }

    private func way(_ settings: ProxySettings, _ url: String) throws -> String {
        let url = try WebURL(url)
        do {
            switch try settings.route(to: url.origin, isTunnel: url.scheme.isWebSocket) {
            case .direct: return "direct"
            case .tunnel(let proxy): return "tunnel \(proxy)"
            case .forward(let proxy): return "forward \(proxy)"
            }
        } catch { return "\(error)" }
    }

    @Test func aConfigurationTakesThePlaceOfTheEnvironment() throws {
        let variables = ["https_proxy": "env:1", "NO_PROXY": "inside.example"]
        func way(_ proxy: String?, _ exceptions: String?, _ host: String) throws -> String {
            let settings = try ProxySettings(proxy: proxy, exceptions: exceptions) { variables[$0] }
            return try self.way(settings, "https://\(host)/")
        }
        #expect(try way(nil, nil, "outside.example") == "tunnel env:1")
        #expect(try way(nil, nil, "inside.example") == "direct")
        #expect(try way(nil, "outside.example", "outside.example") == "direct")
        #expect(try way(nil, "outside.example", "inside.example") == "tunnel env:1")
        #expect(try way("none", nil, "outside.example") == "direct")
        #expect(try way("http://p:2", nil, "inside.example") == "tunnel p:2")
        #expect(try way("http://p:2", "inside.example", "inside.example") == "direct")
        let error = #expect(throws: WebURL.ParseError.self) { try way("http://u:hunter2@p:port", nil, "a") }
        #expect(error?.description == "a port is a number from 1 to 65535")
    }

    @Test(arguments: [
        ("https_proxy", "http://p:3128", "https://api.example/", "tunnel p:3128"),
        ("https_proxy", "http://p:3128", "wss://api.example/", "tunnel p:3128"),
        ("https_proxy", "http://p:3128", "http://api.example/", "direct"),
        ("HTTPS_PROXY", "p:3128", "https://api.example/", "tunnel p:3128"),
        ("http_proxy", "p", "http://api.example/", "forward p:1080"),
        ("http_proxy", "http://p:8080/", "ws://api.example/", "tunnel p:8080"),
        ("http_proxy", "http://p", "https://api.example/", "direct"),
        ("HTTP_PROXY", "http://p:1", "http://api.example/", "direct"),
        ("all_proxy", "https://p", "http://api.example/", "forward p:443"),
        ("ALL_PROXY", "http://[::1]:99", "https://api.example/", "tunnel [::1]:99"),
        ("ALL_PROXY", "http://[fd00::1]", "https://api.example/", "tunnel [fd00::1]:1080"),
        ("https_proxy", "", "https://api.example/", "direct"),
        ("https_proxy", "http://p:1", "https://localhost/", "direct"),
        ("https_proxy", "http://p:1", "https://a.localhost/", "direct"),
        ("https_proxy", "http://p:1", "https://127.9.9.9/", "direct"),
        ("https_proxy", "http://p:1", "https://[::1]/", "direct"),
        ("https_proxy", "http://p:1", "https://[::ffff:127.0.0.1]/", "direct"),
        ("https_proxy", "http://p:1", "https://10.0.0.1/", "tunnel p:1"),
        (
            "https_proxy", "socks5://u:hunter2@p:1", "https://api.example/",
            "the variable https_proxy holds no proxy that can be used: socks5:// proxies are not supported, http:// and "
                + "https:// are"
        ),
        (
            "https_proxy", "http://u:hunter2@p:port", "https://api.example/",
            "the variable https_proxy holds no proxy that can be used: a port is a number from 1 to 65535"
        ),
        ("https_proxy", "http://u:hunter2@p:port", "https://127.0.0.1/", "direct"),
    ])
    func readsTheEnvironmentAsCurlDoes(_ row: (name: String, value: String, url: String, way: String)) throws {
        #expect(try way(settings([row.name: row.value]), row.url) == row.way)
    }

    @Test func lowerCaseWinsAndSpecificWins() throws {
        let both = settings([
            "https_proxy": "lower:1", "HTTPS_PROXY": "upper:1", "all_proxy": "all:1", "no_proxy": "one",
            "NO_PROXY": "two",
        ])
        #expect(try way(both, "https://x.example/") == "tunnel lower:1")
        #expect(try way(both, "http://x.example/") == "forward all:1")
        #expect(try way(both, "https://one/") == "direct")
        #expect(try way(both, "https://two/") == "tunnel lower:1")
        #expect(try way(.direct, "https://x.example/") == "direct")
        let fixed = ProxySettings(try Proxy("http://p:1"), except: "inside.example")
        #expect(try way(fixed, "http://a.inside.example/") == "direct")
        #expect(try way(fixed, "https://outside.example/") == "tunnel p:1")
    }

    @Test(arguments: [
        ("*", "https://a.example/", true), ("a.example", "https://a.example/", true),
        ("A.Example", "https://a.example/", true), ("a.example", "https://b.a.example/", true),
        (".a.example", "https://a.example/", true), (".a.example.", "https://b.a.example/", true),
        ("a.example", "https://ba.example/", false), ("a.example", "https://a.example.org/", false),
        ("x, a.example", "https://a.example/", true), ("x a.example", "https://a.example/", true),
        (", ,", "https://a.example/", false), ("10.0.0.0/8", "https://10.255.3.4/", true),
        ("10.0.0.0/8", "https://11.0.0.1/", false), ("192.168.4.0/22", "https://192.168.7.255/", true),
        ("192.168.4.0/22", "https://192.168.8.0/", false), ("10.1.2.3", "https://10.1.2.3/", true),
        ("10.1.2.3", "https://10.1.2.4/", false), ("0.0.0.0/0", "https://8.8.8.8/", true),
        ("0.0.0.0/0", "https://[fd00::1]/", false), ("fd00::/8", "https://[fdff::1]/", true),
        ("[fd00::1]", "https://[fd00::1]/", true), ("fd00::/8", "https://[fe80::1]/", false),
        ("10.0.0.0/33", "https://10.0.0.1/", false), ("10.0.0.0/x", "https://10.0.0.0/", false),
        ("10.0.0.0/8", "https://a10.example/", false),
    ])
    func goesAroundTheProxy(_ row: (no: String, url: String, direct: Bool)) throws {
        let settings = settings(["https_proxy": "p:1", "no_proxy": row.no])
        #expect(try way(settings, row.url) == (row.direct ? "direct" : "tunnel p:1"))
    }

    @Test func keepsItsCredentialsOutOfEveryText() throws {
        let proxy = try Proxy("http://user:hunter2@p:1")
        var dumped = ""
        dump(Route.tunnel(proxy), to: &dumped)
        dump(ProxySettings(proxy), to: &dumped)
        let secrets = ["hunter2", "dXNlcjpodW50ZXIy"]
        for text in [
            "\(proxy)", String(reflecting: proxy), "\(Route.tunnel(proxy))", "\(ProxySettings(proxy))", dumped,
        ] {
            for secret in secrets { #expect(!text.contains(secret)) }
        }
    }

    // MARK: On the wire

    final class Log {
        var entries: [String] = []
        func http(_ event: HTTPStream.Event) {
            switch event {
            case .head(let head): entries.append("head \(head.status)")
            case .body(let bytes): entries.append("body \(String(buffer: bytes))")
            case .end: entries.append("end")
            case .failed(let error): entries.append("failed \(error)")
            }
        }
        func socket(_ event: WebSocketClient.Event) {
            switch event {
            case .open: entries.append("open")
            case .text(let bytes): entries.append("text \(String(decoding: bytes, as: UTF8.self))")
            case .binary: entries.append("binary")
            case .closed: entries.append("closed")
            case .failed(let error): entries.append("failed \(error)")
            }
        }
    }

    private let log = Log()

    private func network(_ proxy: String = "http://user:p%40ss@proxy:3128") throws -> ScriptedNetwork {
        let proxy = try Proxy(proxy)
        return try ScriptedNetwork { $0.proxies = ProxySettings(proxy, except: "inside") }
    }

    private func get(_ network: ScriptedNetwork, _ url: String) throws {
        _ = network.client.send(
            HTTPRequest("GET", try WebURL(url)), on: network.loop,
            timeouts: RequestTimeouts(connect: .seconds(3), firstByte: .seconds(5), idle: .seconds(4)), sink: log.http)
    }

    private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

    @Test func sendsPlainHTTPInAbsoluteForm() throws {
        let network = try network()
        try get(network, "http://api.example:81/a?b=c")
        #expect("\(network.connections[0].origin)" == "proxy:3128")
        #expect(
            network.connections[0].takeText()
                == "GET http://api.example:81/a?b=c HTTP/1.1\r\nHost: api.example:81\r\n"
                + "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n")
        network.connections[0].answer(ok)
        try get(network, "http://api.example:81/again")
        network.connections[0].answer(ok)
        // Connections are used again for the same server only.
        try get(network, "http://other.example/")
        #expect(network.connections.count == 2)
        try get(network, "http://inside/")
        #expect("\(network.connections[2].origin)" == "inside:80")
        #expect(network.connections[2].takeText() == "GET / HTTP/1.1\r\nHost: inside\r\n\r\n")
        #expect(log.entries == ["head 200", "body hi", "end", "head 200", "body hi", "end"])
    }

    @Test func opensAWebSocketThroughATunnel() throws {
        let network = try network("http://proxy:3128")
        _ = network.client.openWebSocket(
            try WebURL("ws://api.example/x"), headers: HeaderList(), on: network.loop, timeout: .seconds(5),
            sink: log.socket)
        let proxy = network.connections[0]
        #expect(proxy.takeText() == "CONNECT api.example:80 HTTP/1.1\r\nHost: api.example:80\r\n\r\n")
        for byte in "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n".utf8 { proxy.answer([byte]) }
        proxy.acceptWebSocket(then: WebSocketTesting.frame(1, Array("hello".utf8)))
        network.run()
        #expect(log.entries == ["open", "text hello"])
        proxy.cut()
        #expect(network.client.counters.isQuiet)
    }

    @Test func beginsTLSInsideTheTunnel() throws {
        let network = try network()
        try get(network, "https://api.example/")
        let proxy = network.connections[0]
        #expect(
            proxy.takeText() == "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n"
                + "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n")
        proxy.answer("HTTP/1.0 200 OK\r\n\r\n")
        let hello = proxy.takeBytes()
        #expect(hello.first == 0x16)
        #expect(String(decoding: hello, as: UTF8.self).contains("api.example"))
        proxy.answer("HTTP/1.1 400 Bad Request\r\n\r\n")
        network.run()
        #expect(
            log.entries == ["failed api.example does not speak TLS on this port (is the address http:// or ws://?)"])
        #expect(network.client.counters.isQuiet)
    }

    @Test(arguments: [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "the proxy proxy:3128 does not accept the user name and the password in its address (407)"
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!",
            "the proxy proxy:3128 refuses to connect to api.example:443 (403): allow it there, or name the host in no_proxy"
        ),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy proxy:3128 cannot connect to api.example:443 (502)"),
        ("HTTP/1.1 429 Slow\r\n\r\n", "the proxy proxy:3128 cannot connect to api.example:443 (429)"),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n",
            "the server broke the protocol: the proxy proxy:3128 answered CONNECT with 302"
        ),
        (
            "SSH-2.0-OpenSSH\r\n\r\n",
            "the server broke the protocol: the proxy proxy:3128 did not answer CONNECT as an HTTP proxy does"
        ),
        (
            "HTTP/1.1 200 " + String(repeating: "x", count: 20_000),
            "the server broke the protocol: the proxy proxy:3128 answered CONNECT with a head that has no end"
        ),
    ])
    func saysWhatTheProxyDidNotDo(_ row: (answer: String, error: String)) throws {
        let network = try network()
        try get(network, "https://api.example/")
        network.connections[0].answer(row.answer)
        network.run()
        #expect(log.entries == ["failed \(row.error)"])
        #expect(network.client.counters.isQuiet)
    }

    @Test func namesAProxyThatIsNotThere() throws {
        let network = try network("http://proxy:3128")
        network.behaviour = .refuse
        try get(network, "https://api.example/")
        network.run()
        network.behaviour = .accept
        try get(network, "https://api.example/")
        network.connections[0].cut()
        network.run()
        try get(network, "https://api.example/")
        network.advance(.seconds(3))
        try get(network, "http://api.example/")
        network.connections[2].answer("HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n")
        network.run()
        try #require(log.entries.count == 4)
        #expect(log.entries[0].hasPrefix("failed cannot connect to the proxy proxy:3128"))
        #expect(log.entries[1] == "failed the proxy proxy:3128 closed the connection before it answered CONNECT")
        #expect(log.entries[2] == "failed timed out while connecting to api.example:443 through the proxy proxy:3128")
        #expect(
            log.entries[3]
                == "failed the proxy proxy:3128 asks for a user name and a password (407): put them into its "
                + "address, as in http://user:password@proxy:3128")
        network.advance(.hours(1))
        #expect(network.client.counters.isQuiet)
    }

    @Test func aProxyThatCannotBeUsedIsAnErrorOfEachRequest() throws {
        let network = try ScriptedNetwork { $0.proxies = ProxySettings { $0 == "all_proxy" ? "ftp://u:pw@x" : nil } }
        try get(network, "https://api.example/")
        _ = network.client.openWebSocket(
            try WebURL("ws://api.example/"), headers: HeaderList(), on: network.loop, sink: log.socket)
        network.run()
        #expect(log.entries.count == 2)
        for entry in log.entries {
            #expect(entry == "failed the variable all_proxy holds no proxy that can be used: unknown scheme")
        }
        #expect(network.connections.isEmpty)
        #expect(network.client.counters.isQuiet)
    }
}
