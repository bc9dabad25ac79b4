/// What an agent can be asked for, said by its document: the model only chooses, the document speaks.
///
/// A model of half a gigabyte invents opening hours. So it chooses one of the intents by the document's examples, then
/// copies the caller's words for a slot that is missing; what is then said are the document's own sentences. Two short
/// texts instead of one long line: each token of the sentence is 10 ms of the caller's waiting, each one that is
/// written 30 ms.
///
/// The intent `other` lets the model answer freely unless there is a fallback; an intent of this name brings examples
/// for it.
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

    // MARK: - The choice of an intent

    private static let callerLine = "Caller: "
    private static let intentLine = "\nIntent:"

    private var names: [String] {
        let names = intents.map(\.name)
        return names.contains(Self.other) ? names : names + [Self.other]
    }

    /// The fixed beginning: the examples of all intents in turn, so that the last ones are not all of one intent.
    package var prompt: String {
        var text = "Name the intent of what the caller says: \(names.joined(separator: ", ")).\n\n"
        let rounds = intents.map(\.examples.count).max() ?? 0
        for round in 0..<rounds {
            for intent in intents where round < intent.examples.count {
                text += Self.callerLine + Self.sentence(intent.examples[round])
                text += "\(Self.intentLine) \(intent.name)\n\n"
            }
        }
        return text
    }

    /// What follows `prompt` for a caller's sentence.
    package static func question(_ sentence: String) -> String {
        callerLine + plainWords(of: sentence).joined(separator: " ") + intentLine
    }

    /// What the model may choose from after `question`.
    package var answers: [String] { names.map { " " + $0 } }

    /// The intent of an answer; nil: `other`, and the document says nothing special about it.
    package func intent(of answer: String) -> Intent? { intents.first { answer == " " + $0.name } }

    /// An example as speech recognition would write it.
    private static func sentence(_ example: String) -> String {
        let text = plainWords(of: example).joined(separator: " ")
        let begun = text.prefix(1).uppercased() + text.dropFirst()
        return text.last.map { ".?!".contains($0) } ?? true ? begun : begun + "."
    }

    // MARK: - The caller's words for a slot

    /// [words] A slot's value is no longer.
    private static let longestValue = 5
    /// [words] of a sentence that are looked at.
    private static let longestSentence = 60

    /// The fixed beginning: how to copy, on questions that no document is likely to ask.
    package static let slotPrompt = """
        Copy the answer from what the caller says, "?" if it is not there.

        Question: What is your name?
        Caller: Yes, hello, this is Anna Berg speaking.
        Answer: Anna Berg

        Question: When did you arrive?
        Caller: I have a question about my room.
        Answer: ?

        Question: When did you arrive?
        Caller: We came on the tenth of May at noon.
        Answer: the tenth of May at noon

        Question: What is your name?
        Caller: I would like to book a table.
        Answer: ?

        Question: When will you come?
        Caller: I need to talk to the manager.
        Answer: ?

        Question: When will you come?
        Caller: This evening would be fine.
        Answer: This evening


        """

    /// What follows `slotPrompt` for a slot and a caller's sentence.
    package static func question(_ slot: Slot, _ sentence: String) -> String {
        let question = slot.question.map { lastSentence(of: $0) } ?? "\(slot.meaning)?"
        return "Question: \(question)\nCaller: \(plainWords(of: sentence).joined(separator: " "))\nAnswer:"
    }

    /// What the model may choose from: nothing, or words that follow each other in the sentence.
    package static func values(in sentence: String) -> [String] {
        let words = plainWords(of: sentence)
        var values = [" \(unknown)\n"]
        for start in words.indices {
            for end in start..<min(start + longestValue, words.count) {
                let value = trimmed(words[start...end].joined(separator: " "))
                let line = " \(value)\n"
                if !value.isEmpty, !values.contains(line) { values.append(line) }
            }
        }
        return values
    }

    /// The caller's words of an answer; nil: not said.
    package static func value(of answer: String) -> String? {
        let value = trimmed(String(answer.drop { $0 == " " }.prefix { $0 != "\n" }))
        return value.isEmpty || value == unknown ? nil : value
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while let last = text.last, ".,?!;: ".contains(last) { text.removeLast() }
        return String(text)
    }

    /// Words without what could end a line, a text in JSON or a message.
    private static func plainWords(of text: String) -> [String] {
        let words = text.split { !($0.isLetter || $0.isNumber || "'’.,:;-?!$€£%/&+".contains($0)) }
        // A full stop that stood after a quotation mark is no word.
        return words.filter { $0.contains { $0.isLetter || $0.isNumber } }.suffix(longestSentence).map { String($0) }
    }

    private static func lastSentence(of text: String) -> String {
        let end = text.dropLast()
        guard let stop = end.lastIndex(where: { ".?!".contains($0) }) else { return text }
        return String(text[text.index(after: stop)...].drop { $0 == " " })
    }

    // MARK: - What the call is about

    /// The slot that the agent asked for last, even if the caller interrupted the question.
    package func pending(after agent: String) -> (intent: Intent, slot: Slot)? {
        let heard = Self.words(of: agent)
        for intent in intents {
            for slot in intent.slots {
                guard let question = slot.question else { continue }
                let asked = Self.words(of: question)
                // Three words of a question are taken for it; it is heard to the end mostly.
                for length in stride(from: asked.count, through: max(1, min(3, asked.count)), by: -1)
                where heard.suffix(length) == asked.prefix(length) {
                    return (intent, slot)
                }
            }
        }
        return nil
    }

    /// The caller's sentences that an intent's slots may be in, newest first: those before each of its questions that
    /// was just asked.
    ///
    /// - Parameter spoken: The conversation, ending with the caller.
    package func sentences(for intent: Intent, in spoken: [(isCaller: Bool, text: String)]) -> [String] {
        var sentences: [String] = []
        for (isCaller, text) in spoken.reversed() {
            if isCaller {
                sentences.append(text)
                if sentences.count == Self.rememberedSentences { break }
            } else if pending(after: text)?.intent != intent {
                break
            }
        }
        return sentences
    }

    /// Each takes the model 20 tokens for each slot that is missing.
    private static let rememberedSentences = 4

    package enum Choice: Equatable, Sendable {
        case other
        /// A slot is missing: ask.
        case ask(String)
        /// Say this, then call the tool, if any, with these arguments.
        case answer(String, tool: String?, slots: [String: String])
    }

    /// What to say for an intent, nil being `other`, with the slots that are known.
    package func choice(_ intent: Intent?, slots known: [String: String]) -> Choice {
        guard let intent else { return fallback.map { .answer($0, tool: nil, slots: [:]) } ?? .other }
        var values: [String: String] = [:]
        for slot in intent.slots {
            if known[slot.name] == nil, let question = slot.question { return .ask(question) }
            values[slot.name] = known[slot.name] ?? ""
        }
        let answer = Self.fill(intent.answer, with: values)
        if let target = intent.target { values["to"] = target }
        return .answer(answer, tool: intent.tool, slots: values)
    }

    private static func fill(_ template: String, with values: [String: String]) -> String {
        var text = template
        for (name, value) in values {
            while let place = text.firstRange(of: "{{\(name)}}") { text.replaceSubrange(place, with: value) }
        }
        return text
    }

    private static func words(of text: String) -> [Substring] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }
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
