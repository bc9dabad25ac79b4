internal import NIOCore
internal import Synchronization
package import VoiceEngineCarrier
internal import VoiceEngineCore
internal import VoiceEngineSession
internal import VoiceEngineThreads

/// One session as the host's threads see it: behind a `voice_session` handle.
///
/// Calls hop to the session's loop; audio goes through rings. It lives until both the host has destroyed it and the
/// session has ended.
package final class Call: Sendable {
    package let ports: HostPorts?
    package let events: EventQueue
    private let engine: Engine
    private let loop: CallLoop
    private let stage: NIOLoopBoundBox<Stage>
    /// Whether the session has ended. Nothing is scheduled on the loop afterwards: it may have ended too.
    private let end = Monitor(false)
    /// The host is refused from now on. For the audio path, which does not lock.
    private let isOver = Atomic<Bool>(false)
    private let agenda = Mutex(Agenda())

    /// What only the loop knows.
    private enum Stage {
        /// Asked to end before it has begun, or not.
        case waiting(mustEnd: Bool)
        /// - Parameter release: Lets go of the carrier when the host hangs up.
        case live(Session, release: () -> Void)
        case over
    }

    /// Texts given to `say`, as far as host threads know.
    private struct Agenda {
        /// On their way to the loop.
        var underway = 0
        /// In the session, when it last told.
        var waiting = 0
    }

    init(engine: Engine, loop: CallLoop, ports: HostPorts?, events: EventQueue) {
        self.engine = engine
        self.loop = loop
        self.ports = ports
        self.events = events
        stage = NIOLoopBoundBox.makeBoxSendingValue(
            .waiting(mustEnd: false), as: Stage.self, eventLoop: loop.eventLoop)
    }

    /// Threads: any. Blocks: no.
    package var hasEnded: Bool { isOver.load(ordering: .acquiring) }

    // MARK: - On the loop

    /// - Parameter release: Lets go of the carrier when the host hangs up.
    /// - Returns: false when the call is to end before it has begun.
    func attach(_ session: Session, release: @escaping () -> Void) -> Bool {
        guard case .waiting(mustEnd: false) = stage.value else { return false }
        stage.value = .live(session, release: release)
        return true
    }

    /// Something happened: texts that waited may have been said.
    func sessionChanged() {
        guard case .live(let session, _) = stage.value else { return }
        let waiting = session.waitingTexts
        agenda.withLock { $0.waiting = waiting }
    }

    /// The session has ended and its last event comes: whoever sees that event finds the call closed.
    func sessionEnds() { isOver.store(true, ordering: .releasing) }

    /// The session's last event has been pushed.
    func sessionEnded() {
        stage.value = .over
        loop.callEnded()
        engine.callEnded(self)
        end.update { $0 = true }
    }

    // MARK: - Any thread

    package func say(_ text: String) throws(VoiceError) {
        let isTaken = agenda.withLock { agenda in
            guard agenda.underway + agenda.waiting < Session.longestAgenda else { return false }
            agenda.underway += 1
            return true
        }
        guard isTaken else {
            if hasEnded { throw VoiceError(.closed, "the session has ended") }
            throw VoiceError(.limit, "text: \(Session.longestAgenda) texts are waiting to be said already")
        }
        try perform { [self] session in
            _ = session.say(text)
            let waiting = session.waitingTexts
            agenda.withLock { agenda in
                agenda.underway -= 1
                agenda.waiting = waiting
            }
        }
    }

    package func sendText(_ text: String) throws(VoiceError) { try perform { $0.receiveText(text) } }
    package func sendDigits(_ digits: String) throws(VoiceError) { try perform { $0.receiveDigits(digits) } }
    package func bargeIn() throws(VoiceError) { try perform { $0.bargeIn() } }
    package func toolResult(id: String, json: String) throws(VoiceError) {
        try perform { $0.toolResult(id: id, json: json) }
    }

    package func sayGoodbye(reason: String) throws(VoiceError) { try perform { $0.sayGoodbye(reason: reason) } }

    package func hangUp() throws(VoiceError) {
        try schedule { [stage] in
            switch stage.value {
            case .waiting: stage.value = .waiting(mustEnd: true)
            case .live(let session, let release):
                session.hangUp()
                release()
            case .over: break
            }
        }
    }

    private func perform(_ body: @escaping @Sendable (Session) -> Void) throws(VoiceError) {
        try schedule { [stage] in
            if case .live(let session, _) = stage.value { body(session) }
        }
    }

    private func schedule(_ task: @escaping @Sendable () -> Void) throws(VoiceError) {
        let isTaken = end.read { isGone in
            guard !isGone, !hasEnded else { return false }
            loop.eventLoop.execute(task)
            return true
        }
        if !isTaken { throw VoiceError(.closed, "the session has ended") }
    }

    /// Ends the session and waits until no callback runs or will run.
    ///
    /// From inside a callback of this call, and from event loops, it returns at once: everything ends by itself, and
    /// `closed` is the last event.
    package func destroy() {
        try? hangUp()
        if events.isInsideCallback || Engine.isOnLoop { return }
        _ = end.wait { $0 ? true : nil }
        // An event thread must not wait for others to deliver: it may be the only one.
        if !WorkerThread.runsHostCode { events.drain(for: Self.farewell) }
        events.close()
    }

    /// How long the last events may take to be delivered when the call is destroyed.
    private static let farewell = Nanoseconds.milliseconds(100)
}

/// An event loop with the clock of its calls.
final class CallLoop: Sendable {
    let eventLoop: any EventLoop
    private let clockBox: NIOLoopBoundBox<SessionClock?>
    private let live = Atomic<Int>(0)

    /// - Parameter lateness: Told on the loop how late each tick came.
    init(eventLoop: any EventLoop, lateness: @escaping @Sendable (Nanoseconds) -> Void) {
        self.eventLoop = eventLoop
        clockBox = NIOLoopBoundBox.makeBoxSendingValue(nil, as: SessionClock?.self, eventLoop: eventLoop)
        eventLoop.execute { [clockBox, eventLoop] in
            clockBox.value = SessionClock(eventLoop: eventLoop, lateness: lateness)
        }
    }

    var calls: Int { live.load(ordering: .relaxed) }

    func callStarted() { live.wrappingAdd(1, ordering: .relaxed) }
    func callEnded() { live.wrappingSubtract(1, ordering: .relaxed) }

    /// On the loop only; nil before the loop ran for the first time.
    var clock: SessionClock? { clockBox.value }
}
