import Testing
import VoiceEngineCore
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// A carrier with everything that no Twilio has. Text messages are words; binary ones are audio.
private final class WordWire: StreamWire {
    let name = "words"
    var traits = StreamTraits()
    var hasHangUp = true

    func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        switch String(decoding: text, as: UTF8.self) {
        case "start": return .start(StreamStart())
        case "ping": return .needsReply
        case "full": return .flow(isHeld: true)
        case "free": return .flow(isHeld: false)
        case "dry": return .drained
        case "cut": return .digit(UInt8(ascii: "9"))
        case "bye": return .digit(UInt8(ascii: "0"))
        case "transfer": return .digit(UInt8(ascii: "5"))
        case "stop": return .stop
        default: throw StreamWireError("message", .other("a word"))
        }
    }

    func decode(binary: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        .media(StreamMedia(0..<binary.count))
    }

    func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        output.binary { $0.writeBytes(audio) }
    }

    func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        switch command {
        case .accepted: output.text("welcome")
        case .refused(let reason): output.text("no: \(reason)")
        case .reply: output.text("pong")
        case .mark(let number): output.text("mark \(number)")
        case .clear:
            output.text("clear")
            output.text("begin again")
        case .hangUp where hasHangUp: output.text("hang up")
        case .stopped: output.text("stopped")
        case .transfer(let target): output.text("transfer \(target)")
        case .digits, .hangUp: return false
        }
        return true
    }
}

@Suite struct MediaStreamCallTests {
    private let frame = [UInt8](repeating: 7, count: 160)

    private func texts(_ line: StreamLine) -> [String] {
        line.takeFrames().map { $0.opcode == 2 ? "\($0.payload.count)" : $0.opcode == 8 ? "close" : $0.text }
    }

    @Test func binaryAudioGoesBothWays() throws {
        let line = try StreamLine(WordWire())
        line.say("start")
        #expect(texts(line) == ["welcome"])
        line.say(binary: frame)
        #expect(line.takeFrames() == [ServerFrame(opcode: 2, payload: frame)])
        line.say("cut")
        #expect(texts(line) == ["clear", "begin again"])
        line.say("stop")
        #expect(texts(line) == ["stopped", "close"])
        line.close()
    }

    @Test func repliesAreSentAtOnceInEveryState() throws {
        let line = try StreamLine(WordWire())
        line.say("ping", "start", "ping")
        #expect(texts(line) == ["pong", "welcome", "pong"])
        line.close()
    }

    @Test func aRefusedCallIsToldSo() throws {
        let line = try StreamLine(WordWire())
        line.host.set { $0.refusal = CallRefusal(.full, "full") }
        line.say("start")
        #expect(texts(line) == ["welcome", "no: full", "close"])
        line.close()
    }

    @Test func aCarrierThatHangsUpByMessageClosesTheStreamItself() throws {
        let wire = WordWire()
        wire.traits.hangUp = .byMessage
        let line = try StreamLine(wire)
        line.say("start", "bye")
        #expect(texts(line) == ["welcome", "hang up"])
        #expect(line.calls.count == 0)
        line.say(binary: frame)
        line.say("ping", "stop")
        #expect(texts(line) == ["pong", "stopped", "close"])
        line.close()
    }

    @Test func aCarrierThatDoesNotHangUpIsLeft() throws {
        let wire = WordWire()
        wire.traits.hangUp = .byMessage
        let line = try StreamLine(wire)
        line.say("start", "bye")
        _ = texts(line)
        line.advance(4_999)
        #expect(texts(line) == [])
        line.advance(1)
        #expect(texts(line) == ["stopped", "close"])
        line.close()
    }

    @Test func aFullCarrierGetsNothingUntilItPlays() throws {
        let line = try StreamLine(WordWire())
        line.say("start", "full")
        line.say(binary: frame)
        #expect(texts(line) == ["welcome"])
        line.say("free")
        line.say(binary: frame)
        #expect(texts(line) == ["160"])
        line.close()
    }

    @Test func silenceFollowsSpeechWhereTheCarrierNeedsIt() throws {
        let wire = WordWire()
        wire.traits.tailMilliseconds = 160
        let line = try StreamLine(wire)
        line.say("start")
        line.say(binary: frame)
        _ = texts(line)
        line.advance(60)
        let frames = line.takeFrames()
        #expect(frames.map(\.opcode) == [1, 2])
        #expect(frames.first?.text == "mark 1")
        #expect(frames.last?.payload == [UInt8](repeating: 0xFF, count: 1_280))
        line.advance(1_000)
        #expect(texts(line) == [])
        line.close()
    }

    @Test func withoutMarksNoneAreSent() throws {
        let wire = WordWire()
        wire.traits.marks = .none(delay: .milliseconds(100))
        let line = try StreamLine(wire)
        line.say("start")
        for _ in 0..<30 { line.say(binary: frame) }
        line.advance(500)
        #expect(texts(line) == ["welcome"] + [String](repeating: "160", count: 30))
        line.close()
    }

    @Test func aDryCarrierNeedsNoClear() throws {
        let line = try StreamLine(WordWire())
        line.say("start")
        line.say(binary: frame)
        line.advance(99)
        line.say("dry", "cut")
        #expect(texts(line) == ["welcome", "160"])
        line.close()
    }

    @Test func theStreamsOwnTransferComesFirst() throws {
        let line = try StreamLine(WordWire())
        line.say("start", "transfer")
        #expect(texts(line) == ["welcome", "transfer +1"])
        #expect(line.control.take() == [])
        line.close()
    }

    @Test func pingsAreLeftOutWhereTheyDoHarm() throws {
        let wire = WordWire()
        wire.traits.takesPings = false
        let line = try StreamLine(wire)
        line.say("start")
        line.advance(80_000)
        #expect(line.channel.isActive)
        #expect(line.calls.count == 1)
        line.close()
    }
}
