internal import Glibc

/// The log-mel features that Whisper's encoder was trained on, of a stretch of fixed length: 80 bands, 100 frames a
/// second.
///
/// As in OpenAI's and Hugging Face's code: 16 kHz, brought to zero mean and unit variance, mirrored at both ends, frames
/// of 25 ms every 10 ms under a Hann window, power spectrum, Slaney's mel bands, log10, what is 80 dB below the loudest
/// is cut, (x + 4) / 4. Shorter sound has silence in front. Allocates nothing after init. Not Sendable: one question at
/// a time.
final class WhisperFeatures {
    static let bands = 80
    /// [Hz]
    static let sampleRate = 16_000
    private static let hop = 160
    private static let window = RealSpectrum.size

    let frames: Int
    /// `bands` rows of `frames` values.
    let values: UnsafeMutableBufferPointer<Float>

    /// The sound, with half a window before and after it.
    private let wave: UnsafeMutableBufferPointer<Float>
    private let hann: [Float]
    private let filters = MelFilters(bands: bands, bins: RealSpectrum.bins, sampleRate: sampleRate)
    private let spectrum = RealSpectrum()
    private let upsampler = Doubling()

    init(seconds: Int) {
        frames = seconds * Self.sampleRate / Self.hop
        values = .allocate(capacity: Self.bands * frames)
        values.initialize(repeating: 0)
        wave = .allocate(capacity: seconds * Self.sampleRate + Self.window)
        wave.initialize(repeating: 0)
        hann = (0..<Self.window).map { Float(0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(Self.window))) }
    }

    deinit {
        values.deallocate()
        wave.deallocate()
    }

    /// [samples at 16 kHz]
    private var length: Int { wave.count - Self.window }
    private var middle: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: wave[(Self.window / 2)..<(Self.window / 2 + length)])
    }

    /// Computes `values` of a telephone's sound at 8 kHz; of a longer one its end counts.
    func take(telephone sound: [Int16]) {
        let count = min(sound.count, length / 2)
        let wave = middle
        let start = length - 2 * count
        wave[..<start].update(repeating: 0)
        sound.withUnsafeBufferPointer {
            upsampler.double(
                UnsafeBufferPointer(rebasing: $0.suffix(count)),
                into: UnsafeMutableBufferPointer(rebasing: wave[start...]))
        }
        compute(silentBefore: start)
    }

    /// Computes `values` of sound at 16 kHz, -1...1.
    func take(_ sound: [Float]) {
        let count = min(sound.count, length)
        let wave = middle
        let start = length - count
        wave[..<start].update(repeating: 0)
        for (index, sample) in sound.suffix(count).enumerated() { wave[start + index] = sample }
        compute(silentBefore: start)
    }

    // MARK: -

    /// - Parameter start: [samples] of zeros at the beginning: the frames in them are all alike.
    private func compute(silentBefore start: Int) {
        normalise()
        mirror()
        var highest = -Float.infinity
        // Frame t covers the samples 160 t - 200 ..< 160 t + 200.
        let alike = start > Self.window ? (start - Self.window / 2) / Self.hop : -1
        for frame in 0..<frames {
            if frame > 0, frame <= alike {
                for band in 0..<Self.bands { values[band * frames + frame] = values[band * frames] }
                continue
            }
            let source = UnsafeBufferPointer(rebasing: wave[(frame * Self.hop)..<(frame * Self.hop + Self.window)])
            spectrum.transform(source, hann)
            filters.apply(to: spectrum.power) { band, power in
                let level = log10f(max(power, 1e-10))
                highest = max(highest, level)
                values[band * frames + frame] = level
            }
        }
        let lowest = highest - 8
        for index in values.indices { values[index] = (max(values[index], lowest) + 4) / 4 }
    }

    private func normalise() {
        let wave = middle
        var sum = 0.0
        for sample in wave { sum += Double(sample) }
        let mean = Float(sum / Double(wave.count))
        var squares = 0.0
        for sample in wave { squares += Double((sample - mean) * (sample - mean)) }
        let scale = 1 / Float((squares / Double(wave.count) + 1e-7).squareRoot())
        for index in wave.indices { wave[index] = (wave[index] - mean) * scale }
    }

    private func mirror() {
        let half = Self.window / 2
        let last = half + length - 1
        for index in 1...half {
            wave[half - index] = wave[half + index]
            wave[last + index] = wave[last - index]
        }
    }
}

/// Slaney's mel bands: triangles of equal area.
private struct MelFilters {
    /// The first bin of each band, and where its weights begin in `weights`.
    private var bands: [(bin: Int, weights: Range<Int>)] = []
    private var weights: [Float] = []

    init(bands count: Int, bins: Int, sampleRate: Int) {
        let highest = Self.mel(Double(sampleRate) / 2)
        let edges = (0..<(count + 2)).map { Self.hertz(highest * Double($0) / Double(count + 1)) }
        let width = Double(sampleRate) / 2 / Double(bins - 1)
        for band in 0..<count {
            let (low, middle, high) = (edges[band], edges[band + 1], edges[band + 2])
            var first = 0
            let begin = weights.count
            for bin in 0..<bins {
                let frequency = Double(bin) * width
                let weight = min((frequency - low) / (middle - low), (high - frequency) / (high - middle))
                guard weight > 0 else { continue }
                if weights.count == begin { first = bin }
                weights.append(Float(weight * 2 / (high - low)))
            }
            bands.append((first, begin..<weights.count))
        }
    }

    func apply(to power: UnsafeMutableBufferPointer<Float>, _ body: (_ band: Int, _ power: Float) -> Void) {
        weights.withUnsafeBufferPointer { weights in
            for band in bands.indices {
                let (first, range) = bands[band]
                var sum: Float = 0
                for index in 0..<range.count { sum += weights[range.lowerBound + index] * power[first + index] }
                body(band, sum)
            }
        }
    }

    private static func mel(_ hertz: Double) -> Double {
        hertz < 1_000 ? 3 * hertz / 200 : 15 + log(hertz / 1_000) * 27 / log(6.4)
    }

    private static func hertz(_ mel: Double) -> Double {
        mel < 15 ? 200 * mel / 3 : 1_000 * exp(log(6.4) / 27 * (mel - 15))
    }
}

/// 8 kHz to 16 kHz, for a model: a windowed sinc of 32 taps between the samples, which stay as they are.
struct Doubling {
    private let taps: [Float] = (0..<32).map { tap in
        let x = Double(tap) - 15.5
        return Float((0.5 + 0.5 * cos(.pi * x / 16)) * sin(.pi * x) / (.pi * x))
    }

    /// - Parameter output: Twice as long.
    func double(_ input: UnsafeBufferPointer<Int16>, into output: UnsafeMutableBufferPointer<Float>) {
        taps.withUnsafeBufferPointer { taps in
            for index in input.indices {
                var between: Float = 0
                let first = index - 15
                for tap in max(0, -first)..<min(32, input.count - first) {
                    between += taps[tap] * Float(input[first + tap])
                }
                output[2 * index] = Float(input[index]) / 32_768
                output[2 * index + 1] = between / 32_768
            }
        }
    }
}
