import Foundation
import NIOCore
import NIOEmbedded
import VoiceEngineCore
import VoiceEngineMedia
import VoiceEngineProviders

@testable import VoiceEngineSession

/// One call in virtual time whose audio really passes all codecs: the caller is a tone, each reply of the agent is a
/// tone of its own, and the recogniser keeps what it was given.
final class CodecCall {
    /// Of the caller's voice. [Hz]
    static let callerHertz = 700.0
    /// Of all tones.
    static let amplitude = 8_000.0

    let format: AudioFormat
    let loop = EmbeddedEventLoop()
    let words = ScriptedRecogniser()
    let ears: RecordingEars
    let mind = ScriptedModel()
    let voice = ToneVoice()
    let carrier: CodecCarrier
    private(set) var session: Session?
    private(set) var events: [SessionEvent] = []
    /// Every frame of the caller, as it was sent.
    private(set) var sent: [[UInt8]] = []
    private let clock: SessionClock
    private let encoder: FrameEncoder
    private var speech: [Range<Int64>] = []
    /// [ms]
    private(set) var played: Int64 = 0

    init(_ format: AudioFormat) throws {
        self.format = format
        clock = SessionClock(eventLoop: loop)
        ears = RecordingEars(words)
        carrier = try CodecCarrier(format)
        encoder = try FrameEncoder(from: format.sampleRate, to: format, frameMs: 20)
        session = Session(
            setup: CallSetup(
                agent: "test", callID: "call", variables: [:], input: format, output: format, leadMilliseconds: 0,
                wantsSilence: true),
            policy: SessionPolicy(),
            providers: SessionProviders(
                speechToText: ears, languageModel: mind, textToSpeech: voice, voiceActivity: nil),
            carrier: carrier, context: ProviderContext(callID: "call", eventLoop: loop, log: .none), clock: clock
        ) { [weak self] event in self?.events.append(event) }
    }

    func start() throws { try session?.start() }

    func caller(says text: String, at time: Int64, for duration: Int64) {
        speech.append(time..<time + duration)
        words.caller(says: text, from: time, for: duration, on: loop)
    }

    /// Plays the call up to `time`, a multiple of 20 ms.
    func run(until time: Int64) throws {
        while played < time {
            played += 20
            loop.advanceTime(to: .uptimeNanoseconds(UInt64(played * 1_000_000)))
            try sendFrame()
            loop.run()
        }
    }

    /// Ends the call; whatever is left is the session's mistake.
    func end() -> Bool {
        session?.hangUp()
        loop.advanceTime(by: .hours(1))
        weak let left = session
        session = nil
        return left == nil && clock.count == 0 && voice.open == 0 && words.open.isEmpty
    }

    private func sendFrame() throws {
        let rate = Int64(format.sampleRate)
        let first = (played - 20) * rate / 1_000
        let frame = (first..<first + rate / 50).map { index -> Int16 in
            guard speech.contains(where: { $0.contains(index * 1_000 / rate) }) else { return 0 }
            return Tone.sample(Self.callerHertz, at: index, rate: format.sampleRate)
        }
        var bytes = [UInt8](repeating: 0, count: encoder.maximumFrameBytes)
        var target = bytes.mutableSpan
        let count = try encoder.encode(frame.span, into: &target)
        sent.append(Array(bytes[..<count]))
        bytes[..<count].withUnsafeBytes { session?.receive($0) }
    }
}

/// Sines, and what is left of them behind a codec.
enum Tone {
    static func sample(_ hertz: Double, at index: Int64, rate: Int) -> Int16 {
        Int16((CodecCall.amplitude * sin(2 * .pi * hertz * Double(index) / Double(rate))).rounded())
    }

    /// Where the signal is loud: from the first to after the last sample above a quarter of the tones' amplitude.
    static func loudRange(of samples: ArraySlice<Int16>) -> Range<Int>? {
        let isLoud = { (sample: Int16) in Double(sample.magnitude) > CodecCall.amplitude / 4 }
        guard let first = samples.firstIndex(where: isLoud), let last = samples.lastIndex(where: isLoud) else {
            return nil
        }
        return first..<last + 1
    }

    /// The sine of `hertz` that fits best (least squares over whole periods), and [dB] the rest's power relative to it.
    static func measure(_ samples: ArraySlice<Int16>, hertz: Double, rate: Int) -> (amplitude: Double, rest: Double) {
        let step = 2 * Double.pi * hertz / Double(rate)
        var (s, c, power) = (0.0, 0.0, 0.0)
        // All tones are multiples of 100 Hz: 10 ms are whole periods.
        let part = samples.prefix(samples.count / (rate / 100) * (rate / 100))
        for (index, sample) in part.enumerated() {
            s += Double(sample) * sin(step * Double(index))
            c += Double(sample) * cos(step * Double(index))
            power += Double(sample) * Double(sample)
        }
        let count = max(Double(part.count), 1)
        let amplitude = 2 / count * (s * s + c * c).squareRoot()
        let sine = amplitude * amplitude / 2
        return (amplitude, 10 * log10(max(power / count - sine, 1e-9) / max(sine, 1e-9)))
    }
}

/// A carrier that plays each frame as it is handed over, and keeps it decoded.
final class CodecCarrier: Carrier {
    private(set) var heard: [Int16] = []
    private(set) var frames: [[UInt8]] = []
    private(set) var handed: Int64 = 0
    private let decoder: FrameDecoder

    init(_ format: AudioFormat) throws { decoder = try FrameDecoder(from: format, to: format.sampleRate) }

    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
        handed += Int64(samples)
        let bytes = Array(audio)
        frames.append(bytes)
        var room = [Int16](repeating: 0, count: decoder.maximumSamples(forBytes: bytes.count))
        var span = room.mutableSpan
        let count = (try? decoder.decode(bytes.span, into: &span)) ?? 0
        heard += room[..<count]
    }

    func flush() {}
    func heardSamples(at now: Instant) -> Int64 { handed }
    func cut(at now: Instant) -> Int64 { handed }
    func perform(_ request: CarrierRequest) -> Bool { true }
}

/// A recogniser for PCM16 at 16 kHz that keeps what it hears; the script says what it understands.
final class RecordingEars: SpeechToTextProvider, @unchecked Sendable {
    static let rate = 16_000

    final class Stream: SpeechToTextStream {
        private let ears: RecordingEars
        private let script: any SpeechToTextStream

        init(_ ears: RecordingEars, _ script: any SpeechToTextStream) { (self.ears, self.script) = (ears, script) }

        func send(_ audio: UnsafeRawBufferPointer) {
            ears.received += Array(audio)
            script.send(audio)
        }

        func hint(_ hint: VoiceHint) { script.hint(hint) }
        func finishUtterance() { script.finishUtterance() }
        func utteranceCommitted() { script.utteranceCommitted() }
        func close() { script.close() }
    }

    let name = "ears"
    private(set) var received: [UInt8] = []
    private let script: ScriptedRecogniser

    init(_ script: ScriptedRecogniser) { self.script = script }

    func format(for native: AudioFormat) -> AudioFormat {
        (try? AudioFormat(encoding: .pcm16, sampleRate: Self.rate)) ?? native
    }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        Stream(self, script.open(context, format: format, sink: sink))
    }
}

/// A voice of PCM16 at 24 kHz: 200 ms of its turn's tone for each word, in chunks that tear samples apart.
final class ToneVoice: TextToSpeechProvider, @unchecked Sendable {
    static let rate = 24_000
    static let perWord: Int64 = 200

    static func hertz(_ turn: TurnID) -> Double { 400 + 100 * Double(turn.number % 8) }

    final class Stream: TextToSpeechStream {
        private let voice: ToneVoice
        private let loop: any EventLoop
        private let sink: (TextToSpeechEvent) -> Void
        private var isOpen = true
        private var cancelled = TurnID.none
        private var turn = TurnID.none
        private var place: Int64 = 0

        init(_ voice: ToneVoice, loop: any EventLoop, sink: @escaping (TextToSpeechEvent) -> Void) {
            (self.voice, self.loop, self.sink) = (voice, loop, sink)
        }

        func speak(_ text: String, as segment: SegmentID) {
            if segment.turn != turn { (turn, place) = (segment.turn, 0) }
            let count = Int64(text.split(separator: " ").count) * ToneVoice.perWord * Int64(ToneVoice.rate) / 1_000
            let samples = (place..<place + count).map {
                Tone.sample(ToneVoice.hertz(segment.turn), at: $0, rate: ToneVoice.rate)
            }
            place += count
            voice.made[segment.turn, default: 0] += count
            let bytes = samples.withUnsafeBytes { Array($0) }
            var time = loop.milliseconds + 60
            for start in stride(from: 0, to: bytes.count, by: 3_999) {
                let chunk = Array(bytes[start..<min(start + 3_999, bytes.count)])
                loop.schedule(at: time) { [weak self] in
                    chunk.withUnsafeBytes { self?.tell(.audio(segment, $0), of: segment.turn) }
                }
                time += 10
            }
            loop.schedule(at: time) { [weak self] in self?.tell(.completed(segment), of: segment.turn) }
        }

        func finish(_ turn: TurnID) {}
        func cancel(_ turn: TurnID) { cancelled = max(cancelled, turn) }
        func holdAudio(_ hold: Bool) {}

        func close() {
            isOpen = false
            voice.open -= 1
        }

        private func tell(_ event: TextToSpeechEvent, of turn: TurnID) {
            if isOpen, turn > cancelled { sink(event) }
        }
    }

    let name = "voice"
    /// [samples] made for each turn.
    private(set) var made: [TurnID: Int64] = [:]
    fileprivate(set) var open = 0

    func format(for native: AudioFormat) -> AudioFormat {
        (try? AudioFormat(encoding: .pcm16, sampleRate: Self.rate)) ?? native
    }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        open += 1
        return Stream(self, loop: context.eventLoop, sink: sink)
    }
}
