internal import Synchronization

/// How an answer is generated.
package struct LlamaOptions: Equatable, Sendable {
    /// [tokens] A spoken answer of 150 tokens lasts 40 s.
    package var maximumTokens = 150
    /// 0 takes the likeliest token always.
    package var temperature: Float = 0
    package var topP: Float = 0.9
    package var seed: UInt32 = 1
    /// GBNF with the rule `root`; the answer is a sentence of it.
    package var grammar: String?

    package init() {}
}

/// One message as a chat model takes it.
package struct LlamaMessage: Equatable, Sendable {
    package enum Role: String, Sendable { case system, user, assistant }

    package var role: Role
    package var content: String

    package init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// How an answer ended, with what it took.
package struct LlamaAnswer: Equatable, Sendable {
    package enum Ending: Equatable, Sendable { case finished, tooLong, cancelled }

    package var ending: Ending
    package var text: String
    /// [tokens] of the prompt and the conversation.
    package var promptTokens: Int
    /// [tokens] of these that had to be evaluated; the others were kept from before.
    package var evaluatedTokens: Int
    package var generatedTokens: Int
}

/// A small language model on libllama, shared by all calls; it answers one after the other.
///
/// Threads: any; `generate` and `prepare` block and belong on the pool's language lane, where nobody else waits for the
/// lock.
package final class LlamaModel: Sendable {
    package struct Configuration: Equatable, Sendable {
        /// [tokens] for all prompts and conversations together; 12 KB each with the 0.5B model.
        package var contextTokens = 8_192
        /// Prompts and conversations that are remembered at once.
        package var sequences = 16
        package var threads: Int

        package init(threads: Int) { self.threads = min(max(threads, 1), 64) }
    }

    private struct State {
        var cache: PrefixCache
    }

    private let bridge: LlamaBridge
    private let contextTokens: Int
    private let state: Mutex<State>
    /// Who is being answered: only they may abort.
    private let current = Mutex<InferenceJob?>(nil)

    /// Loads the model. Blocks for about a second.
    package init(library: String, model: String, configuration: Configuration) throws(LocalModelError) {
        bridge = try LlamaBridge(
            library: library, model: model, contextTokens: configuration.contextTokens,
            sequences: configuration.sequences, threads: configuration.threads)
        contextTokens = configuration.contextTokens
        state = Mutex(State(cache: PrefixCache(sequences: configuration.sequences)))
    }

    /// Evaluates an agent's fixed prompt and keeps it, so that calls begin after it. Does nothing if it is there.
    package func prepare(prompt: String, job: InferenceJob? = nil) throws(LocalModelError) {
        try pin(job) { () throws(LocalModelError) in
            try self.bridge.format([(LlamaMessage.Role.system.rawValue, Self.plain(prompt))], openAnswer: false)
        }
    }

    /// The same for the beginning of a text that `choose` goes on from.
    package func prepare(text: String, job: InferenceJob? = nil) throws(LocalModelError) {
        try pin(job) { () throws(LocalModelError) in Self.plain(text) }
    }

    private func pin(
        _ job: InferenceJob?, _ text: () throws(LocalModelError) -> String
    ) throws(LocalModelError) {
        try running(job) { state throws(LocalModelError) in
            let tokens = self.bridge.tokenize(try text())
            guard tokens.count < self.contextTokens else { throw .failed("the prompt has \(tokens.count) tokens") }
            guard let plan = state.cache.planPinned(tokens) else { return }
            self.bridge.keep(0, of: plan.sequence)
            _ = try self.evaluate(tokens[...], in: plan.sequence, &state)
        }
    }

    /// Answers the last message.
    ///
    /// - Parameter messages: The fixed prompt as the first message; where they are too long, the oldest after it are
    ///   left out.
    /// - Parameter conversation: Whose this is; its text is kept for the next answer.
    /// - Parameter job: Cancelling it and calling `interrupt` ends the answer within one token.
    /// - Parameter onText: Called with whole characters as they come.
    package func generate(
        _ messages: [LlamaMessage], conversation: String, options: LlamaOptions = LlamaOptions(),
        job: InferenceJob? = nil, onText: (String) -> Void = { _ in }
    ) throws(LocalModelError) -> LlamaAnswer {
        try running(job) { state throws(LocalModelError) in
            let tokens = try self.fitting(messages, answer: options.maximumTokens)
            return try self.answer(tokens, conversation, options, &state, job, onText)
        }
    }

    /// Chooses how a plain text goes on.
    ///
    /// No chat format: its marks cost five tokens more for each message than lines of text, and a small model sorts no
    /// better by it.
    /// - Parameter answers: What may follow; the answer's text is one of them, known once no other one begins like it.
    /// - Parameter fixed: The beginning of the text, best one that was prepared; `rest` goes on from it.
    package func choose(
        among answers: [String], after fixed: String, _ rest: String, conversation: String, job: InferenceJob? = nil
    ) throws(LocalModelError) -> LlamaAnswer {
        var options = LlamaOptions()
        options.grammar = LlamaChoice.grammar(answers)
        options.maximumTokens = answers.reduce(1) { max($0, $1.utf8.count) }
        return try running(job) { state throws(LocalModelError) in
            let tokens = self.bridge.tokenize(Self.plain(fixed + rest))
            guard !tokens.isEmpty, tokens.count + options.maximumTokens <= self.contextTokens else {
                throw .failed("the text has \(tokens.count) tokens")
            }
            var answer = try self.answer(
                tokens, conversation, options, &state, job, { _ in },
                until: { LlamaChoice.only($0, of: answers) != nil })
            if let only = LlamaChoice.only(answer.text, of: answers) { answer.text = only }
            return answer
        }
    }

    /// Makes an evaluation under way for this job end at once. Call after `job.cancel()`. Threads: any. Blocks: no.
    package func interrupt(_ job: InferenceJob) {
        current.withLock { if $0 === job { bridge.setAborted(true) } }
    }

    // MARK: -

    private enum Step { case done, aborted }

    private func running<Result>(
        _ job: InferenceJob?, _ body: (inout State) throws(LocalModelError) -> Result
    ) throws(LocalModelError) -> Result {
        try state.withLock { state throws(LocalModelError) in
            current.withLock {
                $0 = job
                bridge.setAborted(job?.isCancelled ?? false)
            }
            defer { current.withLock { $0 = nil } }
            return try body(&state)
        }
    }

    private func answer(
        _ tokens: [Int32], _ conversation: String, _ options: LlamaOptions, _ state: inout State, _ job: InferenceJob?,
        _ onText: (String) -> Void, until isWhole: (String) -> Bool = { _ in false }
    ) throws(LocalModelError) -> LlamaAnswer {
        let plan = state.cache.plan(for: tokens, owner: conversation)
        if let source = plan.source {
            bridge.share(plan.kept, of: source, with: plan.sequence)
        } else {
            bridge.keep(plan.kept, of: plan.sequence)
        }
        var answer = LlamaAnswer(
            ending: .cancelled, text: "", promptTokens: tokens.count, evaluatedTokens: tokens.count - plan.kept,
            generatedTokens: 0)
        if try evaluate(tokens[plan.kept...], in: plan.sequence, &state) == .done {
            try write(&answer, in: plan.sequence, options, &state, job, onText, until: isWhole)
        }
        return answer
    }

    private func write(
        _ answer: inout LlamaAnswer, in sequence: Int, _ options: LlamaOptions, _ state: inout State,
        _ job: InferenceJob?, _ onText: (String) -> Void, until isWhole: (String) -> Bool
    ) throws(LocalModelError) {
        var characters = CharacterAssembler()
        var failure: LocalModelError?
        try bridge.withSampler(options) { next in
            answer.ending = .tooLong
            while answer.generatedTokens < options.maximumTokens {
                if job?.isCancelled ?? false {
                    answer.ending = .cancelled
                    return
                }
                guard let token = next(), !bridge.isEnd(token) else {
                    answer.ending = .finished
                    break
                }
                answer.generatedTokens += 1
                let text = characters.append(bridge.piece(token))
                answer.text += text
                if !text.isEmpty { onText(text) }
                // What a whole answer's last token would lead to is not wanted: 30 ms less.
                if isWhole(answer.text) {
                    answer.ending = .finished
                    return
                }
                do throws(LocalModelError) {
                    guard try evaluate([token], in: sequence, &state) == .done else {
                        answer.ending = .cancelled
                        return
                    }
                } catch {
                    failure = error
                    return
                }
            }
        }
        if let failure { throw failure }
        let rest = characters.finish()
        answer.text += rest
        if !rest.isEmpty { onText(rest) }
    }

    /// Appends tokens to a sequence; where there is no room, older conversations are forgotten.
    private func evaluate(
        _ tokens: ArraySlice<Int32>, in sequence: Int, _ state: inout State
    ) throws(LocalModelError) -> Step {
        let position = state.cache.count(in: sequence)
        while true {
            switch bridge.evaluate(tokens, in: sequence, at: position) {
            case .done:
                state.cache.appended(tokens, to: sequence)
                return .done
            case .aborted:
                bridge.keep(position, of: sequence)
                return .aborted
            case .full:
                // Some of the tokens may have found room.
                bridge.keep(position, of: sequence)
                guard let victim = state.cache.victim(besides: sequence) else {
                    throw .failed("the conversation does not fit into \(contextTokens) tokens")
                }
                bridge.keep(0, of: victim)
                state.cache.forgot(victim)
            case .failed:
                bridge.keep(0, of: sequence)
                state.cache.forgot(sequence)
                throw .failed("the language model could not be evaluated")
            }
        }
    }

    /// The tokens of as many of the newest messages as leave room for the answer.
    private func fitting(_ messages: [LlamaMessage], answer: Int) throws(LocalModelError) -> [Int32] {
        var messages = messages.map(plain)
        let limit = contextTokens - answer
        while true {
            let tokens = bridge.tokenize(try bridge.format(messages, openAnswer: true))
            if !tokens.isEmpty, tokens.count <= limit { return tokens }
            guard messages.count > 2 else {
                throw .failed("the prompt has \(tokens.count) tokens, at most \(limit) fit")
            }
            messages.remove(at: 1)
        }
    }

    private func plain(_ message: LlamaMessage) -> (role: String, content: String) {
        (message.role.rawValue, Self.plain(message.content))
    }

    /// Text that cannot close its own message: what a caller says must not speak for the system.
    private static func plain(_ text: String) -> String {
        var content = ""
        var previous: Character?
        for character in text {
            if character == "|", previous == "<" { content.append(" ") }
            content.append(character)
            previous = character
        }
        return content
    }
}
