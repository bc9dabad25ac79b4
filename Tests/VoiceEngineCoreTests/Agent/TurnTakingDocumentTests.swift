import Foundation
import Testing

@testable import VoiceEngineCore

/// The settings in docs/turn-taking.md are the schema's, and the schema's are the reader's.
///
/// `VOICE_ENGINE_WRITE_DOCS=1 swift test --filter TurnTakingDocumentTests` writes the table anew.
@Suite struct TurnTakingDocumentTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let sections = ["turn", "audio", "manners", "dtmf", "speech", "limits"]

    /// One setting: where it stands, and what the schema says of it.
    struct Setting: Sendable, CustomTestStringConvertible {
        let path: [String]
        let schema: JSONValue
        var key: String { path.joined(separator: ".") }
        var testDescription: String { key }
        var type: String? { schema["type"]?.string }
    }

    private static let settings: [Setting] = {
        guard let bytes = try? Data(contentsOf: root.appendingPathComponent("docs/agent.schema.json")),
            let schema = try? JSONValue.parse([UInt8](bytes)), let properties = schema["properties"]
        else { return [] }
        return sections.flatMap { section in properties[section].map { leaves([section], $0) } ?? [] }
    }()

    private static func leaves(_ path: [String], _ schema: JSONValue) -> [Setting] {
        guard let properties = schema["properties"]?.object else { return [Setting(path: path, schema: schema)] }
        return properties.members.flatMap { leaves(path + [$0.key], $0.value) }
    }

    // MARK: - The page

    @Test func thePageListsEverySetting() throws {
        #expect(Self.settings.count >= 20)
        let file = Self.root.appendingPathComponent("docs/turn-taking.md")
        let page = try String(contentsOf: file, encoding: .utf8)
        let start = try #require(page.range(of: "<!-- settings: made from agent.schema.json -->\n"))
        let stop = try #require(page.range(of: "<!-- end of settings -->"))
        let expected = page[..<start.upperBound] + Self.table() + page[stop.lowerBound...]
        let writes = ProcessInfo.processInfo.environment["VOICE_ENGINE_WRITE_DOCS"] == "1"
        if writes { try Data(expected.utf8).write(to: file) }
        #expect(
            writes || page == expected, "docs/turn-taking.md is not what the schema says; write it anew (see above)")
    }

    private static func table() -> String {
        var text = "\n| key | unit | range | default | meaning |\n|---|---|---|---|---|\n"
        for setting in settings {
            let schema = setting.schema
            let standard = schema["default"].map { "`\($0.text)`" } ?? "none"
            text += "| `\(setting.key)` | \(unit(setting)) | \(range(schema)) | \(standard) "
            text += "| \(schema["description"]?.string?.replacing("|", with: "\\|") ?? "") |\n"
        }
        return text + "\n"
    }

    private static func unit(_ setting: Setting) -> String {
        let name = setting.path[setting.path.count - 1]
        if name.hasSuffix("_ms") { return "ms" }
        if name.hasSuffix("_s") { return "s" }
        if name.hasSuffix("_words") { return "words" }
        if name.hasSuffix("_db") { return "dB" }
        return ""
    }

    private static func range(_ schema: JSONValue) -> String {
        if let names = schema["enum"]?.array {
            return names.map { "`\($0.string ?? $0.text)`" }.joined(separator: ", ")
        }
        if let low = schema["minimum"], let high = schema["maximum"] { return "\(low.text) to \(high.text)" }
        switch schema["type"]?.string {
        case "boolean": return "true, false"
        case "string": return schema["maxLength"].map { "text of at most \($0.text) characters" } ?? "text"
        case "array": return schema["maxItems"].map { "list of at most \($0.text)" } ?? "list"
        case "object": return "object"
        default: return ""
        }
    }

    // MARK: - The reader

    /// A document with nothing but this setting.
    private static func document(_ path: [String], _ value: JSONValue) throws -> AgentDocument {
        var inner = value
        for key in path.reversed() {
            var object = JSONObject()
            object.append(key, inner)
            inner = .object(object)
        }
        let section = inner[path[0]]?.text ?? "{}"
        let roles = ["stt", "llm", "tts"].map { "\"\($0)\":{\"provider\":\"local\"}" }.joined(separator: ",")
        return try AgentDocument.parse(
            Array("{\"name\":\"a\",\"prompt\":\"p\",\(roles),\"\(path[0])\":\(section)}".utf8))
    }

    /// Writing down the default changes nothing in a section that is there.
    @Test(arguments: settings.filter { $0.schema["default"] != nil }) func theDefaultIsTheReaders(setting: Setting)
        throws
    {
        let section = setting.path.count > 1 ? setting.path.dropLast() : setting.path
        let without = try Self.document(section, .object(JSONObject()))
        let with = try Self.document(setting.path, try #require(setting.schema["default"]))
        #expect(with.turn == without.turn && with.audio == without.audio && with.manners == without.manners)
        #expect(with.dtmf == without.dtmf && with.limits == without.limits)
    }

    /// One more than the most, and one less than the least, are refused.
    @Test(arguments: settings.filter { $0.type == "integer" }) func theRangeIsTheReaders(setting: Setting) throws {
        let low = try #require(setting.schema["minimum"]?.int)
        let high = try #require(setting.schema["maximum"]?.int)
        for value in [low - 1, high + 1] {
            #expect(throws: AgentError.self, "\(setting.key): \(value)") {
                try Self.document(setting.path, .int(value))
            }
        }
        // The least of one may be less than another's default; the most contradicts only this one: a warning comes
        // before the end.
        guard setting.key != "manners.max_call_warning_s" else { return }
        #expect(throws: Never.self, "\(setting.key): \(high)") { try Self.document(setting.path, .int(high)) }
    }
}
