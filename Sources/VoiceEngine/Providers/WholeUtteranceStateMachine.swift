internal import VoiceEngineCore

/// When which part of the caller's audio goes to a recogniser of whole utterances that is far away, and what comes of
/// it. Pure; positions in samples.
///
///     idle ─started─► speaking ─paused─► paused ─result─► settled report ─committed─► idle
///                        ▲                  │ resumed
///                        └──────────────────┘
///
/// Recognition starts at the pause, while the silence ladder still waits. When the caller goes on, it was for nothing:
/// it is abandoned, and the next pause sends all from the utterance's start. So that neither a request nor the sum of
/// them grows without bound, a long part that ended in a pause is kept for good, and speech without a pause is cut at a
/// quiet place. Unlike the local `UtteranceStateMachine` there are no partial results while the caller speaks: each
/// would be an upload, and is billed.
struct WholeUtteranceStateMachine {
    enum Action: Equatable {
        /// Recognise this audio. Answer with `recognised`.
        case recognise(id: Int, Range<Int64>)
        /// Nobody waits for it any more.
        case abandon(id: Int)
        case report(Report)
    }

    struct Report: Equatable {
        var text: String
        var isSettled: Bool
        /// The text covers the audio before this.
        var covered: Int64
    }

    struct Limits: Equatable {
        /// [samples] Before the voice was noticed: words begin softly.
        var preRoll: Int64
        /// [samples] How long a voice may have been there when it is noticed.
        var notice: Int64
        /// [samples] Less is no word.
        var shortest: Int64
        /// [samples] A part of this length that ended in a pause is not sent again.
        var keepAfter: Int64
        /// [samples] The longest audio in one request.
        var longest: Int64
        /// [samples] At its end, where a quiet place is looked for.
        var cutWindow: Int64

        init(sampleRate: Int64) {
            preRoll = sampleRate * 3 / 10
            notice = sampleRate / 2
            shortest = sampleRate / 10
            keepAfter = sampleRate * 10
            longest = sampleRate * 25
            cutWindow = sampleRate * 3
        }
    }

    private enum State: Equatable {
        case idle
        case speaking
        case paused(speechEnd: Int64)
    }

    private struct Part {
        let id: Int
        let audio: Range<Int64>
        var text: String?
    }

    private let limits: Limits
    private var state = State.idle
    private var lastID = 0
    /// Where the audio begins that no kept part covers.
    private var start: Int64 = 0
    /// Audio before this belongs to turns that are over.
    private var floor: Int64 = 0
    /// Text of the parts that are done.
    private var kept = ""
    /// Parts that are not sent again, in order; none of them is done and has only done ones before it.
    private var parts: [Part] = []
    /// From `start` to the pause.
    private var attempt: Part?

    init(limits: Limits) { self.limits = limits }

    /// Audio before this is not needed any more, given that there is audio up to `end`.
    func neededFrom(end: Int64) -> Int64 {
        switch state {
        case .idle: end - limits.preRoll - limits.notice
        case .speaking, .paused: start
        }
    }

    mutating func started(at position: Int64) -> [Action] {
        guard case .idle = state else { return resumed() }
        state = .speaking
        start = max(0, floor, position - limits.preRoll)
        return []
    }

    /// There is audio up to `end`.
    ///
    /// - Parameter quietest: Where best to cut, within a range.
    mutating func received(end: Int64, quietest: (Range<Int64>) -> Int64) -> [Action] {
        guard state == .speaking, end - start >= limits.longest else { return [] }
        let window = end - limits.cutWindow..<end
        let cut = min(max(quietest(window), window.lowerBound), window.upperBound)
        let part = makePart(start..<cut)
        parts.append(part)
        start = cut
        return [.recognise(id: part.id, part.audio)]
    }

    /// - Parameter end: There is audio up to here.
    mutating func paused(at speechEnd: Int64, end: Int64) -> [Action] {
        guard state == .speaking else { return [] }
        state = .paused(speechEnd: speechEnd)
        var part = makePart(min(start, end)..<end)
        guard end - start >= limits.shortest else {
            part.text = ""
            attempt = part
            return settled()
        }
        attempt = part
        return [.recognise(id: part.id, part.audio)]
    }

    mutating func resumed() -> [Action] {
        guard case .paused = state else { return [] }
        state = .speaking
        guard let attempt else { return [] }
        self.attempt = nil
        if attempt.audio.upperBound - attempt.audio.lowerBound >= limits.keepAfter {
            start = attempt.audio.upperBound
            parts.append(attempt)
            keepDone()
            return []
        }
        return attempt.text == nil ? [.abandon(id: attempt.id)] : []
    }

    /// A settled text is wanted now.
    mutating func finish(end: Int64) -> [Action] {
        switch state {
        case .idle: [.report(Report(text: "", isSettled: true, covered: end))]
        case .paused: settled()
        case .speaking: paused(at: end, end: end)
        }
    }

    mutating func recognised(id: Int, text: String) -> [Action] {
        if attempt?.id == id {
            attempt?.text = text
            return settled()
        }
        guard let position = parts.firstIndex(where: { $0.id == id }) else { return [] }
        parts[position].text = text
        guard let covered = keepDone() else { return [] }
        let settled = settled()
        return settled.isEmpty ? [.report(Report(text: kept, isSettled: false, covered: covered))] : settled
    }

    /// The text became a turn, or is to be forgotten. A voice that goes on meanwhile begins the next utterance where
    /// the settled text ended.
    mutating func committed() -> [Action] {
        let abandoned = parts + (attempt.map { [$0] } ?? [])
        if let end = attempt?.audio.upperBound { floor = max(floor, end) }
        if let end = parts.last?.audio.upperBound { floor = max(floor, end) }
        start = max(start, floor)
        if state != .speaking { state = .idle }
        kept = ""
        parts = []
        attempt = nil
        return abandoned.filter { $0.text == nil }.map { .abandon(id: $0.id) }
    }

    // MARK: -

    private mutating func makePart(_ audio: Range<Int64>) -> Part {
        lastID += 1
        return Part(id: lastID, audio: audio)
    }

    /// - Returns: up to where the kept text covers the audio, when it has grown.
    @discardableResult
    private mutating func keepDone() -> Int64? {
        var covered: Int64?
        while let first = parts.first, let text = first.text {
            kept = Self.joined(kept, text)
            covered = first.audio.upperBound
            parts.removeFirst()
        }
        return covered
    }

    /// The settled report, once everything is there.
    private mutating func settled() -> [Action] {
        guard case .paused(let speechEnd) = state, parts.isEmpty, let attempt, let text = attempt.text else {
            return []
        }
        floor = max(floor, attempt.audio.upperBound)
        return [.report(Report(text: Self.joined(kept, text), isSettled: true, covered: speechEnd))]
    }

    private static func joined(_ a: String, _ b: String) -> String { a.isEmpty || b.isEmpty ? a + b : a + " " + b }
}
