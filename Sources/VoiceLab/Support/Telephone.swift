/// Facts of the telephone line that everything here measures with: G.711 at 8,000 samples per second, 20 ms frames.
enum Telephone {
    static let samplesPerSecond = 8_000
    static let frameSamples = 160
    static let frameNanoseconds: Int64 = 20_000_000
    static let nanosecondsPerSample: Int64 = 125_000

    /// The sample that is on the line `nanoseconds` after sample 0, rounded down.
    static func sample(at nanoseconds: Int64) -> Int {
        Int(nanoseconds / nanosecondsPerSample)
    }

    static func nanoseconds(ofSample sample: Int) -> Int64 {
        Int64(sample) * nanosecondsPerSample
    }

    static func samples(milliseconds: Int) -> Int {
        milliseconds * samplesPerSecond / 1_000
    }

    static func milliseconds(samples: Int) -> Double {
        Double(samples) * 1_000 / Double(samplesPerSecond)
    }
}
