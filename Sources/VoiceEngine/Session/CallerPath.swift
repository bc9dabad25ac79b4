internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineMedia
package import VoiceEngineProviders

/// The caller's audio in one call: it feeds the recogniser and the voice activity detection, and tells where speech
/// begins and pauses.
///
///     receive ─┬─ as it is ─► Recogniser: history, conversion ─► speech-to-text stream
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
        /// The recogniser's own evidence that the turn is over.
        case turnEnded(EndOfTurnEvidence)
        /// No word is missing any more that was on its way through another recogniser.
        case repaired
        /// Something happened to the recognisers.
        case note(ChainNote)
        /// Every recogniser has failed.
        case deaf(ProviderError)
        /// The beep of an answering machine is over; only told while `listensForBeeps`.
        case beep
    }

    /// [Hz] What the detectors listen at.
    private static let detectorRate = 8_000
    /// A carrier that sends nothing for this long is taken for silence, so that an utterance can end.
    private static let gap = Nanoseconds.milliseconds(100)

    private let input: AudioFormat
    private let decoder: AudioConverter
    private var recogniser: Recogniser?
    private let model: VoiceActivityModel?
    private var energy = EnergyDetector(sampleRate: CallerPath.detectorRate)
    private var gate: SpeechGate
    private let clock = SampleClock(sampleRate: CallerPath.detectorRate)
    /// Detector samples so far, and when the last of them arrived.
    private var received: Int64 = 0
    private var arrived: Instant
    private var ticked: Instant
    private var beeps: BeepDetector?
    private let handler: (Event, Instant) -> Void

    package init(
        setup: CallSetup, providers: SessionProviders, policy: FailoverPolicy, context: ProviderContext,
        handler: @escaping (Event, Instant) -> Void
    ) throws {
        input = setup.input
        self.handler = handler
        arrived = context.eventLoop.instant
        ticked = arrived
        let listening = try AudioFormat(encoding: .pcm16, sampleRate: Self.detectorRate)
        decoder = try AudioConverter(from: setup.input, toRate: Self.detectorRate)
        // One window of the model (32 ms) or four of the energy detector begin an utterance: earlier than that a click
        // would.
        gate = SpeechGate(.init(format: listening, minimumSpeechMs: providers.voiceActivity == nil ? 40 : 30))
        model = providers.voiceActivity.map { VoiceActivityModel(provider: $0) }
        recogniser = try Recogniser(
            chain: providers.speechToText, native: setup.input, policy: policy, random: providers.random,
            context: context
        ) { [weak self] event in
            let now = context.eventLoop.instant
            switch event {
            case .heard(let event): self?.handler(.speechToText(event), now)
            case .turnEnded(let evidence): self?.handler(.turnEnded(evidence), now)
            case .repaired: self?.handler(.repaired, now)
            case .note(let note): self?.handler(.note(note), now)
            case .exhausted(let error): self?.handler(.deaf(error), now)
            }
        }
        recogniser?.open()
        model?.open(context) { [weak self] window in self?.judged(window, at: context.eventLoop.instant) }
    }

    /// Caller audio in the input format. Borrowed until return.
    package func receive(_ audio: UnsafeRawBufferPointer, at now: Instant) {
        let samples = decoder.decode(audio)
        recogniser?.send(audio, from: received, until: received + Int64(samples.count))
        listen(to: samples, at: now)
    }

    /// Fills in for a carrier that stopped sending in the middle of speech.
    package func tick(at now: Instant) {
        recogniser?.tick(now - ticked)
        ticked = now
        guard gate.isInUtterance, now - arrived > Self.gap else { return }
        let missing = Int(clock.samples(in: now - arrived))
        for _ in 0..<(missing / Self.silence.count) {
            let after = received + Int64(Self.silence.count)
            recogniser?.send(UnsafeRawBufferPointer(start: nil, count: 0), from: received, until: after)
            Self.silence.withUnsafeBufferPointer { listen(to: $0, at: now) }
        }
    }

    /// Asks for a settled transcript, which is waited for until then.
    package func finishUtterance(until: Instant) { recogniser?.finishUtterance(until: until) }

    /// Within which nearly all settled transcripts of the recogniser in use come; nil while too few are known.
    package var usualWait: Nanoseconds? { recogniser?.usualWait }

    /// What was said so far became a turn, or was nothing; the next transcript starts empty.
    package func utteranceCommitted() { recogniser?.utteranceCommitted() }

    /// The recogniser in use tells the words only after the speech.
    package var hearsWordsLate: Bool { recogniser?.hearsWordsLate ?? false }

    /// Whether the beep of an answering machine is told.
    package var listensForBeeps: Bool {
        get { beeps != nil }
        set { if newValue != listensForBeeps { beeps = newValue ? BeepDetector() : nil } }
    }

    /// Audio that recognisers were given, replays included.
    package var recognised: Nanoseconds { clock.duration(ofSamples: recogniser?.sent ?? 0) }

    package func close() {
        recogniser?.close()
        recogniser = nil
        model?.close()
    }

    // MARK: -

    /// 20 ms at the detector's rate.
    private static let silence = [Int16](repeating: 0, count: 160)

    private func listen(to samples: UnsafeBufferPointer<Int16>, at now: Instant) {
        arrived = now
        received += Int64(samples.count)
        if beeps?.heard(samples.span) != nil { handler(.beep, now) }
        if let model { return model.send(samples) }
        var offset = 0
        while let window = energy.next(samples.span, offset: &offset) { judged(window, at: now) }
    }

    private func judged(_ window: SpeechWindow, at now: Instant) {
        switch gate.heard(window) {
        case .none, .ended, .ignored: break
        case .started(let onset):
            recogniser?.voiceStarted(at: onset, isNew: true)
            handler(.voiceStarted(position: inputPosition(onset), onset: time(of: onset)), now)
        case .resumed(let onset):
            recogniser?.voiceStarted(at: onset, isNew: false)
            handler(.voiceStarted(position: inputPosition(onset), onset: time(of: onset)), now)
        case .paused(let lastSpeech):
            recogniser?.voicePaused(at: lastSpeech)
            handler(.voicePaused(position: inputPosition(lastSpeech), lastSpeech: time(of: lastSpeech)), now)
        }
    }

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
