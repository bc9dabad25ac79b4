/// Finds the beep of an answering machine in the caller's audio at 8 kHz: one steady tone of 350 to 2,200 Hz that lasts
/// 150 ms to 3 s, with quiet after it.
///
/// Works on windows of 10 ms. A pure tone of angular frequency ω obeys x[n] = a·x[n-d] - x[n-2d] with a = 2·cos dω for
/// every distance d, whatever its level and phase. With d = 1 the `a` that fits best is its frequency, and what is left
/// over against the window's energy says how pure it is; with d = 5 two tones near each other (American busy, a chord,
/// DTMF) leave more over, since their `a` lie further apart. Vowels, music and noise leave much over, or change their
/// level or frequency from window to window.
///
/// What exchanges play is no beep: 395 to 437 Hz (ringback and busy in most countries), 440 Hz for longer than 1.3 s
/// (ringback in France), and a tone that follows another without quiet between them (special information tones).
///
/// Pure; some 0.1 µs per window, allocates nothing after it was made.
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
    /// [samples] The second distance, and what it looks back.
    private static let far = 5
    private static let history = 2 * far
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
    /// The window, behind the last samples of the one before.
    private var samples = [Int32](repeating: 0, count: history + window)
    private var filled = 0

    package init() {}

    /// Hears samples at 8 kHz. Any length; the last beep that ended among them is told.
    package mutating func heard(_ heard: Span<Int16>) -> Beep? {
        var beep: Beep?
        for index in heard.indices {
            samples[Self.history + filled] = Int32(heard[index])
            filled += 1
            guard filled == Self.window else { continue }
            filled = 0
            if let found = judge(fit()) { beep = found }
            for index in 0..<Self.history { samples[index] = samples[Self.window + index] }
        }
        return beep
    }

    private func fit() -> Fit {
        let near = fit(distance: 1)
        let power = near.energy / Double(Self.window)
        guard near.energy > 0 else { return Fit(power: 0, a: 0, isPure: false) }
        let isTone =
            power >= Self.weakest && near.a <= Self.lowest && near.a >= Self.highest && near.left <= Self.impurity
        return Fit(power: power, a: near.a, isPure: isTone && fit(distance: Self.far).left <= Self.impurity)
    }

    /// The best `a` for a distance, the window's energy, and the share of it that is left over. White noise leaves 1.
    private func fit(distance: Int) -> (a: Double, energy: Double, left: Double) {
        // Each below 80·2^34.
        var energy: Int64 = 0
        var product: Int64 = 0
        var outer: Int64 = 0
        for index in Self.history..<samples.count {
            let middle = Int64(samples[index - distance])
            let sum = Int64(samples[index] &+ samples[index - 2 * distance])
            energy &+= middle &* middle
            product &+= sum &* middle
            outer &+= sum &* sum
        }
        guard energy > 0 else { return (0, 0, 1) }
        let a = Double(product) / Double(energy)
        return (a, Double(energy), (Double(outer) - a * Double(product)) / ((2 + a * a) * Double(energy)))
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
            } else if fit.power < tone.meanPower * Self.level {
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
