internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// The course of a call: what the model is told and offered at its station, and how it comes to the next.

extension Session {
    /// What the model is told: the agent's prompt, and that of the station.
    var instructions: String {
        guard let prompt = dialogue.flow?.node.prompt else { return policy.prompt }
        return policy.prompt + "\n\n" + prompt
    }

    /// Who speaks at its station; nil: the agent's own voice.
    var voiceName: String? { dialogue.flow?.node.voice }

    /// The recordings of the voice that speaks now.
    var clips: VoiceClips? { providers.voice(voiceName).clips }

    /// What the model may call in its next answer.
    func offeredTools(for reply: Reply) -> [ToolSpecification] {
        // A model that has called without end must speak.
        guard reply.tools.takesCalls else { return [] }
        let builtIn = policy.builtInTools
        let all = policy.tools + builtIn.tools.map { ToolSpecification($0, of: builtIn) }
        guard let flow = dialogue.flow else { return all }
        guard flow.node.ending == .listen else { return [] }
        let names = flow.node.tools
        let ways = flow.choices.map { way in
            ToolSpecification(
                name: way.function, description: "Call this when: \(way.condition)",
                parameters: #"{"type":"object","properties":{}}"#)
        }
        let everywhere = BuiltInTools.Tool.goalReached.rawValue
        return all.filter { $0.name == everywhere || names?.contains($0.name) ?? true } + ways
    }

    /// The result of a call that needs nobody to carry it out; nil: somebody must.
    func flowAnswer(to call: ToolCall) -> String? {
        guard let flow = dialogue.flow else { return nil }
        if flow.choices.contains(where: { $0.function == call.name }) { return #"{"status":"ok"}"# }
        let isOffered = flow.node.ending == .listen && flow.node.tools?.contains(call.name) ?? true
        if isOffered, !call.name.hasPrefix(FlowTransition.functionPrefix) { return nil }
        return #"{"error":"this cannot be called now"}"#
    }

    /// All tools of an answer are done: the model goes on, here or at another station.
    func goOn(_ reply: Reply, after calls: [ToolCall], results: [String], at now: Instant) {
        guard reply.wish == .listen, dialogue.flow != nil else { return generate(reply) }
        let outcomes = zip(calls, results).map { (name: $0.name, succeeded: !Self.isError($1)) }
        switch dialogue.flow?.answered(outcomes) ?? .stay {
        case .stay: generate(reply)
        case .enter(let node): enter(node, in: reply, at: now)
        }
    }

    /// Lets the host and the voice know at which station the call is: it comes to one with `enter`, and back to one when
    /// a goodbye was interrupted.
    func settleAtNode(at now: Instant) {
        paths?.speaker.use(voiceName)
        guard let node = dialogue.flow?.node.name, node != dialogue.toldNode else { return }
        dialogue.toldNode = node
        emit(.node, at: now) { $0.name = node }
    }

    private static func isError(_ result: String) -> Bool { (try? JSONValue.parse(result))?["error"] != nil }

    /// The reply goes on at another station, without a pause: with its sentence, or with the model's.
    private func enter(_ node: FlowNode, in reply: Reply, at now: Instant) {
        settleAtNode(at: now)
        reply.isInterruptible = node.isInterruptible
        switch node.ending {
        case .listen: break
        case .hangUp: reply.wish = .hangUp(reason: "the agent ended the call")
        case .transfer(let target): reply.wish = .transfer(to: target)
        }
        if let say = node.say {
            sayInReply(say, reply, at: now)
            textFinished(reply, at: now)
        } else if node.ending != .listen, node.prompt == nil {
            textFinished(reply, at: now)
        } else {
            generate(reply)
        }
    }
}

extension ToolSpecification {
    fileprivate init(_ tool: BuiltInTools.Tool, of tools: BuiltInTools) {
        self.init(
            name: tool.rawValue, description: BuiltInTools.description(of: tool),
            parameters: tools.parameters(of: tool).text)
    }
}
