import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

/// Providers that go on after they were told to stop, and interruptions at random moments: nothing of a dead turn is
/// heard.
@Suite struct StaleAudioTests {
    /// What was heard, cleaned of silence and of fades: of each turn a run from its first sample without a gap, turns
    /// in order.
    private func check(_ call: ScriptedCall, seed: UInt64) {
        var turn: UInt64 = 0
        var place: Int64 = 0
        let recorded = call.carrier.heard
        for (index, sample) in recorded.enumerated() where sample != 0 && !call.carrier.isFade[index] {
            let heard = Mark.turn(of: sample)
            if heard != turn {
                // Numbers of the marks go round after 31 turns.
                guard (heard + 31 - turn) % 31 < 16 else {
                    Issue.record("seed \(seed): turn \(heard) after turn \(turn) at \(index)")
                    return
                }
                (turn, place) = (heard, 0)
            }
            guard sample == Mark.sample(turn: TurnID(number: turn), place: place) else {
                Issue.record("seed \(seed): turn \(turn): \(sample) instead of place \(place) at \(index)")
                return
            }
            place += 1
        }
    }

    /// 9 calls of 40 interruptions each for every kind of carrier: 1,080 barge-ins.
    @Test(arguments: RecordingCarrier.Kind.allCases) func nothingOfADeadTurnIsHeard(kind: RecordingCarrier.Kind) throws
    {
        for seed in UInt64(0)..<9 {
            var random = SeededRandom(seed: seed)
            let call = try ScriptedCall(kind)
            call.mind.answers = [
                ScriptedAnswer(
                    text: "One two three four five six. Seven eight nine ten eleven twelve.", after: 30, every: 5)
            ]
            call.mind.isSloppy = true
            call.voice.isSloppy = true
            call.voice.chunks = [160, 77, 801, 320, 1]
            call.voice.latency = .random(in: 1...60, using: &random)
            call.voice.every = .random(in: 0...40, using: &random)
            try call.start()
            var now: Int64 = 100
            for number in 0..<40 {
                call.run(until: now)
                // At the same instant, or some time after the interruption.
                let isBarged = Bool.random(using: &random)
                if isBarged { call.session?.bargeIn() }
                call.run(until: now + (isBarged ? .random(in: 0...200, using: &random) : 0))
                call.session?.receiveText("go on \(number)")
                now += .random(in: 210...900, using: &random)
            }
            call.run(until: now + 1_000)
            check(call, seed: seed)
            let starts = call.events.filter { $0.kind == .agentStarted }
            #expect(starts.count > 20, "seed \(seed): most replies are heard")
            call.session?.hangUp()
            call.expectNothingLeft("seed \(seed)")
        }
    }
}
