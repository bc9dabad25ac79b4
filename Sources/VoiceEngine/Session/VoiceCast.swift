internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

/// The voices of one call: the agent's own, and those that nodes of its flow speak with. One of them speaks.
///
///     one(A) ──use B, A owes nothing──► one(B)
///        └────use B in mid-reply──► changing(A to B) ──A has delivered──► one(B)
///                                       └─ text for B waits
///
/// A reply may change its voice: what was given to the old one is heard first. Confined to the session's loop.
final class VoiceCast {
    private struct Line {
        let text: String
        let segment: SegmentID
    }

    private struct Change {
        let from: VoiceChain
        let to: VoiceChain
        /// Of the new voice.
        let firstSegment: Int
        var waiting: [Line] = []
        var isFinished = false
    }

    private enum State {
        case one(VoiceChain)
        case changing(Change)
    }

    private let own: VoiceChain
    private var others: [String: VoiceChain] = [:]
    private var state: State
    /// The reply under way.
    private var turn = TurnID.none
    private let wayBack = WayBack<VoiceCast>()

    /// - Parameter make: Makes the chain of a voice by its name (nil: the agent's own), which reports here.
    init(
        _ names: [String], make: (String?, @escaping (VoiceChain.Event) -> Void) throws -> VoiceChain,
        handler: @escaping (VoiceChain.Event) -> Void
    ) throws {
        // Hands events on, and looks whether a change can go through.
        let relay = { [wayBack] (event: VoiceChain.Event) in
            handler(event)
            if case .completed = event { wayBack.owner?.goOn() }
        }
        own = try make(nil, relay)
        for name in names { others[name] = try make(name, relay) }
        state = .one(own)
        wayBack.leads(to: self)
    }

    deinit { wayBack.end() }

    // MARK: - Choosing

    /// Who speaks from the next text on.
    /// - Parameter name: nil, or one that is not known: the agent's own.
    func use(_ name: String?) {
        let voice = name.flatMap { others[$0] } ?? own
        switch state {
        case .one(let current):
            guard voice !== current else { return }
            guard turn != .none, current.isOwed else { return take(voice, after: current) }
            current.finish(turn)
            state = .changing(Change(from: current, to: voice, firstSegment: current.given))
            voice.open()
        case .changing(let change):
            // Nothing was given to the one in between.
            guard voice !== change.to, change.waiting.isEmpty else { return }
            change.to.close()
            state = .changing(Change(from: change.from, to: voice, firstSegment: change.firstSegment))
            voice.open()
        }
    }

    private func take(_ voice: VoiceChain, after old: VoiceChain) {
        let given = old.given
        state = .one(voice)
        if turn != .none {
            voice.start(turn)
            if given > 0 { voice.settle(through: given - 1) }
        } else {
            voice.open()
        }
        voice.hold(old.isHeld)
        old.close()
    }

    /// The old voice has delivered what it owed: the new one begins.
    private func goOn() {
        guard case .changing(let change) = state, !change.from.isOwed else { return }
        take(change.to, after: change.from)
        for line in change.waiting where line.segment.turn == turn { change.to.speak(line.text, as: line.segment) }
        if change.isFinished { change.to.finish(turn) }
    }

    // MARK: - As one voice

    func open() { speaking.open() }

    func close() {
        own.close()
        for voice in others.values { voice.close() }
    }

    func start(_ turn: TurnID) {
        self.turn = turn
        settleChange()
        speaking.start(turn)
    }

    func speak(_ text: String, as segment: SegmentID) {
        switch state {
        case .one(let voice): voice.speak(text, as: segment)
        case .changing(var change):
            // After a failure the text of the old voice is given again.
            if segment.index < change.firstSegment { return change.from.speak(text, as: segment) }
            guard !change.waiting.contains(where: { $0.segment == segment }) else { return }
            change.waiting.append(Line(text: text, segment: segment))
            state = .changing(change)
        }
    }

    func finish(_ turn: TurnID) {
        switch state {
        case .one(let voice): voice.finish(turn)
        case .changing(var change):
            guard turn == self.turn else { return }
            change.isFinished = true
            state = .changing(change)
        }
    }

    func cancel(_ turn: TurnID, heard: Nanoseconds) {
        switch state {
        case .one(let voice): voice.cancel(turn, heard: heard)
        case .changing(let change): change.from.cancel(turn, heard: heard)
        }
        self.turn = .none
        settleChange()
    }

    func end() {
        speaking.end()
        turn = .none
        settleChange()
    }

    func hold(_ hold: Bool) { speaking.hold(hold) }

    var waitsInSocket: Bool { speaking.waitsInSocket }

    /// When `tick` is wanted; nil: not at all.
    var deadline: Instant? { speaking.deadline }

    func tick(at now: Instant) { speaking.tick(at: now) }

    func settle(through index: Int) {
        speaking.settle(through: index)
        goOn()
    }

    /// Whose audio is awaited now.
    private var speaking: VoiceChain {
        switch state {
        case .one(let voice): voice
        case .changing(let change): change.from
        }
    }

    /// Nothing of the old voice is wanted any more.
    private func settleChange() {
        guard case .changing(let change) = state else { return }
        change.from.close()
        state = .one(change.to)
    }
}
