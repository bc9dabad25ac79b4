import Foundation
import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

@Suite struct ServerDocumentTests {
    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func files(_ folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
        return (names ?? []).filter { $0.hasSuffix(".json") }.sorted().map { "\(folder)/\($0)" }
    }

    private static func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: root.appendingPathComponent(file)))
    }

    private static func read(_ text: String, _ environment: [String: String] = [:]) throws -> ServerDocument {
        try ServerDocument.parse(Array(text.utf8)) { environment[$0] }
    }

    @Test func theSetOfDocumentsIsThere() {
        #expect(Self.files("Tests/schema/server/good").count >= 6)
        #expect(Self.files("Tests/schema/server/bad").count >= 40)
    }

    @Test(arguments: files("Tests/schema/server/good"))
    func takesGoodDocuments(file: String) throws {
        _ = try ServerDocument.parse(try Self.bytes(file)) { "the value of \($0)" }
    }

    @Test(arguments: files("Tests/schema/server/bad"))
    func refusesBadDocumentsWithThePath(file: String) throws {
        let example = try JSONValue.parse(try Self.bytes(file))
        let document = try #require(example["document"])
        do {
            _ = try ServerDocument.parse(document.serialized()) { _ in "x" }
            Issue.record("taken")
        } catch {
            #expect(error.path == example["path"]?.string, "\(error)")
            #expect(!"\(error)".contains("hush-hush") || error.path == "control.token_env")
        }
    }

    @Test func anEmptyDocumentIsLikeNone() throws {
        let environment = ["VOICE_CONTROL_TOKEN": "t", "TWILIO_AUTH_TOKEN": "u"]
        #expect(try Self.read("{}", environment) == ServerDocument { environment[$0] })
        #expect(try Self.read("{}").control.token == nil)
        let sections = #"{"control":{},"twilio":{},"streams":{},"browser":{},"admission":{},"limits":{}}"#
        #expect(try Self.read(sections, environment) == ServerDocument { environment[$0] })
    }

    @Test func everyKeyArrives() throws {
        let document = try ServerDocument.parse(try Self.bytes("Tests/schema/server/good/every-key.json")) { "<\($0)>" }
        #expect(document.tls?.certificate == "/etc/voice/fullchain.pem")
        #expect(document.tls?.privateKey == "/etc/voice/privkey.pem")
        #expect(document.tls?.watch == .milliseconds(300_000))
        #expect(document.control.token?.value == "<VOICE_CONTROL_TOKEN>")
        #expect(document.twilio.authToken?.value == "<TWILIO_AUTH_TOKEN>")
        #expect(document.twilio.apiKeySecret?.value == "<TWILIO_API_SECRET>")
        #expect(document.twilio.baseURL == "https://api.dublin.ie1.twilio.com")
        #expect(document.twilio.fallback == .dial("+15550100"))
        #expect(document.telnyx?.apiKey?.value == "<TELNYX_API_KEY>")
        #expect(document.telnyx?.codec == .opus && document.telnyx?.l16ByteOrder == .little)
        #expect(document.streams.token?.value == "<VOICE_STREAM_TOKEN>")
        #expect(document.audioSocket?.host == "0.0.0.0" && document.audioSocket?.agent == "receptionist")
        #expect(document.audioSocket?.takesOnlyExpected == true)
        #expect(document.genesys?.apiKey?.value == "<GENESYS_API_KEY>")
        #expect(document.genesys?.clientSecret?.value == "<GENESYS_CLIENT_SECRET>")
        #expect(document.vonage?.signatureSecret.value == "<VONAGE_SIGNATURE_SECRET>")
        #expect(document.vonage?.apiKey == "abcd1234")
        #expect(document.vonage?.applicationID == "78d335fa-323d-0114-9c3d-d6f0d48968cf")
        #expect(document.browser.isEnabled == false)
        #expect(document.admission.callsPerSecond == 5 && document.admission.burst == 20)
        #expect(document.admission.mostCalls == 200 && document.admission.late == .milliseconds(25))
        #expect(document.limits.bodyBytes == 16_777_216 && document.limits.webSocketMessageBytes == 16_777_216)
        #expect(document.limits.handshakesPerSecond == 200)
        #expect(document.trustedProxies.count == 4)
    }

    @Test func limitsThatNobodySetsAreTheServersOwn() throws {
        #expect(try Self.read(#"{"limits":{}}"#).limits == ServerLimits())
    }

    @Test func secretsAreNeverShown() throws {
        let document = try Self.read(
            #"{"twilio":{"auth_token_env":"A"},"control":{"token_env":"B"}}"#, ["A": "s3cret-a", "B": "s3cret-b"])
        var dumped = ""
        dump(document, to: &dumped)
        for text in ["\(document)", String(reflecting: document), dumped] {
            #expect(!text.contains("s3cret"), "\(text)")
            #expect(text.contains("<A>") || text.contains("Secret"))
        }
    }

    @Test(arguments: [
        (#"{"control":{"token":"x"}}"#, "token_env"), (#"{"twilio":{"auth_token":"x"}}"#, "auth_token_env"),
        (#"{"telnyx":{"api_key":"x"}}"#, "api_key_env"),
    ])
    func secretsInTheDocumentAreSentWhereTheyBelong(text: String, key: String) {
        #expect { try Self.read(text) } throws: { "\($0)".hasSuffix("name that variable in \"\(key)\"") }
    }

    @Test func aMisspeltSectionIsGuessed() {
        #expect { try Self.read(#"{"tlss":{}}"#) } throws: { "\($0)" == #"tlss: unknown key, did you mean "tls"?"# }
        #expect { try Self.read(#"{"telnix":{}}"#) } throws: { "\($0)".contains(#""telnyx""#) }
    }

    @Test func variablesThatAreNotSetAreNamed() {
        #expect {
            try Self.read(#"{"twilio":{"auth_token_env":"MY_TOKEN"}}"#)
        } throws: { error in
            error as? AgentError == .unset(path: "twilio.auth_token_env", variable: "MY_TOKEN")
                && "\(error)".contains("MY_TOKEN is not set")
        }
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.168.4.0/22", "192.168.7.9", true),
        ("192.168.4.0/22", "192.168.8.1", false), ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false),
        ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false), ("::1", "::1", true),
        ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("10.0.0.0/8", "localhost", false),
    ])
    func rangesHoldAddresses(range: String, address: String, holds: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect((AddressRange.bytes(of: address).map { range.contains($0) } ?? false) == holds)
    }

    @Test(arguments: ["", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "a.b.c.d", "::1/129", "10.0.0.0/8/8"])
    func otherTextsAreNoRanges(text: String) { #expect(AddressRange(text) == nil) }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func mutatedDocumentsNeverTrap(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let seeds = try Self.files("Tests/schema/server/good").map { try Self.bytes($0) }
        for _ in 0..<2_000 {
            var bytes = seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 5))
                default: bytes.insert(contentsOf: [0x22, 0x3A, 0x7B].shuffled(using: &random), at: place)
                }
            }
            _ = try? ServerDocument.parse(bytes) { _ in nil }
        }
    }
}
