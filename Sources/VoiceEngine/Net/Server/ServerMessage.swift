/// One HTTP request, complete, as a route sees it: a value, so that routes can be tested without sockets.
package struct ServerRequest: Sendable {
    /// Upper case, such as `GET`.
    package var method: String
    /// The target's path as sent, percent encoding included.
    package var path: String
    /// What follows the `?` of the target, as sent; nil without one.
    package var query: String?
    /// In the order sent.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// The decoded values of the pattern's `:name` segments.
    package var parameters: [String: String]
    /// What a WebSocket handshake agreed on; nil without.
    package var subprotocol: String?
    /// The connection is that of a trusted proxy, whose word about its own client counts.
    package var isFromProxy = false
    /// The connection itself is encrypted.
    package var isSecure = false

    package init(
        method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.method = method
        let withoutFragment = target.prefix { $0 != "#" }
        let parts = withoutFragment.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts.first.map(String.init) ?? ""
        query = parts.count == 2 ? String(parts[1]) : nil
        self.headers = headers
        self.body = body
        parameters = [:]
    }

    /// The first header of that name, whatever its case, without surrounding blanks.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        guard let value = headers.first(where: { $0.name.lowercased() == wanted })?.value else { return nil }
        return ServerText.trimmed(value[...])
    }

    /// What a trusted proxy tells of its client's request: the first value of `X-Forwarded-NAME`. Anybody can write the
    /// header; of anybody else it is nil.
    package func forwarded(_ name: String) -> String? {
        guard isFromProxy, let value = header("x-forwarded-" + name)?.split(separator: ",").first else { return nil }
        return ServerText.trimmed(value)
    }

    /// The elements of all headers of that name, which are comma-separated lists, without surrounding blanks.
    func list(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return headers.lazy.filter { $0.name.lowercased() == wanted }
            .flatMap { $0.value.split(separator: ",").map(ServerText.trimmed) }
    }
}

/// What a route answers.
package struct ServerResponse: Error, Equatable, Sendable {
    package var status: Int
    package var contentType: String
    /// Beyond `Content-Type`, `Content-Length` and `Connection`, which the server writes.
    package var headers: [Header]
    package var body: String

    package struct Header: Equatable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(
        status: Int = 200, contentType: String = "text/plain; charset=utf-8", headers: [Header] = [], body: String
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    /// A short text for people; ends with a line feed.
    package static func text(_ status: Int, _ text: String) -> ServerResponse {
        ServerResponse(status: status, body: text + "\n")
    }
}

/// Small text helpers of the server; the standard library's, without Foundation.
enum ServerText {
    /// Without blanks and tabs at both ends.
    static func trimmed(_ text: Substring) -> String {
        var rest = text.drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }

    /// Whether a comma-separated header value holds `token`, whatever its case.
    static func list(_ value: String, contains token: String) -> Bool {
        value.split(separator: ",").contains { trimmed($0).lowercased() == token }
    }
}
