extension AgentDocument.Tool {
    /// The web service that carries out a tool in the host's place.
    package struct HTTP: Equatable, Sendable {
        package enum Method: String, CaseIterable, Sendable {
            case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
        }

        package struct Header: Equatable, Sendable {
            package var name: String
            /// The value, or the name of the environment variable that holds it.
            package var value: String
        }

        package var method: Method
        /// `{name}` behind the host stands for an argument.
        package var url: URLTemplate
        package var headers: [Header]
        package var secretHeaders: [Header]
        /// Environment variable of the bearer token.
        package var apiKeyEnvironment: String?
        package var timeout: Nanoseconds

        /// Environment variables that it needs, each with the key of the document that names it.
        package var environment: [(key: String, variable: String)] {
            secretHeaders.map { ("headers_env.\($0.name)", $0.value) }
                + (apiKeyEnvironment.map { [("api_key_env", $0)] } ?? [])
        }

        /// - Parameter parameters: The schema of the arguments that the address takes its values from.
        init(_ reader: consuming KeyedReader, parameters: JSONObject) throws(AgentError) {
            method = try reader.choice("method", default: .post)
            let address = try reader.requiredText("url", .url(["https", "http"]))
            do {
                url = try URLTemplate(address)
            } catch {
                throw .value(
                    path: reader.path(of: "url"), found: "\(error)",
                    expected: "{name} behind the host, for an argument of the tool")
            }
            let known = parameters["properties"]?.object?.keys ?? []
            for name in url.names where !known.contains(name) {
                throw .value(
                    path: reader.path(of: "url"), found: "{\(name)}",
                    expected: known.isEmpty
                        ? "no argument: this tool's parameters have no properties"
                        : "one of the arguments: \(known.joined(separator: ", "))")
            }
            apiKeyEnvironment = try reader.text("api_key_env", .variable)
            headers = try Self.headers("headers", .headerValue, &reader)
            secretHeaders = try Self.headers("headers_env", .variable, &reader)
            timeout = try reader.milliseconds("timeout_ms", 100...120_000, default: 10_000)
            try reader.finish()
            try check(path: reader.path)
        }

        private static func headers(
            _ key: String, _ rule: TextRule, _ reader: inout KeyedReader
        ) throws(AgentError) -> [Header] {
            try reader.textMembers(key, keys: .headerName, values: rule, atMost: 32).map {
                Header(name: $0.key, value: $0.value)
            }
        }

        /// Headers that belong to the connection or to the message, and what must not be told in the document.
        private func check(path: String) throws(AgentError) {
            let own = [
                "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect",
            ]
            let secret = ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"]
            var seen: [String] = apiKeyEnvironment == nil ? [] : ["authorization"]
            for (key, fields) in [("headers", headers), ("headers_env", secretHeaders)] {
                for field in fields {
                    let name = field.name.lowercased()
                    let path = "\(path).\(key).\(field.name)"
                    if own.contains(name) {
                        throw .value(path: path, found: "this header", expected: "none that the engine sets itself")
                    }
                    if key == "headers", secret.contains(name) {
                        throw .value(
                            path: path, found: "a text",
                            expected: "no secret in the document: name an environment variable in headers_env")
                    }
                    if seen.contains(name) {
                        throw .value(path: path, found: "this header again", expected: "each header once")
                    }
                    seen.append(name)
                }
            }
        }
    }
}
