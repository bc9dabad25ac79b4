internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// Answers that are begun before the caller's turn is committed: held until it is, never heard before. A draft that is not
// wanted is dropped as if it had not been, but for what it has cost.

extension Session {
    /// Nothing else is to be said or waited for.
    private var mayDraft: Bool {
        dialogue.reply == nil && dialogue.draft == nil && isFloorOpen && !dialogue.ending.isLeaving
            && providers.languageModel.links.allSatisfy { $0.provider.answersDrafts }
    }

    // MARK: - Signs

    func noteVoiceStarted(at now: Instant) { perform(hearing.speculation.voiceStarted(), at: now) }

    func noteVoicePaused(at now: Instant) {
        perform(hearing.speculation.voicePaused(mayDraft: mayDraft, at: now), at: now)
    }

    /// Newer words of an utterance that is still open.
    func noteWords(_ transcript: Transcript, soundsComplete: Bool, at now: Instant) {
        let action = hearing.speculation.words(
            transcript.text, isSettled: transcript.isSettled, soundsComplete: soundsComplete, mayDraft: mayDraft,
            at: now)
        perform(action, at: now)
    }

    /// The recogniser, or a model that listens, takes the turn for over soon.
    func noteEarlyEnd(at now: Instant) { perform(hearing.speculation.sign(mayDraft: mayDraft, at: now), at: now) }

    /// It was wrong.
    func noteTurnResumed(at now: Instant) { perform(hearing.speculation.resumed(), at: now) }

    func draftTimerFired(at now: Instant) {
        perform(hearing.speculation.timerFired(mayDraft: mayDraft, at: now), at: now)
    }

    /// What was said is forgotten.
    func dropDraft(at now: Instant) { perform(hearing.speculation.dropped(), at: now) }

    // MARK: - Decisions carried out

    private func perform(_ action: SpeculationStateMachine.Action, at now: Instant) {
        switch action {
        case .none, .release: break
        case .wait(let until): timers?.draft.arm(until: until)
        case .draft(let text): draft(text)
        case .drop(let until):
            discardDraft(at: now)
            if let until { timers?.draft.arm(until: until) }
        }
    }

    private func draft(_ text: String) {
        let reply = begin(.answer, isInterruptible: dialogue.flow?.node.isInterruptible ?? true, isHeld: true)
        dialogue.work.drafts.begun += 1
        var conversation = dialogue.conversation
        if let earlier = dialogue.agenda.words { conversation.callerSaid(earlier) }
        conversation.callerSaid(text)
        generate(reply, in: conversation)
    }

    /// The answer that is held, when it is the answer to these words.
    func takeDraft(for text: String, at now: Instant) -> Reply? {
        let action = hearing.speculation.committed(text)
        guard action == .release, let reply = dialogue.draft else {
            perform(action, at: now)
            return nil
        }
        timers?.draft.cancel()
        dialogue.draft = nil
        dialogue.turn = reply.turn
        dialogue.reply = reply
        return reply
    }

    /// From here on it is a reply like any other.
    func release(_ reply: Reply, at now: Instant) {
        let begun = reply.whole
        if !begun.isEmpty {
            emit(.agentText, at: now) { $0.text = begun }
            noteSpeechRequested(at: now)
        }
        if reply.timeline.time(of: .firstAudio) != nil { answerSounds(reply) }
        perform(reply.machine.release(), of: reply, at: now)
        let kept = reply.kept
        reply.kept = []
        for segment in kept { speak(segment, in: reply, at: now) }
        // The model has finished: its tools, and the end of the text.
        if reply.generation == nil { answerFinished(reply, at: now) }
        paths?.speaker.release(at: now)
    }

    /// The model has written all of a draft.
    func draftWritten(_ reply: Reply, at now: Instant) {
        speakRest(of: reply, at: now)
        guard reply.kept.isEmpty, !reply.tools.hasCalls else { return }
        perform(reply.machine.draftWritten(), of: reply, at: now)
    }

    /// The draft has failed: the turn is answered when it is committed.
    func draftFailed(_ reply: Reply, at now: Instant) {
        hearing.speculation.lost()
        discardDraft(at: now)
    }

    /// - Precondition: Whatever decides has been told.
    func discardDraft(at now: Instant) {
        timers?.draft.cancel()
        guard let reply = dialogue.draft else { return }
        dialogue.draft = nil
        reply.generation?.cancel()
        reply.generation = nil
        _ = reply.machine.cancel()
        _ = paths?.speaker.cancel(reply.turn, at: now)
        dialogue.work.drafts.drop(
            usage: reply.usage, asked: reply.asked, written: reply.written, spoken: reply.heardText.text)
    }
}
