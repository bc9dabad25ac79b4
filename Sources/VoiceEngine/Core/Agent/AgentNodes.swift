// The section `flow` in its second shape: nodes and the ways between them.

extension FlowPlan {
    /// Most nodes of a plan, and most ways out of one.
    private static let mostNodes = 64
    fileprivate static let mostTransitions = 16

    /// Whether a section `flow` means nodes, and not intents.
    static func isDescribed(by value: JSONValue) -> Bool {
        value["intents"] == nil && value["fallback"] == nil && (value["nodes"] != nil || value["start"] != nil)
    }

    init(
        _ value: JSONValue, path: String, voices: [String], tools: [AgentDocument.Tool], builtIn: BuiltInTools
    ) throws(AgentError) {
        var reader = try KeyedReader(value, path: path)
        let scope = Scope(voices: voices, tools: tools.map(\.name), builtIn: builtIn)
        var nodes: [FlowNode] = []
        for (name, path, value) in try reader.members("nodes", keys: .identifier, atMost: Self.mostNodes) ?? [] {
            // What is left of 64 characters for the name of a function.
            guard name.count <= 64 - FlowTransition.functionPrefix.count else {
                throw .value(path: path, found: "this key", expected: "a name of at most 58 characters")
            }
            nodes.append(try FlowNode(name, try KeyedReader(value, path: path), scope))
        }
        guard !nodes.isEmpty else { throw reader.missing("nodes", "an object of 1 to \(Self.mostNodes) nodes") }
        let start = try reader.requiredText("start", .identifier)
        try reader.finish()
        self.init(start: start, nodes: nodes)
        guard let first = self[start] else {
            throw reader.wrong("start", .string(start), "a node: \(Self.list(nodes.map(\.name)))")
        }
        guard first.ending == .listen else {
            throw reader.wrong("start", .string(start), "a node that does not end the call")
        }
        try checkWays(path: reader.path(of: "nodes"))
        for (index, tool) in tools.enumerated() where tool.name.hasPrefix(FlowTransition.functionPrefix) {
            throw .value(
                path: "tools[\(index)].name", found: "\"\(tool.name)\"",
                expected: "another name: those that begin with \(FlowTransition.functionPrefix) are the flow's own")
        }
    }

    /// Every way leads to a node, and every node can be reached.
    private func checkWays(path: String) throws(AgentError) {
        for node in nodes {
            for (index, way) in node.transitions.enumerated() {
                let place = "\(path).\(node.name).transitions[\(index)].to"
                guard self[way.to] != nil, way.to != node.name else {
                    throw .value(
                        path: place, found: "\"\(way.to)\"",
                        expected: "another node: \(Self.list(nodes.map(\.name).filter { $0 != node.name }))")
                }
            }
        }
        var reached = [start]
        var next = 0
        while next < reached.count {
            for way in self[reached[next]]?.transitions ?? [] where !reached.contains(way.to) { reached.append(way.to) }
            next += 1
        }
        if let stranded = nodes.first(where: { !reached.contains($0.name) }) {
            throw .value(
                path: "\(path).\(stranded.name)", found: "a node that no way leads to",
                expected: "a transition to it from a node that can be reached from \"\(start)\"")
        }
    }

    fileprivate static func list(_ names: [String]) -> String {
        names.isEmpty ? "there is none" : names.joined(separator: ", ")
    }
}

/// What the nodes of a document may name.
private struct Scope {
    let voices: [String]
    let tools: [String]
    let builtIn: BuiltInTools

    var offered: [String] { tools + builtIn.tools.map(\.rawValue) }
}

extension FlowNode {
    fileprivate init(_ name: String, _ reader: consuming KeyedReader, _ scope: Scope) throws(AgentError) {
        let prompt = try reader.text("prompt", .text(50_000))
        let voice = try reader.text("voice", .identifier)
        if let voice, !scope.voices.contains(voice) {
            throw reader.wrong("voice", .string(voice), "one of the section voices: \(FlowPlan.list(scope.voices))")
        }
        let tools = try Self.tools(&reader, scope)
        let say = try reader.text("say", .text(2_000))
        let isInterruptible = try reader.bool("interruptible", default: true)
        let ending = try Self.ending(&reader, scope)
        var transitions: [FlowTransition] = []
        for (path, value) in try reader.elements("transitions", atMost: FlowPlan.mostTransitions) ?? [] {
            let way = try FlowTransition(try KeyedReader(value, path: path), tools ?? scope.tools, scope)
            if case .condition = way.trigger,
                transitions.contains(where: { if case .condition = $0.trigger { $0.to == way.to } else { false } })
            {
                throw .value(
                    path: "\(path).to", found: "\"\(way.to)\" again", expected: "one condition for each node")
            }
            transitions.append(way)
        }
        try reader.finish()
        if ending != .listen {
            for (key, isThere) in [("transitions", !transitions.isEmpty), ("tools", !(tools ?? []).isEmpty)]
            where isThere {
                throw .value(
                    path: reader.path(of: key), found: "\(key)", expected: "none in a node that ends the call")
            }
        }
        if ending == .hangUp, prompt == nil, say == nil {
            throw reader.missing("say", "a goodbye, or a prompt for one")
        }
        self.init(
            name: name, prompt: prompt, voice: voice, tools: tools, say: say, isInterruptible: isInterruptible,
            transitions: transitions, ending: ending)
    }

    private static func tools(_ reader: inout KeyedReader, _ scope: Scope) throws(AgentError) -> [String]? {
        guard let elements = try reader.elements("tools", atMost: 64) else { return nil }
        var names: [String] = []
        for (path, value) in elements {
            guard let name = value.string, scope.offered.contains(name), !names.contains(name) else {
                throw .value(
                    path: path, found: KeyedReader.described(value),
                    expected: "the name of a tool, each once: \(FlowPlan.list(scope.offered))")
            }
            names.append(name)
        }
        return names
    }

    private static func ending(_ reader: inout KeyedReader, _ scope: Scope) throws(AgentError) -> Ending {
        let ends = try reader.bool("end", default: false)
        guard let target = try reader.text("transfer", .text(256)) else { return ends ? .hangUp : .listen }
        if ends { throw reader.wrong("transfer", .string(target), "no transfer beside end") }
        let known = scope.builtIn.targets.first { $0.name == target }
        return .transfer(to: known?.address ?? target)
    }
}

extension FlowTransition {
    /// - Parameter offered: The tools of its node.
    fileprivate init(
        _ reader: consuming KeyedReader, _ offered: [String], _ scope: Scope
    ) throws(AgentError) {
        let to = try reader.requiredText("to", .identifier)
        let condition = try reader.text("when", .text(500))
        let tool = try reader.text("after_tool", .identifier)
        try reader.finish()
        switch (condition, tool) {
        case (.some(let condition), nil): self.init(to: to, .condition(condition))
        case (nil, .some(let tool)):
            let known = offered.filter { scope.tools.contains($0) }
            guard known.contains(tool) else {
                throw reader.wrong("after_tool", .string(tool), "a tool of this node: \(FlowPlan.list(known))")
            }
            self.init(to: to, .tool(tool))
        case (nil, nil): throw reader.missing("when", "a condition in words, or after_tool")
        case (.some, .some(let tool)): throw reader.wrong("after_tool", .string(tool), "either when or after_tool")
        }
    }
}
