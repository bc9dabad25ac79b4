internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

/// The recogniser of one call: a chain of providers behind one stream of events.
///
///     audio ─► AudioHistory ─► (converted) ─► the link in use ─► words settled before + its words
///
/// Audio since the last settled words is kept. When a stream breaks, another one is opened (the same provider after a
/// back-off, or the next) and hears the kept audio at `replaySpeed` times real time, until it has caught up. Confined
/// to the session's loop.
final class Recogniser: Ticking {
    enum Event {
        case heard(SpeechToTextEvent)
        /// The provider's own evidence that the turn is over.
        case turnEnded(EndOfTurnEvidence)
        case note(ChainNote)
        /// Nothing is missing any more that was on its way through another stream.
        case repaired
        /// Every provider has failed.
        case exhausted(ProviderError)
    }

    /// A broken stream's audio is sent so many times faster than it was spoken: faster is refused by some servers.
    static let replaySpeed: Int64 = 4
    /// Nobody hears the caller: after so long without a stream that works each provider has failed for good.
    private static let patience = Nanoseconds.seconds(5)
    /// How long a stream that has caught up may take for its first words before its silence counts.
    private static let settling = Nanoseconds.seconds(1)

    /// The stream in use.
    private final class Listening {
        let stream: any SpeechToTextStream
        /// [detector samples] Position of the stream's first byte.
        var base: Int64
        /// It has not heard everything yet, and hears up to here. [detector samples]
        var replayed: Int64?
        let opened: Instant
        var hasAnswered = false
        /// It has done its work, not only begun.
        var isProven = false
        /// Asked for when it has caught up.
        var finishes = false

        init(_ stream: any SpeechToTextStream, base: Int64, replayed: Int64?, opened: Instant) {
            self.stream = stream
            self.base = base
            self.replayed = replayed
            self.opened = opened
        }
    }

    private enum State {
        /// Between two streams.
        case waiting
        case listening(Listening)
        case closed
    }

    private let context: ProviderContext
    private let links: [RecogniserLink]
    private let choice: LinkChoice
    private let handler: (Event) -> Void
    private let wayBack = WayBack<Recogniser>()
    /// Ticks while a stream is behind, or has just caught up.
    private let clock: SessionClock
    var seat = SessionClock.Seat()
    private var ticked = Instant.zero
    private var state = State.waiting
    private let memory: PageMemory
    private var history: AudioHistory
    private var record: [UInt8] = []
    private var utterance = HeardUtterance()
    private var number = 0
    private var caughtUp: Instant?
    private var isRepaired = true
    /// When a settled transcript was asked for, and until when the session waits for it.
    private var asked: (at: Instant, until: Instant)?
    /// The first failure since a stream worked.
    private var failingSince: Instant?
    private var retry: Scheduled<Void>?
    /// [detector samples] Audio that providers were given, replays included.
    private(set) var sent: Int64 = 0

    init(
        chain: ProviderChain<any SpeechToTextProvider>, native: AudioFormat, policy: FailoverPolicy,
        random: @escaping () -> Double, context: ProviderContext, clock: SessionClock,
        handler: @escaping (Event) -> Void
    ) throws {
        self.context = context
        self.clock = clock
        self.handler = handler
        choice = LinkChoice(chain, name: { $0.name }, policy: policy, rounds: 5, random: random)
        let samples = native.samples(inMilliseconds: Int(policy.replay.wholeMilliseconds))
        // Opus packets are of any length; 4 kB/s is a high rate for speech.
        let bytes = native.encoding == .opus ? Int(policy.replay.seconds * 4_000) : native.bytes(forSamples: samples)
        // Frames of 20 ms carry a header each.
        memory = PageMemory(capacity: max(bytes + Int(policy.replay.wholeMilliseconds) / 10 * 12, 4_096))
        history = AudioHistory(in: memory.bytes)
        links = try chain.links.map { try RecogniserLink($0.provider, native: native) }
        wayBack.leads(to: self)
    }

    deinit { wayBack.end() }

    func open() { open(choice.begin(at: context.eventLoop.instant)) }

    func close() {
        clock.remove(self)
        retry?.cancel()
        retry = nil
        if case .listening(let listening) = state {
            if !listening.hasAnswered { choice.health.abandoned(at: context.eventLoop.instant) }
            listening.stream.close()
        }
        state = .closed
    }

    /// Within which nearly all settled transcripts of the provider in use come; nil while too few are known.
    var usualWait: Nanoseconds? { choice.health.usualSettling }

    private func repaired() {
        guard !isRepaired else { return }
        isRepaired = true
        handler(.repaired)
    }

    // MARK: - Audio

    /// Caller audio, or nothing for 20 ms of silence.
    /// - Parameters:
    ///   - position: [detector samples] Of its beginning.
    ///   - after: Of its end.
    func send(_ audio: UnsafeRawBufferPointer, from position: Int64, until after: Int64) {
        let isLive = isListeningLive
        history.append(audio, at: position, until: after)
        if isLive {
            history.skip()
            pass(audio, to: choice.current)
            sent += after - position
        }
        history.release(before: utterance.keptFrom(newest: after))
    }

    func tick(at now: Instant) -> Instant {
        replay(now - ticked)
        ticked = now
        if isRepaired, isListeningLive { clock.remove(self) }
        return now
    }

    /// Sends what waits for a stream that was opened late.
    /// - Parameter interval: Since the last tick.
    private func replay(_ interval: Nanoseconds) {
        if !isRepaired, let caughtUp, context.eventLoop.instant - caughtUp > Self.settling { repaired() }
        guard case .listening(let listening) = state, let replayed = listening.replayed else { return }
        let allowed = replayed + interval.rawValue * 8_000 / 1_000_000_000 * Self.replaySpeed
        var position = replayed
        while let next = history.nextPosition, next < allowed {
            guard history.read(into: &record) else { break }
            record.withUnsafeBytes { pass($0, to: choice.current) }
            position = history.nextPosition ?? history.newest
            sent += position - next
        }
        guard case .listening(let current) = state, current === listening else { return }
        listening.replayed = history.isRead ? nil : max(position, allowed)
        if history.isRead { catchUp(listening) }
    }

    private var isListeningLive: Bool {
        guard case .listening(let listening) = state else { return false }
        return listening.replayed == nil
    }

    private func pass(_ audio: UnsafeRawBufferPointer, to index: Int) {
        guard case .listening(let listening) = state else { return }
        links[index].pass(audio, to: listening.stream)
    }

    // MARK: - The utterance

    /// - Parameter isNew: The voice activity takes it for a new utterance, not for the rest of one.
    func voiceStarted(at position: Int64, isNew: Bool) {
        let begins = utterance.voiceStarted(at: position, isNew: isNew)
        asked = nil
        tell { begins ? .started(atMilliseconds: $0(position)) : .resumed }
    }

    func voicePaused(at position: Int64) {
        utterance.voicePaused(at: position)
        tell { .paused(atMilliseconds: $0(position)) }
    }

    /// The link in use tells the words only after the speech.
    var hearsWordsLate: Bool { links[choice.current].provider.hearsWordsLate }

    /// [ms] What the link in use is sent at once while somebody speaks.
    var messageMilliseconds: Int { links[choice.current].messageMilliseconds }

    /// - Parameter until: The session waits so long.
    func finishUtterance(until: Instant) {
        asked = isRepaired ? (context.eventLoop.instant, until) : nil
        guard case .listening(let listening) = state, listening.replayed != nil else {
            if case .listening(let listening) = state { listening.stream.finishUtterance() }
            return
        }
        listening.finishes = true
    }

    /// What was said so far became a turn, or was nothing; the next transcript starts empty.
    func utteranceCommitted() {
        let isQuiet = !utterance.isVoiced
        utterance.taken(newest: history.newest)
        isRepaired = true
        if let asked, context.eventLoop.instant >= asked.until {
            choice.health.settledLate(waited: asked.until - asked.at)
        }
        asked = nil
        guard case .listening(let listening) = state else { return }
        if let replayed = listening.replayed {
            // The rest belongs to the turn that is over.
            listening.base += max(history.newest - replayed, 0)
            listening.replayed = nil
            listening.finishes = false
            history.skip()
        }
        listening.stream.utteranceCommitted()
        if isQuiet { listening.stream.hint(.quiet) }
    }

    /// Hands a hint to a stream that has heard all audio; the others are told when they have.
    private func tell(_ hint: (_ milliseconds: (Int64) -> Int64) -> VoiceHint) {
        guard case .listening(let listening) = state, listening.replayed == nil else { return }
        listening.stream.hint(hint { max($0 - listening.base, 0) / 8 })
    }

    // MARK: - Streams

    private func open(_ index: Int) {
        number += 1
        let number = number
        choice.health(of: index).requested()
        let from = history.rewind(to: utterance.keptFrom(newest: history.newest))
        utterance.heardAgain(from: from, newest: history.newest)
        let stream = links[index].open(context) { [wayBack] event in
            guard let recogniser = wayBack.owner, recogniser.number == number else { return }
            recogniser.received(event)
        }
        state = .listening(
            Listening(
                stream, base: from, replayed: history.isRead ? nil : from, opened: context.eventLoop.instant))
        // Those that recognise whole utterances must know of its beginning before its audio.
        if let since = utterance.start {
            if !history.isRead { stream.hint(.started(atMilliseconds: max(since - from, 0) / 8)) }
        } else {
            stream.hint(.quiet)
        }
        if history.isRead { caughtUp = context.eventLoop.instant }
        if !isRepaired || !history.isRead {
            ticked = context.eventLoop.instant
            clock.add(self)
        }
    }

    private func catchUp(_ listening: Listening) {
        caughtUp = context.eventLoop.instant
        if let position = utterance.pause {
            listening.stream.hint(.paused(atMilliseconds: max(position - listening.base, 0) / 8))
        }
        if listening.finishes { listening.stream.finishUtterance() }
    }

    private func received(_ event: SpeechToTextEvent) {
        guard case .listening(let listening) = state else { return }
        if case .failed(let error) = event { return failed(error, listening) }
        listening.hasAnswered = true
        if !listening.isProven, listening.replayed == nil, Self.isProof(event) {
            listening.isProven = true
            works()
        }
        switch event {
        case .transcript(let transcript): heard(transcript, listening)
        // A pause in what is replayed is no end: the caller has gone on.
        case .endOfTurn:
            if listening.replayed == nil { handler(.turnEnded(links[choice.current].provider.endOfTurnEvidence)) }
        case .earlyEndOfTurn: if listening.replayed == nil { handler(.heard(event)) }
        case .turnStarted, .turnResumed: handler(.heard(event))
        case .failed: break
        }
    }

    /// Words that may still change are no proof: a stream that breaks at the same place each time sends them too.
    private static func isProof(_ event: SpeechToTextEvent) -> Bool {
        switch event {
        case .transcript(let transcript): transcript.isSettled && !transcript.text.isEmpty
        case .endOfTurn: true
        case .turnStarted, .earlyEndOfTurn, .turnResumed, .failed: false
        }
    }

    /// The link in use does its work: earlier failures do not count any more.
    private func works() {
        failingSince = nil
        choice.settled()
        choice.health.succeeded(after: nil, at: context.eventLoop.instant)
    }

    private func heard(_ transcript: Transcript, _ listening: Listening) {
        if transcript.isSettled, listening.replayed == nil, let asked {
            choice.health.settled(after: context.eventLoop.instant - asked.at)
            self.asked = nil
        }
        let joined = utterance.heard(transcript, base: listening.base, isLive: listening.replayed == nil)
        handler(.heard(.transcript(joined)))
        if listening.replayed == nil, caughtUp != nil { repaired() }
    }

    private func failed(_ error: ProviderError, _ listening: Listening) {
        let now = context.eventLoop.instant
        number += 1
        state = .waiting
        listening.stream.close()
        isRepaired = false
        asked = nil
        caughtUp = nil
        // One that was well for so long has merely ended.
        if !listening.isProven, now - listening.opened >= Self.patience { works() }
        choice.health.failed(error, at: now)
        handler(.note(.failed(error)))
        guard case .waiting = state else { return }
        let since = failingSince ?? now
        failingSince = since
        var failure = FailoverStateMachine.Failure(error)
        if now - since >= Self.patience { failure.isRetryable = false }
        switch choice.turn(after: failure, at: now) {
        case .exhausted: handler(.exhausted(error))
        case .use(let link, let delay, let note):
            handler(.note(note))
            guard case .waiting = state else { return }
            retry = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.rawValue)) {
                self.retry = nil
                if case .waiting = self.state { self.open(link) }
            }
        }
    }
}
