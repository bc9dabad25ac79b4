import NIOCore
import VoiceEngineCore
import VoiceEngineLocal
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Whole calls in virtual time on recorded speech: the session's own detection decides, the words are told by a
/// recogniser that knows them (each word 200 ms after it was said, a settled transcript 120 ms after it was asked for).
/// Positions are known by the sample: the recordings begin with their first sound and end with their last.
struct TurnMeasurement {
    enum Detector: String, CaseIterable { case energy, neural }

    struct Line {
        var noise = Noise.none
        /// [dB] Speech over noise.
        var snr = 0.0

        var name: String { noise == .none ? noise.rawValue : "\(noise.rawValue), \(Int(snr)) dB" }
    }

    let speech: SpeechSet
    let detector: Detector
    /// nil: not on this machine.
    let model: (any VoiceActivityProvider)?

    private static let long = (1...60).map { "word\($0)" }.joined(separator: " ") + "."

    // MARK: - One call

    /// [ms] where a clip was put.
    struct Placed {
        let clip: SpeechSet.Clip
        let start: Double
        var end: Double { start + Double(clip.samples.count) / 8 }
    }

    /// The caller's audio: clips one after the other with gaps in between, and the line's noise under it.
    private func audio(
        _ clips: [SpeechSet.Clip], gap: Double, on line: Line, _ random: inout SeededRandom
    ) -> (samples: [Int16], placed: [Placed]) {
        var placed: [Placed] = []
        var position = 2_500.0
        for clip in clips {
            // At any phase of the frames.
            let start = Double(Int(position * 8) + Int(random.next() % 1_600)) / 8
            placed.append(Placed(clip: clip, start: start))
            position = placed[placed.count - 1].end + gap
        }
        let count = Int(position + 2_000) * 8
        var samples = line.noise.samples(
            count, at: SpeechSet.speechLevel - line.snr, of: speech.sentences, &random)
        for place in placed {
            let start = Int(place.start * 8)
            for (offset, sample) in place.clip.samples.enumerated() {
                let sum = Int32(samples[start + offset]) + Int32(sample)
                samples[start + offset] = Int16(max(-32_768, min(32_767, sum)))
            }
        }
        return (samples, placed)
    }

    /// - Parameter isTalking: The agent always says something; else it only answers.
    private func play(_ audio: (samples: [Int16], placed: [Placed]), answer: String, isTalking: Bool) throws
        -> [SessionEvent]
    {
        var policy = SessionPolicy()
        policy.overlap.always = ["stop", "wait"]
        policy.greeting = isTalking ? Self.long : nil
        policy.manners.longestCall = .seconds(36_000)
        let model = model
        let call = try ScriptedCall(detects: false, policy: policy) { $0.voiceActivity = model }
        call.ears.latency = 200
        call.ears.settle = 120
        call.mind.answers = [ScriptedAnswer(text: answer, after: 300, every: 1)]
        call.line = audio.samples
        for place in audio.placed {
            call.ears.caller(
                says: place.clip.text, from: Int64(place.start), for: place.clip.milliseconds, on: call.loop)
        }
        if isTalking {
            call.afterFrame = { [unowned call] in
                if call.session?.waitingTexts == 0 { _ = call.session?.say(Self.long) }
            }
        }
        try call.start()
        call.run(until: Int64(audio.samples.count / 8))
        call.session?.hangUp()
        return call.events
    }

    // MARK: - What is measured

    struct Onsets {
        var latencies: [Double] = []
        var confirmations: [Double] = []
        var missed = 0
        var falsePauses = 0
        var minutes = 0.0
    }

    /// Callers who take the floor.
    func onsets(on line: Line, seed: UInt64) throws -> Onsets {
        var random = SeededRandom(seed: seed)
        let audio = audio(speech.sentences.shuffled(using: &random), gap: 3_200, on: line, &random)
        let events = try play(audio, answer: Self.long, isTalking: true)
        var result = Onsets(minutes: Double(audio.samples.count) / 480_000)
        var pauses = Self.times(events, .paused)
        let confirmed = Self.times(events, .confirmed)
        for place in audio.placed {
            if let time = pauses.first(where: { $0 >= place.start && $0 < place.start + 1_000 }) {
                result.latencies.append(time - place.start)
            } else {
                result.missed += 1
            }
            pauses.removeAll { $0 >= place.start && $0 < place.end + 300 }
            if let time = confirmed.first(where: { $0 >= place.start && $0 < place.end + 1_000 }) {
                result.confirmations.append(time - place.start)
            }
        }
        result.falsePauses = pauses.count
        return result
    }

    /// Nobody but the noise, while the agent speaks.
    /// - Returns: Pauses and interruptions a minute.
    func noise(_ line: Line, minutes: Double, seed: UInt64) throws -> (pauses: Double, interruptions: Double) {
        var random = SeededRandom(seed: seed)
        let count = Int(minutes * 480_000)
        let samples = line.noise.samples(count, at: SpeechSet.speechLevel - line.snr, of: speech.sentences, &random)
        let events = try play((samples, []), answer: Self.long, isTalking: true)
        return (
            Double(Self.times(events, .paused).count) / minutes, Double(Self.times(events, .confirmed).count) / minutes
        )
    }

    struct Backchannels {
        var count = 0
        var paused = 0
        var interrupted = 0
        /// [ms] From the end of the word to the agent's going on, and how long the agent was silent.
        var resumed: [Double] = []
        var silent: [Double] = []
    }

    /// Callers who only listen.
    func backchannels(on line: Line, seed: UInt64) throws -> Backchannels {
        var random = SeededRandom(seed: seed)
        let clips = (0..<3).flatMap { _ in speech.backchannels.shuffled(using: &random) }
        let audio = audio(clips, gap: 2_500, on: line, &random)
        let events = try play(audio, answer: Self.long, isTalking: true)
        var result = Backchannels(count: clips.count)
        func first(_ times: [Double], _ range: Range<Double>) -> Double? { times.first { range.contains($0) } }
        let (paused, resumed) = (Self.times(events, .paused), Self.times(events, .resumed))
        let confirmed = Self.times(events, .confirmed)
        for place in audio.placed {
            let range = place.start..<place.end + 2_000
            if first(confirmed, range) != nil { result.interrupted += 1 }
            guard let pause = first(paused, range) else { continue }
            result.paused += 1
            if let resume = first(resumed, range) {
                result.resumed.append(resume - place.end)
                result.silent.append(resume - pause)
            }
        }
        return result
    }

    /// - Returns: [ms] from the last sound of each sentence to the turn, and how many sentences had none, or one before
    ///   their end.
    func ends(on line: Line, seed: UInt64) throws -> (delays: [Double], missed: Int, early: Int) {
        var random = SeededRandom(seed: seed)
        let audio = audio(speech.sentences.shuffled(using: &random), gap: 4_000, on: line, &random)
        let turns = try play(audio, answer: "Yes.", isTalking: false).filter { $0.kind == .turnStarted }
            .map { Double(($0.time - .zero).wholeMilliseconds) }
        var result = (delays: [Double](), missed: 0, early: 0)
        for place in audio.placed {
            let mine = turns.filter { $0 >= place.start && $0 < place.end + 3_500 }
            if mine.contains(where: { $0 < place.end }) { result.early += 1 }
            if let last = mine.last, last >= place.end {
                result.delays.append(last - place.end)
            } else {
                result.missed += 1
            }
        }
        return result
    }

    /// Sentences with a pause put between two of their words, near the middle.
    /// - Returns: The share that was answered in the pause.
    func cutOffs(pause: Int, on line: Line, seed: UInt64) throws -> Double {
        var random = SeededRandom(seed: seed)
        let halves = speech.sentences.compactMap(Self.halves)
        var clips: [SpeechSet.Clip] = []
        for half in halves {
            let gap = [Int16](repeating: 0, count: pause * 8)
            clips.append(
                SpeechSet.Clip(
                    name: half.0.name, text: half.0.text, samples: half.0.samples + gap + half.1.samples))
        }
        let audio = audio(clips, gap: 4_000, on: line, &random)
        // The words of each half while it is spoken.
        let spoken = zip(audio.placed, halves).flatMap { place, half in
            [
                Placed(clip: half.0, start: place.start),
                Placed(clip: half.1, start: place.start + Double(half.0.samples.count / 8 + pause)),
            ]
        }
        let turns = try play((audio.samples, spoken), answer: "Yes.", isTalking: false).filter {
            $0.kind == .turnStarted
        }
        .map { Double(($0.time - .zero).wholeMilliseconds) }
        let cut = audio.placed.count { place in turns.contains { $0 >= place.start && $0 < place.end } }
        return Double(cut) / Double(max(audio.placed.count, 1))
    }

    /// Cut at the quietest 10 ms around the middle; the words go by time.
    private static func halves(of clip: SpeechSet.Clip) -> (SpeechSet.Clip, SpeechSet.Clip)? {
        let words = clip.text.split(separator: " ")
        guard words.count >= 4 else { return nil }
        func energy(_ start: Int) -> Double {
            clip.samples[start..<start + 80].reduce(0) { $0 + Double($1) * Double($1) }
        }
        let starts = stride(from: clip.samples.count * 35 / 100, to: clip.samples.count * 65 / 100, by: 40)
        guard let cut = starts.min(by: { energy($0) < energy($1) }) else { return nil }
        let share = Double(cut) / Double(clip.samples.count)
        let count = max(1, min(words.count - 1, Int((share * Double(words.count)).rounded())))
        return (
            SpeechSet.Clip(
                name: clip.name, text: words[..<count].joined(separator: " "),
                samples: Array(clip.samples[..<(cut + 40)])),
            SpeechSet.Clip(
                name: clip.name, text: words[count...].joined(separator: " "),
                samples: Array(clip.samples[(cut + 40)...]))
        )
    }

    private static func times(_ events: [SessionEvent], _ flag: SessionEvent.Flags) -> [Double] {
        events.filter { $0.kind == .bargeIn && $0.flags.contains(flag) }.map {
            Double(($0.time - .zero).nanoseconds) / 1_000_000
        }
    }
}

/// Silero on the loop itself: in virtual time the model takes none.
///
/// `@unchecked Sendable`: touched by the test's one thread only.
final class InstantSilero: VoiceActivityProvider, @unchecked Sendable {
    private final class Stream: VoiceActivityStream {
        let detector: SileroDetector
        let loop: any EventLoop
        let sink: (SpeechWindow) -> Void
        var window: [Float] = []
        var position: Int64 = 0

        init(_ detector: SileroDetector, loop: any EventLoop, sink: @escaping (SpeechWindow) -> Void) {
            (self.detector, self.loop, self.sink) = (detector, loop, sink)
        }

        func send(_ samples: UnsafeBufferPointer<Int16>) {
            for sample in samples {
                window.append(Float(sample) / 32_768)
                guard window.count == SileroDetector.windowSamples else { continue }
                let start = position
                position += Int64(window.count)
                let probability = window.withUnsafeBufferPointer { (try? detector.probability(of: $0)) ?? 0 }
                window.removeAll(keepingCapacity: true)
                let judged = SpeechWindow(
                    start: start, count: SileroDetector.windowSamples, probability: probability)
                let bound = NIOLoopBound(self, eventLoop: loop)
                loop.execute { bound.value.sink(judged) }
            }
        }

        func skip(_ count: Int64) {
            position += Int64(window.count) + count
            window.removeAll(keepingCapacity: true)
            detector.reset()
        }

        func close() {}
    }

    let name = "silero"
    private let model: SileroModel

    init(_ model: SileroModel) { self.model = model }

    func open(
        _ context: ProviderContext, sink: @escaping (SpeechWindow) -> Void
    ) -> any VoiceActivityStream {
        guard let detector = try? SileroDetector(model: model) else { return Silent() }
        return Stream(detector, loop: context.eventLoop, sink: sink)
    }

    private final class Silent: VoiceActivityStream {
        func send(_ samples: UnsafeBufferPointer<Int16>) {}
        func skip(_ count: Int64) {}
        func close() {}
    }
}
