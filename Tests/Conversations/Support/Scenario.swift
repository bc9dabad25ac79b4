import Foundation
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// A conversation as one text: how it is set up, what happens, and the whole story that must come of it.
///
///     greeting "One two three."              set-up: `Scenario.Setup` lists what there is
///     > 1000 caller "yeah" 300               what happens, in order of time: `ScriptedCall.play` lists the actions
///     1040 barge-in paused at 7520           the story, all of it, to the millisecond
///     [reader] 1040 barge-in paused at 7576  a line of the story on this kind of carrier only
///     - user "yeah"                          the messages that the model was asked with last
///
/// Whoever reads it sees the call; where an action stands between the lines of the story has no meaning. A scenario that
/// fails prints the text that would not.
struct Scenario: Sendable {
    let name: String
    let text: String

    init(_ name: String, _ text: String) {
        (self.name, self.text) = (name, text)
    }

    fileprivate var lines: [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// `word ×240` stands for the word 240 times.
    fileprivate static func expanded(_ line: String) -> String {
        line.replacing(/(\w+) ×(\d+)/) { match in
            repeatElement(String(match.1), count: Int(match.2) ?? 1).joined(separator: " ")
        }
    }

    fileprivate static func abbreviated(_ line: String) -> String {
        line.replacing(/(\w+)( \1\b){9,}/) { match in
            "\(match.1) ×\(match.0.count { $0 == " " } + 1)"
        }
    }

    /// One run for each kind of carrier that the text names; a wire when it names none.
    var runs: [ScenarioRun] {
        let kinds: [RecordingCarrier.Kind] =
            lines.contains("on every carrier")
            ? RecordingCarrier.Kind.allCases
            : RecordingCarrier.Kind.allCases.filter { lines.contains("on a \($0.rawValue)") }
        return (kinds.isEmpty ? [.wire] : kinds).map { ScenarioRun(scenario: self, kind: $0) }
    }
}

/// One scenario on one kind of carrier.
struct ScenarioRun: Sendable, CustomTestStringConvertible {
    let scenario: Scenario
    let kind: RecordingCarrier.Kind

    var testDescription: String { "\(scenario.name) (\(kind.rawValue))" }

    func play(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let setup = try Setup(scenario.lines)
        let call = try ScriptedCall(kind, detects: setup.detects, policy: setup.policy, history: setup.history)
        setup.apply(to: call)
        var told: [String] = []
        var seen = 0
        func tell() {
            told += call.lines(from: seen)
            seen = call.events.count
        }
        try call.start()
        for line in scenario.lines where line.hasPrefix("> ") {
            let action = String(line.dropFirst(2))
            try call.run(to: action)
            tell()
            told.append(line)
            try call.perform(Scenario.expanded(action))
            tell()
        }
        told += call.lastRequest
        told = told.map { $0.hasPrefix("> ") ? $0 : Scenario.abbreviated($0) }
        let story = told.filter { !$0.hasPrefix("> ") }
        let expected = expectedStory
        Self.write(told, of: self)
        #expect(
            story == expected, "\(testDescription):\n\((scenario.setupLines + told).joined(separator: "\n"))",
            sourceLocation: sourceLocation)
        if call.events.last?.kind == .closed {
            call.expectNothingLeft("\(testDescription)", sourceLocation: sourceLocation)
        }
    }

    /// The story on this kind of carrier.
    private var expectedStory: [String] {
        scenario.lines.compactMap { line in
            if line.hasPrefix("[") {
                let parts = line.dropFirst().split(separator: "]", maxSplits: 1)
                return parts.first.map(String.init) == kind.rawValue ? String(parts[1].dropFirst()) : nil
            }
            return line.first?.isNumber == true || line.hasPrefix("- ") ? line : nil
        }
    }

    /// `VOICE_ENGINE_STORIES=FILE` collects what happened, one JSON object a line, for whoever brings many texts up to
    /// date after a change of behaviour.
    private static let writing = NSLock()

    private static func write(_ told: [String], of run: ScenarioRun) {
        guard let path = ProcessInfo.processInfo.environment["VOICE_ENGINE_STORIES"] else { return }
        let object = ["name": run.scenario.name, "kind": run.kind.rawValue, "story": told.joined(separator: "\n")]
        guard let line = try? JSONSerialization.data(withJSONObject: object) else { return }
        writing.lock()
        defer { writing.unlock() }
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forWritingAtPath: path) else { return }
        _ = try? file.seekToEnd()
        try? file.write(contentsOf: line + Data("\n".utf8))
        try? file.close()
    }
}

extension Scenario {
    fileprivate var setupLines: [String] {
        lines.filter { line in
            !line.hasPrefix("> ") && !line.hasPrefix("- ") && !line.hasPrefix("[") && line.first?.isNumber != true
        }
    }
}

extension ScriptedCall {
    /// The lines of the story that events from this one on tell.
    func lines(from index: Int) -> [String] { events[index...].compactMap(Self.describe) }

    /// What the model was asked with last, one message a line.
    var lastRequest: [String] {
        (mind.requests.last?.messages ?? []).map { message in
            switch message {
            case .user(let text): "- user \"\(text)\""
            case .assistant(let text, let calls):
                "- assistant \"\(text)\"" + calls.map { " calls \($0.name) \($0.id)" }.joined()
            case .toolResult(let id, let json): "- result \(id) \(json)"
            }
        }
    }
}
