import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct StreamInboundAudioTests {
    /// Decodes one message of `audio` bytes in front of which the wire puts `header` bytes.
    /// - Returns: How many of them hold so many milliseconds, and the bytes of each.
    private func messages(
        _ milliseconds: Int, _ encoding: AudioEncoding, rate: Int, audio: Int, header: Int
    ) throws -> [Int] {
        let format = StreamFormat(try AudioFormat(encoding: encoding, sampleRate: rate))
        var inbound = StreamInboundAudio(format)
        let message = [UInt8](repeating: 0, count: header + audio)
        try message.withUnsafeBytes { bytes in
            _ = try inbound.decode(StreamMedia(header..<bytes.count), of: bytes)
        }
        let found = inbound.messages(inMilliseconds: milliseconds)
        return [found.count, found.size]
    }

    @Test func knowsHowManyMessagesHoldSoMuch() throws {
        for (milliseconds, count) in [(0, 0), (20, 1), (39, 1), (40, 2), (59, 2), (60, 3)] {
            #expect(try messages(milliseconds, .mulaw, rate: 8_000, audio: 160, header: 100) == [count, 260])
        }
        #expect(try messages(40, .pcm16, rate: 16_000, audio: 640, header: 0) == [2, 640])
        #expect(try messages(40, .mulaw, rate: 8_000, audio: 800, header: 0) == [0, 800])
    }

    @Test func packetsOfAnyLengthAreNotCounted() throws {
        #expect(try messages(40, .opus, rate: 48_000, audio: 40, header: 0) == [0, 0])
        #expect(try messages(40, .mulaw, rate: 8_000, audio: 0, header: 100) == [0, 0], "no audio yet")
    }
}
