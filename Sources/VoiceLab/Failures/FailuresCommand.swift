import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// `voice-lab failures`: one short call to each of many agents, all at the same time.
///
/// The agents differ in what their providers do wrong. Whatever it is, within the limit the caller hears something (an
/// answer or an apology) or the agent ends the call; a caller who is left with silence is a failure.
struct FailuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures", abstract: "Calls agents with broken providers and looks for callers left in silence.",
        discussion: """
            Prints one JSON object a line for each agent: name, passed, outcome (answered, ended, silent, broken), \
            ms from the caller's last word to the outcome. Exit status 1 when a caller was left in silence.
            """)

    @Option(help: "The voice webhook without the agent's name, such as http://127.0.0.1:8080/twilio/voice.")
    var url: String

    @Option(help: "File with the names of the agents, one a line.")
    var agents: String

    @Option(help: "Milliseconds within which the caller must hear something or the call must end.")
    var limitMs = 12_000

    @Option(help: "Calls at the same time.")
    var parallel = 40

    /// What became of one call.
    struct Outcome: Sendable {
        var agent: String
        var result: String
        var milliseconds: Int
        var detail: String

        var passed: Bool { result == "answered" || result == "ended" }
        var json: String {
            #"{"agent":\#(agent.quotedJSON),"passed":\#(passed),"outcome":"\#(result)","ms":\#(milliseconds),"#
                + #""detail":\#(detail.quotedJSON)}"#
        }
    }

    func validate() throws {
        guard (1_000...60_000).contains(limitMs) else { throw ValidationError("--limit-ms: 1000 to 60000") }
        guard (1...500).contains(parallel) else { throw ValidationError("--parallel: 1 to 500") }
    }

    func run() async throws {
        guard let data = FileManager.default.contents(atPath: agents) else {
            throw ValidationError("cannot read \(agents)")
        }
        let names = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
        var failed = false
        let url = url
        let (scenario, clips) = Self.script(limitMilliseconds: limitMs)
        await withTaskGroup(of: Outcome.self) { group in
            var rest = names[...]
            func next() {
                guard let name = rest.popFirst() else { return }
                group.addTask { await Self.call("\(url)/\(name)", name, scenario, clips) }
            }
            for _ in 0..<parallel { next() }
            while let outcome = await group.next() {
                print(outcome.json)
                fflush(nil)
                if !outcome.passed { failed = true }
                next()
            }
        }
        if failed { throw ExitCode.failure }
    }

    /// The caller lets the greeting pass, whether it comes or not, says one sentence and waits.
    private static func script(limitMilliseconds: Int) -> (Scenario, [Int: CallerMachine.Clip]) {
        let say = Scenario.Say(source: "synthetic", text: "(a sentence)", purpose: .turn)
        let scenario = Scenario(
            name: "failures", maxMilliseconds: limitMilliseconds + 15_000,
            steps: [
                .wait(.milliseconds(2_500), timeoutMilliseconds: 3_500), .say(say),
                .wait(.farewell(silentMilliseconds: 2_000), timeoutMilliseconds: limitMilliseconds), .hangUp,
            ])
        let samples = BenchClip.speechLike(milliseconds: 1_200, pitchHertz: 118)
        return (scenario, [1: CallerMachine.Clip(say: say, samples: samples)])
    }

    private static func call(
        _ url: String, _ name: String, _ scenario: Scenario, _ clips: [Int: CallerMachine.Clip]
    ) async -> Outcome {
        do {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let setup = try await Webhook.call(url: url, scenario: scenario, clips: clips, plain: true, on: loop)
            let record = try await loop.flatSubmit { SimulatedCall.start(setup, on: loop) { _, _ in } }.get()
            return judge(record, name)
        } catch {
            return Outcome(agent: name, result: "broken", milliseconds: 0, detail: "\(error)")
        }
    }

    /// Whether the caller was left in silence. Pure.
    static func judge(_ record: CallRecord, _ name: String) -> Outcome {
        let spoken = record.utterances.last?.speech.upperBound ?? 0
        func after(_ sample: Int) -> Int { Int(Telephone.milliseconds(samples: max(0, sample - spoken)).rounded()) }
        if let violation = record.violations.first {
            return Outcome(agent: name, result: "broken", milliseconds: after(violation.sample), detail: violation.text)
        }
        // Less than this is a click, no word.
        let word = Telephone.samples(milliseconds: 150)
        if let span = record.agentSpans.first(where: { $0.upperBound > spoken && $0.count >= word }) {
            return Outcome(agent: name, result: "answered", milliseconds: after(span.lowerBound), detail: "")
        }
        let end = record.caller.count
        if record.endedBy == "agent" {
            return Outcome(agent: name, result: "ended", milliseconds: after(end), detail: "")
        }
        return Outcome(
            agent: name, result: "silent", milliseconds: after(end), detail: record.failure ?? "nothing was heard")
    }
}
