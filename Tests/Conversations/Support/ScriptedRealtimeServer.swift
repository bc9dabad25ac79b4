import NIOCore
import NIOEmbedded
import VoiceEngineCore
import VoiceEngineNetSupport

/// A speech-to-speech server in virtual time: it looks at what the client has sent after each frame of the caller, and
/// answers by its script.
///
/// A word of its voice takes 200 ms and comes every 20 ms. Confined to the one loop of its test.
final class ScriptedRealtimeServer {
    enum Answer {
        case says(String)
        case calls(ToolCall, saying: String = "")
    }

    let network: ScriptedNetwork
    /// What the caller's committed pieces of audio turn out to be, in order.
    var transcripts: [String] = []
    /// In order; the last one is used again.
    var answers = [Answer.says("Hello there caller.")]
    /// [ms] From a commit to its transcript, and from a request to the first word.
    var transcription: Int64 = 200
    var thinking: Int64 = 100
    /// What the client has sent but audio and sessions, with its time.
    private(set) var received: [String] = []
    private(set) var sessions = 0
    private var connections = 0
    private var items = 0
    private var responses = 0
    private var transcribed = 0
    private var answered = 0
    private var cancelled: Set<String> = []

    init() throws { network = try ScriptedNetwork() }

    private var loop: EmbeddedEventLoop { network.loop }
    private var connection: ScriptedConnection? { network.connections.last }

    func look() {
        if network.connections.count > connections, let connection {
            connections = network.connections.count
            connection.acceptWebSocket()
            send(#"{"type":"session.created","session":{}}"#)
        }
        for text in connection?.takeTexts() ?? [] {
            if let message = try? JSONValue.parse(text) { take(message) }
        }
    }

    /// The connection ends without a word.
    func cut() { connection?.cut() }

    /// Not by `ScriptedConnection.send`, which would run the loop inside one of its own tasks.
    private func send(_ text: String) {
        guard let channel = connection?.channel, channel.isActive else { return }
        channel.pipeline.fireChannelRead(ByteBuffer(bytes: WebSocketTesting.frame(1, Array(text.utf8))))
        channel.pipeline.fireChannelReadComplete()
    }

    private func later(_ delay: Int64, _ action: @escaping () -> Void) {
        let current = connections
        loop.schedule(at: loop.milliseconds + delay) { [weak self] in
            if self?.connections == current { action() }
        }
    }

    private func take(_ message: JSONValue) {
        func text(_ path: String...) -> String { path.reduce(message as JSONValue?) { $0?[$1] }?.lenientString ?? "" }
        switch text("type") {
        case "session.update":
            sessions += 1
            send(#"{"type":"session.updated","session":{}}"#)
        case "input_audio_buffer.append": break
        case "input_audio_buffer.commit":
            note("commit")
            transcribe()
        case "conversation.item.create":
            let item = message["item"]
            let kind = item?["role"]?.string ?? text("item", "type")
            note("create \(kind) \(item?["content"]?[0]?["text"]?.string ?? text("item", "output"))")
        case "conversation.item.delete": note("delete \(text("item_id"))")
        case "conversation.item.truncate": note("truncate \(text("item_id")) at \(text("audio_end_ms"))")
        case "response.create": respond(message["response"] ?? .null)
        case "response.cancel":
            note("cancel \(text("response_id"))")
            cancelled.insert(text("response_id"))
            send(
                #"{"type":"response.done","response":{"id":"\#(text("response_id"))","status":"cancelled","output":[]}}"#
            )
        default: note(text("type"))
        }
    }

    private func note(_ text: String) { received.append("\(loop.milliseconds) \(text)") }

    private func transcribe() {
        items += 1
        let item = "a\(items)"
        send(#"{"type":"input_audio_buffer.committed","item_id":"\#(item)"}"#)
        let words = transcribed < transcripts.count ? transcripts[transcribed] : ""
        transcribed += 1
        later(transcription) {
            self.send(
                #"{"type":"conversation.item.input_audio_transcription.completed","item_id":"\#(item)","transcript":"\#(words)"}"#
            )
        }
    }

    private func respond(_ request: JSONValue) {
        responses += 1
        let id = "r\(responses)"
        let number = request["metadata"]?["request"]?.string ?? ""
        send(#"{"type":"response.created","response":{"id":"\#(id)","metadata":{"request":"\#(number)"}}}"#)
        if request["conversation"]?.string == "none" {
            let text = request["input"]?[0]?["content"]?[0]?["text"]?.string ?? ""
            note("read \(text)")
            return say(text, id, call: nil)
        }
        note("respond")
        let answer = answers[min(answered, answers.count - 1)]
        answered += 1
        switch answer {
        case .says(let text): say(text, id, call: nil)
        case .calls(let call, let text): say(text, id, call: call)
        }
    }

    private func say(_ text: String, _ id: String, call: ToolCall?) {
        let item = "b\(responses)"
        var delay = thinking
        func at(_ message: String) { later(delay) { if !self.cancelled.contains(id) { self.send(message) } } }
        if !text.isEmpty {
            at(
                #"{"type":"response.output_item.added","response_id":"\#(id)","item":{"id":"\#(item)","type":"message"}}"#
            )
        }
        // 200 ms of audio/pcmu that is not silent.
        let audio = String(repeating: "MDAw", count: 533) + "MA=="
        for (index, word) in text.split(separator: " ").enumerated() {
            at(
                #"{"type":"response.output_audio_transcript.delta","response_id":"\#(id)","delta":"\#(index == 0 ? "" : " ")\#(word)"}"#
            )
            at(
                #"{"type":"response.output_audio.delta","response_id":"\#(id)","item_id":"\#(item)","content_index":0,"delta":"\#(audio)"}"#
            )
            delay += 20
        }
        var output = ""
        if let call {
            at(
                #"{"type":"response.output_item.added","response_id":"\#(id)","item":{"id":"\#(item)c","type":"function_call"}}"#
            )
            output =
                #"{"type":"function_call","id":"\#(item)c","call_id":"\#(call.id)","name":"\#(call.name)","arguments":"\#(call.arguments)"}"#
        }
        at(
            #"{"type":"response.done","response":{"id":"\#(id)","status":"completed","output":[\#(output)],"usage":{"input_tokens":5,"output_tokens":6}}}"#
        )
    }
}
