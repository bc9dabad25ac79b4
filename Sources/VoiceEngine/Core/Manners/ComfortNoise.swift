/// Quiet noise in place of digital silence, so that a caller does not take the line for dead.
///
/// White noise through one pole, which takes the hiss out of it: 3 dB less at 1.3 kHz (of 8 kHz), 12 dB less at 4 kHz,
/// about what RFC 3389 calls the spectrum of a quiet room. The same seed gives the same noise. Pure; allocates nothing.
package struct ComfortNoise: Sendable {
    /// [dBFS] What can be asked for.
    package static let levels = -70...(-40)

    private static let pole: Float = 0.5
    private let gain: Float
    private var state: UInt32
    private var held: Float = 0

    /// - Parameter level: [dBFS] RMS relative to a full-scale square wave; clamped to `levels`.
    package init(level: Int, seed: UInt32 = 0x9E37_79B9) {
        let level = min(max(level, Self.levels.lowerBound), Self.levels.upperBound)
        // Uniform noise in -1..<1 has a mean square of 1/3, and behind the pole of 1/3 / (1 - pole²).
        let power = (1 / 3) / (1 - Self.pole * Self.pole)
        gain = 32_768 * Float(Self.ratio(decibels: level)) / power.squareRoot()
        state = seed == 0 ? 1 : seed
    }

    /// Overwrites the samples with the noise that follows.
    package mutating func fill(_ samples: UnsafeMutableBufferPointer<Int16>) {
        for index in samples.indices {
            // Marsaglia's xorshift32: a period of 2^32 - 1, six days at 8 kHz.
            state ^= state << 13
            state ^= state >> 17
            state ^= state << 5
            let white = Float(Int32(bitPattern: state)) * 0x1p-31
            held = white + Self.pole * held
            // At most 2 · 328: no clamping is needed.
            samples[index] = Int16((held * gain).rounded())
        }
    }

    /// 10^(x/20) for whole x, without a C library.
    private static func ratio(decibels: Int) -> Double {
        var result = 1.0
        for _ in 0..<decibels.magnitude { result *= 0.891_250_938_133_745_6 }
        return decibels < 0 ? result : 1 / result
    }
}
