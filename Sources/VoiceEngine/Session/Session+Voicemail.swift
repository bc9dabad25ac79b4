internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineProviders

// Outgoing calls: who has answered, and the message for a machine.

extension Session {
    /// The agent may speak, and answers what it hears.
    var isFloorOpen: Bool {
        switch customs.voicemail?.floor {
        case nil, .open: true
        case .judged, .machine: false
        }
    }

    func beginJudging(_ voicemail: SessionVoicemail, at now: Instant) {
        let machine = VoicemailStateMachine(policy: voicemail.machine, language: policy.language, start: now)
        customs.voicemail = machine
        guard machine.wantsBeep else { return }
        timers?.voicemail.arm(until: machine.firstDeadline)
        paths?.caller.listensForBeeps = true
    }

    /// The carrier has found out who has answered.
    package func carrierFound(_ finding: AnswerFinding) {
        guard life == .running else { return }
        let now = context.eventLoop.instant
        if let action = customs.voicemail?.carrierFound(finding, at: now) { perform(action, at: now) }
    }

    /// What is heard tells who has answered.
    func weighAnswer(_ event: CallerPath.Event, at now: Instant) {
        guard customs.voicemail != nil else { return }
        let action: VoicemailStateMachine.Action?
        switch event {
        case .voiceStarted(_, let onset): action = customs.voicemail?.voiceStarted(onset: onset, at: now)
        case .voicePaused(_, let lastSpeech):
            action = customs.voicemail?.voicePaused(lastSpeech: lastSpeech, at: now)
        case .speechToText(.transcript(let transcript)):
            action = customs.voicemail?.words(transcript.text, at: now)
        case .beep: action = customs.voicemail?.beep(at: now)
        case .speechToText, .turnEnded, .likelyEnd, .repaired, .note, .deaf, .mayGather: action = nil
        }
        if let action { perform(action, at: now) }
    }

    func voicemailTimerFired(at now: Instant) {
        if let action = customs.voicemail?.timerFired(at: now) { perform(action, at: now) }
    }

    /// Words that the agent does not answer: not yet, or because a machine says them.
    func keepForLater(_ utterance: Utterance, at now: Instant) {
        guard customs.voicemail?.floor == .judged else { return reportWords(utterance.text, at: now) }
        customs.heardFirst += (customs.heardFirst.isEmpty ? "" : " ") + utterance.text
    }

    private func reportWords(_ text: String, at now: Instant) {
        guard !text.isEmpty else { return }
        emit(.transcript, at: now) {
            $0.text = text
            $0.flags = .final
        }
    }

    private func perform(_ action: VoicemailStateMachine.Action, at now: Instant) {
        let listens = customs.voicemail?.wantsBeep ?? false
        paths?.caller.listensForBeeps = listens
        switch action {
        case .none: break
        case .wait(let until): timers?.voicemail.arm(until: until)
        case .converse(let until):
            timers?.voicemail.arm(until: until)
            converse(at: now)
        case .listen(let evidence, let until):
            timers?.voicemail.arm(until: until)
            report(evidence, at: now)
            fallSilent(at: now)
        case .leaveMessage(let found):
            timers?.voicemail.cancel()
            if let found { report(found, at: now) }
            fallSilent(at: now)
            guard life == .running else { return }
            utter(
                policy.voicemail?.message ?? "", isInterruptible: false,
                wish: .hangUp(reason: "voicemail: the message was left"), at: now)
        case .hangUp(let evidence):
            report(evidence, at: now)
            hangUp(reason: "voicemail", at: now)
        case .goOn(let evidence, let begins):
            timers?.voicemail.cancel()
            report(evidence, at: now)
            if begins { converse(at: now) }
        }
    }

    private func report(_ evidence: AnsweringMachineDetector.Evidence, at now: Instant) {
        emit(.voicemail, at: now) { $0.text = evidence.rawValue }
    }

    /// A person has answered: their "hello?" is answered by the greeting, or else by the model.
    private func converse(at now: Instant) {
        var first = customs.heardFirst
        customs.heardFirst = ""
        if hearing.endpoint.hasUtterance || !hearing.transcript.isEmpty {
            if !hearing.transcript.isEmpty { first += (first.isEmpty ? "" : " ") + hearing.transcript }
            hearing.endpoint.drop()
            forgetUtterance()
        }
        guard !first.isEmpty else { return greet(at: now) }
        guard let greeting = policy.greeting, !greeting.isEmpty else {
            return answer(Utterance(text: first, lastSpeech: now, decidable: now), at: now)
        }
        reportWords(first, at: now)
        dialogue.conversation.callerSaid(first)
        greet(at: now)
    }

    /// A machine talks: the agent stops, and everything it was about to say is dropped.
    private func fallSilent(at now: Instant) {
        timers?.silence.cancel()
        reportWords(customs.heardFirst, at: now)
        customs.heardFirst = ""
        dialogue.agenda.dropTexts()
        _ = dialogue.agenda.takeWords()
        if let reply = dialogue.reply { interrupt(reply, at: now) }
    }
}
