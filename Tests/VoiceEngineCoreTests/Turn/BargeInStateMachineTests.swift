import Testing

@testable import VoiceEngineCore

/// Scripts of events with their times in ms, over reply 7. Confirm after 700 ms, words wait 500 ms, longest 2500 ms.
@Suite struct BargeInStateMachineTests {
    /// One row: a script, and what the machine answered, each with its time. Answers of `none` are left out.
    ///
    /// Events: `voice [late]` (a recogniser that tells words late), `free` (the reply may be interrupted from now on),
    /// `pause`, `heard nothing|backchannel|few|interruption [settled]`, `committed …`, `timer`,
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
            case "voice":
                action = machine.voiceStarted(over: reply, hearsWordsLate: words.contains("late"), at: now)
            case "pause": action = machine.voicePaused(lastSpeech: now, at: now)
            case "free": action = machine.mayInterrupt(Self.reply, at: now)
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
        case .askForWords(let until): "ask \(ms(until))"
        case .resume(let turn): "resume \(turn.number)"
        }
    }

    static let idleRows = [
        Row("idle: voice over a reply pauses it", "0 voice, open", ["0 pause 7 700"]),
        Row("idle: voice over nothing", "0 voice quiet, closed", []),
        Row("idle: a pause", "0 pause, closed", []),
        Row("idle: what had to be heard is over, silence", "0 free, closed", []),
        Row("idle: what had to be heard is over, voice", "0 voice quiet, 500 free, open", ["500 pause 7 1200"]),
        Row("idle: what had to be heard is over, voice has paused", "0 voice quiet, 300 pause, 500 free, closed", []),
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
        Row("ongoing: a pause waits for words", ongoing + "400 pause, open", ["0 pause 7 700", "400 ask 900"]),
        Row("ongoing: a short sound waits for less", ongoing + "299 pause, open", ["0 pause 7 700", "299 ask 399"]),
        Row(
            "ongoing: a short sound waits for less, also for words that come late", "0 voice late, 299 pause, open",
            ["0 pause 7 700", "299 ask 399"]),
        Row(
            "ongoing: words that come late are waited for after a pause too",
            "0 voice late, 400 pause, 900 timer, 1000 heard few settled, closed",
            ["0 pause 7 700", "400 ask 2900", "1000 confirm 7"]),
        Row(
            "ongoing: words that come late, and are none, end the wait",
            "0 voice late, 400 pause, 700 heard nothing settled, closed",
            ["0 pause 7 700", "400 ask 2900", "700 resume 7"]),
        Row(
            "ongoing: words that should come late and do not", "0 voice late, 400 pause, 2900 timer, closed",
            ["0 pause 7 700", "400 ask 2900", "2900 resume 7"]),
        Row(
            "ongoing: a pause after few words", ongoing + "150 heard few, 200 pause, open",
            ["0 pause 7 700", "200 ask 700"]),
        Row(
            "ongoing: a pause after a backchannel", ongoing + "150 heard backchannel, 200 pause, closed",
            ["0 pause 7 700", "200 resume 7"]),
        Row("ongoing: may be interrupted already", ongoing + "100 free, open", ["0 pause 7 700"]),
        Row("ongoing: enough words", ongoing + "300 heard interruption, closed", ["0 pause 7 700", "300 confirm 7"]),
        Row("ongoing: few words wait for more", ongoing + "300 heard few settled, open", ["0 pause 7 700"]),
        Row(
            "ongoing: a backchannel waits for more", ongoing + "300 heard backchannel settled, open",
            ["0 pause 7 700"]),
        Row("ongoing: no words wait", ongoing + "300 heard nothing settled, open", ["0 pause 7 700"]),
        Row("ongoing: too early", ongoing + "699 timer, open", ["0 pause 7 700"]),
        Row("ongoing: a long sound without words", ongoing + "700 timer, open", ["0 pause 7 700", "700 wait 2500"]),
        Row(
            "ongoing: a long sound without words does not cancel the reply", ongoing + "700 timer, 2500 timer, closed",
            ["0 pause 7 700", "700 wait 2500", "2500 resume 7"]),
        Row(
            "ongoing: words that come late", ongoing + "700 timer, 1500 heard few, closed",
            ["0 pause 7 700", "700 wait 2500", "1500 confirm 7"]),
        Row(
            "ongoing: a backchannel that comes late", ongoing + "700 timer, 900 heard backchannel, open",
            ["0 pause 7 700", "700 wait 2500", "900 wait 1400"]),
        Row(
            "ongoing: a word that is taken back", ongoing + "300 heard few, 400 heard nothing, 700 timer, open",
            ["0 pause 7 700", "700 wait 2500"]),
        Row(
            "ongoing: a recogniser that tells words late is waited for",
            "0 voice late, 700 timer, 2500 timer, 10000 timer, closed",
            ["0 pause 7 700", "700 wait 10000", "10000 resume 7"]),
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
    private static let over = "0 voice, 400 pause,"
    private static let overLog = ["0 pause 7 700", "400 ask 900"]
    static let overRows = [
        Row("over: voice again gets the full time", over + "500 voice, open", overLog + ["500 wait 1200"]),
        Row("over: another pause", over + "500 pause, open", overLog),
        Row("over: may be interrupted already", over + "500 free, open", overLog),
        Row("over: enough words", over + "500 heard interruption, closed", overLog + ["500 confirm 7"]),
        Row("over: few words, not settled", over + "500 heard few, open", overLog),
        Row("over: few words, settled", over + "500 heard few settled, closed", overLog + ["500 confirm 7"]),
        Row("over: a backchannel, not settled", over + "500 heard backchannel, closed", overLog + ["500 resume 7"]),
        Row(
            "over: a backchannel, settled", over + "500 heard backchannel settled, closed", overLog + ["500 resume 7"]),
        Row("over: nothing, not settled", over + "500 heard nothing, open", overLog),
        Row("over: nothing, settled", over + "500 heard nothing settled, closed", overLog + ["500 resume 7"]),
        Row("over: too early", over + "899 timer, open", overLog),
        Row("over: noise", over + "900 timer, closed", overLog + ["900 resume 7"]),
        Row("over: a word that never settles", over + "500 heard few, 900 timer, closed", overLog + ["900 confirm 7"]),
        Row(
            "over: a word that was taken back", over + "500 heard few, 510 heard nothing, 900 timer, closed",
            overLog + ["900 resume 7"]),
        Row("over: the host interrupts", over + "500 interrupt, closed", overLog + ["500 confirm 7"]),
        Row(
            "over: the turn ends with a backchannel", over + "700 committed backchannel, closed",
            overLog + ["700 resume 7"]),
        Row("over: the turn ends with nothing", over + "700 committed nothing, closed", overLog + ["700 resume 7"]),
        Row("over: the turn ends with a word", over + "700 committed few, closed", overLog + ["700 confirm 7"]),
        Row("over: the reply ends", over + "500 ended 7, 900 timer, closed", overLog),
        Row(
            "over: the voice is back when the timer of the pause fires", over + "800 voice, 900 timer, open",
            overLog + ["800 wait 1500"]),
        Row(
            "over: a word that goes on for long after that", over + "800 voice, 900 heard few, 1500 timer, closed",
            overLog + ["800 wait 1500", "1500 confirm 7"]),
        Row(
            "over: a backchannel that goes on counts from where it began again",
            over + "850 voice, 900 heard backchannel, 1550 timer, 2250 timer, closed",
            overLog + ["850 wait 1550", "1550 wait 2250", "2250 confirm 7"]),
    ]

    /// Clicks, barks and keys: sounds without words, again and again.
    static let noiseRows = [
        Row(
            "noise: does not hold the agent for ever",
            "0 voice, 400 pause, 600 voice, 1000 pause, 1200 voice, 1600 pause, 1800 voice, 2600 pause, closed",
            [
                "0 pause 7 700", "400 ask 900", "600 wait 1300", "1000 ask 1500", "1200 wait 1900", "1600 ask 2100",
                "1800 wait 2500", "2600 resume 7",
            ]),
        Row(
            "noise: a word among it is not forgotten",
            "0 voice, 400 pause, 600 voice, 700 heard few, 2600 pause, closed",
            ["0 pause 7 700", "400 ask 900", "600 wait 1300", "2600 confirm 7"]),
        Row(
            "noise: the third sound must be longer",
            "0 voice, 100 pause, 200 timer, 500 voice, 600 pause, 700 timer, 1000 voice, 1100 pause, 1200 timer, closed",
            [
                "0 pause 7 700", "100 ask 200", "200 resume 7", "500 pause 7 1200", "600 ask 700",
                "700 resume 7", "1000 wait 1200",
            ]),
        Row(
            "noise: a third sound that is long enough pauses",
            "0 voice, 100 pause, 200 timer, 500 voice, 600 pause, 700 timer, 1000 voice, 1200 timer, open",
            [
                "0 pause 7 700", "100 ask 200", "200 resume 7", "500 pause 7 1200", "600 ask 700",
                "700 resume 7", "1000 wait 1200", "1200 pause 7 1700",
            ]),
        Row(
            "noise: words make the next sound count again",
            "0 voice, 100 pause, 200 timer, 500 voice, 600 pause, 700 timer, 800 heard interruption, 1000 voice, open",
            [
                "0 pause 7 700", "100 ask 200", "200 resume 7", "500 pause 7 1200", "600 ask 700",
                "700 resume 7", "800 confirm 7", "1000 pause 7 1700",
            ]),
        Row(
            "noise: what goes on for ever pauses once",
            "0 voice, 700 timer, 2500 timer, 9000 pause, closed",
            ["0 pause 7 700", "700 wait 2500", "2500 resume 7"]),
    ]

    /// With a minimum of 200 ms.
    static let minimumRows = [
        Row("minimum: too short", "0 voice, 150 pause, 200 timer, closed", ["0 wait 200"]),
        Row("minimum: long enough", "0 voice, 199 timer, 200 timer, open", ["0 wait 200", "200 pause 7 700"]),
        Row("minimum: voice again", "0 voice, 100 voice, closed", ["0 wait 200"]),
        Row("minimum: enough words", "0 voice, 100 heard interruption, closed", ["0 wait 200", "100 confirm 7"]),
        Row("minimum: few words", "0 voice, 100 heard few settled, closed", ["0 wait 200"]),
        Row("minimum: the host interrupts", "0 voice, 100 interrupt, closed", ["0 wait 200", "100 confirm 7"]),
        Row("minimum: a turn is committed", "0 voice, 100 committed few, closed", ["0 wait 200"]),
        Row("minimum: the reply ends", "0 voice, 100 ended 7, 200 timer, closed", ["0 wait 200"]),
        Row(
            "minimum: another reply has ended", "0 voice, 100 ended 6, 200 timer, open",
            ["0 wait 200", "200 pause 7 700"]),
        Row("minimum: may be interrupted already", "0 voice, 100 free, closed", ["0 wait 200"]),
    ]

    @Test(arguments: idleRows + ongoingRows) func decides(row: Row) throws {
        #expect(try play(row.script) == row.expected)
    }

    @Test(arguments: overRows + noiseRows) func waits(row: Row) throws { #expect(try play(row.script) == row.expected) }

    @Test(arguments: minimumRows) func minimum(row: Row) throws {
        #expect(try play(row.script, policy: BargeInPolicy(pauseAfter: .milliseconds(200))) == row.expected)
    }

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
                case .wait(let until), .askForWords(let until): timer = until
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
                    take(
                        isVoice
                            ? machine.voiceStarted(over: Self.reply, at: now)
                            : machine.voicePaused(lastSpeech: now, at: now))
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
