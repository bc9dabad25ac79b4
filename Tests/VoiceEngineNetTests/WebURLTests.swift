import Testing
internal import VoiceEngineNet

@Suite struct WebURLTests {
    @Test(arguments: [
        ("wss://api.deepgram.com", "wss", "api.deepgram.com", 443, "/", ""),
        ("HTTP://Example.COM:8080/v1", "http", "example.com", 8080, "/v1", ""),
        ("ws://[::1]:9/a?b=c&d", "ws", "::1", 9, "/a", "b=c&d"),
        ("https://h?x=1", "https", "h", 443, "/", "x=1"),
        ("http://127.0.0.1:1/", "http", "127.0.0.1", 1, "/", ""),
    ])
    func takesApart(_ row: (String, String, String, Int, String, String)) throws {
        let url = try WebURL(row.0)
        #expect(url.scheme.rawValue == row.1)
        #expect(url.host == row.2)
        #expect(url.port == row.3)
        #expect(url.path == row.4)
        #expect(url.query == row.5)
    }

    @Test(arguments: [
        "", "example.com", "ftp://h", "http://", "http://:80", "http://h:", "http://h:0", "http://h:65536",
        "http://h:+80",
        "http://user:secret@h/", "http://h/#f", "http://h /", "http://h\r\nX: y/", "http://[::1", "http://[abc]/",
        "http://hö/", "http://h:80:80", "http://[::1]x", "http://[fe80::1%25eth0]/", "http://h/\u{7F}",
    ])
    func refuses(_ text: String) {
        #expect(throws: WebURL.ParseError.self) { try WebURL(text) }
    }

    @Test func neverRepeatsAPassword() {
        do {
            _ = try WebURL("http://user:hunter2@h/")
            Issue.record("taken")
        } catch let error { #expect(!"\(error)".contains("hunter2")) }
    }

    @Test func appendsPathsAndQueries() throws {
        let url = try WebURL("https://h:444/base/").appending(path: "v1/listen")
            .appending(query: [("keyterm", "a b&c"), ("keyterm", "ü/+"), ("x", "1")])
        #expect(url.description == "https://h:444/base/v1/listen?keyterm=a%20b%26c&keyterm=%C3%BC%2F%2B&x=1")
        #expect(try WebURL("http://h?k=1").appending(path: "/p").target == "/p?k=1")
        #expect(try WebURL("http://[::1]:80/").hostHeader == "[::1]")
        #expect(try WebURL("http://[::1]:81/").hostHeader == "[::1]:81")
    }
}
