import Foundation
import VoiceEngineCore

extension CallerSounds {
    /// - Parameters:
    ///   - turn: WAV; nil: a sound like speech.
    ///   - interruption: The same.
    static func load(turn: String?, interruption: String?, _ line: BenchLine) throws -> CallerSounds {
        CallerSounds(
            turn: try turn.map(CallerVoice.read) ?? CallerVoice.speechLike(milliseconds: 1_600, pitchHertz: 118),
            interruption: try interruption.map(CallerVoice.read)
                ?? CallerVoice.speechLike(milliseconds: 1_300, pitchHertz: 136), line)
    }
}

extension BenchLine {
    /// Whole frames.
    func encoded(_ samples: [Int16]) -> [UInt8] {
        let whole = samples + [Int16](repeating: 0, count: (160 - samples.count % 160) % 160)
        var bytes = [UInt8](repeating: 0, count: format.bytes(forSamples: whole.count))
        var target = bytes.mutableSpan
        _ = format.encoding.encode(whole.span, into: &target)
        return bytes
    }
}

/// Why a sound cannot be used.
struct SoundError: Error, CustomStringConvertible {
    let description: String
}

/// Voices of callers, PCM16 at 8 kHz.
enum CallerVoice {
    /// - Throws: For anything but a WAV of PCM16, mono, 8 kHz.
    static func read(_ path: String) throws -> [Int16] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SoundError(description: "cannot read \(path)")
        }
        let bytes = [UInt8](data)
        func little(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        var offset = 12
        var isTelephone = false
        while offset + 8 <= bytes.count {
            let (size, body) = (little(offset + 4, 4), offset + 8)
            let end = min(body + size, bytes.count)
            switch String(decoding: bytes[offset..<offset + 4], as: UTF8.self) {
            case "fmt " where end - body >= 16:
                isTelephone =
                    little(body, 2) == 1 && little(body + 2, 2) == 1 && little(body + 4, 4) == 8_000
                    && little(body + 14, 2) == 16
            case "data" where isTelephone:
                return trimmed((0..<(end - body) / 2).map { Int16(truncatingIfNeeded: little(body + 2 * $0, 2)) })
            default: break
            }
            offset = end + size % 2
        }
        throw SoundError(description: "\(path): expected a WAV of PCM16, mono, 8 kHz")
    }

    /// Without the silence around it: the caller's turn begins when it is audible.
    private static func trimmed(_ samples: [Int16]) -> [Int16] {
        guard let first = samples.firstIndex(where: { abs(Int($0)) > 300 }),
            let last = samples.lastIndex(where: { abs(Int($0)) > 300 })
        else { return samples }
        return Array(samples[first...last])
    }

    /// Harmonics of a gliding voice under three formants, with four syllables a second that never fall silent: one
    /// utterance to every detector.
    static func speechLike(milliseconds: Int, pitchHertz: Double) -> [Int16] {
        let count = milliseconds * 8
        var phase = 0.0
        let raw = (0..<count).map { index -> Double in
            let time = Double(index) / 8_000
            let pitch = pitchHertz * (1 + 0.12 * sin(2 * .pi * 0.9 * time) - 0.05 * time)
            phase += 2 * .pi * pitch / 8_000
            let shift = 1 + 0.25 * sin(2 * .pi * 2.1 * time)
            var value = 0.0
            for harmonic in 1..<(Int(3_400 / pitch) + 1) {
                let hertz = Double(harmonic) * pitch
                var weight = 0.02
                for (formant, gain) in [(560 * shift, 1.0), (1_420 / shift, 0.5), (2_500, 0.25)] {
                    let distance = (hertz - formant) / 140
                    weight += gain / (1 + distance * distance)
                }
                value += weight * sin(Double(harmonic) * phase)
            }
            let edge = min(1, Double(min(index, count - 1 - index)) / 160)
            return value * (0.35 + 0.65 * abs(sin(2 * .pi * 2 * time))) * edge
        }
        let peak = raw.map(abs).max() ?? 1
        return raw.map { Int16(($0 / peak * 12_000).rounded()) }
    }
}
