import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Whole calls in which everything happens at random. Whatever it is: each call ends once and leaves nothing, each
/// reply is reported in order and once, no sample of a reply is heard twice, out of order or after its turn, and the
/// history stays well-formed.
@Suite struct ChaosTests {
    private func randomAnswer(_ random: inout SeededRandom) -> ScriptedAnswer {
        let texts = [
            "Yes.", "We open at nine in the morning. Would you like to come?", "", "One moment please.",
            "No, I am sorry.",
        ]
        var answer = ScriptedAnswer(
            text: texts.randomElement(using: &random) ?? "", after: .random(in: 0...400, using: &random),
            every: .random(in: 0...60, using: &random))
        switch Int.random(in: 0..<12, using: &random) {
        case 0: answer.end = .failed(.timeout)
        case 1, 2: answer.end = .tools([ToolCall(id: "call-1", name: "look_up", arguments: "{}")])
        case 3: answer.end = .hanging
        case 4: answer.end = .tools([ToolCall(id: "t", name: "transfer", arguments: #"{"to":"1"}"#)])
        default: break
        }
        return answer
    }

    private func act(_ call: ScriptedCall, at now: Int64, _ random: inout SeededRandom) {
        switch Int.random(in: 0..<16, using: &random) {
        case 0...5:
            let texts = [
                "yeah", "yes", "no", "when do you open", "I would like to", "stop", "no wait please", "", "",
                "mhm okay",
            ]
            call.caller(
                says: texts.randomElement(using: &random) ?? "", at: now, for: .random(in: 40...1_500, using: &random))
        case 6: call.session?.bargeIn()
        case 7: _ = call.session?.say("Your turn is next.")
        case 8: call.session?.receiveText("hello")
        case 9: call.session?.receiveDigits(Bool.random(using: &random) ? "1" : "#")
        case 10, 11: call.session?.toolResult(id: "call-1", json: "{}")
        case 12: call.ears.open.last?.fail(.unavailable)
        case 13: call.ears.open.last?.endTurn()
        case 14: call.voice.fails = Int.random(in: 0..<6, using: &random) == 0
        default: break
        }
    }

    private func checkReports(_ events: [SessionEvent], seed: UInt64) {
        var starts: Set<TurnID> = []
        var stops: Set<TurnID> = []
        var heard: Set<TurnID> = []
        var paused: TurnID?
        for event in events {
            switch event.kind {
            case .agentStarted: #expect(starts.insert(event.turn).inserted, "seed \(seed): \(event.turn) started twice")
            case .agentStopped: #expect(stops.insert(event.turn).inserted, "seed \(seed): \(event.turn) stopped twice")
            case .agentHeard:
                #expect(heard.insert(event.turn).inserted, "seed \(seed): \(event.turn) ended twice")
                if paused == event.turn { paused = nil }
            case .turnMetrics:
                guard let metrics = event.metrics else { continue }
                #expect(metrics.stages.allSatisfy { $0 >= .zero }, "seed \(seed)")
            case .bargeIn:
                if event.flags.contains(.paused) {
                    #expect(paused == nil, "seed \(seed)")
                    paused = event.turn
                } else if event.flags.contains(.resumed) {
                    #expect(paused == event.turn, "seed \(seed)")
                    paused = nil
                }
            default: break
            }
        }
        #expect(starts == stops, "seed \(seed)")
        #expect(starts.isSubset(of: heard), "seed \(seed)")
        #expect(paused == nil, "seed \(seed)")
        #expect(events.map(\.turn) == events.map(\.turn).sorted(), "seed \(seed): turns only grow")
    }

    /// No sample twice but for fades: a resumed reply begins with a faded copy of what its pause faded out.
    private func checkAudio(_ call: ScriptedCall, seed: UInt64) {
        var turn: UInt64 = 0
        var next: Int64 = 0
        var faded = 0
        let heard = call.carrier.heard
        for (index, sample) in heard.enumerated() where sample != 0 && !call.carrier.isFade[index] {
            let place = Int64(sample % 1_000)
            let number = Mark.turn(of: sample)
            if number == turn, place == next % Mark.period {
                next += 1
                continue
            }
            // A turn begins with its first sample, or behind the fade in when it was paused before that.
            let isSteady = index + 1 < heard.count && heard[index + 1] == sample + 1
            // The first samples of a fade in are silent; a reader's fade out is not played again.
            let skipped = (place - next % Mark.period + Mark.period) % Mark.period
            if number != turn, (number + 31 - turn) % 31 < 16, place == 0 || place == 64, isSteady {
                (turn, next) = (number, place + 1)
            } else if number == turn, skipped <= (call.carrier.kind == .reader ? 68 : 4), isSteady, faded > 0 {
                next += skipped + 1
            } else {
                faded += 1
                next += 1
            }
        }
        let resumed = call.events.filter { $0.kind == .bargeIn && $0.flags.contains(.resumed) }.count
        #expect(faded <= 64 * resumed, "seed \(seed): \(faded) samples out of place, \(resumed) resumed")
    }

    private func checkHistory(_ requests: [ChatRequest], seed: UInt64) {
        for request in requests {
            var previous: ChatMessage?
            for message in request.messages {
                switch (previous, message) {
                case (.user?, .user): Issue.record("seed \(seed): two turns of the caller in a row")
                case (.assistant(_, let calls)?, .assistant), (.assistant(_, let calls)?, .user):
                    #expect(calls.isEmpty, "seed \(seed): a call without its result")
                default: break
                }
                previous = message
            }
        }
    }

    @Test(arguments: RecordingCarrier.Kind.allCases) func anything(kind: RecordingCarrier.Kind) throws {
        for seed in UInt64(0)..<12 {
            var random = SeededRandom(seed: seed)
            var policy = SessionPolicy()
            policy.greeting = Bool.random(using: &random) ? "Hello and good morning to you." : nil
            policy.greetingIsInterruptible = .random(using: &random)
            policy.bargeIn.isEnabled = Int.random(in: 0..<5, using: &random) > 0
            policy.manners.checkInAfter = Bool.random(using: &random) ? .seconds(4) : nil
            policy.manners.longestCall = .seconds(25)
            policy.toolTimeout = .seconds(1)
            policy.failover.retry.retries = 0
            let call = try ScriptedCall(kind, policy: policy)
            call.mind.answers = (0..<40).map { _ in randomAnswer(&random) }
            call.mind.isSloppy = .random(using: &random)
            call.voice.isSloppy = .random(using: &random)
            call.voice.chunks = (0..<5).map { _ in Int.random(in: 1...1_600, using: &random) }
            call.voice.latency = .random(in: 1...150, using: &random)
            call.voice.every = .random(in: 0...100, using: &random)
            call.ears.settle = Int.random(in: 0..<4, using: &random) == 0 ? nil : .random(in: 1...400, using: &random)
            try call.start()
            var now: Int64 = 0
            while now < 22_000 {
                now += .random(in: 20...1_200, using: &random)
                call.run(until: now)
                act(call, at: now, &random)
            }
            if Bool.random(using: &random) {
                call.carrier.isClosed = true
                call.session?.carrierClosed(reason: "gone")
            }
            while now < 50_000, call.events.last?.kind != .closed {
                now += 1_000
                call.run(until: now)
            }
            checkReports(call.events, seed: seed)
            checkAudio(call, seed: seed)
            checkHistory(call.mind.requests, seed: seed)
            call.expectNothingLeft("seed \(seed)")
        }
    }
}
