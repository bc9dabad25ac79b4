internal import VoiceEngineCore

/// A conversation in the shape that Anthropic demands. Pure.
///
/// - Roles alternate; the first message is the user's, and so is the last (an assistant's last one would be a prefill,
///   which new models refuse). A call that begins with the agent's greeting gets a stand-in before it.
/// - The message after tool calls begins with one result for each; missing ones are made up, orphans are dropped.
/// - No text is empty; the assistant's does not end in blanks.
struct AnthropicHistory: Equatable {
    enum Block: Equatable {
        case text(String)
        case toolUse(ToolCall)
        case toolResult(id: String, content: String, isError: Bool)
    }

    enum Role: String { case user, assistant }

    struct Message: Equatable {
        var role: Role
        var blocks: [Block]
    }

    /// Stands for the caller's picking up, and for a silence after the agent's words.
    static let opening = "(The call begins.)"
    static let silence = "(Go on.)"
    static let lostResult = "The call was cut off before there was a result."

    private(set) var messages: [Message] = []
    /// Calls of the last message that have no result yet.
    private var open: [String] = []

    init(_ conversation: [ChatMessage]) {
        for entry in conversation {
            switch entry {
            case .user(let text):
                closeCalls()
                say(.user, text)
            case .assistant(let text, let calls):
                closeCalls()
                say(.assistant, text)
                for call in calls { use(call) }
            case .toolResult(let id, let json):
                let id = Self.identifier(id)
                guard let position = open.firstIndex(of: id) else { continue }
                open.remove(at: position)
                append(.user, .toolResult(id: id, content: json, isError: false))
            }
        }
        closeCalls()
        if messages.last?.role != .user { append(.user, .text(messages.isEmpty ? Self.opening : Self.silence)) }
        if messages.first?.role == .assistant {
            messages.insert(Message(role: .user, blocks: [.text(Self.opening)]), at: 0)
        }
    }

    /// Tools that the conversation has used: they must be declared again as long as they are in it.
    var usedTools: [String] {
        var names: [String] = []
        for message in messages {
            for case .toolUse(let call) in message.blocks where !names.contains(call.name) { names.append(call.name) }
        }
        return names
    }

    private mutating func say(_ role: Role, _ text: String) {
        var text = Substring(text)
        while text.last?.isWhitespace ?? false { text.removeLast() }
        if text.contains(where: { !$0.isWhitespace }) { append(role, .text(String(text))) }
    }

    private mutating func use(_ call: ToolCall) {
        let id = Self.identifier(call.id)
        append(.assistant, .toolUse(ToolCall(id: id, name: call.name, arguments: call.arguments)))
        open.append(id)
    }

    private mutating func closeCalls() {
        for id in open { append(.user, .toolResult(id: id, content: Self.lostResult, isError: true)) }
        open = []
    }

    private mutating func append(_ role: Role, _ block: Block) {
        if messages.last?.role == role {
            messages[messages.count - 1].blocks.append(block)
        } else {
            messages.append(Message(role: role, blocks: [block]))
        }
    }

    /// Ids of other houses may hold what Anthropic refuses.
    private static func identifier(_ id: String) -> String {
        let allowed = id.unicodeScalars.map { scalar -> Character in
            let isAllowed =
                ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                || scalar == "_" || scalar == "-"
            return isAllowed ? Character(scalar) : "_"
        }
        return allowed.isEmpty ? "call" : String(allowed)
    }
}
