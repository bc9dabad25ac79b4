internal import VoiceEngineCore

/// The conversation on the server, and what must be done so that it is the session's. Pure.
///
/// The server knows by itself what it heard and what it said. What it cannot know - typed text, keys, sentences that
/// were read out, results of tools, a conversation that began on another connection - is created as items, in its
/// place; what was noise for the session is deleted. All of it happens before an answer is asked for.
struct OpenAIRealtimeHistory {
    /// A piece of the caller's speech that the session took, and the item that holds its audio.
    private struct Utterance: Equatable {
        var words: [Substring]
        var item: String
    }

    /// A stretch of speech under one turn.
    private struct Spoken: Equatable {
        var turn: TurnID
        /// The model said it: the server has it.
        var isOwn: Bool
        var words: [Substring]
    }

    /// More are forgotten: a session that never answers.
    private static let mostNotes = 64

    /// An hour's conversation has a thousand; of more, the oldest are forgotten.
    private static let mostItems = 4_096

    /// Items of the server's conversation in order.
    private(set) var order: [String] = []
    /// What the server has been brought up to.
    private var known: [ChatMessage] = []
    /// The last item that belongs to `known` or to what was said after it; nil: before all items.
    private var cursor: String?
    private var heard: [Utterance] = []
    private var spoken: [Spoken] = []
    /// Calls that the model has made here, and whether they were answered.
    private var calls: [(id: String, isAnswered: Bool)] = []
    /// What the server was told of each call, and the item that says so.
    private var results: [String: (item: String, json: String)] = [:]
    private var created = 0

    // MARK: - What happens

    /// The server appended an item (caller audio).
    mutating func added(_ item: String) {
        guard !item.isEmpty, !order.contains(item) else { return }
        order.append(item)
        if order.count > Self.mostItems { order.removeFirst() }
    }

    /// The model said or called something in the conversation.
    mutating func answered(_ item: String) {
        guard !item.isEmpty else { return }
        added(item)
        cursor = item
    }

    mutating func called(_ made: [ToolCall]) { calls += made.map { ($0.id, false) } }

    /// The session took this item for an utterance, or a part of one; without words it was noise.
    mutating func committed(_ item: String, text: String) {
        // What another connection heard reaches this one as text.
        guard order.contains(item) else { return }
        heard.append(Utterance(words: text.split(whereSeparator: \.isWhitespace), item: item))
        if heard.count > Self.mostNotes { heard.removeFirst() }
    }

    /// Text that goes out under this turn.
    mutating func said(_ text: String, turn: TurnID, isOwn: Bool) {
        let words = text.split(whereSeparator: \.isWhitespace)
        if let last = spoken.last, last.turn == turn, last.isOwn == isOwn {
            spoken[spoken.count - 1].words += words
        } else {
            spoken.append(Spoken(turn: turn, isOwn: isOwn, words: words))
            if spoken.count > Self.mostNotes { spoken.removeFirst() }
        }
    }

    /// Nothing of this item was heard.
    mutating func delete(_ item: String) -> OpenAIRealtimeCommand {
        if let place = order.firstIndex(of: item) {
            if cursor == item { cursor = place > 0 ? order[place - 1] : nil }
            order.remove(at: place)
        }
        return .delete(item)
    }

    // MARK: - Bringing the server up to date

    /// What to send before an answer to these messages is asked for.
    mutating func reconcile(_ messages: [ChatMessage], turn: TurnID) -> [OpenAIRealtimeCommand] {
        var news = Self.news(in: messages, after: known)
        var commands: [OpenAIRealtimeCommand] = []
        let audio = assign(&news, &commands)
        correctResults(in: messages, &commands)
        for (index, message) in news.enumerated() {
            switch message {
            case .user(let text):
                if let last = audio[index] { cursor = last }
                create(.user(text), unlessEmpty: text, &commands)
            case .assistant(let text, let made) where made.isEmpty:
                let unsaid = notSaidByServer(text)
                create(.assistant(unsaid), unlessEmpty: unsaid, &commands)
            case .assistant(let text, let made):
                // Made here: the server has the calls, and what was said before them.
                guard !made.allSatisfy({ call in calls.contains { $0.id == call.id } }) else { continue }
                create(.assistant(text), unlessEmpty: text, &commands)
                for call in made {
                    create(.call(call), unlessEmpty: call.id, &commands)
                    calls.append((call.id, false))
                }
            case .toolResult(let id, let json): answer(id, json, &commands)
            }
        }
        // A call without an answer would confuse the model: interrupted, or one of those that the session does itself.
        for call in calls where !call.isAnswered { answer(call.id, #"{"status":"done"}"#, &commands) }
        calls.removeAll { call in !messages.contains { $0.mentions(call: call.id) } }
        results = results.filter { result in messages.contains { $0.mentions(call: result.key) } }
        known = messages
        spoken.removeAll { $0.turn != turn }
        return commands
    }

    private mutating func answer(_ id: String, _ json: String, _ commands: inout [OpenAIRealtimeCommand]) {
        if let place = calls.firstIndex(where: { $0.id == id }) {
            guard !calls[place].isAnswered else { return }
            calls[place].isAnswered = true
        }
        let item = create(.result(id: id, json: json), unlessEmpty: id, &commands)
        if let item { results[id] = (item, json) }
    }

    /// A tool has answered after its reply was over: what was told in place of its result is replaced.
    private mutating func correctResults(in messages: [ChatMessage], _ commands: inout [OpenAIRealtimeCommand]) {
        for case .toolResult(let id, let json) in messages {
            guard let told = results[id], told.json != json else { continue }
            commands.append(delete(told.item))
            let item = create(.result(id: id, json: json), unlessEmpty: id, &commands)
            if let item { results[id] = (item, json) }
        }
    }

    /// - Returns: The new item; nil: none was needed.
    @discardableResult
    private mutating func create(
        _ item: OpenAIRealtimeCommand.Item, unlessEmpty text: String, _ commands: inout [OpenAIRealtimeCommand]
    ) -> String? {
        guard !text.isEmpty else { return nil }
        created += 1
        let id = "ve_\(created)"
        let place = cursor.flatMap { order.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
        let previous = place == order.count ? nil : cursor ?? "root"
        order.insert(id, at: place)
        cursor = id
        commands.append(.create(id, item, after: previous))
        return id
    }

    /// Finds the caller's audio in the messages: what the server heard itself is taken out of them. Utterances that are
    /// nowhere were noise or a backchannel for the session, and are deleted.
    ///
    /// - Returns: The last item of each message, by the message's place.
    private mutating func assign(
        _ news: inout [ChatMessage], _ commands: inout [OpenAIRealtimeCommand]
    ) -> [Int: String] {
        var found: [Int: String] = [:]
        var place = news.count - 1
        for utterance in heard.reversed() {
            var candidate = utterance.words.isEmpty ? -1 : place
            while candidate >= 0 {
                if case .user(let text) = news[candidate], let rest = Self.text(text, without: utterance.words) {
                    news[candidate] = .user(rest)
                    break
                }
                candidate -= 1
            }
            if candidate >= 0 {
                place = candidate
                found[candidate] = found[candidate] ?? utterance.item
            } else {
                commands.append(delete(utterance.item))
            }
        }
        heard = []
        return found
    }

    /// What of a text that the caller heard was not the model's own.
    private mutating func notSaidByServer(_ text: String) -> String {
        var rest = text.split(whereSeparator: \.isWhitespace)[...]
        var others: [Substring] = []
        for stretch in spoken {
            let common = zip(rest, stretch.words).prefix { $0 == $1 }.count
            if !stretch.isOwn { others += rest.prefix(common) }
            rest = rest.dropFirst(common)
        }
        return (others + rest).joined(separator: " ")
    }

    // MARK: - Comparing

    /// The last place of `words` in `text` is cut out.
    static func text(_ text: String, without words: [Substring]) -> String? {
        let all = text.split(whereSeparator: \.isWhitespace)
        guard !words.isEmpty, all.count >= words.count else { return nil }
        for start in stride(from: all.count - words.count, through: 0, by: -1)
        where all[start..<start + words.count].elementsEqual(words) {
            return (all[..<start] + all[(start + words.count)...]).joined(separator: " ")
        }
        return nil
    }

    /// The messages after those that are known. The older ones may have been dropped at the front, and the last known
    /// one may have grown.
    static func news(in messages: [ChatMessage], after known: [ChatMessage]) -> [ChatMessage] {
        for start in 0..<known.count {
            let overlap = known[start...]
            guard overlap.count <= messages.count else { continue }
            let pairs = zip(overlap, messages)
            guard pairs.dropLast().allSatisfy({ $0.isSame(as: $1) }), let last = overlap.last else { continue }
            let counterpart = messages[overlap.count - 1]
            let rest = Array(messages[overlap.count...])
            if last.isSame(as: counterpart) { return rest }
            if let growth = last.growth(to: counterpart) { return [growth] + rest }
        }
        return messages
    }
}

extension ChatMessage {
    /// The session tells the words before a call differently once the reply is over: calls are known by their ids.
    fileprivate func isSame(as other: ChatMessage) -> Bool {
        switch (self, other) {
        case (.assistant(_, let mine), .assistant(_, let theirs)) where !mine.isEmpty:
            mine.map(\.id) == theirs.map(\.id)
        case (.toolResult(let mine, _), .toolResult(let theirs, _)): mine == theirs
        case (.user, .user), (.assistant, .assistant): self == other
        case _: false
        }
    }

    /// What was appended to the text of this message.
    fileprivate func growth(to other: ChatMessage) -> ChatMessage? {
        switch (self, other) {
        case (.user(let before), .user(let after)) where after.hasPrefix(before + " "):
            .user(String(after.dropFirst(before.count + 1)))
        case (.assistant(let before, []), .assistant(let after, [])) where after.hasPrefix(before + " "):
            .assistant(String(after.dropFirst(before.count + 1)), toolCalls: [])
        case _: nil
        }
    }

    fileprivate func mentions(call id: String) -> Bool {
        switch self {
        case .assistant(_, let calls): calls.contains { $0.id == id }
        case .toolResult(let result, _): result == id
        case .user: false
        }
    }
}
