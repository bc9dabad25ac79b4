import Foundation
import NIOCore

/// The scripted language model: reads a chat completion request and answers with a fixed text, token by token.
struct ChatScript: Sendable {
    var firstTokenNanoseconds: Int64
    var tokenNanoseconds: Int64
    /// Sentences of a reply; `TAG` becomes the word that names the turn.
    var sentences: [String]

    static let defaultSentences = [
        "Certainly TAG, we are open from nine until six on every day of the week.",
        "If you like TAG, I can reserve a quiet table for you on Friday evening.",
        "Just tell me TAG how many people are coming and at what time you would like to arrive.",
    ]

    struct Request: Equatable {
        var tag: Tag?
        var model: String
        var messages: Int
        var streams: Bool
        var includesUsage: Bool
    }

    /// Checks a request body as the real endpoint does.
    ///
    /// - Throws: `WireViolation` with the text of the 400 answer.
    static func request(_ body: [UInt8]) throws -> Request {
        guard let object = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] else {
            throw WireViolation("the body is no JSON object")
        }
        guard let model = object["model"] as? String, !model.isEmpty else { throw WireViolation("model is required") }
        guard let messages = object["messages"] as? [[String: Any]], !messages.isEmpty else {
            throw WireViolation("messages: a list with at least one message is required")
        }
        for message in messages {
            guard let role = message["role"] as? String,
                ["system", "developer", "user", "assistant", "tool"].contains(role)
            else { throw WireViolation("messages: role \(message["role"] ?? "missing")") }
        }
        let user = messages.last { $0["role"] as? String == "user" }
        let options = object["stream_options"] as? [String: Any]
        return Request(
            tag: (user?["content"] as? String).flatMap { Tag(lastIn: $0.utf8) }, model: model, messages: messages.count,
            streams: object["stream"] as? Bool ?? false, includesUsage: options?["include_usage"] as? Bool ?? false)
    }

    /// The tokens of a reply, blanks in front as real tokenizers have them, and whether each ends a sentence.
    func tokens(for tag: Tag?) -> [(text: String, endsSentence: Bool)] {
        let text = sentences.joined(separator: " ").replacingOccurrences(of: "TAG", with: tag?.word ?? "friend")
        return text.split(separator: " ").enumerated().map { index, word in
            ((index == 0 ? "" : " ") + word, word.last.map { ".!?".contains($0) } ?? false)
        }
    }
}

/// One streamed completion on its connection.
final class ChatStream {
    private let connection: LabConnection
    private let request: ChatScript.Request
    private let script: ChatScript
    private let log: ProviderLog
    private let identifier: String
    private let tokens: [(text: String, endsSentence: Bool)]
    private var next = 0
    private var sentence = 0
    private var cancelled = false
    private let began = monotonicNanoseconds()

    init(_ request: ChatScript.Request, script: ChatScript, number: Int, on connection: LabConnection, log: ProviderLog)
    {
        self.request = request
        self.script = script
        self.connection = connection
        self.log = log
        identifier = "chatcmpl-lab\(number)"
        tokens = script.tokens(for: request.tag)
    }

    /// Sends the head, then the tokens on a fixed schedule.
    func start() {
        connection.beginChunks(
            status: "200 OK",
            headers: [("Content-Type", "text/event-stream; charset=utf-8"), ("x-request-id", identifier)])
        connection.onDisconnect = { [self] in
            cancelled = true
            log.write("llm_cancel", tag: request.tag, details: [("tokens", "\(next)")])
        }
        schedule()
    }

    private func schedule() {
        guard let loop = connection.eventLoop else { return }
        let due = began + script.firstTokenNanoseconds + Int64(next) * script.tokenNanoseconds
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(max(0, due - monotonicNanoseconds()))) { bound.value.send() }
    }

    private func send() {
        guard !cancelled else { return }
        guard next < tokens.count else { return finish() }
        let token = tokens[next]
        let role = next == 0 ? #""role":"assistant","# : ""
        event(#"[{"index":0,"delta":{\#(role)"content":\#(token.text.quotedJSON)},"finish_reason":null}]"#)
        if next == 0 { log.write("llm_first", tag: request.tag) }
        // "3." may go on as "3.5": only what follows makes the end of a sentence certain.
        if next > 0, tokens[next - 1].endsSentence { log.write("llm_sentence_certain", tag: request.tag) }
        if token.endsSentence {
            log.write("llm_sentence", tag: request.tag, details: [("index", "\(sentence)")])
            sentence += 1
        }
        next += 1
        schedule()
    }

    private func finish() {
        event(#"[{"index":0,"delta":{},"finish_reason":"stop"}]"#)
        log.write("llm_sentence_certain", tag: request.tag)
        if request.includesUsage {
            let usage =
                #"{"prompt_tokens":\#(request.messages * 20),"completion_tokens":\#(tokens.count),"#
                + #""total_tokens":\#(request.messages * 20 + tokens.count)}"#
            event("[]", usage: usage)
        }
        connection.write(chunk: "data: [DONE]\n\n".utf8)
        connection.endChunks()
        log.write("llm_done", tag: request.tag, details: [("tokens", "\(tokens.count)")])
    }

    private func event(_ choices: String, usage: String = "null") {
        let text =
            #"data: {"id":"\#(identifier)","object":"chat.completion.chunk","created":1790000000,"#
            + #""model":\#(request.model.quotedJSON),"choices":\#(choices),"usage":\#(usage)}"# + "\n\n"
        connection.write(chunk: text.utf8)
    }
}
