/// What follows when a reply is over: what waits, an apology, or the end of the call. Pure.
///
///     open ── reply fails ──► apology, spoken or recorded ──► open
///      │          └─ no voice has worked yet, the recording is being made ──► awaitingClip ──► played, or hang-up
///      └─ too many failures, or no call any more ──► leaving ── the last reply is over ──► closed
///
/// Each call is hung up at most once: in `closed` nothing follows any more.
package struct EndingStateMachine {
    /// Where a reply comes from.
    package enum Source: Equatable, Sendable {
        /// The model answers the caller.
        case answer
        /// Greeting, `say`, check-in.
        case script
        /// The sentence for failures, spoken by a voice.
        case apology
        /// The same, recorded.
        case clip
    }

    /// What the agent wants to happen when the last sample was heard.
    package enum Wish: Equatable, Sendable {
        case listen
        case hangUp(reason: String)
        case transfer(to: String)
        /// The goal of the call is reached, or cannot be: it ends.
        case goalReached(outcome: String)
    }

    /// Why a reply stayed unfinished.
    package enum Failure: Equatable, Sendable {
        case model
        /// No voice is left to speak with.
        case voice
    }

    /// A reply that is over.
    package struct EndedReply: Equatable, Sendable {
        package var source: Source
        package var wish: Wish
        package var failure: Failure?
        package var outcome: ReplyStateMachine.Outcome

        package init(source: Source, wish: Wish, failure: Failure?, outcome: ReplyStateMachine.Outcome) {
            self.source = source
            self.wish = wish
            self.failure = failure
            self.outcome = outcome
        }
    }

    /// What there is to apologise with.
    package struct Means: Equatable, Sendable {
        package enum Clip: Equatable, Sendable {
            case none
            /// There may be one soon.
            case recording
            case ready
        }

        /// There is a sentence for failures.
        package var hasSentence: Bool
        package var clip: Clip

        package init(hasSentence: Bool, clip: Clip) {
            self.hasSentence = hasSentence
            self.clip = clip
        }
    }

    /// Why the call ends.
    package struct Farewell: Equatable, Sendable {
        package enum Cause: Equatable, Sendable { case orderly, providers }

        package var reason: String
        package var cause: Cause
        /// Said before the call ends, to its end.
        package var goodbye: String?

        package init(_ reason: String, cause: Cause = .orderly, goodbye: String? = nil) {
            self.reason = reason
            self.cause = cause
            self.goodbye = goodbye
        }
    }

    package enum Apology: Equatable, Sendable { case spoken, recorded }

    package enum Action: Equatable, Sendable {
        case none
        /// What waits comes next, or else the caller.
        case goOn
        /// The caller has taken the floor: texts that waited are not said any more.
        case yield
        case transfer(to: String)
        /// - Parameter until: The call ends with it; call `patienceEnded` then.
        case apologise(Apology, until: Instant?)
        /// Call `clipTimerFired` then.
        case awaitClip(until: Instant)
        /// The call ends with the reply under way; call `patienceEnded` then.
        case hearOut(until: Instant)
        /// The call ends with this; call `patienceEnded` then.
        case sayGoodbye(String, until: Instant)
        case hangUp(Farewell)
    }

    /// How long the last reply may take once the call is to end.
    package static let longestFarewell = Nanoseconds.seconds(20)
    /// How long a call without any voice waits for the apology that is being recorded, and between two looks at it.
    package static let clipPatience = Nanoseconds.seconds(5)
    package static let clipStep = Nanoseconds.milliseconds(100)

    private enum State {
        case open
        case awaitingClip(until: Instant)
        case leaving(Farewell)
        case closed
    }

    private let mostFailures: Int
    private var state = State.open
    /// Replies that failed, since the last answer that did not.
    private var failures = 0
    /// A voice of the agent was heard in this call.
    private var hasVoice = false

    /// - Parameter mostFailures: The call ends after so many failed replies in a row; 0 never ends it.
    package init(mostFailures: Int) { self.mostFailures = mostFailures }

    /// The call ends with the reply under way.
    package var isLeaving: Bool {
        switch state {
        case .leaving, .closed: true
        case .open, .awaitingClip: false
        }
    }

    /// The first sample that a voice of the agent has spoken is out.
    package mutating func voiceHeard() { hasVoice = true }

    package mutating func replyEnded(_ reply: EndedReply, means: Means, at now: Instant) -> Action {
        switch state {
        case .closed: return .none
        case .leaving(let farewell):
            // A last word that fails is replaced by the recorded one.
            if reply.outcome == .failed, reply.failure == .voice, means.clip == .ready {
                return .apologise(.recorded, until: nil)
            }
            return part(farewell, at: now)
        case .open, .awaitingClip: state = .open
        }
        if reply.outcome == .interrupted { return .yield }
        switch reply.wish {
        case .hangUp(let reason): return hangUp(Farewell(reason))
        case .transfer(let target): return .transfer(to: target)
        case .goalReached(let outcome):
            return hangUp(Farewell(outcome.isEmpty ? "goal reached" : "goal reached: \(outcome)"))
        case .listen: break
        }
        guard let failure = reply.failure else {
            if reply.source == .answer { failures = 0 }
            return .goOn
        }
        return apologise(for: reply.source, failure, means, at: now)
    }

    /// Time to look for the recording.
    package mutating func clipTimerFired(isReplyUnderWay: Bool, means: Means, at now: Instant) -> Action {
        switch state {
        case .open, .leaving, .closed: return .none
        case .awaitingClip(let until):
            guard !isReplyUnderWay, !hasVoice else {
                state = .open
                return .none
            }
            return awaitClip(until: until, means, at: now)
        }
    }

    /// The recording cannot be played after all.
    package mutating func clipFailed() -> Action {
        switch state {
        case .closed: .none
        case .leaving(let farewell): hangUp(farewell)
        case .open, .awaitingClip: isMute ? hangUp(Self.mute) : goOn()
        }
    }

    /// The call is to end: with the reply under way, or now.
    package mutating func leave(_ farewell: Farewell, isReplyUnderWay: Bool, at now: Instant) -> Action {
        switch state {
        case .closed: return .none
        case .open, .awaitingClip, .leaving:
            guard isReplyUnderWay else { return part(farewell, at: now) }
            state = .leaving(farewell)
            return .hearOut(until: now + Self.longestFarewell)
        }
    }

    /// No provider of a role is left: the caller is told, then the call ends.
    package mutating func giveUp(
        _ reason: String, isReplyUnderWay: Bool, means: Means, at now: Instant
    ) -> Action {
        switch state {
        case .closed: return .none
        case .open, .awaitingClip, .leaving:
            let farewell = Farewell(reason, cause: .providers)
            guard !isReplyUnderWay, means.hasSentence else {
                return leave(farewell, isReplyUnderWay: isReplyUnderWay, at: now)
            }
            state = .leaving(farewell)
            return .apologise(.spoken, until: now + Self.longestFarewell)
        }
    }

    /// The last reply has lasted long enough: a host that no longer reads, a voice that hangs.
    package mutating func patienceEnded() -> Action {
        switch state {
        case .open, .awaitingClip, .closed: .none
        case .leaving(let farewell): hangUp(farewell)
        }
    }

    /// The call is over, for whatever reason.
    package mutating func close() { state = .closed }

    // MARK: -

    private static let mute = Farewell("no voice is left", cause: .providers)

    /// Nothing that was said in this call was ever heard, and that is a reason to end it.
    private var isMute: Bool { !hasVoice && mostFailures > 0 }

    private mutating func apologise(
        for source: Source, _ failure: Failure, _ means: Means, at now: Instant
    ) -> Action {
        // An apology that fails as well is played from its recording, or not at all.
        if source == .apology { return means.clip == .ready ? .apologise(.recorded, until: nil) : .goOn }
        failures += 1
        let apology: Apology? =
            switch failure {
            case .voice: means.clip == .ready ? .recorded : nil
            case .model: means.hasSentence ? .spoken : nil
            }
        if mostFailures > 0, failures >= mostFailures {
            let farewell = Farewell("no provider is left", cause: .providers)
            guard let apology else { return hangUp(farewell) }
            state = .leaving(farewell)
            return .apologise(apology, until: now + Self.longestFarewell)
        }
        if let apology { return .apologise(apology, until: nil) }
        guard failure == .voice, isMute else { return .goOn }
        return awaitClip(until: now + Self.clipPatience, means, at: now)
    }

    /// No voice has worked in this call: the caller hears the apology once it is recorded. A call in which nothing can
    /// be said ends: the caller would wait for an answer that cannot come.
    private mutating func awaitClip(until: Instant, _ means: Means, at now: Instant) -> Action {
        switch means.clip {
        case .ready:
            state = .open
            return .apologise(.recorded, until: nil)
        case .recording where now < until:
            state = .awaitingClip(until: until)
            return .awaitClip(until: now + Self.clipStep)
        case .recording, .none: return hangUp(Self.mute)
        }
    }

    /// Nothing is under way any more.
    private mutating func part(_ farewell: Farewell, at now: Instant) -> Action {
        guard let goodbye = farewell.goodbye else { return hangUp(farewell) }
        state = .leaving(Farewell(farewell.reason, cause: farewell.cause))
        return .sayGoodbye(goodbye, until: now + Self.longestFarewell)
    }

    private mutating func goOn() -> Action {
        state = .open
        return .goOn
    }

    private mutating func hangUp(_ farewell: Farewell) -> Action {
        state = .closed
        return .hangUp(farewell)
    }
}
