import Testing

import VoiceEngineCore

/// At 8 kHz, in windows of 10 ms (80 samples). Speech 50 ms, resume 30 ms, pause 150 ms, end 1000 ms.
@Suite struct SpeechGateTests {
    /// Plays a script of windows: `S` speech (0.9), `h` half (0.4, between leave and enter), `.` quiet (0).
    /// Returns what happened, with the index of the window.
    private func play(_ script: String, start: Int = 0, gate: inout SpeechGate) -> [String] {
        var log: [String] = []
        for (index, mark) in script.enumerated() {
            let probability: Float = mark == "S" ? 0.9 : mark == "h" ? 0.4 : 0
            let window = SpeechWindow(start: Int64((start + index) * 80), count: 80, probability: probability)
            switch gate.heard(window) {
            case .none: break
            case let action: log.append("\(start + index) \(describe(action))")
            }
        }
        return log
    }

    private func describe(_ action: SpeechGate.Action) -> String {
        switch action {
        case .none: "none"
        case .started(let onset): "started \(onset / 80)"
        case .paused(let last): "paused \(last / 80)"
        case .resumed(let onset): "resumed \(onset / 80)"
        case .ended(let last): "ended \(last / 80)"
        case .ignored(let anomaly): "ignored \(anomaly)"
        }
    }

    private func gate() -> SpeechGate { SpeechGate(.init(format: .telephone)) }

    /// A script that leads into each state, ending at the window given.
    private static let states: [(name: String, script: String, inUtterance: Bool)] = [
        ("idle", "..", false), ("rising", "..SS", false), ("speaking", "..SSSSS", true),
        ("speaking, briefly quiet", "..SSSSS...", true),
        ("paused", "..SSSSS" + String(repeating: ".", count: 15), true),
        ("resuming", "..SSSSS" + String(repeating: ".", count: 15) + "S", true),
    ]

    @Test(
        arguments: [
            // idle
            ("..h", []), ("..hhhhhhhh", []), ("..S", []), ("", []), ("..SSSSS", ["6 started 2"]),
            // rising: what lasts counts on, what is quiet starts over
            ("..SShhh", ["6 started 2"]), ("..SSSS.", []), ("..SSSS.SSSSS", ["11 started 7"]), ("..SSSS.hhhhh", []),
            // speaking: short gaps do not matter, 15 quiet windows pause
            ("SSSSS" + ".............." + "S", ["4 started 0"]),
            ("SSSSS" + "..............h", ["4 started 0"]),
            ("SSSSS" + "...............", ["4 started 0", "19 paused 5"]),
            ("SSSSSh" + "...............", ["4 started 0", "20 paused 6"]),
            // paused: half a voice does not resume, three windows do, two do not
            ("SSSSS...............hhhh", ["4 started 0", "19 paused 5"]),
            ("SSSSS...............SSS", ["4 started 0", "19 paused 5", "22 resumed 20"]),
            ("SSSSS...............Shh", ["4 started 0", "19 paused 5", "22 resumed 20"]),
            ("SSSSS...............SS.SSS", ["4 started 0", "19 paused 5", "25 resumed 23"]),
            // paused again after a resume
            (
                "SSSSS...............SSS...............",
                ["4 started 0", "19 paused 5", "22 resumed 20", "37 paused 23"]
            ),
            // the end: 100 quiet windows after the last speech; two windows of noise do not put it off
            ("SSSSS" + String(repeating: ".", count: 100), ["4 started 0", "19 paused 5", "104 ended 5"]),
            (
                "SSSSS" + String(repeating: ".", count: 50) + "SS" + String(repeating: ".", count: 48),
                ["4 started 0", "19 paused 5", "104 ended 5"]
            ),
            ("SSSSS" + String(repeating: ".", count: 98) + "SS.", ["4 started 0", "19 paused 5", "105 ended 5"]),
            // and anew
            (
                "SSSSS" + String(repeating: ".", count: 100) + "SSSSS",
                ["4 started 0", "19 paused 5", "104 ended 5", "109 started 105"]
            ),
        ] as [(String, [String])])
    func turnsWindowsIntoEvents(_ row: (script: String, events: [String])) {
        var gate = gate()
        #expect(play(row.script, gate: &gate) == row.events)
    }

    @Test func thresholdsAreInclusiveAbove() {
        var gate = gate()
        for index in 0..<5 {
            let probability: Float = index == 0 ? 0.5 : 0.35
            let action = gate.heard(SpeechWindow(start: Int64(index * 80), count: 80, probability: probability))
            #expect(action == (index == 4 ? .started(onset: 0) : .none))
        }
    }

    @Test(arguments: states.indices)
    func nonsenseIsIgnoredInEveryState(_ index: Int) {
        let row = Self.states[index]
        var gate = gate()
        _ = play(row.script, gate: &gate)
        let next = Int64(row.script.count * 80)
        #expect(gate.heard(.init(start: next - 1, count: 80, probability: 1)) == .ignored(.outOfOrder))
        #expect(gate.heard(.init(start: next, count: 0, probability: 1)) == .ignored(.outOfOrder))
        #expect(gate.heard(.init(start: next, count: 80, probability: .nan)) == .ignored(.notAProbability))
        #expect(gate.heard(.init(start: next, count: 80, probability: 1.5)) == .ignored(.notAProbability))
        #expect(gate.heard(.init(start: next, count: 80, probability: -0.1)) == .ignored(.notAProbability))
        // Unharmed: it goes on as if nothing had been said.
        var untouched = self.gate()
        _ = play(row.script, gate: &untouched)
        let rest = "SSSSS..............................SSSS"
        #expect(
            play(rest, start: row.script.count, gate: &gate)
                == play(rest, start: row.script.count, gate: &untouched))
    }

    @Test(arguments: zip(states.indices, [nil, nil, 7, 7, 7, 7] as [Int64?]))
    func theEndOfTheStreamEndsAnUtterance(_ index: Int, lastSpeech: Int64?) {
        let row = Self.states[index]
        var gate = gate()
        _ = play(row.script, gate: &gate)
        #expect(gate.isInUtterance == row.inUtterance)
        #expect(gate.streamEnded() == lastSpeech.map { .ended(lastSpeech: $0 * 80) } ?? .none)
        #expect(!gate.isInUtterance)
        #expect(gate.streamEnded() == .none)
        // A new stream may begin at any position.
        #expect(play("SSSSS", gate: &gate) == ["4 started 0"])
    }

    @Test(
        arguments: [
            // rising: a gap starts the onset over
            (3, 10, ["14 started 10"]),
            // speaking: a short gap does not matter; a long one is a pause that the same window may begin to end
            (5, 10, ["4 started 0"]), (5, 30, ["4 started 0", "30 paused 5", "32 resumed 30"]),
        ] as [(Int, Int, [String])])
    func lostAudioCountsAsQuiet(_ row: (before: Int, resumesAt: Int, events: [String])) {
        var gate = gate()
        let first = play(String(repeating: "S", count: row.before), gate: &gate)
        #expect(first + play("SSSSS", start: row.resumesAt, gate: &gate) == row.events)
    }

    @Test func aQuietWindowAfterAGapPauses() {
        var gate = gate()
        _ = play("SSSSS", gate: &gate)
        #expect(play("..", start: 500, gate: &gate) == ["500 paused 5", "501 ended 5"])
    }

    /// Every utterance starts once, pauses and resumes in turn, and ends once; positions only grow.
    @Test func anyWindowsGiveWellFormedUtterances() {
        var random = SeededRandom(seed: 0x5EED_0008)
        for _ in 0..<300 {
            var gate = gate()
            var (position, phase, last): (Int64, String, Int64) = (0, "idle", -1)
            var level: Float = 0
            for _ in 0..<400 {
                if Int.random(in: 0..<12, using: &random) == 0 { level = Float.random(in: 0...1, using: &random) }
                if Int.random(in: 0..<50, using: &random) == 0 {
                    position += Int64.random(in: 0...4_000, using: &random)
                }
                let count = Int.random(in: 1...256, using: &random)
                let action = gate.heard(.init(start: position, count: count, probability: level))
                position += Int64(count)
                switch action {
                case .none: break
                case .started(let at): #expect(phase == "idle" && at >= last); (phase, last) = ("speaking", at)
                case .paused(let at): #expect(phase == "speaking" && at > last); (phase, last) = ("paused", at)
                case .resumed(let at): #expect(phase == "paused" && at > last); (phase, last) = ("speaking", at)
                case .ended(let at): #expect(phase == "paused" && at == last); phase = "idle"
                case .ignored(let anomaly): Issue.record("\(anomaly)")
                }
                #expect(gate.isInUtterance == (phase != "idle"))
            }
        }
    }

    /// Windows that may come together are judged as soon as if they came frame by frame.
    @Test(arguments: 0..<40) func whatMayBeGatheredIsNotToldLater(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        // Stretches of voice and quiet of 10 to 300 ms, so that every state is cut short now and then.
        var script: [Float] = []
        while script.count < 2_000 {
            let level: Float = [0, 0, 0.4, 0.9].randomElement(using: &random) ?? 0
            script += Array(repeating: level, count: Int.random(in: 1...30, using: &random))
        }
        func told(gathering: Bool) -> [String] {
            var gate = SpeechGate(.init(format: .telephone, minimumSpeechMs: 40))
            var (log, index) = ([String](), 0)
            while index < script.count {
                let frames = gathering ? max((gate.soonestAction + 159) / 160, 1) : 1
                let end = min(index + frames * 2, script.count)
                for window in index..<end {
                    let action = gate.heard(.init(start: Int64(window * 80), count: 80, probability: script[window]))
                    switch action {
                    case .none, .ended: break
                    default: log.append("\(end) \(describe(action))")
                    }
                }
                index = end
            }
            return log
        }
        let single = told(gathering: false)
        #expect(told(gathering: true) == single)
        #expect(single.count > 10)
    }
}
