import Foundation

/// Prints the conversation in order of time while it happens. Lines wait a moment, because the end of a stretch of
/// speech is known only after the pause, and the engine's events come through a file.
struct Console {
    private static let patience = Telephone.samples(milliseconds: 900)

    private var waiting: [(sample: Int, line: String)] = []
    private let colours = isatty(1) == 1

    mutating func add(_ sample: Int, _ notice: SimulatedCall.Notice) {
        switch notice {
        case .said(let say):
            let text = say.text.isEmpty ? say.source : "“\(say.text)”"
            let suffix = say.purpose == .turn ? "" : "   [\(say.purpose.rawValue)]"
            add(sample, "caller", text + suffix, colour: 36)
        case .agentStarted: add(sample, "agent", "▶ starts to speak", colour: 32)
        case .agentStopped(let samples):
            add(sample, "agent", "■ falls silent after \(Int(Telephone.milliseconds(samples: samples))) ms", colour: 32)
        case .cleared(let dropped, let marks):
            let unheard = Int(Telephone.milliseconds(samples: dropped))
            add(sample, "carrier", "clear: \(unheard) ms of audio dropped, \(marks) marks returned", colour: 35)
        case .digit(let digits): add(sample, "caller", "presses \(digits)", colour: 36)
        case .ended(let who): add(sample, who, "hangs up", colour: 33)
        case .violation(let text): add(sample, "carrier", "PROTOCOL ERROR \(text)", colour: 31)
        case .began: break
        case .progress: flush(before: sample - Self.patience)
        }
    }

    /// - Parameter start: CLOCK_MONOTONIC of sample 0.
    mutating func add(_ event: EngineEvent, start: Int64) {
        guard let text = Self.words(event) else { return }
        let sample = Int((event.timeNanoseconds - start) / Telephone.nanosecondsPerSample)
        add(sample, "engine", text, colour: 90)
    }

    mutating func flush(before limit: Int = .max) {
        for entry in waiting.sorted(by: { $0.sample < $1.sample }) where entry.sample < limit { print(entry.line) }
        waiting.removeAll { $0.sample < limit }
        fflush(nil)
    }

    private mutating func add(_ sample: Int, _ who: String, _ text: String, colour: Int) {
        let time = String(format: "%8.3f", Telephone.milliseconds(samples: sample) / 1_000)
        let line = "\(time)  \(who.padding(toLength: 8, withPad: " ", startingAt: 0)) \(text)"
        waiting.append((sample, colours ? "\u{1B}[\(colour)m\(line)\u{1B}[0m" : line))
    }

    /// The events that tell the story; the others are in the log.
    private static func words(_ event: EngineEvent) -> String? {
        switch event.type {
        case "transcript" where event.flags.contains("final"): "understood: “\(event.text)”"
        case "agent_text": "says: “\(event.text)”"
        case "agent_heard":
            event.flags.contains("interrupted") ? "heard, then cut: “\(event.text)”" : "heard: “\(event.text)”"
        case "barge_in": "barge-in \(event.flags.joined(separator: ", "))"
        case "turn_metrics":
            "turn \(event.turn): \(event.totalNanoseconds / 1_000_000) ms from the caller's last speech to the reply"
        case "tool_call", "dtmf_in", "dtmf_out", "transfer", "hangup", "error", "slow_host":
            "\(event.type) \(event.text)"
        default: nil
        }
    }
}
