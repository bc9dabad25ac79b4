/// What an outgoing call does until it is known who has answered, and what it does with a machine. Pure.
///
///     judging ──person──► talking ──too late to doubt──► trusting
///        │                   │ words, a beep                 │ the carrier alone
///        └────machine────────┴───────────────────────────────┴──► listening ──beep, or 2 s of silence──► over
///                                                                     └── `hangUp`, `goOn`: over at once
///
/// A carrier may judge as well. Who is told by it that a person has answered believes it until something else tells
/// otherwise; once there is a machine, it stays one. While it judges, the agent waits; while it listens, the agent is silent; the message is said to its end.
package struct VoicemailStateMachine: Sendable {
    /// What becomes of a machine.
    package enum Course: String, CaseIterable, Equatable, Sendable {
        case leaveMessage = "leave_message"
        case hangUp = "hang_up"
        /// The host is told, and the conversation goes on.
        case goOn = "continue"
    }

    package struct Policy: Equatable, Sendable {
        package var course = Course.hangUp
        /// Whether this machine judges by what it hears; else the conversation begins at once, and the carrier alone may
        /// tell otherwise.
        package var listens = true
        package var detector = AnsweringMachineDetector.Policy()
        /// Silence behind the machine's greeting after which no beep is expected any more.
        package var silence = Nanoseconds.seconds(2)
        /// A machine's greeting takes no longer than this.
        package var longest = Nanoseconds.seconds(45)

        package init() {}
    }

    package enum Action: Equatable, Sendable {
        case none
        /// Call `timerFired` then; replaces an earlier wait.
        case wait(until: Instant)
        /// A person has answered, or nobody speaks: the conversation begins. Call `timerFired` then.
        case converse(until: Instant)
        /// A machine: the agent falls silent and listens for the beep. Call `timerFired` then.
        case listen(AnsweringMachineDetector.Evidence, until: Instant)
        /// - Parameter found: What told just now that it is a machine; nil: that was said before.
        case leaveMessage(found: AnsweringMachineDetector.Evidence?)
        case hangUp(AnsweringMachineDetector.Evidence)
        /// A machine, and the conversation goes on all the same; or begins, where it was waited with.
        case goOn(AnsweringMachineDetector.Evidence, begins: Bool)
    }

    /// What the agent may do.
    package enum Floor: Equatable, Sendable {
        /// Nothing yet: it is not known who has answered.
        case judged
        /// A conversation.
        case open
        /// Nothing: a machine talks.
        case machine
    }

    private enum State {
        case judging(AnsweringMachineDetector)
        case talking(AnsweringMachineDetector)
        /// A conversation, of which only the carrier may still say that it is none.
        case trusting
        /// `silence`: when the machine's silence is long enough; nil while it talks.
        case listening(limit: Instant, silence: Instant?)
        case over(Floor)
    }

    private let policy: Policy
    private var state: State
    /// The end of the latest speech; nil while somebody speaks.
    private var lastSpeech: Instant?

    package init(policy: Policy, language: String, start: Instant) {
        self.policy = policy
        state =
            policy.listens
            ? .judging(AnsweringMachineDetector(policy: policy.detector, language: language, start: start)) : .trusting
        lastSpeech = start
    }

    /// When `timerFired` is to be called first.
    package var firstDeadline: Instant {
        switch state {
        case .judging(let detector): detector.firstDeadline
        case .talking, .trusting, .listening, .over: .distantFuture
        }
    }

    package var floor: Floor {
        switch state {
        case .judging: .judged
        case .talking, .trusting: .open
        case .listening: .machine
        case .over(let floor): floor
        }
    }

    /// Whether a beep would matter.
    package var wantsBeep: Bool {
        switch state {
        case .judging, .talking, .listening: true
        case .trusting, .over: false
        }
    }

    package mutating func voiceStarted(onset: Instant, at now: Instant) -> Action {
        lastSpeech = nil
        switch state {
        case .judging, .talking: return judge(at: now) { $0.voiceStarted(onset: onset, at: now) }
        case .listening(let limit, _):
            state = .listening(limit: limit, silence: nil)
            return .wait(until: limit)
        case .trusting, .over: return .none
        }
    }

    package mutating func voicePaused(lastSpeech end: Instant, at now: Instant) -> Action {
        lastSpeech = end
        switch state {
        case .judging, .talking: return judge(at: now) { $0.voicePaused(lastSpeech: end, at: now) }
        case .listening(let limit, _):
            let silence = min(end + policy.silence, limit)
            state = .listening(limit: limit, silence: silence)
            return .wait(until: silence)
        case .trusting, .over: return .none
        }
    }

    package mutating func words(_ text: String, at now: Instant) -> Action {
        switch state {
        case .judging, .talking: judge(at: now) { $0.words(text, at: now) }
        case .trusting, .listening, .over: .none
        }
    }

    package mutating func beep(at now: Instant) -> Action {
        switch state {
        case .judging, .talking: return judge(at: now) { $0.beep(at: now) }
        case .listening: return leave(found: nil)
        case .trusting, .over: return .none
        }
    }

    /// The carrier has judged too.
    package mutating func carrierFound(_ finding: AnswerFinding, at now: Instant) -> Action {
        switch (state, finding) {
        case (.judging, .person): return judge(at: now) { $0.personTold(at: now) }
        case (.judging, .machine), (.talking, .machine), (.trusting, .machine):
            return found(.carrier, begins: floor == .judged, at: now)
        case (.judging, .greetingEnded), (.talking, .greetingEnded), (.trusting, .greetingEnded):
            let action = found(.carrier, begins: floor == .judged, at: now)
            if case .listen = action { return leave(found: .carrier) }
            return action
        case (.listening, .greetingEnded): return leave(found: nil)
        case (.judging, .fax), (.talking, .fax), (.trusting, .fax), (.listening, .fax):
            guard policy.course != .goOn else { return found(.carrier, begins: floor == .judged, at: now) }
            state = .over(.machine)
            return .hangUp(.carrier)
        case (.talking, .person), (.trusting, .person), (.listening, .person), (.listening, .machine), (.over, _),
            (_, .unknown):
            return .none
        }
    }

    package mutating func timerFired(at now: Instant) -> Action {
        switch state {
        case .judging, .talking: return judge(at: now) { $0.timerFired(at: now) }
        case .listening(let limit, let silence):
            let deadline = silence ?? limit
            return now < deadline ? .wait(until: deadline) : leave(found: nil)
        case .trusting, .over: return .none
        }
    }

    // MARK: -

    private mutating func judge(
        at now: Instant, _ ask: (inout AnsweringMachineDetector) -> AnsweringMachineDetector.Action
    ) -> Action {
        let wasTalking: Bool
        var detector: AnsweringMachineDetector
        switch state {
        case .judging(let judge): (detector, wasTalking) = (judge, false)
        case .talking(let judge): (detector, wasTalking) = (judge, true)
        case .trusting, .listening, .over: return .none
        }
        let verdict = ask(&detector)
        state = wasTalking ? .talking(detector) : .judging(detector)
        switch verdict {
        case .none: return .none
        case .wait(let until): return .wait(until: until)
        case .person(let until):
            state = .talking(detector)
            return .converse(until: until)
        case .settled:
            state = .trusting
            return .none
        case .machine(let evidence): return found(evidence, begins: !wasTalking, at: now)
        }
    }

    private mutating func found(
        _ evidence: AnsweringMachineDetector.Evidence, begins: Bool, at now: Instant
    ) -> Action {
        switch policy.course {
        case .hangUp:
            state = .over(.machine)
            return .hangUp(evidence)
        case .goOn:
            state = .over(.open)
            return .goOn(evidence, begins: begins)
        case .leaveMessage:
            // The beep is the machine's last word.
            if evidence == .beep { return leave(found: evidence) }
            let limit = now + policy.longest
            let silence = lastSpeech.map { min(max($0 + policy.silence, now), limit) }
            state = .listening(limit: limit, silence: silence)
            return .listen(evidence, until: silence ?? limit)
        }
    }

    private mutating func leave(found: AnsweringMachineDetector.Evidence?) -> Action {
        state = .over(.machine)
        return .leaveMessage(found: found)
    }
}
