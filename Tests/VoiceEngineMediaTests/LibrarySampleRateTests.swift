import Foundation
import Testing
import VoiceEngineCore
import VoiceEngineMedia

/// The path through libsamplerate: what odd ratios take, and `best`.
@Suite struct LibrarySampleRateTests {
    /// One that has no polyphase filter, and some that have one, for comparison.
    private static let ratios: [(from: Int, to: Int)] = [
        (44_100, 8_000), (8_000, 44_100), (11_025, 16_000), (8_001, 16_000), (16_000, 8_001), (48_000, 8_000),
    ]

    @Test(arguments: ratios.filter { $0.from > $0.to })
    fileprivate func tonesAboveTheOutputsBandVanish(_ ratio: (from: Int, to: Int)) throws {
        let (low, high) = (Double(ratio.to) / 2, Double(ratio.from) / 2)
        for part in [0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98] {
            let hertz = low + (high - low) * part
            let tone = Signals.tone(hertz, rate: ratio.from, count: ratio.from / 16)
            let output = try Resampler(from: ratio.from, to: ratio.to, converter: .medium).convert(tone)
            let rejection = Signals.level(output) - -4.4  // 28,000 of 32,768 as a sine
            #expect(rejection <= -80, "\(hertz) Hz is only \(rejection) dB down")
        }
    }

    @Test(arguments: ratios.filter { $0.from < $0.to })
    fileprivate func tonesLeaveNoImages(_ ratio: (from: Int, to: Int)) throws {
        for part in [0.01, 0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99] {
            let hertz = part * Double(ratio.from) / 2
            let tone = Signals.tone(hertz, rate: ratio.from, count: ratio.from / 10)
            let output = try Resampler(from: ratio.from, to: ratio.to, converter: .medium).convert(tone)
            let found = Signals.analyse(output, hertz: hertz, rate: ratio.to)
            let rest = found.rest + 20 * log10(max(found.amplitude, 1e-6) / 28_000)
            #expect(rest <= -80, "\(hertz) Hz has images at \(rest) dB")
        }
    }

    @Test(arguments: ratios)
    fileprivate func anySplitGivesTheSameSamples(_ ratio: (from: Int, to: Int)) throws {
        var random = SeededRandom(seed: 0x5EED_0105)
        let input = Signals.noise(3_000, seed: 7)
        let resampler = try Resampler(from: ratio.from, to: ratio.to, converter: .medium)
        let whole = try resampler.convert(input, chunks: { 3_000 })
        #expect(whole.count == (3_000 * ratio.to + ratio.from / 2) / ratio.from)
        #expect(try resampler.convert(input, chunks: { 1 }) == whole)
        #expect(try resampler.convert(input, chunks: { Int.random(in: 1...2_000, using: &random) }) == whole)
        _ = try resampler.convert(input, flushes: false)
        resampler.reset()
        #expect(try resampler.convert(input, chunks: { 480 }) == whole)
    }

    /// A tone across many chunk borders stays one tone: a click would be a broad rest.
    @Test(arguments: ratios)
    fileprivate func chunkBordersDoNotClick(_ ratio: (from: Int, to: Int)) throws {
        let hertz = 0.3 * Double(min(ratio.from, ratio.to))
        let tone = Signals.tone(hertz, rate: ratio.from, count: ratio.from / 5)
        let output = try Resampler(from: ratio.from, to: ratio.to, converter: .medium).convert(tone, chunks: { 37 })
        let found = Signals.analyse(output, hertz: hertz, rate: ratio.to)
        #expect(abs(20 * log10(found.amplitude / 28_000)) < 0.02)
        #expect(found.rest < -80, "\(found.rest) dB")
    }

    /// Output n belongs to input n · from / to, as with the polyphase filter, and what is held back is bounded by `delay`.
    @Test(arguments: ratios)
    fileprivate func theDelayIsWhatItSays(_ ratio: (from: Int, to: Int)) throws {
        let resampler = try Resampler(from: ratio.from, to: ratio.to, converter: .medium)
        // A bump of 2 ms in the middle comes out at its place.
        let centre = ratio.from / 10
        let width = Double(ratio.from) / 1_000
        let bump = (0..<(ratio.from / 5)).map { index -> Int16 in
            let distance = Double(index - centre) / width
            return Int16(20_000 * exp(-distance * distance / 2))
        }
        let output = try resampler.convert(bump)
        let weight = output.reduce(0.0) { $0 + Double($1) }
        let place = output.enumerated().reduce(0.0) { $0 + Double($1.offset) * Double($1.element) } / weight
        let due = Double(centre) * Double(ratio.to) / Double(ratio.from)
        #expect(abs(place - due) < 0.02, "\(place) instead of \(due)")

        var (made, most) = (0, 0)
        for given in 1...(ratio.from / 10) {
            made += try resampler.convert([0], flushes: false).count
            most = max(most, given - made * ratio.from / ratio.to)
        }
        #expect(most <= resampler.delay + 1, "\(most) inputs are held back, \(resampler.delay) are said")
        #expect(most >= resampler.delay / 4)
    }

    @Test func oddRatiosComeHereByThemselves() throws {
        let input = Signals.tone(1_000, rate: 8_001, count: 8_001)
        let standard = try Resampler(from: 8_001, to: 16_000).convert(input)
        #expect(standard.count == 16_000)
        #expect(Signals.analyse(standard, hertz: 1_000, rate: 16_000).rest < -80)
        #expect(try Resampler(from: 8_001, to: 16_000, converter: .medium).convert(input) == standard)
    }
}
