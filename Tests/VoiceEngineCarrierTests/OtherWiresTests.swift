import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

private let unwritten: [StreamCommand] = [
    .accepted, .refused(""), .reply, .transfer("+1"), .hangUp(""), .stopped, .digits(""), .digits("1w2"),
]

/// What SignalWire sends.
private enum SignalWireSays {
    static let connected = #"{"event":"connected","protocol":"Call","version":"0.2.0"}"#
    static let dtmf =
        #"{"event":"dtmf","sequenceNumber":"7","dtmf":{"digit":"5","duration":160}}"#
    static let mark = #"{"event":"mark","streamSid":"0a1b-2c","sequenceNumber":"8","mark":{"name":"v2"}}"#
    static let stop = #"{"event":"stop"}"#
    static let media =
        #"{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"2","timestamp":"20","#
        + #""payload":"AAEC"}}"#

    static func start(_ encoding: String = "audio/x-mulaw", _ rate: Int = 8_000, parameters: String? = nil) -> String {
        #"{"event":"start","sequenceNumber":"1","start":{"accountSid":"ac-1","streamSid":"0a1b-2c","callSid":"c-9","#
            + #""tracks":["inbound"],"mediaFormat":{"encoding":"\#(encoding)","sampleRate":\#(rate),"channels":1}"#
            + (parameters.map { #","customParameters":\#($0)"# } ?? "") + #"},"streamSid":"0a1b-2c"}"#
    }
}

@Suite struct SignalWireWireTests {
    @Test func readsTheDocumentedMessages() throws {
        let wire = SignalWireWire()
        #expect(try wire.says(SignalWireSays.connected) == .connected)
        #expect(try wire.says(SignalWireSays.dtmf) == .digit(UInt8(ascii: "5")))
        #expect(try wire.says(SignalWireSays.mark) == .mark(2))
        #expect(try wire.says(SignalWireSays.stop) == .stop)
        guard case .media(let media) = try wire.says(SignalWireSays.media) else { return #expect(Bool(false)) }
        #expect(media.sequence == 2 && media.timestamp == 20)
        guard case .start(let start) = try wire.says(SignalWireSays.start()) else { return #expect(Bool(false)) }
        #expect(start.callID == "c-9" && start.input == .telephone && start.output == .telephone)
        #expect(start.variables == ["callSid": "c-9", "accountSid": "ac-1"])
    }

    @Test func theCodecIsThatOfTheStreamBothWays() throws {
        for rate in [16_000, 24_000] {
            guard case .start(let start) = try SignalWireWire().says(SignalWireSays.start("audio/x-L16", rate))
            else { return #expect(Bool(false)) }
            let format = StreamFormat(try AudioFormat(encoding: .pcm16, sampleRate: rate))
            #expect(start.input == format && start.output == format)
        }
        let error = #expect(throws: StreamWireError.self) {
            try SignalWireWire().says(SignalWireSays.start("audio/x-opus", 48_000))
        }
        #expect(error?.closeCode == 1003)
        #expect(error?.description.contains("got audio/x-opus, 48000 Hz") == true)
    }

    @Test func writesTheDocumentedMessages() throws {
        let wire = SignalWireWire()
        #expect(wire.written(.clear) == nil)
        _ = try wire.says(SignalWireSays.start(parameters: #"{"agent":"x"}"#))
        #expect(
            wire.writtenMedia([255]) == [.text(#"{"event":"media","streamSid":"0a1b-2c","media":{"payload":"/w=="}}"#)])
        #expect(wire.written(.mark(3)) == [.text(#"{"event":"mark","streamSid":"0a1b-2c","mark":{"name":"v3"}}"#)])
        #expect(wire.written(.clear) == [.text(#"{"event":"clear","streamSid":"0a1b-2c"}"#)])
        #expect(
            wire.written(.digits("5#")) == [
                .text(#"{"event":"dtmf","streamSid":"0a1b-2c","dtmf":{"digit":"5"}}"#),
                .text(##"{"event":"dtmf","streamSid":"0a1b-2c","dtmf":{"digit":"#"}}"##),
            ])
        for command in unwritten { #expect(wire.written(command) == nil, "\(command)") }
    }

    @Test(arguments: [1, 2] as [UInt64]) func randomMutationsNeverTrap(seed: UInt64) {
        fuzz(
            [
                SignalWireSays.connected, SignalWireSays.start("audio/x-L16", 16_000), SignalWireSays.media,
                SignalWireSays.dtmf, SignalWireSays.mark, SignalWireSays.stop,
            ], seed: seed
        ) { SignalWireWire() }
    }
}

/// What Plivo sends.
private enum PlivoSays {
    static let media =
        #"{"event":"media","sequenceNumber":42,"streamId":"s-1","media":{"track":"inbound","#
        + #""timestamp":"1705312200000","chunk":41,"payload":"AAEC"},"extra_headers":"tenant=7"}"#
    static let dtmf =
        #"{"event":"dtmf","sequenceNumber":50,"streamId":"s-1","dtmf":{"track":"inbound","digit":"5","#
        + #""timestamp":"1705312250000"}}"#
    static let played = #"{"event":"playedStream","sequenceNumber":75,"streamId":"s-1","name":"v1"}"#
    static let cleared = #"{"event":"clearedAudio","sequenceNumber":80,"streamId":"s-1"}"#
    static let failed = #"{"event":"error","reason":"no such stream"}"#

    static func start(_ encoding: String = "audio/x-mulaw", _ rate: Int = 8_000, headers: String = "tenant=7; b=x=y")
        -> String
    {
        #"{"event":"start","sequenceNumber":1,"start":{"callId":"c-1","streamId":"s-1","accountId":"MA1","#
            + #""tracks":["inbound"],"mediaFormat":{"encoding":"\#(encoding)","sampleRate":\#(rate)}},"#
            + #""extra_headers":"\#(headers)"}"#
    }
}

@Suite struct PlivoWireTests {
    @Test func readsTheDocumentedMessages() throws {
        let wire = PlivoWire()
        guard case .media(let media) = try wire.says(PlivoSays.media) else { return #expect(Bool(false)) }
        #expect(media.sequence == 41)
        let rows: [(String, StreamMessage)] = [
            (PlivoSays.dtmf, .digit(UInt8(ascii: "5"))), (PlivoSays.played, .mark(1)), (PlivoSays.cleared, .nothing),
            (PlivoSays.failed, .failure("no such stream")), (#"{"event":"stop"}"#, .stop),
            (#"{"event":"playFailed","reason":"x"}"#, .unknown),
        ]
        for (text, message) in rows { #expect(try wire.says(text) == message) }
        #expect(throws: StreamWireError("name", .string)) { try wire.says(#"{"event":"playedStream"}"#) }
    }

    @Test func readsTheStartWithItsHeaders() throws {
        for (headers, variables) in [
            ("tenant=7; b=x=y", ["tenant": "7", "b": "x=y"]), ("", [:]), ("nonsense", [:]),
            (#"{\"tenant\":\"7\",\"n\":5}"#, ["tenant": "7", "n": "5"]),
        ] as [(String, [String: String])] {
            guard case .start(let start) = try PlivoWire().says(PlivoSays.start(headers: headers))
            else { return #expect(Bool(false)) }
            #expect(start.callID == "c-1" && start.input == .telephone)
            #expect(start.variables == variables.merging(["callId": "c-1", "accountId": "MA1"]) { $1 })
        }
        #expect(throws: StreamWireError("start.streamId", .identifier)) {
            try PlivoWire().says(#"{"event":"start","start":{"callId":"c"}}"#)
        }
    }

    @Test func writesTheDocumentedMessages() throws {
        let wire = PlivoWire()
        _ = try wire.says(PlivoSays.start("audio/x-l16", 16_000))
        #expect(
            wire.writtenMedia([0, 1]) == [
                .text(
                    #"{"event":"playAudio","media":{"contentType":"audio/x-l16","sampleRate":16000,"payload":"AAE="},"#
                        + #""streamId":"s-1"}"#)
            ])
        #expect(wire.written(.mark(9)) == [.text(#"{"event":"checkpoint","streamId":"s-1","name":"v9"}"#)])
        #expect(wire.written(.clear) == [.text(#"{"event":"clearAudio","streamId":"s-1"}"#)])
        #expect(wire.written(.digits("12#")) == [.text(#"{"event":"sendDTMF","dtmf":"12#"}"#)])
        for command in unwritten { #expect(wire.written(command) == nil, "\(command)") }
    }

    /// Plivo does not acknowledge what was cleared: nothing may wait for it.
    @Test func aCallGoesOnAfterACut() throws {
        let line = try StreamLine(PlivoWire())
        line.say(PlivoSays.start(), PlivoSays.media, PlivoSays.dtmf.replacing("\"5\"", with: "\"9\""))
        #expect(line.takeTexts().last == #"{"event":"clearAudio","streamId":"s-1"}"#)
        line.say(PlivoSays.cleared, PlivoSays.media)
        line.advance(150)
        #expect(line.takeTexts().last == #"{"event":"checkpoint","streamId":"s-1","name":"v1"}"#)
        line.say(PlivoSays.played, PlivoSays.dtmf.replacing("\"5\"", with: "\"9\""))
        #expect(line.takeTexts() == [])
        line.close()
    }

    @Test(arguments: [1, 2] as [UInt64]) func randomMutationsNeverTrap(seed: UInt64) {
        fuzz(
            [
                PlivoSays.start(), PlivoSays.start(headers: #"{\"a\":\"b\"}"#), PlivoSays.media, PlivoSays.dtmf,
                PlivoSays.played, PlivoSays.cleared, PlivoSays.failed,
            ], seed: seed
        ) { PlivoWire() }
    }
}

/// What Exotel sends.
private enum ExotelSays {
    static let connected = #"{"event":"connected"}"#
    static let dtmf =
        #"{"event":"dtmf","sequence_number":"5","stream_sid":"x1","dtmf":{"digit":"9","duration":"100"}}"#
    static let mark = #"{"event":"mark","sequence_number":"6","stream_sid":"x1","mark":{"name":"v1"}}"#
    static let stop =
        #"{"event":"stop","sequence_number":"7","stream_sid":"x1","stop":{"call_sid":"c1","account_sid":"a1","reason":"r"}}"#

    static func start(_ rate: String = #""8000""#) -> String {
        #"{"event":"start","sequence_number":"1","stream_sid":"x1","start":{"stream_sid":"x1","call_sid":"c1","#
            + #""account_sid":"a1","from":"+9111","to":"+9122","custom_parameters":{"tenant":"t"},"#
            + #""media_format":{"encoding":"audio/x-raw","sample_rate":\#(rate),"bit_rate":"16"}}}"#
    }

    static func media(_ bytes: [UInt8]) -> String {
        #"{"event":"media","sequence_number":"3","stream_sid":"x1","media":{"chunk":"2","timestamp":"200","#
            + #""payload":"\#(base64(bytes))"}}"#
    }
}

@Suite struct ExotelWireTests {
    @Test func readsTheDocumentedMessages() throws {
        let wire = ExotelWire()
        let rows: [(String, StreamMessage)] = [
            (ExotelSays.connected, .connected), (ExotelSays.dtmf, .digit(UInt8(ascii: "9"))),
            (ExotelSays.mark, .mark(1)), (ExotelSays.stop, .stop), (#"{"event":"clear"}"#, .unknown),
        ]
        for (text, message) in rows { #expect(try wire.says(text) == message) }
        guard case .start(let start) = try wire.says(ExotelSays.start()) else { return #expect(Bool(false)) }
        #expect(start.callID == "c1")
        #expect(
            start.variables == [
                "caller": "+9111", "called": "+9122", "tenant": "t", "callSid": "c1", "accountSid": "a1",
            ])
        #expect(start.input == StreamFormat(try AudioFormat(encoding: .pcm16, sampleRate: 8_000)))
    }

    @Test func messagesHaveTheBytesThatExotelWants() throws {
        for (rate, milliseconds) in [(8_000, 200), (16_000, 100), (24_000, 80)] {
            let wire = ExotelWire()
            _ = try wire.says(ExotelSays.start("\(rate)"))
            #expect(wire.traits.messageMilliseconds == milliseconds)
            #expect(wire.traits.leadMilliseconds > milliseconds)
            let bytes = rate * 2 * milliseconds / 1_000
            #expect(bytes >= 3_200 && bytes.isMultiple(of: 320))
        }
    }

    @Test func writesTheDocumentedMessages() throws {
        let wire = ExotelWire()
        _ = try wire.says(ExotelSays.start())
        #expect(
            wire.writtenMedia([0, 1]) == [.text(#"{"event":"media","stream_sid":"x1","media":{"payload":"AAE="}}"#)])
        #expect(wire.written(.mark(9)) == [.text(#"{"event":"mark","stream_sid":"x1","mark":{"name":"v9"}}"#)])
        #expect(wire.written(.clear) == [.text(#"{"event":"clear","stream_sid":"x1"}"#)])
        for command in unwritten + [.digits("1")] { #expect(wire.written(command) == nil, "\(command)") }
    }

    /// Whoever hands out several frames at once must not be taken for silent before the next ones.
    @Test func speechIsNotOverBetweenTwoHandOuts() throws {
        var late = StreamTraits()
        late.tailMilliseconds = 180
        for traits in [late, StreamTraits(), ExotelWire().traits, AudioStreamWire().traits] {
            #expect(traits.speechEndMilliseconds >= max(traits.strideMilliseconds, traits.frameMilliseconds) + 20)
        }
        let line = try StreamLine(ExotelWire())
        line.say(ExotelSays.connected, ExotelSays.start())
        let setup = try #require(line.host.setups.last)
        for _ in 0..<4 {
            for _ in 0..<max(setup.strideMilliseconds / 20, 1) {
                line.say(ExotelSays.media([UInt8](repeating: 1, count: 320)))
            }
            line.advance(Int64(max(setup.strideMilliseconds, 20)))
        }
        #expect(line.takeTexts() == [], "four frames of ten: nothing was filled up in between")
        line.close()
    }

    /// The scripted host sends back what it hears, in the messages of the caller: here 20 ms each.
    @Test func framesAreCollectedAndTheLastOnesFilledUp() throws {
        let line = try StreamLine(ExotelWire())
        line.say(ExotelSays.connected, ExotelSays.start())
        let frame = [UInt8](repeating: 1, count: 320)
        for _ in 0..<9 { line.say(ExotelSays.media(frame)) }
        #expect(line.takeTexts() == [])
        line.say(ExotelSays.media(frame))
        let whole =
            #"{"event":"media","stream_sid":"x1","media":{"payload":"\#(base64([UInt8](repeating: 1, count: 3_200)))"}}"#
        // The scripted host takes bytes for samples, so that a mark is due sooner.
        #expect(line.takeTexts() == [whole, #"{"event":"mark","stream_sid":"x1","mark":{"name":"v1"}}"#])
        for _ in 0..<3 { line.say(ExotelSays.media(frame)) }
        line.advance(59)
        #expect(line.takeTexts() == [])
        line.advance(1)
        let rest = [UInt8](repeating: 1, count: 960) + [UInt8](repeating: 0, count: 2_240)
        #expect(
            line.takeTexts() == [
                #"{"event":"media","stream_sid":"x1","media":{"payload":"\#(base64(rest))"}}"#,
                #"{"event":"mark","stream_sid":"x1","mark":{"name":"v2"}}"#,
            ])
        line.close()
    }

    @Test func whatWaitsIsDroppedByACut() throws {
        let line = try StreamLine(ExotelWire())
        line.say(ExotelSays.start(), ExotelSays.media([UInt8](repeating: 1, count: 320)), ExotelSays.dtmf)
        line.advance(1_000)
        #expect(line.takeTexts() == [])
        #expect(line.host.notes == ["digits 9", "heard 0"])
        line.close()
    }

    @Test(arguments: [1, 2] as [UInt64]) func randomMutationsNeverTrap(seed: UInt64) {
        fuzz(
            [
                ExotelSays.connected, ExotelSays.start(), ExotelSays.media([1, 2]), ExotelSays.dtmf, ExotelSays.mark,
                ExotelSays.stop,
            ], seed: seed
        ) { ExotelWire() }
    }
}
