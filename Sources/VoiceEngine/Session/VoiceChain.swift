internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineMedia
internal import VoiceEngineProviders

/// The voice of one call: a chain of providers behind one stream of samples at the call's rate.
///
/// When the link in use fails while it owes audio, `lost` is reported, and `restored` once another stream is open (the
/// same provider after a back-off, or the next): whoever gave the text then gives again what was not spoken. Between
/// replies the call goes back to an earlier link that has recovered. Confined to the session's loop.
final class VoiceChain {
    enum Event {
        /// Samples at the call's rate. Borrowed until return.
        case audio(SegmentID, UnsafeBufferPointer<Int16>)
        case wordEnds(SegmentID, milliseconds: [Int64])
        case completed(SegmentID)
        /// Nothing more comes of what was given to speak, for now.
        case lost(TurnID)
        /// Give again what was not spoken.
        case restored(TurnID)
        case note(ChainNote)
        /// Every voice has failed.
        case exhausted(TurnID, ProviderError)
    }

    private struct Link {
        let provider: any TextToSpeechProvider
        let format: AudioFormat
        let converter: AudioConverter
    }

    /// What the voice owes of a reply.
    private struct Debt {
        /// Segments given and delivered, by count.
        var given = 0
        var delivered = 0
        var isFinished = false
        /// Since when its first audio is awaited.
        var since: Instant?
        var isOwed: Bool { given > delivered }
    }

    private let context: ProviderContext
    private let links: [Link]
    private let patience: Nanoseconds?
    private let choice: LinkChoice
    private let handler: (Event) -> Void
    private let wayBack = WayBack<VoiceChain>()
    private var stream: (any TextToSpeechStream)?
    /// The link that `stream` was opened on.
    private var opened = 0
    private var number = 0
    private var debt = Debt()
    private var retry: Scheduled<Void>?
    /// Audio is owed by then. Looked at on the tick: it moves with every piece of audio, and timers cost memory.
    /// A voice that has sent nothing by then is given up.
    private(set) var deadline: Instant?
    /// Audio of other turns is late and dropped.
    private(set) var current = TurnID.none
    private(set) var isHeld = false

    /// Of the stream in use.
    var waitsInSocket: Bool { stream?.waitsInSocket ?? false }
    /// Audio of what was given to speak is still to come.
    var isOwed: Bool { debt.isOwed }
    /// Segments of the reply under way that were given, by count, those of other voices included.
    var given: Int { debt.given }

    init(
        chain: ProviderChain<any TextToSpeechProvider>, native: AudioFormat, policy: FailoverPolicy,
        random: @escaping () -> Double, context: ProviderContext, handler: @escaping (Event) -> Void
    ) throws {
        self.context = context
        self.handler = handler
        patience = policy.voicePatience
        choice = LinkChoice(chain, name: { $0.name }, policy: policy, random: random)
        links = try chain.links.map { link in
            let format = link.provider.format(for: native)
            return Link(
                provider: link.provider, format: format,
                converter: try AudioConverter(from: format, toRate: native.sampleRate))
        }
        wayBack.leads(to: self)
    }

    deinit { wayBack.end() }

    /// Opens the stream before a reply needs it.
    func open() { open(choice.begin(at: context.eventLoop.instant)) }

    func close() {
        stopTimers()
        current = .none
        drop()
    }

    // MARK: - Text

    /// A reply begins.
    func start(_ turn: TurnID) {
        current = turn
        debt = Debt()
        stopTimers()
        let link = choice.begin(at: context.eventLoop.instant)
        if stream == nil || link != opened { open(link) }
    }

    func speak(_ text: String, as segment: SegmentID) {
        guard segment.turn == current else { return }
        debt.given = max(debt.given, segment.index + 1)
        // Without a stream it is given again when there is one.
        guard let stream else { return }
        if debt.since == nil {
            debt.since = context.eventLoop.instant
            choice.health(of: opened).requested()
        }
        stream.speak(text, as: segment)
        armWatch()
    }

    func finish(_ turn: TurnID) {
        guard turn == current else { return }
        debt.isFinished = true
        stream?.finish(turn)
        armWatch()
    }

    /// - Parameter heard: So much of the turn's audio was heard.
    func cancel(_ turn: TurnID, heard: Nanoseconds) {
        stopTimers()
        stream?.cancel(turn, heard: heard)
        if debt.isOwed { choice.health(of: opened).abandoned(at: context.eventLoop.instant) }
        // Whatever comes late belongs to no turn.
        current = .none
        debt = Debt()
        for link in links { link.converter.reset() }
    }

    /// The reply was heard; nothing more comes of it.
    func end() {
        current = .none
        debt = Debt()
        stopTimers()
    }

    func hold(_ hold: Bool) {
        guard isHeld != hold else { return }
        isHeld = hold
        stream?.holdAudio(hold)
        armWatch()
    }

    // MARK: - Streams

    private func open(_ index: Int) {
        drop()
        number += 1
        let number = number
        let link = links[index]
        opened = index
        link.converter.reset()
        stream = link.provider.open(context, format: link.format) { [wayBack] event in
            guard let chain = wayBack.owner, chain.number == number else { return }
            chain.received(event)
        }
        if isHeld { stream?.holdAudio(true) }
    }

    private func drop() {
        number += 1
        stream?.close()
        stream = nil
    }

    private func received(_ event: TextToSpeechEvent) {
        let converter = links[opened].converter
        switch event {
        case .audio(let segment, let bytes):
            guard segment.turn == current else { return }
            noteFirstAudio()
            armWatch()
            handler(.audio(segment, converter.decode(bytes)))
        case .completed(let segment):
            guard segment.turn == current else { return }
            debt.delivered = max(debt.delivered, segment.index + 1)
            choice.settled()
            armWatch()
            handler(.audio(segment, converter.flush()))
            if segment.turn == current { handler(.completed(segment)) }
        case .wordEnds(let segment, let milliseconds):
            if segment.turn == current { handler(.wordEnds(segment, milliseconds: milliseconds)) }
        case .failed(let turn, let error): failed(turn, error)
        }
    }

    private func noteFirstAudio() {
        guard let since = debt.since else { return }
        debt.since = nil
        let now = context.eventLoop.instant
        choice.health(of: opened).succeeded(after: now - since, at: now)
        handler(.note(.firstResult(now - since)))
    }

    // MARK: - Failures

    private func armWatch() {
        guard let patience, debt.isOwed, !isHeld, stream != nil else { return deadline = nil }
        deadline = context.eventLoop.instant + patience
    }

    /// Gives up a voice that is silent for too long.
    func tick(at now: Instant) {
        guard let patience, let deadline, now >= deadline else { return }
        self.deadline = nil
        let detail = "sent no audio for \(patience.wholeMilliseconds) ms"
        failed(current, ProviderError(.timeout, provider: choice.name(of: opened), detail: detail), isLate: true)
    }

    private func stopTimers() {
        retry?.cancel()
        (retry, deadline) = (nil, nil)
    }

    /// - Parameter isLate: The caller has waited long enough for this voice: the next one is better, if there is one.
    private func failed(_ turn: TurnID, _ error: ProviderError, isLate: Bool = false) {
        let now = context.eventLoop.instant
        stopTimers()
        drop()
        choice.health(of: opened).failed(error, at: now)
        handler(.note(.failed(error)))
        // Of what was failed nothing is wanted any more: the next reply opens a stream.
        guard turn == current, debt.isOwed else { return }
        handler(.lost(turn))
        guard turn == current, debt.isOwed else { return }
        debt.since = nil
        let failure = FailoverStateMachine.Failure(error, isMidway: isLate)
        switch choice.turn(after: failure, at: now) {
        case .exhausted: handler(.exhausted(turn, error))
        case .use(let link, let delay, let note):
            handler(.note(note))
            guard turn == current else { return }
            retry = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.rawValue)) {
                self.retry = nil
                if self.current == turn { self.restore(link, turn) }
            }
        }
    }

    private func restore(_ link: Int, _ turn: TurnID) {
        open(link)
        handler(.restored(turn))
        if current == turn, debt.isFinished { stream?.finish(turn) }
    }

    /// All audio up to and including this segment is there, whatever the voice says.
    func settle(through index: Int) {
        debt.delivered = max(debt.delivered, index + 1)
        debt.given = max(debt.given, debt.delivered)
    }
}
