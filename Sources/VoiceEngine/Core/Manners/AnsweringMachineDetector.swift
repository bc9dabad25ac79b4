/// Whether a person or a machine has answered an outgoing call, by what is heard first. Pure.
///
/// People say "hello?" and wait; machines talk for seconds. The evidences, the first that suffices decides:
/// - words that only machines say ("leave a message", "after the tone"): machine, also a little later;
/// - the first speech is longer than 4 s without a pause of 0.8 s: machine;
/// - a beep: machine;
/// - the first speech is followed by 0.8 s of silence: a person;
/// - nobody says anything for 2.5 s: taken for a person who waits.
///
///     awaiting ─voice─► speaking ⇄ pausing ─gap─► answered ─15 s─► closed
///        └── silence ───────────────────────────────► │
///        any of them but closed ─── words, length, beep ───► closed
package struct AnsweringMachineDetector: Sendable {
    package struct Policy: Equatable, Sendable {
        /// The first speech may take this long at most, if a person says it.
        package var longestGreeting = Nanoseconds.seconds(4)
        /// Silence behind the first speech, after which the other side waits for us.
        package var gap = Nanoseconds.milliseconds(800)
        /// Silence at the beginning, after which nobody will say anything.
        package var patience = Nanoseconds.milliseconds(2_500)
        /// For so long after a person was recognised, words and a beep may still tell otherwise.
        package var doubt = Nanoseconds.seconds(15)

        package init() {}
    }

    /// What told that it is a machine. The detector itself never says `carrier`.
    package enum Evidence: String, Equatable, Sendable { case length, words, beep, carrier }

    package enum Action: Equatable, Sendable {
        case none
        /// Call `timerFired` then; replaces an earlier wait.
        case wait(until: Instant)
        /// Somebody waits for us: a person, as far as is known. Call `timerFired` then.
        case person(until: Instant)
        case machine(Evidence)
        /// Too late to change anything; nothing more is to be told.
        case settled
    }

    private enum State: Equatable {
        case awaiting(until: Instant)
        case speaking(since: Instant)
        case pausing(since: Instant, lastSpeech: Instant)
        case answered(until: Instant)
        case closed
    }

    private let policy: Policy
    private let phrases: VoicemailPhrases
    private var state: State

    /// - Parameter language: BCP 47; English is understood besides.
    package init(policy: Policy = Policy(), language: String, start: Instant) {
        self.policy = policy
        phrases = VoicemailPhrases.of(language)
        state = .awaiting(until: start + policy.patience)
    }

    /// When `timerFired` is to be called first.
    package var firstDeadline: Instant {
        switch state {
        case .awaiting(let until): until
        case .speaking, .pausing, .answered, .closed: .distantFuture
        }
    }

    /// - Parameter onset: Where the voice began, a little before `now`.
    package mutating func voiceStarted(onset: Instant, at now: Instant) -> Action {
        switch state {
        case .awaiting: return speak(since: onset, at: now)
        case .pausing(let since, _): return speak(since: since, at: now)
        case .speaking, .answered, .closed: return .none
        }
    }

    package mutating func voicePaused(lastSpeech: Instant, at now: Instant) -> Action {
        switch state {
        case .speaking(let since):
            if lastSpeech >= since + policy.longestGreeting { return machine(.length) }
            state = .pausing(since: since, lastSpeech: lastSpeech)
            return .wait(until: lastSpeech + policy.gap)
        case .awaiting, .pausing, .answered, .closed: return .none
        }
    }

    /// The words so far.
    package mutating func words(_ text: String, at now: Instant) -> Action {
        switch state {
        case .awaiting, .speaking, .pausing: return phrases.mayBeMachine(text) ? machine(.words) : .none
        case .answered(let until):
            // Later on people say some of them too.
            return now < until && phrases.isMachine(text) ? machine(.words) : .none
        case .closed: return .none
        }
    }

    package mutating func beep(at now: Instant) -> Action {
        switch state {
        case .speaking, .pausing: return machine(.beep)
        case .answered(let until): return now < until ? machine(.beep) : .none
        // A tone before anybody has spoken is the exchange's.
        case .awaiting, .closed: return .none
        }
    }

    /// Somebody else is sure that it is a person, who is not interrupted by it.
    package mutating func personTold(at now: Instant) -> Action {
        switch state {
        case .awaiting, .pausing: person(at: now)
        case .speaking, .answered, .closed: .none
        }
    }

    package mutating func timerFired(at now: Instant) -> Action {
        switch state {
        case .awaiting(let until): return now < until ? .wait(until: until) : person(at: now)
        case .speaking(let since):
            let end = since + policy.longestGreeting
            return now < end ? .wait(until: end) : machine(.length)
        case .pausing(_, let lastSpeech):
            let end = lastSpeech + policy.gap
            return now < end ? .wait(until: end) : person(at: now)
        case .answered(let until):
            guard now >= until else { return .wait(until: until) }
            state = .closed
            return .settled
        case .closed: return .none
        }
    }

    // MARK: -

    private mutating func speak(since: Instant, at now: Instant) -> Action {
        state = .speaking(since: since)
        return .wait(until: max(since + policy.longestGreeting, now))
    }

    private mutating func person(at now: Instant) -> Action {
        state = .answered(until: now + policy.doubt)
        return .person(until: now + policy.doubt)
    }

    private mutating func machine(_ evidence: Evidence) -> Action {
        state = .closed
        return .machine(evidence)
    }
}
