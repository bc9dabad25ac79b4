internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// What hosts ask of a running session. All on the session's loop; a session that has ended ignores them.

extension Session {
    /// - Returns: false when too many texts wait already.
    package func say(_ text: String) -> Bool {
        guard life == .running else { return true }
        guard !policy.isMute else {
            emit(.error, at: context.eventLoop.instant) {
                $0.status = .unsupported
                $0.name = ProviderRole.textToSpeech.rawValue
                $0.text = "this cannot be said: the agent's document has no tts"
            }
            return true
        }
        guard dialogue.agenda.waitingTexts < Self.longestAgenda else { return false }
        dialogue.agenda.add(text)
        next(at: context.eventLoop.instant)
        return true
    }

    /// Texts that wait to be said.
    package var waitingTexts: Int { dialogue.agenda.waitingTexts }

    /// A turn of the caller in writing.
    package func receiveText(_ text: String) {
        guard life == .running else { return }
        let now = context.eventLoop.instant
        if let reply = dialogue.reply {
            perform(hearing.bargeIn.interrupt(reply.turn), at: now)
        }
        dropDraft(at: now)
        // What the caller was saying is part of the turn.
        let words = weigh(hearing.transcript, at: now)
        if hearing.endpoint.hasUtterance, words == .few || words == .interruption {
            dialogue.agenda.add(Utterance(text: hearing.transcript, lastSpeech: now, decidable: now))
        }
        hearing.endpoint.drop()
        hearing.transcript = ""
        timers?.endpoint.cancel()
        paths?.caller.utteranceCommitted()
        let utterance = Utterance(text: text, lastSpeech: now, decidable: now)
        policy.onlyListens ? writeDown(utterance, at: now) : answer(utterance, at: now)
    }

    package func bargeIn() {
        guard life == .running, let reply = dialogue.reply else { return }
        let now = context.eventLoop.instant
        perform(hearing.bargeIn.interrupt(reply.turn), at: now)
        next(at: now)
    }

    /// Digits are collected until the end key or a pause, and are then the caller's turn.
    package func receiveDigits(_ digits: String) {
        guard life == .running else { return }
        let now = context.eventLoop.instant
        let isCollected = policy.keypad.isEnabled && policy.keypad.delivery == .event
        if !isCollected { emit(.dtmfIn, at: now) { $0.text = digits } }
        // Whoever presses keys is there.
        dialogue.checkIns = 0
        keysInterrupt(digits, at: now)
        if dialogue.reply == nil { listen(at: now) }
        guard policy.keypad.isEnabled else { return }
        for digit in digits {
            if digit == policy.keypad.endKey { return digitsComplete(at: now) }
            if hearing.digits.count < policy.keypad.mostDigits { hearing.digits.append(digit) }
        }
        timers?.digits.arm(until: now + policy.keypad.gap)
    }

    func digitsComplete(at now: Instant) {
        timers?.digits.cancel()
        guard !hearing.digits.isEmpty else { return }
        let digits = hearing.digits
        hearing.digits = ""
        switch policy.keypad.delivery {
        case .event:
            emit(.dtmfIn, at: now) {
                $0.text = digits
                $0.flags = .final
            }
        case .text:
            // What the keys did not stop is heard out.
            guard dialogue.reply == nil else {
                return dialogue.agenda.add(Utterance(text: digits, lastSpeech: now, decidable: now))
            }
            receiveText(digits)
        }
    }

    /// Keys that stop the agent do so at once; what may not be interrupted goes on.
    private func keysInterrupt(_ digits: String, at now: Instant) {
        guard policy.keypad.isEnabled, let turn = interruptibleReply, policy.keypad.interrupts.isStopped(by: digits)
        else { return }
        perform(hearing.bargeIn.interrupt(turn), at: now)
        next(at: now)
    }

    package func toolResult(id: String, json: String) {
        guard life == .running else { return }
        toolAnswered(id: id, json: json, at: context.eventLoop.instant)
    }

    /// The call is to end soon: the reply under way is heard out, then the agent says goodbye. Without a goodbye in the
    /// document it hangs up. A call that ends already goes on doing so.
    package func sayGoodbye(reason: String) {
        guard life == .running, !dialogue.ending.isLeaving else { return }
        leave(.init(reason, goodbye: policy.manners.goodbye), at: context.eventLoop.instant)
    }

    package func hangUp() { end(reason: "the host hung up", at: context.eventLoop.instant) }
}
