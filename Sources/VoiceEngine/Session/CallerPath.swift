internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineMedia
package import VoiceEngineProviders

/// The caller's audio in one call: it feeds the recogniser and the voice activity detection, and tells where speech begins and pauses.
///
///     receive ─┬─ as it is, or converted ─────────────► speech-to-text stream
///              └─ decode ─► 8 kHz ─► detector ─► SpeechGate ─► voice events
///
/// Confined to the session's loop.
package final class CallerPath {
    package enum Event {
        /// The caller is audible since `position`.
        case voiceStarted(position: Int64, onset: Instant)
        /// The caller has been silent since `position`.
        case voicePaused(position: Int64, lastSpeech: Instant)
        /// Speech goes on after a pause.
        case voiceResumed
        case speechToText(SpeechToTextEvent)
    }

    /// [Hz] What the detectors listen at.
    private static let detectorRate = 8_000
    /// A carrier that sends nothing for this long is taken for silence, so that an utterance can end.
    private static let gap = Nanoseconds.milliseconds(100)

    private let input: AudioFormat
    private let decoder: AudioConverter
    private let recogniser: Recogniser
    private var detector: SpeechDetector
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
        decoder = try AudioConverter(from: setup.input, toRate: Self.detectorRate)
        recogniser = try Recogniser(provider: speechToText, native: setup.input, context: context)
        detector = SpeechDetector(model: nil)
        recogniser.open { [weak self] event in self?.handler(.speechToText(event), context.eventLoop.instant) }
        if let voiceActivity {
            detector = SpeechDetector(
                model: voiceActivity.open(context) { [weak self] end, probability in
                    self?.detected(probability, windowEnd: end, at: context.eventLoop.instant)
                })
        }
    }

    /// Caller audio in the input format. Borrowed until return.
    package func receive(_ audio: UnsafeRawBufferPointer, at now: Instant) {
        arrived = now
        recogniser.send(audio)
        let samples = decoder.decode(audio)
        received += Int64(samples.count)
        detector.send(samples) { end, probability in detected(probability, windowEnd: end, at: now) }
    }

    /// Fills in for a carrier that stopped sending in the middle of speech.
    package func tick(at now: Instant) {
        guard detector.isActive, now - arrived > Self.gap else { return }
        let missing = Int(clock.samples(in: now - arrived))
        arrived = now
        received += Int64(missing)
        detector.skip(missing) { end, probability in detected(probability, windowEnd: end, at: now) }
        recogniser.sendSilence(milliseconds: missing * 1_000 / Self.detectorRate)
    }

    package func finishUtterance() { recogniser.stream?.finishUtterance() }
    package func utteranceCommitted() { recogniser.stream?.utteranceCommitted() }

    /// Opens the recogniser again after it failed.
    package func reopen(_ context: ProviderContext) {
        recogniser.close()
        recogniser.open { [weak self] event in self?.handler(.speechToText(event), context.eventLoop.instant) }
    }

    package func close() {
        recogniser.close()
        detector.close()
    }

    // MARK: -

    private func detected(_ probability: Float, windowEnd: Int64, at now: Instant) {
        guard let event = detector.gate(probability, windowEnd: windowEnd) else { return }
        switch event {
        case .started(let position):
            recogniser.stream?.hint(.started(atMilliseconds: milliseconds(position)))
            handler(.voiceStarted(position: inputPosition(position), onset: time(of: position)), now)
        case .paused(let position):
            recogniser.stream?.hint(.paused(atMilliseconds: milliseconds(position)))
            handler(.voicePaused(position: inputPosition(position), lastSpeech: time(of: position)), now)
        case .resumed:
            recogniser.stream?.hint(.resumed)
            handler(.voiceResumed, now)
        }
    }

    private func milliseconds(_ position: Int64) -> Int64 { position * 1_000 / Int64(Self.detectorRate) }

    private func inputPosition(_ position: Int64) -> Int64 {
        position * Int64(input.sampleRate) / Int64(Self.detectorRate)
    }

    /// When the caller's sample at this position arrived: counted back from the newest.
    private func time(of position: Int64) -> Instant { arrived - clock.duration(ofSamples: received - position) }
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
        silence = Array(repeating: quiet, count: format.bytes(forSamples: format.samples(inMilliseconds: 20)))
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

    func sendSilence(milliseconds: Int) {
        guard format.encoding != .opus else { return }
        for _ in 0..<(milliseconds / 20) { silence.withUnsafeBytes { stream?.send($0) } }
    }

    func close() {
        stream?.close()
        stream = nil
    }
}
