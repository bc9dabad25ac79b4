import Foundation

/// What is wrong with a scenario file, with the place.
struct ScenarioError: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What the simulated caller does, step by step. `examples/demo/README.md` documents the file.
struct Scenario: Equatable, Sendable {
    /// What an utterance is for, which decides how it is measured and drawn.
    enum Purpose: String, Sendable { case turn, interruption, backchannel }

    struct Say: Equatable, Sendable {
        /// `sound:NAME`, `wav:PATH` or `tts:TEXT`.
        var source: String
        /// The words, as far as they are known.
        var text: String
        var purpose: Purpose
        var gainDecibels = 0.0
    }

    enum Wait: Equatable, Sendable {
        /// The agent has begun to speak since the caller's last words.
        case agentStarted
        /// The agent has been speaking for this long since then, and still speaks.
        case agentSpeaking(milliseconds: Int)
        /// The agent has not been audible for this long.
        case agentSilent(milliseconds: Int)
        /// The agent has spoken since the caller's last words and has been silent for this long.
        case reply(silentMilliseconds: Int)
        case milliseconds(Int)
        /// As `reply`, or the agent ends the call: either is a proper goodbye.
        case farewell(silentMilliseconds: Int)
        /// The agent ends the call.
        case hangUp
    }

    enum Step: Equatable, Sendable {
        case wait(Wait, timeoutMilliseconds: Int)
        case say(Say)
        case dtmf(String)
        case expect(Expectation)
        case hangUp
    }

    var name: String
    var from = "+15550100200"
    var to = "+15550100100"
    /// Level from which the agent counts as audible.
    var agentThresholdDecibels = LiveLevel.defaultThresholdDecibels
    /// The call is ended and fails when it takes longer.
    var maxMilliseconds = 180_000
    var steps: [Step]
}

extension Scenario {
    /// What must be true of the call. Judged at the end, on the finished record, from where the step stands.
    enum Expectation: Equatable, Sendable {
        /// Since the caller's last words the agent was audible for at least this long.
        case agentSpoke(atLeastMilliseconds: Int)
        /// The reply to the caller's last words began within this time after the last sample of speech.
        case replyWithin(milliseconds: Int)
        /// The agent was speaking at the onset of the caller's last words and was silent within this time, until their end.
        case agentStopped(withinMilliseconds: Int)
        /// The agent was speaking at the onset and went on: silent for at most this long at a time, and then audible for at
        /// least `forMilliseconds` more.
        case agentContinued(pauseMilliseconds: Int, forMilliseconds: Int)
    }
}

extension Scenario {
    /// Reads a scenario file.
    ///
    /// - Throws: `ScenarioError` with the path of the wrong key.
    static func parse(_ data: Data) throws -> Scenario {
        let root: Any
        do {
            root = try JSONSerialization.jsonObject(with: data)
        } catch {
            throw ScenarioError("not JSON: \((error as NSError).userInfo["NSDebugDescription"] ?? error)")
        }
        var object = try Fields(root, at: "$")
        var scenario = Scenario(name: try object.text("name") ?? "call", steps: [])
        if let from = try object.text("from") { scenario.from = from }
        if let to = try object.text("to") { scenario.to = to }
        if let level = try object.number("agent_level_db") { scenario.agentThresholdDecibels = level }
        if let limit = try object.integer("max_ms") { scenario.maxMilliseconds = limit }
        _ = try object.text("about")
        for (index, step) in try object.list("steps").enumerated() {
            scenario.steps += try Self.steps(Fields(step, at: "$.steps[\(index)]"))
        }
        try object.finish()
        guard !scenario.steps.isEmpty else { throw ScenarioError("$.steps: empty; expected at least one step") }
        return scenario
    }

    private static let defaultTimeout = 20_000

    /// One JSON step; an interruption is two: the wait and the words.
    private static func steps(_ fields: Fields) throws -> [Step] {
        var fields = fields
        var steps: [Step] = []
        _ = try fields.text("about")
        let timeout = try fields.integer("timeout_ms") ?? defaultTimeout
        let delay = try fields.integer("after_agent_started_ms")
        if let delay { steps.append(.wait(.agentSpeaking(milliseconds: delay), timeoutMilliseconds: timeout)) }
        if let event = try fields.text("wait_for") {
            let length = try fields.integer("for_ms") ?? 600
            let wait: Wait
            switch event {
            case "agent_started": wait = .agentStarted
            case "agent_silent": wait = .agentSilent(milliseconds: length)
            case "reply": wait = .reply(silentMilliseconds: length)
            case "hang_up": wait = .hangUp
            case "farewell": wait = .farewell(silentMilliseconds: length)
            default:
                throw fields.wrong("wait_for", event, "agent_started, agent_silent, reply, farewell or hang_up")
            }
            steps.append(.wait(wait, timeoutMilliseconds: timeout))
        }
        if let length = try fields.integer("wait_ms") {
            steps.append(.wait(.milliseconds(length), timeoutMilliseconds: length + 1_000))
        }
        if let source = try fields.text("say") {
            steps.append(.say(try say(source, &fields, interrupts: delay != nil)))
        }
        if let digits = try fields.text("dtmf") {
            guard !digits.isEmpty, digits.allSatisfy({ "0123456789*#ABCD".contains($0) }) else {
                throw fields.wrong("dtmf", digits, "digits of 0-9 * # A-D")
            }
            steps.append(.dtmf(digits))
        }
        if let kind = try fields.text("expect") { steps.append(.expect(try expectation(kind, &fields))) }
        if let hangUp = try fields.flag("hang_up") {
            guard hangUp else { throw fields.wrong("hang_up", "false", "true") }
            steps.append(.hangUp)
        }
        try fields.finish()
        guard !steps.isEmpty else {
            throw ScenarioError("\(fields.path): expected wait_for, wait_ms, say, dtmf, expect or hang_up")
        }
        return steps
    }

    private static func say(_ source: String, _ fields: inout Fields, interrupts: Bool) throws -> Say {
        guard ["sound:", "wav:", "tts:"].contains(where: { source.hasPrefix($0) && source.count > $0.count }) else {
            throw fields.wrong("say", source, "sound:NAME, wav:PATH or tts:TEXT")
        }
        let spoken = source.hasPrefix("tts:") ? String(source.dropFirst(4)) : ""
        let text = try fields.text("text") ?? spoken
        var say = Say(source: source, text: text, purpose: interrupts ? .interruption : .turn)
        if let purpose = try fields.text("purpose") {
            guard let known = Purpose(rawValue: purpose) else {
                throw fields.wrong("purpose", purpose, "turn, interruption or backchannel")
            }
            say.purpose = known
        }
        if let gain = try fields.number("gain_db") {
            guard (-40...20).contains(gain) else { throw fields.wrong("gain_db", "\(gain)", "-40 to 20") }
            say.gainDecibels = gain
        }
        return say
    }

    private static func expectation(_ kind: String, _ fields: inout Fields) throws -> Expectation {
        switch kind {
        case "agent_spoke": return .agentSpoke(atLeastMilliseconds: try fields.integer("at_least_ms") ?? 300)
        case "reply_within": return .replyWithin(milliseconds: try fields.required("ms"))
        case "agent_stopped": return .agentStopped(withinMilliseconds: try fields.required("within_ms"))
        case "agent_continued":
            return .agentContinued(
                pauseMilliseconds: try fields.integer("pause_ms") ?? 1_500,
                forMilliseconds: try fields.integer("at_least_ms") ?? 400)
        default: throw fields.wrong("expect", kind, "agent_spoke, reply_within, agent_stopped or agent_continued")
        }
    }
}

/// The members of a JSON object, taken one by one so that what is left over is an unknown key.
private struct Fields {
    let path: String
    private var members: [String: Any]

    init(_ value: Any, at path: String) throws {
        guard let members = value as? [String: Any] else { throw ScenarioError("\(path): expected an object") }
        self.path = path
        self.members = members
    }

    func wrong(_ key: String, _ found: String, _ expected: String) -> ScenarioError {
        ScenarioError("\(path).\(key): “\(found)”; expected \(expected)")
    }

    mutating func text(_ key: String) throws -> String? { try take(key, "a string") }

    mutating func flag(_ key: String) throws -> Bool? { try take(key, "true or false") }

    mutating func number(_ key: String) throws -> Double? { try take(key, "a number") }

    mutating func list(_ key: String) throws -> [Any] { try take(key, "a list") ?? [] }

    mutating func integer(_ key: String) throws -> Int? {
        guard let value = try number(key) else { return nil }
        guard value >= 0, value <= 3_600_000, value == value.rounded() else {
            throw wrong(key, "\(value)", "a whole number of milliseconds up to 3,600,000")
        }
        return Int(value)
    }

    mutating func required(_ key: String) throws -> Int {
        guard let value = try integer(key) else { throw ScenarioError("\(path).\(key): missing") }
        return value
    }

    func finish() throws {
        if let key = members.keys.sorted().first { throw ScenarioError("\(path).\(key): unknown key") }
    }

    private mutating func take<Value>(_ key: String, _ expected: String) throws -> Value? {
        guard let value = members.removeValue(forKey: key) else { return nil }
        guard let typed = value as? Value else { throw wrong(key, "\(value)", expected) }
        return typed
    }
}
