internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineMedia
package import VoiceEngineProviders

/// The agent's voice in one call: text goes in by segments, frames go out to the carrier as they fall due, and it is
/// known at every moment which sample the caller has heard.
///
///     speak ─► VoiceCast: text-to-speech, resample ─► PlayoutQueue ─► Pacer ─► encode ─► Carrier
///                                                        ▲ rewind             │ handed, heard
///                                                        └── PlayoutLedger ◄──┘
///
/// Confined to the session's loop. Full means: the text-to-speech is held (`VoiceFlowStateMachine`).
package final class Speaker: Ticking {
    /// [ms] of audio kept at most, waiting and unheard. Beyond it a provider that ignores `holdAudio` loses audio.
    package static let capacity = 120_000
    /// [ms] A cut is faded out over this, and a resumed reply faded in.
    package static let fade = 8

    package enum Event {
        /// Audio of this segment was queued.
        case queued(SegmentID, samples: Int)
        /// Where words of this segment's text end, in samples from the start of its audio.
        case wordEnds(SegmentID, [Int64])
        /// All audio up to and including this segment was queued.
        case completed(SegmentID)
        /// The first sample after `start` was handed to the carrier.
        case firstSampleOut
        /// Everything queued was heard.
        case heardAll
        /// The voice broke off: say with `keep` how much of its audio is worth hearing.
        case lost(TurnID)
        /// A voice is there again: speak what was not spoken.
        case restored(TurnID)
        case note(ChainNote)
        /// Every voice has failed.
        case exhausted(TurnID, ProviderError)
    }

    private enum Mode: Equatable {
        case playing
        case paused
        /// The next frame fades in.
        case resuming
        /// The reply is not to be heard before `release`.
        case held

        /// Nothing of the reply leaves.
        var isStill: Bool { self == .paused || self == .held }
    }

    /// nil once it is closed.
    private var carrier: (any Carrier)?
    private let encoder: CarrierEncoder
    /// How loud it is, for whoever hears it come back.
    package let level: PlayoutLevel
    private let frame: UnsafeMutableBufferPointer<Int16>
    private let fadeSamples: Int
    private let format: AudioFormat
    private var voice: VoiceCast?
    private var flow: VoiceFlowStateMachine
    private var queue: PlayoutQueue
    private var ledger = PlayoutLedger()
    /// [samples] What the carrier has played of all that it was handed.
    private var carrierHeard: Int64 = 0
    /// Position of the reply's first sample, behind what is said in its place meanwhile.
    package private(set) var start: Int64 = 0
    /// Where the queue ended when the reply began.
    private var origin: Int64 = 0
    /// What is heard until the reply's own audio is there.
    private var interjection: Interjection?
    /// For the frames of silence of a carrier that wants them; nil: digital silence.
    private var noise: ComfortNoise?
    private var pacer: PacerStateMachine
    private var mode = Mode.playing
    private var stretch = Stretch.silent
    /// The carrier has not said yet where its last cut was.
    private var isCutOpen = false
    private let wayBack = WayBack<Speaker>()
    private let clock: SessionClock
    package var seat = SessionClock.Seat()
    private let handler: (Event, Instant) -> Void

    /// Audio in front of the reply that may end early, where a word does.
    private struct Interjection {
        /// Positions.
        let wordEnds: [Int64]
    }

    /// [ms] An interjection with no more left than this is heard out.
    package static let interjectionRest = 400

    /// What the caller is being told right now.
    private enum Stretch: Equatable {
        case silent
        /// A reply has begun; nothing of it is out yet.
        case awaitingFirst(isWhole: Bool)
        case audible(isWhole: Bool)

        /// All of the reply is queued: a short last frame may leave, and its end is awaited.
        var isWhole: Bool {
            switch self {
            case .silent: false
            case .awaitingFirst(let isWhole), .audible(let isWhole): isWhole
            }
        }

        var awaitsSound: Bool {
            switch self {
            case .awaitingFirst: true
            case .silent, .audible: false
            }
        }
    }

    /// - Parameters:
    ///   - random: 0..<1, for the jitter of back-offs.
    ///   - handler: Called on the loop, with the time of what it tells.
    package init(
        setup: CallSetup, carrier: any Carrier, voice: SessionVoice, others: [String: SessionVoice] = [:],
        policy: FailoverPolicy, comfortNoise: Int? = nil, random: @escaping () -> Double, context: ProviderContext,
        clock: SessionClock, handler: @escaping (Event, Instant) -> Void
    ) throws {
        self.carrier = carrier
        // Only who is sent silence would hear it end and begin.
        if let comfortNoise, setup.wantsSilence { noise = ComfortNoise(level: comfortNoise) }
        self.clock = clock
        self.handler = handler
        format = setup.output
        level = PlayoutLevel(sampleRate: setup.output.sampleRate)
        flow = VoiceFlowStateMachine(sampleRate: setup.output.sampleRate)
        let frameSamples = try setup.output.frameSamples(milliseconds: setup.frameMilliseconds)
        encoder = try CarrierEncoder(format: setup.output, frameMilliseconds: setup.frameMilliseconds)
        frame = .allocate(capacity: frameSamples)
        frame.initialize(repeating: 0)
        fadeSamples = min(setup.output.samples(inMilliseconds: Self.fade), frameSamples)
        queue = PlayoutQueue(capacity: setup.output.samples(inMilliseconds: Self.capacity))
        let mode: PacerStateMachine.Mode =
            setup.followsReader ? .reader : setup.wantsSilence ? .continuous : .burst
        pacer = PacerStateMachine(
            mode: mode, sampleRate: setup.output.sampleRate, frame: frameSamples,
            lead: setup.output.samples(inMilliseconds: setup.leadMilliseconds),
            stride: setup.output.samples(inMilliseconds: setup.strideMilliseconds))
        self.voice = try VoiceCast(Array(others.keys)) { name, handler in
            try VoiceChain(
                chain: (name.flatMap { others[$0] } ?? voice).chain, native: setup.output, policy: policy,
                random: random, context: context, handler: handler)
        } handler: { [wayBack] event in
            wayBack.owner?.receive(event, at: context.eventLoop.instant)
        }
        wayBack.leads(to: self)
    }

    deinit {
        wayBack.end()
        frame.deallocate()
    }

    // MARK: - Text in

    /// Opens the voice before a reply needs it.
    package func open() {
        clock.add(self)
        voice?.open()
    }

    /// Who speaks from the next text on; in the middle of a reply after what was given before.
    /// - Parameter name: nil: the agent's own voice.
    package func use(_ name: String?) { voice?.use(name) }

    /// A reply begins: its first sample will be reported. Audio of older turns is dropped from now on.
    /// - Parameters:
    ///   - isSpoken: false for one whose audio is there already.
    ///   - isHeld: Its audio is kept until `release`.
    /// - Returns: The position that the reply's first sample will have.
    package func start(_ turn: TurnID, isSpoken: Bool = true, isHeld: Bool = false) -> Int64 {
        if isSpoken { voice?.start(turn) }
        stretch = .awaitingFirst(isWhole: false)
        mode = isHeld ? .held : .playing
        start = queue.end
        origin = start
        interjection = nil
        wake()
        return start
    }

    /// Plays something short until the reply's own audio is there. It belongs to no turn and is not reported; the reply
    /// begins behind it.
    ///
    /// When the reply's audio comes, it ends with the word under way; a short rest is heard out.
    /// - Parameter wordEnds: In samples; empty: it is always heard out.
    package func interject(_ samples: [Int16], wordEnds: [Int64]) {
        guard stretch.awaitsSound, !stretch.isWhole, interjection == nil, queue.end == start else { return }
        let begin = queue.end
        _ = samples.withUnsafeBufferPointer { queue.append($0) }
        // A short frame would wait for the reply.
        let short = (frame.count - samples.count % frame.count) % frame.count
        UnsafeMutableBufferPointer(rebasing: frame[..<short]).update(repeating: 0)
        _ = queue.append(UnsafeBufferPointer(rebasing: frame[..<short]))
        interjection = Interjection(wordEnds: wordEnds.map { begin + $0 })
        start = queue.end
        wake()
    }

    package func speak(_ text: String, as segment: SegmentID) {
        voice?.speak(text, as: segment)
        wake()
    }

    /// No further segments of this reply.
    package func finish(_ turn: TurnID) {
        voice?.finish(turn)
        wake()
    }

    /// Audio that needs no voice, at the call's output rate. It leaves with the next tick.
    ///
    /// - Parameters:
    ///   - wordEnds: As a voice tells them, in samples.
    ///   - isBorder: The audio of this segment, and of those before it, ends here.
    package func play(
        _ samples: [Int16], wordEnds: [Int64] = [], as segment: SegmentID, isBorder: Bool = true, at now: Instant
    ) {
        samples.withUnsafeBufferPointer { enqueue($0, of: segment, at: now) }
        if !wordEnds.isEmpty { handler(.wordEnds(segment, wordEnds), now) }
        if isBorder { handler(.completed(segment), now) }
    }

    /// After `lost`: audio that waits behind this position is dropped.
    /// - Parameter through: The last segment of which nothing is owed any more.
    package func keep(to position: Int64, through: Int?) {
        queue.truncate(to: position)
        if let through { voice?.settle(through: through) }
        wake()
    }

    /// Reply samples handed out so far: they cannot be taken back.
    package var handedOut: Int64 { queue.cursor }

    /// All audio of the reply is queued; `heardAll` follows.
    package func playOut(at now: Instant) {
        switch stretch {
        case .silent: break
        case .awaitingFirst: stretch = .awaitingFirst(isWhole: true)
        case .audible: stretch = .audible(isWhole: true)
        }
        wake()
        reportIfHeard(at: now)
    }

    // MARK: - Playout

    /// Replies were heard up to here, in their own samples.
    package func heard(at now: Instant) -> Int64 {
        if let carrier, !isCutOpen { advance(carrier, at: now) }
        return ledger.heard
    }

    /// So much of the reply under way was heard.
    package func heardOfReply(at now: Instant) -> Nanoseconds {
        _ = heard(at: now)
        return heardOfReply
    }

    private var heardOfReply: Nanoseconds {
        SampleClock(sampleRate: format.sampleRate).duration(ofSamples: max(ledger.heard - start, 0))
    }

    /// How much of what was queued the caller has not heard.
    package func unheard(at now: Instant) -> Nanoseconds {
        let heard = max(heard(at: now), queue.start)
        return SampleClock(sampleRate: format.sampleRate).duration(ofSamples: queue.end - heard)
    }

    /// Something is on its way to the caller's ear, or waits to be.
    package var isAudible: Bool { !ledger.isDrained || queue.waiting > 0 }

    /// Stops at what the caller has heard; everything after it is kept.
    /// - Returns: The position of the stop.
    package func pause(at now: Instant) -> Int64 {
        guard mode != .paused else { return ledger.heard }
        let wasPlaying = mode == .playing
        mode = .paused
        cut(isSounding: wasPlaying, at: now)
        return ledger.heard
    }

    /// Goes on at the sample where `pause` stopped.
    package func resume() {
        guard mode == .paused else { return }
        mode = .resuming
        wake()
    }

    /// A reply that was held is heard from now on.
    package func release(at now: Instant) {
        guard mode == .held else { return }
        mode = .playing
        wake()
        handOut(at: now)
    }

    /// Drops the reply: text, audio on its way, audio that waits.
    /// - Returns: The position up to which it was heard.
    package func cancel(_ turn: TurnID, at now: Instant) -> Int64 {
        if !mode.isStill { cut(isSounding: mode == .playing, at: now) }
        voice?.cancel(turn, heard: heardOfReply)
        queue.drop()
        interjection = nil
        mode = .playing
        stretch = .silent
        flow.restart()
        voice?.hold(false)
        return ledger.heard
    }

    /// Hands out what is due.
    package func tick(at now: Instant) -> Instant {
        voice?.tick(at: now)
        handOut(at: now)
        goOnWhenDue(at: now)
        return nextTick(after: now)
    }

    /// The next tick is wanted.
    private func wake() { clock.wake(self) }

    /// When something is due unless something happens.
    private func nextTick(after now: Instant) -> Instant {
        if isCutOpen { return now }
        let watch = min(voice?.deadline ?? .distantFuture, flow.restEnds ?? .distantFuture)
        if isIdle || mode.isStill && pacer.restsWithoutAudio { return watch }
        // What is told about the end of a reply comes from the carrier.
        if stretch.isWhole, queue.waiting == 0 { return now }
        return min(pacer.nextDue(after: now, buffered: buffered), watch)
    }

    /// Hands out what is due by the last tick's time: frames stay on the grid of the ticks also where the first ones of
    /// a reply leave in between.
    private func handOut(at now: Instant) {
        guard !isIdle, let carrier, settleCut(carrier) else { return }
        advance(carrier, at: now)
        let waiting = mode.isStill ? 0 : queue.waiting
        let due = pacer.framesDue(
            at: clock.time, waiting: waiting, mayPad: stretch.isWhole, buffered: buffered)
        if due > 0 {
            for _ in 0..<due { playFrame(at: now) }
            if waiting > 0, queue.waiting == 0, stretch.isWhole { carrier.speechEnds() }
            carrier.flush()
            goOnWhenDue(at: now)
        }
        reportIfHeard(at: now)
    }

    private func advance(_ carrier: any Carrier, at now: Instant) {
        carrierHeard = carrier.heardSamples(at: now)
        ledger.advance(carrierHeard: carrierHeard)
        queue.release(before: ledger.heard)
    }

    /// [samples] The carrier was handed them and had not played them when it was last asked.
    private var buffered: Int64 { ledger.handed - carrierHeard }

    /// The carrier is gone and not called again: nothing more is heard.
    package func carrierClosed() { carrier = nil }

    package func close() {
        clock.remove(self)
        voice?.close()
        voice = nil
    }

    // MARK: -

    /// Nothing is said, waits, or is on its way, and the carrier wants no silence.
    private var isIdle: Bool {
        stretch == .silent && ledger.isDrained && queue.waiting == 0 && !isCutOpen && pacer.restsWithoutAudio
    }

    /// - Returns: false while nothing may be played.
    private func settleCut(_ carrier: any Carrier) -> Bool {
        guard isCutOpen else { return true }
        switch carrier.takeCutResult() {
        case .pending: return false
        case .final: ledger.keepCut()
        case .settled(let carrierHeard):
            ledger.settleCut(carrierHeard: carrierHeard)
            if mode != .playing { queue.rewind(to: ledger.heard) }
        }
        isCutOpen = false
        return true
    }

    private func playFrame(at now: Instant) {
        let position = queue.cursor
        // A short frame in the middle of a reply would be a gap in a word: it waits for the rest.
        let mayPlay = !mode.isStill && (stretch.isWhole || queue.waiting >= frame.count)
        let count = mayPlay ? queue.read(into: frame) : 0
        if count < frame.count { silence(UnsafeMutableBufferPointer(rebasing: frame[count...])) }
        if mode == .resuming, count > 0 {
            mode = .playing
            fadeIn(min(count, fadeSamples))
        }
        ledger.handedReply(from: position, count: count)
        ledger.handedSilence(count: frame.count - count)
        emitFrame()
        if count > 0, position + Int64(count) > start, case .awaitingFirst(let isWhole) = stretch {
            stretch = .audible(isWhole: isWhole)
            handler(.firstSampleOut, now)
        }
    }

    private func silence(_ samples: UnsafeMutableBufferPointer<Int16>) {
        if noise != nil { noise?.fill(samples) } else { samples.update(repeating: 0) }
    }

    private func emitFrame() {
        level.levels.note(UnsafeBufferPointer(frame).span)
        let bytes = encoder.encode(UnsafeBufferPointer(frame))
        if bytes.count > 0 { carrier?.play(bytes, samples: frame.count) }
    }

    /// Takes back what was handed over and not heard, and lets the sound end with a short fade.
    /// - Parameter isSounding: The reply was being played, and not about to go on.
    private func cut(isSounding: Bool, at now: Instant) {
        let wasAudible = isSounding && isAudible && stretch != .silent && queue.cursor > origin
        // Without a carrier nothing was heard since the last tick.
        ledger.cut(carrierHeard: carrier?.cut(at: now) ?? 0)
        level.levels.drop()
        isCutOpen = true
        wake()
        queue.rewind(to: ledger.heard)
        queue.release(before: ledger.heard)
        pacer.restart()
        guard wasAudible, let carrier, !carrier.fadesOnCut else { return }
        let count = queue.peek(at: ledger.heard, into: UnsafeMutableBufferPointer(rebasing: frame[..<fadeSamples]))
        silence(UnsafeMutableBufferPointer(rebasing: frame[count...]))
        guard count > 0 else { return }
        var tail = UnsafeMutableBufferPointer(rebasing: frame[..<count]).mutableSpan
        Fade.out(&tail)
        // The tail is played again when the reply resumes: for the ledger it is silence.
        ledger.handedSilence(count: frame.count)
        emitFrame()
        pacer.frameHanded(at: now)
        carrier.flush()
    }

    private func fadeIn(_ count: Int) {
        var head = UnsafeMutableBufferPointer(rebasing: frame[..<count]).mutableSpan
        Fade.in(&head)
    }

    private func reportIfHeard(at now: Instant) {
        guard stretch.isWhole, !mode.isStill, queue.waiting == 0, ledger.isDrained else { return }
        stretch = .silent
        voice?.end()
        handler(.heardAll, now)
    }

    private func receive(_ event: VoiceChain.Event, at now: Instant) {
        if case .audio = event {} else { wake() }
        switch event {
        case .audio(let segment, let samples):
            enqueue(samples, of: segment, at: now)
            // The first sound does not wait for the next tick.
            if stretch.awaitsSound { handOut(at: now) }
        case .completed(let segment): handler(.completed(segment), now)
        case .wordEnds(let segment, let milliseconds):
            let rate = Int64(format.sampleRate)
            handler(.wordEnds(segment, milliseconds.map { min(max($0, 0), 600_000) * rate / 1_000 }), now)
        case .lost(let turn): handler(.lost(turn), now)
        case .restored(let turn): handler(.restored(turn), now)
        case .note(let note): handler(.note(note), now)
        case .exhausted(let turn, let error): handler(.exhausted(turn, error), now)
        }
    }

    private func enqueue(_ samples: UnsafeBufferPointer<Int16>, of segment: SegmentID, at now: Instant) {
        guard samples.count > 0 else { return }
        endInterjection()
        let taken = queue.append(samples)
        let wasHeld = flow.isHeld
        flow.queued(waiting: queue.waiting, mayRest: voice?.waitsInSocket ?? false, at: now)
        if flow.isHeld, !wasHeld { voice?.hold(true) }
        clock.wake(self, by: nextTick(after: clock.time))
        if taken > 0 { handler(.queued(segment, samples: taken), now) }
    }

    private func endInterjection() {
        guard let interjection else { return }
        self.interjection = nil
        let rest = format.samples(inMilliseconds: Self.interjectionRest)
        let next = interjection.wordEnds.first { $0 >= queue.cursor + Int64(fadeSamples) }
        if queue.waiting > rest, let next, next < queue.end {
            queue.truncate(to: next)
            queue.taper(fadeSamples)
        }
        start = queue.end
    }

    private func goOnWhenDue(at now: Instant) {
        guard flow.isHeld else { return }
        flow.played(waiting: queue.waiting, at: now)
        if !flow.isHeld { voice?.hold(false) }
    }
}
