import NIOCore
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineMedia
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// What Telnyx sends.
enum TelnyxSays {
    static let connected = #"{"event":"connected","version":"1.0.0"}"#
    static let stop =
        #"{"event":"stop","sequence_number":"9","stream_id":"32DE0DEA","stop":{"user_id":"u","call_control_id":"v3:a_b-c"}}"#
    static let error =
        #"{"event":"error","stream_id":"32DE0DEA","payload":{"code":100004,"title":"invalid_media","detail":"bad\nbase64"}}"#

    static func connected(token: String) -> String {
        #"{"event":"connected","version":"1.0.0","x-telnyx-streaming-auth-token":"\#(token)"}"#
    }

    static func start(_ encoding: String = "PCMU", _ rate: Int = 8_000, more: String = #""client_state":null"#)
        -> String
    {
        #"{"event":"start","sequence_number":"1","stream_id":"32DE0DEA","start":{"user_id":"u","#
            + #""call_control_id":"v3:a_b-c","call_session_id":"ff55a038","from":"+13125550100","to":"+13125550101","#
            + #""tags":[],\#(more),"media_format":{"encoding":"\#(encoding)","sample_rate":\#(rate),"channels":1}}}"#
    }

    static func media(_ chunk: Int, _ payload: String, track: String = "inbound") -> String {
        #"{"event":"media","sequence_number":"\#(chunk + 2)","stream_id":"32DE0DEA","media":{"track":"\#(track)","#
            + #""chunk":"\#(chunk)","timestamp":"\#(chunk * 20 - 15)","payload":"\#(payload)"}}"#
    }

    static func mark(_ name: String) -> String {
        #"{"event":"mark","sequence_number":"5","stream_id":"32DE0DEA","mark":{"name":"\#(name)"}}"#
    }

    static func dtmf(_ digit: String) -> String {
        #"{"event":"dtmf","sequence_number":"6","stream_id":"32DE0DEA","occurred_at":"2026-08-01T10:00:00Z","#
            + #""dtmf":{"digit":"\#(digit)"}}"#
    }
}

func base64(_ bytes: [UInt8]) -> String {
    var buffer = ByteBuffer()
    bytes.withUnsafeBytes { buffer.writeBase64($0) }
    return String(buffer: buffer)
}

@Suite struct TelnyxWireTests {
    private func start(_ text: String, _ settings: TelnyxWire.Settings = .init()) throws -> StreamStart {
        guard case .start(let start) = try TelnyxWire(settings).says(text) else {
            throw StreamWireError("start", .object)
        }
        return start
    }

    @Test func readsTheDocumentedMessages() throws {
        let wire = TelnyxWire()
        let media = TelnyxSays.media(2, "AAEC")
        guard case .media(let audio) = try wire.says(media) else { return #expect(Bool(false)) }
        #expect(String(decoding: Array(media.utf8)[audio.payload], as: UTF8.self) == "AAEC")
        #expect(audio.sequence == 2 && audio.timestamp == 25 && audio.coding == .base64)
        let rows: [(String, StreamMessage)] = [
            (TelnyxSays.connected, .connected), (TelnyxSays.stop, .stop), (TelnyxSays.mark("v3"), .mark(3)),
            (TelnyxSays.mark("turn-7"), .mark(nil)), (TelnyxSays.dtmf("#"), .digit(UInt8(ascii: "#"))),
            (TelnyxSays.media(2, "AAEC", track: "outbound"), .nothing),
            (TelnyxSays.error, .failure("100004, invalid_media, bad base64")),
            (#"{"event":"error","code":"100002","title":"unknown_error"}"#, .failure("100002, unknown_error")),
            (#"{"event":"error"}"#, .failure("an error without a code")), (#"{"event":"new"}"#, .unknown),
        ]
        for (text, message) in rows { #expect(try wire.says(text) == message, "\(text)") }
    }

    @Test func readsTheStart() throws {
        let start = try start(TelnyxSays.start())
        #expect(start.callID == "v3:a_b-c")
        #expect(
            start.variables == [
                "caller": "+13125550100", "called": "+13125550101", "callSessionId": "ff55a038",
            ])
        #expect(start.input == .telephone && start.output == .telephone)
    }

    @Test func variablesComeFromParametersAndClientState() throws {
        let list = #""custom_parameters":[{"name":"tenant","value":"acme"},{"name":"agent","value":"sales"},{"x":1}]"#
        let one = try start(TelnyxSays.start(more: list))
        #expect(one.variables["tenant"] == "acme" && one.agent == "sales" && one.variables["agent"] == nil)
        let object = #""custom_parameters":{"tenant":"acme","n":5}"#
        let two = try start(TelnyxSays.start(more: object))
        #expect(two.variables["tenant"] == "acme" && two.variables["n"] == "5")
        let state = base64(Array(#"{"token":"t1","placedCall":"p1"}"#.utf8))
        let three = try start(TelnyxSays.start(more: #""client_state":"\#(state)""#))
        #expect(three.variables["token"] == "t1" && three.variables["placedCall"] == "p1")
        // Whatever else a client state is, it is no error.
        for state in ["YWJj", "????", "", base64([0xFF, 0xFE])] {
            #expect(try start(TelnyxSays.start(more: #""client_state":"\#(state)""#)).variables.count == 3)
        }
    }

    @Test func theCodecsOfBothDirections() throws {
        let alaw = try AudioFormat(encoding: .alaw, sampleRate: 8_000)
        let wide = try AudioFormat(encoding: .pcm16, sampleRate: 16_000)
        let opus = try AudioFormat(encoding: .opus, sampleRate: 16_000)
        #expect(try start(TelnyxSays.start("PCMA")).input == StreamFormat(alaw))
        #expect(try start(TelnyxSays.start("L16", 16_000)).input == StreamFormat(wide, packing: .bigEndian))
        #expect(try start(TelnyxSays.start("OPUS", 48_000)).input == StreamFormat(opus))
        var settings = TelnyxWire.Settings()
        for (codec, format) in [
            (.pcmu, .telephone), (.pcma, StreamFormat(alaw)), (.l16, StreamFormat(wide, packing: .bigEndian)),
            (.opus, StreamFormat(opus)),
        ] as [(TelnyxWire.Codec, StreamFormat)] {
            settings.codec = codec
            #expect(try start(TelnyxSays.start(), settings).output == format)
        }
        settings.codec = .g722
        #expect(try start(TelnyxSays.start(), settings).output == StreamFormat(wide, packing: .g722))
        if SpanDSP.shared != nil {
            #expect(try start(TelnyxSays.start("G722", 8_000)).input == StreamFormat(wide, packing: .g722))
            #expect(try start(TelnyxSays.start("G722", 16_000)).input == StreamFormat(wide, packing: .g722))
        }
        settings.codec = .l16
        settings.isL16BigEndian = false
        #expect(try start(TelnyxSays.start("L16", 8_000), settings).input.packing == .same)
        #expect(try start(TelnyxSays.start(), settings).output.packing == .same)
    }

    @Test(arguments: [("G722", 48_000), ("AMR-WB", 16_000), ("PCMU", 16_000), ("L16", 96_000)])
    func otherCodecsAreRefusedWithWhatToDo(encoding: String, rate: Int) {
        let error = #expect(throws: StreamWireError.self) { try start(TelnyxSays.start(encoding, rate)) }
        #expect(error?.closeCode == 1003)
        #expect(error?.description.contains("got \(encoding), \(rate) Hz") == true)
        #expect(error?.description.contains("set stream_codec of the call to PCMU") == true)
    }

    @Test func aRateThatACodecDoesNotHaveIsRefused() {
        for (codec, rate) in [(.l16, 4_000), (.l16, 11_025), (.opus, 22_050)] as [(TelnyxWire.Codec, Int)] {
            var settings = TelnyxWire.Settings()
            (settings.codec, settings.sampleRate) = (codec, rate)
            let error = #expect(throws: StreamWireError.self) { try start(TelnyxSays.start(), settings) }
            #expect(error?.field == "stream_bidirectional_sampling_rate")
        }
    }

    @Test func theTokenMayComeEitherWay() throws {
        var settings = TelnyxWire.Settings()
        settings.authToken = "secret"
        let wrong = StreamWireError(TelnyxWire.tokenField, .secret)
        #expect(try TelnyxWire(settings, token: "secret").says(TelnyxSays.connected) == .connected)
        #expect(try TelnyxWire(settings).says(TelnyxSays.connected(token: "secret")) == .connected)
        #expect(throws: wrong) { try TelnyxWire(settings).says(TelnyxSays.connected) }
        #expect(throws: wrong) { try TelnyxWire(settings, token: "secret").says(TelnyxSays.connected(token: "other")) }
        #expect(throws: wrong) { try TelnyxWire(settings, token: "").says(TelnyxSays.connected) }
        #expect(throws: wrong) { try TelnyxWire(settings).says(TelnyxSays.start()) }
        #expect(wrong.closeCode == 1008)
        // A token that nobody is configured to expect is the call's pass, for who knows it.
        let open = TelnyxWire()
        _ = try open.says(TelnyxSays.connected(token: "pass"))
        guard case .start(let start) = try open.says(TelnyxSays.start()) else { return #expect(Bool(false)) }
        #expect(start.variables["token"] == "pass")
    }

    @Test func writesTheDocumentedMessages() {
        let wire = TelnyxWire()
        #expect(wire.writtenMedia([255, 255]) == [.text(#"{"event":"media","media":{"payload":"//8="}}"#)])
        #expect(wire.written(.mark(70)) == [.text(#"{"event":"mark","mark":{"name":"v70"}}"#)])
        #expect(wire.written(.clear) == [.text(#"{"event":"clear"}"#)])
        for command in [
            .accepted, .refused(""), .reply, .digits("1"), .transfer("+1"), .hangUp(""), .stopped,
        ] as [StreamCommand] { #expect(wire.written(command) == nil, "\(command)") }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomMutationsNeverTrap(seed: UInt64) {
        let state = base64(Array(#"{"token":"t1"}"#.utf8))
        fuzz(
            [
                TelnyxSays.connected(token: "t"), TelnyxSays.start(more: #""client_state":"\#(state)""#),
                TelnyxSays.start(more: #""custom_parameters":[{"name":"a","value":"b"}]"#),
                TelnyxSays.start("L16", 16_000), TelnyxSays.media(1, "AAEC"), TelnyxSays.mark("v1"),
                TelnyxSays.dtmf("1"), TelnyxSays.error, TelnyxSays.stop,
            ], seed: seed
        ) { TelnyxWire() }
    }
}

/// Broken copies of texts, many times: a message or an error that names its field, and ranges within the message.
func fuzz(_ texts: [String], seed: UInt64, _ wire: () -> any StreamWire) {
    var random = SeededRandom(seed: seed)
    let originals = texts.map { Array($0.utf8) }
    var understood = 0
    for round in 0..<4_000 {
        var bytes = originals[round % originals.count]
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...3, using: &random) {
            case 0: bytes[place] = .random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place...)
            case 2: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
            default: bytes.remove(at: place)
            }
            if bytes.isEmpty { bytes = [0] }
        }
        do throws(StreamWireError) {
            let message = try wire().says(bytes)
            understood += 1
            if case .media(let media) = message {
                #expect(media.payload.lowerBound >= 0 && media.payload.upperBound <= bytes.count)
            }
        } catch {
            #expect(!error.field.isEmpty)
        }
    }
    #expect(understood > 300)
}
