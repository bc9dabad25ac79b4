/// When which part of the caller's audio is to be recognised, and what the results mean. Pure; positions in samples.
///
///     idle ─started─► speaking ─paused─► paused(settling) ─result─► paused(settled) ─committed─► idle
///                        ▲ every 0.5 s: partial       │ resumed                │ resumed
///                        └────────────────────────────┴────────────────────────┘
///
/// At most one recognition is under way. The one of a pause covers all speech, so its text is settled; while the
/// silence ladder still waits, the text is there already.
struct UtteranceStateMachine {
    enum Action: Equatable {
        case none
        /// Recognise this audio; a recognition under way is pointless now. Answer with `recognised` or `refused`.
        case recognise(id: Int, Range<Int64>)
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
        /// [samples] Of speech between partial results.
        var partialInterval: Int64
        /// [samples] From here on what is settled is put aside and the recognition begins anew after it.
        var foldAfter: Int64
        /// [samples] The longest audio that is recognised in one go.
        var longest: Int64

        init(sampleRate: Int64) {
            preRoll = sampleRate * 3 / 10
            partialInterval = sampleRate / 2
            foldAfter = sampleRate * 15
            longest = sampleRate * 30
        }
    }

    private enum State {
        case idle
        case speaking
        case paused(speechEnd: Int64, isSettled: Bool)
    }

    /// A recognition under way.
    private struct Running {
        let id: Int
        let audio: Range<Int64>
    }

    private let limits: Limits
    private var state = State.idle
    private var running: Running?
    private var lastID = 0
    /// Where the audio that is to be recognised begins.
    private var start: Int64 = 0
    /// Where the last recognition's audio ended.
    private var lastEnd: Int64 = 0
    /// Settled text of the audio before `start`.
    private var folded = ""
    /// The newest text of the audio from `start` on.
    private var text = ""

    init(limits: Limits) { self.limits = limits }

    /// Audio before this is not needed any more, given that there is audio up to `end`.
    func neededFrom(end: Int64) -> Int64 {
        switch state {
        // A voice is noticed up to 0.5 s after it began.
        case .idle: end - limits.preRoll - limits.partialInterval
        case .speaking, .paused: max(start, end - limits.longest)
        }
    }

    mutating func started(at position: Int64) -> Action {
        switch state {
        case .idle:
            state = .speaking
            start = max(0, position - limits.preRoll)
            lastEnd = start
            return .none
        case .speaking, .paused: return resumed()
        }
    }

    /// There is audio up to `end`.
    ///
    /// - Parameter canSpare: Whether a partial result would take no time from anybody.
    mutating func received(end: Int64, canSpare: Bool) -> Action {
        start = max(start, min(end, neededFrom(end: end)))
        guard running == nil else { return .none }
        switch state {
        case .idle, .paused(_, isSettled: true): return .none
        case .speaking:
            guard canSpare, end - lastEnd >= limits.partialInterval else { return .none }
            return recognise(until: end)
        case .paused(_, isSettled: false): return recognise(until: end)  // it was refused before
        }
    }

    /// - Parameter end: There is audio up to here.
    mutating func paused(at speechEnd: Int64, end: Int64) -> Action {
        switch state {
        case .idle, .paused: return .none
        case .speaking:
            state = .paused(speechEnd: speechEnd, isSettled: false)
            return recognise(until: end)
        }
    }

    mutating func resumed() -> Action {
        switch state {
        case .paused: state = .speaking
        case .idle, .speaking: break
        }
        return .none
    }

    /// A settled text is wanted now.
    mutating func finish(end: Int64) -> Action {
        switch state {
        case .idle: return .report(Report(text: "", isSettled: true, covered: end))
        case .paused(let speechEnd, isSettled: true): return report(isSettled: true, covered: speechEnd)
        case .paused(_, isSettled: false): return running == nil ? recognise(until: end) : .none
        case .speaking:
            state = .paused(speechEnd: end, isSettled: false)
            return recognise(until: end)
        }
    }

    mutating func recognised(id: Int, text recognised: String) -> Action {
        guard let running, running.id == id else { return .none }
        self.running = nil
        text = recognised
        let length = running.audio.upperBound - running.audio.lowerBound
        switch state {
        case .idle: return .none
        case .paused(let speechEnd, _) where running.audio.upperBound >= speechEnd:
            state = .paused(speechEnd: speechEnd, isSettled: true)
            if length >= limits.foldAfter { fold(until: running.audio.upperBound) }
            return report(isSettled: true, covered: speechEnd)
        case .paused, .speaking:
            // There was no pause to cut at; a word may be torn.
            if length >= limits.longest * 9 / 10 { fold(until: running.audio.upperBound) }
            return report(isSettled: false, covered: running.audio.upperBound)
        }
    }

    /// The recognition could not be started.
    mutating func refused(id: Int) {
        if running?.id == id { running = nil }
    }

    /// The text became a turn, or is to be forgotten.
    mutating func committed() {
        state = .idle
        running = nil
        folded = ""
        text = ""
    }

    // MARK: -

    private mutating func recognise(until end: Int64) -> Action {
        lastID += 1
        lastEnd = end
        let audio = min(start, end)..<end
        running = Running(id: lastID, audio: audio)
        return .recognise(id: lastID, audio)
    }

    private mutating func fold(until end: Int64) {
        folded = whole
        text = ""
        start = end
    }

    private var whole: String {
        folded.isEmpty || text.isEmpty ? folded + text : folded + " " + text
    }

    private func report(isSettled: Bool, covered: Int64) -> Action {
        .report(Report(text: whole, isSettled: isSettled, covered: covered))
    }
}
