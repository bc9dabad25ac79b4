/// Turns the windows of a detector into onsets, pauses and ends of speech. Pure: positions in samples are its only
/// clock.
///
///                 p ≥ enter                  voiced ≥ minimumSpeech
///       ┌─ idle ───────────▶ rising ────────────────────────────▶ speaking ◀─────────────┐
///       │   ▲   p < leave      │                     quiet ≥ pauseAfter │                │ voiced ≥ minimumResume
///       │   └──────────────────┘                                        ▼   p ≥ enter    │
///       │                                                            paused ────────▶ resuming
///       └◀──────────────────── quiet ≥ endAfter ──────────────────────  ▲   p < leave    │
///                                                                       └────────────────┘
///
/// The window that crosses `enter` dates the onset, although it is known only `minimumSpeech` later; the last window at
/// or above `leave` dates the end of speech. Audio that never arrived (a gap between windows) counts as quiet.
package struct SpeechGate: Sendable {
    /// Thresholds and times of the gate.
    package struct Configuration: Equatable, Sendable {
        /// Probability at which speech begins. The distance to `leave` keeps a wavering detector from flapping.
        package var enter: Float = 0.5
        /// Probability below which a window is quiet.
        package var leave: Float = 0.35
        /// [samples] of voice before an onset counts. Clicks are shorter than 40 ms, the shortest words longer than 60.
        package var minimumSpeech: Int
        /// [samples] of voice before a pause is over.
        package var minimumResume: Int
        /// [samples] of quiet after which the speaker pauses. Plosives are silent for up to 120 ms.
        package var pauseAfter: Int
        /// [samples] of quiet after which the utterance is over; at least `pauseAfter`.
        package var endAfter: Int

        /// The defaults: 50 ms of speech, 30 ms to resume, 150 ms to a pause, 1000 ms to the end.
        package init(
            format: AudioFormat, minimumSpeechMs: Int = 50, minimumResumeMs: Int = 30, pauseAfterMs: Int = 150,
            endAfterMs: Int = 1_000
        ) {
            minimumSpeech = format.samples(inMilliseconds: minimumSpeechMs)
            minimumResume = format.samples(inMilliseconds: minimumResumeMs)
            pauseAfter = format.samples(inMilliseconds: pauseAfterMs)
            endAfter = max(pauseAfter, format.samples(inMilliseconds: endAfterMs))
        }
    }

    /// What happened. Positions are samples of the caller's stream.
    package enum Action: Equatable, Sendable {
        case none
        /// Somebody speaks, since `onset`.
        case started(onset: Int64)
        /// Quiet for `pauseAfter`; speech ended before the sample `lastSpeech`.
        case paused(lastSpeech: Int64)
        /// Speech goes on after a pause, since `onset`.
        case resumed(onset: Int64)
        /// Quiet for `endAfter`, or the stream is over; speech ended before the sample `lastSpeech`.
        case ended(lastSpeech: Int64)
        case ignored(Anomaly)
    }

    /// Input that makes no sense: counted by the driver, without effect on the state.
    package enum Anomaly: Equatable, Sendable {
        /// The window is empty or begins before the end of the one before it.
        case outOfOrder
        /// The probability is not within 0...1.
        case notAProbability
    }

    private enum State: Equatable, Sendable {
        case idle
        case rising(onset: Int64, lastSpeech: Int64)
        case speaking(lastSpeech: Int64)
        case paused(lastSpeech: Int64)
        /// `ended` is where the speech before the pause ended; `onset` and `lastSpeech` belong to the voice after it.
        case resuming(ended: Int64, onset: Int64, lastSpeech: Int64)
    }

    private let configuration: Configuration
    private var state = State.idle
    private var end: Int64 = .min

    package init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// True from `started` to `ended`, pauses included.
    package var isInUtterance: Bool {
        switch state {
        case .idle, .rising: false
        case .speaking, .paused, .resuming: true
        }
    }

    /// [samples] that must come before anything can happen but the end: so much may be heard at once without anything
    /// being told later for it.
    package var soonestAction: Int {
        switch state {
        case .idle: configuration.minimumSpeech
        case .rising(let onset, _): configuration.minimumSpeech - Int(end - onset)
        case .speaking(let lastSpeech): configuration.pauseAfter - Int(end - lastSpeech)
        case .paused: configuration.minimumResume
        case .resuming(_, let onset, _): configuration.minimumResume - Int(end - onset)
        }
    }

    /// The detector has judged the next window.
    package mutating func heard(_ window: SpeechWindow) -> Action {
        guard window.count > 0, window.start >= end else { return .ignored(.outOfOrder) }
        guard (0...1).contains(window.probability) else { return .ignored(.notAProbability) }
        end = window.end
        let begins = window.probability >= configuration.enter
        let lasts = begins || window.probability >= configuration.leave
        switch state {
        case .idle:
            return begins ? rise(from: window.start) : .none
        case .rising(let onset, let lastSpeech):
            // A gap in the stream is quiet, and quiet ends a rise.
            if lasts, window.start == lastSpeech { return rise(from: onset) }
            state = .idle
            return begins ? rise(from: window.start) : .none
        case .speaking(let lastSpeech):
            return lasts && window.start - lastSpeech < configuration.pauseAfter
                ? speak(until: window.end) : pauseIfQuiet(since: lastSpeech, thenBegin: begins ? window.start : nil)
        case .paused(let lastSpeech):
            if begins { return resume(from: window.start, ended: lastSpeech) }
            return endIfQuiet(since: lastSpeech)
        case .resuming(let ended, let onset, let lastSpeech):
            if lasts, window.start == lastSpeech { return resume(from: onset, ended: ended) }
            state = .paused(lastSpeech: ended)
            if begins { return resume(from: window.start, ended: ended) }
            return endIfQuiet(since: ended)
        }
    }

    /// No window will follow: the call is over, or the caller's audio starts anew at another position.
    package mutating func streamEnded() -> Action {
        defer {
            state = .idle
            end = .min
        }
        switch state {
        case .idle, .rising: return .none
        case .speaking(let lastSpeech), .paused(let lastSpeech): return .ended(lastSpeech: lastSpeech)
        case .resuming(let ended, _, _): return .ended(lastSpeech: ended)
        }
    }

    private mutating func rise(from onset: Int64) -> Action {
        guard end - onset >= configuration.minimumSpeech else {
            state = .rising(onset: onset, lastSpeech: end)
            return .none
        }
        state = .speaking(lastSpeech: end)
        return .started(onset: onset)
    }

    private mutating func speak(until lastSpeech: Int64) -> Action {
        state = .speaking(lastSpeech: lastSpeech)
        return .none
    }

    /// - Parameter onset: where voice begins again in the very window that ends a gap of the stream.
    private mutating func pauseIfQuiet(since lastSpeech: Int64, thenBegin onset: Int64?) -> Action {
        guard (onset ?? end) - lastSpeech >= configuration.pauseAfter else { return .none }
        if let onset {
            state = .resuming(ended: lastSpeech, onset: onset, lastSpeech: end)
        } else {
            state = .paused(lastSpeech: lastSpeech)
        }
        return .paused(lastSpeech: lastSpeech)
    }

    private mutating func resume(from onset: Int64, ended: Int64) -> Action {
        guard end - onset >= configuration.minimumResume else {
            state = .resuming(ended: ended, onset: onset, lastSpeech: end)
            return .none
        }
        state = .speaking(lastSpeech: end)
        return .resumed(onset: onset)
    }

    private mutating func endIfQuiet(since lastSpeech: Int64) -> Action {
        guard end - lastSpeech >= configuration.endAfter else { return .none }
        state = .idle
        return .ended(lastSpeech: lastSpeech)
    }
}
