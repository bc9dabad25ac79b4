package import VoiceEngineCore
package import VoiceEngineSession

/// How much of what was sent to a page the caller has heard. Pure: times are handed in.
///
/// The page's player counts the samples that it has handed to the audio device and reports the count when it begins to
/// play, every 100 ms, and when it has played everything. Between two reports the play-out goes on in real time; a
/// report is always older than its arrival, so the estimate does not run ahead of the ear. After a `clear` the player
/// tells the exact sample that it stopped at: until then the cut is `pending`.
package struct BrowserPlayoutClock {
    /// How far the estimate goes on without a report: a player that stands still stops reporting.
    package static let longestEstimate = Nanoseconds.milliseconds(250)
    /// How long the answer to a `clear` is waited for; then the estimate holds.
    package static let patience = Nanoseconds.seconds(1)

    /// What came of a report.
    package enum Report: Equatable, Sendable {
        case taken
        /// Of what was sent before the last `clear`, or a number that cannot be.
        case ignored
    }

    private enum State {
        /// - Parameter anchor: The newest report; nil until the player plays.
        case playing(anchor: Anchor?)
        /// A `clear` of this number is on its way.
        case cutting(Cut)
        /// The player has told where it stopped; the session has not asked yet.
        case settled(Int64)
    }

    private struct Anchor {
        let samples: Int64
        let at: Instant
    }

    private struct Cut {
        let number: Int64
        let at: Instant
        let heard: Int64
    }

    private let sampleRate: Int64
    private var state = State.playing(anchor: nil)
    private var handed: Int64 = 0
    /// What was told to be heard: the answer never goes back.
    private var floor: Int64 = 0
    /// Sent after the last `clear`: the first of them.
    private var first: Int64 = 0
    private var clears: Int64 = 0

    package init(sampleRate: Int) { self.sampleRate = Int64(max(1, sampleRate)) }

    /// Samples sent so far.
    package var handedSamples: Int64 { handed }

    // MARK: Events

    package mutating func play(_ samples: Int) { handed += Int64(max(0, samples)) }

    /// The player has played `samples` of all those sent.
    package mutating func played(_ samples: Int64, at now: Instant) -> Report {
        guard case .playing = state, (first...handed).contains(samples) else { return .ignored }
        state = .playing(anchor: samples == handed ? nil : Anchor(samples: samples, at: now))
        // An estimate that was too high waits until the player has come as far.
        floor = max(floor, samples)
        return .taken
    }

    /// Samples heard by `now`, of all those sent. After a cut the dropped ones count as done with.
    package mutating func heardSamples(at now: Instant) -> Int64 {
        guard case .playing(let anchor?) = state else { return floor }
        let elapsed = min(max(now - anchor.at, .zero), Self.longestEstimate)
        floor = max(floor, min(handed, anchor.samples + span(elapsed)))
        return floor
    }

    /// What was sent and not heard is dropped.
    ///
    /// - Returns: Samples heard at least, and the number of the `clear` to send; nil when there is nothing to clear.
    package mutating func cut(at now: Instant) -> (heard: Int64, clear: Int64?) {
        switch state {
        case .cutting(let cut): return (cut.heard, nil)
        case .settled(let heard): return (heard, nil)
        case .playing:
            let heard = heardSamples(at: now)
            guard heard < handed else { return (heard, nil) }
            clears += 1
            state = .cutting(Cut(number: clears, at: now, heard: heard))
            (floor, first) = (handed, handed)
            return (heard, clears)
        }
    }

    /// The player has stopped for the `clear` of this number.
    package mutating func cleared(_ number: Int64, samples: Int64) -> Report {
        guard case .cutting(let cut) = state, number == cut.number else { return .ignored }
        state = .settled(min(max(samples, cut.heard), handed))
        return .taken
    }

    /// What became of the last cut.
    package mutating func takeCutResult(at now: Instant) -> CutResult {
        switch state {
        case .playing: return .final
        case .settled(let heard):
            state = .playing(anchor: nil)
            return .settled(heard)
        case .cutting(let cut):
            guard now - cut.at >= Self.patience else { return .pending }
            state = .playing(anchor: nil)
            return .settled(cut.heard)
        }
    }

    private func span(_ time: Nanoseconds) -> Int64 { time.rawValue * sampleRate / 1_000_000_000 }
}
