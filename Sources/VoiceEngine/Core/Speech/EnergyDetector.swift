/// The voice detector that is always on: level above an adaptive noise floor, on windows of 10 ms.
///
/// It costs about a microsecond per frame, finds an onset within two windows, and needs no model. Three sums per window do
/// it all: with the energy R0 = Σx[n]² and the neighbour product R1 = Σx[n]·x[n-1],
/// - the energy after the pre-emphasis x[n] - 0.95·x[n-1] is (1 + 0.95²)·R0 - 2·0.95·R1: hum and rumble, which carry the
///   most power on bad lines, are 25 dB down, and a constant offset nearly gone;
/// - R1/R0 is the spectral tilt: near 1 for vowels, around 0 for white noise, negative for hiss.
///
/// The noise floor is the least smoothed level of the last 1.6 s, after Martin, "Noise power spectral density estimation
/// based on optimal smoothing and minimum statistics" (2001), on one band instead of a spectrum: even without a pause
/// between words, the gaps between syllables reach down to the noise.
package struct EnergyDetector: Sendable {
    /// [samples] of one window: 10 ms.
    package let windowSamples: Int

    /// Position of the next sample that `next` will take.
    package private(set) var position: Int64

    private var filled = 0
    private var energy: Int64 = 0
    private var product: Int64 = 0
    private var last: Int32 = 0
    private var floor = NoiseFloor()

    /// Square of the pre-emphasis coefficient 0.95 (the usual one for speech), and twice the coefficient.
    private static let emphasisSquared = 0.9025
    private static let emphasisTwice = 1.9
    /// [dB] above the floor at which speech is as likely as not, for a signal of medium tilt.
    private static let halfwaySNR: Float = 9
    /// [dB] that a doubling of the odds takes, roughly.
    private static let slope: Float = 2
    /// [dBFS] after pre-emphasis: nothing quieter is called speech, however quiet the line.
    private static let quietest: Float = -66

    /// - Parameters:
    ///   - sampleRate: [Hz] of the audio, 8000...48000; clamped to it.
    ///   - start: position of the first sample in the caller's stream.
    package init(sampleRate: Int, start: Int64 = 0) {
        windowSamples = min(max(sampleRate, 8_000), 48_000) / 100
        position = start
    }

    /// Takes samples from `samples` at `offset` until one window is complete.
    ///
    /// Call it until it returns nil: then all samples are taken, and the rest of a window waits for the next call.
    /// - Parameter offset: [samples] where to go on in `samples`; is moved on. 0 for a new chunk.
    /// - Returns: the next complete window, or nil when the samples are used up.
    package mutating func next(_ samples: Span<Int16>, offset: inout Int) -> SpeechWindow? {
        let from = max(0, offset)
        let count = min(windowSamples - filled, samples.count - from)
        if count <= 0 { return nil }
        accumulate(samples.extracting(from..<(from + count)))
        offset = from + count
        filled += count
        position += Int64(count)
        if filled < windowSamples { return nil }
        let probability = judge()
        (filled, energy, product) = (0, 0, 0)
        return SpeechWindow(start: position - Int64(windowSamples), count: windowSamples, probability: probability)
    }

    /// Goes on at another place of the stream, after lost audio. Keeps the noise floor, drops the unfinished window.
    package mutating func skip(to position: Int64) {
        self.position = position
        (filled, energy, product, last) = (0, 0, 0, 0)
    }

    private mutating func accumulate(_ samples: Span<Int16>) {
        // A product of two samples is below 2^31 (2^30 for the extreme pair); 64 bits hold any number of them.
        var (energy, product) = (self.energy, self.product)
        let previous = last
        samples.withUnsafeBufferPointer { x in
            product &+= Int64(Int32(x[0]) &* previous)
            for index in 0..<x.count { energy &+= Int64(Int32(x[index]) &* Int32(x[index])) }
            for index in 1..<max(1, x.count) { product &+= Int64(Int32(x[index]) &* Int32(x[index &- 1])) }
            last = Int32(x[x.count - 1])
        }
        (self.energy, self.product) = (energy, product)
    }

    private mutating func judge() -> Float {
        let r0 = Double(energy)
        let r1 = Double(product)
        let emphasised = max(0, (1 + Self.emphasisSquared) * r0 - Self.emphasisTwice * r1)
        let power = emphasised / (Double(windowSamples) * 1_073_741_824)
        let level = Float(SignalLevel.decibels(power: power))
        let snr = level - floor.update(level)
        if level < Self.quietest { return 0 }
        // A vowel may be 3 dB weaker and hiss must be 3 dB stronger to count alike.
        let tilt = r0 > 0 ? Float(max(-0.5, min(1, r1 / r0))) : 0
        let evidence = (snr - Self.halfwaySNR + 4 * (tilt - 0.3)) / Self.slope
        // x / (1 + |x|) is a sigmoid without the exponential: ±1 at infinity, slope 1 at 0.
        return 0.5 + 0.5 * evidence / (1 + abs(evidence))
    }
}

/// The least smoothed level of the recent past, in a ring of eight sub-windows (minimum statistics on one band).
private struct NoiseFloor: Sendable {
    /// [windows of 10 ms] of one sub-window; eight of them are 1.6 s, longer than any vowel.
    private static let subwindow = 20
    /// [dB] The minimum of a fluctuating level lies below its mean (Martin's bias, measured here on white noise).
    private static let bias: Float = 1.5
    /// [dBFS] Until a whole ring is filled nothing is known: a line is assumed to be at most this loud.
    private static let initial: Float = -50
    /// [dBFS] Codecs send digital silence between words; a floor that low would make their own noise speech.
    private static let lowest: Float = -72

    private var minima = SIMD8<Float>(repeating: initial)
    private var current: Float = 0
    private var smoothed: Float = initial
    private var age = 0
    private var slot = 0

    /// - Parameter level: [dBFS] of the newest window.
    /// - Returns: [dBFS] the floor, the newest window included.
    mutating func update(_ level: Float) -> Float {
        let clamped = max(level, Self.lowest)
        // Falls at once, rises with a time constant of 40 ms: a single weak window must not become the floor of all.
        smoothed += (clamped - smoothed) * (clamped < smoothed ? 0.5 : 0.25)
        current = min(current, smoothed)
        age += 1
        let least = min(current, minima.min())
        if age == Self.subwindow {
            minima[slot] = current
            slot = (slot + 1) % 8
            current = smoothed
            age = 0
        }
        return least + Self.bias
    }
}
