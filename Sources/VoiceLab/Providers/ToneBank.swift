import Glibc

/// The voice of the scripted text-to-speech: one steady tone per reply, so that a sample of an old reply can be told from
/// one of the new. Every frequency is a whole number of Hz, so one second of it can be repeated without a seam.
struct ToneBank {
    static let count = 48
    /// -15 dBFS, as loud as ordinary telephone speech.
    private static let amplitude = 8_000.0

    /// 300 Hz, 340 Hz … 2,180 Hz.
    static func hertz(_ index: Int) -> Int { 300 + 40 * (index % count) }

    /// Neighbouring turns and neighbouring calls get tones that are far apart.
    static func index(_ tag: Tag?) -> Int {
        guard let tag else { return 0 }
        return 1 + (tag.call * 7 + tag.utterance * 17) % (count - 1)
    }

    let bytesPerSecond: Int
    /// Two seconds of each tone, so that any stretch of up to a second is contiguous.
    private let tones: [[UInt8]]

    init(format: AudioForm) {
        bytesPerSecond = format.sampleRate * format.bytesPerSample
        tones = (0..<Self.count).map { index in
            let step = 2 * Double.pi * Double(Self.hertz(index)) / Double(format.sampleRate)
            let samples = (0..<2 * format.sampleRate).map { Int16((Self.amplitude * sin(step * Double($0))).rounded()) }
            return format.encoded(samples)
        }
    }

    /// Bytes `offset ..< offset + count` of the endless tone; at most one second.
    func withBytes(_ tone: Int, offset: Int, count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        let start = offset % bytesPerSecond
        tones[tone].withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[start..<start + min(count, bytesPerSecond)]))
        }
    }

    /// Which tone a few milliseconds of audio are, or nil for silence and anything else.
    static func recognize(_ samples: ArraySlice<Int16>) -> Int? {
        guard samples.count >= 80, Level.decibels(samples) > -30 else { return nil }
        var best = (index: 0, power: 0.0)
        let energy = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
        for index in 0..<count {
            let coefficient = 2 * cos(2 * .pi * Double(hertz(index)) / 8_000)
            var (one, two) = (0.0, 0.0)
            for sample in samples { (one, two) = (Double(sample) + coefficient * one - two, one) }
            let power = one * one + two * two - coefficient * one * two
            if power > best.power { best = (index, power) }
        }
        return best.power > 0.25 * energy * Double(samples.count) ? best.index : nil
    }
}

/// How raw audio is written on a provider's wire.
struct AudioForm: Hashable, Sendable {
    enum Encoding: String, Sendable { case linear16, mulaw }

    var encoding: Encoding
    var sampleRate: Int

    var bytesPerSample: Int { encoding == .linear16 ? 2 : 1 }

    func encoded(_ samples: [Int16]) -> [UInt8] {
        switch encoding {
        case .mulaw: MuLaw.encode(samples)
        case .linear16: samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        }
    }
}
