import Testing

@testable import VoiceEngineCore

@Suite struct ReplyStateMachineTests {
    /// One row: a script, and what each of its events was answered.
    ///
    /// Events: `say` (a segment; answers its index or `-`), `text` (finished), `done N` (segments complete), `check`
    /// (speech finishing), `heard`, `cancel`, `fail`, `mute` (no voice is left); `hold` begins anew with a held reply, `keeps`, `written`, `release`.
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        let expected: String
        var testDescription: String { name }

        init(_ name: String, _ script: String, _ expected: String) {
            (self.name, self.script, self.expected) = (name, script, expected)
        }
    }

    private static func perform(_ step: String, on machine: inout ReplyStateMachine) -> String {
        let action: ReplyStateMachine.Action
        switch step {
        case "say": return machine.segmentSpoken().map { "\($0)" } ?? "-"
        case "hold":
            machine = ReplyStateMachine(isHeld: true)
            return machine.isHeld ? "held" : "open"
        case "keeps": return machine.keepsSegments ? "yes" : "no"
        case "written": action = machine.draftWritten()
        case "release": action = machine.release()
        case "mute": action = machine.voiceLost()
        case "text": action = machine.textFinished()
        case "check": action = machine.speechFinishing()
        case "heard": action = machine.heardAll()
        case "cancel": action = machine.cancel()
        case "fail": action = machine.fail()
        default: action = machine.segmentsCompleted(through: Int(step.dropFirst(4)) ?? .max)
        }
        return switch action {
        case .none: "none"
        case .finishSpeech: "finish"
        case .playOut: "play"
        case .end(let outcome): "\(outcome)"
        case .ignored: "ignored"
        }
    }

    static let rows = [
        Row("writing: segments are counted", "say say say", "0 1 2"),
        Row("writing: no text at all is a finished reply", "text", "finished"),
        Row("writing: text", "say text", "0 finish"),
        Row("writing: all audio of the text so far", "say done0 say", "0 none 1"),
        Row("writing: not finishing yet", "say check", "0 none"),
        Row("writing: a pause in the audio is not its end", "say done0 heard", "0 none ignored"),
        Row("writing: cancel", "say cancel", "0 interrupted"),
        Row("writing: fail", "say fail", "0 failed"),
        Row("speaking: no more text", "say text say", "0 finish -"),
        Row("speaking: text again", "say text text", "0 finish ignored"),
        Row("speaking: some audio", "say say text done0", "0 1 finish none"),
        Row("speaking: all audio", "say say text done0 done1", "0 1 finish none play"),
        Row("speaking: all audio at once", "say say text done1", "0 1 finish play"),
        Row("speaking: the last segment is not the only one", "say say text done1", "0 1 finish play"),
        Row("speaking: a segment that was never spoken", "say text done9", "0 finish play"),
        Row("speaking: an older segment again", "say say done1 text done0", "0 1 none finish play"),
        Row("speaking: checked early", "say text check", "0 finish none"),
        Row("speaking: checked when the audio was there first", "say done0 text check", "0 none finish play"),
        Row("speaking: a pause in the audio is not its end", "say text heard", "0 finish ignored"),
        Row("speaking: cancel", "say text cancel", "0 finish interrupted"),
        Row("speaking: fail", "say text fail", "0 finish failed"),
        Row("playing out: no more text", "say text done0 say text", "0 finish play - ignored"),
        Row("playing out: audio again", "say text done0 done0", "0 finish play ignored"),
        Row("playing out: checked", "say text done0 check", "0 finish play none"),
        Row("playing out: heard", "say text done0 heard", "0 finish play finished"),
        Row("playing out: cancel", "say text done0 cancel", "0 finish play interrupted"),
        Row(
            "playing out: a voice that fails is needed no more", "say text done0 fail heard",
            "0 finish play ignored finished"),
        Row("writing: no voice is left", "say mute heard", "0 play finished"),
        Row("writing: is not released", "say release written", "0 ignored ignored"),
        Row("writing: keeps nothing", "say keeps", "0 no"),
        Row("speaking: no voice is left", "say text mute", "0 finish play"),

        Row("drafting: one segment is spoken, the others wait", "hold keeps say keeps", "held no 0 yes"),
        Row("drafting: the text does not finish", "hold say text", "held 0 ignored"),
        Row("drafting: all written", "hold say written", "held 0 finish"),
        Row("drafting: nothing was written", "hold written release text", "held none none finished"),
        Row("drafting: released", "hold say release say text", "held 0 none 1 finish"),
        Row(
            "drafting: released with its audio there", "hold say done0 release text check",
            "held 0 none none finish play"),
        Row("drafting: keeps nothing once it is released", "hold say release keeps", "held 0 none no"),
        Row("drafting: nothing to hear", "hold say done0 check heard", "held 0 none none ignored"),
        Row("drafting: cancel", "hold say cancel cancel", "held 0 dropped ignored"),
        Row("drafting: fail", "hold say fail", "held 0 dropped"),
        Row("drafting: no voice is left", "hold say mute", "held 0 dropped"),
        Row("drafted: no more text", "hold say written say written text", "held 0 finish - ignored ignored"),
        Row("drafted: released", "hold say written release done0", "held 0 finish none play"),
        Row(
            "drafted: released with its audio there", "hold say written done0 release heard",
            "held 0 finish none play finished"),
        Row("drafted: nothing to hear", "hold say written done0 check heard", "held 0 finish none none ignored"),
        Row("drafted: cancel", "hold say written cancel release", "held 0 finish dropped ignored"),
        Row("drafted: fail", "hold say written fail", "held 0 finish dropped"),
        Row("drafted: no voice is left", "hold say written mute", "held 0 finish dropped"),
        Row("drafted: keeps nothing", "hold say written keeps", "held 0 finish no"),
        Row(
            "ended: nothing more", "cancel say text done0 check heard cancel fail",
            "interrupted - ignored ignored none ignored ignored ignored"),
        Row(
            "ended: finished stays finished", "say text done0 heard heard cancel",
            "0 finish play finished ignored ignored"),
    ]

    @Test(arguments: rows) func answers(row: Row) {
        var machine = ReplyStateMachine()
        let answers = row.script.split(separator: " ").map { Self.perform(String($0), on: &machine) }
        #expect(answers.joined(separator: " ") == row.expected)
    }

    @Test func tellsWhetherItPlaysOut() {
        var machine = ReplyStateMachine()
        for (step, isPlayingOut, hasEnded) in [
            ("check", false, false), ("say", false, false),
            ("text", false, false), ("done0", true, false), ("heard", false, true),
        ] {
            _ = Self.perform(step, on: &machine)
            // Read before `#expect`, which cannot look into a type that is not copyable.
            let state = (machine.isPlayingOut, machine.hasEnded)
            #expect(state == (isPlayingOut, hasEnded), "\(step)")
        }
    }

    @Test func endsExactlyOnceInAnyOrderOfEvents() {
        let steps = [
            "written", "release", "mute", "say", "text", "done0", "done1", "done\(Int.max)", "done-1", "check", "heard",
            "cancel", "fail",
        ]
        let ends: Set = ["finished", "interrupted", "failed", "dropped"]
        for seed in UInt64(0)..<2_000 {
            var random = SeededRandom(seed: seed)
            var machine = ReplyStateMachine(isHeld: seed.isMultiple(of: 2))
            var answers: [String] = []
            for _ in 0..<20 {
                let wasEnded = machine.hasEnded
                answers.append(Self.perform(steps.randomElement(using: &random) ?? "say", on: &machine))
                let isEnded = machine.hasEnded
                #expect(!wasEnded || isEnded, "seed \(seed)")
            }
            answers.append(Self.perform("cancel", on: &machine))
            #expect(answers.filter { ends.contains($0) }.count == 1, "seed \(seed): \(answers)")
            #expect(answers.filter { $0 == "play" }.count <= 1, "seed \(seed): \(answers)")
        }
    }
}
