internal import VoiceEngineCore

/// Which segment a Wyoming voice speaks, and what becomes of it. Pure.
///
/// One `synthesize` at a time: the protocol has no ids, so what comes belongs to the segment that was asked for. The
/// next one is asked for when the last one is complete; it is there long before the audio of the last one has been
/// played. The streaming form of the protocol (`synthesize-start`) is not used: its servers hold a sentence back until
/// the next one begins, and do not tell where a segment ends.
struct WyomingSpeechStateMachine {
    enum Action: Equatable {
        /// Over the connection, which is made where there is none; unless the segment has been cancelled meanwhile.
        case synthesize(SegmentID, String)
        /// What is on its way is not wanted; there is no other way to stop it.
        case dropConnection
        case completed(SegmentID)
        case failed(TurnID)
    }

    private struct Segment: Equatable {
        let id: SegmentID
        let text: String
    }

    private struct Current {
        let segment: Segment
        var hasAudio = false
        var attempts = 1
    }

    /// [segments] A reply has a few dozen.
    static let maximumWaiting = 1_000

    private var waiting: [Segment] = []
    private var current: Current?

    /// The segment whose audio is on its way.
    var speaking: SegmentID? { current?.segment.id }

    mutating func speak(_ text: String, _ id: SegmentID) -> [Action] {
        guard waiting.count < Self.maximumWaiting else { return [.failed(id.turn)] }
        waiting.append(Segment(id: id, text: text))
        return current == nil ? next() : []
    }

    mutating func cancel(_ turn: TurnID) -> [Action] {
        waiting.removeAll { $0.id.turn <= turn }
        guard let current, current.segment.id.turn <= turn else { return [] }
        self.current = nil
        return [.dropConnection] + next()
    }

    mutating func audioCame() { current?.hasAudio = true }

    /// The end of the segment's audio.
    mutating func ended() -> [Action] {
        guard let current else { return [] }
        self.current = nil
        return [.completed(current.segment.id)] + next()
    }

    /// The connection is gone.
    ///
    /// - Parameter mayRetry: The error is one that may pass.
    mutating func lost(mayRetry: Bool) -> [Action] {
        guard var current else { return [] }
        // Nothing of it was heard: a server that has just closed an idle connection is asked again.
        if mayRetry, !current.hasAudio, current.attempts < 2 {
            current.attempts += 1
            self.current = current
            return [.synthesize(current.segment.id, current.segment.text)]
        }
        let turn = current.segment.id.turn
        self.current = nil
        waiting.removeAll { $0.id.turn == turn }
        return [.failed(turn)] + next()
    }

    private mutating func next() -> [Action] {
        var actions: [Action] = []
        while !waiting.isEmpty {
            let segment = waiting.removeFirst()
            // Servers answer an empty text with anything from silence to an error.
            guard segment.text.contains(where: { !$0.isWhitespace }) else {
                actions.append(.completed(segment.id))
                continue
            }
            current = Current(segment: segment)
            return actions + [.synthesize(segment.id, segment.text)]
        }
        return actions
    }
}
