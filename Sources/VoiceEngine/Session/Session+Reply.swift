internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// Answering: from a committed turn to the last sample heard.

extension Session {
    /// The names of the tools that the session carries out itself.
    enum BuiltInTool: String { case hangUp = "hang_up", transfer = "transfer" }

    /// How long the last reply may take once the call is to end.
    static var longestFarewell: Nanoseconds { .seconds(20) }

    /// How long a call without any voice waits for the apology that is being recorded, and between two looks at it.
    private static var clipPatience: Nanoseconds { .seconds(5) }
    private static var clipStep: Nanoseconds { .milliseconds(100) }

    // MARK: - Beginning

    /// The caller has finished: the turn is the agent's.
    func answer(_ utterance: Utterance, at now: Instant) {
        timers?.silence.cancel()
        let reply = begin(.answer, isInterruptible: true)
        reply.timeline.mark(.lastSpeech, at: utterance.lastSpeech)
        reply.timeline.mark(.decidable, at: utterance.decidable)
        reply.timeline.mark(.committed, at: now)
        emit(.transcript, at: now) {
            $0.text = utterance.text
            $0.flags = .final
        }
        emit(.turnStarted, at: now) { $0.text = utterance.text }
        if let earlier = dialogue.deferred {
            dialogue.deferred = nil
            dialogue.conversation.callerSaid(earlier.text)
        }
        dialogue.conversation.callerSaid(utterance.text)
        generate(reply)
    }

    /// Says a text: at once when the agent is silent, else after what it is saying.
    func say(_ text: String, isInterruptible: Bool = true, as source: Reply.Source = .script, at now: Instant) {
        guard dialogue.reply == nil else {
            dialogue.agenda.append(text)
            return
        }
        timers?.silence.cancel()
        let reply = begin(source, isInterruptible: isInterruptible)
        write(text, in: reply, at: now)
        textFinished(reply, at: now)
    }

    private func begin(_ source: Reply.Source, isInterruptible: Bool) -> Reply {
        dialogue.turn = dialogue.turn.next
        let reply = Reply(
            turn: dialogue.turn, source: source, isInterruptible: isInterruptible,
            start: paths?.speaker.start(dialogue.turn, isSpoken: source != .clip) ?? 0, language: policy.language,
            sampleRate: setup.output.sampleRate)
        dialogue.reply = reply
        return reply
    }

    private func generate(_ reply: Reply) {
        var messages = dialogue.conversation.latest(policy.historyMessages)
        // After a tool the model must know what it has said already, heard or not; the conversation gets what was
        // heard.
        if let index = messages.lastIndex(where: { if case .assistant = $0 { true } else { false } }),
            case .assistant(_, let calls) = messages[index], !calls.isEmpty, !reply.written.isEmpty
        {
            messages[index] = .assistant(reply.written, toolCalls: calls)
        }
        let request = ChatRequest(
            prompt: policy.prompt, messages: messages, tools: policy.tools, turn: reply.turn)
        let answer = ChainedAnswer(
            request, chain: providers.languageModel, choice: modelChoice, policy: policy.failover, context: context,
            random: providers.random
        ) { [weak self, weak reply] note in
            guard let self, let reply, self.dialogue.reply === reply else { return }
            self.noted(note, of: .languageModel, at: self.context.eventLoop.instant)
        } sink: { [weak self, weak reply] event in
            guard let self, let reply, self.life == .running, self.dialogue.reply === reply else { return }
            self.model(event, for: reply, at: self.context.eventLoop.instant)
        }
        reply.generation = answer
        answer.begin()
        reply.timeline.mark(.requested, at: context.eventLoop.instant)
    }

    // MARK: - Text

    private func model(_ event: LanguageModelEvent, for reply: Reply, at now: Instant) {
        switch event {
        case .text(let text):
            reply.timeline.mark(.firstToken, at: now)
            reply.written += text
            write(text, in: reply, at: now)
        case .toolCall(let call):
            reply.timeline.mark(.firstToken, at: now)
            noteToolCall(call, in: reply)
        case .finished(_, let usage):
            reply.usage.prompt += usage.prompt
            reply.usage.completion += usage.completion
            reply.generation = nil
            answerFinished(reply, at: now)
        case .failed:
            reply.generation = nil
            reportNoneLeft(.languageModel, at: now)
            breakOff(reply, at: now)
        }
    }

    /// The model has failed: what was given to the voice is heard out, half a sentence is not begun.
    private func breakOff(_ reply: Reply, at now: Instant) {
        guard !reply.heardText.text.isEmpty else { return perform(reply.machine.fail(), of: reply, at: now) }
        reply.ending = .apologise
        perform(reply.machine.textFinished(), of: reply, at: now)
    }

    /// Text becomes segments, segments become speech.
    private func write(_ text: String, in reply: Reply, at now: Instant) {
        let speakable = reply.speakable.append(text)
        for segment in reply.segmenter.append(speakable) { speak(segment, in: reply, at: now) }
    }

    private func speak(_ segment: String, in reply: Reply, at now: Instant) {
        reply.timeline.mark(.firstSegment, at: now)
        guard let index = reply.machine.segmentSpoken() else { return }
        reply.heardText.append(segment: index, text: segment)
        emit(.agentText, at: now) { $0.text = segment }
        dialogue.work.characters += segment.count
        paths?.speaker.speak(segment, as: SegmentID(turn: reply.turn, index: index))
        reply.timeline.mark(.speechRequested, at: context.eventLoop.instant)
    }

    private func textFinished(_ reply: Reply, at now: Instant) {
        let rest = reply.speakable.finish()
        for segment in reply.segmenter.append(rest) + reply.segmenter.finish() { speak(segment, in: reply, at: now) }
        perform(reply.machine.textFinished(), of: reply, at: now)
    }

    // MARK: - Tools

    private func noteToolCall(_ call: ToolCall, in reply: Reply) {
        switch BuiltInTool(rawValue: call.name) {
        case .hangUp: reply.ending = .hangUp(reason: "the agent ended the call")
        case .transfer:
            let target = try? JSONValue.parse(call.arguments)["to"]?.string
            if let target { reply.ending = .transfer(to: target) }
        case nil: reply.tools.called(call)
        }
    }

    private func answerFinished(_ reply: Reply, at now: Instant) {
        let action = reply.tools.answerFinished()
        if action == .none { return textFinished(reply, at: now) }
        // What was said so far ("let me look that up") is spoken while the tool runs.
        for segment in reply.segmenter.append(reply.speakable.finish()) + reply.segmenter.finish() {
            speak(segment, in: reply, at: now)
        }
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

    // MARK: - Speech

    func spoke(_ event: Speaker.Event, at now: Instant) {
        guard life == .running, let reply = dialogue.reply else { return }
        switch event {
        case .queued(let segment, let samples):
            reply.timeline.mark(.firstAudio, at: now)
            reply.heardText.append(samples: samples, to: segment.index)
        case .wordEnds(let segment, let ends):
            reply.heardText.setWordEnds(ends, of: segment.index)
        case .completed(let segment):
            reply.heardText.complete(through: segment.index)
            perform(reply.machine.segmentsCompleted(through: segment.index), of: reply, at: now)
        case .firstSampleOut:
            reply.timeline.mark(.firstSampleOut, at: now)
            if reply.source != .clip { dialogue.hasSpoken = true }
            emit(.agentStarted, at: now) { $0.position = reply.start }
        case .heardAll:
            perform(reply.machine.heardAll(), of: reply, at: now)
        case .note(let note): noted(note, of: .textToSpeech, at: now)
        case .lost(let turn):
            if turn == reply.turn { voiceLost(reply, at: now) }
        case .restored(let turn):
            if turn == reply.turn { speakAgain(reply) }
        case .exhausted(let turn, _):
            if turn == reply.turn { voiceless(reply, at: now) }
        }
    }

    /// The voice broke off: the words that are there are heard, the rest is spoken by the next voice.
    private func voiceLost(_ reply: Reply, at now: Instant) {
        guard let speaker = paths?.speaker else { return }
        let left = reply.heardText.breakOff(handed: speaker.handedOut - reply.start)
        speaker.keep(to: reply.start + left.samples, through: left.through)
        guard let through = left.through else { return }
        perform(reply.machine.segmentsCompleted(through: through), of: reply, at: now)
    }

    private func speakAgain(_ reply: Reply) {
        for segment in reply.heardText.owed {
            dialogue.work.characters += segment.text.count
            paths?.speaker.speak(segment.text, as: SegmentID(turn: reply.turn, index: segment.index))
        }
    }

    /// No voice is left: what is there is heard out.
    private func voiceless(_ reply: Reply, at now: Instant) {
        reportNoneLeft(.textToSpeech, at: now)
        reply.generation?.cancel()
        reply.generation = nil
        reply.isVoiceless = true
        reply.heardText.dropOwed()
        guard !reply.heardText.text.isEmpty else { return perform(reply.machine.fail(), of: reply, at: now) }
        if reply.ending == .listen { reply.ending = .apologise }
        perform(reply.machine.voiceLost(), of: reply, at: now)
    }

    private func perform(_ action: ReplyStateMachine.Action, of reply: Reply, at now: Instant) {
        switch action {
        case .none, .ignored: break
        case .finishSpeech:
            paths?.speaker.finish(reply.turn)
            perform(reply.machine.speechFinishing(), of: reply, at: now)
        case .playOut: paths?.speaker.playOut(at: now)
        case .end(let outcome): ended(reply, outcome, at: now)
        }
    }

    /// Stops the reply here; what was heard of it stays in the conversation.
    func interrupt(_ reply: Reply, at now: Instant) { perform(reply.machine.cancel(), of: reply, at: now) }

    // MARK: - Ending

    private func ended(_ reply: Reply, _ outcome: ReplyStateMachine.Outcome, at now: Instant) {
        reply.generation?.cancel()
        reply.generation = nil
        timers?.tools.cancel()
        hearing.bargeIn.replyEnded(reply.turn)
        let wasCut = outcome != .finished
        let position =
            wasCut ? (paths?.speaker.cancel(reply.turn, at: now) ?? reply.start) : (paths?.speaker.heard ?? 0)
        dialogue.reply = nil
        commitHeard(reply, position: position, wasCut: wasCut, at: now)
        // A last word that fails is replaced by the recorded one.
        if let farewell = dialogue.farewell {
            if outcome == .failed, reply.isVoiceless, playApology(at: now) { return }
            return hangUp(reason: farewell.reason, status: farewell.status, at: now)
        }
        switch outcome {
        case .finished: finish(reply, at: now)
        case .interrupted: dialogue.agenda.removeAll()
        case .failed:
            if reply.ending == .listen { reply.ending = .apologise }
            finish(reply, at: now)
        }
    }

    private func commitHeard(_ reply: Reply, position: Int64, wasCut: Bool, at now: Instant) {
        let text = wasCut ? reply.heard(upTo: position) : reply.heardText.text
        dialogue.conversation.callerHeard(text)
        if reply.timeline.time(of: .firstSampleOut) != nil || reply.source != .answer && position > reply.start {
            emit(.agentStopped, at: now) { $0.position = position }
        }
        emit(.agentHeard, at: now) {
            $0.text = text
            $0.flags = wasCut ? .interrupted : []
            $0.position = position
        }
        guard let stages = reply.timeline.stages else { return }
        emit(.turnMetrics, at: now) {
            $0.metrics = TurnMetrics(
                stages: stages, wasInterrupted: wasCut, usage: reply.usage, work: takeWork())
        }
    }

    /// What the providers did since this was asked last.
    private func takeWork() -> ProviderWork {
        var work = dialogue.work
        let recognised = paths?.caller.recognised ?? dialogue.recognised
        work.recognised = recognised - dialogue.recognised
        dialogue.recognised = recognised
        dialogue.work = ProviderWork()
        return work
    }

    private func finish(_ reply: Reply, at now: Instant) {
        if reply.source == .answer, reply.ending != .apologise { dialogue.failures = 0 }
        switch reply.ending {
        case .hangUp(let reason): hangUp(reason: reason, at: now)
        case .transfer(let target):
            _ = carrier.perform(.transfer(target))
            emit(.transfer, at: now) { $0.text = target }
            listen(at: now)
        case .listen: next(at: now)
        case .apologise: apologise(for: reply, at: now)
        }
    }

    /// What waits while a reply is under way, in order: the caller's words, then texts to say, then the caller.
    func next(at now: Instant) {
        if let utterance = dialogue.deferred {
            dialogue.deferred = nil
            answer(utterance, at: now)
        } else if !dialogue.agenda.isEmpty {
            say(dialogue.agenda.removeFirst(), at: now)
        } else {
            listen(at: now)
        }
    }

    private func apologise(for reply: Reply, at now: Instant) {
        // An apology that fails as well is played from its recording, or not at all.
        if reply.source == .apology {
            if !playApology(at: now) { next(at: now) }
            return
        }
        dialogue.failures += 1
        let limit = policy.failover.endAfter
        let isLast = limit > 0 && dialogue.failures >= limit
        let isHeard = reply.isVoiceless ? playApology(at: now) : sayApology(at: now)
        if isLast {
            endAfterReply(Farewell(reason: "no provider is left", status: .provider), at: now)
        } else if !isHeard, reply.isVoiceless, !dialogue.hasSpoken, limit > 0 {
            dialogue.clipUntil = now + Self.clipPatience
            awaitClip(at: now)
        } else if !isHeard {
            next(at: now)
        }
    }

    /// No voice has worked in this call: the caller hears the apology once it is recorded. A call in which nothing can
    /// be said ends: the caller would wait for an answer that cannot come.
    func awaitClip(at now: Instant) {
        guard dialogue.reply == nil, !dialogue.hasSpoken else { return }
        if playApology(at: now) { return }
        guard providers.apology?.isRecording == true, now < dialogue.clipUntil else {
            return hangUp(reason: "no voice is left", status: .provider, at: now)
        }
        timers?.clip.arm(until: now + Self.clipStep)
    }

    /// - Returns: false when there is nothing to say.
    private func sayApology(at now: Instant) -> Bool {
        guard let sentence = policy.manners.onFailure else { return false }
        say(sentence, as: .apology, at: now)
        return true
    }

    /// Plays the recorded apology.
    /// - Returns: false when there is none.
    private func playApology(at now: Instant) -> Bool {
        guard dialogue.reply == nil, policy.manners.onFailure != nil, let clip = providers.apology,
            let samples = clip.samples(at: setup.output.sampleRate)
        else { return false }
        timers?.silence.cancel()
        let reply = begin(.clip, isInterruptible: true)
        guard let index = reply.machine.segmentSpoken() else { return false }
        reply.heardText.append(segment: index, text: clip.text)
        emit(.agentText, at: now) { $0.text = clip.text }
        paths?.speaker.play(samples, as: SegmentID(turn: reply.turn, index: index), at: now)
        perform(reply.machine.textFinished(), of: reply, at: now)
        return true
    }

    /// The floor is the caller's.
    func listen(at now: Instant) {
        guard life == .running, let wait = policy.manners.checkInAfter else { return }
        timers?.silence.arm(until: now + wait)
    }

    // MARK: - Manners

    func callerIsSilent(at now: Instant) {
        guard dialogue.reply == nil, !hearing.endpoint.hasUtterance else { return }
        let limit = policy.manners.hangUpAfterCheckIns
        if limit > 0, dialogue.checkIns >= limit { return hangUp(reason: "the caller is silent", at: now) }
        dialogue.checkIns += 1
        say(policy.manners.checkIn, at: now)
    }

    func callIsTooLong(at now: Instant) {
        // The second time the last reply has not ended in spite of all patience: a host that no longer reads, a voice
        // that hangs.
        if let farewell = dialogue.farewell {
            return hangUp(reason: farewell.reason, status: farewell.status, at: now)
        }
        endAfterReply(Farewell(reason: "the call reached its longest duration"), at: now)
    }

    /// No provider is left: the caller is told, then the call ends.
    func giveUp(_ reason: String, at now: Instant) {
        if dialogue.reply == nil { _ = sayApology(at: now) }
        endAfterReply(Farewell(reason: reason, status: .provider), at: now)
    }

    private func endAfterReply(_ farewell: Farewell, at now: Instant) {
        guard dialogue.reply != nil else { return hangUp(reason: farewell.reason, status: farewell.status, at: now) }
        dialogue.farewell = farewell
        timers?.length.arm(until: now + Self.longestFarewell)
    }

    func hangUp(reason: String, status: SessionStatus = .ok, at now: Instant) {
        emit(.hangUp, at: now) {
            $0.text = reason
            $0.status = status
        }
        // The session ends first, so that the carrier's own goodbye finds nothing left to do.
        end(reason: reason, status: status, at: now)
        _ = carrier.perform(.hangUp(reason: reason))
    }
}
