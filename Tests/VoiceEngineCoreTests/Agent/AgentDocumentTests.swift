import Foundation
import Testing

@testable import VoiceEngineCore

@Suite struct AgentDocumentTests {
    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func files(_ folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
        return (names ?? []).filter { $0.hasSuffix(".json") }.sorted().map { "\(folder)/\($0)" }
    }

    private static func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: root.appendingPathComponent(file)))
    }

    private static func minimal(_ more: String = "") -> [UInt8] {
        let roles = ["stt", "llm", "tts"].map { "\"\($0)\":{\"provider\":\"local\"}" }.joined(separator: ",")
        return Array("{\"name\":\"a\",\"prompt\":\"p\",\(roles)\(more.isEmpty ? "" : ",")\(more)}".utf8)
    }

    @Test func theSetOfDocumentsIsThere() {
        #expect(Self.files("Tests/schema/good").count >= 5 && Self.files("Tests/schema/bad").count >= 50)
        #expect(Self.files("examples/agents").count == 4)
    }

    @Test(arguments: files("Tests/schema/good") + files("examples/agents"))
    func takesGoodDocuments(file: String) throws {
        let document = try AgentDocument.parse(try Self.bytes(file))
        let filled = try document.substituting(["business": "Test & Co", "firma": "Test"])
        #expect(filled.greeting?.contains("{{") != true && !filled.prompt.contains("{{"))
    }

    @Test(arguments: files("Tests/schema/bad"))
    func refusesBadDocumentsWithThePath(file: String) throws {
        let example = try JSONValue.parse(try Self.bytes(file))
        let document = try #require(example["document"])
        do {
            _ = try AgentDocument.parse(document.serialized())
            Issue.record("taken")
        } catch {
            #expect(error.path == example["path"]?.string, "\(error)")
            #expect(!"\(error)".contains("sk-secret\"") || error.path == "llm.api_key_env")
        }
    }

    @Test(arguments: [
        (
            #""turn":{"end":{"silence_ms":"fast"}}"#,
            #"turn.end.silence_ms: found "fast", expected a whole number from 100 to 5000"#
        ),
        (#""turn":{"barge_in":{"min_word":2}}"#, #"turn.barge_in.min_word: unknown key, did you mean "min_words"?"#),
        (#""audio":{"zebra":1}"#, "audio.zebra: unknown key, expected one of voice_activity, comfort_noise_dbfs"),
        (
            #""audio":{"voice_activity":"x"}"#,
            #"audio.voice_activity: found "x", expected one of "auto", "neural", "energy""#
        ),
        (
            #""dtmf":{"api_key":"sk-1"}"#,
            #"dtmf.api_key: secrets do not belong in the document; put it into an environment variable and name that variable in "api_key_env""#
        ),
        (#""greeting":"{{x""#, #"greeting: found "{{" without "}}", expected a variable such as {{business}}"#),
        (#""name":"b""#, #"line 1, column 107: found "name" again, expected a key that this object does not have yet"#),
    ])
    func saysWhatWasFoundAndExpected(section: String, message: String) {
        let error = #expect(throws: AgentError.self) { try AgentDocument.parse(Self.minimal(section)) }
        #expect(error?.description == message)
    }

    @Test func namesTheKnownProviders() {
        let text = String(decoding: Self.minimal(), as: UTF8.self).replacingOccurrences(
            of: "\"local\"},\"llm", with: "\"deepgrm\"},\"llm")
        let error = #expect(throws: AgentError.self) { try AgentDocument.parse(Array(text.utf8)) }
        let names = ProviderKind.known(.speechToText).map { "\"\($0.name)\"" }.joined(separator: ", ")
        #expect(error?.description == "stt.provider: found \"deepgrm\", expected a known provider: \(names)")
        #expect(names.hasPrefix("\"deepgram\", ") && names.hasSuffix(", \"local\""))
    }

    @Test func fillsInDefaults() throws {
        let document = try AgentDocument.parse(Self.minimal())
        #expect(document.language == "en-US" && document.greeting == nil && document.greetingIsInterruptible)
        #expect(document.turn.endpoint == EndpointPolicy() && document.turn.bargeIn == BargeInPolicy())
        #expect(document.turn.usesEndOfTurnModel)
        #expect(document.turn.minimumWords == 2 && document.turn.always == ["stop", "wait"])
        #expect(document.manners.checkInAfter == .seconds(8) && document.manners.longestCall == .seconds(1_800))
        #expect(document.flow == nil && document.tools.isEmpty && document.dtmf.endKey == "#")
        let german = try AgentDocument.parse(
            Self.minimal(#""language":"de-DE","manners":{"check_in_after_s":0,"on_failure":""}"#))
        #expect(
            german.manners.checkIn == "Sind Sie noch da?" && german.manners.onFailure == nil
                && german.manners.checkInAfter == nil)
    }

    @Test func silencesFollowTheShortest() throws {
        func end(_ json: String) throws -> AgentDocument.TurnPolicy {
            try AgentDocument.parse(Self.minimal(#""turn":{"end":{"# + json + "}}")).turn
        }
        let slow = try end(#""silence_ms":2000,"model":"off""#)
        #expect(slow.endpoint.spelledSilence == .seconds(2) && slow.endpoint.incompleteSilence == .seconds(2))
        #expect(!slow.usesEndOfTurnModel)
        #expect(try end(#""spelled_ms":700"#).endpoint.spelledSilence == .milliseconds(700))
        let error = #expect(throws: AgentError.self) { try end(#""silence_ms":400,"spelled_ms":300"#) }
        #expect(error?.description == "turn.end.spelled_ms: found 300, expected at least silence_ms (400)")
    }

    @Test func theUsualKeyStaysWithTheUsualAddress() throws {
        func choice(_ more: String) throws -> ProviderChoice {
            let provider = try JSONValue.parse("{\"provider\":\"openai\",\"model\":\"m\"\(more)}")
            return try ProviderChoice(.languageModel, provider, path: "llm")
        }
        #expect(try choice("").apiKeyEnvironment == "OPENAI_API_KEY")
        #expect(try choice(#","base_url":"http://127.0.0.1:1/v1""#).apiKeyEnvironment == nil)
        #expect(try choice(#","base_url":"http://127.0.0.1:1/v1","api_key_env":"K""#).apiKeyEnvironment == "K")
    }

    @Test func readsTheFlow() throws {
        let document = try AgentDocument.parse(try Self.bytes("examples/agents/receptionist.json")).substituting([
            "front_desk": "+1"
        ])
        let intents = try #require(document.flow?.intents)
        let appointment = try #require(intents.first { $0.name == "appointment" })
        #expect(appointment.slots.map(\.name) == ["day"] && appointment.slots[0].ask?.hasPrefix("Sure") == true)
        #expect(intents.first { $0.name == "human" }?.ending == .transfer(to: "+1"))
        #expect(intents.first { $0.name == "goodbye" }?.ending == .hangUp)
    }

    @Test func hostsValuesComeBeforeTheDocuments() throws {
        let document = try AgentDocument.parse(
            Self.minimal(#""greeting":"{{a}} {{ b }} {{a}}{c}","variables":{"a":"1","b":"2"}"#))
        #expect(try document.substituting([:]).greeting == "1 2 1{c}")
        #expect(try document.substituting(["b": "{{a}}", "unused": "x"]).greeting == "1 {{a}} 1{c}")
        #expect(try document.substituting(["b": "x"]).substituting(["b": "y"]).greeting == "1 x 1{c}")
    }

    @Test func namesVariablesWithoutAValueAndRefusesBadValues() throws {
        let document = try AgentDocument.parse(Self.minimal(#""manners":{"check_in":"Hey {{who}}"}"#))
        let missing = #expect(throws: AgentError.self) { try document.substituting([:]) }
        #expect(missing?.description.hasPrefix("manners.check_in: found {{who}}, which has no value") == true)
        #expect(throws: AgentError.self) { try document.substituting(["who": "a\0b"]) }
        #expect(throws: AgentError.self) { try document.substituting(["who": String(repeating: "x", count: 600)]) }
    }

    @Test func randomChangesNeverTrap() throws {
        let texts = try Self.files("examples/agents").map { try Self.bytes($0) }
        for seed in 0..<400 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var bytes = texts[Int(seed) % texts.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0x20...0x7E, using: &random)
            }
            do {
                _ = try AgentDocument.parse(bytes).substituting([:])
            } catch {
                #expect(!"\(error)".isEmpty, "seed \(seed)")
            }
        }
    }
}
