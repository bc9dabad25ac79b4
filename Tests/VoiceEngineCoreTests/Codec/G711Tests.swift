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

    @Test func encodesEverySampleToMulawAsTheReference() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var target = bytes.mutableSpan
        #expect(G711.encodeMulaw(Self.everySample.span, into: &target) == 65_536)
        #expect(fnv(bytes) == 0xD5EE_23F7_D0FF_AE91)
    }

    @Test func encodesEverySampleToAlawAsTheReference() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var target = bytes.mutableSpan
        #expect(G711.encodeAlaw(Self.everySample.span, into: &target) == 65_536)
        #expect(fnv(bytes) == 0xF030_666E_B780_CF25)
    }

    @Test func decodesEveryMulawCodeAsTheReference() {
        var samples = [Int16](repeating: 0, count: 256)
        var target = samples.mutableSpan
        #expect(G711.decodeMulaw(Self.everyCode.span, into: &target) == 256)
        #expect(fnv(littleEndian(samples)) == 0xB91E_65D6_8481_A1A8)
    }

    @Test func decodesEveryAlawCodeAsTheReference() {
        var samples = [Int16](repeating: 0, count: 256)
        var target = samples.mutableSpan
        #expect(G711.decodeAlaw(Self.everyCode.span, into: &target) == 256)
        #expect(fnv(littleEndian(samples)) == 0x693A_40CA_62A3_D2A5)
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
