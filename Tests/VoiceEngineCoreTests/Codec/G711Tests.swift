import Testing

import VoiceEngineCore

/// References: `Tests/GoldenAudio/make_g711.py` (Python's audioop, checked against sox).
@Suite struct G711Tests {
    private static let everySample = (-32_768...32_767).map { Int16($0) }
    private static let everyCode = (0...255).map { UInt8($0) }

    /// FNV-1a, as the script has it.
    private func fnv(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    private func littleEndian(_ samples: [Int16]) -> [UInt8] {
        samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    @Test(arguments: G711.Vectors.all)
    func encodesEverySampleToMulawAsTheReference(_ vectors: G711.Vectors) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var target = bytes.mutableSpan
        #expect(G711.encodeMulaw(Self.everySample.span, into: &target, by: vectors) == 65_536)
        #expect(fnv(bytes) == 0xD5EE_23F7_D0FF_AE91)
    }

    @Test(arguments: G711.Vectors.all)
    func encodesEverySampleToAlawAsTheReference(_ vectors: G711.Vectors) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var target = bytes.mutableSpan
        #expect(G711.encodeAlaw(Self.everySample.span, into: &target, by: vectors) == 65_536)
        #expect(fnv(bytes) == 0xF030_666E_B780_CF25)
    }

    @Test(arguments: G711.Vectors.all)
    func decodesEveryMulawCodeAsTheReference(_ vectors: G711.Vectors) {
        var samples = [Int16](repeating: 0, count: 256)
        var target = samples.mutableSpan
        #expect(G711.decodeMulaw(Self.everyCode.span, into: &target, by: vectors) == 256)
        #expect(fnv(littleEndian(samples)) == 0xB91E_65D6_8481_A1A8)
    }

    @Test(arguments: G711.Vectors.all)
    func decodesEveryAlawCodeAsTheReference(_ vectors: G711.Vectors) {
        var samples = [Int16](repeating: 0, count: 256)
        var target = samples.mutableSpan
        #expect(G711.decodeAlaw(Self.everyCode.span, into: &target, by: vectors) == 256)
        #expect(fnv(littleEndian(samples)) == 0x693A_40CA_62A3_D2A5)
    }

    /// A frame of any length has a beginning of whole vectors and an end without; nothing is written behind it.
    @Test(arguments: G711.Vectors.all)
    func convertsFramesOfAnyLengthSampleBySample(_ vectors: G711.Vectors) {
        for count in 0...200 {
            let samples = (0..<count).map { Int16(truncatingIfNeeded: $0 &* 7_919) }
            let codes = samples.map { UInt8(truncatingIfNeeded: $0) }
            var bytes = [UInt8](repeating: 0x33, count: count + 1)
            var linear = [Int16](repeating: 0x3333, count: count + 1)
            var target = bytes.mutableSpan
            #expect(G711.encodeMulaw(samples.span, into: &target, by: vectors) == count)
            #expect(bytes == samples.map { G711.mulaw($0) } + [0x33])
            target = bytes.mutableSpan
            #expect(G711.encodeAlaw(samples.span, into: &target, by: vectors) == count)
            #expect(bytes == samples.map { G711.alaw($0) } + [0x33])
            var room = linear.mutableSpan
            #expect(G711.decodeMulaw(codes.span, into: &room, by: vectors) == count)
            #expect(linear == codes.map { G711.linear(mulaw: $0) } + [0x3333])
            room = linear.mutableSpan
            #expect(G711.decodeAlaw(codes.span, into: &room, by: vectors) == count)
            #expect(linear == codes.map { G711.linear(alaw: $0) } + [0x3333])
        }
    }

    /// Rows printed by the script, so that a wrong kernel shows where it is wrong.
    @Test(arguments: [
        (0, 0xFF, 0xD5), (-1, 0x7E, 0x55), (1, 0xFF, 0xD5), (3, 0xFF, 0xD5), (4, 0xFE, 0xD5), (-4, 0x7E, 0x55),
        (132, 0xEF, 0xDD), (-132, 0x6F, 0x5D), (1_000, 0xCE, 0xFA), (-1_000, 0x4E, 0x7A), (8_031, 0xA0, 0x8A),
        (32_635, 0x80, 0xAA), (32_767, 0x80, 0xAA), (-32_768, 0x00, 0x2A),
    ])
    func encodesSingleSamples(_ row: (sample: Int, mulaw: Int, alaw: Int)) {
        #expect(G711.mulaw(Int16(row.sample)) == UInt8(row.mulaw))
        #expect(G711.alaw(Int16(row.sample)) == UInt8(row.alaw))
    }

    @Test func everyCodeSurvivesDecodingAndEncoding() {
        for code in Self.everyCode {
            // Negative zero is the one code that μ-law has twice.
            #expect(G711.mulaw(G711.linear(mulaw: code)) == (code == 0x7F ? 0xFF : code))
            #expect(G711.alaw(G711.linear(alaw: code)) == code)
        }
    }

    @Test func theSilenceBytesAreQuiet() {
        #expect(G711.linear(mulaw: G711.mulawSilence) == 0)
        #expect(G711.linear(alaw: G711.alawSilence) == 8)
    }

    @Test func convertsNoMoreThanTheShorterSide() {
        var bytes = [UInt8](repeating: 1, count: 4)
        var target = bytes.mutableSpan
        #expect(G711.encodeMulaw([Int16](repeating: 0, count: 3).span, into: &target) == 3)
        #expect(bytes == [0xFF, 0xFF, 0xFF, 1])
        var samples: [Int16] = [7]
        var room = samples.mutableSpan
        #expect(G711.decodeAlaw([UInt8](repeating: 0xD5, count: 9).span, into: &room) == 1)
        #expect(samples == [8])
    }
}
