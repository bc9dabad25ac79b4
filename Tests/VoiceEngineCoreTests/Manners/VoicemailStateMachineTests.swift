import Testing

@testable import VoiceEngineCore

/// What becomes of a call that a machine may have answered.
@Suite struct VoicemailStateMachineTests {
    private typealias Action = VoicemailStateMachine.Action

    private static func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private func machine(_ course: VoicemailStateMachine.Course = .leaveMessage) -> VoicemailStateMachine {
        var policy = VoicemailStateMachine.Policy()
        policy.course = course
        return VoicemailStateMachine(policy: policy, language: "en", start: .zero)
    }

    @Test func aPersonIsTalkedTo() {
        var machine = machine()
        #expect(machine.firstDeadline == Self.at(2_500) && machine.floor == .judged && machine.wantsBeep)
        #expect(machine.voiceStarted(onset: Self.at(900), at: Self.at(950)) == .wait(until: Self.at(4_900)))
        #expect(machine.words("hello", at: Self.at(1_300)) == .none)
        #expect(machine.voicePaused(lastSpeech: Self.at(1_400), at: Self.at(1_550)) == .wait(until: Self.at(2_200)))
        #expect(machine.timerFired(at: Self.at(2_200)) == .converse(until: Self.at(17_200)))
        #expect(machine.floor == .open && machine.wantsBeep)
        #expect(machine.timerFired(at: Self.at(17_200)) == .none)
        #expect(machine.floor == .open && !machine.wantsBeep, "too late for doubts")
        #expect(machine.beep(at: Self.at(18_000)) == .none)
        #expect(machine.words("voicemail", at: Self.at(18_000)) == .none)
    }

    @Test func theBeepIsWaitedFor() {
        var machine = machine()
        _ = machine.voiceStarted(onset: Self.at(500), at: Self.at(550))
        #expect(machine.words("you have reached", at: Self.at(1_500)) == .listen(.words, until: Self.at(46_500)))
        #expect(machine.floor == .machine)
        #expect(machine.words("after the tone", at: Self.at(3_000)) == .none)
        #expect(machine.voicePaused(lastSpeech: Self.at(4_000), at: Self.at(4_150)) == .wait(until: Self.at(6_000)))
        #expect(machine.voiceStarted(onset: Self.at(5_000), at: Self.at(5_050)) == .wait(until: Self.at(46_500)))
        #expect(machine.timerFired(at: Self.at(6_000)) == .wait(until: Self.at(46_500)))
        #expect(machine.beep(at: Self.at(5_700)) == .leaveMessage(found: nil))
        #expect(machine.beep(at: Self.at(5_900)) == .none && !machine.wantsBeep && machine.floor == .machine)
    }

    @Test func withoutABeepSilenceDoes() {
        var machine = machine()
        _ = machine.voiceStarted(onset: Self.at(500), at: Self.at(550))
        #expect(machine.timerFired(at: Self.at(4_500)) == .listen(.length, until: Self.at(49_500)))
        #expect(machine.voicePaused(lastSpeech: Self.at(7_000), at: Self.at(7_150)) == .wait(until: Self.at(9_000)))
        #expect(machine.timerFired(at: Self.at(8_999)) == .wait(until: Self.at(9_000)))
        #expect(machine.timerFired(at: Self.at(9_000)) == .leaveMessage(found: nil))
        #expect(machine.timerFired(at: Self.at(9_001)) == .none)
    }

    @Test func aMachineThatNeverStopsIsTalkedOver() {
        var machine = machine()
        _ = machine.voiceStarted(onset: Self.at(500), at: Self.at(550))
        _ = machine.timerFired(at: Self.at(4_500))
        #expect(machine.timerFired(at: Self.at(49_500)) == .leaveMessage(found: nil))
    }

    @Test func aMachineThatIsSilentAlreadyIsGivenTheRestOfTheSilence() {
        var machine = machine()
        _ = machine.voiceStarted(onset: Self.at(500), at: Self.at(550))
        _ = machine.voicePaused(lastSpeech: Self.at(1_400), at: Self.at(1_550))
        #expect(machine.words("leave a message", at: Self.at(1_700)) == .listen(.words, until: Self.at(3_400)))
        #expect(machine.timerFired(at: Self.at(3_400)) == .leaveMessage(found: nil))
    }

    @Test func aBeepAfterAShortGreetingIsEnough() {
        var machine = machine()
        _ = machine.voiceStarted(onset: Self.at(500), at: Self.at(550))
        _ = machine.voicePaused(lastSpeech: Self.at(1_400), at: Self.at(1_550))
        _ = machine.timerFired(at: Self.at(2_200))
        #expect(machine.beep(at: Self.at(3_000)) == .leaveMessage(found: .beep), "the agent had begun to talk")
        #expect(machine.floor == .machine)
    }

    @Test func theCallEndsAtOnce() {
        var machine = machine(.hangUp)
        _ = machine.voiceStarted(onset: Self.at(500), at: Self.at(550))
        #expect(machine.words("voicemail", at: Self.at(1_000)) == .hangUp(.words))
        #expect(machine.floor == .machine)
        #expect(machine.voiceStarted(onset: Self.at(1_100), at: Self.at(1_150)) == .none)
        #expect(machine.voicePaused(lastSpeech: Self.at(1_200), at: Self.at(1_350)) == .none)
    }

    @Test func theConversationGoesOn() {
        var machine = machine(.goOn)
        _ = machine.voiceStarted(onset: Self.at(500), at: Self.at(550))
        #expect(machine.timerFired(at: Self.at(4_500)) == .goOn(.length, begins: true))
        #expect(machine.floor == .open)
        #expect(machine.beep(at: Self.at(5_000)) == .none)
    }

    // MARK: The carrier judges too

    /// Before anything was heard, while a person is talked to, where nobody listens, and while the beep is awaited.
    private static let stations: [(name: String, reach: @Sendable (inout VoicemailStateMachine) -> Void)] = [
        ("judging", { _ in }),
        ("talking", { _ = $0.timerFired(at: at(2_500)) }),
        (
            "trusting",
            {
                _ = $0.timerFired(at: at(2_500))
                _ = $0.timerFired(at: at(17_500))
            }
        ),
        (
            "listening",
            {
                _ = $0.voiceStarted(onset: at(500), at: at(550))
                _ = $0.words("after the tone", at: at(3_000))
            }
        ),
        (
            "over",
            {
                _ = $0.voiceStarted(onset: at(500), at: at(550))
                _ = $0.words("after the tone", at: at(3_000))
                _ = $0.beep(at: at(3_500))
            }
        ),
    ]

    @Test func whatTheCarrierFoundCountsAtEveryStation() {
        let late = Self.at(20_000)
        let listen = Action.listen(.carrier, until: late)
        let rows: [(AnswerFinding, [Action])] = [
            (.person, [.converse(until: Self.at(35_000)), .none, .none, .none, .none]),
            (.machine, [listen, listen, listen, .none, .none]),
            (
                .greetingEnded,
                [
                    .leaveMessage(found: .carrier), .leaveMessage(found: .carrier), .leaveMessage(found: .carrier),
                    .leaveMessage(found: nil), .none,
                ]
            ),
            (.fax, [.hangUp(.carrier), .hangUp(.carrier), .hangUp(.carrier), .hangUp(.carrier), .none]),
            (.unknown, [.none, .none, .none, .none, .none]),
        ]
        for (finding, expected) in rows {
            let actions = Self.stations.map { _, reach in
                var machine = machine()
                reach(&machine)
                return machine.carrierFound(finding, at: late)
            }
            #expect(actions == expected, "\(finding)")
        }
        #expect(rows.map(\.0) == AnswerFinding.allCases)
    }

    @Test func whereTheEngineDoesNotListenTheCarrierTells() {
        var policy = VoicemailStateMachine.Policy()
        policy.listens = false
        policy.course = .leaveMessage
        var machine = VoicemailStateMachine(policy: policy, language: "en", start: .zero)
        #expect(machine.floor == .open && !machine.wantsBeep)
        #expect(machine.voiceStarted(onset: Self.at(900), at: Self.at(950)) == .none)
        #expect(machine.words("after the tone", at: Self.at(2_000)) == .none)
        #expect(machine.voicePaused(lastSpeech: Self.at(3_000), at: Self.at(3_150)) == .none)
        #expect(machine.carrierFound(.machine, at: Self.at(4_000)) == .listen(.carrier, until: Self.at(5_000)))
        #expect(machine.floor == .machine && machine.wantsBeep)
        #expect(machine.carrierFound(.greetingEnded, at: Self.at(4_500)) == .leaveMessage(found: nil))
        #expect(machine.carrierFound(.greetingEnded, at: Self.at(4_600)) == .none)
    }

    @Test func theHostAloneIsTold() {
        var machine = machine(.goOn)
        #expect(machine.carrierFound(.fax, at: Self.at(100)) == .goOn(.carrier, begins: true))
        #expect(machine.carrierFound(.machine, at: Self.at(200)) == .none)
        var ended = self.machine(.hangUp)
        #expect(ended.carrierFound(.greetingEnded, at: Self.at(100)) == .hangUp(.carrier))
    }

    @Test func aPersonIsNotInterruptedByTheCarriersWord() {
        var machine = machine()
        _ = machine.voiceStarted(onset: Self.at(500), at: Self.at(550))
        #expect(machine.carrierFound(.person, at: Self.at(900)) == .none)
        _ = machine.voicePaused(lastSpeech: Self.at(1_000), at: Self.at(1_150))
        #expect(machine.carrierFound(.person, at: Self.at(1_200)) == .converse(until: Self.at(16_200)))
    }
}
