extension AgentDocument {
    /// Something that the model may ask for: of the host (answered by `voice_session_tool_result`) or of a web service.
    package struct Tool: Equatable, Sendable {
        /// What becomes of a call when the caller interrupts the reply that waits for it.
        package enum OnInterrupt: String, CaseIterable, Sendable { case finish, cancel }

        package var name: String
        package var description: String
        /// JSON Schema of the arguments, an object.
        package var parameters: JSONObject
        /// The service that carries it out; nil: the host.
        package var http: HTTP?
        /// Said in turn while it takes long.
        package var say: [String]
        package var sayAfter: Nanoseconds
        package var onInterrupt: OnInterrupt

        static func list(_ key: String, from reader: inout KeyedReader) throws(AgentError) -> [Tool] {
            var tools: [Tool] = []
            for (path, value) in try reader.elements(key, atMost: 64) ?? [] {
                let tool = try Tool(try KeyedReader(value, path: path))
                guard !tools.contains(where: { $0.name == tool.name }) else {
                    throw .value(path: "\(path).name", found: "\"\(tool.name)\" again", expected: "a name of its own")
                }
                tools.append(tool)
            }
            return tools
        }

        private init(_ reader: consuming KeyedReader) throws(AgentError) {
            name = try reader.requiredText("name", .identifier)
            description = try reader.requiredText("description", .text(2_000))
            let schema = reader.value("parameters") ?? ["type": "object", "properties": [:]]
            guard let object = schema.object, schema["type"] == "object" else {
                throw reader.wrong("parameters", schema, "a JSON Schema with \"type\": \"object\"")
            }
            parameters = object
            http = nil
            if reader.value("http") != nil { http = try HTTP(try reader.nested("http"), parameters: object) }
            say = try Self.sentences(&reader)
            sayAfter = try reader.milliseconds("say_after_ms", 0...60_000, default: 500)
            onInterrupt = try reader.choice("on_interrupt", default: .finish)
            try reader.finish()
        }

        /// One sentence or several.
        private static func sentences(_ reader: inout KeyedReader) throws(AgentError) -> [String] {
            if reader.value("say")?.array != nil { return try reader.texts("say", .text(500), atMost: 16) ?? [] }
            return try reader.text("say", .text(500)).map { [$0] } ?? []
        }
    }
}

extension BuiltInTools {
    /// The keys `builtin_tools` and `transfer_targets`.
    /// - Parameter tools: The document's own: each name is there once.
    init(_ reader: inout KeyedReader, beside tools: [AgentDocument.Tool]) throws(AgentError) {
        var offered: [Tool] = []
        let names = Tool.selectable.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        for (path, value) in try reader.elements("builtin_tools", atMost: Tool.selectable.count) ?? [] {
            guard let tool = value.string.flatMap(Tool.init(rawValue:)), Tool.selectable.contains(tool),
                !offered.contains(tool)
            else {
                throw .value(path: path, found: KeyedReader.described(value), expected: "one of \(names), each once")
            }
            offered.append(tool)
        }
        for (index, tool) in tools.enumerated() {
            guard Tool(rawValue: tool.name).map({ !offered.contains($0) }) ?? true else {
                throw .value(
                    path: "tools[\(index)].name", found: "\"\(tool.name)\"",
                    expected: "another name: this one stands in builtin_tools")
            }
        }
        let isMissing = reader.isMissing("transfer_targets")
        let targets = try reader.textMembers("transfer_targets", keys: .text(64), values: .text(256), atMost: 64)
        guard offered.contains(.transfer) != targets.isEmpty else {
            let expected =
                offered.contains(.transfer)
                ? "an object of names and numbers, because builtin_tools has \"transfer\""
                : "no targets, because builtin_tools has no \"transfer\""
            throw .value(
                path: "transfer_targets", found: isMissing ? "nothing" : "an object of \(targets.count)",
                expected: expected)
        }
        self.init(offered, targets: targets.map { Target(name: $0.key, address: $0.value) })
    }
}
