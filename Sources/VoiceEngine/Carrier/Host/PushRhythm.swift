internal import VoiceEngineCore
internal import VoiceEngineSession

/// When the host's next audio is looked for: its thread does not tell when it pushes. Pure.
///
/// After audio was found the next is expected as much later as it lasts; where none is found it is looked for with every
/// tick. So each visit comes just after a push, within a tick. Now and then one is made a tick earlier: a push that was
/// late once would else be waited for from then on.
struct PushRhythm {
    /// [ms] Longest wait unless more may be gathered: the usual frame.
    private static let frame = 20
    private static let tick = Int(SessionClock.interval.wholeMilliseconds)
    private static let probeEvery = 16

    /// [ms] So much may be taken at once.
    var gathered = 0
    /// [ms] Taken of it.
    private var found = 0
    private var rounds = 0

    /// - Parameter taken: [ms] of audio at `now`.
    mutating func next(after now: Instant, taken: Int) -> Instant {
        found += taken
        guard found > 0, found >= gathered else { return now }
        let wait = gathered > 0 ? gathered : min(found, Self.frame)
        found = 0
        rounds += 1
        let early = rounds.isMultiple(of: Self.probeEvery) ? Self.tick : 0
        return now + .milliseconds(Int64(wait - early))
    }
}
