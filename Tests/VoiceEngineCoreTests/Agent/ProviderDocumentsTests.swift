import Foundation
import Testing

@testable import VoiceEngineCore

/// What people read about the providers' keys is made from the table that documents are checked against.
///
/// `VOICE_ENGINE_WRITE_DOCS=1 swift test --filter ProviderDocumentsTests` writes both files anew.
struct ProviderDocumentsTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let writes = ProcessInfo.processInfo.environment["VOICE_ENGINE_WRITE_DOCS"] == "1"
    private static let roles = ProviderRole.allCases.filter { !ProviderKind.known($0).isEmpty }

    @Test func theSchemaHoldsEveryKey() throws {
        let file = Self.root.appendingPathComponent("docs/agent.schema.json")
        let bytes = try Data(contentsOf: file)
        let schema = try JSONValue.parse([UInt8](bytes))
        var definitions = JSONObject()
        for role in Self.roles {
            let kinds = ProviderKind.known(role).map(Self.schema)
            definitions.append(role.rawValue, ["oneOf": .array(kinds)])
        }
        let root = try #require(schema.object)
        var expected = JSONObject()
        for member in root.members {
            expected.append(member.key, member.key == "$defs" ? .object(definitions) : member.value)
        }
        let text = Data((Self.pretty(.object(expected)) + "\n").utf8)
        if Self.writes { try text.write(to: file) }
        #expect(
            Self.writes || bytes == text,
            "docs/agent.schema.json is not what ProviderKind says; write it anew (see above)")
    }

    @Test func theManualHoldsEveryKey() throws {
        let file = Self.root.appendingPathComponent("docs/providers.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let (begin, end) = ("<!-- keys: made from ProviderKind -->\n", "<!-- end of keys -->")
        let start = try #require(text.range(of: begin))
        let stop = try #require(text.range(of: end))
        let expected = text[..<start.upperBound] + Self.manual() + text[stop.lowerBound...]
        if Self.writes { try Data(expected.utf8).write(to: file) }
        #expect(
            Self.writes || text == expected,
            "docs/providers.md is not what ProviderKind says; write it anew (see above)")
    }

    @Test func everyNameAndKeyIsThereOnce() {
        for role in ProviderRole.allCases {
            let names = ProviderKind.known(role).map(\.name)
            #expect(Set(names).count == names.count, "\(role)")
        }
        for kind in ProviderKind.known {
            let keys = kind.options.map(\.name)
            #expect(Set(keys).count == keys.count, "\(kind.role) \(kind.name)")
            for option in kind.options {
                #expect(option.purpose.hasSuffix("."), "\(kind.name).\(option.name): \(option.purpose)")
                #expect(
                    option.name.utf8.allSatisfy {
                        $0 == 0x5F || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
                    })
            }
        }
    }

    // MARK: - The manual

    private static func manual() -> String {
        let network = ProviderOption.network(["https", "wss"])
        let shared = Set(network.map(\.name))
        var text = "\n### Every network provider\n\n" + table(network)
        for role in roles {
            text += "\n### `\(role.rawValue)`\n"
            for kind in ProviderKind.known(role) {
                let isNetwork = kind.options.contains { $0.name == "base_url" }
                text += "\n**`\(kind.name)`**: \(kind.summary)"
                text += kind.usualKeyEnvironment.map { " Key: `\($0)`." } ?? ""
                text += isNetwork ? " And the keys of every network provider.\n\n" : "\n\n"
                text += table(kind.options.filter { !shared.contains($0.name) })
            }
        }
        return text + "\n"
    }

    private static func table(_ options: [ProviderOption]) -> String {
        var text = "| key | value | meaning |\n|---|---|---|\n"
        for option in options {
            text += "| `\(option.name)` | \(option.value.inWords)\(option.isRequired ? ", required" : "") "
            text += "| \(option.purpose) |\n"
        }
        return text
    }

    // MARK: - The schema

    private static let blankless = #"^(?=[\s\S]*\S)[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"#
    private static let plain = #"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"#

    private static func schema(_ kind: ProviderKind) -> JSONValue {
        var properties = JSONObject()
        properties.append("provider", ["const": .string(kind.name), "description": "Name of the provider."])
        for option in kind.options { properties.append(option.name, schema(option)) }
        let required = ["provider"] + kind.options.filter(\.isRequired).map(\.name)
        return [
            "type": "object", "description": .string(kind.summary), "properties": .object(properties),
            "additionalProperties": false, "required": .array(required.map { .string($0) }),
        ]
    }

    private static func schema(_ option: ProviderOption) -> JSONValue {
        let purpose = JSONValue.string(option.purpose)
        func text(_ limit: Int) -> JSONValue {
            ["type": "string", "description": purpose, "maxLength": .int(Int64(limit)), "pattern": .string(blankless)]
        }
        switch option.value {
        case .flag: return ["type": "boolean", "description": purpose]
        case .integer(let range):
            return [
                "type": "integer", "description": purpose, "minimum": .int(range.lowerBound),
                "maximum": .int(range.upperBound),
            ]
        case .number(let range):
            return [
                "type": "number", "description": purpose, "minimum": .double(range.lowerBound),
                "maximum": .double(range.upperBound),
            ]
        case .text(let limit): return text(limit)
        case .oneOf(let names):
            return ["type": "string", "description": purpose, "enum": .array(names.map { .string($0) })]
        case .texts(let limit):
            return [
                "type": "array", "description": purpose,
                "items": [
                    "type": "string", "description": "One of them.", "maxLength": 200, "pattern": .string(blankless),
                ], "maxItems": .int(Int64(limit)),
            ]
        case .variable:
            return ["type": "string", "description": purpose, "pattern": #"^[A-Za-z_][A-Za-z0-9_]{0,127}$"#]
        case .address(let schemes):
            return [
                "type": "string", "description": purpose,
                "pattern": .string("^(\(schemes.joined(separator: "|")))://[!-~]+$"), "maxLength": 2_048,
            ]
        case .parameters:
            return [
                "type": "object", "description": purpose, "maxProperties": 32,
                "propertyNames": ["maxLength": 100, "minLength": 1],
                "additionalProperties": [
                    "type": "string", "description": "Value.", "maxLength": 1_000, "pattern": .string(plain),
                ],
            ]
        case .object: return ["type": "object", "description": purpose]
        }
    }

    /// As the file is kept: two blanks for each level.
    private static func pretty(_ value: JSONValue, _ indent: String = "") -> String {
        let deeper = indent + "  "
        switch value {
        case .object(let object) where !object.members.isEmpty:
            let members = object.members.map {
                "\(deeper)\(JSONValue.string($0.key).text): \(pretty($0.value, deeper))"
            }
            return "{\n\(members.joined(separator: ",\n"))\n\(indent)}"
        case .array(let elements) where !elements.isEmpty:
            return "[\n\(elements.map { deeper + pretty($0, deeper) }.joined(separator: ",\n"))\n\(indent)]"
        case .double(let number) where number == number.rounded(): return String(Int(number))
        default: return value.text
        }
    }
}

extension ProviderOption.Value {
    /// For a table.
    fileprivate var inWords: String {
        func plain(_ number: Double) -> String { number == number.rounded() ? String(Int(number)) : String(number) }
        switch self {
        case .flag: return "true, false"
        case .integer(let range): return "\(range.lowerBound) to \(range.upperBound)"
        case .number(let range): return "\(plain(range.lowerBound)) to \(plain(range.upperBound))"
        case .text: return "text"
        case .oneOf(let names): return names.map { "`\($0)`" }.joined(separator: ", ")
        case .texts(let limit): return "list of at most \(limit) texts"
        case .variable: return "name of a variable"
        case .address(let schemes): return schemes.map { "`\($0)://`" }.joined(separator: ", ")
        case .parameters: return "object of texts"
        case .object: return "object"
        }
    }
}
