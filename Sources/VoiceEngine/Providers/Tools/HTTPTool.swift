package import VoiceEngineCore
package import VoiceEngineNet

/// One web service that carries out a tool, with all that a request to it needs. Pure.
package struct HTTPTool: Sendable {
    /// A header whose value comes from the environment.
    private struct SecretHeader: Sendable {
        let name: String
        let prefix: String
        let secret: Secret
    }

    package let name: String
    package let timeout: Nanoseconds
    private let http: AgentDocument.Tool.HTTP
    private let parameters: JSONObject
    private let secretHeaders: [SecretHeader]

    /// - Parameter secrets: By environment variable; holds all that the tool names.
    /// - Returns: nil when the tool is the host's.
    package init?(_ tool: AgentDocument.Tool, secrets: [String: Secret]) {
        guard let http = tool.http else { return nil }
        name = tool.name
        timeout = http.timeout
        parameters = tool.parameters
        self.http = http
        var headers = http.secretHeaders.compactMap { header in
            secrets[header.value].map { SecretHeader(name: header.name, prefix: "", secret: $0) }
        }
        if let secret = http.apiKeyEnvironment.flatMap({ secrets[$0] }) {
            headers.append(SecretHeader(name: "Authorization", prefix: "Bearer ", secret: secret))
        }
        secretHeaders = headers
    }

    package struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Whether an address can be made of it at all.
    package func checkAddress() throws(Problem) {
        var arguments = JSONObject()
        for name in http.url.names { arguments[name] = "x" }
        _ = try address(for: arguments)
    }

    /// - Throws: What is wrong with the arguments, for the model.
    package func request(for arguments: String) throws(Problem) -> HTTPRequest {
        let value = arguments.allSatisfy(\.isWhitespace) ? .object(JSONObject()) : try? JSONValue.parse(arguments)
        guard let object = value?.object else { throw Problem(description: "the arguments are not a JSON object") }
        if let problem = ArgumentCheck.problem(in: .object(object), schema: parameters) {
            throw Problem(description: problem)
        }
        var url = try address(for: object)
        var rest = JSONObject()
        let placed = http.url.names
        for member in object.members where !placed.contains(member.key) { rest.append(member.key, member.value) }
        var headers = HeaderList()
        func add(_ name: String, unlessGiven value: String) {
            if !http.headers.contains(where: { $0.name.lowercased() == name.lowercased() }) { headers.add(name, value) }
        }
        add("Accept", unlessGiven: "application/json")
        var body: [UInt8] = []
        switch http.method {
        case .get, .delete: url = url.appending(query: Self.query(rest))
        case .post, .put, .patch:
            add("Content-Type", unlessGiven: "application/json")
            body = JSONValue.object(rest).serialized()
        }
        for header in http.headers { headers.add(header.name, header.value) }
        for header in secretHeaders { headers.add(header.name, header.prefix + header.secret.reveal()) }
        var request = HTTPRequest(http.method.rawValue, url, headers: headers, body: body)
        // What books or orders must not do so twice because a connection was lost.
        switch http.method {
        case .post, .patch: request.isSentOnce = true
        case .get, .put, .delete: break
        }
        return request
    }

    private func address(for arguments: JSONObject) throws(Problem) -> WebURL {
        let text: String
        do { text = try http.url.filled(arguments) } catch { throw Problem(description: error.description) }
        do { return try WebURL(text) } catch { throw Problem(description: error.description) }
    }

    /// A list is a parameter for each of its elements.
    private static func query(_ arguments: JSONObject) -> [(name: String, value: String)] {
        arguments.members.flatMap { member in
            (member.value.array ?? [member.value]).map { (name: member.key, value: $0.parameterText) }
        }
    }

    /// `text` without the secrets, should a server have repeated them.
    package func redacted(_ text: String) -> String {
        var text = text
        for header in secretHeaders {
            // "Bearer abc" is repeated as "abc" as well.
            for part in header.secret.reveal().split(separator: " ") where part.utf8.count >= 8 {
                text = text.replacing(part, with: "…")
            }
        }
        return text
    }
}
