import CAllocationCounter
import Foundation
import Testing
import VoiceEngineCore
import VoiceEngineMedia

private typealias Ratio = (from: Int, to: Int)

@Suite struct ResamplerTests {
    private static let ratios: [Ratio] = [
        (8_000, 16_000), (16_000, 8_000), (8_000, 24_000), (24_000, 8_000), (8_000, 48_000), (48_000, 8_000),
        (16_000, 24_000), (24_000, 16_000), (16_000, 48_000), (48_000, 16_000), (24_000, 48_000), (48_000, 24_000),
        (22_050, 8_000), (8_000, 22_050), (44_100, 8_000), (8_000, 44_100), (22_050, 16_000), (44_100, 16_000),
        (44_100, 48_000), (11_025, 8_000),
    ]

    /// Tones that the output cannot carry must vanish: measured against the tone that went in.
    @Test(arguments: ratios.filter { $0.from > $0.to })
    fileprivate func tonesAboveTheOutputsBandVanish(_ ratio: (from: Int, to: Int)) throws {
        let (low, high) = (Double(ratio.to) / 2, Double(ratio.from) / 2)
        for part in [0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98] {
            let hertz = low + (high - low) * part
            let tone = Signals.tone(hertz, rate: ratio.from, count: ratio.from / 16)
            let output = try Resampler(from: ratio.from, to: ratio.to).convert(tone)
            let rejection = Signals.level(output) - -4.4  // 28,000 of 32,768 as a sine
            #expect(rejection <= -80, "\(hertz) Hz is only \(rejection) dB down")
        }
    }

    /// A tone in the input's band, to its very edge, comes out alone: no image of it above the band.
    @Test(arguments: ratios.filter { $0.from < $0.to })
    fileprivate func tonesLeaveNoImages(_ ratio: (from: Int, to: Int)) throws {
        for part in [0.01, 0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99] {
            let hertz = part * Double(ratio.from) / 2
            let tone = Signals.tone(hertz, rate: ratio.from, count: ratio.from / 10)
            let output = try Resampler(from: ratio.from, to: ratio.to).convert(tone)
            let found = Signals.analyse(output, hertz: hertz, rate: ratio.to)
            // Relative to the tone that went in: at the edge of the band the tone itself is faded out.
            let rest = found.rest + 20 * log10(max(found.amplitude, 1e-6) / 28_000)
            #expect(rest <= -80, "\(hertz) Hz has images at \(rest) dB")
        }
    }

    @Test(arguments: ratios)
    fileprivate func theTelephoneBandPassesFlat(_ ratio: (from: Int, to: Int)) throws {
        let lower = Double(min(ratio.from, ratio.to))
        for part in [0.01, 0.1, 0.25, 0.35, 0.42] {
            let tone = Signals.tone(part * lower, rate: ratio.from, count: ratio.from / 10)
            let output = try Resampler(from: ratio.from, to: ratio.to).convert(tone)
            let found = Signals.analyse(output, hertz: part * lower, rate: ratio.to)
            #expect(abs(20 * log10(found.amplitude / 28_000)) < 0.02, "\(part * lower) Hz")
            #expect(found.rest < -80)
        }
    }

    @Test(arguments: ratios)
    fileprivate func anySplitGivesTheSameSamples(_ ratio: (from: Int, to: Int)) throws {
        var random = SeededRandom(seed: 0x5EED_0101)
        let input = Signals.noise(3_000, seed: 5)
        let resampler = try Resampler(from: ratio.from, to: ratio.to)
        let whole = try resampler.convert(input, chunks: { 3_000 })
        #expect(whole.count == (3_000 * ratio.to + ratio.from / 2) / ratio.from)
        // The same object again: flush starts over.
        #expect(try resampler.convert(input, chunks: { 1 }) == whole)
        #expect(try resampler.convert(input, chunks: { Int.random(in: 1...2_000, using: &random) }) == whole)
        _ = try resampler.convert(input, flushes: false)
        resampler.reset()
        #expect(try resampler.convert(input, chunks: { 480 }) == whole)
    }

    /// An independent judge: libsamplerate at its best must give the same audio at the same places.
    @Test(arguments: ratios)
    fileprivate func agreesWithLibsamplerate(_ ratio: (from: Int, to: Int)) throws {
        let input = Signals.chord(below: 0.4 * Double(min(ratio.from, ratio.to)), rate: ratio.from, seed: 0x5EED_0102)
        let ours = try Resampler(from: ratio.from, to: ratio.to).convert(input)
        let theirs = try Resampler(from: ratio.from, to: ratio.to, quality: .best).convert(input)
        #expect(ours.count == theirs.count)
        let middle = (ours.count / 4)..<(ours.count * 3 / 4)
        let worst = middle.map { abs(Int(ours[$0]) - Int(theirs[$0])) }.max() ?? .max
        #expect(worst <= 6)
        let difference = Signals.signalToNoise(ours, reference: theirs)
        #expect(difference >= 80, "\(difference) dB")
    }

    @Test(arguments: ratios)
    fileprivate func theDelayIsWhatItSays(_ ratio: (from: Int, to: Int)) throws {
        let resampler = try Resampler(from: ratio.from, to: ratio.to)
        let made = try resampler.convert([Int16](repeating: 0, count: resampler.delay), flushes: false)
        #expect(made.isEmpty)
        #expect(try resampler.convert([0], flushes: false).count >= 1)
        // 8 ms: the ear does not notice, the turn does not either.
        #expect(resampler.delay * 1_000 <= 8 * ratio.from)
    }

    @Test func equalRatesPassThroughUntouched() throws {
        let resampler = try Resampler(from: 16_000, to: 16_000)
        let input = Signals.noise(1_000, seed: 6)
        #expect(resampler.delay == 0)
        #expect(try resampler.convert(input) == input)
    }

    @Test func clampsWhatTheFilterOvershoots() throws {
        let square = (0..<2_000).map { Int16($0 / 20 % 2 == 0 ? 32_767 : -32_768) }
        let output = try Resampler(from: 8_000, to: 16_000).convert(square)
        // An overflow that wrapped around would jump across the whole range within one sample inside a half period.
        for index in stride(from: 400, to: 3_600, by: 80) {
            #expect(output[(index + 5)..<(index + 35)].allSatisfy { $0 > 20_000 })
        }
        #expect(output.max() == .max && output.min() == .min)
    }

    @Test func refusesWhatItCannotDo() throws {
        for rate in [0, -8_000, 7_999, 48_001, .max] {
            #expect(throws: MediaError.unsupportedRate(rate)) { try Resampler(from: rate, to: 8_000) }
            #expect(throws: MediaError.unsupportedRate(rate)) { try Resampler(from: 8_000, to: rate) }
        }
        let resampler = try Resampler(from: 8_000, to: 16_000)
        var small = [Int16](repeating: 9, count: 10)
        var span = small.mutableSpan
        let input = [Int16](repeating: 1, count: 160)
        let needed = resampler.maximumOutput(forInput: 160)
        #expect(throws: MediaError.targetTooSmall(needed: needed)) { try resampler.process(input.span, into: &span) }
        #expect(throws: MediaError.self) { try resampler.flush(into: &span) }
        #expect(small == [Int16](repeating: 9, count: 10))
        #expect(try resampler.convert([]) == [])
    }

    /// What a call's set-up asks for is there already, and stays one table for everybody.
    @Test func filtersAreSharedByAllCalls() throws {
        PolyphaseFilter.prepare()
        let first = try #require(PolyphaseFilter.shared(from: 8_000, to: 16_000))
        #expect(PolyphaseFilter.shared(from: 8_000, to: 16_000) === first)
        #expect(PolyphaseFilter.shared(from: 16_000, to: 8_000) !== first)
        #expect(PolyphaseFilter.shared(from: 8_000, to: 8_000) == nil)
        #expect(PolyphaseFilter.shared(from: 8_001, to: 16_000) == nil)
        #expect(PolyphaseFilter(from: 8_001, to: 16_000) == nil)
        // Two streams through one table do not know of each other.
        let input = Signals.noise(1_000, seed: 8)
        let alone = try Resampler(from: 8_000, to: 16_000).convert(input)
        let (one, other) = (try Resampler(from: 8_000, to: 16_000), try Resampler(from: 8_000, to: 16_000))
        let half = try one.convert(Array(input[..<500]), flushes: false)
        _ = try other.convert(Signals.noise(700, seed: 9))
        #expect(try half + one.convert(Array(input[500...])) == alone)
    }
}
