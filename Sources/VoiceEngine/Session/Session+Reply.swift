internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// Answering: from a committed turn to the last sample heard.

extension Session {
    // MARK: - Beginning

    /// The caller has finished: the turn is the agent's.
    func answer(_ utterance: Utterance, at now: Instant) {
        timers?.silence.cancel()
        let drafted = takeDraft(for: utterance.text, at: now)
        let reply = drafted ?? begin(.answer, isInterruptible: dialogue.flow?.node.isInterruptible ?? true)
        reply.timeline.mark(.lastSpeech, at: utterance.lastSpeech)
        reply.timeline.mark(.decidable, at: utterance.decidable)
        reply.timeline.mark(.committed, at: now)
        emit(.transcript, at: now) {
            $0.text = utterance.text
            $0.flags = .final
        }
        emit(.turnStarted, at: now) { $0.text = utterance.text }
        if let earlier = dialogue.agenda.takeWords() { dialogue.conversation.callerSaid(earlier) }
        dialogue.conversation.callerSaid(utterance.text)
        if drafted == nil { generate(reply) }
        awaitAnswer(at: now)
        if drafted != nil { release(reply, at: now) }
    }

    /// Says a text: at once when the agent is silent, else after what it is saying.
    func say(_ text: String, isInterruptible: Bool = true, as source: Reply.Source = .script, at now: Instant) {
        guard dialogue.reply == nil, isFloorOpen else {
            dialogue.agenda.add(text)
            return
        }
        utter(text, isInterruptible: isInterruptible, as: source, at: now)
    }

    /// Says a text at once; no reply is under way.
    func utter(
        _ text: String, isInterruptible: Bool = true, as source: Reply.Source = .script,
        wish: EndingStateMachine.Wish = .listen,
        at now: Instant
    ) {
        timers?.silence.cancel()
        let clip = source == .script ? standingClip(text) : nil
        let reply = begin(source, isInterruptible: isInterruptible, isSpoken: clip == nil)
        reply.wish = wish
        if let clip { return play(clip, in: reply, at: now) }
        write(text, in: reply, at: now)
        textFinished(reply, at: now)
    }

    /// - Parameters:
    ///   - isSpoken: false for one whose audio is there already.
    ///   - isHeld: It is not heard before its turn is committed.
    func begin(
        _ source: Reply.Source, isInterruptible: Bool, isSpoken: Bool = true, isHeld: Bool = false
    ) -> Reply {
        // Only one reply is spoken at a time.
        if dialogue.draft != nil { dropDraft(at: context.eventLoop.instant) }
        dialogue.lastTurn = dialogue.lastTurn.next
        let turn = dialogue.lastTurn
        settleAtNode(at: context.eventLoop.instant)
        let reply = Reply(
            turn: turn, source: source, isInterruptible: isInterruptible, isHeld: isHeld,
            start: paths?.speaker.start(turn, isSpoken: isSpoken, isHeld: isHeld) ?? 0,
            text: ReplyText(language: policy.language, normalizer: policy.normalizer),
            heardText: HeardText(sampleRate: setup.output.sampleRate, rate: dialogue.speakingRate))
        reply.isRecorded = !isSpoken
        if isHeld {
            dialogue.draft = reply
        } else {
            dialogue.turn = turn
            dialogue.reply = reply
        }
        return reply
    }

    /// - Parameter conversation: What the model answers; nil: the call's.
    func generate(_ reply: Reply, in conversation: Conversation? = nil) {
        var messages = (conversation ?? dialogue.conversation).latest(policy.historyMessages)
        // After a tool the model must know what it has said already, heard or not; the conversation gets what was
        // heard.
        if let index = messages.lastIndex(where: { if case .assistant = $0 { true } else { false } }),
            case .assistant(_, let calls) = messages[index], !calls.isEmpty, !reply.written.isEmpty
        {
            messages[index] = .assistant(reply.written, toolCalls: calls)
        }
        if let last = reply.written.last, !last.isWhitespace { reply.written += " " }
        reply.writtenBefore = reply.written.count
        let request = ChatRequest(
            prompt: instructions, messages: messages, tools: offeredTools(for: reply), turn: reply.turn)
        reply.asked = request.bytes
        let answer = ChainedAnswer(
            request, chain: providers.languageModel, choice: modelChoice, policy: policy.failover, context: context
        ) { [wayBack, turn = reply.turn] note in
            guard let session = wayBack.owner, session.replyUnderWay(turn) != nil else { return }
            session.noted(note, of: .languageModel, at: session.context.eventLoop.instant)
        } sink: { [wayBack, turn = reply.turn] event in
            guard let session = wayBack.owner, session.life == .running, let reply = session.replyUnderWay(turn)
            else { return }
            session.model(event, for: reply, at: session.context.eventLoop.instant)
        }
        reply.generation = answer
        answer.begin()
        reply.timeline.mark(.requested, at: context.eventLoop.instant)
    }

    /// The reply under way, or the one that is held, if it is of this turn.
    private func replyUnderWay(_ turn: TurnID) -> Reply? {
        if let reply = dialogue.reply, reply.turn == turn { return reply }
        if let draft = dialogue.draft, draft.turn == turn { return draft }
        return nil
    }

    // MARK: - Text

    private func model(_ event: LanguageModelEvent, for reply: Reply, at now: Instant) {
        switch event {
        case .text(let text):
            reply.timeline.mark(.firstToken, at: now)
            reply.written += text
            write(text, in: reply, at: now)
            readAtLeisure(reply, at: now)
        case .toolCall(let call):
            reply.timeline.mark(.firstToken, at: now)
            noteToolCall(call, in: reply)
        case .finished(_, let usage):
            reply.usage.prompt += usage.prompt
            reply.usage.completion += usage.completion
            reply.generation = nil
            reply.machine.isHeld ? draftWritten(reply, at: now) : answerFinished(reply, at: now)
        case .failed:
            reply.generation = nil
            if reply.machine.isHeld { return draftFailed(reply, at: now) }
            reportNoneLeft(.languageModel, at: now)
            breakOff(reply, at: now)
        }
    }

    /// While the caller has much to hear, the model's words are read a few at a time.
    private func readAtLeisure(_ reply: Reply, at now: Instant) {
        guard let generation = reply.generation, let speaker = paths?.speaker,
            let rest = reply.ahead.rest(heard: speaker.heardOfReply(at: now))
        else { return }
        generation.holdAnswer(true)
        timers?.model.arm(throughTicks: rest)
    }

    func modelMayGoOn() { (dialogue.reply ?? dialogue.draft)?.generation?.holdAnswer(false) }

    /// The model has failed: what was given to the voice is heard out, half a sentence is not begun.
    private func breakOff(_ reply: Reply, at now: Instant) {
        reply.failure = .model
        guard !reply.heardText.text.isEmpty else { return perform(reply.machine.fail(), of: reply, at: now) }
        perform(reply.machine.textFinished(), of: reply, at: now)
    }

    /// Text becomes segments, segments become speech.
    func write(_ text: String, in reply: Reply, at now: Instant) {
        for segment in reply.text.append(text) { speak(segment, in: reply, at: now) }
    }

    /// The text has ended, for now or for good: what waits is spoken.
    func speakRest(of reply: Reply, at now: Instant) {
        for segment in reply.text.finish() { speak(segment, in: reply, at: now) }
    }

    /// The voice gets the words, everybody else the writing.
    func speak(_ segment: SpokenSegment, in reply: Reply, at now: Instant) {
        if reply.machine.keepsSegments { return reply.kept.append(segment) }
        reply.timeline.mark(.firstSegment, at: now)
        guard let index = reply.machine.segmentSpoken() else { return }
        reply.speaks(segment, as: index)
        if !policy.protected.isEmpty {
            reply.protection.append(segment: index, isProtected: policy.protected.cover(segment.original))
        }
        if !reply.machine.isHeld {
            emit(.agentText, at: now) { $0.text = segment.original }
            noteSpeechRequested(at: now)
        }
        dialogue.work.characters += segment.spoken.count
        paths?.speaker.speak(segment.spoken, as: SegmentID(turn: reply.turn, index: index))
        reply.timeline.mark(.speechRequested, at: context.eventLoop.instant)
    }

    func textFinished(_ reply: Reply, at now: Instant) {
        speakRest(of: reply, at: now)
        perform(reply.machine.textFinished(), of: reply, at: now)
    }

    // MARK: - Speech

    func spoke(_ event: Speaker.Event, at now: Instant) {
        guard life == .running, let reply = dialogue.reply ?? dialogue.draft else { return }
        switch event {
        case .queued(let segment, let samples):
            reply.timeline.mark(.firstAudio, at: now)
            answerSounds(reply)
            reply.heardText.append(samples: samples, to: segment.index)
            reply.protection.append(samples: samples, to: segment.index)
        case .wordEnds(let segment, let ends):
            reply.heardText.setWordEnds(ends, of: segment.index)
        case .completed(let segment):
            reply.heardText.complete(through: segment.index)
            reply.protection.complete(through: segment.index)
            perform(reply.machine.segmentsCompleted(through: segment.index), of: reply, at: now)
        case .firstSampleOut:
            reply.timeline.mark(.firstSampleOut, at: now)
            if !reply.isRecorded { dialogue.ending.voiceHeard() }
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
        reply.protection.truncate(to: left.samples)
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
        if reply.machine.isHeld { return draftFailed(reply, at: now) }
        reportNoneLeft(.textToSpeech, at: now)
        reply.generation?.cancel()
        reply.generation = nil
        reply.failure = .voice
        reply.heardText.dropOwed()
        guard !reply.heardText.text.isEmpty else { return perform(reply.machine.fail(), of: reply, at: now) }
        perform(reply.machine.voiceLost(), of: reply, at: now)
    }

    func perform(_ action: ReplyStateMachine.Action, of reply: Reply, at now: Instant) {
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

    // MARK: - Heard

    func commitHeard(_ reply: Reply, position: Int64, wasCut: Bool, at now: Instant) {
        // Of a reply that was cut before its first sample was heard, the latest sample heard is an older reply's.
        let position = max(position, reply.start)
        let text = wasCut ? reply.heard(upTo: position) : reply.whole
        if reply.source != .clip { dialogue.speakingRate = reply.heardText.rate }
        dialogue.conversation.callerHeard(text)
        expectAnswer(to: text)
        if reply.source == .answer { customs.fillers.answerEnded(wasHeard: !text.isEmpty) }
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
}
