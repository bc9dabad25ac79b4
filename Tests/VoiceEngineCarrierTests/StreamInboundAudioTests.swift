import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct StreamInboundAudioTests {
    /// Decodes one message of `audio` bytes in front of which the wire puts `header` bytes.
    private func inbound(
        _ encoding: AudioEncoding, rate: Int, audio: Int, header: Int
    ) throws -> (Int) -> Int {
        let format = StreamFormat(try AudioFormat(encoding: encoding, sampleRate: rate))
        var inbound = StreamInboundAudio(format)
        let message = [UInt8](repeating: 0, count: header + audio)
        try message.withUnsafeBytes { bytes in
            let media = StreamMedia(header..<bytes.count)
            _ = try inbound.decode(media, of: bytes)
        }
        let sizes = (0...400).map { inbound.wireBytes(ofMilliseconds: $0) }
        return { sizes[$0] }
    }

    @Test func gatheringIsHalfAMessageShortOfWhatIsWanted() throws {
        let telephone = try inbound(.mulaw, rate: 8_000, audio: 160, header: 100)
        #expect([0, 20, 39].map(telephone) == [0, 0, 0], "less than two messages")
        #expect([40, 59, 60, 400].map(telephone) == [390, 390, 650, 1_950])
        let wide = try inbound(.pcm16, rate: 16_000, audio: 640, header: 0)
        #expect([20, 40].map(wide) == [0, 960])
        let long = try inbound(.mulaw, rate: 8_000, audio: 800, header: 0)
        #expect(long(40) == 0)
    }

    @Test func packetsOfAnyLengthAreNotGathered() throws {
        let opus = try inbound(.opus, rate: 48_000, audio: 40, header: 0)
        #expect(opus(40) == 0)
        let silent = try inbound(.mulaw, rate: 8_000, audio: 0, header: 100)
        #expect(silent(40) == 0, "no audio yet")
    }
}
