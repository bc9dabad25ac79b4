import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

/// What Asterisk's chan_websocket sends, as its source writes it.
enum AsteriskSays {
    static let plainStart =
        "MEDIA_START connection_id:voiceagent channel:WebSocket/voiceagent/0x7f3a channel_id:pbx-1760.12 format:ulaw"
        + " optimal_frame_size:160 ptime:20"
    /// Before 20.17, 22.7 and 23.1.
    static let oldPlainStart =
        "MEDIA_START connection_id:voiceagent channel:WebSocket/voiceagent/0x7f3a format:slin16"
        + " optimal_frame_size:640 ptime:20"
    static let jsonStart = jsonStart()

    static func jsonStart(format: String = "slin16", frame: Int = 640, variables: String = "{}") -> String {
        #"{"event":"MEDIA_START","connection_id":"voiceagent","channel":"WebSocket/voiceagent/0x7f3a","#
            + #""channel_id":"pbx-1760.12","format":"\#(format)","optimal_frame_size":\#(frame),"ptime":20,"#
            + #""channel_variables":\#(variables)}"#
    }
}

@Suite struct AsteriskWireTests {
    static let messages: [(String, StreamMessage)] = [
        ("DTMF_END digit:5 channel_id:pbx-1760.12", .digit(UInt8(ascii: "5"))),
        ("DTMF_END digit:#", .digit(UInt8(ascii: "#"))),
        ("MEDIA_XOFF", .flow(isHeld: true)),
        ("MEDIA_XON", .flow(isHeld: false)),
        ("QUEUE_DRAINED", .drained),
        ("MEDIA_BUFFERING_COMPLETED", .mark(nil)),
        ("MEDIA_BUFFERING_COMPLETED v12", .mark(12)),
        ("MEDIA_MARK_PROCESSED", .mark(nil)),
        ("MEDIA_MARK_PROCESSED v7", .mark(7)),
        ("MEDIA_MARK_PROCESSED other", .mark(nil)),
        (
            "STATUS channel_id:pbx-1 queue_length:0 xon_level:800 xoff_level:900 queue_full:false bulk_media:false"
                + " media_paused:false", .nothing
        ),
        (
            "ERROR channel_id:pbx-1 error_text:Command not allowed: it is 5 o'clock",
            .failure("Command not allowed: it is 5 o'clock")
        ),
        ("ERROR something else", .failure("something else")),
        ("MEDIA_PAUSED channel_id:x", .unknown),
        ("media_xoff", .unknown),
        ("", .unknown),

        (#"{"event":"DTMF_END","channel_id":"pbx-1","digit":"5"}"#, .digit(UInt8(ascii: "5"))),
        (#"{"event":"MEDIA_XOFF","channel_id":"pbx-1"}"#, .flow(isHeld: true)),
        (#"{"event":"MEDIA_XON","channel_id":"pbx-1"}"#, .flow(isHeld: false)),
        (#"{"event":"QUEUE_DRAINED","channel_id":"pbx-1"}"#, .drained),
        (#"{"event":"MEDIA_BUFFERING_COMPLETED","channel_id":"pbx-1","correlation_id":""}"#, .mark(nil)),
        (#"{"event":"MEDIA_BUFFERING_COMPLETED","channel_id":"pbx-1","correlation_id":"v3"}"#, .mark(3)),
        (#"{"event":"MEDIA_MARK_PROCESSED","channel_id":"pbx-1","correlation_id":"v12"}"#, .mark(12)),
        (
            #"{"event":"STATUS","channel_id":"pbx-1","queue_length":0,"xon_level":800,"xoff_level":900,"#
                + #""queue_full":false,"bulk_media":false,"media_paused":false}"#, .nothing
        ),
        (
            #"{"event":"ERROR","channel_id":"pbx-1","error_text":"Unable to parse JSON command"}"#,
            .failure("Unable to parse JSON command")
        ),
        (#"{"event":"GALAXY"}"#, .unknown),
    ]

    @Test(arguments: messages) func readsEveryEvent(text: String, message: StreamMessage) throws {
        #expect(try AsteriskWire().says(text) == message)
    }

    @Test(arguments: [
        ("DTMF_END", "digit: expected one of 0-9, *, #, A-D"),
        ("DTMF_END digit:12", "digit: expected one of 0-9, *, #, A-D"),
        (#"{"event":"DTMF_END","digit":""}"#, "digit: expected one of 0-9, *, #, A-D"),
        ("MEDIA_START connection_id:x", "format: expected a string"),
        ("{}", "event: expected a string"),
        (
            "MEDIA_START connection_id:x format:opus optimal_frame_size:0 ptime:20",
            "format: expected ulaw, alaw, slin, slin12, slin16, slin24, slin32, slin44 or slin48, by the dial option "
                + "c(slin16); got opus"
        ),
        (
            AsteriskSays.jsonStart(format: "slin192", frame: 7_680),
            "format: expected ulaw, alaw, slin, slin12, slin16, slin24, slin32, slin44 or slin48, by the dial option "
                + "c(slin16); got slin192"
        ),
    ])
    func namesWhatIsWrong(text: String, problem: String) {
        #expect {
            try AsteriskWire().says(text)
        } throws: { "\($0)" == problem }
    }

    @Test func readsTheStartOfBothFormats() throws {
        for (text, id, rate) in [
            (AsteriskSays.plainStart, "pbx-1760.12", 8_000), (AsteriskSays.jsonStart, "pbx-1760.12", 16_000),
            (AsteriskSays.oldPlainStart, "WebSocket/voiceagent/0x7f3a", 16_000),
        ] {
            guard case .start(let start) = try AsteriskWire().says(text) else {
                Issue.record("no start: \(text)")
                continue
            }
            #expect(start.callID == id)
            #expect(start.variables["channel"] == "WebSocket/voiceagent/0x7f3a")
            #expect(start.input.audio.sampleRate == rate && start.output == start.input && start.input.packing == .same)
        }
    }

    @Test func variablesOfTheChannelComeAlong() throws {
        let text = AsteriskSays.jsonStart(variables: #"{"DIALEDPEERNUMBER":"voiceagent","agent":"sales","vip":true}"#)
        guard case .start(let start) = try AsteriskWire().says(text) else { return #expect(Bool(false)) }
        #expect(start.agent == "sales")
        #expect(
            start.variables == [
                "DIALEDPEERNUMBER": "voiceagent", "vip": "true", "channel": "WebSocket/voiceagent/0x7f3a",
                "channel_id": "pbx-1760.12",
            ])
    }

    @Test(arguments: [
        ("ulaw", AudioEncoding.mulaw, 8_000), ("alaw", .alaw, 8_000), ("slin", .pcm16, 8_000),
        ("slin12", .pcm16, 12_000), ("slin16", .pcm16, 16_000), ("slin24", .pcm16, 24_000),
        ("slin32", .pcm16, 32_000), ("slin44", .pcm16, 44_100), ("slin48", .pcm16, 48_000),
    ])
    func everyFormatOfTheEngine(name: String, encoding: AudioEncoding, rate: Int) throws {
        guard case .start(let start) = try AsteriskWire().says(AsteriskSays.jsonStart(format: name)) else {
            return #expect(Bool(false))
        }
        #expect(start.input.audio.encoding == encoding && start.input.audio.sampleRate == rate)
    }

    @Test func speaksTheFormatThatItWasSpokenToIn() throws {
        let plain = AsteriskWire()
        _ = try plain.says(AsteriskSays.plainStart)
        #expect(plain.written(.mark(12)) == [.text("STOP_MEDIA_BUFFERING v12")])
        #expect(plain.written(.clear) == [.text("FLUSH_MEDIA")])
        #expect(plain.written(.hangUp("bye")) == [.text("HANGUP")])
        let json = AsteriskWire()
        _ = try json.says(AsteriskSays.jsonStart)
        #expect(json.written(.mark(12)) == [.text(#"{"command":"MARK_MEDIA","correlation_id":"v12"}"#)])
        #expect(json.written(.clear) == [.text(#"{"command":"FLUSH_MEDIA"}"#)])
        #expect(json.written(.hangUp("bye")) == [.text(#"{"command":"HANGUP"}"#)])
        for wire in [plain, json] {
            #expect(wire.writtenMedia([1, 2, 3]) == [.binary([1, 2, 3])])
            #expect(try wire.says([1, 2, 3], isText: false) == .media(StreamMedia(0..<3)))
            for command: StreamCommand in [
                .accepted, .refused("no"), .reply, .digits("1"), .transfer("+1"), .stopped,
            ] { #expect(wire.written(command) == nil) }
            // Asterisk ignores what is longer.
            guard case .text(let text) = wire.written(.mark(.max))?.first else { return #expect(Bool(false)) }
            #expect(text.utf8.count <= AsteriskWire.longestCommand)
        }
        #expect(!plain.traits.takesPings && plain.traits.hangUp == .byMessage)
    }

    @Test func aChannelWithoutAQueueIsReportedOnce() throws {
        for text in [
            "ERROR channel_id:pbx-1 error_text:FLUSH_MEDIA not supported in passthrough mode",
            #"{"event":"ERROR","channel_id":"pbx-1","error_text":"MARK_MEDIA not supported in passthrough mode"}"#,
        ] {
            let wire = AsteriskWire()
            guard case .failure = try wire.says(text) else { return #expect(Bool(false)) }
            #expect(try wire.says(text) == .nothing)
            #expect(try wire.says("ERROR error_text:another") == .failure("another"))
        }
    }

    @Test func standsAnything() {
        var random = SeededRandom(seed: 31)
        let texts =
            Self.messages.map(\.0) + [AsteriskSays.plainStart, AsteriskSays.oldPlainStart, AsteriskSays.jsonStart]
        for _ in 0..<20_000 {
            var bytes = Array((texts.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert([0x20, 0x3A, 0x22, 0x5C].randomElement(using: &random) ?? 0, at: place)
                default: bytes.removeLast(bytes.count - place)
                }
            }
            do {
                _ = try AsteriskWire().says(bytes)
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }

    @Test func theAddressNamesAgentAndVariables() throws {
        var request = ServerRequest(method: "GET", target: "/asterisk/media?agent=sales&caller=%2B15551&tenant=a+b")
        #expect(
            try StreamAddress(request).variables == ["caller": "+15551", "tenant": "a b"])
        #expect(try StreamAddress(request).agent == "sales")
        request.parameters["agent"] = "reception"
        #expect(try StreamAddress(request).agent == "reception")
        let broken = ServerRequest(method: "GET", target: "/asterisk/media?caller=%2")
        #expect(throws: ServerResponse.self) { try StreamAddress(broken) }
    }

    /// With the dial option `n`; without it Asterisk has answered already.
    @Test func aCallIsAnsweredWhereAsteriskLeavesItToUs() throws {
        for (start, command) in [
            (AsteriskSays.jsonStart(), #"{"command":"ANSWER"}"#), (AsteriskSays.plainStart, "ANSWER"),
        ] {
            for answers in [false, true] {
                let line = try StreamLine(AsteriskWire(answers: answers))
                line.say(start)
                #expect(line.takeTexts().first == (answers ? command : nil))
                #expect(line.host.setups.count == 1)
                line.close()
            }
        }
    }
}
