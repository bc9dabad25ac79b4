internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineProviders

// Tools: what the model calls while it answers.
//
//     model ─► noteToolCall ─┬─ built in: what follows when the reply was heard (Session+Ending)
//                            ├─ a way of the flow: known at once, gone when all tools are done (Session+Flow)
//                            ├─ declared with http: ToolRunner ─┐
//                            └─ else: event to the host ────────┴─► toolAnswered ─► the model goes on
//
// A reply that ends before its tools leaves their calls in the conversation, with a note in place of the result; the
// result takes that place when it comes.

/// How a tool is treated in a call.
package struct ToolManners: Equatable, Sendable {
    package var terms: ToolTerms
    /// Said in turn while it takes long.
    package var say: [String]

    package init(terms: ToolTerms, say: [String] = []) {
        self.terms = terms
        self.say = say
    }
}

/// The tools of a call that are under way.
struct Errands {
    /// Those of replies that are over.
    var late = LateToolCalls()
    /// Those that the engine carries out, by id.
    var runs: [String: any ToolRun] = [:]
    /// Sentences said so far, by tool.
    var sayings: [String: Int] = [:]
    /// When the reply's tools want to be looked at.
    var wake: Instant?
}

extension Session {
    // MARK: - Calling

    func noteToolCall(_ call: ToolCall, in reply: Reply) {
        var call = call
        // Some servers number the calls of each answer anew.
        while reply.tools.knows(id: call.id) || dialogue.errands.late.knows(id: call.id) { call.id += "_" }
        if let request = policy.builtInTools.request(of: call) { return note(request, of: call, in: reply) }
        reply.tools.called(call, terms: manners(of: call).terms, answer: flowAnswer(to: call))
    }

    private func note(_ request: BuiltInTools.Request, of call: ToolCall, in reply: Reply) {
        switch request {
        case .endCall(let goodbye):
            reply.wish = .hangUp(reason: "the agent ended the call")
            reply.goodbye = goodbye
        case .goalReached(let outcome):
            reply.wish = .goalReached(outcome: outcome)
            reply.goodbye = policy.manners.goodbye ?? ""
        case .transfer(let target): reply.wish = .transfer(to: target)
        case .sendDigits(let digits): reply.keys = Reply.Keys(digits: digits, call: call)
        case .refused(let answer):
            reply.tools.called(call, terms: manners(of: call).terms, answer: answer)
        }
    }

    private func manners(of call: ToolCall) -> ToolManners {
        policy.toolManners[call.name] ?? ToolManners(terms: ToolTerms(patience: policy.toolTimeout))
    }

    func answerFinished(_ reply: Reply, at now: Instant) {
        let hasSpoken = reply.written.count > reply.writtenBefore
        if !hasSpoken, !reply.goodbye.isEmpty { sayInReply(reply.goodbye, reply, at: now) }
        let action = reply.tools.answerFinished(hasSpoken: hasSpoken, at: now)
        if action == .none { return textFinished(reply, at: now) }
        // What was said so far ("let me look that up") is spoken while the tool runs.
        speakRest(of: reply, at: now)
        perform(action, of: reply, at: now)
    }

    func perform(_ action: ToolCallStateMachine.Action, of reply: Reply, at now: Instant) {
        switch action {
        case .none: break
        case .request(let calls, let wake):
            armTools(wake)
            for call in calls { start(call, at: now) }
        case .wait(let wake): armTools(wake)
        case .say(let call, let wake):
            armTools(wake)
            sayMeanwhile(call, in: reply, at: now)
        case .resume(let calls, let results):
            armTools(nil)
            // Those that have not answered in time need not go on.
            for call in calls { dialogue.errands.runs.removeValue(forKey: call.id)?.cancel() }
            dialogue.conversation.toolsCalled(calls, saying: "", results: results)
            goOn(reply, after: calls, results: results, at: now)
        case .leave(let left): leave(left)
        case .unknownCall: reportUnknownCall(at: now)
        }
    }

    private func start(_ call: ToolCall, at now: Instant) {
        let run = providers.toolRunner?.run(call, context: context) { [wayBack] json in
            guard let session = wayBack.owner, session.life == .running else { return }
            session.toolAnswered(id: call.id, json: json, at: session.context.eventLoop.instant)
        }
        if let run {
            dialogue.errands.runs[call.id] = run
            return
        }
        emit(.toolCall, at: now) {
            $0.name = call.name
            $0.id = call.id
            $0.text = call.arguments
        }
    }

    // MARK: - Waiting

    private func sayMeanwhile(_ call: ToolCall, in reply: Reply, at now: Instant) {
        let sentences = manners(of: call).say
        guard !sentences.isEmpty else { return }
        let count = dialogue.errands.sayings[call.name] ?? 0
        dialogue.errands.sayings[call.name] = count + 1
        sayInReply(sentences[count % sentences.count], reply, at: now)
        speakRest(of: reply, at: now)
    }

    /// A text of the document in the middle of a reply; the model is told with its next request that it was said.
    func sayInReply(_ text: String, _ reply: Reply, at now: Instant) {
        if let last = reply.written.last, !last.isWhitespace { reply.written += " " }
        reply.written += text
        write(text, in: reply, at: now)
    }

    /// - Parameter wake: When the reply's tools want to be looked at; nil: never.
    private func armTools(_ wake: Instant?) {
        dialogue.errands.wake = wake
        let times = [wake, dialogue.errands.late.wake].compactMap { $0 }
        if let next = times.min() { timers?.tools.arm(until: next) } else { timers?.tools.cancel() }
    }

    func toolTimerFired(at now: Instant) {
        for id in dialogue.errands.late.expired(at: now) {
            dialogue.errands.runs.removeValue(forKey: id)?.cancel()
            dialogue.conversation.amend(id, json: ToolCallStateMachine.timeoutResult)
        }
        armTools(dialogue.errands.wake)
        guard let reply = dialogue.reply else { return }
        perform(reply.tools.timerFired(at: now), of: reply, at: now)
    }

    // MARK: - Results

    /// A tool has answered: the reply that waits for it goes on, or the model finds it with the next turn.
    func toolAnswered(id: String, json: String, at now: Instant) {
        dialogue.errands.runs[id] = nil
        if dialogue.errands.late.answered(id: id) {
            dialogue.conversation.amend(id, json: json)
            return armTools(dialogue.errands.wake)
        }
        guard let reply = dialogue.reply else { return reportUnknownCall(at: now) }
        perform(reply.tools.result(id: id, json: json), of: reply, at: now)
    }

    private func reportUnknownCall(at now: Instant) {
        emit(.error, at: now) {
            $0.status = .notFound
            $0.name = "tool_result"
            $0.text = "no tool call of this id is waiting"
        }
    }

    /// The reply is over; called before what was heard of it joins the conversation.
    func toolsEnd(with reply: Reply, at now: Instant) {
        perform(reply.tools.replyEnded(), of: reply, at: now)
        armTools(nil)
        dialogue.flow?.replyEnded()
    }

    private func leave(_ left: ToolCallStateMachine.Left) {
        var left = left
        for entry in left.open where !dialogue.errands.late.add(entry) {
            left.stopped.append(entry.id)
            if let index = left.calls.firstIndex(where: { $0.id == entry.id }) {
                left.results[index] = ToolCallStateMachine.stoppedResult
            }
        }
        for id in left.stopped { dialogue.errands.runs.removeValue(forKey: id)?.cancel() }
        dialogue.conversation.toolsCalled(left.calls, saying: "", results: left.results)
    }

    /// The reply was heard: the keys that its model wanted pressed.
    func pressKeys(of reply: Reply, at now: Instant) {
        guard let keys = reply.keys else { return }
        reply.keys = nil
        _ = carrier.perform(.sendDigits(keys.digits))
        emit(.dtmfOut, at: now) { $0.text = keys.digits }
        dialogue.conversation.toolsCalled([keys.call], saying: "", results: [#"{"status":"pressed"}"#])
    }
}
