/// What the agent has asked for, by its last sentences. Callers pause inside numbers, names, addresses: the wait for the
/// end of their turn is longer while one is expected.
package enum ExpectedAnswer: Sendable, CaseIterable {
    /// A number, code or amount.
    case number
    case phone
    case name
    case email
    case date
    case address
    case yesNo
    /// Anything.
    case open

    /// Whether callers pause inside such an answer.
    package var isSpelledOut: Bool {
        switch self {
        case .number, .phone, .name, .email, .date, .address: true
        case .yesNo, .open: false
        }
    }

    /// [characters] Only so much of the end of a reply is looked at.
    private static let farthest = 300
    /// Sentences from the end: "What is your name? Take your time."
    private static let sentences = 2

    /// What the last sentences of a reply ask for.
    /// - Parameter language: BCP 47; one without a table expects anything.
    package static func after(_ reply: String, language: String) -> ExpectedAnswer {
        let phrases = LanguageTable.of(language).expected
        for sentence in lastSentences(of: reply) {
            if let answer = answer(to: sentence, phrases) { return answer }
        }
        return .open
    }

    /// Whether the last sentences of a reply ask for anything at all.
    package static func asks(_ reply: String, language: String) -> Bool {
        let phrases = LanguageTable.of(language).expected
        return lastSentences(of: reply).contains { answer(to: $0, phrases) != nil }
    }

    /// nil: the sentence asks nothing.
    private static func answer(to sentence: Substring, _ phrases: ExpectedPhrases) -> ExpectedAnswer? {
        let isQuestion = sentence.last.map { "?？".contains($0) } ?? false
        let words = Backchannel.words(in: String(sentence))
        let text = SpokenText(words)
        let isRequest = contains(text, phrases.requests)
        guard isQuestion || isRequest else { return nil }
        if isRequest, let field = field(in: text, phrases) { return field }
        guard isQuestion else { return .open }
        if wantsYesOrNo(sentence, words.joined(separator: " "), phrases) { return .yesNo }
        return field(in: text, phrases) ?? .open
    }

    private static func field(in text: SpokenText, _ phrases: ExpectedPhrases) -> ExpectedAnswer? {
        if contains(text, phrases.email) { return .email }
        if contains(text, phrases.phone) { return .phone }
        if contains(text, phrases.address) { return .address }
        if contains(text, phrases.date) { return .date }
        if contains(text, phrases.name) { return .name }
        if contains(text, phrases.number) { return .number }
        return nil
    }

    private static func wantsYesOrNo(_ sentence: Substring, _ text: String, _ phrases: ExpectedPhrases) -> Bool {
        if phrases.tags.contains(where: { text.count > $0.count && " \(text)".hasSuffix(" \($0)") }) { return true }
        if phrases.yesNoAnywhere.contains(where: { phrase in
            phrase.contains(" ") ? text.hasPrefix(phrase + " ") : " \(text) ".contains(" \(phrase) ")
        }) {
            return true
        }
        let starts: Set<String> = ["and", "so", "und", "also", "y", "et", "alors", "e", "и", "а", "then", "dann"]
        return sentence.split(whereSeparator: { ",:;—–¿，：".contains($0) }).contains { clause in
            let first = Backchannel.words(in: String(clause.prefix(60))).first { !starts.contains($0) }
            return first.map { word in
                // "est-ce", "puis-je": a hyphen has cut the words already.
                phrases.yesNo.contains(word)
            } ?? false
        }
    }

    private static func contains(_ text: SpokenText, _ phrases: Set<String>) -> Bool {
        phrases.contains { text.holds($0) }
    }

    /// The last sentences with their marks, last first.
    private static func lastSentences(of reply: String) -> [Substring] {
        var sentences: [Substring] = []
        var rest = reply.suffix(farthest)
        while sentences.count < self.sentences {
            while let last = rest.last, !(last.isLetter || last.isNumber || "?？".contains(last)) { rest.removeLast() }
            guard !rest.isEmpty else { break }
            let start = rest.dropLast().lastIndex { ".?!。？！\n".contains($0) }.map { rest.index(after: $0) }
            let sentence = rest[(start ?? rest.startIndex)...]
            if sentence.contains(where: { $0.isLetter }) { sentences.append(sentence) }
            rest = rest[..<(start ?? rest.startIndex)]
        }
        return sentences
    }
}
