/// How loud a piece of PCM is.
package enum SignalLevel {
    /// [dBFS] What digital silence is reported as; no measured level is lower (one sample of ±1 in a frame is -112).
    package static let silence: Double = -120

    /// RMS level of `samples` in dB relative to a full-scale square wave (so that a full-scale sine is -3.01).
    ///
    /// - Returns: [dBFS] -120...0; -120 for silence and for no samples.
    /// - Complexity: O(n), no allocation.
    package static func rms(_ samples: Span<Int16>) -> Double {
        decibels(power: meanSquare(samples))
    }

    /// Mean of the squares, relative to full scale: 0...1.
    package static func meanSquare(_ samples: Span<Int16>) -> Double {
        if samples.isEmpty { return 0 }
        return Double(energy(of: samples)) / (Double(samples.count) * 1_073_741_824)
    }

    /// Sum of the squares.
    package static func energy(of samples: Span<Int16>) -> UInt64 {
        // 32768^2 = 2^30: 63 bits hold the sum of 2^33 samples.
        samples.withUnsafeBufferPointer { UInt64(bitPattern: SampleProducts.sum($0, $0)) }
    }

    /// `10 · log10(power)`, not below `silence`.
    package static func decibels(power: Double) -> Double {
        guard power > 1e-12, power.isFinite else { return silence }
        return 3.010_299_956_639_812 * log2(power)
    }

    /// Base-2 logarithm of a positive normal number, within 1e-9. Core has no C library to ask.
    ///
    /// ln m = 2 artanh((m - 1) / (m + 1)), whose series converges fast once m is brought into 0.707...1.414.
    package static func log2(_ value: Double) -> Double {
        var exponent = Double(value.exponent)
        var significand = value.significand
        if significand > 1.414_213_562_373_095 {
            significand /= 2
            exponent += 1
        }
        let t = (significand - 1) / (significand + 1)
        let t2 = t * t
        let series = 1 + t2 * (1.0 / 3 + t2 * (1.0 / 5 + t2 * (1.0 / 7 + t2 * (1.0 / 9 + t2 * (1.0 / 11)))))
        return exponent + 2.885_390_081_777_927 * t * series
    }
}
