import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

/// Ten thousand interruptions at random moments, by hosts, in writing and by voice, of providers that go on after they
/// were told to stop. Of every reply, interrupted or not:
/// - the caller hears it from its first sample on, without a gap;
/// - the caller hears nothing of it after the cut;
/// - the position that is reported is the one that was heard, exactly, or within 20 ms where a reader fades by itself;
/// - the text that is reported ends within 20 ms of that position.
@Suite struct BargeInPropertyTests {
    private static let calls = 56
    private static let steps = 80
    /// Of each kind of carrier: 10,000 in all.
    private static let least = 3_334
    /// [samples] 20 ms.
    private static let tolerance: Int64 = 160

    private static let answer = "One two three. Four five six."

    /// - Returns: [ms] until when the call goes on before the next step.
    private func step(_ call: ScriptedCall, _ number: Int, at now: Int64, _ random: inout SeededRandom) -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8:
            call.session?.bargeIn()
            let wait = Int64.random(in: 0...120, using: &random)
            call.run(until: now + wait)
            call.session?.receiveText("go on \(number)")
            return now + wait
        case 8..<17:
            call.session?.receiveText("go on \(number)")
            return now
        case 17, 18:
            call.caller(says: "no wait", at: now, for: .random(in: 150...300, using: &random))
            return now + 700
        default:
            call.caller(says: "yeah", at: now, for: .random(in: 60...200, using: &random))
            return now + .random(in: 100...800, using: &random)
        }
    }

    private func check(_ call: ScriptedCall, seed: UInt64) -> Int {
        var resumed: [UInt64: Int] = [:]
        var starts: [UInt64: Int64] = [:]
        for event in call.events {
            if event.kind == .bargeIn, event.flags.contains(.resumed) { resumed[event.turn.number, default: 0] += 1 }
            if event.kind == .agentStarted { starts[event.turn.number] = event.position }
        }
        let heard = HeardReplies(call.carrier, resumed: resumed)
        if let fault = heard.fault {
            Issue.record("seed \(seed), \(call.carrier.kind): \(fault)")
        }
        guard heard.fault == nil else { return 0 }
        let slack = call.carrier.kind == .reader ? Self.tolerance : 0
        for event in call.events where event.kind == .agentHeard {
            let truth = heard.lengths[event.turn.number] ?? 0
            let told = starts[event.turn.number].map { event.position - $0 } ?? 0
            // The first samples of a fade in are silent.
            let unseen: Int64 = resumed[event.turn.number] == nil ? 0 : 4
            if abs(told - truth) > slack + unseen {
                Issue.record("seed \(seed), \(call.carrier.kind): \(truth) samples of \(event.turn), told \(told)")
            }
            let words = event.text.split(separator: " ").count
            if !Self.words(truth).contains(words) {
                Issue.record("seed \(seed), \(call.carrier.kind): \(truth) samples of \(event.turn): \(event.text)")
            }
        }
        return call.events.count { $0.kind == .bargeIn && $0.flags.contains(.confirmed) }
    }

    /// How many words the caller may have heard of so many samples, 20 ms more or less: a word of 200 ms counts from its
    /// middle on.
    private static func words(_ samples: Int64) -> ClosedRange<Int> {
        func count(_ samples: Int64) -> Int { Int(max(samples + 800, 0) / 1_600) }
        return count(samples - tolerance)...count(samples + tolerance)
    }

    @Test(arguments: RecordingCarrier.Kind.allCases) func whatIsCutIsGoneAndWhatIsHeardIsKnown(
        kind: RecordingCarrier.Kind
    ) throws {
        var interruptions = 0
        for seed in 0..<UInt64(Self.calls) {
            var random = SeededRandom(
                seed: seed &* 3 &+ UInt64(RecordingCarrier.Kind.allCases.firstIndex(of: kind) ?? 0))
            let call = try ScriptedCall(kind)
            call.mind.answers = [ScriptedAnswer(text: Self.answer, after: 20, every: 2)]
            call.mind.isSloppy = .random(using: &random)
            call.voice.isSloppy = .random(using: &random)
            call.voice.tellsWordEnds = true
            call.voice.chunks = (0..<5).map { _ in Int.random(in: 1...1_600, using: &random) }
            call.voice.latency = .random(in: 1...60, using: &random)
            call.voice.every = .random(in: 0...40, using: &random)
            try call.start()
            var now: Int64 = 100
            for number in 0..<Self.steps {
                call.run(until: now)
                now = step(call, number, at: now, &random) + .random(in: 20...600, using: &random)
            }
            call.run(until: now + 3_000)
            interruptions += check(call, seed: seed)
            call.session?.hangUp()
            call.expectNothingLeft("seed \(seed)")
        }
        #expect(interruptions >= Self.least)
    }
}
