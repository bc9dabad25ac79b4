internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// Hearing: from voice and words to a committed turn.

extension Session {
    /// So near the end of a reply the caller takes it for said.
    private static var ending: Nanoseconds { .milliseconds(600) }

    /// A turn waits at most so long for a recogniser that is opened again.
    private static var repairTime: Nanoseconds { .seconds(8) }

    /// Caller audio in the call's input format. Borrowed until return.
    package func receive(_ audio: UnsafeRawBufferPointer) {
        guard let paths, audio.count > 0 else { return }
        paths.caller.receive(audio, at: context.eventLoop.instant)
    }

    func heard(_ event: CallerPath.Event, at now: Instant) {
        guard life == .running else { return }
        weighAnswer(event, at: now)
        guard life == .running else { return }
        switch event {
        case .voiceStarted(let position, let onset):
            emit(.callerStarted, at: onset) { $0.position = position }
            hearing.onset = hearing.onset ?? onset
            voiceStarted(at: now)
        case .voicePaused(let position, let lastSpeech):
            emit(.callerStopped, at: lastSpeech) { $0.position = position }
            perform(hearing.bargeIn.voicePaused(lastSpeech: lastSpeech, at: now), at: now)
            perform(hearing.endpoint.voicePaused(lastSpeech: lastSpeech, at: now), at: now)
            noteVoicePaused(at: now)
        case .speechToText(.transcript(let transcript)):
            heard(transcript.withoutBareMarks, at: now)
        case .speechToText(.turnStarted):
            perform(hearing.endpoint.providerHeardVoice(goesOn: false, at: now), at: now)
        case .speechToText(.turnResumed):
            perform(hearing.endpoint.providerHeardVoice(goesOn: true, at: now), at: now)
            noteTurnResumed(at: now)
        case .turnEnded(let evidence):
            perform(hearing.endpoint.providerEnded(by: evidence, at: now), at: now)
        case .speechToText(.earlyEndOfTurn): noteEarlyEnd(at: now)
        case .speechToText(.endOfTurn), .speechToText(.failed): break
        case .likelyEnd(let probability):
            perform(hearing.endpoint.soundJudged(isFinished: probability > 0.5, at: now), at: now)
            if probability > 0.5 { noteEarlyEnd(at: now) }
        case .repaired: perform(hearing.endpoint.repaired(at: now), at: now)
        case .note(let note):
            if case .failed = note { hearing.endpoint.repairStarted(until: now + Self.repairTime) }
            noted(note, of: .speechToText, at: now)
        case .beep: break
        case .mayGather(let milliseconds): carrier.gather(milliseconds)
        case .deaf:
            reportNoneLeft(.speechToText, at: now)
            giveUp("speech recognition failed", at: now)
        }
    }

    private func voiceStarted(at now: Instant) {
        timers?.silence.cancel()
        let hearsWordsLate = paths?.caller.hearsWordsLate ?? false
        perform(
            hearing.bargeIn.voiceStarted(over: interruptibleReply, hearsWordsLate: hearsWordsLate, at: now), at: now)
        noteVoiceStarted(at: now)
        perform(hearing.endpoint.voiceStarted(at: now), at: now)
    }

    private func heard(_ transcript: Transcript, at now: Instant) {
        if transcript.text != hearing.transcript {
            hearing.transcript = transcript.text
            if let onset = hearing.onset, dialogue.work.firstWords == nil { dialogue.work.firstWords = now - onset }
            emit(.transcript, at: now) { $0.text = transcript.text }
        }
        let words = weigh(transcript.text, at: now)
        let decision = hearing.bargeIn.words(
            words, isSettled: transcript.isSettled, over: interruptibleReply, at: now)
        if case .resume = decision {
            // Its words are known: a backchannel, or none. They must not begin the next utterance.
            hearing.endpoint.drop()
            return perform(decision, at: now)
        }
        perform(decision, at: now)
        let soundsComplete = !Completeness.looksIncomplete(
            transcript.text, language: policy.language, expecting: hearing.endpoint.expected)
        perform(
            hearing.endpoint.transcript(
                transcript.text, isSettled: transcript.isSettled, soundsComplete: soundsComplete, at: now),
            at: now)
        // It is empty when these words have become a turn, or none.
        if !hearing.transcript.isEmpty { noteWords(transcript, soundsComplete: soundsComplete, at: now) }
    }

    /// A "yes" over the last word of a question is its answer, not a backchannel.
    func weigh(_ text: String, at now: Instant) -> OverlapWords {
        let words = policy.overlap.weigh(text, language: policy.language)
        guard words == .backchannel, let reply = dialogue.reply, reply.machine.isPlayingOut, let paths else {
            return words
        }
        // It counts when it was said; a paused reply has stayed where it was.
        let ago = hearing.bargeIn.suspended == nil ? now - (hearing.onset ?? now) : .zero
        guard paths.speaker.unheard(at: now) + ago <= Self.ending else { return words }
        return ExpectedAnswer.asks(reply.heardText.text, language: policy.language) ? .few : words
    }

    // MARK: - Decisions carried out

    func perform(_ action: EndpointStateMachine.Action, at now: Instant) {
        switch action {
        case .none: break
        case .wait(let until): timers?.endpoint.arm(until: until)
        case .requestTranscript(let until):
            paths?.caller.finishUtterance(until: until)
            timers?.endpoint.arm(until: until)
        case .commit(let utterance):
            timers?.endpoint.cancel()
            commit(utterance, at: now)
        case .discard:
            forgetUtterance()
            next(at: now)
        case .leave(let until):
            timers?.endpoint.arm(until: until)
            hearing.transcript = ""
            hearing.onset = nil
            dropDraft(at: now)
            next(at: now)
        case .forget: forgetUtterance()
        }
    }

    func perform(_ action: BargeInStateMachine.Action, at now: Instant) {
        switch action {
        case .none: break
        case .wait(let until): timers?.bargeIn.arm(until: until)
        case .pause(let turn, let until):
            timers?.bargeIn.arm(until: until)
            let position = paths?.speaker.pause(at: now) ?? 0
            emitBargeIn(.paused, turn: turn, position: position, at: now)
        case .askForWords(let until):
            paths?.caller.finishUtterance(until: until)
            timers?.bargeIn.arm(until: until)
        case .resume(let turn):
            timers?.bargeIn.cancel()
            perform(hearing.endpoint.setAside(at: now), at: now)
            paths?.speaker.resume()
            emitBargeIn(.resumed, turn: turn, position: paths?.speaker.heard(at: now) ?? 0, at: now)
        case .confirm(let turn):
            timers?.bargeIn.cancel()
            guard let reply = dialogue.reply, reply.turn == turn else { return }
            emitBargeIn(.confirmed, turn: turn, position: paths?.speaker.pause(at: now) ?? 0, at: now)
            interrupt(reply, at: now)
        }
    }

    private func emitBargeIn(_ flag: SessionEvent.Flags, turn: TurnID, position: Int64, at now: Instant) {
        emit(.bargeIn, at: now) {
            $0.turn = turn
            $0.flags = flag
            $0.position = position
        }
    }

    /// What was said since the last turn was noise, or a backchannel.
    func forgetUtterance() {
        dropDraft(at: context.eventLoop.instant)
        timers?.endpoint.cancel()
        hearing.transcript = ""
        hearing.onset = nil
        paths?.caller.utteranceCommitted()
    }

    private func commit(_ utterance: Utterance, at now: Instant) {
        let words = weigh(utterance.text, at: now)
        // The turn may be over before the barge-in was decided: its words decide it now.
        let wasSuspended = hearing.bargeIn.suspended != nil
        perform(hearing.bargeIn.committed(words), at: now)
        if wasSuspended, dialogue.reply != nil { return }
        paths?.caller.utteranceCommitted()
        hearing.transcript = ""
        hearing.onset = nil
        dialogue.checkIns = 0
        if policy.onlyListens { return writeDown(utterance, at: now) }
        guard isFloorOpen else { return keepForLater(utterance, at: now) }
        guard let reply = dialogue.reply else { return answer(utterance, at: now) }
        // Barge-in is off, or this reply must be heard out.
        if words == .backchannel || words == .nothing { return }
        if interruptibleReply != nil, policy.bargeIn.isEnabled {
            interrupt(reply, at: now)
            answer(utterance, at: now)
        } else {
            dialogue.agenda.add(utterance)
        }
    }

    /// A turn that nobody answers.
    func writeDown(_ utterance: Utterance, at now: Instant) {
        dialogue.lastTurn = dialogue.lastTurn.next
        emit(.transcript, at: now) {
            $0.turn = dialogue.lastTurn
            $0.text = utterance.text
            $0.flags = .final
        }
        dialogue.conversation.callerSaid(utterance.text)
        next(at: now)
    }

    func endpointTimerFired(at now: Instant) {
        hearing.endpoint.usualWait = paths?.caller.usualWait
        perform(hearing.endpoint.timerFired(at: now), at: now)
    }

    /// The caller has heard this much of a reply: what it asks for sets how long the answer may pause.
    func expectAnswer(to heard: String) {
        hearing.endpoint.expect(ExpectedAnswer.after(heard, language: policy.language))
    }
}
