import Foundation
import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

/// The codecs against the files of Tests/provider-types, which are held against the houses' own libraries in Python.
@Suite struct HouseGoldenTests {
    struct Row {
        let name: String
        let type: String
        let isSent: Bool
        let message: JSONValue
        let bytes: [UInt8]
    }

    private func rows(_ file: String) throws -> [Row] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("provider-types/\(file).jsonl")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            let value = try JSONValue.parse(String(line))
            let bytes = value["bytes"]?.string.flatMap { Data(base64Encoded: $0) } ?? Data()
            return Row(
                name: try #require(value["name"]?.string), type: try #require(value["type"]?.string),
                isSent: value["direction"]?.string == "sent", message: value["message"] ?? .null, bytes: Array(bytes))
        }
    }

    // MARK: Anthropic

    private func anthropicRequest(_ name: String) -> [UInt8]? {
        let tool = ToolSpecification(
            name: "book", description: "Books.",
            parameters: #"{"type":"object","properties":{"day":{"type":"string"}}}"#)
        let calls = [
            ToolCall(id: "c1", name: "book", arguments: #"{"day":"Mo"}"#),
            ToolCall(id: "c2", name: "book", arguments: ""),
        ]
        switch name {
        case "request":
            return AnthropicWire.request(
                ChatRequest(
                    prompt: "Be brief.",
                    messages: [
                        .assistant("Hello!", toolCalls: []), .user("Book Monday"),
                        .assistant("One moment. ", toolCalls: calls), .toolResult(id: "c1", json: "{}"), .user("Wait"),
                    ],
                    tools: [tool]),
                AnthropicOptions(
                    model: "claude-haiku-5-5", maximumTokens: 150, cache: .oneHour,
                    thinking: .betweenTools, effort: "low"))
        case "bare":
            return AnthropicWire.request(
                ChatRequest(
                    prompt: "Be brief.",
                    messages: [.user("Hi"), .assistant("", toolCalls: [calls[1]]), .toolResult(id: "c2", json: "{}")],
                    tools: []),
                AnthropicOptions(model: "m", cache: .off))
        default: return nil
        }
    }

    @Test func anthropic() throws {
        var parser = AnthropicParser { "made" }
        var output: [String] = []
        let rows = try rows("anthropic")
        #expect(rows.count == 14)
        for row in rows {
            if row.isSent {
                let bytes = try #require(anthropicRequest(row.name), "\(row.name)")
                let text = String(decoding: bytes, as: UTF8.self).replacing(
                    "\"c2\"", with: row.name == "bare" ? "\"c1\"" : "\"c2\"")
                #expect(try JSONValue.parse(text) == row.message, "\(row.name)")
                continue
            }
            if row.name == "error" { parser = AnthropicParser { "made" } }
            let type = try #require(row.message["type"]?.string)
            let bytes = Array("event: \(type)\ndata: ".utf8) + row.message.serialized() + Array("\n\n".utf8)
            bytes.withUnsafeBytes { parser.feed($0) { if $0 != .progress { output.append("\($0)") } } }
        }
        #expect(
            output == [
                "\(AnswerOutput.text("Hel"))",
                "\(AnswerOutput.toolCall(ToolCall(id: "toolu_1", name: "book", arguments: #"{"day":"Mo"}"#)))",
                "\(AnswerOutput.finished(.toolCalls, TokenUsage(prompt: 125, completion: 7, cached: 100)))",
                "\(AnswerOutput.failed(ServiceFault(message: "Overloaded", code: "overloaded_error")))",
            ])
    }

    // MARK: Transcriptions

    /// The fields of a form, but for the file; one that is repeated is a list.
    private func fields(_ body: [UInt8], boundary: String) -> JSONValue {
        let text = String(latin1: body)
        var names: [String] = []
        var values: [String: [JSONValue]] = [:]
        for part in text.split(separator: "--\(boundary)") {
            let pieces = part.split(separator: "\r\n\r\n", maxSplits: 1)
            let name = pieces[0].split(separator: "\"").dropFirst().first.map(String.init) ?? ""
            guard pieces.count == 2, name != "file" else { continue }
            if values[name] == nil { names.append(name) }
            values[name, default: []].append(.string(String(pieces[1].dropLast())))
        }
        var object = JSONObject()
        for name in names {
            let list = values[name] ?? []
            object.append(name, name.hasSuffix("[]") ? .array(list) : list[0])
        }
        return .object(object)
    }

    @Test func transcriptions() throws {
        var options = OpenAITranscriptionOptions(
            model: "gpt-transcribe", language: "en", prompt: "A call.", keyterms: ["Ada", "Bert"], temperature: 0.2)
        let openAI = OpenAITranscriptionWire.request([1], sampleRate: 8_000, options, boundary: "qq")
        options.model = "whisper-large-v3-turbo"
        options.temperature = nil
        options.format = .verboseJSON
        let groq = OpenAITranscriptionWire.request([1], sampleRate: 8_000, options, boundary: "qq")
        let rows = try rows("transcription")
        #expect(rows.count == 7)
        for row in rows {
            switch (row.isSent, row.type) {
            case (true, "openai.Request"): #expect(fields(openAI.body, boundary: "qq") == row.message)
            case (true, _): #expect(fields(groq.body, boundary: "qq") == row.message)
            case (false, "groq.Chunk"):
                var parser = OpenAIChatParser { "made" }
                var output: [AnswerOutput] = []
                let bytes = Array("data: ".utf8) + row.message.serialized() + Array("\n\ndata: [DONE]\n\n".utf8)
                bytes.withUnsafeBytes { parser.feed($0) { output.append($0) } }
                let isError = row.name == "groqError"
                #expect(
                    output.last
                        == (isError
                            ? .failed(ServiceFault(message: "over capacity"))
                            : .finished(.stop, TokenUsage(prompt: 3, completion: 4))))
            case (false, _): #expect(OpenAITranscriptionWire.text(row.message.serialized()) == "Hello.", "\(row.type)")
            }
        }
    }

    // MARK: Wyoming

    private var pong: WyomingEvent? {
        var data = JSONObject()
        data.append("text", "x")
        if case .ping(let answer) = WyomingWire.decode(WyomingEvent("ping", data)) { return answer }
        return nil
    }

    private func sent(_ name: String) -> WyomingEvent? {
        switch name {
        case "describe": WyomingWire.describe
        case "transcribe": WyomingWire.transcribe(model: "base", language: "de")
        case "transcribeBare": WyomingWire.transcribe(model: nil, language: nil)
        case "audioStart": WyomingWire.audioStart(16_000)
        case "audioChunk": WyomingWire.audioChunk(16_000, [1, 10, 255, 0])
        case "audioStop": WyomingWire.audioStop
        case "synthesize":
            WyomingWire.synthesize("Grüß \"Gott\".", .init(name: "v", speaker: "s", language: "de-DE"))
        case "synthesizeLanguage": WyomingWire.synthesize("Hi.", .init(language: "de-DE"))
        case "pong": pong
        default: nil
        }
    }

    @Test func wyoming() throws {
        var info = WyomingWire.Info(JSONObject())
        let empty = info
        (info.recognises, info.speaks) = (true, true)
        let format: JSONValue = ["rate": 22_050, "width": 2, "channels": 1]
        let audio = try #require(WyomingWire.Audio(format.object ?? JSONObject()))
        let expected: [String: WyomingWire.Received] = [
            "info": .info(info), "emptyInfo": .info(empty), "transcript": .transcript("Grüß Gott."),
            "transcriptChunk": .other, "transcriptStart": .other, "transcriptStop": .other,
            "audioStart": .audioStart(audio), "audioChunk": .audioChunk([1, 10, 255, 0]), "audioStop": .audioStop,
            "error": .error(text: "no model", code: "e"),
        ]
        let rows = try rows("wyoming")
        #expect(rows.count == 20)
        for row in rows {
            if row.isSent {
                #expect(try #require(sent(row.name), "\(row.name)").serialized() == row.bytes, "\(row.name)")
                continue
            }
            for cut in 0...row.bytes.count {
                var parser = WyomingParser()
                var events: [WyomingEvent] = []
                try parser.append(row.bytes[..<cut]) { events.append($0) }
                try parser.append(row.bytes[cut...]) { events.append($0) }
                #expect(events.count == 1)
                let received = try WyomingWire.decode(#require(events.first))
                if row.name == "ping" {
                    #expect(received == .ping(WyomingEvent("pong", events[0].data)))
                } else {
                    #expect(received == expected[row.name], "\(row.name) cut at \(cut)")
                }
            }
        }
    }
}
