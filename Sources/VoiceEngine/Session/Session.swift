internal import NIOCore
package import VoiceEngineCore
package import VoiceEngineProviders

// One call.
//
//                 ┌───────────── CallerPath ─────────────┐        EndpointStateMachine   when the caller has finished
//   carrier ─────►│ recogniser, voice activity           │──────► BargeInStateMachine    whether voice stops the agent
//                 └──────────────────────────────────────┘        ReplyStateMachine      how far the reply has come
//                 ┌────────────── Speaker ───────────────┐        ToolCallStateMachine   what the model waits for
//   carrier ◄─────│ text-to-speech, playout, pacing      │◄────── Conversation           what was said and heard
//                 └──────────────────────────────────────┘
//
// A session is created on its event loop and never leaves it. It begins with `start`, ends exactly once (`end`), and
// then holds nothing: no timer, no stream, no carrier. Queues: see CallerPath and Speaker; 16 texts wait to be said,
// one utterance and its follow-ups wait for a reply that may not be interrupted.
//
// Files: Session (life, timers), Session+Caller (hearing), Session+Reply (answering), Session+Draft (answering ahead of
// time), Session+Tools, Session+Ending (of replies and of the call), Session+Manners, Session+Floor (whose turn it is),
// Session+Host (what hosts ask for).

/// The conversation of one call: takes the machines' decisions and carries them out. Confined to its event loop.
package final class Session: CallSession, Ticking {
    /// Most texts that wait to be said.
    package static let longestAgenda = 16

    enum Life: Equatable { case ready, running, ended }

    private(set) var context: ProviderContext
    let policy: SessionPolicy
    let providers: SessionProviders
    let carrier: any Carrier
    let setup: CallSetup
    /// Which language model is asked next.
    let modelChoice: LinkChoice
    package let clock: SessionClock
    package var seat = SessionClock.Seat()
    private let observer: (SessionEvent) -> Void

    var life = Life.ready
    var hearing: Hearing
    var dialogue: Dialogue
    var customs: Customs
    private(set) var paths: Paths?
    private(set) var timers: Timers?

    /// For what the session owns, and for what outlives it.
    let wayBack = WayBack<Session>()

    /// The machines on the caller's side.
    struct Hearing: ~Copyable {
        var endpoint: EndpointStateMachine
        var bargeIn: BargeInStateMachine
        var speculation: SpeculationStateMachine
        /// The latest words, to be reported as final when they are committed.
        var transcript = ""
        /// Since when the caller speaks without a word recognised.
        var onset: Instant?
        var digits = ""
    }

    /// The agent's side.
    struct Dialogue {
        var conversation: Conversation
        var turn = TurnID.none
        /// The newest number that was given, also to a draft.
        var lastTurn = TurnID.none
        var reply: Reply?
        /// An answer that was begun before its turn is committed. Never beside a reply.
        var draft: Reply?
        /// What waits for the floor.
        var agenda = Agenda()
        /// How fast the voice speaks, as far as it was heard in this call.
        var speakingRate = SpeakingRate()
        var checkIns = 0
        /// The carrier plays a recording beside the agent: who listens to it is silent.
        var carrierPlays = false
        /// Where the call stands in its flow; nil: it has none.
        var flow: FlowStateMachine?
        /// The node that the host knows of.
        var toldNode: String?
        var errands = Errands()
        var ending: EndingStateMachine
        /// What the providers did since the last report.
        var work = ProviderWork()
        /// Audio recognised up to the last report.
        var recognised = Nanoseconds.zero
    }

    struct Paths {
        let caller: CallerPath
        let speaker: Speaker
    }

    struct Timers {
        let endpoint, bargeIn, tools, silence, length, digits, clip, floor, filler, voicemail, draft, model: ClockTimer

        var all: [ClockTimer] {
            [endpoint, bargeIn, tools, silence, length, digits, clip, floor, filler, voicemail, draft, model]
        }
    }

    /// - Parameters:
    ///   - clock: The ticks of the loop that this is called on.
    ///   - observer: Told of every event, on the loop; must not call back into the session.
    package init(
        setup: CallSetup, policy: SessionPolicy, providers: SessionProviders, conversation: [ChatMessage] = [],
        carrier: any Carrier, context: ProviderContext, clock: SessionClock, observer: @escaping (SessionEvent) -> Void
    ) {
        self.setup = setup
        self.policy = policy
        self.providers = providers
        self.carrier = carrier
        self.context = context
        self.clock = clock
        self.observer = observer
        modelChoice = LinkChoice(
            providers.languageModel, name: { $0.name }, policy: policy.failover, random: providers.random)
        hearing = Hearing(
            endpoint: EndpointStateMachine(policy: policy.endpoint),
            bargeIn: BargeInStateMachine(policy: policy.bargeIn),
            speculation: SpeculationStateMachine(policy: policy.speculation))
        dialogue = Dialogue(
            conversation: Conversation(setup.memory?.messages ?? conversation),
            flow: policy.flow.flatMap { FlowStateMachine($0, at: setup.memory?.node) },
            ending: EndingStateMachine(mostFailures: policy.failover.endAfter))
        customs = Customs(policy)
        wayBack.leads(to: self)
    }

    deinit { wayBack.end() }

    // MARK: - Life

    /// Opens the streams and says the greeting.
    ///
    /// - Throws: when an audio format cannot be converted; the session has then ended.
    package func start() throws {
        context.eventLoop.assertInEventLoop()
        guard life == .ready else { return }
        let wayBack = wayBack
        let boundWay = NIOLoopBound(wayBack, eventLoop: context.eventLoop)
        context.connected = { role, time in
            boundWay.value.owner?.dialogue.work.connected(role, after: time)
        }
        do {
            let caller = try CallerPath(
                setup: setup, providers: providers, policy: policy.failover, context: context, clock: clock
            ) { event, now in wayBack.owner?.heard(event, at: now) }
            do {
                let speaker = try Speaker(
                    setup: setup, carrier: carrier, voice: providers.voice(nil), others: providers.otherVoices,
                    policy: policy.failover, comfortNoise: policy.comfortNoise, random: providers.random,
                    context: context, clock: clock
                ) { event, now in wayBack.owner?.spoke(event, at: now) }
                caller.played = speaker.level
                speaker.use(voiceName)
                speaker.open()
                dialogue.toldNode = dialogue.flow?.node.name
                paths = Paths(caller: caller, speaker: speaker)
            } catch {
                caller.close()
                throw error
            }
        } catch {
            life = .ended
            throw error
        }
        life = .running
        timers = makeTimers()
        clock.add(self)
        let now = context.eventLoop.instant
        beginCustoms(at: now)
        emit(.started, at: now) {
            $0.text = context.callID
            $0.name = setup.agent
        }
        begin(at: now)
    }

    /// Where something must be heard whole, the playout is followed.
    package func tick(at now: Instant) -> Instant {
        guard !policy.protected.isEmpty else { return .distantFuture }
        watchProtection(at: now)
        return now
    }

    /// Ends the call: silence, no further events but `closed`. Once; later calls have no effect.
    package func end(reason: String, status: SessionStatus = .ok, at now: Instant) {
        guard life == .running else { return }
        dialogue.ending.close()
        dropDraft(at: now)
        if let reply = dialogue.reply { interrupt(reply, at: now) }
        life = .ended
        clock.remove(self)
        timers?.all.forEach { $0.cancel() }
        timers = nil
        dialogue.errands = Errands()
        paths?.caller.close()
        paths?.speaker.close()
        paths = nil
        carrier.gather(0)
        emit(.closed, at: now) {
            $0.text = reason
            $0.status = status
        }
    }

    package func carrierClosed(reason: String) {
        paths?.speaker.carrierClosed()
        end(reason: reason, at: context.eventLoop.instant)
    }

    package var hasEnded: Bool { life == .ended }

    // MARK: - Shared by the parts

    func emit(_ kind: SessionEvent.Kind, at now: Instant, _ fill: (inout SessionEvent) -> Void = { _ in }) {
        var event = SessionEvent(kind, turn: dialogue.turn, time: now)
        fill(&event)
        observer(event)
    }

    /// What happened to the providers of a role.
    func noted(_ note: ChainNote, of role: ProviderRole, at now: Instant) {
        guard life == .running else { return }
        dialogue.work.note(note, of: role)
        switch note {
        case .failed(let error): report(error, at: now)
        case .failedOver(let old, let new):
            context.log(.warning, "\(context.callID): \(role.rawValue): \(new) takes over from \(old)")
        case .retried, .hedged, .firstResult: break
        }
    }

    /// No provider of a role is left.
    func reportNoneLeft(_ role: ProviderRole, at now: Instant) {
        emit(.error, at: now) {
            $0.status = .provider
            $0.name = role.rawValue
            $0.text = "no provider is left"
        }
    }

    func report(_ error: ProviderError, at now: Instant) {
        context.log(.warning, "\(context.callID): \(error)")
        emit(.error, at: now) {
            $0.status = .provider
            $0.name = error.provider
            $0.text = error.detail
        }
    }

    private func makeTimers() -> Timers {
        func timer(_ fired: @escaping (Session, Instant) -> Void) -> ClockTimer {
            ClockTimer(clock) { [wayBack] now in
                guard let session = wayBack.owner, session.life == .running else { return }
                fired(session, now)
            }
        }
        return Timers(
            endpoint: timer { $0.endpointTimerFired(at: $1) },
            bargeIn: timer { $0.perform($0.hearing.bargeIn.timerFired(at: $1), at: $1) },
            tools: timer { $0.toolTimerFired(at: $1) },
            silence: timer { $0.callerIsSilent(at: $1) },
            length: timer { $0.callIsTooLong(at: $1) },
            digits: timer { $0.digitsComplete(at: $1) },
            clip: timer { $0.clipTimerFired(at: $1) },
            floor: timer { $0.next(at: $1) },
            filler: timer { $0.fillerIsDue(at: $1) },
            voicemail: timer { $0.voicemailTimerFired(at: $1) },
            draft: timer { $0.draftTimerFired(at: $1) },
            model: timer { session, _ in session.modelMayGoOn() })
    }
}
