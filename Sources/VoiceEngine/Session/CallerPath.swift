internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineMedia
package import VoiceEngineProviders

/// The caller's audio in one call: it feeds the recogniser and the voice activity detection, and tells where speech
/// begins and pauses.
///
///     receive ─┬─ as it is ─► Recogniser: history, conversion ─► speech-to-text stream
///              └─ decode ─► 8 kHz ─┬─► EchoWatch ◄─ PlayedLevels ◄─ Speaker
///                                  ├─► EnergyDetector ─┬───────────────────► SpeechGate ─► voice events
///                                  │                   └─► NeuralDetector ───┘     │ pause
///                                  └─► TurnSound ◄──────────────────────────────────┘─► likely end
///
/// What is only the agent's own voice that came back is silence for detectors and recognisers alike.
///
/// Confined to the session's loop.
package final class CallerPath: Ticking {
    package enum Event {
        /// The caller is audible since `position`, for the first time or again after a pause.
        case voiceStarted(position: Int64, onset: Instant)
        /// The caller has been silent since `position`.
        case voicePaused(position: Int64, lastSpeech: Instant)
        case speechToText(SpeechToTextEvent)
        /// The recogniser's own evidence that the turn is over.
        case turnEnded(EndOfTurnEvidence)
        /// How likely it is, by its sound, that the turn is over: of the pause that lasts. An early sign.
        case likelyEnd(probability: Float)
        /// No word is missing any more that was on its way through another recogniser.
        case repaired
        /// Something happened to the recognisers.
        case note(ChainNote)
        /// Every recogniser has failed.
        case deaf(ProviderError)
        /// The beep of an answering machine is over; only told while `listensForBeeps`.
        case beep
        /// The caller's audio may come in pieces of this length now: nothing is noticed later for it, but that a neural
        /// detector which sleeps is woken up to a frame later. 0: each frame as it comes.
        case mayGather(milliseconds: Int)
    }

    /// [Hz] What the detectors listen at.
    private static let detectorRate = 8_000
    /// A carrier that sends nothing for this long is taken for silence, so that an utterance can end.
    private static let gap = Nanoseconds.milliseconds(100)
    /// [ms] Most that is gathered; while somebody speaks no more than his recogniser gets at once.
    private static let mostGathered = 80
    /// What was gathered is asked for when nothing came for so long: the last messages of a call, say.
    private static let gatherLimit = Nanoseconds.milliseconds(200)

    private let input: AudioFormat
    private let decoder: AudioConverter
    private var recogniser: Recogniser?
    private let neural: NeuralDetector?
    private let sound: TurnSound?
    private var energy = EnergyDetector(sampleRate: CallerPath.detectorRate)
    private var gate: SpeechGate
    private var echo = EchoWatch(sampleRate: CallerPath.detectorRate)
    /// How loud the agent is; nil: it is not known.
    package var played: PlayoutLevel?
    private let clock = SampleClock(sampleRate: CallerPath.detectorRate)
    /// Detector samples so far, and when the last of them arrived.
    private var received: Int64 = 0
    private var arrived: Instant
    /// [ms] As it was last told.
    private var gathered = 0
    private var beeps: BeepDetector?
    private let wayBack = WayBack<CallerPath>()
    private let ticks: SessionClock
    package var seat = SessionClock.Seat()
    private let handler: (Event, Instant) -> Void

    package init(
        setup: CallSetup, providers: SessionProviders, policy: FailoverPolicy, context: ProviderContext,
        clock ticks: SessionClock, handler: @escaping (Event, Instant) -> Void
    ) throws {
        input = setup.input
        self.handler = handler
        self.ticks = ticks
        arrived = context.eventLoop.instant
        let listening = try AudioFormat(encoding: .pcm16, sampleRate: Self.detectorRate)
        decoder = try AudioConverter(from: setup.input, toRate: Self.detectorRate)
        // One window of the model (32 ms) or four of the energy detector begin an utterance: earlier than that a click
        // would.
        gate = SpeechGate(.init(format: listening, minimumSpeechMs: providers.voiceActivity == nil ? 40 : 30))
        neural = providers.voiceActivity.map { NeuralDetector(provider: $0, format: listening) }
        sound = providers.endOfTurn.map { TurnSound(provider: $0, sampleRate: Self.detectorRate) }
        recogniser = try Recogniser(
            chain: providers.speechToText, native: setup.input, policy: policy, random: providers.random,
            context: context, clock: ticks
        ) { event in
            let now = context.eventLoop.instant
            switch event {
            case .heard(let event): handler(.speechToText(event), now)
            case .turnEnded(let evidence): handler(.turnEnded(evidence), now)
            case .repaired: handler(.repaired, now)
            case .note(let note): handler(.note(note), now)
            case .exhausted(let error): handler(.deaf(error), now)
            }
        }
        wayBack.leads(to: self)
        recogniser?.open()
        neural?.open(context) { [wayBack] window in
            wayBack.owner?.judged(window, at: context.eventLoop.instant)
        }
        sound?.open(context) { handler(.likelyEnd(probability: $0), context.eventLoop.instant) }
        ticks.add(self)
    }

    deinit { wayBack.end() }

    /// Caller audio in the input format. Borrowed until return.
    package func receive(_ audio: UnsafeRawBufferPointer, at now: Instant) {
        let samples = decoder.decode(audio)
        watch(samples)
        let after = received + Int64(samples.count)
        if samples.count % Self.silence.count == 0, echo.isOnlyEcho(from: received, until: after) {
            sendSilence(samples.count)
        } else {
            recogniser?.send(audio, from: received, until: after)
        }
        listen(to: samples, at: now)
        gather(mayGather, at: now)
    }

    /// [ms] So much may come at once. What can happen happens with a frame: begun ones count.
    private var mayGather: Int {
        guard beeps == nil, neural?.isAwake != true else { return 0 }
        let frames = (gate.soonestAction + Self.silence.count - 1) / Self.silence.count
        guard frames > 1 else { return 0 }
        let message = gate.isInUtterance ? recogniser?.messageMilliseconds : nil
        let whole = min(frames, (message ?? Self.mostGathered) / 20, Self.mostGathered / 20)
        return whole > 1 ? whole * 20 : 0
    }

    private func gather(_ milliseconds: Int, at now: Instant) {
        guard milliseconds != gathered else { return }
        if gathered == 0 { ticks.wake(self) }
        gathered = milliseconds
        handler(.mayGather(milliseconds: milliseconds), now)
    }

    /// Fills in for a carrier that stopped sending in the middle of speech, and asks for the rest of what is gathered.
    package func tick(at now: Instant) -> Instant {
        if gathered > 0, now - arrived > Self.gatherLimit { gather(0, at: now) }
        guard gate.isInUtterance else { return gathered > 0 ? arrived + Self.gatherLimit : .distantFuture }
        guard now - arrived > Self.gap else { return arrived + Self.gap }
        let missing = Int(clock.samples(in: now - arrived))
        for _ in 0..<(missing / Self.silence.count) {
            sendSilence(Self.silence.count)
            Self.silence.withUnsafeBufferPointer {
                watch($0)
                listen(to: $0, at: now)
            }
        }
        return now
    }

    /// Asks for a settled transcript, which is waited for until then.
    package func finishUtterance(until: Instant) { recogniser?.finishUtterance(until: until) }

    /// Within which nearly all settled transcripts of the recogniser in use come; nil while too few are known.
    package var usualWait: Nanoseconds? { recogniser?.usualWait }

    /// What was said so far became a turn, or was nothing; the next transcript starts empty.
    package func utteranceCommitted() {
        recogniser?.utteranceCommitted()
        sound?.utteranceCommitted()
    }

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
        ticks.remove(self)
        recogniser?.close()
        recogniser = nil
        neural?.close()
        sound?.close()
    }

    // MARK: -

    /// 20 ms at the detector's rate.
    private static let silence = [Int16](repeating: 0, count: 160)

    /// - Parameter count: [samples] a whole number of 20 ms.
    private func sendSilence(_ count: Int) {
        for start in stride(from: received, to: received + Int64(count), by: Self.silence.count) {
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            recogniser?.send(nothing, from: start, until: start + Int64(Self.silence.count))
        }
    }

    /// Compares what comes with what is played.
    private func watch(_ samples: UnsafeBufferPointer<Int16>) {
        guard let played else { return }
        var offset = 0
        while echo.takesStep(of: samples.span, offset: &offset) { echo.judge(played: played.levels.next()) }
    }

    private func listen(to samples: UnsafeBufferPointer<Int16>, at now: Instant) {
        arrived = now
        received += Int64(samples.count)
        if beeps?.heard(samples.span) != nil { handler(.beep, now) }
        sound?.append(samples)
        var offset = 0
        while true {
            let start = offset
            let window = energy.next(samples.span, offset: &offset)
            guard offset > start else { return }
            neural?.take(UnsafeBufferPointer(rebasing: samples[start..<offset]))
            guard let window else { return }
            if let neural {
                neural.heard(echo.isEcho(window) ? window.silenced : window, isInUtterance: gate.isInUtterance)
            } else {
                judged(window, at: now)
            }
        }
    }

    private func judged(_ window: SpeechWindow, at now: Instant) {
        switch gate.heard(echo.isEcho(window) ? window.silenced : window) {
        case .none, .ended, .ignored: break
        case .started(let onset):
            ticks.wake(self)
            sound?.voiceStarted(at: onset)
            recogniser?.voiceStarted(at: onset, isNew: true)
            handler(.voiceStarted(position: inputPosition(onset), onset: time(of: onset)), now)
        case .resumed(let onset):
            sound?.voiceStarted(at: onset)
            recogniser?.voiceStarted(at: onset, isNew: false)
            handler(.voiceStarted(position: inputPosition(onset), onset: time(of: onset)), now)
        case .paused(let lastSpeech):
            recogniser?.voicePaused(at: lastSpeech)
            handler(.voicePaused(position: inputPosition(lastSpeech), lastSpeech: time(of: lastSpeech)), now)
            sound?.voicePaused()
        }
    }

    private func inputPosition(_ position: Int64) -> Int64 {
        position * Int64(input.sampleRate) / Int64(Self.detectorRate)
    }

    /// When the caller's sample at this position arrived: counted back from the newest.
    private func time(of position: Int64) -> Instant { arrived - clock.duration(ofSamples: received - position) }
}
