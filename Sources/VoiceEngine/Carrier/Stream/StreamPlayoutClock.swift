package import VoiceEngineCore

/// How much of what was sent to a carrier the caller has heard. Pure: times are handed in.
///
/// A carrier plays what it has in real time, and starts again at once when audio arrives after its buffer ran empty. So
/// the audio falls into *runs*; without any delay, sample `n` of a run that began at `t` is heard at `t + n / rate`.
/// Two things are added to that:
///
///     sent ──── half a round trip ────► carrier ─── shift of the run ────► heard
///
/// The echo of a mark comes a round trip and a shift after the time without delay. The least such lateness ever seen is
/// taken as the round trip (there and back alike); what a run's marks are later than that is its shift: its first frame
/// was slow, or the connection stalled. A mark whose echo is overdue says that the play-out stands still: the estimate
/// then waits at it. An echo proves that everything before its mark was played, unless the mark was waiting when a
/// `clear` was sent: those come back unplayed, or not at all.
///
/// Where the carrier has no marks, time alone decides, with a delay that is assumed; the answer is bounded by what was
/// sent and never goes back all the same.
package struct StreamPlayoutClock {
    /// Between marks. [ms]
    package static let markInterval = 240
    /// Marks without an echo; with so many no more are sent, and time alone decides.
    package static let mostMarks = 64
    /// How late an echo may be before the play-out is taken to stand still.
    package static let patience = Nanoseconds.milliseconds(60)
    /// Round trip that is assumed before the first echo.
    package static let assumedRoundTrip = Nanoseconds.milliseconds(50)

    /// What came of a mark's echo.
    package enum Echo: Equatable, Sendable {
        case played
        /// Sent before a `clear`: says nothing.
        case cleared
        /// Never sent, or echoed before.
        case unknown
    }

    /// Audio that is played without a gap.
    private struct Run {
        let id: Int64
        /// When its first sample would be heard without any delay.
        let start: Instant
        let first: Int64
        var end: Int64
        /// The last two echoes' lateness beyond the round trip; nil before the first.
        var lateness: (last: Nanoseconds, before: Nanoseconds)?
    }

    private struct Mark {
        let number: Int64
        /// Samples before it.
        let sample: Int64
        /// When it would be reached without any delay.
        let due: Instant
        let run: Int64
    }

    /// Runs that may not be heard whole yet; more than a few need gaps shorter than the network's delay.
    private static let mostRuns = 8

    private let sampleRate: Int64
    /// Marks that may be under way; none where the carrier has no marks.
    private let mostMarks: Int
    /// Until the first echo, and for ever where none comes.
    private let assumedRoundTrip: Nanoseconds
    /// When the carrier is through with silence that was sent behind the last run.
    private var paddedUntil = Instant.zero
    private var runs: [Run] = []
    private var marks: [Mark] = []
    private var handed: Int64 = 0
    private var marked: Int64 = 0
    private var nextMark: Int64 = 1
    /// Marks below this number were sent before the last `clear`.
    private var firstValidMark: Int64 = 1
    private var nextRun: Int64 = 0
    /// What has been reported or proved: the answer never goes back.
    private var floor: Int64 = 0
    /// Proved to be played, or dropped by a `clear`.
    private var settled: Int64 = 0
    /// The least lateness of an echo; nil before the first.
    private var leastLateness: Nanoseconds?
    /// When audio was last sent.
    package private(set) var lastPlay = Instant.zero

    package init(sampleRate: Int, marks carrierMarks: StreamTraits.Marks = .echoed(most: Self.mostMarks)) {
        self.sampleRate = Int64(max(1, sampleRate))
        switch carrierMarks {
        case .echoed(let most): (mostMarks, assumedRoundTrip) = (min(most, Self.mostMarks), Self.assumedRoundTrip)
        case .none(let delay): (mostMarks, assumedRoundTrip) = (0, Nanoseconds(max(0, delay.rawValue) * 2))
        }
        runs.reserveCapacity(Self.mostRuns)
        marks.reserveCapacity(Self.mostMarks)
    }

    /// Round trip of the connection, as far as it is known.
    package var roundTrip: Nanoseconds { leastLateness ?? assumedRoundTrip }

    /// Samples sent so far.
    package var handedSamples: Int64 { handed }

    /// Samples were sent since the last mark.
    package var hasUnmarkedSamples: Bool { marked < handed }

    /// The carrier may still hold audio: nothing has proved that all of it was played.
    package var mayHaveUnplayedSamples: Bool { settled < handed }

    // MARK: Events

    /// `samples` are sent now.
    ///
    /// - Returns: The number of the mark to send behind them, if it is time for one.
    package mutating func play(_ samples: Int, at now: Instant) -> Int64? {
        guard samples > 0 else { return nil }
        if beginsRun(at: now) {
            if runs.count == Self.mostRuns { runs.removeFirst() }
            runs.append(Run(id: nextRun, start: max(now, paddedUntil), first: handed, end: handed))
            nextRun += 1
        }
        handed += Int64(samples)
        lastPlay = now
        runs[runs.count - 1].end = handed
        return handed - marked >= sampleRate * Int64(Self.markInterval) / 1_000 ? mark() : nil
    }

    /// `samples` of silence are sent now that nobody counts: what comes next is heard that much later.
    package mutating func pad(_ samples: Int, at now: Instant) {
        guard samples > 0 else { return }
        paddedUntil = max(now, paddedUntil, runs.last.map { end(of: $0) } ?? now) + length(Int64(samples))
    }

    /// The carrier has played all that it had: what was sent before half a round trip ago is heard.
    package mutating func drained(at now: Instant) {
        guard now - lastPlay >= roundTrip else { return }
        (floor, settled) = (handed, handed)
        marks.removeAll(keepingCapacity: true)
    }

    /// The agent has said all for now.
    ///
    /// - Returns: The number of the mark to send at the end, if the last audio has none yet.
    package mutating func playEnded() -> Int64? { hasUnmarkedSamples ? mark() : nil }

    /// A mark came back.
    package mutating func echoed(_ number: Int64, at now: Instant) -> Echo {
        guard number > 0, number < nextMark else { return .unknown }
        guard number >= firstValidMark else { return .cleared }
        guard let index = marks.firstIndex(where: { $0.number == number }) else { return .unknown }
        let mark = marks[index]
        marks.removeFirst(index + 1)
        floor = max(floor, mark.sample)
        settled = mark.sample
        let late = now - mark.due
        // Clocks that disagree cannot make a trip shorter than none.
        leastLateness = max(.zero, min(leastLateness ?? late, late))
        if let index = runs.firstIndex(where: { $0.id == mark.run }) {
            runs[index].lateness = (late, runs[index].lateness?.last ?? late)
        }
        return .played
    }

    /// Samples heard by `now`, of all those sent. After a `cut` the dropped ones count as done with.
    package mutating func heardSamples(at now: Instant) -> Int64 {
        floor = max(floor, position(at: now - halfTrip, judgedAt: now))
        dropFinishedRuns()
        return floor
    }

    /// A `clear` is sent now: it reaches the carrier as late as the audio did, so what is played until then counts.
    ///
    /// - Parameter unsent: Samples that were dropped before they were sent; they count as done with too.
    /// - Returns: Samples heard, of all those sent.
    package mutating func cut(at now: Instant, unsent: Int = 0) -> Int64 {
        let heard = max(floor, position(at: now, judgedAt: now))
        runs.removeAll(keepingCapacity: true)
        marks.removeAll(keepingCapacity: true)
        firstValidMark = nextMark
        handed += Int64(unsent)
        paddedUntil = .zero
        (marked, settled, floor) = (handed, handed, handed)
        return heard
    }

    // MARK: -

    private var halfTrip: Nanoseconds { Nanoseconds(roundTrip.rawValue / 2) }

    /// Whether audio that comes now is played after a gap, or after silence.
    private func beginsRun(at now: Instant) -> Bool {
        guard let last = runs.last else { return true }
        let end = end(of: last)
        return now >= end + shift(of: last, at: now) || paddedUntil > end
    }

    private mutating func mark() -> Int64? {
        guard marks.count < mostMarks, let run = runs.last else { return nil }
        marked = handed
        let number = nextMark
        nextMark += 1
        marks.append(Mark(number: number, sample: handed, due: max(end(of: run), paddedUntil), run: run.id))
        return number
    }

    private func length(_ samples: Int64) -> Nanoseconds { Nanoseconds(samples * 1_000_000_000 / sampleRate) }

    private func end(of run: Run) -> Instant { run.start + length(run.end - run.first) }

    /// How much later than its own times a run is played.
    private func shift(of run: Run, at now: Instant) -> Nanoseconds {
        var shift = Nanoseconds.zero
        if let lateness = run.lateness { shift = max(.zero, min(lateness.last, lateness.before) - roundTrip) }
        // Only a carrier that is known to echo can be overdue with it.
        if leastLateness != nil, let mark = marks.first, mark.run <= run.id {
            shift = max(shift, now - mark.due - roundTrip - Self.patience)
        }
        return shift
    }

    /// The sample that is played at `moment` as the carrier's end of the line sees it.
    private func position(at moment: Instant, judgedAt now: Instant) -> Int64 {
        var position = runs.first?.first ?? handed
        for run in runs {
            let played = moment - (run.start + shift(of: run, at: now))
            guard played > .zero else { break }
            let (seconds, rest) = played.rawValue.quotientAndRemainder(dividingBy: 1_000_000_000)
            let samples = min(seconds, 1_000_000) * sampleRate + rest * sampleRate / 1_000_000_000
            position = min(run.end, run.first + samples)
            guard position == run.end else { break }
        }
        return position
    }

    /// Forgets what is heard whole; the last run stays, because it may go on.
    private mutating func dropFinishedRuns() {
        while runs.count > 1, runs[0].end <= floor { runs.removeFirst() }
    }
}
