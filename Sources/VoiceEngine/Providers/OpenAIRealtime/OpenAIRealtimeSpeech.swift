internal import VoiceEngineCore

/// The audio of one turn that the model speaks itself: which items hold it, and how much of each was delivered. Pure.
struct OpenAIRealtimeSpeech {
    private struct Piece: Equatable {
        let item: String
        let contentIndex: Int
        var bytes = 0
    }

    /// Of more, the oldest are forgotten: no answer has so many.
    private static let mostPieces = 64

    let turn: TurnID
    /// The segments of this turn are the model's own. Not any more, once another model goes on in its place.
    var isOwn = true
    /// The first segment whose audio is not complete.
    private var nextSegment = 0
    private var lastSegment = -1
    private var pieces: [Piece] = []

    init(turn: TurnID) { self.turn = turn }

    /// Whom audio belongs to that arrives now.
    var owner: SegmentID { SegmentID(turn: turn, index: nextSegment) }

    mutating func spoke(_ segment: SegmentID) { lastSegment = max(lastSegment, segment.index) }

    /// A message of the answer begins.
    mutating func began(_ item: String) {
        guard !item.isEmpty, !pieces.contains(where: { $0.item == item }) else { return }
        append(Piece(item: item, contentIndex: 0))
    }

    mutating func delivered(_ bytes: Int, of item: String, contentIndex: Int) {
        if let last = pieces.last, last.item == item, last.bytes == 0 || last.contentIndex == contentIndex {
            pieces[pieces.count - 1] = Piece(item: item, contentIndex: contentIndex, bytes: last.bytes + bytes)
        } else {
            append(Piece(item: item, contentIndex: contentIndex, bytes: bytes))
        }
    }

    private mutating func append(_ piece: Piece) {
        if pieces.count >= Self.mostPieces { pieces.removeFirst() }
        pieces.append(piece)
    }

    /// The answer has ended: the segments so far have all their audio.
    ///
    /// - Returns: The last of them, once.
    mutating func completed() -> SegmentID? {
        guard isOwn, lastSegment >= nextSegment else { return nil }
        nextSegment = lastSegment + 1
        return SegmentID(turn: turn, index: lastSegment)
    }

    /// Another model, or another voice, goes on from here.
    ///
    /// - Returns: Whether audio of a segment was still due.
    mutating func giveUp() -> Bool {
        let wasDue = isOwn && lastSegment >= nextSegment
        isOwn = false
        nextSegment = max(nextSegment, lastSegment + 1)
        return wasDue
    }

    /// The connection is gone, and the items with it.
    mutating func forget() { pieces = [] }

    enum Cut: Equatable {
        case truncate(String, contentIndex: Int, milliseconds: Int64)
        /// Nothing of it was heard; the server refuses to truncate at 0.
        case delete(String)
    }

    /// What the server must forget when so much of the turn was heard.
    ///
    /// - Parameter isInFlight: The answer was still being made: of its last item the server may have more than was
    ///   delivered.
    mutating func cut(heard: Nanoseconds, bytesPerMillisecond: Int, isInFlight: Bool) -> [Cut] {
        defer { pieces = [] }
        var left = heard.wholeMilliseconds
        var cuts: [Cut] = []
        for (place, piece) in pieces.enumerated() {
            let length = Int64(piece.bytes / bytesPerMillisecond)
            let wasHeard = min(max(left, 0), length)
            left -= length
            if wasHeard == 0 {
                cuts.append(.delete(piece.item))
            } else if wasHeard < length || isInFlight && place == pieces.count - 1 {
                cuts.append(.truncate(piece.item, contentIndex: piece.contentIndex, milliseconds: wasHeard))
            }
        }
        return cuts
    }
}
