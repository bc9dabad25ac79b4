import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct AudioForkWireTests {
    static let jambonz =
        #"{"callSid":"c-1","callId":"sip-1","accountSid":"a-1","applicationSid":"p-1","from":"+15551","to":"+15552","#
        + #""direction":"inbound","sampleRate":16000,"mixType":"mono","tenant":"acme"}"#

    private func started(_ text: String = jambonz, _ dialect: AudioForkWire.Dialect = .jambonz) throws -> AudioForkWire
    {
        let wire = AudioForkWire(dialect)
        _ = try wire.says(text)
        return wire
    }

    @Test func theFirstTextIsTheCall() throws {
        guard case .start(let start) = try AudioForkWire(.jambonz).says(Self.jambonz) else {
            return #expect(Bool(false))
        }
        #expect(start.callID == "c-1" && start.variables["caller"] == "+15551" && start.variables["called"] == "+15552")
        #expect(start.variables["tenant"] == "acme" && start.variables["direction"] == "inbound")
        #expect(start.input.audio.sampleRate == 16_000 && start.input.audio.encoding == .pcm16)
        #expect(start.input.channels == 1 && start.output == start.input)
    }

    @Test func theCallerOfAStereoMixIsItsFirstChannel() throws {
        guard case .start(let start) = try AudioForkWire(.jambonz).says(#"{"mixType":"stereo","sampleRate":8000}"#)
        else {
            return #expect(Bool(false))
        }
        #expect(start.input.channels == 2 && start.output.channels == 1)
    }

    @Test func startsWithWhateverComesFirst() throws {
        guard case .start(let start) = try AudioForkWire(.freeSWITCH, sampleRate: 16_000).says("any words") else {
            return #expect(Bool(false))
        }
        #expect(start.variables == ["metadata": "any words"] && start.input.audio.sampleRate == 16_000)
        let wire = AudioForkWire(.freeSWITCH)
        guard case .start(let audible) = try wire.says([1, 2, 3], isText: false) else { return #expect(Bool(false)) }
        #expect(audible.firstAudio == StreamMedia(0..<2) && audible.input.audio.sampleRate == 8_000)
        #expect(try wire.says([1, 2, 3, 4], isText: false) == .media(StreamMedia(0..<4)))
    }

    static let messages: [(String, StreamMessage)] = [
        (#"{"event":"dtmf","dtmf":"1","duration":"1600"}"#, .digit(UInt8(ascii: "1"))),
        (##"{"event":"dtmf","dtmf":"#","duration":"1600"}"##, .digit(UInt8(ascii: "#"))),
        (#"{"type":"mark","data":{"name":"v4","event":"playout"}}"#, .mark(4)),
        (#"{"type":"mark","data":{"name":"v4","event":"cleared"}}"#, .mark(4)),
        (#"{"type":"mark","data":{"name":"x","event":"playout"}}"#, .mark(nil)),
        (#"{"type":"playDone","data":{"id":"x"}}"#, .nothing),
        (#"{"type":"transcription"}"#, .unknown),
        ("a text of the dialplan", .unknown),
    ]

    @Test(arguments: messages) func readsEveryEvent(text: String, message: StreamMessage) throws {
        #expect(try started().says(text) == message)
    }

    @Test(arguments: [
        (#"{"event":"dtmf","dtmf":"12"}"#, "dtmf: expected one of 0-9, *, #, A-D"),
        (#"{"type":"mark","data":{}}"#, "data.name: expected a string"),
    ])
    func namesWhatIsWrong(text: String, problem: String) throws {
        let wire = try started()
        #expect {
            try wire.says(text)
        } throws: { "\($0)" == problem }
    }

    @Test func refusesRatesThatTheEngineHasNot() {
        #expect {
            try AudioForkWire(.jambonz).says(#"{"sampleRate":64000}"#)
        } throws: { "\($0)" == "sampleRate: expected 8000, 16000, 24000, 32000 or 48000; got 64000" }
        #expect(throws: StreamWireError.self) {
            try AudioForkWire(.freeSWITCH, sampleRate: .max).says([0, 0], isText: false)
        }
    }

    @Test func writesEveryCommand() throws {
        let wire = try started()
        #expect(wire.written(.mark(7)) == [.text(#"{"type":"mark","data":{"name":"v7"}}"#)])
        #expect(wire.written(.clear) == [.text(#"{"type":"killAudio"}"#)])
        #expect(wire.written(.hangUp("bye")) == [.text(#"{"type":"disconnect"}"#)])
        #expect(try started(Self.jambonz, .freeSWITCH).written(.hangUp("bye")) == nil)
        for command: StreamCommand in [.accepted, .refused("no"), .reply, .digits("1"), .transfer("+1"), .stopped] {
            #expect(wire.written(command) == nil)
        }
        #expect(wire.traits.marks == .echoed(most: 30) && wire.traits.tailMilliseconds >= 160)
    }

    @Test func neverSendsTheModulesOwnSign() throws {
        #expect(try started().writtenMedia([0xFF, 0xFF, 1, 0, 0xFE, 0xFF]) == [.binary([0, 0, 1, 0, 0xFE, 0xFF])])
    }

    @Test func standsAnything() {
        StreamFuzz.run(Self.messages.map(\.0) + [Self.jambonz], seed: 41) { AudioForkWire(.jambonz) }
    }
}

@Suite struct AudioStreamWireTests {
    /// As the documents promise: it cannot be taken back.
    @Test func littleIsSentAhead() {
        let traits = AudioStreamWire().traits
        var pacer = PacerStateMachine(
            mode: .burst, sampleRate: 8_000, frame: 160, lead: traits.leadMilliseconds * 8,
            stride: traits.strideMilliseconds * 8)
        var ahead: [Int64] = []
        var handed: Int64 = 0
        for tick in 0..<200 as Range<Int64> {
            let now = Instant.zero + .milliseconds(tick * 10)
            handed += Int64(20 * pacer.framesDue(at: now, waiting: 99_999, mayPad: false, buffered: 0))
            ahead.append(handed - tick * 10)
        }
        #expect((ahead.max() ?? 0) <= 60 && (ahead.min() ?? 0) >= 20)
    }

    @Test func startsWithMetadataOrAudio() throws {
        let text = #"{"uuid":"u-1","agent":"sales","caller":"+15551"}"#
        guard case .start(let start) = try AudioStreamWire(sampleRate: 16_000).says(text) else {
            return #expect(Bool(false))
        }
        #expect(start.callID == "u-1" && start.agent == "sales" && start.variables["caller"] == "+15551")
        #expect(start.input.audio.sampleRate == 16_000)
        let wire = AudioStreamWire()
        guard case .start(let audible) = try wire.says([1, 2], isText: false) else { return #expect(Bool(false)) }
        #expect(audible.firstAudio == StreamMedia(0..<2))
        #expect(try wire.says("later words") == .unknown)
        #expect(try wire.says([1, 2], isText: false) == .media(StreamMedia(0..<2)))
        guard case .start(let plain) = try AudioStreamWire().says("plain") else { return #expect(Bool(false)) }
        #expect(plain.variables == ["metadata": "plain"])
    }

    @Test func writesWhatTheModuleKnows() {
        let wire = AudioStreamWire(sampleRate: 8_000)
        let audio = #"{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":8000,"audioData":"AQI="}}"#
        #expect(wire.writtenMedia([1, 2]) == [.text(audio)])
        for command: StreamCommand in [.mark(1), .clear, .hangUp("x"), .accepted, .stopped] {
            #expect(wire.written(command) == nil)
        }
    }

    @Test func standsAnything() { StreamFuzz.run([#"{"uuid":"u-1"}"#, "text"], seed: 42) { AudioStreamWire() } }
}

/// Mutated messages into fresh wires: never a trap, always an answer or an error with a text.
enum StreamFuzz {
    static func run(_ texts: [String], seed: UInt64, _ make: () -> any StreamWire) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<3_000 {
            let wire = make()
            for _ in 0..<3 {
                var bytes = Array((texts.randomElement(using: &random) ?? "").utf8)
                for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                    let place = Int.random(in: bytes.indices, using: &random)
                    switch Int.random(in: 0...3, using: &random) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: place)
                    case 2: bytes.insert([0x22, 0x5C, 0x7B, 0x30].randomElement(using: &random) ?? 0, at: place)
                    default: bytes.removeLast(bytes.count - place)
                    }
                }
                do {
                    _ = try wire.says(bytes, isText: Int.random(in: 0...4, using: &random) > 0)
                } catch {
                    #expect(!"\(error)".isEmpty)
                }
                for command: StreamCommand in [.accepted, .reply, .mark(1), .clear, .stopped] {
                    _ = wire.written(command)
                }
            }
        }
    }
}
