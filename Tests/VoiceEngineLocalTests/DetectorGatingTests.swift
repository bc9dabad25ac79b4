import Testing
import VoiceEngineCore

@testable import VoiceEngineLocal

/// The neural detector behind the cheap one, on recorded telephone speech: nothing is missed, and most is spared.
@Suite(
    "Detectors on recordings", .enabled(if: Models.have(.voiceActivity), Models.hint),
    .enabled(if: Recordings.areThere, Recordings.hint)
)
struct DetectorGatingTests {
    private static let names = [
        "vm-nobodyavail", "conf-onlyperson", "vm-goodbye", "queue-thankyou", "vm-options", "vm-press", "vm-received",
        "pbx-invalid", "auth-incorrect", "agent-pass", "vm-intro", "conf-thereare", "queue-holdtime", "tt-weasels",
    ]

    /// One side of a call: each sentence is followed by twice its length of silence, in which the other side speaks.
    /// - Parameters:
    ///   - gain: Of the speech, whose peaks are near full scale.
    ///   - noise: [LSB] peak of white noise throughout.
    private static func call(gain: Float, noise: Int32) throws -> [Int16] {
        var state: UInt32 = 9
        var samples: [Int16] = []
        func append(_ sample: Float) {
            state = state &* 1_664_525 &+ 1_013_904_223
            let hiss = noise > 0 ? Float(Int32(state >> 8) % (2 * noise) - noise) : 0
            samples.append(Int16(max(-32_767, min(32_767, sample * gain + hiss))))
        }
        for name in names {
            guard let sentence = try? Recordings.read("\(Recordings.prompts)/\(name).wav").samples else { continue }
            for sample in sentence { append(Float(sample)) }
            for _ in 0..<(2 * sentence.count) { append(0) }
        }
        return samples
    }

    private struct Heard {
        var onsets: [Int64] = []
        var pauses: [Int64] = []
        var windows = 0
    }

    private static func listen(to samples: [Int16], gated: Bool) throws -> Heard {
        let format = try AudioFormat(encoding: .pcm16, sampleRate: 8_000)
        let detector = try SileroDetector(model: Models.store.silero())
        var energy = EnergyDetector(sampleRate: 8_000)
        var gate = DetectorGate(.init(format: format))
        var speech = SpeechGate(.init(format: format, minimumSpeechMs: 30))
        var heard = Heard()
        var waiting: [Float] = []
        var position: Int64 = 0
        func judge() throws {
            while waiting.count >= 256 {
                let window = Array(waiting[..<256])
                waiting.removeFirst(256)
                let probability = try window.withUnsafeBufferPointer { try detector.probability(of: $0) }
                heard.windows += 1
                position += 256
                switch speech.heard(SpeechWindow(start: position - 256, count: 256, probability: probability)) {
                case .started(let onset), .resumed(let onset): heard.onsets.append(onset)
                case .paused(let end): heard.pauses.append(end)
                case .none, .ended, .ignored: break
                }
            }
        }
        var offset = 0
        while let window = energy.next(samples.span, offset: &offset) {
            let action = gated ? gate.heard(window, isInUtterance: speech.isInUtterance) : .judge
            var from = window.start
            switch action {
            case .skip: continue
            case .judge: break
            case .wake(let preroll):
                from -= Int64(preroll)
                waiting = []
                position = from
                detector.reset()
            }
            waiting += samples[Int(from)..<Int(window.end)].map { Float($0) / 32_768 }
            try judge()
        }
        return heard
    }

    /// - Parameter lateness: [samples] that the gate may cost: two windows, more for a caller who is hardly audible.
    @Test(
        "nothing is missed behind the gate",
        arguments: [(1, 0, 512), (1, 60, 512), (0.1, 0, 512), (0.1, 30, 512), (0.03, 10, 2_400)]
            as [(Float, Int32, Int64)])
    func missesNothing(_ gain: Float, _ noise: Int32, _ lateness: Int64) throws {
        let samples = try Self.call(gain: gain, noise: noise)
        let all = try Self.listen(to: samples, gated: false)
        let gated = try Self.listen(to: samples, gated: true)
        #expect(!all.onsets.isEmpty)
        // What begins without the gate has begun behind it too; it may have begun earlier.
        let spoken = zip(gated.onsets, gated.pauses + [.max])
        let missed = all.onsets.filter { onset in
            !spoken.contains { $0 <= onset + lateness && onset < $1 }
        }
        #expect(missed.count * 20 <= all.onsets.count, "\(missed) of \(all.onsets.count)")
        #expect(gated.windows * 10 < all.windows * 8, "\(gated.windows) of \(all.windows) windows")
    }
}
