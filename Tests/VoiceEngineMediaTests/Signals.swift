import Foundation
import VoiceEngineCore
import VoiceEngineMedia

enum Signals {
    /// A sine of `hertz`, rounded to samples.
    static func tone(_ hertz: Double, rate: Int, count: Int, amplitude: Double = 28_000) -> [Int16] {
        (0..<count).map { Int16((amplitude * sin(2 * .pi * hertz * Double($0) / Double(rate))).rounded()) }
    }

    static func noise(_ count: Int, seed: UInt64, amplitude: Int = 32_767) -> [Int16] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in Int16(Int.random(in: -amplitude...amplitude, using: &random)) }
    }

    /// 100 ms of twelve tones at random places below `limit`.
    static func chord(below limit: Double, rate: Int, seed: UInt64) -> [Int16] {
        var random = SeededRandom(seed: seed)
        let tones = (0..<12).map { _ in
            (Double.random(in: 0.025...1, using: &random) * limit, Double.random(in: 0...6, using: &random))
        }
        return (0..<(rate / 10)).map { (index: Int) -> Int16 in
            let time = 2 * .pi * Double(index) / Double(rate)
            return Int16(2_300 * tones.map { sin($0.0 * time + $0.1) }.reduce(0, +))
        }
    }

    /// [dB] How far the difference of two signals lies below the second, in the middle half.
    static func signalToNoise(_ samples: [Int16], reference: [Int16]) -> Double {
        let range = (reference.count / 4)..<(reference.count * 3 / 4)
        var (signal, noise) = (0.0, 0.0)
        for index in range {
            let (sample, expected) = (Double(samples[index]), Double(reference[index]))
            signal += expected * expected
            noise += (sample - expected) * (sample - expected)
        }
        return 10 * log10(signal / max(noise, 1e-9))
    }

    /// [dBFS] of the middle half, so that starts and ends do not count.
    static func level(_ samples: [Int16]) -> Double {
        SignalLevel.rms(samples.span.extracting((samples.count / 4)..<(samples.count * 3 / 4)))
    }

    /// Splits the middle half into the sine of `hertz` that fits best and the rest (least squares).
    ///
    /// - Returns: amplitude of the sine, and [dB] the rest's power relative to the sine's.
    static func analyse(_ samples: [Int16], hertz: Double, rate: Int) -> (amplitude: Double, rest: Double) {
        let range = (samples.count / 4)..<(samples.count * 3 / 4)
        var (ss, sc, cc, xs, xc) = (0.0, 0.0, 0.0, 0.0, 0.0)
        let step = 2 * .pi * hertz / Double(rate)
        for index in range {
            let (s, c, x) = (sin(step * Double(index)), cos(step * Double(index)), Double(samples[index]))
            (ss, sc, cc, xs, xc) = (ss + s * s, sc + s * c, cc + c * c, xs + x * s, xc + x * c)
        }
        let determinant = ss * cc - sc * sc
        let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant)
        var rest = 0.0
        for index in range {
            let error = Double(samples[index]) - a * sin(step * Double(index)) - b * cos(step * Double(index))
            rest += error * error
        }
        let sine = (a * a + b * b) / 2 * Double(range.count)
        return ((a * a + b * b).squareRoot(), 10 * log10(max(rest, 1e-9) / max(sine, 1e-9)))
    }
}

extension Resampler {
    /// Converts all of `input` in chunks and flushes.
    func convert(_ input: [Int16], chunks: () -> Int = { 160 }, flushes: Bool = true) throws -> [Int16] {
        var output: [Int16] = []
        var room = [Int16](repeating: 0, count: 0)
        var start = 0
        while start < input.count {
            let end = min(input.count, start + chunks())
            let most = maximumOutput(forInput: end - start)
            if room.count < most { room = [Int16](repeating: 0, count: most) }
            var span = room.mutableSpan
            let count = try process(input.span.extracting(start..<end), into: &span)
            output += room[..<count]
            start = end
        }
        if flushes {
            room = [Int16](repeating: 0, count: maximumOutput(forInput: 0))
            var span = room.mutableSpan
            let count = try flush(into: &span)
            output += room[..<count]
        }
        return output
    }
}
