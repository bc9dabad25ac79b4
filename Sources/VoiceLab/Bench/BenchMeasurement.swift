/// What one call of the benchmark saw.
struct BenchMeasurement: Sendable {
    /// One utterance of the caller and the agent's answer; times are CLOCK_MONOTONIC.
    struct Turn: Sendable {
        var tag: Tag
        var speechEnd: Int64
        /// First frame of the reply at the caller.
        var firstFrame: Int64?
        /// The tone that the reply began with.
        var tone: Int?
    }

    var turns: [Turn] = []
    /// Voice onset → end of the last audible agent sample, and → clear.
    var bargeInToLastSample: [Int64] = []
    var bargeInToClear: [Int64] = []
    /// Frames later than the ideal pacing, in milliseconds.
    var lateness = Distribution()
    var lateFrames = 0
    var frames = 0
    /// Frames that came when the play-out queue had run dry in mid-reply.
    var gaps = 0
    var staleFrames = 0
    var wrongTones = 0
    var violations: [String] = []
    var completed = false

    /// All three turns were taken and answered.
    var isWhole: Bool { completed && turns.allSatisfy { $0.firstFrame != nil } }
}

/// Judges the times of the agent's frames against ideal pacing: after the first frame and the lead that came with it,
/// audio has to arrive exactly as fast as it plays. Pure.
struct PacingJudge {
    /// Later than this is late.
    static let limit: Int64 = 10_000_000
    /// What comes within this time of the first frame is the lead.
    private static let leadWindow: Int64 = 5_000_000
    /// [samples] Of it so many count: a host that stood still sends its first messages together, and owes no more for it.
    private static let mostLead = Telephone.samples(milliseconds: 100)
    /// Silence this long is a new beginning (a new reply, or the model was slow), not pacing.
    private static let restart: Int64 = 400_000_000

    private var first: Int64 = .min / 2
    private var last: Int64 = .min / 2
    private var samples = 0
    private var lead = 0

    /// Begins anew with the next frame.
    mutating func reset() { (first, last, samples) = (.min / 2, .min / 2, 0) }

    /// - Returns: how late the frame is [ns] (negative: early), nil for the first frame and the lead.
    mutating func frame(at now: Int64, samples count: Int) -> Int64? {
        defer { (last, samples) = (now, samples + count) }
        // Until everything that came was played nobody hears a pause.
        if now - max(last, first + Telephone.nanoseconds(ofSample: samples)) > Self.restart {
            (first, samples, lead) = (now, 0, min(count, Self.mostLead))
            return nil
        }
        if now - first <= Self.leadWindow {
            lead = min(samples + count, Self.mostLead)
            return nil
        }
        // Ideal: the frame that begins with sample n leaves when n - lead + its own length samples have been played.
        return now - first - Telephone.nanoseconds(ofSample: samples + count - lead)
    }
}
