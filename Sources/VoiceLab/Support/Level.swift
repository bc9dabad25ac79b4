import Glibc

/// Where a recording is audible: 10 ms windows whose level reaches a threshold, joined over short gaps.
enum Level {
    /// 10 ms: fine enough to time an interruption, long enough to hold a period of a low voice.
    static let windowSamples = 80

    /// Level of the samples in dB below full scale; -100 for digital silence.
    static func decibels(_ samples: ArraySlice<Int16>) -> Double {
        guard !samples.isEmpty else { return -100 }
        let energy = samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(samples.count)
        return energy < 1 ? -100 : 10 * log10(energy / (32_768.0 * 32_768.0))
    }

    /// Audible stretches as sample ranges, each window counted whole.
    ///
    /// - Parameter joining: gaps up to this many samples belong to the stretch (pauses between words).
    static func audibleSpans(in samples: [Int16], thresholdDecibels: Double, joining: Int) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        for start in stride(from: 0, to: samples.count, by: windowSamples) {
            let end = min(start + windowSamples, samples.count)
            guard decibels(samples[start..<end]) >= thresholdDecibels else { continue }
            if let last = spans.last, start - last.upperBound <= joining {
                spans[spans.count - 1] = last.lowerBound..<end
            } else {
                spans.append(start..<end)
            }
        }
        return spans
    }
}

/// The same measure while the audio is being played: tells when it began and when it was last audible.
struct LiveLevel {
    /// -45 dBFS is 25 dB below ordinary telephone speech and well above µ-law's own noise.
    static let defaultThresholdDecibels = -45.0

    let thresholdDecibels: Double
    /// Gaps up to this many samples do not end a stretch.
    let joining: Int
    private var measured = 0
    /// Stretches so far; the last one may still grow.
    private(set) var spans: [Range<Int>] = []

    init(thresholdDecibels: Double = defaultThresholdDecibels, joining: Int) {
        self.thresholdDecibels = thresholdDecibels
        self.joining = joining
    }

    /// Measures the whole windows that `played` has gained since the last call.
    mutating func measure(_ played: [UInt8]) {
        while measured + Level.windowSamples <= played.count {
            let end = measured + Level.windowSamples
            let window = MuLaw.decode(played[measured..<end])
            if Level.decibels(window[...]) >= thresholdDecibels {
                if let last = spans.last, measured - last.upperBound <= joining {
                    spans[spans.count - 1] = last.lowerBound..<end
                } else {
                    spans.append(measured..<end)
                }
            }
            measured = end
        }
    }

    /// The sample after the last audible one; 0 before any.
    var lastAudible: Int { spans.last?.upperBound ?? 0 }
}
