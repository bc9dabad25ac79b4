import Foundation
import Testing
import VoiceEngineCore
import VoiceEngineMedia

@Suite struct OpusTests {
    private func decode(_ packet: [UInt8], by decoder: OpusDecoder) throws -> [Int16] {
        var samples = [Int16](repeating: 0, count: decoder.maximumPacketSamples)
        var span = samples.mutableSpan
        let count = try decoder.decode(packet.span, into: &span)
        return Array(samples[..<count])
    }

    /// The audio in place of a lost packet.
    private func conceal(_ count: Int, next: [UInt8]? = nil, by decoder: OpusDecoder) throws -> [Int16] {
        var samples = [Int16](repeating: 0, count: 320)
        var span = samples.mutableSpan
        let made =
            if let next {
                try decoder.conceal(count, next: next.span, into: &span)
            } else {
                try decoder.conceal(count, into: &span)
            }
        return Array(samples[..<made])
    }

    private func encode(_ frame: some Collection<Int16>, by encoder: OpusEncoder) throws -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: AudioFormat.maximumOpusPacketBytes)
        var span = packet.mutableSpan
        let count = try encoder.encode(Array(frame).span, into: &span)
        return Array(packet[..<count])
    }

    @Test func decodesPacketsOfAnotherEncoderAsItsOwnDecoderDoes() throws {
        let decoder = try OpusDecoder(sampleRate: 48_000)
        let decoded = try GoldenOpus.packets.flatMap { try decode($0, by: decoder) }.dropFirst(GoldenOpus.preSkip)
        #expect(GoldenOpus.packets.count >= 5)
        #expect(GoldenOpus.decoded.count >= 45)
        for (index, expected) in GoldenOpus.decoded.enumerated() {
            // opusdec rounds from float by itself: one step of difference is its.
            #expect(abs(Int(decoded[decoded.startIndex + index * 97]) - Int(expected)) <= 1)
        }
    }

    @Test(arguments: AudioFormat.opusSampleRates, [10, 20, 60])
    func aToneSurvivesTheRoundTrip(_ rate: Int, frameMs: Int) throws {
        let encoder = try OpusEncoder(sampleRate: rate, frameMs: frameMs)
        let decoder = try OpusDecoder(sampleRate: rate)
        let tone = Signals.tone(500, rate: rate, count: rate * 3 / 5, amplitude: 8_000)
        var decoded: [Int16] = []
        for start in stride(from: 0, to: tone.count, by: encoder.frameSamples) {
            let packet = try encode(tone[start..<(start + encoder.frameSamples)], by: encoder)
            let duration = decoder.duration(of: packet.span)
            #expect(duration == encoder.frameSamples)
            decoded += try decode(packet, by: decoder)
        }
        #expect(decoded.count == tone.count)
        let found = Signals.analyse(decoded, hertz: 500, rate: rate)
        #expect(abs(found.amplitude - 8_000) < 1_200)
        #expect(found.rest < -12)
    }

    @Test func concealsALostPacketWithoutAGap() throws {
        let encoder = try OpusEncoder(sampleRate: 16_000, frameMs: 20)
        let decoder = try OpusDecoder(sampleRate: 16_000)
        let tone = Signals.tone(300, rate: 16_000, count: 6_400, amplitude: 8_000)
        for start in stride(from: 0, to: 6_080, by: 320) {
            _ = try decode(try encode(tone[start..<(start + 320)], by: encoder), by: decoder)
        }
        let samples = try conceal(320, by: decoder)
        #expect(samples.count == 320)
        #expect(SignalLevel.rms(samples.span) > -25)
        #expect(try conceal(7, by: decoder).isEmpty)
        #expect(throws: MediaError.targetTooSmall(needed: 640)) { try conceal(640, by: decoder) }
    }

    @Test func correctsALostPacketFromTheNextOne() throws {
        var settings = OpusEncoder.Settings()
        settings.expectedLossPercent = 20
        let encoder = try OpusEncoder(sampleRate: 16_000, frameMs: 20, settings: settings)
        let (plain, corrected) = (try OpusDecoder(sampleRate: 16_000), try OpusDecoder(sampleRate: 16_000))
        // The pitch jumps within the lost packet, which concealment cannot guess.
        let voice = (0..<50 * 320).map { (index: Int) -> Int16 in
            let step: Double = 2 * .pi * (index < 20 * 320 ? 200 : 420) / 16_000 * Double(index)
            let sum = (1...8).map { sin(step * Double($0)) / Double($0) }.reduce(0, +)
            return Int16(5_000 * sum)
        }
        let packets = try (0..<50).map { try encode(voice[($0 * 320)..<($0 * 320 + 320)], by: encoder) }
        for packet in packets[..<20] {
            _ = try decode(packet, by: plain)
            _ = try decode(packet, by: corrected)
        }
        let guess = try conceal(320, by: plain)
        let correction = try conceal(320, next: packets[21], by: corrected)
        #expect(correction.count == 320)
        #expect(
            Signals.analyse(correction, hertz: 420, rate: 16_000).amplitude
                > Signals.analyse(guess, hertz: 420, rate: 16_000).amplitude)
        #expect(throws: MediaError.badPacket) { try conceal(320, next: [], by: corrected) }
    }

    @Test func garbageIsAnErrorAndLeavesTheDecoderUsable() throws {
        var random = SeededRandom(seed: 0x5EED_0103)
        let decoder = try OpusDecoder(sampleRate: 8_000)
        var refused = 0
        for _ in 0..<3_000 {
            let garbage = (0..<Int.random(in: 0...1_400, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            do { _ = try decode(garbage, by: decoder) } catch MediaError.badPacket { refused += 1 }
        }
        #expect(refused > 300)
        #expect(throws: MediaError.badPacket) { try decode([], by: decoder) }
        #expect(throws: MediaError.badPacket) { try decode([UInt8](repeating: 0, count: 1_276), by: decoder) }
        decoder.reset()
        #expect(try decode(GoldenOpus.packets[0], by: decoder).count == 160)
    }

    @Test func refusesWhatItCannotDo() throws {
        #expect(throws: MediaError.unsupportedRate(44_100)) { try OpusDecoder(sampleRate: 44_100) }
        #expect(throws: MediaError.unsupportedRate(11_025)) { try OpusEncoder(sampleRate: 11_025, frameMs: 20) }
        #expect(throws: MediaError.self) { try OpusEncoder(sampleRate: 8_000, frameMs: 30) }
        let encoder = try OpusEncoder(sampleRate: 8_000, frameMs: 20)
        #expect(throws: MediaError.badFrame(expected: 160)) { try encode([1, 2, 3], by: encoder) }
        var none: [UInt8] = []
        var span = none.mutableSpan
        #expect(throws: MediaError.self) { try encoder.encode([Int16](repeating: 0, count: 160).span, into: &span) }
        var small = [Int16](repeating: 0, count: 10)
        var room = small.mutableSpan
        let decoder = try OpusDecoder(sampleRate: 48_000)
        let golden = GoldenOpus.packets[0]
        #expect(throws: MediaError.targetTooSmall(needed: 960)) {
            try decoder.decode(golden.span, into: &room)
        }
    }
}
