import Testing

@testable import VoiceEngineCore

/// Scripts of events with their times in ms. Silence 300 ms, unfinished 900 ms, transcript wait 700 ms, stalled words
/// 2000 ms.
@Suite struct EndpointStateMachineTests {
    /// One row: a script, and what the machine answered, each with its time. Answers of `none` are left out.
    ///
    /// Events: `voice`, `pause LAST_SPEECH`, `partial TEXT`, `settled TEXT`, `ended`, `timer`, `drop`. A text that
    /// ends in `…` sounds unfinished. The last line of a script may be `in` or `out`: whether there is an utterance.
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
            case "ended": action = machine.providerEnded(at: now)
            case "timer": action = machine.timerFired(at: now)
            case "drop":
                machine.drop()
                action = .none
            default: throw Unknown(word: words[1])
            }
            if action != .none { log.append("\(milliseconds) \(describe(action))") }
        }
        return log
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
    ]

    static let speakingRows = [
        Row("speaking: voice again", speaking + "10 voice, in", []),
        Row("speaking: a pause starts the ladder", speaking + "550 pause 400, in", ["550 wait 700"]),
        Row("speaking: words arm the stall", speaking + "500 partial hello, in", ["500 wait 2500"]),
        Row("speaking: no words arm nothing", speaking + "500 settled, in", []),
        Row("speaking: the same words again arm nothing", speakingWords + "900 settled hello, in", ["200 wait 2200"]),
        Row("speaking: the recogniser's end without words", speaking + "500 ended, in", []),
        Row(
            "speaking: the recogniser's end with words", speakingWords + "500 ended, out",
            ["200 wait 2200", "500 commit 'hello' spoken 500 decidable 500"]),
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
        Row("trailing: dropped", trailing + "600 drop, 700 timer, out", ["550 wait 700"]),
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
            ["550 wait 700", "700 ask 1400", "1400 discard"]),
        Row(
            "awaiting: ended", awaiting + "900 ended, out",
            awaitingLog + ["900 commit 'hello' spoken 400 decidable 700"]),
        Row(
            "awaiting: ended without words", "0 voice, 550 pause 400, 700 timer, 900 ended, in",
            ["550 wait 700", "700 ask 1400"]),
        Row("awaiting: dropped", awaiting + "800 drop, 1400 timer, out", awaitingLog),
    ]

    @Test(arguments: idleRows + speakingRows + trailingRows) func beginsAndEnds(row: Row) throws {
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
                case .wait(let until), .requestTranscript(let until): timer = until
                case .commit, .discard: (timer, heardWords) = (nil, false)
                }
            }
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                now += .milliseconds(.random(in: 0...600, using: &random))
                if let due = timer, due <= now {
                    timer = nil
                    take(machine.timerFired(at: due))
                }
                switch Int.random(in: 0..<6, using: &random) {
                case 0: take(machine.voiceStarted(at: now))
                case 1: take(machine.voicePaused(lastSpeech: now - .milliseconds(150), at: now))
                case 2, 3:
                    heardWords = true
                    take(
                        machine.transcript(
                            "words \(Int.random(in: 0..<3, using: &random))", isSettled: .random(using: &random),
                            soundsComplete: .random(using: &random), at: now))
                case 4: take(machine.providerEnded(at: now))
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
