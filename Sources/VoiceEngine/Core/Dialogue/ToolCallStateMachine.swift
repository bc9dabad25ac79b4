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
        case collecting([ToolCall])
        case awaiting([ToolCall], results: [String?])
    }

    /// What the model is told about a tool that did not answer.
    package static let timeoutResult = #"{"error":"the tool did not answer in time"}"#

    private var state = State.collecting([])

    package init() {}

    package mutating func called(_ call: ToolCall) {
        switch state {
        case .collecting(let calls): state = .collecting(calls + [call])
        case .awaiting: break
        }
    }

    /// The model has finished its answer.
    package mutating func answerFinished() -> Action {
        switch state {
        case .collecting(let calls):
            guard !calls.isEmpty else { return .none }
            state = .awaiting(calls, results: Array(repeating: nil, count: calls.count))
            return .request(calls)
        case .awaiting: return .none
        }
    }

    package mutating func result(id: String, json: String) -> Action {
        switch state {
        case .collecting: return .unknownCall
        case .awaiting(let calls, var results):
            guard let index = calls.firstIndex(where: { $0.id == id }), results[index] == nil else {
                return .unknownCall
            }
            results[index] = json
            state = .awaiting(calls, results: results)
            return resumeIfComplete(calls, results)
        }
    }

    package mutating func timerFired() -> Action {
        switch state {
        case .collecting: return .none
        case .awaiting(let calls, let results):
            return resumeIfComplete(calls, results.map { $0 ?? Self.timeoutResult })
        }
    }

    private mutating func resumeIfComplete(_ calls: [ToolCall], _ results: [String?]) -> Action {
        let known = results.compactMap { $0 }
        guard known.count == calls.count else { return .none }
        state = .collecting([])
        return .resume(calls, results: known)
    }
}
