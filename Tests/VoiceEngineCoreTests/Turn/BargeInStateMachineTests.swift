import Testing

@testable import VoiceEngineCore

/// Scripts of events with their times in ms, over reply 7. Confirm after 700 ms, words wait 500 ms, longest 2500 ms.
@Suite struct BargeInStateMachineTests {
    /// One row: a script, and what the machine answered, each with its time. Answers of `none` are left out.
    ///
    /// Events: `voice`, `pause`, `heard nothing|backchannel|few|interruption [settled]`, `committed …`, `timer`,
    /// `interrupt`, `ended REPLY`; `voice quiet`, `heard … quiet` and `interrupt quiet` find no reply under way. A
    /// script may end in `open` or `closed`.
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        let expected: [String]
        var testDescription: String { name }

        init(_ name: String, _ script: String, _ expected: [String]) {
            (self.name, self.script, self.expected) = (name, script, expected)
        }
    }

    private struct Unknown: Error { let word: String }

    private static let reply = TurnID(number: 7)

    private func weight(_ word: String) throws -> OverlapWords {
        switch word {
        case "nothing": .nothing
        case "backchannel": .backchannel
        case "few": .few
        case "interruption": .interruption
        default: throw Unknown(word: word)
        }
    }

    private func play(_ script: String, policy: BargeInPolicy = BargeInPolicy()) throws -> [String] {
        var machine = BargeInStateMachine(policy: policy)
        var log: [String] = []
        for step in script.split(separator: ",") {
            let words = step.split(separator: " ").map(String.init)
            if words == ["open"] || words == ["closed"] {
                #expect(machine.suspended == (words == ["open"] ? Self.reply : nil), "\(script)")
                continue
            }
            let milliseconds = try #require(Int64(words[0]))
            let now = Instant.zero + .milliseconds(milliseconds)
            let reply = words.contains("quiet") ? nil : Self.reply
            let action: BargeInStateMachine.Action
            switch words[1] {
            case "voice": action = machine.voiceStarted(over: reply, at: now)
            case "pause": action = machine.voicePaused(at: now)
            case "heard":
                action = machine.words(
                    try weight(words[2]), isSettled: words.contains("settled"), over: reply, at: now)
            case "committed": action = machine.committed(try weight(words[2]))
            case "timer": action = machine.timerFired(at: now)
            case "interrupt": action = machine.interrupt(reply)
            case "ended":
                machine.replyEnded(TurnID(number: try #require(UInt64(words[2]))))
                action = .none
            default: throw Unknown(word: words[1])
            }
            if action != .none { log.append("\(milliseconds) \(describe(action))") }
        }
        return log
    }

    private func describe(_ action: BargeInStateMachine.Action) -> String {
        func ms(_ instant: Instant) -> Int64 { (instant - .zero).wholeMilliseconds }
        return switch action {
        case .none: "none"
        case .pause(let turn, let until): "pause \(turn.number) \(ms(until))"
        case .wait(let until): "wait \(ms(until))"
        case .confirm(let turn): "confirm \(turn.number)"
        case .resume(let turn): "resume \(turn.number)"
        }
    }

    static let idleRows = [
        Row("idle: voice over a reply pauses it", "0 voice, open", ["0 pause 7 700"]),
        Row("idle: voice over nothing", "0 voice quiet, closed", []),
        Row("idle: a pause", "0 pause, closed", []),
        Row(
            "idle: enough words of a voice too quiet for the detector", "0 heard interruption, closed",
            ["0 confirm 7"]),
        Row("idle: enough words over nothing", "0 heard interruption quiet, closed", []),
        Row("idle: few words", "0 heard few settled, closed", []),
        Row("idle: a backchannel", "0 heard backchannel settled, closed", []),
        Row("idle: no words", "0 heard nothing settled, closed", []),
        Row("idle: an old timer", "0 timer, closed", []),
        Row("idle: the host interrupts", "0 interrupt, closed", ["0 confirm 7"]),
        Row("idle: the host interrupts nothing", "0 interrupt quiet, closed", []),
        Row("idle: a turn is committed", "0 committed interruption, 0 committed nothing, closed", []),
        Row("idle: a reply ends", "0 ended 7, closed", []),
    ]

    /// While the voice goes on.
    private static let ongoing = "0 voice,"
    static let ongoingRows = [
        Row("ongoing: voice again", ongoing + "10 voice, open", ["0 pause 7 700"]),
        Row("ongoing: a pause waits for words", ongoing + "200 pause, open", ["0 pause 7 700", "200 wait 700"]),
        Row("ongoing: enough words", ongoing + "300 heard interruption, closed", ["0 pause 7 700", "300 confirm 7"]),
        Row("ongoing: few words wait for more", ongoing + "300 heard few settled, open", ["0 pause 7 700"]),
        Row(
            "ongoing: a backchannel waits for more", ongoing + "300 heard backchannel settled, open",
            ["0 pause 7 700"]),
        Row("ongoing: no words wait", ongoing + "300 heard nothing settled, open", ["0 pause 7 700"]),
        Row("ongoing: too early", ongoing + "699 timer, open", ["0 pause 7 700"]),
        Row("ongoing: long speech without words", ongoing + "700 timer, closed", ["0 pause 7 700", "700 confirm 7"]),
        Row(
            "ongoing: long speech with few words", ongoing + "300 heard few, 700 timer, closed",
            ["0 pause 7 700", "700 confirm 7"]),
        Row(
            "ongoing: a long backchannel is given the time once more",
            ongoing + "300 heard backchannel, 700 timer, open",
            ["0 pause 7 700", "700 wait 1400"]),
        Row(
            "ongoing: and only once", ongoing + "300 heard backchannel, 700 timer, 1400 timer, closed",
            ["0 pause 7 700", "700 wait 1400", "1400 confirm 7"]),
        Row("ongoing: the host interrupts", ongoing + "100 interrupt, closed", ["0 pause 7 700", "100 confirm 7"]),
        Row(
            "ongoing: the host interrupts what it cannot see", ongoing + "100 interrupt quiet, closed",
            ["0 pause 7 700", "100 confirm 7"]),
        Row(
            "ongoing: the turn ends with a backchannel", ongoing + "400 committed backchannel, closed",
            ["0 pause 7 700", "400 resume 7"]),
        Row(
            "ongoing: the turn ends with nothing", ongoing + "400 committed nothing, closed",
            ["0 pause 7 700", "400 resume 7"]),
        Row(
            "ongoing: the turn ends with a word", ongoing + "400 committed few, closed",
            ["0 pause 7 700", "400 confirm 7"]),
        Row(
            "ongoing: the turn ends with words", ongoing + "400 committed interruption, closed",
            ["0 pause 7 700", "400 confirm 7"]),
        Row("ongoing: the reply ends", ongoing + "100 ended 7, 700 timer, closed", ["0 pause 7 700"]),
        Row("ongoing: another reply has ended", ongoing + "100 ended 6, open", ["0 pause 7 700"]),
    ]

    /// After the voice has paused.
    private static let over = "0 voice, 200 pause,"
    private static let overLog = ["0 pause 7 700", "200 wait 700"]
    static let overRows = [
        Row("over: voice again gets the full time", over + "300 voice, open", overLog + ["300 wait 1000"]),
        Row("over: another pause", over + "300 pause, open", overLog),
        Row("over: enough words", over + "300 heard interruption, closed", overLog + ["300 confirm 7"]),
        Row("over: few words, not settled", over + "300 heard few, open", overLog),
        Row("over: few words, settled", over + "300 heard few settled, closed", overLog + ["300 confirm 7"]),
        Row("over: a backchannel, not settled", over + "300 heard backchannel, open", overLog),
        Row("over: a backchannel, settled", over + "300 heard backchannel settled, closed", overLog + ["300 resume 7"]),
        Row("over: nothing, not settled", over + "300 heard nothing, open", overLog),
        Row("over: nothing, settled", over + "300 heard nothing settled, closed", overLog + ["300 resume 7"]),
        Row("over: too early", over + "699 timer, open", overLog),
        Row("over: noise", over + "700 timer, closed", overLog + ["700 resume 7"]),
        Row(
            "over: a backchannel that never settles", over + "300 heard backchannel, 700 timer, closed",
            overLog + ["700 resume 7"]),
        Row("over: a word that never settles", over + "300 heard few, 700 timer, closed", overLog + ["700 confirm 7"]),
        Row(
            "over: a word that was taken back", over + "300 heard few, 310 heard nothing, 700 timer, closed",
            overLog + ["700 resume 7"]),
        Row("over: the host interrupts", over + "300 interrupt, closed", overLog + ["300 confirm 7"]),
        Row(
            "over: the turn ends with a backchannel", over + "500 committed backchannel, closed",
            overLog + ["500 resume 7"]),
        Row("over: the turn ends with a word", over + "500 committed few, closed", overLog + ["500 confirm 7"]),
        Row("over: the reply ends", over + "300 ended 7, 700 timer, closed", overLog),
        Row(
            "over: the voice is back when the timer of the pause fires", over + "600 voice, 700 timer, open",
            overLog + ["600 wait 1300"]),
        Row(
            "over: it goes on for long after that", over + "600 voice, 1300 timer, closed",
            overLog + ["600 wait 1300", "1300 confirm 7"]),
        Row(
            "over: a backchannel that goes on counts from where it began again",
            over + "300 heard backchannel, 650 voice, 1350 timer, 2050 timer, closed",
            overLog + ["650 wait 1350", "1350 wait 2050", "2050 confirm 7"]),
    ]

    /// Clicks, barks and keys: short sounds without words, again and again.
    static let noiseRows = [
        Row(
            "noise: does not hold the agent for ever",
            "0 voice, 200 pause, 600 voice, 800 pause, 1200 voice, 1400 pause, "
                + "1800 voice, 2000 pause, 2400 voice, 2600 pause, closed",
            [
                "0 pause 7 700", "200 wait 700", "600 wait 1300", "800 wait 1300", "1200 wait 1900", "1400 wait 1900",
                "1800 wait 2500", "2000 wait 2500", "2400 wait 3100", "2600 resume 7",
            ]),
        Row(
            "noise: a word among it is not forgotten",
            "0 voice, 200 pause, 600 voice, 700 heard few, 2600 pause, closed",
            ["0 pause 7 700", "200 wait 700", "600 wait 1300", "2600 confirm 7"]),
    ]

    @Test(arguments: idleRows + ongoingRows) func decides(row: Row) throws {
        #expect(try play(row.script) == row.expected)
    }

    @Test(arguments: overRows + noiseRows) func waits(row: Row) throws { #expect(try play(row.script) == row.expected) }

    @Test func aPolicyWithoutBargeInLeavesTheAgentAlone() throws {
        let never = BargeInPolicy(isEnabled: false)
        #expect(try play("0 voice, 200 heard interruption, 300 pause, 900 timer, closed", policy: never) == [])
        #expect(try play("0 interrupt, closed", policy: never) == ["0 confirm 7"], "the host may")
    }

    /// Each pause is answered by exactly one confirmation or resumption, in any order of events, within a bounded time.
    @Test(arguments: 0..<20) func everySuspensionIsDecidedOnce(block: Int) {
        for seed in UInt64(block * 50)..<UInt64(block * 50 + 50) {
            var random = SeededRandom(seed: seed)
            var machine = BargeInStateMachine(policy: BargeInPolicy())
            var now = Instant.zero
            var timer: Instant?
            var paused: Instant?
            var isVoice = false
            func take(_ action: BargeInStateMachine.Action) {
                switch action {
                case .none: break
                case .pause(_, let until):
                    #expect(paused == nil, "seed \(seed)")
                    (paused, timer) = (now, until)
                case .wait(let until): timer = until
                case .confirm: (paused, timer) = (nil, nil)
                case .resume:
                    #expect(paused != nil, "seed \(seed)")
                    (paused, timer) = (nil, nil)
                }
                #expect((paused != nil) == (machine.suspended != nil), "seed \(seed)")
            }
            for _ in 0..<200 {
                let next = now + .milliseconds(.random(in: 1...500, using: &random))
                while let due = timer, due <= next {
                    (now, timer) = (due, nil)
                    take(machine.timerFired(at: due))
                }
                now = next
                switch Int.random(in: 0..<4, using: &random) {
                case 0, 1:
                    isVoice.toggle()
                    take(isVoice ? machine.voiceStarted(over: Self.reply, at: now) : machine.voicePaused(at: now))
                case 2:
                    let words: OverlapWords = [.nothing, .nothing, .backchannel].randomElement(using: &random) ?? .few
                    take(machine.words(words, isSettled: false, over: Self.reply, at: now))
                default: take(machine.timerFired(at: now))
                }
                // 2.5 s, and one more sound: with a backchannel twice the time to confirm.
                if let paused { #expect(now - paused <= .milliseconds(2_500 + 1_400 + 500), "seed \(seed)") }
            }
        }
    }
}
