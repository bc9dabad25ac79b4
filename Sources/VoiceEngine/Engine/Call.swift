internal import NIOCore
internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineSession

/// One session as the host's threads see it: behind a `voice_session` handle.
///
/// Calls hop to the session's loop; audio goes through rings. It lives until both the host has destroyed it and the session has ended.
package final class Call: Sendable {
    package let ports: HostPorts?
    package let events: EventQueue
    private let engine: Engine
    private let loop: CallLoop
    private let session: NIOLoopBoundBox<Session?>
    private let end = Monitor(false)
    /// Texts given to `say` that wait, as far as host threads know.
    private let waitingTexts = Atomic<Int>(0)

    init(engine: Engine, loop: CallLoop, ports: HostPorts?, events: EventQueue) {
        self.engine = engine
        self.loop = loop
        self.ports = ports
        self.events = events
        session = NIOLoopBoundBox.makeBoxSendingValue(nil, as: Session?.self, eventLoop: loop.eventLoop)
    }

    package var hasEnded: Bool { end.read { $0 } }

    // MARK: - On the loop

    func attach(_ session: Session) { self.session.value = session }

    /// The session's last event has been pushed.
    func sessionEnded() {
        session.value = nil
        loop.callEnded()
        engine.callEnded(self)
        end.update { $0 = true }
    }

    // MARK: - Any thread

    package func say(_ text: String) throws(VoiceError) {
        let waiting = waitingTexts.wrappingAdd(1, ordering: .relaxed).newValue
        guard waiting <= Session.longestAgenda else {
            waitingTexts.wrappingSubtract(1, ordering: .relaxed)
            throw VoiceError(.limit, "text: \(Session.longestAgenda) texts are waiting to be said already")
        }
        try perform { [self] session in
            _ = session.say(text)
            waitingTexts.store(session.waitingTexts, ordering: .relaxed)
        }
    }

    package func sendText(_ text: String) throws(VoiceError) { try perform { $0.receiveText(text) } }
    package func sendDigits(_ digits: String) throws(VoiceError) { try perform { $0.receiveDigits(digits) } }
    package func bargeIn() throws(VoiceError) { try perform { $0.bargeIn() } }
    package func hangUp() throws(VoiceError) { try perform { $0.hangUp() } }
    package func toolResult(id: String, json: String) throws(VoiceError) {
        try perform { $0.toolResult(id: id, json: json) }
    }

    private func perform(_ body: @escaping @Sendable (Session) -> Void) throws(VoiceError) {
        if hasEnded { throw VoiceError(.closed, "the session has ended") }
        loop.eventLoop.execute { [session] in
            if let session = session.value { body(session) }
        }
    }

    /// Ends the session and waits until no callback runs or will run, unless this is called from one of the engine's own threads: then
    /// everything ends by itself, and `closed` is the last event.
    package func destroy() {
        loop.eventLoop.execute { [session] in session.value?.hangUp() }
        if events.isInsideCallback || engine.isLoopThread { return }
        _ = end.wait { $0 ? true : nil }
        if engine.isEventThread { events.close() } else { events.drain() }
    }
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
