import Testing

@testable import VoiceEngineCore

/// Scripts of events with their times in ms. At most 2 drafts for each turn; words are stable after 100 ms.
@Suite struct SpeculationStateMachineTests {
    /// One row: a script, and what the machine answered, each with its time. Answers of `none` are left out.
    ///
    /// Events: `voice`, `pause`, `heard "…" [settled] [unfinished]`, `sign`, `resumed`, `timer`, `commit "…"`, `forget`,
    /// `lost`; with `busy` the agent has something else to do.
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

    private func play(_ script: String, policy: SpeculationPolicy) throws -> [String] {
        var machine = SpeculationStateMachine(policy: policy)
        var log: [String] = []
        for step in script.split(separator: ";") {
            let words = step.split(separator: " ").map(String.init)
            let milliseconds = try #require(Int64(words[0]))
            let now = Instant.zero + .milliseconds(milliseconds)
            let quoted = step.split(separator: "\"", omittingEmptySubsequences: false)
            let text = quoted.count > 1 ? String(quoted[1]) : ""
            let mayDraft = !words.contains("busy")
            let action: SpeculationStateMachine.Action
            switch words[1] {
            case "voice": action = machine.voiceStarted()
            case "pause": action = machine.voicePaused(mayDraft: mayDraft, at: now)
            case "heard":
                action = machine.words(
                    text, isSettled: words.contains("settled"), soundsComplete: !words.contains("unfinished"),
                    mayDraft: mayDraft, at: now)
            case "sign": action = machine.sign(mayDraft: mayDraft, at: now)
            case "resumed": action = machine.resumed()
            case "timer": action = machine.timerFired(mayDraft: mayDraft, at: now)
            case "commit": action = machine.committed(text)
            case "forget": action = machine.dropped()
            case "lost":
                machine.lost()
                action = .none
            default: throw Unknown(word: words[1])
            }
            if action != .none { log.append("\(milliseconds) \(describe(action))") }
        }
        return log
    }

    private func describe(_ action: SpeculationStateMachine.Action) -> String {
        func ms(_ instant: Instant) -> Int64 { (instant - .zero).wholeMilliseconds }
        return switch action {
        case .none: "none"
        case .wait(let until): "wait \(ms(until))"
        case .draft(let text): "draft \(text)"
        case .drop(let until): "drop" + (until.map { " \(ms($0))" } ?? "")
        case .release: "release"
        }
    }

    static let listeningRows = [
        Row(
            "listening: words while the caller speaks", "0 voice; 100 heard \"one\" settled; 200 heard \"one two\"", []),
        Row("listening: a pause without words", "0 voice; 100 pause; 300 timer", []),
        Row("listening: a pause after old words", "0 voice; 100 heard \"one\"; 300 pause", ["300 wait 400"]),
        Row(
            "listening: a pause after settled words", "0 voice; 100 heard \"one\" settled; 300 pause", ["300 draft one"]
        ),
        Row("listening: a pause after unfinished words", "0 heard \"and\" unfinished; 300 pause", []),
        Row(
            "listening: settled before the caller went on", "0 heard \"one\" settled; 50 voice; 300 pause",
            ["300 wait 400"]),
        Row("listening: a sign", "0 heard \"one\" unfinished; 10 sign", ["10 draft one"]),
        Row("listening: a sign without words", "10 sign", []),
        Row("listening: a sign while the agent is busy", "0 heard \"one\"; 10 sign busy", []),
        Row("listening: resumed", "0 heard \"one\"; 10 resumed", []),
        Row("listening: timer", "0 heard \"one\"; 10 timer", []),
        Row("listening: commit", "0 heard \"one\"; 10 commit \"one\"", []),
        Row("listening: forgotten", "0 heard \"one\"; 10 forget; 20 sign", []),
        Row("listening: nothing to lose", "0 heard \"one\"; 10 lost; 20 sign", ["20 draft one"]),
    ]

    private static let waiting = "0 heard \"one\"; 100 pause;"
    static let waitingRows = [
        Row("waiting: too early", waiting + "199 timer", ["100 wait 200"]),
        Row("waiting: long enough", waiting + "200 timer", ["100 wait 200", "200 draft one"]),
        Row("waiting: the agent is busy", waiting + "200 timer busy", ["100 wait 200"]),
        Row("waiting: another pause", waiting + "150 pause", ["100 wait 200", "150 wait 250"]),
        Row(
            "waiting: other words", waiting + "150 heard \"one two\"; 200 timer; 250 timer",
            ["100 wait 200", "150 wait 250", "250 draft one two"]),
        Row("waiting: the same words", waiting + "150 heard \"One.\"; 200 timer", ["100 wait 200", "200 draft One."]),
        Row("waiting: settled words", waiting + "150 heard \"one\" settled", ["100 wait 200", "150 draft one"]),
        Row(
            "waiting: unfinished words", waiting + "150 heard \"one and\" unfinished settled; 250 timer",
            ["100 wait 200"]),
        Row("waiting: a sign", waiting + "150 sign", ["100 wait 200", "150 draft one"]),
        Row("waiting: voice", waiting + "150 voice; 200 timer", ["100 wait 200"]),
        Row("waiting: resumed", waiting + "150 resumed; 200 timer", ["100 wait 200", "200 draft one"]),
        Row("waiting: commit", waiting + "150 commit \"one\"; 200 timer", ["100 wait 200"]),
        Row("waiting: forgotten", waiting + "150 forget; 200 timer", ["100 wait 200"]),
        Row("waiting: nothing to lose", waiting + "150 lost; 200 timer", ["100 wait 200", "200 draft one"]),
    ]

    private static let held = "0 heard \"one\" settled; 100 pause;"
    static let heldRows = [
        Row("held: the same words", held + "200 commit \"One.\"", ["100 draft one", "200 release"]),
        Row("held: other words", held + "200 commit \"one two\"", ["100 draft one", "200 drop"]),
        Row("held: voice", held + "150 voice; 200 commit \"one\"", ["100 draft one", "150 drop"]),
        Row("held: resumed", held + "150 resumed; 200 commit \"one\"", ["100 draft one", "150 drop"]),
        Row(
            "held: the same words again", held + "150 heard \"One.\"; 200 commit \"one\"",
            ["100 draft one", "200 release"]),
        Row(
            "held: more words", held + "150 heard \"one two\"; 250 timer; 300 commit \"one two\"",
            ["100 draft one", "150 drop 250", "250 draft one two", "300 release"]),
        Row(
            "held: more words that sound unfinished", held + "150 heard \"one and\" unfinished; 250 timer",
            ["100 draft one", "150 drop"]),
        Row("held: another pause", held + "150 pause; 200 commit \"one\"", ["100 draft one", "200 release"]),
        Row("held: a sign", held + "150 sign; 200 commit \"one\"", ["100 draft one", "200 release"]),
        Row("held: timer", held + "300 timer; 400 commit \"one\"", ["100 draft one", "400 release"]),
        Row("held: forgotten", held + "150 forget; 200 commit \"one\"", ["100 draft one", "150 drop"]),
        Row("held: lost", held + "150 lost; 200 commit \"one\"", ["100 draft one"]),
        Row(
            "held: lost, and another sign", held + "150 lost; 160 sign; 200 commit \"one\"",
            ["100 draft one", "160 draft one", "200 release"]),
        Row(
            "held by a sign in mid-speech: more words", "0 heard \"one\"; 10 sign; 20 heard \"one two\"; 130 timer",
            ["10 draft one", "20 drop"]),
        Row(
            "held by a sign: the pause comes later", "0 heard \"one\"; 10 sign; 150 pause; 200 commit \"one\"",
            ["10 draft one", "200 release"]),
    ]

    static let boundRows = [
        Row(
            "bound: a third draft is not begun",
            "0 heard \"one\"; 1 sign; 2 resumed; 3 sign; 4 resumed; 5 sign; 6 commit \"one\"",
            ["1 draft one", "2 drop", "3 draft one", "4 drop"]),
        Row(
            "bound: of each turn anew",
            "0 heard \"one\"; 1 sign; 2 resumed; 3 sign; 4 commit \"one\"; 5 heard \"two\"; 6 sign",
            ["1 draft one", "2 drop", "3 draft one", "4 release", "6 draft two"]),
        Row(
            "bound: nothing is waited for",
            "0 heard \"one\"; 1 sign; 2 resumed; 3 sign; 4 resumed; 100 pause; 200 timer",
            ["1 draft one", "2 drop", "3 draft one", "4 drop"]),
    ]

    @Test(arguments: listeningRows + waitingRows) func begins(row: Row) throws {
        #expect(try play(row.script, policy: SpeculationPolicy(mostDrafts: 2)) == row.expected)
    }

    @Test(arguments: heldRows + boundRows) func holds(row: Row) throws {
        #expect(try play(row.script, policy: SpeculationPolicy(mostDrafts: 2)) == row.expected)
    }

    @Test func switchedOffItDoesNothing() throws {
        let off = SpeculationPolicy(isEnabled: false)
        for row in Self.listeningRows + Self.waitingRows + Self.heldRows {
            #expect(try play(row.script, policy: off) == [], "\(row.name)")
        }
    }

    /// A draft that was begun is released or dropped, once.
    @Test func everyDraftHasOneEnd() {
        for seed in UInt64(0)..<500 {
            var random = SeededRandom(seed: seed)
            var machine = SpeculationStateMachine(policy: SpeculationPolicy())
            var isHeld = false
            for step in 0..<200 {
                let now = Instant.zero + .milliseconds(Int64(step) * 37)
                let text = ["one", "one two", ""].randomElement(using: &random) ?? ""
                let action =
                    switch Int.random(in: 0..<9, using: &random) {
                    case 0: machine.voiceStarted()
                    case 1: machine.voicePaused(mayDraft: !isHeld, at: now)
                    case 2, 3:
                        machine.words(
                            text, isSettled: .random(using: &random), soundsComplete: .random(using: &random),
                            mayDraft: !isHeld, at: now)
                    case 4: machine.sign(mayDraft: !isHeld, at: now)
                    case 5: machine.resumed()
                    case 6: machine.timerFired(mayDraft: !isHeld, at: now)
                    case 7: machine.committed(text)
                    default: machine.dropped()
                    }
                switch action {
                case .none, .wait: break
                case .draft:
                    #expect(!isHeld, "seed \(seed)")
                    isHeld = true
                case .drop, .release:
                    #expect(isHeld, "seed \(seed)")
                    isHeld = false
                }
            }
        }
    }
}
