internal import VoiceEngineCore

/// What to say on a socket that knows contexts, and whose audio comes out of which. Pure: no clock, no I/O.
///
///     reply ── context ── segments          one context for each reply; another one when the server ended it early
///
/// Messages carry the context they belong to: what comes for a cancelled one is dropped by its number, and the next
/// reply need not wait. Text goes out at once. Where a segment's audio ends is told by the server's mark (Cartesia's
/// flushes) or found in the timed text (ElevenLabs' alignment); where neither is known, segments are completed together.
///
/// No text is lost: a reply of which no sample has come when the socket ends is said again on the next one, once.
struct VoiceContextStateMachine {
    /// What the services differ in.
    struct Rules: Equatable, Sendable {
        /// Contexts on one socket, those that are ending included.
        var maximumContexts: Int
        /// A context is a socket: cancelling one, and the end of one, takes the socket with it.
        var isSingle = false
        /// The server speaks each segment as it comes, not only when it has gathered enough.
        var speaksSegments = true
        /// The server marks the end of each segment.
        var marksSegments = false
        /// [Hz]
        var sampleRate: Int
    }

    enum Output: Equatable {
        case open(Int)
        case text(Int, String)
        /// Nothing more comes for this context.
        case end(Int)
        case cancel(Int)
        /// Leave this socket for a new one.
        case replaceSocket
    }

    enum Report: Equatable {
        case audio(SegmentID, samples: Int)
        case words(SegmentID, [Int64])
        case completed(SegmentID)
    }

    private struct Segment: Equatable {
        let id: SegmentID
        let text: String
        let isAudible: Bool
        /// [samples] of the context before it, once its audio has begun.
        var start: Int64?
        /// Words reported so far.
        var words = 0
    }

    private enum Stage { case open, ending, dead }

    private struct Context {
        let id: Int
        let turn: TurnID
        var stage = Stage.open
        var segments: [Segment] = []
        /// Whose audio comes.
        var position = 0
        /// [samples] Where the segments end that the server has marked.
        var marks: [Int64] = []
        var aligner = SpokenTextAligner()
        /// [samples] that have come.
        var samples: Int64 = 0
        /// Audio has come since the last text.
        var hasAnswered = true

        var current: Segment? { segments.indices.contains(position) ? segments[position] : nil }
        /// Text is out whose end is not marked. Segments without a word have no mark of their own.
        var awaitsMark: Bool { segments.dropFirst(marks.count).contains { $0.isAudible } }
    }

    private enum Item {
        case speak(String, SegmentID)
        case finish(TurnID)

        var turn: TurnID {
            switch self {
            case .speak(_, let segment): segment.turn
            case .finish(let turn): turn
            }
        }
    }

    private enum Socket { case offline, ready }

    private let rules: Rules
    private var socket = Socket.offline
    private var waiting: [Item] = []
    private var contexts: [Context] = []
    private var serial = 0
    /// The reply that was said again.
    private var repeated = TurnID.none
    /// This turn and older ones are cancelled or failed.
    private(set) var dead = TurnID.none

    init(_ rules: Rules) { self.rules = rules }

    var hasWaiting: Bool { !waiting.isEmpty }
    /// Contexts that a keep-alive is for.
    var openContexts: [Int] { contexts.filter { $0.stage == .open }.map(\.id) }
    var isBusy: Bool { contexts.contains { $0.stage != .dead } }

    /// Something must come from the server.
    var isAwaitingAudio: Bool {
        contexts.contains { context in
            switch context.stage {
            case .dead: return false
            case .ending: return true
            case .open:
                guard rules.speaksSegments, !context.segments.isEmpty else { return false }
                if !context.hasAnswered { return true }
                if rules.marksSegments { return context.awaitsMark }
                return context.aligner.hasMatched && !context.aligner.isComplete
            }
        }
    }

    // MARK: From the session

    mutating func speak(_ text: String, _ segment: SegmentID) -> [Output] {
        guard segment.turn > dead else { return [] }
        waiting.append(.speak(text, segment))
        return advance()
    }

    mutating func finish(_ turn: TurnID) -> [Output] {
        guard turn > dead else { return [] }
        waiting.append(.finish(turn))
        return advance()
    }

    mutating func cancel(_ turn: TurnID) -> [Output] {
        guard turn > dead else { return [] }
        let output = contexts.filter { $0.turn <= turn && $0.stage != .dead }.map { Output.cancel($0.id) }
        kill(turn)
        guard rules.isSingle, !output.isEmpty else { return output + advance() }
        return replaceSocket()
    }

    // MARK: From the socket

    mutating func socketOpened() -> [Output] {
        socket = .ready
        return advance()
    }

    /// The socket is gone with everything that was on its way.
    ///
    /// - Parameters:
    ///   - mayRepeat: What nobody has heard anything of is said again on the next socket.
    ///   - dropWaiting: There will be no next socket.
    /// - Returns: the newest turn that lost something; it and older ones are dead.
    mutating func socketLost(mayRepeat: Bool, dropWaiting: Bool) -> TurnID? {
        socket = .offline
        var lost: TurnID?
        var again: [Item] = []
        for context in contexts where context.stage != .dead && !context.segments.isEmpty {
            if mayRepeat, !dropWaiting, context.samples == 0, context.turn > repeated {
                repeated = context.turn
                again += context.segments.map { .speak($0.text, $0.id) }
                if context.stage == .ending { again.append(.finish(context.turn)) }
            } else {
                lost = max(lost ?? .none, context.turn)
            }
        }
        contexts = []
        waiting.insert(contentsOf: again, at: 0)
        if dropWaiting, let newest = waiting.map(\.turn).max() { lost = max(lost ?? .none, newest) }
        if let lost { kill(lost) }
        return lost
    }

    /// The server gave up one context.
    ///
    /// - Returns: the turn that is lost by it, if one is.
    mutating func contextFailed(_ id: Int) -> TurnID? {
        guard let index = contexts.firstIndex(where: { $0.id == id }) else { return nil }
        let context = contexts.remove(at: index)
        guard context.stage != .dead else { return nil }
        kill(context.turn)
        return context.turn
    }

    /// The context that messages without a name are about, where the socket has only one.
    var onlyContext: Int? { rules.isSingle ? contexts.first?.id : nil }

    /// Audio of this context is played; what comes for another one is dropped.
    func isLive(_ id: Int) -> Bool { contexts.contains { $0.id == id && $0.stage != .dead } }

    /// Timed text, counted from the start of the context's audio or from the samples that have come.
    mutating func timed(_ pieces: [TimedText], isRelative: Bool, of id: Int) -> [Report] {
        guard let index = contexts.firstIndex(where: { $0.id == id && $0.stage != .dead }) else { return [] }
        let offset = isRelative ? milliseconds(contexts[index].samples) : 0
        for piece in pieces {
            contexts[index].aligner.feed(
                TimedText(text: piece.text, start: offset + max(piece.start, 0), end: offset + max(piece.end, 0)))
        }
        return reportWords(index)
    }

    /// Silence that was left out at the start of the context's audio.
    mutating func skipped(samples: Int, of id: Int) {
        guard let index = contexts.firstIndex(where: { $0.id == id }) else { return }
        contexts[index].samples += Int64(samples)
    }

    /// More audio of a context: whose it is, in order.
    mutating func audio(samples count: Int, of id: Int) -> [Report] {
        guard let index = contexts.firstIndex(where: { $0.id == id && $0.stage != .dead }) else { return [] }
        contexts[index].hasAnswered = true
        var reports: [Report] = []
        var left = Int64(count)
        while left > 0 {
            var part = left
            if let border = nextBorder(index) {
                guard border > contexts[index].samples else {
                    reports += passBorder(index)
                    continue
                }
                part = min(left, border - contexts[index].samples)
            }
            guard let current = contexts[index].current else { return reports }
            let isFirst = current.start == nil
            if isFirst { contexts[index].segments[contexts[index].position].start = contexts[index].samples }
            if isFirst { reports += reportWords(index) }
            reports.append(.audio(current.id, samples: Int(part)))
            contexts[index].samples += part
            left -= part
        }
        return reports
    }

    /// The audio of one more segment of this context has come.
    mutating func marked(_ id: Int) {
        guard let index = contexts.firstIndex(where: { $0.id == id }), contexts[index].awaitsMark else { return }
        let context = contexts[index]
        for segment in context.segments.dropFirst(context.marks.count) {
            contexts[index].marks.append(context.samples)
            if segment.isAudible { return }
        }
    }

    /// All audio of a context has come.
    ///
    /// - Returns: what is complete; what to say next; the turn that is lost, because the server ends contexts before
    ///   it has spoken.
    mutating func final(_ id: Int) -> (reports: [Report], output: [Output], lost: TurnID?) {
        guard let index = contexts.firstIndex(where: { $0.id == id }) else { return ([], [], nil) }
        var reports: [Report] = []
        var unspoken: [Segment] = []
        if contexts[index].stage == .open { unspoken = unspokenSegments(contexts[index]) }
        let spoken = contexts[index].segments.count - unspoken.count
        while contexts[index].position < spoken - 1 {
            // Segments whose borders are not known are completed together, under the last one.
            if nextBorder(index) == nil { contexts[index].position += 1 } else { reports += passBorder(index) }
        }
        let context = contexts[index]
        if context.stage != .dead, spoken > 0 {
            reports += reportWords(index)
            reports.append(.completed(context.segments[spoken - 1].id))
        }
        contexts.remove(at: index)
        if !unspoken.isEmpty, context.stage == .open {
            guard context.turn > repeated else {
                kill(context.turn)
                return (reports, advance(), context.turn)
            }
            repeated = context.turn
            waiting.insert(contentsOf: unspoken.map { .speak($0.text, $0.id) }, at: 0)
        }
        if rules.isSingle { return (reports, replaceSocket(), nil) }
        return (reports, advance(), nil)
    }

    // MARK: -

    private func milliseconds(_ samples: Int64) -> Int64 { samples * 1_000 / Int64(max(rules.sampleRate, 1)) }

    /// Segments that the server has not begun, at the end of a context that it closed before we did.
    private func unspokenSegments(_ context: Context) -> [Segment] {
        // Without marks and times nobody can say where a segment's audio would be: it came with the others'.
        let isPlaced = rules.marksSegments || context.aligner.hasMatched || context.samples == 0
        guard isPlaced else { return [] }
        let last = context.segments.indices.last { index in
            context.segments[index].start != nil || index < context.marks.count || context.aligner.hasBegun(index)
        }
        let rest = context.segments.dropFirst(last.map { $0 + 1 } ?? 0)
        return rest.contains { $0.isAudible } ? Array(rest) : []
    }

    /// [samples] of the context at which the next segment begins, as far as it is known.
    private func nextBorder(_ index: Int) -> Int64? {
        let context = contexts[index]
        let next = context.position + 1
        guard next < context.segments.count else { return nil }
        if rules.marksSegments { return context.marks.count >= next ? context.marks[next - 1] : nil }
        return context.aligner.start(of: next).map { $0 * Int64(rules.sampleRate) / 1_000 }
    }

    private mutating func passBorder(_ index: Int) -> [Report] {
        guard let current = contexts[index].current, contexts[index].stage != .dead else {
            contexts[index].position += 1
            return []
        }
        let reports = reportWords(index) + [.completed(current.id)]
        contexts[index].position += 1
        return reports
    }

    /// The word ends of the segment that is being heard, when there are more than before.
    private mutating func reportWords(_ index: Int) -> [Report] {
        let (context, position) = (contexts[index], contexts[index].position)
        // Counted from the segment's first sample, which is only known when it has come.
        guard let current = context.current, let start = current.start else { return [] }
        let ends = context.aligner.ends(of: position)
        guard ends.count > current.words else { return [] }
        contexts[index].segments[position].words = ends.count
        let offset = milliseconds(start)
        return [.words(current.id, ends.map { max($0 - offset, 0) })]
    }

    private mutating func kill(_ turn: TurnID) {
        dead = max(dead, turn)
        waiting.removeAll { $0.turn <= turn }
        for index in contexts.indices where contexts[index].turn <= turn { contexts[index].stage = .dead }
    }

    private mutating func replaceSocket() -> [Output] {
        socket = .offline
        contexts = []
        return [.replaceSocket]
    }

    private mutating func advance() -> [Output] {
        guard case .ready = socket else { return [] }
        var output: [Output] = []
        while let item = waiting.first {
            switch item {
            case .speak(let text, let segment):
                if let index = contexts.lastIndex(where: { $0.turn == segment.turn && $0.stage == .open }) {
                    output += say(text, segment, index)
                } else if contexts.count < rules.maximumContexts {
                    serial += 1
                    contexts.append(Context(id: serial, turn: segment.turn))
                    output.append(.open(serial))
                    output += say(text, segment, contexts.count - 1)
                } else {
                    // Cancelled contexts that the server does not end: another socket. Living ones: their end.
                    return contexts.contains { $0.stage != .dead } ? output : output + replaceSocket()
                }
            case .finish(let turn):
                if let index = contexts.lastIndex(where: { $0.turn == turn && $0.stage == .open }) {
                    contexts[index].stage = .ending
                    output.append(.end(contexts[index].id))
                }
            }
            waiting.removeFirst()
        }
        return output
    }

    private mutating func say(_ text: String, _ segment: SegmentID, _ index: Int) -> [Output] {
        let isAudible = VoiceText.isAudible(text)
        contexts[index].segments.append(Segment(id: segment, text: text, isAudible: isAudible))
        contexts[index].aligner.append(text)
        guard isAudible else { return [] }
        contexts[index].hasAnswered = false
        return [.text(contexts[index].id, text)]
    }
}
