internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// Tools: what the model calls while it answers.

extension Session {
    /// The names of the tools that the session carries out itself.
    enum BuiltInTool: String { case hangUp = "hang_up", transfer = "transfer", goalReached = "goal_reached" }

    func noteToolCall(_ call: ToolCall, in reply: Reply) {
        switch BuiltInTool(rawValue: call.name) {
        case .hangUp: reply.wish = .hangUp(reason: "the agent ended the call")
        case .transfer:
            let target = try? JSONValue.parse(call.arguments)["to"]?.string
            if let target { reply.wish = .transfer(to: target) }
        case .goalReached: goalReached(call, in: reply)
        case nil: reply.tools.called(call)
        }
    }

    func answerFinished(_ reply: Reply, at now: Instant) {
        let action = reply.tools.answerFinished()
        if action == .none {
            addGoodbye(to: reply, at: now)
            return textFinished(reply, at: now)
        }
        // What was said so far ("let me look that up") is spoken while the tool runs.
        speakRest(of: reply, at: now)
        perform(action, of: reply, at: now)
    }

    func perform(_ action: ToolCallStateMachine.Action, of reply: Reply, at now: Instant) {
        switch action {
        case .none: break
        case .request(let calls):
            timers?.tools.arm(until: now + policy.toolTimeout)
            for call in calls {
                emit(.toolCall, at: now) {
                    $0.name = call.name
                    $0.id = call.id
                    $0.text = call.arguments
                }
            }
        case .resume(let calls, let results):
            timers?.tools.cancel()
            dialogue.conversation.toolsCalled(calls, saying: "", results: results)
            generate(reply)
        case .unknownCall:
            emit(.error, at: now) {
                $0.status = .notFound
                $0.name = "tool_result"
                $0.text = "no tool call of this id is waiting"
            }
        }
    }
}
