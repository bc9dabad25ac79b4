import Foundation

/// Recorded speech with known words, as `scripts/turns.sh` prepares it: 8 kHz, nothing before the first sound and after
/// the last.
struct SpeechSet {
    struct Clip {
        let name: String
        let text: String
        /// At `speechLevel`.
        let samples: [Int16]

        var milliseconds: Int64 { Int64(samples.count) / 8 }
    }

    /// [dBFS] of all speech: usual on telephone lines.
    static let speechLevel = -22.0

    private(set) var sentences: [Clip] = []
    private(set) var backchannels: [Clip] = []

    /// - Parameter directory: Holds `clips.tsv` (kind, name, text) and the recordings.
    init(directory: String) throws {
        let list = try String(contentsOfFile: directory + "/clips.tsv", encoding: .utf8)
        for line in list.split(separator: "\n") {
            let fields = line.split(separator: "\t").map(String.init)
            let samples = try Self.read("\(directory)/\(fields[1]).wav")
            let clip = Clip(name: fields[1], text: fields[2], samples: Noise.scale(samples, to: Self.speechLevel))
            if fields[0] == "sentence" { sentences.append(clip) } else { backchannels.append(clip) }
        }
    }

    /// Mono 16 bit PCM of a RIFF file.
    private static func read(_ path: String) throws -> [Int16] {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func word(_ at: Int) -> Int { Int(data[at]) | Int(data[at + 1]) << 8 }
        var offset = 12
        while offset + 8 <= data.count {
            let size = word(offset + 4) | word(offset + 6) << 16
            if data[offset..<offset + 4].elementsEqual("data".utf8) {
                let end = min(offset + 8 + size, data.count - 1)
                return stride(from: offset + 8, to: end, by: 2).map { Int16(truncatingIfNeeded: word($0)) }
            }
            offset += 8 + size + size % 2
        }
        throw CocoaError(.fileReadCorruptFile)
    }
}

/// What is on a line besides the caller. Made from a seed.
enum Noise: String, CaseIterable {
    case none = "clean line"
    case white = "white noise"
    case hum = "50 Hz hum"
    /// Hiss of a long line with some crackle.
    case line = "line noise"
    /// Six other people.
    case babble = "babble"
    /// A door, a cup, a keyboard.
    case bursts

    /// - Parameter level: [dBFS] of the whole; of each burst.
    func samples(_ count: Int, at level: Double, of speech: [SpeechSet.Clip], _ random: inout SeededRandom) -> [Int16] {
        var samples = [Double](repeating: 0, count: count)
        func unit(_ random: inout SeededRandom) -> Double { Double(Int64(bitPattern: random.next()) >> 40) / 8_388_608 }
        switch self {
        case .none: return [Int16](repeating: 0, count: count)
        case .white: for index in samples.indices { samples[index] = unit(&random) }
        case .hum:
            for index in samples.indices {
                let phase = 2 * Double.pi * 50 * Double(index) / 8_000
                samples[index] = sin(phase) + 0.4 * sin(2 * phase + 1) + 0.3 * sin(3 * phase + 2)
            }
        case .line:
            var low = 0.0
            for index in samples.indices {
                low += 0.4 * (unit(&random) - low)
                samples[index] = low
                if random.next() % 8_000 == 0 { low = 12 * unit(&random) }
            }
        case .babble:
            for _ in 0..<6 {
                var index = -Int(random.next() % 16_000)
                while index < count, let clip = speech.randomElement(using: &random) {
                    for (offset, sample) in clip.samples.enumerated()
                    where index + offset >= 0 && index + offset < count {
                        samples[index + offset] += Double(sample)
                    }
                    index += clip.samples.count + Int(random.next() % 2_400)
                }
            }
        case .bursts:
            var index = Int(random.next() % 16_000)
            while index < count {
                let length = 400 + Int(random.next() % 1_200)
                for offset in 0..<min(length, count - index) {
                    samples[index + offset] = unit(&random) * exp(-5 * Double(offset) / Double(length))
                }
                index += 8_000 + Int(random.next() % 16_000)
            }
            let peak = pow(10, level / 20) * 32_768 * 1.7
            return samples.map { Int16(max(-32_768, min(32_767, $0 * peak))) }
        }
        return Self.scale(samples, to: level)
    }

    static func scale(_ samples: [Int16], to level: Double) -> [Int16] { scale(samples.map(Double.init), to: level) }

    /// To this mean level. [dBFS]
    private static func scale(_ samples: [Double], to level: Double) -> [Int16] {
        let power = samples.reduce(0) { $0 + $1 * $1 } / Double(max(samples.count, 1))
        guard power > 0 else { return samples.map { _ in 0 } }
        let gain = pow(10, level / 20) * 32_768 / power.squareRoot()
        return samples.map { Int16(max(-32_768, min(32_767, ($0 * gain).rounded()))) }
    }
}
