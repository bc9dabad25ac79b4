internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineProviders

// Manners: what the agent says on its own (greeting, fillers, check-ins, warnings, goodbyes), and the recordings of it.

extension Session {
    /// The machines of the conversation's manners.
    struct Customs {
        var fillers: FillerStateMachine
        /// When the call began, also where that was another session; nil: it has not.
        var began: Instant?
        /// nil before the call has begun.
        var length: CallLengthStateMachine?
        /// nil before the call has begun.
        var voicemail: VoicemailStateMachine?
        /// What was said before it was known who has answered.
        var heardFirst = ""

        init(_ policy: SessionPolicy) {
            fillers = FillerStateMachine(after: policy.manners.fillerAfter, count: policy.manners.fillers.count)
        }
    }

    func beginCustoms(at now: Instant) {
        let manners = policy.manners
        let began = now - (setup.memory?.length ?? .zero)
        customs.began = began
        let length = CallLengthStateMachine(
            policy: .init(longest: manners.longestCall, warning: manners.callWarningBefore), start: began)
        customs.length = length
        timers?.length.arm(until: length.deadline)
        providers.apology?.record(with: context)
        if manners.fillerAfter != nil {
            clips?.record(manners.fillers.map { ClipScript($0, policy: policy) }, with: context)
        }
        // A call that goes on was judged before.
        let voicemail = setup.memory == nil ? policy.voicemail : nil
        beginJudging(voicemail ?? .onlyTold, at: now)
    }

    /// The conversation begins: the agent greets, or waits for the caller.
    func greet(at now: Instant) {
        if let greeting = policy.greeting, !greeting.isEmpty {
            say(greeting, isInterruptible: policy.greetingIsInterruptible, at: now)
        } else {
            next(at: now)
        }
    }

    // MARK: - Recordings

    /// The recording of a text that the agent says in call after call; nil while there is none.
    func standingClip(_ text: String) -> VoiceClip.Rendering? {
        let manners = policy.manners
        let isStanding =
            text == policy.greeting || text == manners.checkIn || text == manners.goodbye
            || text == manners.callWarning
        guard isStanding, let clips else { return nil }
        let script = ClipScript(text, policy: policy)
        if let clip = clips.rendering(of: script, at: setup.output.sampleRate) { return clip }
        clips.said(script, with: context)
        return nil
    }

    /// The whole reply is a recording.
    func play(_ clip: VoiceClip.Rendering, in reply: Reply, at now: Instant) {
        for segment in clip.segments {
            guard let index = reply.machine.segmentSpoken() else { return }
            reply.speaks(segment.text, as: index)
            if !policy.protected.isEmpty {
                reply.protection.append(segment: index, isProtected: policy.protected.cover(segment.text.original))
            }
            emit(.agentText, at: now) { $0.text = segment.text.original }
        }
        for (index, segment) in clip.segments.enumerated() {
            paths?.speaker.play(
                segment.samples, wordEnds: segment.wordEnds, as: SegmentID(turn: reply.turn, index: index),
                isBorder: segment.isBorder, at: now)
        }
        perform(reply.machine.textFinished(), of: reply, at: now)
    }

    // MARK: - Fillers

    /// The caller's turn was committed.
    func awaitAnswer(at now: Instant) { perform(customs.fillers.answerBegan(at: now), at: now) }

    /// Text of a reply goes to the voice.
    func noteSpeechRequested(at now: Instant) { perform(customs.fillers.speechRequested(at: now), at: now) }

    /// Audio of the reply itself is queued.
    func answerSounds(_ reply: Reply) {
        customs.fillers.answerSounds()
        // What was said meanwhile may have ended early.
        if let speaker = paths?.speaker { reply.start = speaker.start }
    }

    func fillerIsDue(at now: Instant) {
        guard let reply = dialogue.reply, reply.source == .answer else { return }
        // Nobody talks into what the caller adds.
        let isQuiet = hearing.bargeIn.suspended == nil && !hearing.endpoint.hasUtterance
        let ready = policy.manners.fillers.indices.map { isQuiet && fillerClip($0) != nil }
        perform(customs.fillers.timerFired(at: now) { ready[$0] }, at: now)
    }

    private func perform(_ action: FillerStateMachine.Action, at now: Instant) {
        switch action {
        case .none: break
        case .wait(let until): timers?.filler.arm(until: until)
        case .play(let index):
            guard let reply = dialogue.reply, let clip = fillerClip(index), let speaker = paths?.speaker else { return }
            emit(.agentText, at: now) {
                $0.text = policy.manners.fillers[index]
                $0.name = "filler"
            }
            speaker.interject(clip.samples, wordEnds: clip.wordEnds)
            reply.start = speaker.start
        }
    }

    private func fillerClip(_ index: Int) -> (samples: [Int16], wordEnds: [Int64])? {
        let script = ClipScript(policy.manners.fillers[index], policy: policy)
        guard let clip = clips?.rendering(of: script, at: setup.output.sampleRate) else { return nil }
        var samples: [Int16] = []
        var wordEnds: [Int64] = []
        for segment in clip.segments {
            wordEnds += segment.wordEnds.map { Int64(samples.count) + $0 }
            samples += segment.samples
        }
        return (samples, wordEnds)
    }

    // MARK: - Silence and length

    func callerIsSilent(at now: Instant) {
        guard dialogue.reply == nil, isFloorOpen, !hearing.endpoint.hasUtterance else { return }
        let limit = policy.manners.hangUpAfterCheckIns
        guard limit > 0, dialogue.checkIns >= limit else {
            dialogue.checkIns += 1
            return say(policy.manners.checkIn, at: now)
        }
        let reason = "the caller is silent"
        guard let goodbye = policy.manners.goodbye else { return hangUp(reason: reason, at: now) }
        // A caller who answers the goodbye is there after all.
        utter(goodbye, wish: .hangUp(reason: reason), at: now)
    }

    package func carrierPlays(_ isPlaying: Bool) {
        dialogue.carrierPlays = isPlaying
        if isPlaying {
            timers?.silence.cancel()
        } else if dialogue.reply == nil {
            listen(at: context.eventLoop.instant)
        }
    }

    func callIsTooLong(at now: Instant) {
        // The second time the last reply has not ended in spite of all patience: a host that no longer reads, a voice
        // that hangs.
        if dialogue.ending.isLeaving { return perform(dialogue.ending.patienceEnded(), at: now) }
        let isQuiet = dialogue.reply == nil && isFloorOpen && !hearing.endpoint.hasUtterance
        switch customs.length?.timerFired(at: now, isQuiet: isQuiet) ?? .end {
        case .wait(let until): timers?.length.arm(until: until)
        case .warn(let until):
            timers?.length.arm(until: until)
            say(policy.manners.callWarning, at: now)
        case .end:
            leave(
                .init("the call reached its longest duration", goodbye: policy.manners.goodbye), at: now)
        }
    }
}
