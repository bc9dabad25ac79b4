/// At which station of its plan a call is. Pure.
///
///     at(node) ─chosen, or a tool succeeded─► at(next node)
///        └─────────────────────────────────► leaving(node, from) ─the reply is over─► at(from)
///
/// A node that ends the call is only passed through: when its goodbye was interrupted, or the transfer did not work, the
/// conversation goes on where it came from.
package struct FlowStateMachine: Equatable, Sendable {
    package enum Action: Equatable {
        /// Nothing changes: the model goes on where it is.
        case stay
        /// The reply goes on here.
        case enter(FlowNode)
    }

    private enum State: Equatable {
        /// - Parameter hops: Ways gone in the reply under way.
        case at(FlowNode, hops: Int)
        case leaving(FlowNode, from: FlowNode)
    }

    /// Ways that one reply may go: a plan that leads in circles must not keep the caller waiting.
    package static let mostHops = 5

    private let plan: FlowPlan
    private var state: State

    /// nil when the plan does not hold its own start.
    ///
    /// - Parameter name: Where the call stands already; nil, or a station that is not in the plan any more: at the start.
    package init?(_ plan: FlowPlan, at name: String? = nil) {
        guard let start = plan[plan.start] else { return nil }
        self.plan = plan
        let station = name.flatMap { plan[$0] }.flatMap { $0.ending == .listen ? $0 : nil }
        state = .at(station ?? start, hops: 0)
    }

    /// Where the conversation goes on if the call does.
    package var station: FlowNode {
        switch state {
        case .at(let node, _), .leaving(_, let node): node
        }
    }

    package var node: FlowNode {
        switch state {
        case .at(let node, _), .leaving(let node, _): node
        }
    }

    /// The ways that the model may choose now.
    package var choices: [(function: String, condition: String)] {
        switch state {
        case .at(let node, let hops):
            guard hops < Self.mostHops else { return [] }
            return node.transitions.compactMap { way in
                switch way.trigger {
                case .condition(let condition): (way.function, condition)
                case .tool: nil
                }
            }
        case .leaving: return []
        }
    }

    /// All tools of an answer are done.
    /// - Parameters:
    ///   - calls: The names that the model called, in order, each with whether it succeeded.
    package mutating func answered(_ calls: [(name: String, succeeded: Bool)]) -> Action {
        switch state {
        case .at(let node, let hops):
            guard hops < Self.mostHops else { return .stay }
            let way = node.transitions.first { way in
                switch way.trigger {
                case .condition: calls.contains { $0.name == way.function }
                case .tool(let name): calls.contains { $0.name == name && $0.succeeded }
                }
            }
            guard let way, let next = plan[way.to] else { return .stay }
            state = next.ending == .listen ? .at(next, hops: hops + 1) : .leaving(next, from: node)
            return .enter(next)
        case .leaving: return .stay
        }
    }

    /// The reply under way is over, and the call is not.
    package mutating func replyEnded() {
        switch state {
        case .at(let node, _): state = .at(node, hops: 0)
        case .leaving(_, let from): state = .at(from, hops: 0)
        }
    }
}
