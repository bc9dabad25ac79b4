/// How many frames are due. Pure: the tick's time comes in, a number goes out.
///
/// Three ways of pacing, by what plays the audio:
/// - `continuous`: one frame for every frame's time, silence included (hosts that take frames by callback);
/// - `burst`: a stretch of speech begins with `lead`; after its first frame's time the frames keep one frame more than
///   that ahead of real time, so that a late tick is not heard, and leave `stride` at once (wire carriers, to which every
///   hand-out is a system call);
/// - `reader`: keep `lead` in front of whoever reads (hosts that pull), filled up when `stride` is missing.
package struct PacerStateMachine: ~Copyable {
    package enum Mode: Equatable, Sendable { case continuous, burst, reader }

    private enum State {
        case idle
        /// Frames are counted from `anchor`.
        case running(anchor: Instant, handed: Int64)
    }

    /// More than this behind, the missing frames are skipped instead of sent in a burst. [ms] Ten frames of 20 ms.
    package static let longestCatchUp: Int64 = 200

    private let mode: Mode
    private let clock: SampleClock
    private let frame: Int64
    private let lead: Int64
    /// Frames.
    private let stride: Int64
    private var state = State.idle
    /// Frames that were skipped because the loop stood still.
    package private(set) var skippedFrames: Int64 = 0

    /// - Parameters:
    ///   - frame: Samples in a frame.
    ///   - lead: Samples to be ahead.
    ///   - stride: Samples that `burst` and `reader` hand out together, while so many wait; a frame at least.
    package init(mode: Mode, sampleRate: Int, frame: Int, lead: Int, stride: Int = 0) {
        self.mode = mode
        clock = SampleClock(sampleRate: sampleRate)
        self.frame = Int64(max(frame, 1))
        self.lead = Int64(max(lead, 0))
        self.stride = max(Int64(stride) / self.frame, 1)
    }

    /// - Parameters:
    ///   - waiting: Samples that could be played.
    ///   - mayPad: No more audio follows for now: a last, short frame may be filled with silence.
    ///   - buffered: Samples that the carrier holds unheard; only `reader` uses it.
    /// - Returns: Frames to hand out now.
    package mutating func framesDue(at now: Instant, waiting: Int, mayPad: Bool, buffered: Int64) -> Int {
        let playable = mayPad ? (Int64(waiting) + frame - 1) / frame : Int64(waiting) / frame
        switch mode {
        case .continuous: return Int(continuous(now))
        case .burst: return Int(burst(now, playable: playable))
        case .reader: return Int(min(max((lead - buffered + frame - 1) / frame, 0), playable))
        }
    }

    /// Until when nothing is due, whatever waits; `now` where that is not known.
    ///
    /// - Parameter buffered: Samples that the carrier holds unheard; only `reader` uses it.
    package func nextDue(after now: Instant, buffered: Int64) -> Instant {
        switch (mode, state) {
        case (.reader, _): return now + clock.duration(ofSamples: max(buffered + stride * frame - lead, 0))
        case (_, .idle): return now
        case (.continuous, .running(let anchor, let handed)):
            return max(anchor + clock.duration(ofSamples: handed), now)
        case (.burst, .running(let anchor, let handed)):
            // The reserve is kept from the first frame's time on.
            let early = handed + frame - lead
            let elapsed = early < frame ? early : max(handed - lead, frame)
            return max(anchor + clock.duration(ofSamples: elapsed), now)
        }
    }

    /// Whether nothing is ever due while nothing waits.
    package var restsWithoutAudio: Bool { mode != .continuous }

    /// The carrier's buffer was emptied: the next stretch starts anew.
    package mutating func restart() {
        switch mode {
        case .burst: state = .idle
        case .continuous, .reader: break
        }
    }

    /// One frame was handed out without being due, such as the fade after a cut: it takes the place of the next.
    package mutating func frameHanded(at now: Instant) {
        switch (mode, state) {
        case (.reader, _): break
        case (.continuous, .idle), (.burst, .idle): state = .running(anchor: now, handed: frame)
        case (.continuous, .running(let anchor, let handed)): state = .running(anchor: anchor, handed: handed + frame)
        case (.burst, .running(let anchor, let handed)):
            let isDry = clock.samples(in: now - anchor) >= handed
            state = isDry ? .running(anchor: now, handed: frame) : .running(anchor: anchor, handed: handed + frame)
        }
    }

    // MARK: -

    private mutating func continuous(_ now: Instant) -> Int64 {
        switch state {
        case .idle:
            state = .running(anchor: now, handed: frame)
            return 1
        case .running(let anchor, let handed):
            var due = (clock.samples(in: now - anchor) + frame - handed) / frame
            guard due > 0 else { return 0 }
            let most = max(clock.samples(in: .milliseconds(Self.longestCatchUp)) / frame, 1)
            state = .running(anchor: anchor, handed: handed + due * frame)
            if due > most {
                skippedFrames += due - most
                due = most
            }
            return due
        }
    }

    /// What is kept beyond the lead, once a stretch has begun.
    private func reserve(after elapsed: Int64) -> Int64 { elapsed < frame ? 0 : frame }

    private mutating func burst(_ now: Instant, playable: Int64) -> Int64 {
        switch state {
        case .idle:
            guard playable > 0 else { return 0 }
            let due = min(max(lead / frame, 1), playable)
            state = .running(anchor: now, handed: due * frame)
            return due
        case .running(let anchor, let handed):
            let elapsed = clock.samples(in: now - anchor)
            if elapsed >= handed {
                // Everything handed out has been played: a new stretch, with a full lead.
                state = .idle
                return burst(now, playable: playable)
            }
            // As soon as one is due they all leave.
            let behind = elapsed + lead + reserve(after: elapsed) - handed
            guard behind >= frame else { return 0 }
            let due = min(behind / frame + stride - 1, playable)
            state = .running(anchor: anchor, handed: handed + due * frame)
            return due
        }
    }
}
