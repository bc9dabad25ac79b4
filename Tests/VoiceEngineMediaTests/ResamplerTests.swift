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

    /// Independent judges: libsamplerate at its best must give the same audio at the same places.
    @Test(arguments: ratios)
    fileprivate func agreesWithLibsamplerate(_ ratio: (from: Int, to: Int)) throws {
        // Twelve tones within the flat band of both.
        let lower = min(ratio.from, ratio.to)
        var random = SeededRandom(seed: 0x5EED_0102)
        let tones = (0..<12).map { _ in
            (Double.random(in: 0.01...0.4, using: &random) * Double(lower), Double.random(in: 0...6, using: &random))
        }
        let input = (0..<(ratio.from / 10)).map { (index: Int) -> Int16 in
            let time = 2 * .pi * Double(index) / Double(ratio.from)
            return Int16(2_300 * tones.map { sin($0.0 * time + $0.1) }.reduce(0, +))
        }
        let ours = try Resampler(from: ratio.from, to: ratio.to).convert(input)
        let theirs = try Resampler(from: ratio.from, to: ratio.to, quality: .best).convert(input)
        #expect(ours.count == theirs.count)
        let middle = (ours.count / 4)..<(ours.count * 3 / 4)
        let worst = middle.map { abs(Int(ours[$0]) - Int(theirs[$0])) }.max() ?? .max
        #expect(worst <= 6)
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

    @Test func libsamplerateServesTheOddRatios() throws {
        let input = Signals.tone(1_000, rate: 8_001, count: 8_001)
        let resampler = try Resampler(from: 8_001, to: 16_000)
        let output = try resampler.convert(input)
        #expect(output.count == 16_000)
        #expect(Signals.analyse(output, hertz: 1_000, rate: 16_000).rest < -80)
        #expect(try resampler.convert(input, chunks: { 37 }) == output)
        #expect(try resampler.convert(input, chunks: { 2_111 }) == output)
    }

    @Test(arguments: [8_000, 16_000, 44_100, 8_001])
    func noSampleIsLostOrDoubledInAnHour(_ from: Int) throws {
        // Unoptimised code is 50 times slower; `swift test -c release` runs the whole hour.
        #if DEBUG
            let seconds = 4
        #else
            let seconds = from == 8_001 ? 60 : 3_600
        #endif
        let to = from == 16_000 ? 8_000 : 16_000
        let resampler = try Resampler(from: from, to: to)
        // 997 is prime to every frame length: all splits occur.
        let chunk = Signals.tone(400, rate: from, count: 997)
        var room = [Int16](repeating: 0, count: resampler.maximumOutput(forInput: 997))
        var (given, made) = (0, 0)
        while given < from * seconds {
            let count = min(997, from * seconds - given)
            var span = room.mutableSpan
            made += try resampler.process(chunk.span.extracting(0..<count), into: &span)
            given += count
            // What waits is never more than the delay.
            #expect(given * to - made * from <= (resampler.delay + 1) * to)
        }
        var span = room.mutableSpan
        made += try resampler.flush(into: &span)
        #expect(made == to * seconds)
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

    @Test func aFilterIsSharedOnlyWhereItFits() throws {
        let filter = PolyphaseFilter(from: 8_000, to: 16_000)
        let input = Signals.noise(500, seed: 8)
        let alone = try Resampler(from: 24_000, to: 8_000).convert(input)
        #expect(try Resampler(from: 24_000, to: 8_000, filter: filter).convert(input) == alone)
        let twice = try Resampler(from: 8_000, to: 16_000).convert(input)
        #expect(try Resampler(from: 8_000, to: 16_000, filter: filter).convert(input) == twice)
        #expect(PolyphaseFilter(from: 8_001, to: 16_000) == nil)

        let bank = PolyphaseFilterBank()
        #expect(bank.filter(from: 8_000, to: 16_000) === bank.filter(from: 8_000, to: 16_000))
        #expect(bank.filter(from: 8_000, to: 16_000) !== bank.filter(from: 16_000, to: 8_000))
        #expect(bank.filter(from: 8_000, to: 8_000) == nil)
        #expect(bank.filter(from: 8_001, to: 16_000) == nil)
    }
}
