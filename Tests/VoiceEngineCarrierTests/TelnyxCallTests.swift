import NIOCore
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineMedia
import VoiceEngineSession

@testable import VoiceEngineCarrier

@Suite struct TelnyxCallTests {
    private static let frame = base64([UInt8](repeating: 0xFF, count: 160))

    @Test func aWholeCall() throws {
        let line = try StreamLine(TelnyxWire())
        line.say(TelnyxSays.connected, TelnyxSays.start())
        let setup = try #require(line.host.setups.first)
        #expect(setup.agent == "reception" && setup.callID == "v3:a_b-c")
        for chunk in 1...12 { line.say(TelnyxSays.media(chunk, Self.frame)) }
        let texts = line.takeTexts()
        #expect(texts.filter { $0 == #"{"event":"media","media":{"payload":"\#(Self.frame)"}}"# }.count == 12)
        #expect(texts.last == #"{"event":"mark","mark":{"name":"v1"}}"#)
        line.say(TelnyxSays.mark("v1"), TelnyxSays.dtmf("9"), TelnyxSays.error, TelnyxSays.stop)
        #expect(line.host.notes == ["digits 9", "heard 1920", "closed: the caller hung up"])
        #expect(line.takeFrames().last?.closeCode == 1000)
        // The caller has hung up: nobody else need be told.
        #expect(line.control.take() == [])
        line.close()
    }

    @Test func whatTheStreamCannotDoTheRESTAPIIsAskedFor() throws {
        let line = try StreamLine(TelnyxWire())
        line.say(TelnyxSays.connected, TelnyxSays.start(), TelnyxSays.dtmf("5"))
        #expect(line.control.take() == ["transfer v3:a_b-c to +1"])
        #expect(line.host.notes == ["digits 5", "transfer true"])
        line.say(TelnyxSays.dtmf("0"))
        #expect(line.control.take() == ["hang up v3:a_b-c"])
        #expect(line.takeFrames().last?.closeCode == 1000)
        line.close()
    }

    @Test func aFailureOfTheRESTAPIIsLogged() throws {
        let log = LogLines()
        let line = try StreamLine(TelnyxWire(), log: log.log)
        line.control.refusal.withLock { $0 = CallControlError(description: "telnyx transfer: 422, no such number") }
        line.say(TelnyxSays.start(), TelnyxSays.dtmf("5"))
        #expect(
            log.take().contains(
                "telnyx: could not transfer in call v3:a_b-c: telnyx transfer: 422, no such number; the call goes on as it was"
            ))
        line.close()
    }

    @Test func withoutTheRESTAPITheHostIsLeftToDoIt() throws {
        let log = LogLines()
        let line = try StreamLine(TelnyxWire(), hasControl: false, log: log.log)
        line.say(TelnyxSays.start(), TelnyxSays.dtmf("5"), TelnyxSays.dtmf("0"))
        #expect(line.host.notes.contains("transfer false"))
        #expect(log.take().contains { $0.contains("cannot be hung up without the carrier's API key") })
        line.close()
    }

    /// Closing the stream would leave a Telnyx call open and silent.
    @Test func aCallThatCannotGoOnIsHungUp() throws {
        let garbage = try StreamLine(TelnyxWire())
        garbage.say(TelnyxSays.start())
        for _ in 0..<20 { garbage.say("nonsense") }
        #expect(garbage.control.take() == ["hang up v3:a_b-c"])
        garbage.close()

        let refused = try StreamLine(TelnyxWire())
        refused.host.set { $0.refusal = CallRefusal(.full, "full") }
        refused.say(TelnyxSays.start())
        #expect(refused.takeFrames().last?.closeCode == 1013)
        #expect(refused.control.take() == ["hang up v3:a_b-c"])
        refused.close()

        let ended = try StreamLine(TelnyxWire())
        ended.say(TelnyxSays.start())
        ended.calls.endAll(reason: "the server stops")
        ended.advance(0)
        #expect(ended.takeFrames().last?.closeCode == 1001)
        #expect(ended.control.take() == ["hang up v3:a_b-c"])
        ended.close()
    }

    /// Whoever knows the id of a call could otherwise end it.
    @Test func aStreamThatProvesNothingEndsNoCall() throws {
        let forged = try StreamLine(TelnyxWire())
        forged.host.set { $0.refusal = CallRefusal(.notAuthentic, "no token") }
        forged.say(TelnyxSays.start())
        #expect(forged.takeFrames().last?.closeCode == 1008)
        #expect(forged.control.take() == [])
        forged.close()
        for kind in CallRefusal.Kind.allCases where kind != .notAuthentic {
            let refused = try StreamLine(TelnyxWire())
            refused.host.set { $0.refusal = CallRefusal(kind, "") }
            refused.say(TelnyxSays.start())
            #expect(refused.control.take() == ["hang up v3:a_b-c"], "\(kind)")
            refused.close()
        }
    }

    @Test func whatTelnyxFoundOutReachesTheSession() throws {
        let line = try StreamLine(TelnyxWire())
        line.say(TelnyxSays.start())
        line.calls.tell(CarrierCallKey(carrier: "telnyx", id: "v3:a_b-c"), .machine)
        line.calls.tell(CarrierCallKey(carrier: "twilio", id: "v3:a_b-c"), .person)
        line.calls.tell(CarrierCallKey(carrier: "telnyx", id: "v3:other"), .person)
        line.advance(0)
        #expect(line.host.notes == ["answered by machine"])
        line.say(TelnyxSays.stop)
        line.calls.tell(CarrierCallKey(carrier: "telnyx", id: "v3:a_b-c"), .person)
        line.advance(0)
        #expect(line.host.notes.count == 2, "the call is over")
        line.close()
    }

    @Test func messagesThatOvertakeEachOtherAreHeardInOrder() throws {
        let line = try StreamLine(TelnyxWire())
        line.say(TelnyxSays.start())
        for chunk in [1, 3, 2, 4] {
            line.say(TelnyxSays.media(chunk, base64([UInt8](repeating: UInt8(chunk), count: 160))))
        }
        let heard = line.takeTexts().map { text in
            (1...4).first { text.contains(base64([UInt8](repeating: UInt8($0), count: 160))) }
        }
        #expect(heard == [1, 2, 3, 4])
        line.close()
    }

    @Test func aLostMessageIsFilledInAfterSixtyMilliseconds() throws {
        let line = try StreamLine(TelnyxWire())
        line.say(TelnyxSays.start(), TelnyxSays.media(1, Self.frame), TelnyxSays.media(3, Self.frame))
        #expect(line.host.audioBytes == 160)
        line.advance(59)
        #expect(line.host.audioBytes == 160)
        line.advance(1)
        #expect(line.host.audioBytes == 480)
        line.close()
    }

    @Test func opusIsDecodedAndItsGapsFilled() throws {
        let line = try StreamLine(TelnyxWire())
        line.say(TelnyxSays.start("OPUS", 48_000))
        let setup = try #require(line.host.setups.first)
        #expect(setup.input == (try AudioFormat(encoding: .pcm16, sampleRate: 16_000)))
        let encoder = try OpusEncoder(sampleRate: 16_000, frameMs: 20)
        let samples = (0..<320).map { Int16(($0 % 40) * 300) }
        var bytes = [UInt8](repeating: 0, count: AudioFormat.maximumOpusPacketBytes)
        for chunk in [1, 2, 4] {
            var target = bytes.mutableSpan
            let count = try encoder.encode(samples.span, into: &target)
            line.say(TelnyxSays.media(chunk, base64(Array(bytes.prefix(count)))))
        }
        #expect(line.host.audioBytes == 2 * 640)
        line.advance(60)
        #expect(line.host.audioBytes == 4 * 640)
        line.say(TelnyxSays.media(5, base64([0xFF, 0xFF, 0xFF])))
        #expect(line.host.audioBytes == 5 * 640)
        line.close()
    }

    @Test func l16IsTurnedRoundBothWays() throws {
        var settings = TelnyxWire.Settings()
        settings.codec = .l16
        let line = try StreamLine(TelnyxWire(settings))
        line.say(TelnyxSays.start("L16", 16_000), TelnyxSays.media(1, base64([0x12, 0x34, 0x56, 0x78])))
        // The scripted host sends back what it hears: turned round twice.
        #expect(line.takeTexts() == [#"{"event":"media","media":{"payload":"\#(base64([0x12, 0x34, 0x56, 0x78]))"}}"#])
        line.close()
    }

    @Test func aStreamMayConnectWhileThePhoneRings() throws {
        let line = try StreamLine(TelnyxWire())
        line.advance(9_000)
        line.say(TelnyxSays.connected)
        line.advance(20_000)
        line.send(ClientFrames.frame([], opcode: 10))
        line.advance(20_000)
        line.send(ClientFrames.frame([], opcode: 10))
        line.say(TelnyxSays.start())
        #expect(line.host.setups.count == 1)
        line.close()
    }
}

/// What is logged, in order.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var log: Log { Log(component: "test", minimum: .trace) { [self] _, _, line in lines.withLock { $0.append(line) } } }

    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}
