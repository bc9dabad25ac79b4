internal import Glibc
internal import Synchronization

/// The coefficients that turn one sample rate into another: a windowed sinc, cut into one short filter per phase.
///
/// With rates that relate as L : M (8 → 24 kHz is 3 : 1, 44.1 → 8 kHz is 80 : 441), output n lies M·n / L inputs after
/// the start; its fraction is one of L phases. The filter stops at the lower of the two Nyquist frequencies and passes
/// up to 0.425 of the lower rate, which is the telephone's 3.4 kHz at 8 kHz. The Kaiser window for -88 dB with that
/// transition is 76 periods of the lower rate long, so the delay is 38 of them: 4.75 ms at 8 kHz.
///
/// Immutable, so that all calls can share one (`shared`).
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

extension PolyphaseFilter {
    /// [Hz] The rates of telephony and of speech models; calls between them find their filters made.
    package static let usualRates = [8_000, 16_000, 24_000, 48_000]

    /// Makes the filters between the usual rates: 12, which take 0.4 ms and 60 KB. An engine does it when it is created,
    /// so that the set-up of a call does not. (Those of 44.1 kHz take 4 to 16 ms each, once.)
    package static func prepare() {
        for input in usualRates {
            for output in usualRates { _ = shared(from: input, to: output) }
        }
    }

    /// The filter between two rates, the same for all calls of the process: an immutable table, made when first asked for
    /// and then kept. *Full* cannot happen: beyond `maximumShared` coefficients one is made for its call alone.
    ///
    /// Threads: any. Never waits for the making of another filter.
    ///
    /// - Returns: nil when the rates are equal or have no small common ratio; `Resampler` needs no filter then.
    package static func shared(from input: Int, to output: Int) -> PolyphaseFilter? {
        if input == output { return nil }
        let ratio = Ratio(from: input, to: output)
        if let known = table.withLock({ $0.filters[ratio] }) { return known }
        guard let made = PolyphaseFilter(from: input, to: output) else { return nil }
        return table.withLock { table in
            // Another thread may have been quicker.
            if let known = table.filters[ratio] { return known }
            if table.size + made.coefficients.count <= maximumShared {
                table.filters[ratio] = made
                table.size += made.coefficients.count
            }
            return made
        }
    }

    /// [coefficients] 4 MB: all ratios between all rates in use are half of it.
    private static let maximumShared = 1 << 20

    private struct Ratio: Hashable {
        let from: Int
        let to: Int
    }

    private struct Table {
        var filters: [Ratio: PolyphaseFilter] = [:]
        var size = 0
    }

    private static let table = Mutex(Table())
}
