import Foundation
import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

/// The codec against Tests/provider-types/openai_realtime.jsonl, which is held against OpenAI's own SDK in Python.
@Suite struct OpenAIRealtimeWireTests {
    private let tool = ToolSpecification(name: "book", description: "Books.", parameters: #"{"type":"object"}"#)

    private func rows() throws -> [JSONValue] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("provider-types/openai_realtime.jsonl")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            try JSONValue.parse(String($0))
        }
    }

    private func command(_ name: String) -> OpenAIRealtimeCommand? {
        switch name {
        case "configure": .configure(instructions: "Be brief.", tools: [tool])
        case "configureServer", "configureSemantic": .configure(instructions: "", tools: [])
        case "instruct": .instruct("Be brief.", tools: [tool])
        case "commit": .commit
        case "user": .create("ve_1", .user("Say \"hi\" – now."), after: nil)
        case "assistant": .create("ve_2", .assistant("Hi."), after: "root")
        case "call": .create("ve_3", .call(ToolCall(id: "c1", name: "book", arguments: #"{"day":"Mo"}"#)), after: nil)
        case "result": .create("ve_4", .result(id: "c1", json: #"{"ok":true}"#), after: nil)
        case "delete": .delete("a1")
        case "truncate": .truncate("b1", contentIndex: 0, milliseconds: 420)
        case "respond": .respond(request: 7)
        case "read": .read(request: 8, "Your table is booked.")
        case "cancel": .cancel(response: "r1")
        default: nil
        }
    }

    private func sent(_ name: String) throws -> [UInt8]? {
        var options = OpenAIRealtimeOptions(model: "gpt-realtime")
        var (input, output) = (AudioFormat.telephone, AudioFormat.telephone)
        switch name {
        case "append":
            var message: [UInt8] = []
            OpenAIRealtimeWire.append([0, 1, 2, 3, 4, 0][1..<5], into: &message)
            return message
        case "configure":
            options.language = "en"
            options.keyterms = ["Tarr"]
            options.voice = "marin"
            options.speed = 1.25
            options.noiseReduction = "near_field"
            options.reasoningEffort = "low"
            output = try AudioFormat(encoding: .pcm16, sampleRate: 24_000)
        case "configureServer":
            options.detection = .server
            options.serverSilence = 400
            options.transcriptionModel = "gpt-4o-transcribe"
            options.language = "en"
            options.keyterms = ["Tarr"]
            input = try AudioFormat(encoding: .alaw, sampleRate: 8_000)
            output = input
        case "configureSemantic":
            options.detection = .semantic
            options.eagerness = "high"
        default: break
        }
        return command(name).map { OpenAIRealtimeWire.encode($0, options, input: input, output: output) }
    }

    private func received(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { bytes in
            if let audio = OpenAIRealtimeAudio(bytes) {
                var target: [UInt8] = []
                let count = audio.decode(bytes, into: &target) ?? -1
                return
                    "audio \(audio.response) \(audio.item) \(audio.contentIndex) \(target.prefix(max(count, 0)).map(\.self))"
            }
            return OpenAIRealtimeEvent.decode(bytes).map { "\($0)" } ?? "not understood"
        }
    }

    @Test func everyMessageIsWrittenAndReadAsTheFileSays() throws {
        let rows = try rows()
        #expect(rows.count == 35)
        for row in rows {
            let name = try #require(row["name"]?.string)
            let message = try #require(row["message"])
            if row["direction"]?.string == "sent" {
                let bytes = try #require(try sent(name), "\(name)")
                let written = try JSONValue.parse(String(decoding: bytes, as: UTF8.self))
                #expect(Self.sorted(written) == Self.sorted(message), "\(name)")
            } else {
                #expect(received(message.serialized()).hasPrefix(try #require(row["decoded"]?.string)), "\(name)")
            }
        }
    }

    /// Objects are compared without the order of their members.
    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(sorted))
        case .object(let object):
            var result = JSONObject()
            for member in object.members.sorted(by: { $0.key < $1.key }) {
                result.append(member.key, sorted(member.value))
            }
            return .object(result)
        case .null, .bool, .int, .double, .string: return value
        }
    }

    @Test func theNamesOfTheBetaAreUnderstood() {
        let rows = [
            (#"{"type":"response.audio_transcript.delta","response_id":"r","delta":"x"}"#, "text("),
            (#"{"type":"response.text.delta","response_id":"r","delta":"x"}"#, "text("),
            (
                #"{"delta":"AQ\/\/","item_id":"i","response_id":"r","type":"response.audio.delta"}"#,
                "audio r i 0 [1, 15, 255]"
            ),
        ]
        for row in rows { #expect(received(Array(row.0.utf8)).hasPrefix(row.1), "\(row.0)") }
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"type":1}"#, #"{"type":"response.created"}"#,
        #"{"type":"response.done","response":[]}"#,
        #"{"type":"response.created","response":{"id":7}}"#,
    ])
    func whatIsNoMessageIsRefused(text: String) {
        #expect(received(Array(text.utf8)) == "not understood")
    }

    @Test func everyCutOfAMessageIsRefusedOrRead() {
        let message = Array(
            #"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AQIDBA=="}"#.utf8)
        for count in 0..<message.count { #expect(received(Array(message[..<count])) == "not understood") }
    }
}
