import Foundation
import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

/// The codecs against Tests/provider-types/messages.jsonl, which is held against the providers' own SDKs in Python.
@Suite struct WireGoldenTests {
    struct Row {
        let name: String
        let isSent: Bool
        let message: JSONValue
    }

    private func rows() throws -> [Row] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("provider-types/messages.jsonl")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            let value = try JSONValue.parse(String(line))
            return Row(
                name: try #require(value["name"]?.string), isSent: value["direction"]?.string == "sent",
                message: try #require(value["message"]))
        }
    }

    private func sent(_ name: String) -> [UInt8]? {
        switch name {
        case "keepAlive": return DeepgramListenWire.keepAlive
        case "finalize": return DeepgramListenWire.finalize
        case "closeStream": return DeepgramListenWire.closeStream
        case "speak": return DeepgramSpeakWire.speak("Say \"hi\" – now. ")
        case "flush": return DeepgramSpeakWire.flush
        case "clear": return DeepgramSpeakWire.clear
        case "close": return DeepgramSpeakWire.close
        case "chat":
            var options = OpenAIChatOptions(model: "m")
            options.tokenLimit = 150
            options.tokenLimitField = .maxCompletionTokens
            options.temperature = 0.5
            let call = ToolCall(id: "c1", name: "book", arguments: #"{"day":"Mo"}"#)
            return OpenAIChatWire.request(
                ChatRequest(
                    prompt: "Be brief.",
                    messages: [.user("Hi"), .assistant("", toolCalls: [call]), .toolResult(id: "c1", json: "{}")],
                    tools: [ToolSpecification(name: "book", description: "Books.", parameters: #"{"type":"object"}"#)]),
                options)
        default: return nil
        }
    }

    private func received(_ name: String, _ message: JSONValue) -> String {
        let bytes = message.serialized()
        if name.hasPrefix("chunk") {
            var parser = OpenAIChatParser { "made" }
            var output: [String] = []
            let line = Array("data: ".utf8) + bytes + Array("\n\ndata: [DONE]\n\n".utf8)
            line.withUnsafeBytes { parser.feed($0) { if $0 != .progress { output.append("\($0)") } } }
            return output.joined(separator: "; ")
        }
        let isSpeech = ["speakMetadata", "flushed", "cleared", "warning"].contains(name)
        return bytes.withUnsafeBytes { bytes in
            isSpeech
                ? DeepgramSpeakWire.decode(bytes).map { "\($0)" } : DeepgramListenWire.decode(bytes).map { "\($0)" }
        } ?? "not understood"
    }

    @Test func everyMessageIsWrittenAndReadAsTheFileSays() throws {
        let expected = [
            "results": "results(", "utteranceEnd": "utteranceEnd", "speechStarted": "speechStarted",
            "metadata": "metadata(requestID: Optional(\"r\"))", "error": "error(\"could not parse\")",
            "speakMetadata": "metadata(requestID: Optional(\"r\"))", "flushed": "flushed", "cleared": "cleared",
            "warning": "warning(\"too many flushes\", isFlushLimit: true)", "chunkText": "text(\"Hel\")",
            "chunkTool": "toolCall(", "chunkUsage": "finished(",
        ]
        let rows = try rows()
        #expect(rows.count == 20)
        for row in rows {
            if row.isSent {
                let bytes = try #require(sent(row.name), "\(row.name)")
                #expect(try JSONValue.parse(String(decoding: bytes, as: UTF8.self)) == row.message, "\(row.name)")
            } else {
                let text = received(row.name, row.message)
                #expect(text.hasPrefix(try #require(expected[row.name], "\(row.name)")), "\(row.name): \(text)")
            }
        }
    }
}
