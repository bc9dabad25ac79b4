/// The voice detector that is always on: level above an adaptive noise floor, on windows of 10 ms.
///
/// It costs less than a microsecond per frame, finds an onset within two windows, and needs no model. Two sums per
/// window do it all, the energy R = Σx[n]² and the energy of the difference D = Σ(x[n] - x[n-τ])² over τ = 375 µs:
/// - D is the energy behind a comb whose teeth lie at 0 and 2.7 kHz and whose backs lie at 1.3 and 4 kHz: a constant
///   offset is gone, hum at 50 Hz is 25 dB down, vowels and hiss pass, at any sample rate;
/// - 1 - D/2R, the correlation over τ, is near 1 for hum, above 0 for most vowels and around 0 for white noise.
///
/// The noise floor is the least smoothed level of the last 1.6 s, after Martin, "Noise power spectral density
/// estimation based on optimal smoothing and minimum statistics" (2001), on one band instead of a spectrum: even
/// without a pause between words, the gaps between syllables reach down to the noise.
package struct EnergyDetector: Sendable {
    /// [samples] of one window: 10 ms.
    package let windowSamples: Int

    /// Position of the next sample that `next` will take.
    package private(set) var position: Int64

    private var filled = 0
    private var energy: Int64 = 0
    private var difference: Int64 = 0
    /// [samples] that last 375 µs: 3 at 8 kHz, 18 at 48 kHz.
    private let lag: Int
    /// The last `lag` samples, oldest first.
    private var history = InlineArray<18, Int16>(repeating: 0)
    private var floor = NoiseFloor()

    /// [dB] above the floor at which speech is as likely as not, for a signal of medium tilt.
    private static let halfwaySNR: Float = 9
    /// [dB] that a doubling of the odds takes, roughly.
    private static let slope: Float = 2
    /// [dBFS] of the difference: nothing quieter is called speech, however quiet the line.
    private static let quietest: Float = -66

    /// - Parameters:
    ///   - sampleRate: [Hz] of the audio, 8000...48000; clamped to it.
    ///   - start: position of the first sample in the caller's stream.
    package init(sampleRate: Int, start: Int64 = 0) {
        let rate = min(max(sampleRate, 8_000), 48_000)
        windowSamples = rate / 100
        lag = (3 * rate + 4_000) / 8_000
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
        (filled, energy, difference) = (0, 0, 0)
        return SpeechWindow(start: position - Int64(windowSamples), count: windowSamples, probability: probability)
    }

    /// Goes on at another place of the stream, after lost audio. Keeps the noise floor, drops the unfinished window.
    package mutating func skip(to position: Int64) {
        self.position = position
        (filled, energy, difference) = (0, 0, 0)
        history = InlineArray(repeating: 0)
    }

    private mutating func accumulate(_ samples: Span<Int16>) {
        // Σ(x[n] - x[n-τ])² = Σx[n]² + Σx[n-τ]² - 2 Σx[n]x[n-τ], and the second sum is the first but for its ends.
        samples.withUnsafeBufferPointer { x in
            let head = min(lag, x.count)
            let lagged = UnsafeBufferPointer(rebasing: x[..<(x.count - head)])
            let squares = SampleProducts.sum(x, x)
            var laggedSquares = squares
            var products = SampleProducts.sum(UnsafeBufferPointer(rebasing: x[head...]), lagged)
            for index in 0..<head {
                let (old, new) = (Int64(history[index]), Int64(x[x.count - head + index]))
                laggedSquares &+= old &* old &- new &* new
                products &+= Int64(x[index]) &* old
            }
            energy &+= squares
            difference &+= squares &+ laggedSquares &- 2 &* products
            for index in 0..<(lag - head) { history[index] = history[index + head] }
            for index in 0..<head { history[lag - head + index] = x[x.count - head + index] }
        }
    }

    private mutating func judge() -> Float {
        let power = Double(difference) / (Double(windowSamples) * 1_073_741_824)
        let level = Float(SignalLevel.decibels(power: power))
        let snr = level - floor.update(level)
        if level < Self.quietest { return 0 }
        // What is correlated may be a little weaker than noise to count alike.
        let tilt = energy > 0 ? Float(max(-0.5, 1 - Double(difference) / (2 * Double(energy)))) : 0
        let evidence = (snr - Self.halfwaySNR + 3 * tilt) / Self.slope
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
    /// [dBFS] For the first two sub-windows nothing is known: a line is assumed to be at most this loud, so that a
    /// caller who speaks at once is heard. After them the measured minimum stands for the past.
    private static let initial: Float = -44
    /// [dBFS] Codecs send digital silence between words; a floor that low would make their own noise speech.
    private static let lowest: Float = -72

    private var minima = SIMD8<Float>(repeating: initial)
    private var current: Float = 0
    private var smoothed: Float = initial
    private var age = 0
    private var slot = 0
    private var isNew = true

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
            if isNew, slot == 2 {
                minima = SIMD8(repeating: min(minima[0], minima[1]))
                isNew = false
            }
            current = smoothed
            age = 0
        }
        return least + Self.bias
    }
}
