internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// The end of a reply and of a call: what comes next, the apology, the last word.

extension Session {
    /// How long the last reply may take once the call is to end.
    static var longestFarewell: Nanoseconds { .seconds(20) }

    /// How long a call without any voice waits for the apology that is being recorded, and between two looks at it.
    private static var clipPatience: Nanoseconds { .seconds(5) }
    private static var clipStep: Nanoseconds { .milliseconds(100) }

    func ended(_ reply: Reply, _ outcome: ReplyStateMachine.Outcome, at now: Instant) {
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

    /// No provider is left: the caller is told, then the call ends.
    func giveUp(_ reason: String, at now: Instant) {
        if dialogue.reply == nil { _ = sayApology(at: now) }
        endAfterReply(Farewell(reason: reason, status: .provider), at: now)
    }

    func endAfterReply(_ farewell: Farewell, at now: Instant) {
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
