import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct VonageWireTests {
    static let connected =
        #"{"event":"websocket:connected","content-type":"audio/l16;rate=16000","call":"abc","tenant":"acme","vip":true}"#

    @Test func theHeadersOfTheNCCOAreTheCall() throws {
        guard case .start(let start) = try VonageWire().says(Self.connected) else { return #expect(Bool(false)) }
        #expect(start.callID == "abc" && start.variables == ["call": "abc", "tenant": "acme", "vip": "true"])
        #expect(start.input.audio.sampleRate == 16_000 && start.input.audio.encoding == .pcm16)
        #expect(start.output == start.input && start.input.packing == .same)
    }

    static let messages: [(String, StreamMessage)] = [
        (#"{"event":"websocket:dtmf","digit":"5","duration":260}"#, .digit(UInt8(ascii: "5"))),
        (#"{"event":"websocket:dtmf","dtmf":{"digit":"*"}}"#, .digit(UInt8(ascii: "*"))),
        (#"{"event":"websocket:notify","payload":{"id":"v3"}}"#, .mark(3)),
        (#"{"event":"websocket:notify","payload":{"other":1}}"#, .mark(nil)),
        (#"{"event":"websocket:cleared"}"#, .nothing),
        (#"{"event":"websocket:galaxy"}"#, .unknown),
    ]

    @Test(arguments: messages) func readsEveryEvent(text: String, message: StreamMessage) throws {
        #expect(try VonageWire().says(text) == message)
    }

    @Test(arguments: [
        ("{}", "event: expected a string"),
        (#"{"event":"websocket:dtmf"}"#, "digit: expected one of 0-9, *, #, A-D"),
        (
            #"{"event":"websocket:connected","content-type":"audio/opus;rate=48000"}"#,
            "content-type: expected audio/l16 with rate=8000, 16000 or 24000; got audio/opus;rate=48000"
        ),
        (
            #"{"event":"websocket:connected"}"#,
            "content-type: expected audio/l16 with rate=8000, 16000 or 24000; got "
        ),
    ])
    func namesWhatIsWrong(text: String, problem: String) {
        #expect {
            try VonageWire().says(text)
        } throws: { "\($0)" == problem }
    }

    @Test func writesEveryCommand() throws {
        let wire = VonageWire()
        #expect(wire.written(.mark(7)) == [.text(#"{"action":"notify","payload":{"id":"v7"}}"#)])
        #expect(wire.written(.clear) == [.text(#"{"action":"clear"}"#)])
        #expect(wire.writtenMedia([1, 2]) == [.binary([1, 2])])
        #expect(try wire.says([1, 2, 3], isText: false) == .media(StreamMedia(0..<2)))
        for command: StreamCommand in [.accepted, .refused("no"), .reply, .digits("1"), .transfer("+1"), .stopped] {
            #expect(wire.written(command) == nil)
        }
        // Vonage takes messages of exactly 20 ms.
        #expect(wire.traits.frameMilliseconds == 20 && wire.traits.messageMilliseconds == 20)
    }

    @Test func standsAnything() {
        StreamFuzz.run(Self.messages.map(\.0) + [Self.connected], seed: 43) { VonageWire() }
    }
}
