import CAllocationCounter
import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

/// The audio path of a stream, from message to audio and back, allocates nothing after its first frames.
@Suite struct MediaPathAllocationTests {
    /// One message in, one message out, a thousand times.
    static func allocations(
        _ wire: any StreamWire, _ message: [UInt8], isText: Bool = true, format: StreamFormat
    ) throws -> Int64 {
        var inbound = StreamInboundAudio(format)
        var outbound = StreamOutboundAudio(format, wire.traits)
        var machine = StreamStateMachine()
        var output = StreamOutput()
        _ = machine.received(.start(StreamStart()))
        var (before, bytes) = (Int64(0), 0)
        for round in 0..<1_010 {
            if round == 10 { before = voice_test_allocations() }
            try message.withUnsafeBytes { message in
                let decoded = isText ? try wire.decode(text: message) : try wire.decode(binary: message)
                guard case .takeAudio(let media) = machine.received(decoded) else { return }
                let audio = try inbound.decode(media, of: message)
                let samples = format.audio.samples(inBytes: audio.count)
                guard let ready = outbound.take(audio, samples: samples) ?? outbound.leaving() else { return }
                wire.writeMedia(ready.audio, to: &output)
            }
            bytes += output.byteCount
            output.removeAll()
        }
        let count = voice_test_allocations() - before
        #expect(bytes > 1_000 * 160)
        return count
    }

    @Test func aTwilioStreamAllocatesNothing() throws {
        let wire = TwilioWire()
        _ = try wire.says(TwilioSays.start())
        let media = Array(TwilioSays.media(TwilioSays.silence).utf8)
        #expect(try Self.allocations(wire, media, format: .telephone) == 0)
    }
}
