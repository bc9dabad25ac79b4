/// What an agent can be asked for, said by its document: the model only chooses, the document speaks.
///
/// A model of half a gigabyte invents opening hours. Under a grammar it chooses one of the intents and copies the caller's words for
/// its slots (17 of 20 right); what is then said are the document's own sentences. The intent `other` lets the model answer freely.
package struct LocalFlow: Equatable, Sendable {
    package struct Slot: Equatable, Sendable {
        /// Letters, digits and `_`.
        package var name: String
        /// What it means, for the model ("the day of the visit").
        package var meaning: String
        /// Asked while the slot is missing; nil: the answer does without it.
        package var question: String?

        package init(name: String, meaning: String, question: String?) {
            self.name = name
            self.meaning = meaning
            self.question = question
        }
    }

    package struct Intent: Equatable, Sendable {
        /// Letters, digits and `_`.
        package var name: String
        /// When it is meant, for the model ("asks when the office is open").
        package var meaning: String
        /// Sentences of callers that mean it.
        package var examples: [String]
        package var slots: [Slot]
        /// Said when no slot is missing; `{{slot}}` stands for the caller's words.
        package var answer: String
        /// A tool to call after the answer (`hang_up`), its arguments being the slots.
        package var tool: String?
        /// The argument `to` of the tool `transfer`.
        package var target: String?

        package init(
            name: String, meaning: String, examples: [String] = [], slots: [Slot] = [], answer: String,
            tool: String? = nil, target: String? = nil
        ) {
            self.name = name
            self.meaning = meaning
            self.examples = examples
            self.slots = slots
            self.answer = answer
            self.tool = tool
            self.target = target
        }
    }

    /// The intent of everything else.
    package static let other = "other"
    /// What the model writes for a slot that the caller did not mention.
    private static let unknown = "?"

    package var intents: [Intent]
    /// Said for the intent `other`; nil lets the model answer freely.
    package var fallback: String?

    package init(intents: [Intent], fallback: String? = nil) {
        self.intents = intents
        self.fallback = fallback
    }

    // MARK: - Asking the model

    /// The fixed prompt of the choice.
    package var prompt: String {
        var text = """
            You sort what a caller on the telephone says. Answer with one line: the intent that fits the caller's last \
            sentence, and the details the caller gave, in the caller's words, "\(Self.unknown)" for what was not said.

            Intents:

            """
        for intent in intents {
            text += "\(intent.name): \(intent.meaning)\n"
            for slot in intent.slots { text += "  \(slot.name): \(slot.meaning)\n" }
        }
        text += "\(Self.other): anything else, or small talk\n\nExamples:\n"
        for intent in intents {
            for example in intent.examples {
                text += "Caller: \(example)\nLine: \(line(intent, unknown: true))\n"
            }
        }
        return text
    }

    /// The question about the newest sentence, with what was said before it.
    ///
    /// Only the agent's last sentence goes before it: every token is 10 ms of the caller's waiting.
    package func question(_ spoken: [(isCaller: Bool, text: String)]) -> String {
        spoken.suffix(2).map { $0.isCaller ? "Caller: \($0.text)" : "Agent: \(Self.lastSentence(of: $0.text))" }
            .joined(separator: "\n") + "\nLine:"
    }

    private static func lastSentence(of text: String) -> Substring {
        let end = text.dropLast()
        guard let stop = end.lastIndex(where: { ".?!".contains($0) }) else { return text[...] }
        return text[text.index(after: stop)...].drop { $0 == " " }
    }

    /// GBNF: one line of a known intent with its slots.
    package var grammar: String {
        let lines = intents.map { intent in
            (["\"\(intent.name)\""] + intent.slots.map { "\" \($0.name)=\" value" }).joined(separator: " ")
        }
        return """
            root ::= \((lines + ["\"\(Self.other)\""]).joined(separator: " | "))
            value ::= "\\"" (\("\"\(Self.unknown)\"") | [a-zA-Z0-9] [a-zA-Z0-9 '.,:-]{0,40}) "\\""

            """
    }

    private func line(_ intent: Intent, unknown: Bool) -> String {
        ([intent.name] + intent.slots.map { "\($0.name)=\"\(Self.unknown)\"" }).joined(separator: " ")
    }

    // MARK: - Reading its answer

    package enum Choice: Equatable, Sendable {
        case other
        /// A slot is missing: ask.
        case ask(String)
        /// Say this, then call the tool, if any, with these arguments.
        case answer(String, tool: String?, slots: [String: String])
    }

    /// What the line means.
    ///
    /// - Parameter spoken: All that the caller said so far: a slot that is not in there was made up and counts as missing.
    package func choice(from line: String, callerSaid spoken: String) -> Choice {
        guard let intent = intents.first(where: { line == $0.name || line.hasPrefix($0.name + " ") }) else {
            return fallback.map { .answer($0, tool: nil, slots: [:]) } ?? .other
        }
        let heard = Self.words(of: spoken)
        var values: [String: String] = [:]
        for slot in intent.slots {
            if let value = Self.value(of: slot.name, in: line), Self.words(of: value).isSubset(of: heard) {
                values[slot.name] = value
            } else if let question = slot.question {
                return .ask(question)
            } else {
                values[slot.name] = ""
            }
        }
        let answer = Self.fill(intent.answer, with: values)
        if let target = intent.target { values["to"] = target }
        return .answer(answer, tool: intent.tool, slots: values)
    }

    private static func value(of slot: String, in line: String) -> String? {
        guard let start = line.firstRange(of: " \(slot)=\"")?.upperBound else { return nil }
        let value = line[start...].prefix { $0 != "\"" }
        return value == unknown || value.isEmpty ? nil : String(value)
    }

    private static func fill(_ template: String, with values: [String: String]) -> String {
        var text = template
        for (name, value) in values {
            while let place = text.firstRange(of: "{{\(name)}}") { text.replaceSubrange(place, with: value) }
        }
        return text
    }

    private static func words(of text: String) -> Set<Substring> {
        Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map { Substring($0) })
    }
}

extension StringProtocol {
    /// The first place of `other` in this text.
    fileprivate func firstRange(of other: String) -> Range<Index>? {
        guard !other.isEmpty else { return nil }
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            formIndex(after: &start)
        }
        return nil
    }
}
