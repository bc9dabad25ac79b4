import Foundation
import Testing

@testable import VoiceEngineCore

/// Beeps, and everything on a telephone line that is none.
@Suite struct BeepDetectorTests {
    /// Sounds at 8 kHz, 1 is full scale.
    private enum Sound {
        static func tone(_ frequencies: [Double], ms: Int, level: Double = 0.3) -> [Double] {
            (0..<ms * 8).map { (n: Int) -> Double in
                var sum = 0.0
                for frequency in frequencies { sum += sin(2 * Double.pi * frequency * Double(n) / 8_000) }
                return sum * level / Double(frequencies.count)
            }
        }

        static func silence(ms: Int) -> [Double] { Array(repeating: 0, count: ms * 8) }

        static func noise(ms: Int, rms: Double, seed: UInt64) -> [Double] {
            var random = SeededRandom(seed: seed)
            return (0..<ms * 8).map { _ in Double.random(in: -1...1, using: &random) * rms * 1.732 }
        }

        /// A sung vowel: harmonics of a wavering pitch under two formants.
        static func vowel(ms: Int, pitch: Double, formants: (Double, Double), seed: UInt64) -> [Double] {
            var random = SeededRandom(seed: seed)
            var phase = 0.0
            var drift = 0.0
            return (0..<ms * 8).map { n in
                drift = drift * 0.999 + Double.random(in: -0.01...0.01, using: &random)
                phase += pitch * (1 + 0.02 * sin(2 * .pi * 5 * Double(n) / 8_000) + drift * 0.1) / 8_000
                var sum = 0.0
                for harmonic in 1...20 where pitch * Double(harmonic) < 3_400 {
                    let frequency: Double = pitch * Double(harmonic)
                    let first: Double = (formants.0 - frequency) / 90
                    let second: Double = (formants.1 - frequency) / 90
                    let gain: Double = 0.02 + 1 / (1 + first * first) + 1 / (1 + second * second)
                    sum += gain * sin(2 * Double.pi * phase * Double(harmonic))
                }
                return sum * 0.15
            }
        }
    }

    private func beeps(_ sound: [Double], chunk: Int = 160, muLaw: Bool = true) -> [BeepDetector.Beep] {
        let samples = sound.map { sample -> Int16 in
            let linear = Int16(max(-32_768, min(32_767, (sample * 32_767).rounded())))
            return muLaw ? G711.linear(mulaw: G711.mulaw(linear)) : linear
        }
        var detector = BeepDetector()
        var found: [BeepDetector.Beep] = []
        for start in stride(from: 0, to: samples.count, by: chunk) {
            let part = samples.span.extracting(start..<min(samples.count, start + chunk))
            if let beep = detector.heard(part) { found.append(beep) }
        }
        return found
    }

    @Test(arguments: [360.0, 450, 620, 852, 1_000, 1_400, 1_633, 2_000, 2_180])
    func findsATone(frequency: Double) throws {
        for (length, offset) in [(160, 0), (300, 3), (600, 37), (1_500, 61), (2_950, 79)] {
            let sound =
                Sound.silence(ms: 300) + Array(repeating: 0, count: offset) + Sound.tone([frequency], ms: length)
                + Sound.silence(ms: 300)
            for chunk in [80, 160, 53] {
                let found = beeps(sound, chunk: chunk)
                #expect(found.count == 1, "\(frequency) Hz for \(length) ms")
                let beep = try #require(found.first)
                #expect(abs(beep.milliseconds - length) <= 20)
                #expect(beep.quiet == 80 || beep.quiet == 90)
            }
        }
    }

    @Test func findsAToneBehindSpeechAndInNoise() {
        let vowel = Sound.vowel(ms: 400, pitch: 120, formants: (600, 1_100), seed: 1)
        let greeting = vowel + Sound.silence(ms: 150) + Sound.tone([1_000], ms: 400) + Sound.silence(ms: 300)
        #expect(beeps(greeting).count == 1)
        var noisy = Sound.silence(ms: 700) + Sound.tone([1_000], ms: 400) + Sound.silence(ms: 500)
        for (index, sample) in Sound.noise(ms: 1_600, rms: 0.012, seed: 2).enumerated() { noisy[index] += sample }
        #expect(beeps(noisy).count == 1, "a line at -38 dBFS")
        #expect(beeps(Sound.tone([1_000], ms: 400, level: 0.02) + Sound.silence(ms: 200)).count == 1, "-37 dBFS")
    }

    @Test(
        arguments: [
            ("shorter than 150 ms", [[1_000.0]], [120]), ("longer than 3 s", [[1_000]], [3_200]),
            ("below 350 Hz", [[300]], [500]), ("above 2,200 Hz", [[2_300]], [500]),
            ("ringback at 425 Hz", [[425]], [1_000]), ("busy at 400 Hz", [[400]], [375]),
            ("ringback at 440 Hz", [[440]], [1_500]), ("American ringback", [[440, 480]], [2_000]),
            ("British ringback", [[400, 450]], [400]), ("American busy", [[480, 620]], [500]),
            ("dial tone", [[350, 440]], [1_500]), ("DTMF 1", [[697, 1_209]], [200]), ("DTMF 5", [[770, 1_336]], [300]),
            ("DTMF #", [[941, 1_477]], [500]), ("DTMF D", [[941, 1_633]], [500]),
            ("special information tones", [[950], [1_400], [1_800]], [330, 330, 330]),
            ("a chord", [[440, 554, 659]], [600]),
        ] as [(String, [[Double]], [Int])])
    func isNotTakenInBy(name: String, tones: [[Double]], lengths: [Int]) {
        var sound = Sound.silence(ms: 200)
        for (tone, length) in zip(tones, lengths) { sound += Sound.tone(tone, ms: length) }
        #expect(beeps(sound + Sound.silence(ms: 500)).isEmpty, "\(name)")
    }

    @Test func aToneThatGoesOverIntoSpeechIsNone() {
        let vowel = Sound.vowel(ms: 400, pitch: 130, formants: (500, 1_500), seed: 3)
        #expect(beeps(Sound.silence(ms: 100) + Sound.tone([1_000], ms: 300) + vowel + Sound.silence(ms: 300)).isEmpty)
        let glide = (0..<4_000).map { (n: Int) -> Double in
            let frequency: Double = 700 + 0.05 * Double(n)
            return 0.3 * sin(2 * Double.pi * frequency * Double(n) / 8_000)
        }
        #expect(beeps(Sound.silence(ms: 100) + glide + Sound.silence(ms: 300)).isEmpty, "a whistle that rises")
    }

    @Test func vowelsAreNoBeeps() {
        for seed in 0..<60 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let pitch = Double.random(in: 80...300, using: &random)
            let formants = (
                Double.random(in: 280...800, using: &random), Double.random(in: 700...2_400, using: &random)
            )
            let vowel = Sound.vowel(
                ms: Int.random(in: 100...1_200, using: &random), pitch: pitch, formants: formants, seed: seed)
            #expect(beeps(Sound.silence(ms: 150) + vowel + Sound.silence(ms: 300)).isEmpty, "seed \(seed)")
        }
    }

    @Test func noiseIsNoBeep() {
        for seed in 0..<20 as Range<UInt64> {
            #expect(beeps(Sound.noise(ms: 2_000, rms: 0.1, seed: seed) + Sound.silence(ms: 300)).isEmpty, "\(seed)")
        }
    }

    @Test func extremeSamplesDoNotOverflow() {
        var detector = BeepDetector()
        let loud = (0..<16_000).map { $0.isMultiple(of: 2) ? Int16.min : Int16.max }
        #expect(detector.heard(loud.span) == nil)
        #expect(detector.heard(Array(repeating: Int16.min, count: 16_000).span) == nil)
    }
}
