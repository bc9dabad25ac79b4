/// Finds the beep of an answering machine in the caller's audio at 8 kHz: one steady tone of 350 to 2,200 Hz that lasts
/// 150 ms to 3 s, with quiet after it.
///
/// Works on windows of 10 ms by three sums. A pure tone of angular frequency ω obeys x[n] = a·x[n-1] - x[n-2] with
/// a = 2·cos ω, whatever its level and phase; the `a` that fits best is its frequency, and what is left over against
/// the window's energy says how pure it is. Two tones (DTMF, dial tone, American ringback), vowels, music and noise leave
/// much over, or change their level or frequency from window to window.
///
/// What exchanges play is no beep: 395 to 437 Hz (ringback and busy in most countries), 440 Hz for longer than 1.3 s
/// (ringback in France), and a tone that follows another without quiet between them (special information tones).
///
/// Pure; about 0.3 µs per window, allocates nothing.
package struct BeepDetector: Sendable {
    /// A beep that is over.
    package struct Beep: Equatable, Sendable {
        /// [ms] of tone, in steps of 10.
        package var milliseconds: Int
        /// [ms] from the end of the tone to the end of the window that proved it.
        package var quiet: Int
    }

    /// [Hz]
    package static let sampleRate = 8_000
    /// [samples] 10 ms.
    private static let window = 80
    /// [windows] Shortest and longest tone.
    private static let shortest = 15
    private static let longest = 300
    /// [windows] of quiet that prove the end of a tone, and that forget what came before.
    private static let proof = 8
    private static let pause = 10
    /// A tone so much stronger than the sound before it begins anew: 8 dB.
    private static let rise = 6.0
    /// Energy left over by the best fit against the window's own, at most: -17 dB. A pure tone behind μ-law has -35 dB.
    private static let impurity = 0.02
    /// Energy of a window against the tone's mean: within 2.5 dB.
    private static let level = 1.78
    /// What is 15 dB below the tone is quiet.
    private static let quietRatio = 0.032
    /// [mean square] Weaker windows (-45 dBFS) hold no tone.
    private static let weakest = 33_000.0

    // a = 2·cos(2π·f/8000) at the borders; it falls with the frequency.
    private static let lowest = 1.924_914
    private static let highest = -0.312_869
    private static let ringback = (1.883_4)...(1.904_6)
    private static let frenchRingback = (1.879_0)...(1.883_4)
    /// [windows]
    private static let frenchShortest = 130

    private enum State {
        case idle
        /// One loud window after quiet, or after something much quieter: the edge of a tone, perhaps.
        case edge(before: Double)
        case tone(Tone)
        case quiet(Tone, windows: Int)
        /// A sound that is no beep: nothing counts until there was quiet.
        case spoilt(power: Double, quiet: Int)
    }

    private struct Tone {
        var windows = 0
        /// Sums over the windows.
        var a = 0.0
        var power = 0.0

        var meanA: Double { a / Double(max(windows, 1)) }
        var meanPower: Double { power / Double(max(windows, 1)) }

        mutating func take(_ fit: Fit) {
            windows += 1
            a += fit.a
            power += fit.power
        }
    }

    /// A window as a tone.
    private struct Fit {
        /// [mean square]
        var power: Double
        var a: Double
        var isPure: Bool
    }

    private var state = State.idle
    private var filled = 0
    private var last: (Int32, Int32) = (0, 0)
    /// Σ x[n-1]², Σ (x[n] + x[n-2])·x[n-1], Σ (x[n] + x[n-2])², each below 80·2^32.
    private var sums: (energy: Int64, product: Int64, outer: Int64) = (0, 0, 0)

    package init() {}

    /// Hears samples at 8 kHz. Any length; the last beep that ended among them is told.
    package mutating func heard(_ samples: Span<Int16>) -> Beep? {
        var beep: Beep?
        for index in samples.indices {
            let x = Int32(samples[index])
            let middle = Int64(last.0)
            let outer = Int64(x &+ last.1)
            sums.energy &+= middle &* middle
            sums.product &+= outer &* middle
            sums.outer &+= outer &* outer
            last = (x, last.0)
            filled += 1
            if filled == Self.window {
                if let found = judge(fit()) { beep = found }
                (filled, sums) = (0, (0, 0, 0))
            }
        }
        return beep
    }

    private func fit() -> Fit {
        let energy = Double(sums.energy)
        let power = energy / Double(Self.window)
        guard energy > 0 else { return Fit(power: 0, a: 0, isPure: false) }
        let a = Double(sums.product) / energy
        // White noise leaves (2 + a²) of its energy.
        let left = (Double(sums.outer) - a * Double(sums.product)) / ((2 + a * a) * energy)
        let isInRange = a <= Self.lowest && a >= Self.highest
        return Fit(power: power, a: a, isPure: power >= Self.weakest && isInRange && left <= Self.impurity)
    }

    private mutating func judge(_ fit: Fit) -> Beep? {
        switch state {
        case .idle:
            if fit.isPure { begin(fit) } else if fit.power >= Self.weakest { state = .edge(before: 0) }
        case .edge(let before):
            if fit.isPure, fit.power >= before * Self.rise { begin(fit) } else { spoil(fit) }
        case .tone(var tone):
            if Self.belongs(fit, to: tone) {
                tone.take(fit)
                state = tone.windows > Self.longest ? .spoilt(power: tone.meanPower, quiet: 0) : .tone(tone)
            } else if fit.power <= tone.meanPower * Self.quietRatio {
                state = .quiet(tone, windows: 1)
            } else if tone.windows <= 1, fit.isPure {
                // The first window held the edge.
                begin(fit)
            } else if fit.power < tone.meanPower {
                // The window in which the tone ends: the next one decides.
                state = .quiet(tone, windows: 0)
            } else {
                spoil(fit)
            }
        case .quiet(let tone, let windows):
            guard fit.power <= tone.meanPower * Self.quietRatio else {
                spoil(fit)
                return nil
            }
            guard windows + 1 >= Self.proof else {
                state = .quiet(tone, windows: windows + 1)
                return nil
            }
            state = .idle
            return Self.isBeep(tone) ? Beep(milliseconds: tone.windows * 10, quiet: (windows + 1) * 10) : nil
        case .spoilt(let power, let quiet):
            let isQuiet = fit.power < max(power * Self.quietRatio, Self.weakest)
            if fit.power >= power * Self.rise {
                if fit.isPure { begin(fit) } else { state = .edge(before: power) }
            } else if !isQuiet {
                state = .spoilt(power: max(fit.power, power * 0.98), quiet: 0)
            } else {
                state = quiet + 1 >= Self.pause ? .idle : .spoilt(power: power, quiet: quiet + 1)
            }
        }
        return nil
    }

    private mutating func begin(_ fit: Fit) {
        var tone = Tone()
        tone.take(fit)
        state = .tone(tone)
    }

    private mutating func spoil(_ fit: Fit) { state = .spoilt(power: fit.power, quiet: 0) }

    /// Within 12 Hz and 2.5 dB of the tone so far.
    private static func belongs(_ fit: Fit, to tone: Tone) -> Bool {
        guard fit.isPure else { return false }
        let mean = tone.meanA
        // da = 2·sin ω·dω; 12 Hz are 0.0094 rad.
        let tolerance = 2 * max(1 - mean * mean / 4, 0).squareRoot() * 0.0094 + 0.001
        guard (fit.a - mean).magnitude <= tolerance else { return false }
        return fit.power <= tone.meanPower * level && fit.power * level >= tone.meanPower
    }

    private static func isBeep(_ tone: Tone) -> Bool {
        guard tone.windows >= shortest, tone.windows <= longest else { return false }
        if ringback.contains(tone.meanA) { return false }
        return !(frenchRingback.contains(tone.meanA) && tone.windows >= frenchShortest)
    }
}
