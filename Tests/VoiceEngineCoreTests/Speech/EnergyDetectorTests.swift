import Foundation
import Testing

import VoiceEngineCore

@Suite struct EnergyDetectorTests {
    private func judge(_ samples: [Int16], rate: Int = 8_000, chunk: Int = 160) -> [SpeechWindow] {
        var detector = EnergyDetector(sampleRate: rate)
        var windows: [SpeechWindow] = []
        for start in stride(from: 0, to: samples.count, by: chunk) {
            let part = samples.span.extracting(start..<min(samples.count, start + chunk))
            var offset = 0
            while let window = detector.next(part, offset: &offset) { windows.append(window) }
        }
        return windows
    }

    private func noise(_ count: Int, rms: Double, seed: UInt64) -> [Double] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in
            // The sum of twelve uniform numbers is as good as normal.
            rms * ((0..<12).reduce(0.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) } - 6)
        }
    }

    /// A vowel: harmonics of 120 Hz falling by 6 dB per octave, about -20 dBFS.
    private func vowel(_ count: Int, rate: Int = 8_000, amplitude: Double = 3_000) -> [Double] {
        (0..<count).map { index in
            (1...25).reduce(0.0) { $0 + sin(2 * .pi * 120 * Double($1 * index) / Double(rate)) / Double($1) }
                * amplitude
        }
    }

    private func pcm(_ samples: [Double]) -> [Int16] { samples.map { Int16(max(-32_768, min(32_767, $0.rounded()))) } }

    @Test(arguments: [8_000, 16_000, 24_000, 48_000])
    func findsAVowelInNoiseWithinTwoWindows(_ rate: Int) {
        var samples = noise(rate, rms: 30, seed: 1)
        let voice = vowel(rate / 2, rate: rate)
        for index in voice.indices { samples[rate / 4 + index] += voice[index] }
        let windows = judge(pcm(samples), rate: rate, chunk: rate / 50)
        #expect(windows.count == 100)
        #expect(windows[5..<25].allSatisfy { $0.probability < 0.35 })
        #expect(windows[26..<75].allSatisfy { $0.probability >= 0.5 })
        #expect(windows[76...].allSatisfy { $0.probability < 0.35 })
    }

    @Test(arguments: [3.0, 30, 300, 2_000])
    func steadyNoiseOfAnyLevelIsNoSpeech(_ rms: Double) {
        let windows = judge(pcm(noise(8_000 * 10, rms: rms, seed: 2)))
        // Two seconds to learn a loud line.
        #expect(windows[200...].allSatisfy { $0.probability < 0.35 })
    }

    @Test func humAndOffsetAreNoSpeech() {
        let hum = (0..<8_000).map { 1_000 * sin(2 * .pi * 50 * Double($0) / 8_000) + 500 }
        #expect(judge(pcm(hum))[1...].allSatisfy { $0.probability < 0.35 })
        #expect(judge([Int16](repeating: 0, count: 8_000)).allSatisfy { $0.probability == 0 })
        #expect(
            judge([Int16](repeating: .min, count: 8_000)).dropFirst().allSatisfy { (0...1).contains($0.probability) })
    }

    @Test func hearsACallerWhoSpeaksFromTheFirstSample() {
        #expect(judge(pcm(vowel(3_200))).allSatisfy { $0.probability >= 0.5 })
    }

    @Test func anySplitGivesTheSameWindows() {
        var random = SeededRandom(seed: 0x5EED_0009)
        let samples = pcm(noise(8_000, rms: 500, seed: 3))
        let whole = judge(samples, chunk: 8_000)
        for chunk in [1, 7, 79, 80, 81, Int.random(in: 2...400, using: &random)] {
            #expect(judge(samples, chunk: chunk) == whole)
        }
        #expect(whole.enumerated().allSatisfy { $1.start == Int64($0 * 80) && $1.count == 80 })
    }

    @Test func skippingGoesOnAtTheNewPosition() {
        var detector = EnergyDetector(sampleRate: 8_000)
        var offset = 0
        #expect(detector.next([Int16](repeating: 0, count: 50).span, offset: &offset) == nil)
        #expect(detector.position == 50)
        detector.skip(to: 1_000)
        offset = 0
        #expect(detector.next([Int16](repeating: 0, count: 80).span, offset: &offset)?.start == 1_000)
        #expect(offset == 80)
        #expect(detector.next([Int16]().span, offset: &offset) == nil)
    }
}
