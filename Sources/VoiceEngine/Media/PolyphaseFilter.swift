internal import Glibc
internal import Synchronization

/// The coefficients that turn one sample rate into another: a windowed sinc, cut into one short filter per phase.
///
/// With rates that relate as L : M (8 → 24 kHz is 3 : 1, 44.1 → 8 kHz is 80 : 441), output n lies M·n / L inputs after
/// the start; its fraction is one of L phases. The filter stops at the lower of the two Nyquist frequencies and passes
/// up to 0.425 of the lower rate, which is the telephone's 3.4 kHz at 8 kHz. The Kaiser window for -88 dB with that
/// transition is 76 periods of the lower rate long, so the delay is 38 of them: 4.75 ms at 8 kHz.
///
/// Immutable, so that all calls of an engine can share one.
package final class PolyphaseFilter: Sendable {
    /// L, the number of phases, and M, the inputs that L outputs take.
    let phases: Int
    let step: Int
    /// [inputs] that one output is made of; a multiple of 8.
    let taps: Int
    /// `phases` times `taps` coefficients, each phase in the order of time.
    let coefficients: [Float]

    /// More phases than this (a ratio like 8000 : 8001) would need a table out of proportion.
    private static let maximumPhases = 640
    /// [dB] Attenuation of images and aliases; the promise is 80.
    private static let attenuation = 88.0
    /// Width of the transition band in units of the lower rate: 3.4 to 4 kHz at 8 kHz.
    private static let transition = 0.075

    /// - Returns: nil when the rates have no small common ratio; libsamplerate serves those.
    package init?(from input: Int, to output: Int) {
        let divisor = greatestCommonDivisor(input, output)
        guard divisor > 0 else { return nil }
        phases = output / divisor
        step = input / divisor
        guard phases <= Self.maximumPhases else { return nil }

        // Kaiser's formula for the length, in periods of the lower rate; β for the attenuation.
        let length = (Self.attenuation - 8) / (2.285 * 2 * .pi * Self.transition)
        let lower = Double(min(input, output)) / Double(input)
        taps = Int((length / lower / 8).rounded(.up)) * 8
        coefficients = Self.design(phases: phases, taps: taps, cutoff: (0.5 - Self.transition / 2) * lower)
    }

    /// - Parameter cutoff: [cycles per input] where the gain is -6 dB.
    private static func design(phases: Int, taps: Int, cutoff: Double) -> [Float] {
        let beta = 0.1102 * (attenuation - 8.7)
        let half = Double(taps) / 2
        let scale = 1 / bessel(beta)
        var table: [Float] = []
        table.reserveCapacity(phases * taps)
        for phase in 0..<phases {
            // The newest tap is `taps / 2` inputs after the output's place, less the phase.
            let row = (0..<taps).map { tap -> Double in
                let distance = Double(tap) - half + 1 - Double(phase) / Double(phases)
                let edge = 1 - (distance / half) * (distance / half)
                let window = edge > 0 ? bessel(beta * edge.squareRoot()) * scale : 0
                let angle = 2 * .pi * cutoff * distance
                return (angle == 0 ? 1 : sin(angle) / angle) * window
            }
            // Each phase passes a constant exactly, so that no phase adds a tone of its own.
            let sum = row.reduce(0, +)
            table += row.map { Float($0 / sum) }
        }
        return table
    }

    /// The modified Bessel function of order 0, by its power series.
    private static func bessel(_ x: Double) -> Double {
        var (sum, term, k) = (1.0, 1.0, 1.0)
        while term > sum * 1e-17 {
            term *= (x / (2 * k)) * (x / (2 * k))
            sum += term
            k += 1
        }
        return sum
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
}

/// The filters that an engine's calls share, made when first asked for.
///
/// Making one takes 0.05 ms for the ratios of telephony, but 1 to 3 ms for those of 44.1 kHz: too long for the set-up
/// of a call, so an engine asks for those that its configuration needs beforehand. *Full* cannot happen: 64 ratios at
/// most are kept, further ones are made for their call alone.
///
/// Threads: any. Blocks: while another thread makes a filter.
package final class PolyphaseFilterBank: Sendable {
    private static let limit = 64
    private let filters = Mutex<[Ratio: PolyphaseFilter]>([:])

    private struct Ratio: Hashable {
        let from: Int
        let to: Int
    }

    package init() {}

    /// - Returns: nil when the rates are equal or have no small common ratio; `Resampler` needs no filter then.
    package func filter(from input: Int, to output: Int) -> PolyphaseFilter? {
        if input == output { return nil }
        let ratio = Ratio(from: input, to: output)
        return filters.withLock { filters in
            if let known = filters[ratio] { return known }
            let made = PolyphaseFilter(from: input, to: output)
            if filters.count < Self.limit { filters[ratio] = made }
            return made
        }
    }
}
