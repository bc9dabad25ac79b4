internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineMedia
package import VoiceEngineProviders

/// The caller's audio in one call: it feeds the recogniser and the voice activity detection, and tells where speech
/// begins and pauses.
///
///     receive ─┬─ as it is, or converted ─────────────► speech-to-text stream
///              └─ decode ─► 8 kHz ─► detector ─► SpeechGate ─► voice events
///
/// Confined to the session's loop.
package final class CallerPath {
    package enum Event {
        /// The caller is audible since `position`, for the first time or again after a pause.
        case voiceStarted(position: Int64, onset: Instant)
        /// The caller has been silent since `position`.
        case voicePaused(position: Int64, lastSpeech: Instant)
        case speechToText(SpeechToTextEvent)
    }

    /// [Hz] What the detectors listen at.
    private static let detectorRate = 8_000
    /// A carrier that sends nothing for this long is taken for silence, so that an utterance can end.
    private static let gap = Nanoseconds.milliseconds(100)

    private let input: AudioFormat
    private let decoder: AudioConverter
    private let recogniser: Recogniser
    private let model: VoiceActivityModel?
    private var energy = EnergyDetector(sampleRate: CallerPath.detectorRate)
    private var gate: SpeechGate
    private let clock = SampleClock(sampleRate: CallerPath.detectorRate)
    /// Detector samples so far, and when the last of them arrived.
    private var received: Int64 = 0
    private var arrived: Instant
    private let handler: (Event, Instant) -> Void

    package init(
        setup: CallSetup, speechToText: any SpeechToTextProvider, voiceActivity: (any VoiceActivityProvider)?,
        context: ProviderContext, handler: @escaping (Event, Instant) -> Void
    ) throws {
        input = setup.input
        self.handler = handler
        arrived = context.eventLoop.instant
        let listening = try AudioFormat(encoding: .pcm16, sampleRate: Self.detectorRate)
        decoder = try AudioConverter(from: setup.input, toRate: Self.detectorRate)
        recogniser = try Recogniser(provider: speechToText, native: setup.input, context: context)
        // One window of the model (32 ms) or four of the energy detector begin an utterance: earlier than that a click
        // would.
        gate = SpeechGate(.init(format: listening, minimumSpeechMs: voiceActivity == nil ? 40 : 30))
        model = voiceActivity.map { VoiceActivityModel(provider: $0) }
        recogniser.open { [weak self] event in self?.handler(.speechToText(event), context.eventLoop.instant) }
        model?.open(context) { [weak self] window in self?.judged(window, at: context.eventLoop.instant) }
    }

    /// Caller audio in the input format. Borrowed until return.
    package func receive(_ audio: UnsafeRawBufferPointer, at now: Instant) {
        recogniser.send(audio)
        listen(to: decoder.decode(audio), at: now)
    }

    /// Fills in for a carrier that stopped sending in the middle of speech.
    package func tick(at now: Instant) {
        guard gate.isInUtterance, now - arrived > Self.gap else { return }
        let missing = Int(clock.samples(in: now - arrived))
        for _ in 0..<(missing / Self.silence.count) {
            recogniser.sendSilence()
            Self.silence.withUnsafeBufferPointer { listen(to: $0, at: now) }
        }
    }

    /// Asks for a settled transcript.
    package func finishUtterance() { recogniser.stream?.finishUtterance() }

    /// What was said so far became a turn, or was nothing; the next transcript starts empty.
    package func utteranceCommitted() {
        recogniser.begins = true
        recogniser.stream?.utteranceCommitted()
    }

    /// Opens the recogniser again after it failed.
    package func reopen(_ context: ProviderContext) {
        recogniser.close()
        recogniser.open { [weak self] event in self?.handler(.speechToText(event), context.eventLoop.instant) }
    }

    package func close() {
        recogniser.close()
        model?.close()
    }

    // MARK: -

    /// 20 ms at the detector's rate.
    private static let silence = [Int16](repeating: 0, count: 160)

    private func listen(to samples: UnsafeBufferPointer<Int16>, at now: Instant) {
        arrived = now
        received += Int64(samples.count)
        if let model { return model.send(samples) }
        var offset = 0
        while let window = energy.next(samples.span, offset: &offset) { judged(window, at: now) }
    }

    private func judged(_ window: SpeechWindow, at now: Instant) {
        switch gate.heard(window) {
        case .none, .ended, .ignored: break
        case .started(let onset):
            recogniser.voiceStarted(atMilliseconds: milliseconds(onset))
            handler(.voiceStarted(position: inputPosition(onset), onset: time(of: onset)), now)
        case .resumed(let onset):
            recogniser.voiceResumed(atMilliseconds: milliseconds(onset))
            handler(.voiceStarted(position: inputPosition(onset), onset: time(of: onset)), now)
        case .paused(let lastSpeech):
            recogniser.stream?.hint(.paused(atMilliseconds: milliseconds(lastSpeech)))
            handler(.voicePaused(position: inputPosition(lastSpeech), lastSpeech: time(of: lastSpeech)), now)
        }
    }

    private func milliseconds(_ position: Int64) -> Int64 { position * 1_000 / Int64(Self.detectorRate) }

    private func inputPosition(_ position: Int64) -> Int64 {
        position * Int64(input.sampleRate) / Int64(Self.detectorRate)
    }

    /// When the caller's sample at this position arrived: counted back from the newest.
    private func time(of position: Int64) -> Instant { arrived - clock.duration(ofSamples: received - position) }
}

/// The neural detector of one call. Its windows come back later, on the loop.
private final class VoiceActivityModel {
    private let provider: any VoiceActivityProvider
    private var stream: (any VoiceActivityStream)?
    private var end: Int64 = 0

    init(provider: any VoiceActivityProvider) { self.provider = provider }

    func open(_ context: ProviderContext, judged: @escaping (SpeechWindow) -> Void) {
        stream = provider.open(context) { [weak self] windowEnd, probability in
            guard let self, windowEnd > self.end else { return }
            let window = SpeechWindow(start: self.end, count: Int(windowEnd - self.end), probability: probability)
            self.end = windowEnd
            judged(window)
        }
    }

    func send(_ samples: UnsafeBufferPointer<Int16>) { stream?.send(samples) }

    func close() {
        stream?.close()
        stream = nil
    }
}

/// The recogniser's stream of one call, and the conversion to the format it wants.
private final class Recogniser {
    private let provider: any SpeechToTextProvider
    private let context: ProviderContext
    private let format: AudioFormat
    /// nil when the recogniser takes the caller's audio as it is.
    private let converter: AudioTranscoder?
    private let silence: [UInt8]
    private(set) var stream: (any SpeechToTextStream)?
    /// The next voice begins an utterance, also when the voice activity takes it for the rest of the one before.
    var begins = true

    init(provider: any SpeechToTextProvider, native: AudioFormat, context: ProviderContext) throws {
        self.provider = provider
        self.context = context
        format = provider.format(for: native)
        converter = format == native ? nil : try AudioTranscoder(from: native, to: format)
        let quiet: UInt8 =
            switch format.encoding {
            case .mulaw: G711.mulawSilence
            case .alaw: G711.alawSilence
            case .pcm16, .opus: 0
            }
        silence =
            format.encoding == .opus
            ? [] : Array(repeating: quiet, count: format.bytes(forSamples: format.samples(inMilliseconds: 20)))
    }

    func open(sink: @escaping (SpeechToTextEvent) -> Void) {
        stream = provider.open(context, format: format, sink: sink)
    }

    func send(_ audio: UnsafeRawBufferPointer) {
        guard let stream else { return }
        guard let converter else { return stream.send(audio) }
        let converted = converter.convert(audio)
        if converted.count > 0 { stream.send(converted) }
    }

    /// 20 ms.
    func sendSilence() {
        if !silence.isEmpty { silence.withUnsafeBytes { stream?.send($0) } }
    }

    func voiceStarted(atMilliseconds position: Int64) {
        begins = false
        stream?.hint(.started(atMilliseconds: position))
    }

    func voiceResumed(atMilliseconds position: Int64) {
        if begins { return voiceStarted(atMilliseconds: position) }
        stream?.hint(.resumed)
    }

    func close() {
        stream?.close()
        stream = nil
    }
}
