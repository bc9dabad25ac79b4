internal import NIOCore
internal import VoiceEngineCore
package import VoiceEngineProviders

/// The local language model as a provider: free answers, or choices under a flow.
package final class LocalLLM: LanguageModelProvider {
    package let name = LocalModels.providerName
    private let store: ModelStore
    private let pool: InferencePool
    private let options: LlamaOptions
    private let flow: LocalFlow?

    package init(store: ModelStore, pool: InferencePool, options: LlamaOptions, flow: LocalFlow?) {
        self.store = store
        self.pool = pool
        self.options = options
        self.flow = flow
    }

    /// The same model with another flow: one whose variables are filled in for a call.
    package func with(flow: LocalFlow?) -> LocalLLM { LocalLLM(store: store, pool: pool, options: options, flow: flow) }

    /// Evaluates an agent's fixed prompt in the background, so that its first call does not wait for that (2 to 6 s).
    ///
    /// - Parameter finished: Called on a thread of the pool, or at once when the pool refuses: nil, or what went wrong.
    package func prepare(prompt: String, finished: @escaping @Sendable ((any Error)?) -> Void) {
        let answerer = answerer
        do throws(InferenceRefusal) {
            try pool.submit(to: .language) { job in
                do throws(LocalModelError) {
                    try answerer.prepare(prompt: prompt, job)
                    finished(nil)
                } catch { finished(error) }
            }
        } catch { finished(error) }
    }

    package func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation {
        let generation = LocalGeneration(eventLoop: context.eventLoop, sink: sink)
        generation.start(answerer, request, callID: context.callID, pool: pool)
        return generation
    }

    private var answerer: LocalAnswerer { LocalAnswerer(store: store, options: options, flow: flow) }
}

/// What happens on the pool's thread for one answer.
private struct LocalAnswerer: Sendable {
    let store: ModelStore
    let options: LlamaOptions
    let flow: LocalFlow?

    func prepare(prompt: String, _ job: InferenceJob) throws(LocalModelError) {
        let model = try store.llama()
        // Where the flow has an answer for everything, the model never answers freely.
        if flow?.fallback == nil { try model.prepare(prompt: prompt, job: job) }
        guard let flow else { return }
        try model.prepare(text: flow.prompt, job: job)
        if flow.intents.contains(where: { !$0.slots.isEmpty }) {
            try model.prepare(text: LocalFlow.slotPrompt, job: job)
        }
    }

    func interrupt(_ job: InferenceJob) {
        // A model that is not loaded has nothing under way; loading is not interrupted.
        store.loadedLlama?.interrupt(job)
    }

    /// Answers; events go to `report`, the last one ends the answer. Nothing is reported after a cancellation.
    func answer(
        _ request: ChatRequest, callID: String, _ job: InferenceJob, report: (LanguageModelEvent) -> Void
    ) {
        do throws(LocalModelError) {
            let model = try store.llama()
            var usage = TokenUsage()
            if let flow, let choice = try choose(flow, request, model, callID, job, &usage) {
                switch choice {
                case .other: break
                case .ask(let text):
                    report(.text(text))
                    return report(.finished(.stop, usage))
                case .answer(let text, let tool, let slots):
                    report(.text(text))
                    if let tool { report(.toolCall(Self.call(tool, slots, in: request))) }
                    return report(.finished(tool == nil ? .stop : .toolCalls, usage))
                }
            }
            guard !job.isCancelled else { return }
            let messages = [LlamaMessage(.system, request.prompt)] + request.messages.compactMap(Self.message)
            let answer = try model.generate(messages, conversation: callID, options: options, job: job) {
                report(.text($0))
            }
            usage.prompt += answer.promptTokens
            usage.completion += answer.generatedTokens
            switch answer.ending {
            case .finished: report(.finished(.stop, usage))
            case .tooLong: report(.finished(.length, usage))
            case .cancelled: break
            }
        } catch { report(.failed(error.asProviderError)) }
    }

    // MARK: -

    /// nil when cancelled.
    private func choose(
        _ flow: LocalFlow, _ request: ChatRequest, _ model: LlamaModel, _ callID: String, _ job: InferenceJob,
        _ usage: inout TokenUsage
    ) throws(LocalModelError) -> LocalFlow.Choice? {
        let spoken: [(isCaller: Bool, text: String)] = request.messages.compactMap { message in
            switch message {
            case .user(let text): (true, text)
            case .assistant(let text, _): text.isEmpty ? nil : (false, text)
            case .toolResult: nil
            }
        }
        // After a tool, or at the beginning, there is no sentence of the caller to sort.
        guard case .user(let sentence) = request.messages.last else { return .other }
        func ask(_ fixed: String, _ rest: String, _ answers: [String]) throws(LocalModelError) -> String? {
            let answer = try model.choose(
                among: answers, after: fixed, rest, conversation: callID + "/flow", job: job)
            usage.prompt += answer.promptTokens
            usage.completion += answer.generatedTokens
            return answer.ending == .cancelled ? nil : answer.text
        }
        guard let answer = try ask(flow.prompt, LocalFlow.question(sentence), flow.answers) else { return nil }
        let pending = spoken.last { !$0.isCaller }.flatMap { flow.pending(after: $0.text) }
        var intent = flow.intent(of: answer)
        var known: [String: String] = [:]
        // What fits nothing may be the answer to the agent's question.
        if intent == nil || intent?.name == LocalFlow.other, let pending { intent = pending.intent }
        guard let intent else { return flow.choice(nil, slots: [:]) }
        let sentences = intent.slots.isEmpty ? [] : flow.sentences(for: intent, in: spoken)
        for slot in intent.slots {
            for sentence in sentences where known[slot.name] == nil {
                guard
                    let value = try ask(
                        LocalFlow.slotPrompt, LocalFlow.question(slot, sentence), LocalFlow.values(in: sentence))
                else { return nil }
                known[slot.name] = LocalFlow.value(of: value)
            }
        }
        return flow.choice(intent, slots: known)
    }

    private static func message(_ message: ChatMessage) -> LlamaMessage? {
        switch message {
        case .user(let text): LlamaMessage(.user, text)
        case .assistant(let text, _): text.isEmpty ? nil : LlamaMessage(.assistant, text)
        case .toolResult(_, let json): LlamaMessage(.user, "(Result of the tool: \(json))")
        }
    }

    private static func call(_ tool: String, _ slots: [String: String], in request: ChatRequest) -> ToolCall {
        // Slots hold what the flow lets through: no quotes, no control characters.
        let fields = slots.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
        return ToolCall(
            id: "local-\(request.messages.count)", name: tool, arguments: "{\(fields.joined(separator: ","))}")
    }
}

/// One answer on its way. Confined to the call's loop.
private final class LocalGeneration: Generation {
    private let eventLoop: any EventLoop
    /// nil once the answer has ended or was cancelled.
    private var sink: ((LanguageModelEvent) -> Void)?
    private var interrupt: (() -> Void)?

    init(eventLoop: any EventLoop, sink: @escaping (LanguageModelEvent) -> Void) {
        self.eventLoop = eventLoop
        self.sink = sink
    }

    func start(_ answerer: LocalAnswerer, _ request: ChatRequest, callID: String, pool: InferencePool) {
        let loop = eventLoop
        let generation = NIOLoopBound(self, eventLoop: loop)
        do throws(InferenceRefusal) {
            let job = try pool.submit(to: .language) { job in
                answerer.answer(request, callID: callID, job) { event in
                    loop.execute { generation.value.deliver(event) }
                }
            }
            interrupt = {
                job.cancel()
                answerer.interrupt(job)
            }
        } catch {
            let failure = error.asProviderError
            loop.execute { generation.value.deliver(.failed(failure)) }
        }
    }

    func cancel() {
        sink = nil
        interrupt?()
        interrupt = nil
    }

    private func deliver(_ event: LanguageModelEvent) {
        guard let sink else { return }
        switch event {
        case .text, .toolCall: break
        case .finished, .failed:
            self.sink = nil
            interrupt = nil
        }
        sink(event)
    }
}
