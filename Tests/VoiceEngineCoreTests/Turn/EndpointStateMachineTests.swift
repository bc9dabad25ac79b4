import Testing

@testable import VoiceEngineCore

/// Scripts of events with their times in ms. Silence 300 ms, unfinished 900 ms, spelled out 1500 ms, transcript wait
/// 700 ms and at most 1500 ms, stalled words 2000 ms.
@Suite struct EndpointStateMachineTests {
    /// One row: a script, and what the machine answered, each with its time. Answers of `none` are left out.
    ///
    /// Events: `voice`, `pause LAST_SPEECH`, `partial TEXT`, `settled TEXT`, `ended` (by meaning), `silence` (the
    /// recogniser's), `begins` and `goes-on` (it hears a voice), `finished`, `unfinished` (the sound), `repair UNTIL`,
    /// `repaired`, `usual WAIT`, `spell` (a number is asked for), `timer`, `drop`, `aside`. A text that ends in `…`
    /// sounds unfinished. The last line of a script may be `in` or `out`: whether there is an utterance.
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        let expected: [String]
        var testDescription: String { name }

        init(_ name: String, _ script: String, _ expected: [String]) {
            (self.name, self.script, self.expected) = (name, script, expected)
        }
    }

    private func play(_ script: String) throws -> [String] {
        var machine = EndpointStateMachine(policy: EndpointPolicy())
        var log: [String] = []
        for step in script.split(separator: ",") {
            let words = step.split(separator: " ").map(String.init)
            if words == ["in"] || words == ["out"] {
                #expect(machine.hasUtterance == (words == ["in"]), "\(script)")
                continue
            }
            let milliseconds = try #require(Int64(words[0]))
            let now = Instant.zero + .milliseconds(milliseconds)
            let text = words.dropFirst(2).joined(separator: " ")
            let action: EndpointStateMachine.Action
            switch words[1] {
            case "voice": action = machine.voiceStarted(at: now)
            case "pause":
                action = machine.voicePaused(lastSpeech: .zero + .milliseconds(try #require(Int64(words[2]))), at: now)
            case "partial", "settled":
                action = machine.transcript(
                    text, isSettled: words[1] == "settled", soundsComplete: !text.hasSuffix("…"), at: now)
            case "ended": action = machine.providerEnded(by: .meaning, at: now)
            case "silence": action = machine.providerEnded(by: .silence, at: now)
            case "begins": action = machine.providerHeardVoice(goesOn: false, at: now)
            case "goes-on": action = machine.providerHeardVoice(goesOn: true, at: now)
            case "finished": action = machine.soundJudged(isFinished: true, at: now)
            case "unfinished": action = machine.soundJudged(isFinished: false, at: now)
            case "repaired": action = machine.repaired(at: now)
            case "aside": action = machine.setAside(at: now)
            case "timer": action = machine.timerFired(at: now)
            case "repair", "usual", "spell", "drop":
                tell(&machine, words)
                action = .none
            default: throw Unknown(word: words[1])
            }
            if action != .none { log.append("\(milliseconds) \(describe(action))") }
        }
        return log
    }

    private func tell(_ machine: inout EndpointStateMachine, _ words: [String]) {
        let time = Nanoseconds.milliseconds(words.count > 2 ? Int64(words[2]) ?? 0 : 0)
        switch words[1] {
        case "repair": machine.repairStarted(until: .zero + time)
        case "usual": machine.usualWait = time
        case "spell": machine.expect(.number)
        default: machine.drop()
        }
    }

    private struct Unknown: Error { let word: String }

    private func describe(_ action: EndpointStateMachine.Action) -> String {
        func ms(_ instant: Instant) -> Int64 { (instant - .zero).wholeMilliseconds }
        return switch action {
        case .none: "none"
        case .wait(let until): "wait \(ms(until))"
        case .requestTranscript(let until): "ask \(ms(until))"
        case .commit(let utterance):
            "commit '\(utterance.text)' spoken \(ms(utterance.lastSpeech)) decidable \(ms(utterance.decidable))"
        case .discard: "discard"
        case .leave(let until): "leave \(ms(until))"
        case .forget: "forget"
        }
    }

    /// Leads into each state.
    private static let idle = ""
    private static let speaking = "0 voice,"
    private static let speakingWords = "0 voice, 200 partial hello,"
    private static let trailing = "0 voice, 550 pause 400,"
    private static let trailingSettled = "0 voice, 500 settled hello, 550 pause 400,"
    private static let patient = "0 voice, 500 settled I want…, 550 pause 400, 700 timer,"
    private static let byWords = "100 partial hello,"
    private static let awaiting = "0 voice, 500 partial hello, 550 pause 400, 700 timer,"

    static let idleRows = [
        Row("idle: voice begins an utterance", idle + "0 voice, in", []),
        Row("idle: a pause of an utterance that is over", idle + "0 pause 0, out", []),
        Row("idle: words without voice begin one", idle + "100 partial hello, in", ["100 wait 1000"]),
        Row("idle: no words are none", idle + "100 settled, out", []),
        Row("idle: the recogniser ends nothing", idle + "100 ended, out", []),
        Row("idle: a timer of an earlier utterance", idle + "100 timer, out", []),
        Row("idle: nothing to drop", idle + "100 drop, out", []),
        Row("idle: the recogniser's silence, or voice", idle + "100 silence, 100 begins, 100 goes-on, out", []),
        Row("idle: nothing to set aside", idle + "100 aside, out", ["100 forget"]),
    ]

    static let speakingRows = [
        Row("speaking: voice again", speaking + "10 voice, in", []),
        Row("speaking: a pause starts the ladder", speaking + "550 pause 400, in", ["550 wait 700"]),
        Row("speaking: words arm the stall", speaking + "500 partial hello, in", ["500 wait 2500"]),
        Row("speaking: no words arm nothing", speaking + "500 settled, in", []),
        Row("speaking: the same words again arm nothing", speakingWords + "900 settled hello, in", ["200 wait 2200"]),
        Row("speaking: the recogniser's end without words", speaking + "500 ended, in", []),
        Row(
            "speaking: the recogniser's end with words", speakingWords + "600 ended, out",
            ["200 wait 2200", "600 commit 'hello' spoken 600 decidable 600"]),
        Row("speaking: an end told of the pause before", speakingWords + "599 ended, in", ["200 wait 2200"]),
        Row(
            "speaking: its silence after finished words", speakingWords + "700 silence, out",
            ["200 wait 2200", "700 commit 'hello' spoken 700 decidable 700"]),
        Row(
            "speaking: its silence after words that hang", "0 voice, 200 partial I want…, 700 silence, in",
            ["200 wait 2200", "700 wait 1600"]),
        Row(
            "speaking: it hears what the engine hears", speakingWords + "500 begins, 500 goes-on, in", ["200 wait 2200"]
        ),
        Row("speaking: a judgement of an earlier pause", speakingWords + "500 unfinished, in", ["200 wait 2200"]),
        Row(
            "speaking: set aside with words", speakingWords + "300 aside, out", ["200 wait 2200", "300 forget"]),
        Row("speaking: set aside before its words", speaking + "300 aside, out", ["300 leave 10300"]),
        Row("speaking: an old timer", speaking + "5000 timer, in", []),
        Row("speaking: words are young", speakingWords + "2199 timer, in", ["200 wait 2200"]),
        Row(
            "speaking: words that no longer change under a voice that never pauses", speakingWords + "2200 timer, in",
            ["200 wait 2200", "2200 ask 2900"]),
        Row(
            "speaking: settled words that no longer change", speakingWords + "900 settled hello, 2200 timer, out",
            ["200 wait 2200", "2200 commit 'hello' spoken 200 decidable 2200"]),
        Row("speaking: dropped", speakingWords + "300 drop, out", ["200 wait 2200"]),
    ]

    static let trailingRows = [
        Row("trailing: voice goes on", trailing + "650 voice, 700 timer, in", ["550 wait 700"]),
        Row(
            "trailing: words before the voice goes on can stall", trailingSettled + "650 voice, 700 timer, in",
            ["500 wait 2500", "550 wait 700", "650 wait 2650"]),
        Row("trailing: paused already", trailing + "600 pause 590, in", ["550 wait 700"]),
        Row("trailing: words do not move the ladder", trailing + "650 partial hello, in", ["550 wait 700"]),
        Row("trailing: settled before the ladder waits for it", trailing + "650 settled hello, in", ["550 wait 700"]),
        Row(
            "trailing: settled words commit on the ladder", trailingSettled + "700 timer, out",
            ["500 wait 2500", "550 wait 700", "700 commit 'hello' spoken 400 decidable 700"]),
        Row(
            "trailing: unsettled words are asked for", trailing + "650 partial hello, 700 timer, in",
            ["550 wait 700", "700 ask 1400"]),
        Row(
            "trailing: nothing settled is nothing", trailing + "600 settled, 700 timer, out",
            ["550 wait 700", "700 discard"]),
        Row("trailing: too early", trailingSettled + "699 timer, in", ["500 wait 2500", "550 wait 700"]),
        Row("trailing: ended without words", trailing + "600 ended, in", ["550 wait 700"]),
        Row(
            "trailing: ended with words, before the ladder", trailing + "600 partial hello, 610 ended, out",
            ["550 wait 700", "610 commit 'hello' spoken 400 decidable 610"]),
        Row(
            "trailing: its silence ends what sounds finished", trailingSettled + "610 silence, out",
            ["500 wait 2500", "550 wait 700", "610 commit 'hello' spoken 400 decidable 610"]),
        Row(
            "trailing: its silence does not end what hangs", trailing + "600 partial I want…, 610 silence, in",
            ["550 wait 700"]),
        Row(
            "trailing: its judgement ends what hangs", trailing + "600 partial I want…, 610 ended, out",
            ["550 wait 700", "610 commit 'I want…' spoken 400 decidable 610"]),
        Row(
            "trailing: it heard the pause, and a voice since", trailingSettled + "600 goes-on, 700 timer, in",
            ["500 wait 2500", "550 wait 700", "600 wait 1500"]),
        Row(
            "trailing: its news of a voice is older than the pause", trailingSettled + "600 begins, in",
            ["500 wait 2500", "550 wait 700"]),
        Row("trailing: it goes on without words", trailing + "600 goes-on, in", ["550 wait 700"]),
        Row("trailing: set aside without words", trailing + "600 aside, out", ["550 wait 700", "600 leave 10600"]),
        Row(
            "trailing: set aside with words", trailing + "600 partial mhm, 610 aside, out",
            ["550 wait 700", "610 forget"]),
        Row("trailing: dropped", trailing + "600 drop, 700 timer, out", ["550 wait 700"]),
    ]

    static let soundRows = [
        Row(
            "sound: unfinished waits for the middle rung", trailingSettled + "650 unfinished, 700 timer, in",
            ["500 wait 2500", "550 wait 700", "650 wait 1300"]),
        Row(
            "sound: unfinished, and nothing comes", trailingSettled + "650 unfinished, 1300 timer, out",
            ["500 wait 2500", "550 wait 700", "650 wait 1300", "1300 commit 'hello' spoken 400 decidable 1300"]),
        Row(
            "sound: finished stays on the short rung", trailingSettled + "650 finished, 700 timer, out",
            ["500 wait 2500", "550 wait 700", "700 commit 'hello' spoken 400 decidable 700"]),
        Row(
            "sound: finished does not excuse words that hang", patient + "750 finished, 1299 timer, in",
            ["500 wait 2500", "550 wait 700", "700 wait 1300"]),
        Row(
            "sound: its silence does not end what sounds unfinished",
            trailingSettled + "650 unfinished, 660 silence, in", ["500 wait 2500", "550 wait 700", "650 wait 1300"]),
        Row(
            "sound: its judgement does", trailingSettled + "650 unfinished, 660 ended, out",
            [
                "500 wait 2500", "550 wait 700", "650 wait 1300", "660 commit 'hello' spoken 400 decidable 660",
            ]),
        Row(
            "sound: settled words wait for the rung", trailing + "650 unfinished, 900 settled hello, in",
            ["550 wait 700", "650 wait 1300"]),
        Row(
            "sound: unfinished is not asked for before its rung", trailing + "600 partial hello, 650 unfinished, in",
            ["550 wait 700", "650 wait 1300"]),
        Row(
            "sound: judged while the transcript is awaited", awaiting + "720 unfinished, 800 settled hello, in",
            ["500 wait 2500", "550 wait 700", "700 ask 1400", "800 wait 1300"]),
        Row(
            "sound: it is of the pause, not of the utterance",
            trailingSettled + "650 unfinished, 800 voice, 1150 pause 1000, 1200 settled hello you, 1300 timer, out",
            [
                "500 wait 2500", "550 wait 700", "650 wait 1300", "800 wait 2800", "1150 wait 1300",
                "1300 commit 'hello you' spoken 1000 decidable 1300",
            ]),
        Row("sound: of nothing", "100 finished, 200 unfinished, out", []),
        Row("sound: words without voice wait long enough", byWords + "300 unfinished, in", ["100 wait 1000"]),
    ]

    private static let spelling = "0 spell, 0 voice, 500 settled five, 550 pause 400,"
    private static let spellingLog = ["500 wait 2500", "550 wait 1900"]
    static let spelledRows = [
        Row("spelled: the long rung", spelling + "700 timer, 1899 timer, in", spellingLog),
        Row(
            "spelled: its end", spelling + "1900 timer, out",
            spellingLog + ["1900 commit 'five' spoken 400 decidable 1900"]),
        Row("spelled: goes on", spelling + "1500 voice, 1900 timer, in", spellingLog + ["1500 wait 3500"]),
        Row("spelled: the recogniser's silence is too short", spelling + "700 silence, in", spellingLog),
        Row(
            "spelled: its judgement suffices", spelling + "700 ended, out",
            spellingLog + ["700 commit 'five' spoken 400 decidable 700"]),
        Row(
            "spelled: a finished sound takes it to the middle rung", spelling + "650 finished, 1300 timer, out",
            spellingLog + ["650 wait 1300", "1300 commit 'five' spoken 400 decidable 1300"]),
        Row(
            "spelled: words that hang stay on the long rung",
            "0 spell, 0 voice, 500 settled five…, 550 pause 400, 650 finished, 1300 timer, in",
            spellingLog),
        Row(
            "spelled: unsettled words are asked for at its end",
            "0 spell, 0 voice, 500 partial five, 550 pause 400, 1900 timer, in", spellingLog + ["1900 ask 2600"]),
        Row(
            "spelled: words without voice", "0 spell, 100 partial five, 1000 timer, 1600 timer, in",
            ["100 wait 1600", "1600 ask 2300"]),
        Row(
            "spelled: settled words do not end it early", "0 spell, 0 voice, 550 pause 400, 900 settled five, in",
            ["550 wait 1900"]),
    ]

    private static let repair = "0 voice, 300 repair 8300, 500 settled hello, 550 pause 400,"
    private static let repairLog = ["500 wait 2500", "550 wait 700"]
    static let repairRows = [
        Row("repair: a silence waits", repair + "700 timer, in", repairLog + ["700 wait 8300"]),
        Row(
            "repair: no longer than agreed", repair + "700 timer, 8300 timer, out",
            repairLog + ["700 wait 8300", "8300 commit 'hello' spoken 400 decidable 8300"]),
        Row(
            "repair: done before the rung", repair + "600 repaired, 700 timer, out",
            repairLog + ["700 commit 'hello' spoken 400 decidable 700"]),
        Row(
            "repair: done after the rung", repair + "700 timer, 900 settled hello you, 910 repaired, out",
            repairLog + ["700 wait 8300", "900 commit 'hello you' spoken 400 decidable 900"]),
        Row(
            "repair: done without newer words", repair + "700 timer, 910 repaired, out",
            repairLog + ["700 wait 8300", "910 commit 'hello' spoken 400 decidable 910"]),
        Row(
            "repair: voice goes on", repair + "700 timer, 800 voice, 900 repaired, in",
            repairLog + ["700 wait 8300", "800 wait 2800"]),
        Row(
            "repair: the wait for words waits too", awaiting + "800 repair 8800, 1400 timer, in",
            awaitingLog + ["1400 wait 8800"]),
        Row(
            "repair: what was missing was of the last turn",
            "0 repair 9000, 0 voice, 500 settled hello, 550 pause 400, 600 ended,"
                + "1000 voice, 1500 settled more, 1550 pause 1400, 1700 timer, out",
            [
                "500 wait 2500", "550 wait 700", "600 commit 'hello' spoken 400 decidable 600", "1500 wait 3500",
                "1550 wait 1700", "1700 commit 'more' spoken 1400 decidable 1700",
            ]),
        Row("repair: of nothing", "0 repair 9000, 100 repaired, out", []),
    ]

    private static let unanswered = "0 voice, 550 pause 400, 700 timer, 1400 timer,"
    private static let unansweredLog = ["550 wait 700", "700 ask 1400", "1400 leave 11400"]
    static let unansweredRows = [
        Row("unanswered: nobody understood it", unanswered + "out", unansweredLog),
        Row(
            "unanswered: settled words become the turn", unanswered + "3000 settled hello, out",
            unansweredLog + ["3000 commit 'hello' spoken 400 decidable 700"]),
        Row(
            "unanswered: words that hang become it too", unanswered + "3000 settled hello…, out",
            unansweredLog + ["3000 commit 'hello…' spoken 400 decidable 1300"]),
        Row(
            "unanswered: words that may change are waited for", unanswered + "3000 partial hel, 3700 timer, out",
            unansweredLog + ["3000 ask 3700", "3700 commit 'hel' spoken 400 decidable 700"]),
        Row("unanswered: nothing was said", unanswered + "3000 settled, out", unansweredLog + ["3000 forget"]),
        Row("unanswered: nothing so far", unanswered + "3000 partial, out", unansweredLog),
        Row("unanswered: a new voice", unanswered + "3000 voice, in", unansweredLog),
        Row(
            "unanswered: the words of both voices", unanswered + "3000 voice, 3200 settled hello, in",
            unansweredLog + ["3200 wait 5200"]),
        Row(
            "unanswered: other signs",
            unanswered + "2000 pause 1900, 2000 ended, 2000 silence, 2000 finished,"
                + "2000 begins, 2000 goes-on, out", unansweredLog),
        Row("unanswered: for good", unanswered + "11400 timer, out", unansweredLog + ["11400 forget"]),
        Row("unanswered: an old timer", unanswered + "5000 timer, out", unansweredLog),
        Row("unanswered: dropped", unanswered + "2000 drop, 3000 settled, out", unansweredLog),
        Row("unanswered: set aside again", unanswered + "2000 aside, out", unansweredLog + ["2000 leave 12000"]),
        Row(
            "set aside: late words become the turn", trailing + "600 aside, 3000 settled stop, out",
            ["550 wait 700", "600 leave 10600", "3000 commit 'stop' spoken 400 decidable 700"]),
    ]

    static let waitRows = [
        Row(
            "wait: what this recogniser usually takes", "0 usual 250," + awaiting + "in",
            ["500 wait 2500", "550 wait 700", "700 ask 950"]),
        Row(
            "wait: never less than networks jitter", "0 usual 20," + awaiting + "in",
            ["500 wait 2500", "550 wait 700", "700 ask 850"]),
        Row(
            "wait: never more than the setting", "0 usual 4000," + awaiting + "in",
            ["500 wait 2500", "550 wait 700", "700 ask 2200"]),
        Row(
            "wait: too short for words that hang",
            "0 usual 100, 0 voice, 500 partial I want…, 550 pause 400,"
                + "700 timer, 850 timer, 1300 timer, out",
            [
                "500 wait 2500", "550 wait 700", "700 ask 850", "850 wait 1300",
                "1300 commit 'I want…' spoken 400 decidable 1300",
            ]),
    ]

    private static let patientLog = ["500 wait 2500", "550 wait 700", "700 wait 1300"]
    static let patientRows = [
        Row("unfinished: waits longer", patient + "1299 timer, in", patientLog),
        Row(
            "unfinished: enough", patient + "1300 timer, out",
            patientLog + ["1300 commit 'I want…' spoken 400 decidable 1300"]),
        Row(
            "unfinished: corrected to a finished one commits at once", patient + "800 settled I want two, out",
            patientLog + ["800 commit 'I want two' spoken 400 decidable 800"]),
        Row(
            "unfinished: a partial correction waits", patient + "800 partial I want two, 1300 timer, in",
            patientLog + ["1300 ask 2000"]),
        Row("unfinished: voice goes on", patient + "800 voice, 1300 timer, in", patientLog + ["800 wait 2800"]),
        Row("unfinished: pause", patient + "800 pause 790, in", patientLog),
        Row(
            "unfinished: all words withdrawn", patient + "800 settled, 1300 timer, out", patientLog + ["1300 discard"]),
        Row(
            "unfinished: the recogniser knows better", patient + "800 ended, out",
            patientLog + ["800 commit 'I want…' spoken 400 decidable 800"]),
        Row("unfinished: dropped", patient + "800 drop, 1300 timer, out", patientLog),
    ]

    static let wordsRows = [
        Row("words only: voice after all", byWords + "300 voice, in", ["100 wait 1000", "300 wait 2300"]),
        Row(
            "words only: each change counts as speech", byWords + "600 partial hello I, in",
            ["100 wait 1000", "600 wait 1500"]),
        Row(
            "words only: the old timer does not end it", byWords + "600 partial hello I, 1000 timer, in",
            ["100 wait 1000", "600 wait 1500"]),
        Row("words only: the same words do not count", byWords + "300 partial hello, in", ["100 wait 1000"]),
        Row(
            "words only: settled and finished, after the ladder", byWords + "450 settled hello, out",
            ["100 wait 1000", "450 commit 'hello' spoken 100 decidable 450"]),
        Row("words only: settled, but young", byWords + "300 settled hello, in", ["100 wait 1000"]),
        Row(
            "words only: settled, then time", "100 partial hello…, 300 settled hello…, 1000 timer, out",
            ["100 wait 1000", "1000 commit 'hello…' spoken 100 decidable 1000"]),
        Row("words only: asked for", byWords + "1000 timer, in", ["100 wait 1000", "1000 ask 1700"]),
        Row(
            "words only: goes on while asked for", byWords + "1000 timer, 1100 partial hello I am, in",
            ["100 wait 1000", "1000 ask 1700", "1100 wait 2000"]),
        Row(
            "words only: the detector's pause is the better one", byWords + "600 pause 400, in",
            ["100 wait 1000", "600 wait 700"]),
        Row(
            "words only: ended", byWords + "300 ended, out",
            ["100 wait 1000", "300 commit 'hello' spoken 100 decidable 300"]),
        Row(
            "words only: the recogniser hears a voice", byWords + "600 begins, in",
            ["100 wait 1000", "600 wait 1500"]),
        Row("words only: dropped", byWords + "300 drop, out", ["100 wait 1000"]),
    ]

    private static let awaitingLog = ["500 wait 2500", "550 wait 700", "700 ask 1400"]
    static let awaitingRows = [
        Row("awaiting: voice goes on", awaiting + "800 voice, 1400 timer, in", awaitingLog + ["800 wait 2800"]),
        Row("awaiting: pause", awaiting + "800 pause 790, in", awaitingLog),
        Row("awaiting: better, but not settled", awaiting + "800 partial hello you, in", awaitingLog),
        Row(
            "awaiting: settled", awaiting + "800 settled hello you, out",
            awaitingLog + ["800 commit 'hello you' spoken 400 decidable 700"]),
        Row("awaiting: settled, unfinished", awaiting + "800 settled hello…, in", awaitingLog + ["800 wait 1300"]),
        Row(
            "awaiting: settled late, unfinished", awaiting + "1350 settled hello…, out",
            awaitingLog + ["1350 commit 'hello…' spoken 400 decidable 1300"]),
        Row("awaiting: settled to nothing", awaiting + "800 settled, out", awaitingLog + ["800 discard"]),
        Row("awaiting: too early", awaiting + "1399 timer, in", awaitingLog),
        Row(
            "awaiting: never settled", awaiting + "800 partial hello you, 1400 timer, out",
            awaitingLog + ["1400 commit 'hello you' spoken 400 decidable 700"]),
        Row(
            "awaiting: no words at all", "0 voice, 550 pause 400, 700 timer, 1400 timer, out",
            ["550 wait 700", "700 ask 1400", "1400 leave 11400"]),
        Row(
            "awaiting: ended", awaiting + "900 ended, out",
            awaitingLog + ["900 commit 'hello' spoken 400 decidable 700"]),
        Row(
            "awaiting: ended without words", "0 voice, 550 pause 400, 700 timer, 900 ended, in",
            ["550 wait 700", "700 ask 1400"]),
        Row("awaiting: it goes on", awaiting + "800 goes-on, 1400 timer, in", awaitingLog + ["800 wait 1700"]),
        Row("awaiting: an older voice", awaiting + "800 begins, in", awaitingLog),
        Row(
            "awaiting: its silence", awaiting + "900 silence, out",
            awaitingLog + ["900 commit 'hello' spoken 400 decidable 700"]),
        Row("awaiting: set aside", awaiting + "900 aside, out", awaitingLog + ["900 forget"]),
        Row("awaiting: dropped", awaiting + "800 drop, 1400 timer, out", awaitingLog),
    ]

    @Test(arguments: idleRows + speakingRows + trailingRows) func beginsAndEnds(row: Row) throws {
        #expect(try play(row.script) == row.expected)
    }

    @Test(arguments: soundRows + spelledRows + waitRows) func climbs(row: Row) throws {
        #expect(try play(row.script) == row.expected)
    }

    @Test(arguments: repairRows + unansweredRows) func losesNoWords(row: Row) throws {
        #expect(try play(row.script) == row.expected)
    }

    @Test(arguments: patientRows + wordsRows + awaitingRows) func waits(row: Row) throws {
        #expect(try play(row.script) == row.expected)
    }

    /// Whatever comes in whatever order, an utterance ends: some time after the last event, the timers it asked for
    /// end it.
    @Test(arguments: 0..<20) func everyUtteranceWithWordsEnds(block: Int) {
        for seed in UInt64(block * 50)..<UInt64(block * 50 + 50) {
            var random = SeededRandom(seed: seed)
            var machine = EndpointStateMachine(policy: EndpointPolicy())
            var now = Instant.zero
            var timer: Instant?
            var heardWords = false
            func take(_ action: EndpointStateMachine.Action) {
                switch action {
                case .none: break
                case .wait(let until), .requestTranscript(let until), .leave(let until): timer = until
                case .commit, .discard, .forget: (timer, heardWords) = (nil, false)
                }
            }
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                now += .milliseconds(.random(in: 0...600, using: &random))
                if let due = timer, due <= now {
                    timer = nil
                    take(machine.timerFired(at: due))
                }
                switch Int.random(in: 0..<10, using: &random) {
                case 0: take(machine.voiceStarted(at: now))
                case 1: take(machine.voicePaused(lastSpeech: now - .milliseconds(150), at: now))
                case 2, 3:
                    heardWords = true
                    take(
                        machine.transcript(
                            "words \(Int.random(in: 0..<3, using: &random))", isSettled: .random(using: &random),
                            soundsComplete: .random(using: &random), at: now))
                case 4: take(machine.providerEnded(by: .random(using: &random) ? .meaning : .silence, at: now))
                case 5: take(machine.providerHeardVoice(goesOn: .random(using: &random), at: now))
                case 6: take(machine.soundJudged(isFinished: .random(using: &random), at: now))
                case 7: machine.expect(.random(using: &random) ? .number : .open)
                case 8: machine.repairStarted(until: now + .milliseconds(500))
                default: take(machine.timerFired(at: now))
                }
            }
            var rounds = 0
            while heardWords, let due = timer, rounds < 10 {
                timer = nil
                take(machine.timerFired(at: max(due, now)))
                rounds += 1
            }
            #expect(!heardWords, "seed \(seed): an utterance with words never ended")
        }
    }
}
