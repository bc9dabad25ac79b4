extension AgentDocument {
    /// A conversation in which the model only finds out what the caller wants, and the sentences are the document's:
    /// for small models, which would invent the facts.
    package struct Flow: Equatable, Sendable {
        package var intents: [Intent]
        /// Said when none fits.
        package var fallback: String

        package struct Intent: Equatable, Sendable {
            package var name: String
            /// What callers say who want this.
            package var examples: [String]
            /// The answer; `{slot}` stands for the slot's value.
            package var say: String
            package var slots: [Slot]
            package var ending: Ending
        }

        /// What must be known before the answer can be given.
        package struct Slot: Equatable, Sendable {
            package var name: String
            /// Asked when the caller has not said it; nil: the answer is given without.
            package var ask: String?
        }

        /// What follows the answer.
        package enum Ending: Equatable, Sendable { case listen, hangUp, transfer(to: String) }
    }
}

extension AgentDocument.Flow {
    init(_ value: JSONValue, path: String) throws(AgentError) {
        var reader = try KeyedReader(value, path: path)
        intents = []
        for (path, value) in try reader.elements("intents", atMost: 64) ?? [] {
            let intent = try Intent(try KeyedReader(value, path: path))
            guard !intents.contains(where: { $0.name == intent.name }) else {
                throw .value(path: "\(path).name", found: "\"\(intent.name)\" again", expected: "a name of its own")
            }
            intents.append(intent)
        }
        guard !intents.isEmpty else { throw reader.missing("intents", "a list of 1 to 64 intents") }
        fallback = try reader.requiredText("fallback", .text(1_000))
        for key in ["nodes", "start"] where !reader.isMissing(key) {
            throw .value(
                path: reader.path(of: key), found: "this beside intents", expected: "either nodes or intents, not both")
        }
        try reader.finish()
    }
}

extension AgentDocument.Flow.Intent {
    fileprivate init(_ reader: consuming KeyedReader) throws(AgentError) {
        name = try reader.requiredText("name", .identifier)
        examples = try reader.texts("examples", .text(300)) ?? []
        guard !examples.isEmpty else { throw reader.missing("examples", "a list of 1 to 100 texts") }
        say = try reader.requiredText("say", .text(2_000))
        slots = []
        for (path, value) in try reader.elements("slots", atMost: 8) ?? [] {
            slots.append(try AgentDocument.Flow.Slot(value, path: path))
        }
        let hangsUp = try reader.bool("hang_up", default: false)
        let transfer = try reader.text("transfer", .text(256))
        switch (hangsUp, transfer) {
        case (false, nil): ending = .listen
        case (true, nil): ending = .hangUp
        case (false, .some(let target)): ending = .transfer(to: target)
        case (true, .some(let target)): throw reader.wrong("transfer", .string(target), "no transfer beside hang_up")
        }
        try reader.finish()
        let names = slots.map(\.name)
        for slot in Self.slotNames(in: say) where !names.contains(slot) {
            throw reader.wrong(
                "say", .string("{\(slot)}"),
                names.isEmpty ? "no slot: this intent has none" : "one of its slots: \(names.joined(separator: ", "))")
        }
    }

    /// The names in single braces; double ones are variables.
    private static func slotNames(in text: String) -> [String] {
        var names: [String] = []
        var name: String?
        var previous: Character = " "
        for character in text {
            if character == "{" {
                name = previous == "{" ? nil : ""
            } else if character == "}" {
                if let name, TextRule.variable.accepts(name) { names.append(name) }
                name = nil
            } else {
                name?.append(character)
            }
            previous = character
        }
        return names
    }
}

extension AgentDocument.Flow.Slot {
    fileprivate init(_ value: JSONValue, path: String) throws(AgentError) {
        if let name = value.string, TextRule.variable.accepts(name) {
            self.init(name: name, ask: nil)
            return
        }
        guard value.object != nil else {
            throw .value(
                path: path, found: KeyedReader.described(value),
                expected: "a slot's name, or an object with name and ask")
        }
        var reader = try KeyedReader(value, path: path)
        self.init(name: try reader.requiredText("name", .variable), ask: try reader.text("ask", .text(500)))
        try reader.finish()
    }
}
