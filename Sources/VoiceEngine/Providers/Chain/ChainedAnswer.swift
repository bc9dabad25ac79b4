internal import NIOCore
package import VoiceEngineCore

/// One answer of a chain of language models.
///
/// Before the first token a failed request is made again, to the same model or the next. In the middle of an answer the
/// next model continues it: it is given what was said, and what it repeats of that is cut off. Once a tool was called
/// the answer ends there, so that no call is made twice. Optionally a second model is asked when the first is late.
///
/// Confined to the call's loop. The sink gets text and calls as from one model, and one end.
package final class ChainedAnswer: Generation {
    /// A request on its way.
    private struct Attempt {
        let number: Int
        let link: Int
        let began: Instant
        var generation: (any Generation)?
        /// It has begun to answer.
        var isSpeaking = false
    }

    /// What a model is asked to do with an answer that another has begun.
    package static let continuation =
        "(The connection broke while you were speaking. Go on exactly where your last message stops, in the same "
        + "language, as if nothing had happened. Do not repeat anything and do not mention this.)"

    private let request: ChatRequest
    private let chain: ProviderChain<any LanguageModelProvider>
    private let choice: LinkChoice
    private let policy: FailoverPolicy
    private let context: ProviderContext
    private let notes: (ChainNote) -> Void
    private var sink: ((LanguageModelEvent) -> Void)?
    private var attempts: [Attempt] = []
    private var lastNumber = 0
    private var said = ""
    private var hasCalled = false
    private var joint: AnswerContinuation?
    /// The next attempt, or the look at a late one.
    private var retry: Scheduled<Void>?
    private var hedge: Scheduled<Void>?
    /// The model has sent nothing for too long. It is put off by every token.
    private var watch: LoopTimer?

    /// - Parameters:
    ///   - choice: Of this call, kept from answer to answer.
    ///   - notes: What happens to the links. Like the sink, never called inside `begin`.
    package init(
        _ request: ChatRequest, chain: ProviderChain<any LanguageModelProvider>, choice: LinkChoice,
        policy: FailoverPolicy, context: ProviderContext,
        notes: @escaping (ChainNote) -> Void, sink: @escaping (LanguageModelEvent) -> Void
    ) {
        self.request = request
        self.chain = chain
        self.choice = choice
        self.policy = policy
        self.context = context
        self.notes = notes
        self.sink = sink
    }

    package func begin() {
        let link = choice.begin(at: context.eventLoop.instant)
        ask(link)
        armHedge(after: choice.health(of: link).usualFirstResult)
    }

    package func cancel() {
        guard sink != nil else { return }
        sink = nil
        stopTimers()
        let now = context.eventLoop.instant
        for attempt in attempts {
            attempt.generation?.cancel()
            if !attempt.isSpeaking { choice.health(of: attempt.link).abandoned(at: now) }
        }
        attempts = []
    }

    package func holdAnswer(_ hold: Bool) {
        for attempt in attempts { attempt.generation?.holdAnswer(hold) }
    }

    // MARK: - Asking

    private func ask(_ link: Int) {
        lastNumber += 1
        let number = lastNumber
        attempts.append(Attempt(number: number, link: link, began: context.eventLoop.instant))
        choice.health(of: link).requested()
        let generation = chain.links[link].provider.generate(asked, context: context) { [weak self] event in
            self?.received(event, from: number)
        }
        if let index = attempts.firstIndex(where: { $0.number == number }) {
            attempts[index].generation = generation
        } else {
            generation.cancel()
        }
        armWatch()
    }

    /// The request, with what was said already.
    private var asked: ChatRequest {
        guard let joint, !joint.asked.isEmpty else { return request }
        var asked = request
        asked.messages += [.assistant(joint.asked, toolCalls: []), .user(Self.continuation)]
        return asked
    }

    private func armHedge(after usual: Nanoseconds?) {
        guard policy.hedges, chain.links.count > 1, let usual else { return }
        hedge = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(usual.rawValue)) {
            self.hedge = nil
            self.askAnother()
        }
    }

    /// The first request is later than usual.
    private func askAnother() {
        guard sink != nil, attempts.count == 1, !attempts[0].isSpeaking,
            let other = choice.other(at: context.eventLoop.instant)
        else { return }
        notes(.hedged)
        ask(other)
    }

    private func armWatch() {
        guard let patience = policy.modelPatience else { return }
        let timer = watch ?? LoopTimer(eventLoop: context.eventLoop) { _ in self.isLate(patience) }
        watch = timer
        timer.arm(until: context.eventLoop.instant + patience)
    }

    private func stopTimers() {
        retry?.cancel()
        hedge?.cancel()
        watch?.close()
        (retry, hedge, watch) = (nil, nil, nil)
    }

    // MARK: - Answers

    private func received(_ event: LanguageModelEvent, from number: Int) {
        guard sink != nil, let index = attempts.firstIndex(where: { $0.number == number }) else { return }
        switch event {
        case .text(let text):
            took(index)
            say(joint?.append(text) ?? text)
        case .toolCall(let call):
            took(index)
            say(joint?.finish() ?? "")
            hasCalled = true
            sink?(.toolCall(call))
        case .finished(let reason, let usage):
            took(index)
            say(joint?.finish() ?? "")
            choice.settled()
            end(.finished(reason, usage))
        case .failed(let error): failed(attempts[index], error)
        }
    }

    private func say(_ text: String) {
        guard !text.isEmpty else { return }
        said += text
        sink?(.text(text))
    }

    /// This attempt answers: it is the one that counts.
    private func took(_ index: Int) {
        armWatch()
        guard !attempts[index].isSpeaking else { return }
        attempts[index].isSpeaking = true
        let attempt = attempts[index]
        let now = context.eventLoop.instant
        hedge?.cancel()
        hedge = nil
        for other in attempts where other.number != attempt.number {
            other.generation?.cancel()
            choice.health(of: other.link).wasWasted(at: now)
        }
        attempts = [attempt]
        choice.took(attempt.link)
        choice.health.succeeded(after: now - attempt.began, at: now)
        notes(.firstResult(now - attempt.began))
    }

    // MARK: - Failures

    private func isLate(_ patience: Nanoseconds) {
        for attempt in attempts {
            attempt.generation?.cancel()
            let name = choice.name(of: attempt.link)
            let detail = "sent nothing for \(patience.wholeMilliseconds) ms"
            failed(attempt, ProviderError(.timeout, provider: name, detail: detail), isLate: true)
        }
    }

    /// - Parameter isLate: The caller has waited long enough for this model.
    private func failed(_ attempt: Attempt, _ error: ProviderError, isLate: Bool = false) {
        guard sink != nil, attempts.contains(where: { $0.number == attempt.number }) else { return }
        let now = context.eventLoop.instant
        attempts.removeAll { $0.number == attempt.number }
        choice.health(of: attempt.link).failed(error, at: now)
        notes(.failed(error))
        // Another request is on its way.
        guard sink != nil, attempts.isEmpty else { return }
        stopTimers()
        // The calls are complete: what would follow them is the next answer.
        if hasCalled { return end(.finished(.toolCalls, TokenUsage())) }
        choice.took(attempt.link)
        var failure = FailoverStateMachine.Failure(error, isMidway: !said.isEmpty)
        if isLate { failure.isRetryable = false }
        switch choice.turn(after: failure, at: now) {
        case .exhausted: end(.failed(error))
        case .use(let link, let delay, let note): turn(to: link, after: delay, note)
        }
    }

    private func turn(to link: Int, after delay: Nanoseconds, _ note: ChainNote) {
        notes(note)
        guard sink != nil else { return }
        joint = said.isEmpty ? nil : AnswerContinuation(said: said)
        guard delay > .zero else { return ask(link) }
        retry = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.rawValue)) {
            self.retry = nil
            if self.sink != nil { self.ask(link) }
        }
    }

    private func end(_ event: LanguageModelEvent) {
        let last = sink
        sink = nil
        stopTimers()
        attempts = []
        last?(event)
    }
}
