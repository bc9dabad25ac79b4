import Testing

@testable import VoiceEngineLocal

@Suite(
    "Silero", .enabled(if: Models.have(.voiceActivity), Models.hint), .enabled(if: Recordings.areThere, Recordings.hint)
)
struct SileroTests {
    private func probabilities(_ samples: [Float], _ detector: SileroDetector) throws -> [Float] {
        try samples.withUnsafeBufferPointer { samples in
            try stride(from: 0, through: samples.count - 256, by: 256).map { start in
                try detector.probability(of: UnsafeBufferPointer(rebasing: samples[start..<(start + 256)]))
            }
        }
    }

    private func prompt(_ name: String) throws -> [Float] {
        try Recordings.read("\(Recordings.prompts)/\(name).wav").samples.map { Float($0) / 32_768 }
    }

    private static func noise(_ count: Int, level: Float) -> [Float] {
        var state: UInt32 = 7
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return (Float(state >> 8) / Float(1 << 24) - 0.5) * level
        }
    }

    @Test("finds speech in most of a spoken sentence")
    func speech() throws {
        let detector = try SileroDetector(model: Models.store.silero())
        let windows = try probabilities(try prompt("vm-nobodyavail"), detector)
        let spoken = windows.count { $0 > 0.5 }
        #expect(Double(spoken) > 0.6 * Double(windows.count))
    }

    @Test("finds none in silence, noise and a tone")
    func noSpeech() throws {
        let detector = try SileroDetector(model: Models.store.silero())
        let tone = (0..<16_000).map { Float($0 / 4 % 2) * 0.2 - 0.1 }
        for samples in [[Float](repeating: 0, count: 16_000), Self.noise(16_000, level: 0.02), tone] {
            detector.reset()
            let windows = try probabilities(samples, detector)
            #expect(windows.count { $0 > 0.5 } == 0, "\(windows.max() ?? 0)")
        }
    }

    @Test("notices a voice within 100 ms")
    func onset() throws {
        let detector = try SileroDetector(model: Models.store.silero())
        let speech = try prompt("conf-onlyperson")
        let onset = try #require(speech.firstIndex { abs($0) > 0.03 })
        // One second of line noise, then the sentence from its first loud sample.
        let samples = Self.noise(8_192, level: 0.002) + speech[onset...]
        let windows = try probabilities(samples, detector)
        let first = try #require(windows.firstIndex { $0 > 0.5 })
        let delay = (first + 1) * 256 - 8_192
        #expect(delay > 0 && delay <= 800, "\(delay) samples")
    }

    @Test("one call's detector knows nothing of another's")
    func independent() throws {
        let model = try Models.store.silero()
        let speech = try prompt("vm-nobodyavail")
        let alone = try probabilities(speech, SileroDetector(model: model))
        let first = try SileroDetector(model: model)
        let second = try SileroDetector(model: model)
        _ = try probabilities(Self.noise(8_192, level: 0.3), second)
        #expect(try probabilities(speech, first) == alone)
        first.reset()
        #expect(try probabilities(speech, first) == alone)
    }

    @Test("refuses windows of another length")
    func length() throws {
        let detector = try SileroDetector(model: Models.store.silero())
        #expect(throws: LocalModelError.failed("silero: 160 samples, expected 256")) {
            try [Float](repeating: 0, count: 160).withUnsafeBufferPointer { try detector.probability(of: $0) }
        }
    }
}
