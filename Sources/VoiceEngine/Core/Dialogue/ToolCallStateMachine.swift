/// The tool calls of one answer: collected while the model writes, then awaited together. Pure.
package struct ToolCallStateMachine: ~Copyable {
    package enum Action: Equatable {
        case none
        /// Ask the host for these; call `timerFired` when they take too long.
        case request([ToolCall])
        /// All answered: the model goes on with these results, in the order of the calls.
        case resume([ToolCall], results: [String])
        /// Nobody waits for this result.
        case unknownCall
    }

    private enum State {
        case collecting([ToolCall], round: Int)
        case awaiting([ToolCall], results: [String?], round: Int)
    }

    /// Calls of one answer; a model that loops makes more, and they are dropped.
    package static let mostCalls = 16
    /// Answers with calls in one reply; then the reply ends with what was said.
    package static let mostRounds = 8

    /// What the model is told about a tool that did not answer.
    package static let timeoutResult = #"{"error":"the tool did not answer in time"}"#

    private var state = State.collecting([], round: 0)

    package init() {}

    package mutating func called(_ call: ToolCall) {
        switch state {
        case .collecting(let calls, let round):
            guard calls.count < Self.mostCalls, round < Self.mostRounds else { return }
            state = .collecting(calls + [call], round: round)
        case .awaiting: break
        }
    }

    /// The model has finished its answer.
    package mutating func answerFinished() -> Action {
        switch state {
        case .collecting(let calls, let round):
            guard !calls.isEmpty else { return .none }
            state = .awaiting(calls, results: Array(repeating: nil, count: calls.count), round: round)
            return .request(calls)
        case .awaiting: return .none
        }
    }

    package mutating func result(id: String, json: String) -> Action {
        switch state {
        case .collecting: return .unknownCall
        case .awaiting(let calls, var results, let round):
            guard let index = calls.indices.first(where: { calls[$0].id == id && results[$0] == nil }) else {
                return .unknownCall
            }
            results[index] = json
            state = .awaiting(calls, results: results, round: round)
            return resumeIfComplete(calls, results, round)
        }
    }

    package mutating func timerFired() -> Action {
        switch state {
        case .collecting: return .none
        case .awaiting(let calls, let results, let round):
            return resumeIfComplete(calls, results.map { $0 ?? Self.timeoutResult }, round)
        }
    }

    private mutating func resumeIfComplete(_ calls: [ToolCall], _ results: [String?], _ round: Int) -> Action {
        let known = results.compactMap { $0 }
        guard known.count == calls.count else { return .none }
        state = .collecting([], round: round + 1)
        return .resume(calls, results: known)
    }
}
