import Foundation
import Testing

@testable import VoiceLab

@Suite struct ScenarioTests {
    @Test func readsEveryKindOfStep() throws {
        let scenario = try Scenario.parse(
            Data(
                """
                {"name":"n","from":"+1","max_ms":9000,"agent_level_db":-50,"steps":[
                 {"wait_for":"agent_silent","for_ms":600,"timeout_ms":5000},
                 {"say":"sound:hello","text":"Hello."},
                 {"after_agent_started_ms":900,"say":"tts:wait","gain_db":-3},
                 {"after_agent_started_ms":100,"say":"wav:a.wav","purpose":"backchannel"},
                 {"wait_for":"hang_up"},{"wait_ms":50},{"dtmf":"5#"},
                 {"expect":"agent_continued","pause_ms":800},{"hang_up":true}]}
                """.utf8))
        #expect(scenario.from == "+1" && scenario.maxMilliseconds == 9000 && scenario.agentThresholdDecibels == -50)
        #expect(
            scenario.steps == [
                .wait(.agentSilent(milliseconds: 600), timeoutMilliseconds: 5000),
                .say(.init(source: "sound:hello", text: "Hello.", purpose: .turn)),
                .wait(.agentSpeaking(milliseconds: 900), timeoutMilliseconds: 20_000),
                .say(.init(source: "tts:wait", text: "wait", purpose: .interruption, gainDecibels: -3)),
                .wait(.agentSpeaking(milliseconds: 100), timeoutMilliseconds: 20_000),
                .say(.init(source: "wav:a.wav", text: "", purpose: .backchannel)),
                .wait(.hangUp, timeoutMilliseconds: 20_000),
                .wait(.milliseconds(50), timeoutMilliseconds: 1_050),
                .dtmf("5#"),
                .expect(.agentContinued(pauseMilliseconds: 800, forMilliseconds: 400)),
                .hangUp,
            ])
    }

    @Test(arguments: [
        (#"{"steps":[]}"#, "$.steps"), (#"[]"#, "$: expected an object"), (#"{"#, "not JSON"),
        (#"{"steps":[{"say":"hello"}]}"#, "$.steps[0].say"), (#"{"steps":[{"hang_up":true}],"stps":1}"#, "$.stps"),
        (#"{"steps":[{"wait_for":"rain"}]}"#, "$.steps[0].wait_for"),
        (#"{"steps":[{"wait_ms":-1}]}"#, "$.steps[0].wait_ms"),
        (#"{"steps":[{"dtmf":"x"}]}"#, "$.steps[0].dtmf"), (#"{"steps":[{"expect":"reply_within"}]}"#, "$.steps[0].ms"),
        (#"{"steps":[{"hang_up":true,"for":1}]}"#, "$.steps[0].for"), (#"{"steps":[{}]}"#, "$.steps[0]"),
        (#"{"steps":[{"say":"tts:a","purpose":"fun"}]}"#, "$.steps[0].purpose"),
        (#"{"name":5,"steps":[{"hang_up":true}]}"#, "$.name"),
    ])
    func aWrongFileNamesThePlace(text: String, place: String) {
        let error = #expect(throws: ScenarioError.self) { try Scenario.parse(Data(text.utf8)) }
        #expect(error?.description.contains(place) == true, "\(error?.description ?? "")")
    }

    @Test func theScenariosOfTheDemoAreSound() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        for name in ["call", "loopback"] {
            let data = try Data(contentsOf: root.appendingPathComponent("examples/demo/\(name).json"))
            let scenario = try Scenario.parse(data)
            let purposes = scenario.steps.compactMap { if case .say(let say) = $0 { say.purpose } else { nil } }
            #expect(purposes.contains(.interruption) && purposes.contains(.backchannel))
            #expect(scenario.steps.last == .hangUp)
        }
    }
}

@Suite struct CallerMachineTests {
    private static func machine(_ steps: [Scenario.Step], limit: Int = 60_000) -> CallerMachine {
        var clips: [Int: CallerMachine.Clip] = [:]
        for (index, step) in steps.enumerated() {
            guard case .say(let say) = step else { continue }
            clips[index] = CallerMachine.Clip(say: say, samples: [Int16](repeating: 8_000, count: 400))
        }
        return CallerMachine(scenario: Scenario(name: "", maxMilliseconds: limit, steps: steps), clips: clips)
    }

    private static let say = Scenario.Say(source: "tts:a", text: "a", purpose: .turn)

    @Test func aClipIsSentInWholeFrames() {
        var machine = Self.machine([.say(Self.say), .hangUp])
        let hearing = CallerMachine.Hearing(spans: [])
        var audio: [UInt8] = []
        for frame in 0..<3 {
            guard case .speak(0, let bytes, let began, let ended) = machine.next(at: frame * 160, hearing: hearing)
            else {
                Issue.record("frame \(frame) is no speech")
                return
            }
            #expect(bytes.count == 160 && began == (frame == 0) && ended == (frame == 2))
            audio += bytes
        }
        #expect(audio.count { $0 == MuLaw.encode(8_000) } == 400)
        #expect(machine.next(at: 480, hearing: hearing) == .hangUp(failure: nil))
        #expect(machine.next(at: 640, hearing: hearing) == .silence)
    }

    @Test func aReplyHasToComeAfterTheCallersWords() {
        var machine = Self.machine([
            .say(Self.say), .wait(.reply(silentMilliseconds: 100), timeoutMilliseconds: 9_000), .hangUp,
        ])
        let early = CallerMachine.Hearing(spans: [0..<200])
        for frame in 0..<3 { _ = machine.next(at: frame * 160, hearing: early) }
        #expect(machine.next(at: 4_000, hearing: early) == .silence)
        let late = CallerMachine.Hearing(spans: [0..<200, 4_000..<4_400])
        #expect(machine.next(at: 5_120, hearing: late) == .silence)
        #expect(machine.next(at: 5_200, hearing: late) == .hangUp(failure: nil))
    }

    @Test func anInterruptionComesIntoTheMiddleOfTheReply() {
        let steps: [Scenario.Step] = [
            .wait(.agentSpeaking(milliseconds: 500), timeoutMilliseconds: 9_000), .say(Self.say),
        ]
        var machine = Self.machine(steps)
        #expect(machine.next(at: 4_800, hearing: .init(spans: [1_000..<4_800])) == .silence)
        guard case .speak = machine.next(at: 5_120, hearing: .init(spans: [1_000..<5_120])) else {
            Issue.record("no interruption")
            return
        }
        var short = Self.machine(steps)
        let failure = "the agent fell silent before it had spoken for 500 ms"
        #expect(short.next(at: 8_000, hearing: .init(spans: [1_000..<2_000])) == .hangUp(failure: failure))
    }

    @Test func waitingInVainEndsTheCall() {
        var machine = Self.machine([.wait(.agentStarted, timeoutMilliseconds: 1_000), .hangUp])
        #expect(machine.next(at: 8_000, hearing: .init(spans: [])) == .silence)
        #expect(
            machine.next(at: 8_160, hearing: .init(spans: []))
                == .hangUp(failure: "waited 1000 ms for the agent to speak, in vain"))
        var long = Self.machine([.wait(.agentStarted, timeoutMilliseconds: 99_000)], limit: 500)
        #expect(long.next(at: 4_160, hearing: .init(spans: [])) == .hangUp(failure: "the call took longer than 500 ms"))
    }

    @Test func aFarewellIsAReplyOrTheEnd() {
        let steps: [Scenario.Step] = [.wait(.farewell(silentMilliseconds: 100), timeoutMilliseconds: 9_000), .hangUp]
        var ended = Self.machine(steps)
        #expect(ended.next(at: 0, hearing: .init(spans: [])) == .silence)
        #expect(ended.next(at: 160, hearing: .init(spans: [], streamEnded: true)) == .hangUp(failure: nil))
        var silent = Self.machine(steps)
        #expect(silent.next(at: 800, hearing: .init(spans: [0..<800])) == .silence)
        #expect(silent.next(at: 1_600, hearing: .init(spans: [0..<800])) == .hangUp(failure: nil))
    }

    @Test func theAgentMayEndTheCallOnlyWhereTheScenarioSaysSo() {
        var machine = Self.machine([.wait(.hangUp, timeoutMilliseconds: 1_000), .hangUp])
        #expect(machine.next(at: 0, hearing: .init(spans: [])) == .silence)
        #expect(machine.next(at: 160, hearing: .init(spans: [], streamEnded: true)) == .hangUp(failure: nil))
        var surprised = Self.machine([.say(Self.say)])
        let ended = CallerMachine.Hearing(spans: [], streamEnded: true)
        #expect(surprised.next(at: 0, hearing: ended) == .hangUp(failure: "the agent ended the call early"))
    }
}
