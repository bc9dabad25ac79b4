internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// The end of a reply and of a call: what comes next, the apology, the last word.

extension Session {
    func ended(_ reply: Reply, _ outcome: ReplyStateMachine.Outcome, at now: Instant) {
        reply.generation?.cancel()
        reply.generation = nil
        hearing.bargeIn.replyEnded(reply.turn)
        let wasCut = outcome != .finished
        let position =
            wasCut ? (paths?.speaker.cancel(reply.turn, at: now) ?? reply.start) : (paths?.speaker.heard(at: now) ?? 0)
        dialogue.reply = nil
        toolsEnd(with: reply, at: now)
        commitHeard(reply, position: position, wasCut: wasCut, at: now)
        if outcome == .finished { pressKeys(of: reply, at: now) }
        let over = EndingStateMachine.EndedReply(
            source: reply.source, wish: reply.wish, failure: reply.failure, outcome: outcome)
        perform(dialogue.ending.replyEnded(over, means: means, at: now), at: now)
    }

    // MARK: - What follows

    func perform(_ action: EndingStateMachine.Action, at now: Instant) {
        switch action {
        case .none: break
        case .goOn: next(at: now)
        case .yield: dialogue.agenda.dropTexts()
        case .transfer(let target):
            _ = carrier.perform(.transfer(target))
            emit(.transfer, at: now) { $0.text = target }
            listen(at: now)
        case .apologise(let apology, let until):
            if let until { timers?.length.arm(until: until) }
            switch apology {
            case .spoken: say(policy.manners.onFailure ?? "", as: .apology, at: now)
            case .recorded: playApology(at: now)
            }
        case .awaitClip(let until): timers?.clip.arm(until: until)
        case .hearOut(let until): timers?.length.arm(until: until)
        case .sayGoodbye(let goodbye, let until):
            timers?.length.arm(until: until)
            dialogue.agenda.dropTexts()
            utter(goodbye, isInterruptible: false, at: now)
        case .hangUp(let farewell):
            hangUp(reason: farewell.reason, status: farewell.cause == .providers ? .provider : .ok, at: now)
        }
    }

    // MARK: - Apologies

    /// What there is to apologise with right now.
    private var means: EndingStateMachine.Means {
        guard policy.manners.onFailure != nil else { return .init(hasSentence: false, clip: .none) }
        guard let clip = providers.apology else { return .init(hasSentence: true, clip: .none) }
        return .init(hasSentence: true, clip: clip.isPlayable ? .ready : clip.isRecording ? .recording : .none)
    }

    func clipTimerFired(at now: Instant) {
        perform(
            dialogue.ending.clipTimerFired(isReplyUnderWay: dialogue.reply != nil, means: means, at: now), at: now)
    }

    private func playApology(at now: Instant) {
        guard dialogue.reply == nil, let clip = providers.apology,
            let rendering = clip.rendering(at: setup.output.sampleRate)
        else { return perform(dialogue.ending.clipFailed(), at: now) }
        timers?.silence.cancel()
        play(rendering, in: begin(.clip, isInterruptible: true, isSpoken: false), at: now)
    }

    // MARK: - The end of the call

    /// No provider is left: the caller is told, then the call ends.
    func giveUp(_ reason: String, at now: Instant) {
        let isReplyUnderWay = dialogue.reply != nil
        perform(
            dialogue.ending.giveUp(reason, isReplyUnderWay: isReplyUnderWay, means: means, at: now), at: now)
    }

    /// The call ends when the reply under way is over, or now.
    func leave(_ farewell: EndingStateMachine.Farewell, at now: Instant) {
        perform(dialogue.ending.leave(farewell, isReplyUnderWay: dialogue.reply != nil, at: now), at: now)
    }

    func hangUp(reason: String, status: SessionStatus = .ok, at now: Instant) {
        guard life == .running else { return }
        emit(.hangUp, at: now) {
            $0.text = reason
            $0.status = status
        }
        // The session ends first, so that the carrier's own goodbye finds nothing left to do.
        end(reason: reason, status: status, at: now)
        _ = carrier.perform(.hangUp(reason: reason))
    }
}
