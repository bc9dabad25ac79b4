import Foundation
import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

/// What we send to carriers and read from them against Tests/provider-types/{twilio,telnyx}.jsonl, which are held against
/// the carriers' own libraries in Python.
@Suite struct CarrierGoldenTests {
    private static func rows(_ file: String) throws -> [JSONValue] {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("provider-types/\(file).jsonl")
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
        return try lines.map { try JSONValue.parse(String($0)) }
    }

    private static func rows(_ file: String, of kind: String) throws -> [(name: String, row: JSONValue)] {
        try rows(file).filter { $0["kind"]?.string == kind }.map { ($0["name"]?.string ?? "", $0) }
    }

    // MARK: Twilio

    private static var twiml: [String: TwiML] {
        var stream = TwiML.Stream(
            url: "wss://a.example/twilio/media/x", parameters: [("caller", "+15551 & <co>"), ("token", "9f1c")])
        stream.statusCallback = "https://a.example/twilio/stream-status"
        stream.action = "https://a.example/twilio/after"
        return [
            "connect": TwiML(.connect(stream)),
            "say": TwiML(fallback: .say("Sorry, all lines are busy & so are we.")),
            "dial": TwiML(.dial(.number("+15551234567"))), "sip": TwiML(.dial(.sip("sip:desk@pbx.example"))),
            "client": TwiML(.dial(.client("client:anna"))),
            "redirect": TwiML(fallback: .url("https://b.example/?x=1&y=2")), "digits": TwiML(.playDigits("1ww2#")),
        ]
    }

    @Test func twimlIsWhatTwiliosLibraryWrites() throws {
        let rows = try Self.rows("twilio", of: "twiml")
        #expect(rows.count == Self.twiml.count)
        for (name, row) in rows { #expect(Self.twiml[name]?.response == row["xml"]?.string, "\(name)") }
    }

    @Test func requestsAreWhatTwiliosLibrarySends() throws {
        let wire = TwilioREST(account: try TwilioAccount(accountSid: "AC1", authToken: "12345"))
        var call = TwilioNewCall(to: "+15551", from: "+15552", twiml: TwiML(.hangUp))
        call.statusCallback = "https://a.example/status"
        call.machineDetection = (.messageEnd, "https://a.example/status")
        call.timeoutSeconds = 25
        let requests = [
            "create": wire.create(call), "complete": wire.update("CA1", .complete),
            "transfer": wire.update("CA1", .run(TwiML(.dial(.number("+15551234567"))))), "fetch": wire.fetch("CA1"),
        ]
        let rows = try Self.rows("twilio", of: "request")
        #expect(rows.count == requests.count)
        for (name, row) in rows {
            let request = try #require(requests[name])
            #expect(request.method == row["method"]?.string && request.url.target == row["path"]?.string)
            let form = row["form"]?.array?.map { FormField($0[0]?.string ?? "", $0[1]?.string ?? "") }
            #expect(try FormDecoder.fields(request.body) == form)
        }
    }

    @Test func signaturesAreWhatTwiliosLibraryComputes() throws {
        let rows = try Self.rows("twilio", of: "signature")
        #expect(!rows.isEmpty)
        for (name, row) in rows {
            let form = row["form"]?.array?.map { FormField($0[0]?.string ?? "", $0[1]?.string ?? "") } ?? []
            let (url, signature) = (row["url"]?.string ?? "", row["signature"]?.string ?? "")
            #expect(TwilioSignature(authToken: "12345").isValid(signature, url: url, form: form), "\(name)")
            #expect(!TwilioSignature(authToken: "1234").isValid(signature, url: url, form: form), "\(name)")
        }
    }

    // MARK: Telnyx

    @Test func requestsAreOfTelnyxsLibrary() throws {
        let wire = TelnyxREST(account: try TelnyxAccount(apiKey: "K", connectionID: "777"))
        func stream(_ codec: TelnyxAccount.Codec) -> TelnyxStream {
            TelnyxStream(url: "wss://a.example/telnyx/media/x", token: "t", codec: codec)
        }
        let order = TelnyxNewCall(
            connectionID: "777", to: "+15551", from: "+15552", stream: stream(.l16),
            state: TelnyxClientState(token: "t", placedCall: "call_1"), timeoutSeconds: 25, machineDetection: "premium",
            webhookURL: "https://a.example/telnyx/voice/x")
        var requests = ["dial": wire.dial(order, commandID: "dial-1")]
        for command in [
            .answer(stream(.pcma), TelnyxClientState(token: "t")), .reject(.busy), .hangUp,
            .transfer(to: "sip:desk@pbx.example"), .sendDigits("1ww2#"), .speak("Sorry.", voice: "female"),
            .startPlayback(PlaybackOrder(url: "https://a.example/a.mp3"), TelnyxClientState(playback: "play-1")),
            .stopPlayback(all: true),
        ] as [TelnyxREST.Command] {
            let request = wire.command(command, call: "v3:x", commandID: "c")
            #expect(request.url.path == "/v2/calls/v3%3Ax/actions/\(command.name)")
            requests[command.name] = request
        }
        let music = PlaybackOrder(url: "https://a.example/b.WAV?x=1", loop: .endless)
        let state = TelnyxClientState(token: "t", placedCall: "call_1", playback: "play-1")
        requests["playback_start of music"] = wire.command(.startPlayback(music, state), call: "v3:x", commandID: "c")
        let rows = try Self.rows("telnyx").filter { $0["kind"] == nil }
        #expect(rows.count == requests.count)
        for row in rows {
            let name = row["name"]?.string ?? ""
            let body = try JSONValue.parse(try #require(requests[name]).body)
            #expect(Self.members(body) == Self.members(row["message"]), "\(name)")
        }
    }

    @Test func webhooksOfTelnyxsLibraryAreRead() throws {
        let kinds: [String: TelnyxEvent.Kind] = [
            "incoming": .incoming, "answered": .answered, "hungUp": .hungUp(cause: "user_busy", source: "callee"),
            "speakEnded": .speakEnded(status: "completed"),
            "playbackEnded": .playback(.ended(.completed), url: "https://a.example/a.mp3"),
            "playbackStarted": .playback(.started, url: "https://a.example/a.mp3"),
            "playbackFailed": .playback(
                .ended(.failed("file_not_found: The file could not be fetched")), url: "https://a.example/a.mp3"),
            "machine": .machine("human_residence"), "streamFailed": .streamFailed("connection_failed"),
        ]
        let rows = try Self.rows("telnyx").filter { $0["kind"] != nil }
        #expect(rows.count == kinds.count)
        for row in rows {
            let event = try TelnyxEvent(try #require(row["message"]).serialized())
            #expect(event.kind == kinds[row["kind"]?.string ?? ""] && event.call == "v3:a_b-c")
            if case .playback = event.kind { #expect(event.state.playback == "play-1") }
            if event.kind == .answered { #expect(event.state.token == "t") }
        }
    }

    /// In any order.
    private static func members(_ value: JSONValue?) -> [String: JSONValue] {
        Dictionary((value?.object?.members ?? []).map { ($0.key, $0.value) }) { first, _ in first }
    }
}
