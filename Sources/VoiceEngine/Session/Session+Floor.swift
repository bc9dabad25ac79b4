internal import NIOCore
internal import VoiceEngineCore

// Whose turn it is, when nobody says anything or somebody must be heard out.

extension Session {
    /// What waits while a reply is under way or the caller speaks, in order.
    func next(at now: Instant) {
        guard life == .running, dialogue.reply == nil, isFloorOpen else { return }
        timers?.floor.cancel()
        let caller: Agenda.Caller =
            !hearing.endpoint.hasUtterance ? .silent : hearing.transcript.isEmpty ? .audible : .speaking
        switch dialogue.agenda.next(caller, at: now) {
        case .answer(let utterance): answer(utterance, at: now)
        case .say(let text): say(text, at: now)
        case .wait(let until): timers?.floor.arm(until: until)
        case .listen: listen(at: now)
        }
    }

    /// The floor is the caller's.
    func listen(at now: Instant) {
        guard life == .running, isFloorOpen, !dialogue.carrierPlays, let wait = policy.manners.checkInAfter else {
            return
        }
        timers?.silence.arm(until: now + wait)
    }

    /// The reply that the caller's voice may stop, here and now.
    var interruptibleReply: TurnID? {
        guard let reply = dialogue.reply, reply.isInterruptible else { return nil }
        let isProtected = !reply.protection.isEmpty && reply.protection.isProtected(at: position(in: reply))
        return isProtected ? nil : reply.turn
    }

    /// Once what had to be heard is over, words that waited have their turn, and a voice may interrupt.
    func watchProtection(at now: Instant) {
        guard let reply = dialogue.reply, !reply.protection.isEmpty,
            reply.protection.advance(to: position(in: reply)), interruptibleReply != nil, policy.bargeIn.isEnabled
        else { return }
        if dialogue.agenda.hasWords {
            perform(hearing.bargeIn.interrupt(reply.turn), at: now)
            return next(at: now)
        }
        let hearsWordsLate = paths?.caller.hearsWordsLate ?? false
        perform(hearing.bargeIn.mayInterrupt(reply.turn, hearsWordsLate: hearsWordsLate, at: now), at: now)
        guard hearing.bargeIn.suspended != nil else { return }
        perform(
            hearing.bargeIn.words(weigh(hearing.transcript, at: now), isSettled: false, over: reply.turn, at: now),
            at: now)
    }

    /// Samples of the reply that were heard.
    private func position(in reply: Reply) -> Int64 {
        max((paths?.speaker.heard(at: context.eventLoop.instant) ?? 0) - reply.start, 0)
    }
}
