/// Lets the neural detector work only where it matters: while the cheap detector hears something that may be speech, and
/// for a while after.
///
///              maybe speech                     nothing for `linger`
///     asleep ───────────────▶ awake ───────────────────────────────▶ asleep
///
/// On waking the detector is given what came just before, so that the onset that woke it is judged too. Pure: counts
/// samples.
package struct DetectorGate: Sendable {
    package enum Action: Equatable, Sendable {
        /// The window is quiet; the neural detector need not see it.
        case skip
        /// The neural detector starts anew with this many samples before the window, then takes the window.
        case wake(preroll: Int)
        /// The neural detector takes the window.
        case judge
    }

    package struct Configuration: Equatable, Sendable {
        /// Probability of the cheap detector at which the neural one is asked: far below what would be taken for speech,
        /// since a quiet speaker must not be missed.
        package var threshold: Float = 0.3
        /// [samples] given to the neural detector before the window that woke it.
        package var preroll: Int
        /// [samples] of nothing after which it sleeps again: longer than any pause inside an utterance that matters.
        package var linger: Int

        /// 100 ms before, 1 s after.
        package init(format: AudioFormat, prerollMs: Int = 100, lingerMs: Int = 1_000) {
            preroll = format.samples(inMilliseconds: prerollMs)
            linger = format.samples(inMilliseconds: lingerMs)
        }
    }

    private enum State: Equatable, Sendable {
        /// `since`: end of what the neural detector has seen.
        case asleep(since: Int64)
        case awake(lastSound: Int64)
    }

    private let configuration: Configuration
    private var state = State.asleep(since: 0)

    package init(_ configuration: Configuration) { self.configuration = configuration }

    package var isAwake: Bool { if case .awake = state { true } else { false } }

    /// The cheap detector has judged the next window.
    ///
    /// - Parameter isInUtterance: The caller is taken to be speaking or pausing: the neural detector goes on.
    package mutating func heard(_ window: SpeechWindow, isInUtterance: Bool) -> Action {
        let isSound = window.probability >= configuration.threshold || isInUtterance
        switch state {
        case .asleep(let since):
            guard isSound else { return .skip }
            state = .awake(lastSound: window.end)
            return .wake(preroll: Int(min(Int64(configuration.preroll), max(window.start - since, 0))))
        case .awake(let lastSound):
            if isSound {
                state = .awake(lastSound: window.end)
            } else if window.end - lastSound >= Int64(configuration.linger) {
                state = .asleep(since: window.end)
            }
            return .judge
        }
    }
}
