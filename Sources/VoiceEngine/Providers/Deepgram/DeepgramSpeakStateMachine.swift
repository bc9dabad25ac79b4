internal import VoiceEngineCore

/// What to say to Deepgram's speak socket, and whose audio comes out of it. Pure: no clock, no I/O.
///
/// The server tags nothing. Audio belongs to the oldest Flush that is not answered; after a Clear everything up to
/// `Cleared` is
/// the old text's and is dropped, and new text waits. Flushes are counted: the server executes 20 in 60 s on one
/// socket and
/// ignores the next, so a reply takes two (its first segment, to start at once; its end) and an optional one is
/// left out when few remain.
struct DeepgramSpeakStateMachine {
    /// Messages for the socket, in order.
    enum Output: Equatable {
        case speak(String)
        case flush
        case clear
    }

    static let flushLimit = 20
    static let flushWindow = Nanoseconds.seconds(60)

    /// Text sent after the last Flush, and the flushes on their way.
    private struct Group: Equatable {
        var first: SegmentID
        var last: SegmentID
    }
    private enum Item {
        case speak(String, SegmentID)
        case finish(TurnID)
    }
    private enum State {
        /// No socket that takes messages.
        case offline
        case ready
        /// A Clear is out.
        case clearing
    }

    private var state = State.offline
    private var waiting: [Item] = []
    private var open: Group?
    private var flushed: [Group] = []
    private var flushTimes: [Instant] = []
    /// The reply whose first segment was flushed.
    private var started: TurnID?
    /// This turn and older ones are cancelled or failed.
    private var dead = TurnID.none

    /// Text or audio of a reply is on its way.
    var isBusy: Bool { open != nil || !flushed.isEmpty }
    var hasWaiting: Bool { !waiting.isEmpty }
    var isClearing: Bool { if case .clearing = state { true } else { false } }
    var isAwaitingAudio: Bool { !flushed.isEmpty && !isClearing }
    /// Between replies, with too few flushes left for another one: time for a new socket.
    func isWornOut(at now: Instant) -> Bool { !isBusy && flushesUsed(at: now) > Self.flushLimit - 3 }

    private func flushesUsed(at now: Instant) -> Int {
        flushTimes.reduce(0) { $0 + (now - $1 < Self.flushWindow ? 1 : 0) }
    }

    mutating func speak(_ text: String, _ segment: SegmentID, at now: Instant) -> [Output] {
        guard segment.turn > dead else { return [] }
        waiting.append(.speak(text, segment))
        return advance(at: now)
    }

    mutating func finish(_ turn: TurnID, at now: Instant) -> [Output] {
        guard turn > dead else { return [] }
        waiting.append(.finish(turn))
        return advance(at: now)
    }

    mutating func socketOpened(at now: Instant) -> [Output] {
        state = .ready
        flushTimes = []
        return advance(at: now)
    }

    /// The socket is gone with everything that was on its way.
    ///
    /// - Returns: the newest turn that lost something; it and older ones are dead.
    mutating func socketLost(dropWaiting: Bool) -> TurnID? {
        let wasClearing = isClearing
        state = .offline
        var lost = wasClearing ? nil : ([open].compactMap(\.self) + flushed).map(\.last.turn).max()
        open = nil
        flushed = []
        started = nil
        if dropWaiting {
            let turns = waiting.map { item in
                switch item {
                case .speak(_, let segment): segment.turn
                case .finish(let turn): turn
                }
            }
            lost = [lost, turns.max()].compactMap(\.self).max()
        }
        if let lost { kill(lost) }
        return lost
    }

    /// - Returns: `clear` when the server has something of the turn.
    mutating func cancel(_ turn: TurnID) -> [Output] {
        guard turn > dead else { return [] }
        kill(turn)
        let concerned = ([open].compactMap(\.self) + flushed).contains { $0.first.turn <= turn }
        guard concerned, case .ready = state else { return [] }
        open = nil
        flushed = []
        started = nil
        state = .clearing
        return [.clear]
    }

    mutating func cleared(at now: Instant) -> [Output] {
        guard case .clearing = state else { return [] }
        state = .ready
        return advance(at: now)
    }

    /// - Returns: the last segment that is complete now.
    mutating func flushedAnswered() -> SegmentID? {
        guard case .ready = state, !flushed.isEmpty else { return nil }
        return flushed.removeFirst().last
    }

    /// Whose audio arrives now; nil when it is to be dropped.
    var audioOwner: SegmentID? {
        guard case .ready = state else { return nil }
        return flushed.first?.first ?? open?.first
    }

    private mutating func kill(_ turn: TurnID) {
        dead = max(dead, turn)
        waiting.removeAll { item in
            switch item {
            case .speak(_, let segment): segment.turn <= turn
            case .finish(let finished): finished <= turn
            }
        }
    }

    private mutating func advance(at now: Instant) -> [Output] {
        guard case .ready = state else { return [] }
        var output: [Output] = []
        for item in waiting {
            switch item {
            case .speak(let text, let segment):
                output += DeepgramSpeakWire.pieces(text).map(Output.speak)
                open = Group(first: open?.first ?? segment, last: segment)
                if started != segment.turn {
                    started = segment.turn
                    if flushesUsed(at: now) < Self.flushLimit - 1 { flush(&output, at: now) }
                }
            case .finish:
                if open != nil { flush(&output, at: now) }
            }
        }
        waiting = []
        return output
    }

    private mutating func flush(_ output: inout [Output], at now: Instant) {
        guard let group = open else { return }
        flushTimes.removeAll { now - $0 >= Self.flushWindow }
        flushTimes.append(now)
        flushed.append(group)
        open = nil
        output.append(.flush)
    }
}
