/// How a tool is waited for.
package struct ToolTerms: Equatable, Sendable {
    /// So long; then the model is told that it did not answer.
    package var patience: Nanoseconds
    /// The caller is told to wait after this; nil: nothing is said.
    package var sayAfter: Nanoseconds?
    /// A call goes on when the caller interrupts the reply; its result is told later.
    package var survivesInterruption: Bool

    package init(patience: Nanoseconds, sayAfter: Nanoseconds? = nil, survivesInterruption: Bool = true) {
        self.patience = patience
        self.sayAfter = sayAfter
        self.survivesInterruption = survivesInterruption
    }
}

/// The tool calls of one reply: collected while the model writes, then awaited together. Pure.
///
///     collecting ─answer finished─► awaiting ─all answered, or too late─► collecting (the next round)
///          └──────── the reply ends ────┴──► ended: what is unfinished is left behind, or stopped
package struct ToolCallStateMachine: ~Copyable {
    package enum Action: Equatable {
        case none
        /// Have these carried out; call `timerFired` at `wake`.
        case request([ToolCall], wake: Instant)
        /// Nothing to do before `wake`.
        case wait(wake: Instant)
        /// The caller waits for this call already: say what its tool says meanwhile.
        case say(ToolCall, wake: Instant)
        /// All answered: the model goes on with these results, in the order of the calls.
        case resume([ToolCall], results: [String])
        /// The reply is over while calls were under way.
        case leave(Left)
        /// Nobody waits for this result.
        case unknownCall
    }

    /// What an interrupted reply leaves behind.
    package struct Left: Equatable {
        /// All calls of the round with what is known of them, for the conversation.
        package var calls: [ToolCall]
        package var results: [String]
        /// Still carried out, until these times.
        package var open: [LateToolCalls.Entry] = []
        /// To be stopped, by id.
        package var stopped: [String] = []
    }

    private struct Entry {
        let call: ToolCall
        let terms: ToolTerms
        var result: String?
        var deadline = Instant.zero
        /// When the caller is told to wait; nil: never, or told already.
        var sayAt: Instant?
    }

    private enum State {
        case collecting([Entry], round: Int)
        case awaiting([Entry], round: Int)
        case ended
    }

    /// Calls of one answer; a model that loops makes more, and they are dropped.
    package static let mostCalls = 16
    /// Answers with calls in one reply; then the reply ends with what was said.
    package static let mostRounds = 8

    /// What the model is told about a tool that did not answer, one that goes on, and one that was stopped.
    package static let timeoutResult = #"{"error":"the tool did not answer in time"}"#
    package static let openResult =
        #"{"status":"still running, do not call it again: the result will stand here"}"#
    package static let stoppedResult = #"{"error":"stopped because the caller interrupted"}"#

    private var state = State.collecting([], round: 0)

    package init() {}

    /// The answer has called tools, or waits for them.
    package var hasCalls: Bool {
        switch state {
        case .collecting(let entries, _): !entries.isEmpty
        case .awaiting: true
        case .ended: false
        }
    }

    /// Whether calls of the next answer are heeded; a model that has called too often must speak.
    package var takesCalls: Bool {
        switch state {
        case .collecting(_, let round), .awaiting(_, let round): round < Self.mostRounds
        case .ended: false
        }
    }

    /// A call of this id is known.
    package func knows(id: String) -> Bool {
        switch state {
        case .collecting(let entries, _), .awaiting(let entries, _): entries.contains { $0.call.id == id }
        case .ended: false
        }
    }

    /// The model calls a tool.
    /// - Parameter answer: The result where it is known at once; nil: somebody must carry the call out.
    package mutating func called(_ call: ToolCall, terms: ToolTerms, answer: String? = nil) {
        switch state {
        case .collecting(let entries, let round):
            guard entries.count < Self.mostCalls, round < Self.mostRounds else { return }
            state = .collecting(entries + [Entry(call: call, terms: terms, result: answer)], round: round)
        case .awaiting, .ended: break
        }
    }

    /// The model has finished its answer.
    /// - Parameter hasSpoken: The answer held text: the caller need not be told to wait as well.
    package mutating func answerFinished(hasSpoken: Bool, at now: Instant) -> Action {
        switch state {
        case .collecting(var entries, let round):
            guard !entries.isEmpty else { return .none }
            for index in entries.indices {
                entries[index].deadline = now + entries[index].terms.patience
                entries[index].sayAt = hasSpoken ? nil : entries[index].terms.sayAfter.map { now + $0 }
            }
            state = .awaiting(entries, round: round)
            let open = entries.filter { $0.result == nil }.map(\.call)
            if open.isEmpty { return resume(entries, round) }
            return .request(open, wake: Self.wake(entries))
        case .awaiting, .ended: return .none
        }
    }

    package mutating func result(id: String, json: String) -> Action {
        switch state {
        case .collecting, .ended: return .unknownCall
        case .awaiting(var entries, let round):
            guard let index = entries.indices.first(where: { entries[$0].call.id == id && entries[$0].result == nil })
            else { return .unknownCall }
            entries[index].result = json
            state = .awaiting(entries, round: round)
            if entries.allSatisfy({ $0.result != nil }) { return resume(entries, round) }
            return .wait(wake: Self.wake(entries))
        }
    }

    package mutating func timerFired(at now: Instant) -> Action {
        switch state {
        case .collecting, .ended: return .none
        case .awaiting(var entries, let round):
            for index in entries.indices where entries[index].result == nil && entries[index].deadline <= now {
                entries[index].result = Self.timeoutResult
            }
            if entries.allSatisfy({ $0.result != nil }) { return resume(entries, round) }
            let due = entries.first { $0.result == nil && ($0.sayAt.map { $0 <= now } ?? false) }
            if due != nil {
                // Once for all that are awaited together.
                for index in entries.indices { entries[index].sayAt = nil }
            }
            state = .awaiting(entries, round: round)
            let wake = Self.wake(entries)
            return due.map { .say($0.call, wake: wake) } ?? .wait(wake: wake)
        }
    }

    /// The reply is over, whether heard to its end or not.
    package mutating func replyEnded() -> Action {
        switch state {
        case .collecting, .ended:
            state = .ended
            return .none
        case .awaiting(let entries, _):
            state = .ended
            var left = Left(calls: entries.map(\.call), results: [])
            for entry in entries {
                if let result = entry.result {
                    left.results.append(result)
                } else if entry.terms.survivesInterruption {
                    left.results.append(Self.openResult)
                    left.open.append(.init(id: entry.call.id, deadline: entry.deadline))
                } else {
                    left.results.append(Self.stoppedResult)
                    left.stopped.append(entry.call.id)
                }
            }
            return .leave(left)
        }
    }

    // MARK: -

    private mutating func resume(_ entries: [Entry], _ round: Int) -> Action {
        state = .collecting([], round: round + 1)
        return .resume(entries.map(\.call), results: entries.map { $0.result ?? Self.timeoutResult })
    }

    private static func wake(_ entries: [Entry]) -> Instant {
        let open = entries.filter { $0.result == nil }
        return (open.map(\.deadline) + open.compactMap(\.sayAt)).min() ?? .zero
    }
}
