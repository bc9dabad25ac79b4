internal import VoiceEngineCore

/// Which piece of text is asked for next when each is a request of its own. Pure: no clock, no I/O.
///
/// One request is being played; once its answer has begun, one more is made ahead, so that there is no gap between
/// them and the first is not slowed down. A request ahead that fails is made again when its turn comes.
struct HTTPVoiceStateMachine {
    struct Piece: Equatable, Sendable {
        let segment: SegmentID
        /// Blank: nothing to ask for.
        let text: String
        /// The text before it in the same reply.
        let previous: String?
        /// With its audio the segment is complete.
        let isLast: Bool
        /// With it the reply begins.
        let isFirst: Bool
    }

    enum Output: Equatable {
        /// Make this request under this number.
        case ask(Int, Piece)
        /// This request's audio is due now; what has come already first.
        case play(Int)
        /// Of no use any more.
        case drop(Int)
        case completed(SegmentID)
    }

    private struct Request: Equatable {
        let number: Int
        let piece: Piece
        /// The answer has begun.
        var isAnswered = false
    }

    private let longestText: Int
    private var waiting: [Piece] = []
    private var current: Request?
    private var ahead: Request?
    /// The piece that follows has failed once ahead of its time.
    private var mayAskAhead = true
    /// The piece that was asked for twice, because the first connection was lost before an answer.
    private var repeated: Int?
    private var serial = 0
    private var lastText: (turn: TurnID, text: String)?
    /// This turn and older ones are cancelled or failed.
    private(set) var dead = TurnID.none

    /// - Parameter longestText: [characters] of one request.
    init(longestText: Int) { self.longestText = longestText }

    /// Text waits or a request is out.
    var isBusy: Bool { current != nil || ahead != nil || !waiting.isEmpty }

    mutating func speak(_ text: String, _ segment: SegmentID) -> [Output] {
        guard segment.turn > dead else { return [] }
        let pieces = VoiceText.isAudible(text) ? VoiceText.pieces(text, atMost: longestText) : [""]
        for (number, piece) in pieces.enumerated() {
            let previous = lastText.flatMap { $0.turn == segment.turn ? $0.text : nil }
            waiting.append(
                Piece(
                    segment: segment, text: piece, previous: previous, isLast: number == pieces.count - 1,
                    isFirst: previous == nil))
            if !piece.isEmpty { lastText = (segment.turn, piece) }
        }
        return advance()
    }

    /// The answer to a request has begun, and is audio.
    mutating func answered(_ number: Int) -> [Output] {
        if current?.number == number {
            current?.isAnswered = true
            return advance()
        }
        if ahead?.number == number { ahead?.isAnswered = true }
        return []
    }

    /// All audio of the current request was handed over.
    mutating func ended(_ number: Int) -> [Output] {
        guard let done = current, done.number == number else { return [] }
        current = nil
        return (done.piece.isLast ? [.completed(done.piece.segment)] : []) + advance()
    }

    /// - Parameter mayRepeat: The server cannot have begun to answer.
    /// - Returns: the turn that is lost, if one is; it and older ones are dead.
    mutating func failed(_ number: Int, mayRepeat: Bool) -> (lost: TurnID?, output: [Output]) {
        if let early = ahead, early.number == number {
            ahead = nil
            mayAskAhead = false
            waiting.insert(early.piece, at: 0)
            return (nil, advance())
        }
        guard let failed = current, failed.number == number else { return (nil, []) }
        if mayRepeat, repeated != number {
            serial += 1
            repeated = serial
            current = Request(number: serial, piece: failed.piece)
            return (nil, [.ask(serial, failed.piece)])
        }
        current = nil
        let turn = failed.piece.segment.turn
        return (turn, cancel(turn))
    }

    mutating func cancel(_ turn: TurnID) -> [Output] {
        guard turn > dead else { return [] }
        dead = turn
        waiting.removeAll { $0.segment.turn <= turn }
        var output: [Output] = []
        for request in [current, ahead].compactMap(\.self) where request.piece.segment.turn <= turn {
            output.append(.drop(request.number))
        }
        if let request = current, request.piece.segment.turn <= turn { current = nil }
        if let request = ahead, request.piece.segment.turn <= turn { ahead = nil }
        return output + advance()
    }

    /// Whose audio a request brings; nil when it is not due.
    func owner(of number: Int) -> SegmentID? { current?.number == number ? current?.piece.segment : nil }

    private mutating func advance() -> [Output] {
        var output: [Output] = []
        while current == nil {
            if let next = ahead {
                (current, ahead) = (next, nil)
                output.append(.play(next.number))
            } else if let piece = takeWaiting() {
                mayAskAhead = true
                if piece.text.isEmpty {
                    output.append(.completed(piece.segment))
                } else {
                    serial += 1
                    current = Request(number: serial, piece: piece)
                    output.append(.ask(serial, piece))
                }
            } else {
                return output
            }
        }
        if ahead == nil, mayAskAhead, current?.isAnswered == true, waiting.first?.text.isEmpty == false,
            let piece = takeWaiting()
        {
            serial += 1
            ahead = Request(number: serial, piece: piece)
            output.append(.ask(serial, piece))
        }
        return output
    }

    private mutating func takeWaiting() -> Piece? { waiting.isEmpty ? nil : waiting.removeFirst() }
}
