internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

/// What the calls of one server share.
struct BrowserCallContext: Sendable {
    let host: any CallHost
    let calls: CarrierCalls
    let log: Log
}

/// One call from the page: the far end of its WebSocket, and the carrier of its session.
///
///     socket > BrowserWire > BrowserCallStateMachine > CallSession
///     socket < audio < Carrier.play                         BrowserPlayoutClock: what was heard, by the player's count
///     socket < BrowserMessageWriter < Carrier.report
///
/// What a page does not read waits in its socket, up to `ServerLimits.webSocketStalledBytes`; then the call ends.
///
/// - Important: Confined to the connection's loop.
final class BrowserCall: ServerWebSocketPeer, Carrier, CarrierCall {
    /// A page has this long from the handshake to its `start`.
    static let startTimeout = TimeAmount.seconds(10)
    /// Audio ahead of real time: it outlasts a page that is busy for a moment, and costs nothing, because a cut is
    /// exact. [ms]
    static let lead = 160

    private enum State {
        case waiting
        /// - Parameter session: nil until the host has accepted the call.
        case live(session: (any CallSession)?)
        case ended
    }

    /// Reports are written out together, behind the event that they tell of.
    private enum Reports { case none, waiting }

    private let context: BrowserCallContext
    private let eventLoop: any EventLoop
    private let agent: String
    private var socket: ServerWebSocket?
    private var state = State.waiting
    private var machine = BrowserCallStateMachine()
    private var clock = BrowserPlayoutClock(sampleRate: BrowserWire.outputRate)
    private var writer = BrowserMessageWriter()
    private var reports = Reports.none
    private var startDeadline: Scheduled<Void>?

    /// - Parameter agent: From the path; empty for the one that the page asks for, or the only one there is.
    init(context: BrowserCallContext, agent: String, eventLoop: any EventLoop) {
        self.context = context
        self.agent = agent
        self.eventLoop = eventLoop
    }

    // MARK: The connection's life

    func opened(_ socket: ServerWebSocket) {
        self.socket = socket
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        startDeadline = eventLoop.scheduleTask(in: Self.startTimeout) {
            let call = bound.value
            call.perform(call.machine.startDeadlinePassed())
        }
    }

    func received(text: UnsafeRawBufferPointer) {
        let action: BrowserCallStateMachine.Action
        do {
            action = machine.received(try BrowserWire.decode(text))
        } catch {
            action = machine.receivedMalformed(error)
        }
        perform(action)
    }

    func received(binary: UnsafeRawBufferPointer) {
        let action: BrowserCallStateMachine.Action
        do {
            try BrowserWire.check(audio: binary.count)
            action = machine.receivedAudio()
        } catch {
            action = machine.receivedMalformed(error)
        }
        guard case .takeAudio = action else { return perform(action) }
        if binary.count > 0 { session?.receive(binary) }
    }

    func closed(_ reason: String) {
        socket = nil
        endSession(reason: reason)
        startDeadline?.cancel()
        startDeadline = nil
    }

    func endByServer(reason: String) {
        endSession(reason: reason)
        socket?.close(code: 1001, reason: reason)
    }

    private func perform(_ action: BrowserCallStateMachine.Action) {
        switch action {
        case .none, .takeAudio: break
        case .startCall(let start): startCall(start)
        case .takePlayed(let samples): note(clock.played(samples, at: eventLoop.instant))
        case .takeCleared(let number, let samples): note(clock.cleared(number, samples: samples))
        case .takeDigits(let digits): session?.receiveDigits(digits)
        case .endCall:
            endSession(reason: "the caller hung up")
            socket?.close(code: 1000, reason: "the caller hung up")
        case .ignored(let anomaly): context.log(.debug, "browser: ignored: \(anomaly)")
        case .close(let code, let anomaly):
            context.log(.warning, "browser: closed with \(code): \(anomaly)")
            endSession(reason: "the connection was closed: \(anomaly)")
            socket?.close(code: code, reason: "\(anomaly)")
        }
    }

    private var session: (any CallSession)? {
        if case .live(let session) = state { session } else { nil }
    }

    private func note(_ report: BrowserPlayoutClock.Report) {
        if report == .ignored { context.log(.trace, "browser: a report of the player came too late") }
    }

    /// Tells the session once, and lets go of it.
    private func endSession(reason: String) {
        let live = state
        state = .ended
        machine.sessionEnded()
        guard case .live(let session) = live else { return }
        context.calls.remove(self)
        session?.carrierClosed(reason: reason)
    }

    // MARK: Start

    private func startCall(_ start: BrowserStart) {
        startDeadline?.cancel()
        startDeadline = nil
        do {
            try accept(start)
        } catch {
            context.log(.warning, "browser: a call was refused: \(error.detail)")
            state = .ended
            machine.sessionEnded()
            send(BrowserMessageWriter.refused(error))
            socket?.close(code: error.closeCode, reason: error.detail)
        }
    }

    private func accept(_ start: BrowserStart) throws(CallRefusal) {
        let setup = try setup(start)
        try context.calls.add(self, on: eventLoop)
        state = .live(session: nil)
        let session: any CallSession
        do {
            session = try context.host.accept(setup, carrier: self, on: eventLoop)
        } catch {
            context.calls.remove(self)
            throw error
        }
        // The session may end while it begins.
        guard case .live = state else { return session.carrierClosed(reason: "the connection was closed") }
        state = .live(session: session)
        socket?.readInRounds()
    }

    private func setup(_ start: BrowserStart) throws(CallRefusal) -> CallSetup {
        var variables = start.variables
        variables["direction"] = "inbound"
        let input: AudioFormat
        let output: AudioFormat
        do {
            input = try AudioFormat(encoding: .pcm16, sampleRate: BrowserWire.inputRate)
            output = try AudioFormat(encoding: .pcm16, sampleRate: BrowserWire.outputRate)
        } catch {
            throw CallRefusal(.failed, "\(error)")
        }
        return CallSetup(
            agent: agent.isEmpty ? start.agent : agent, callID: Self.inventedCallID(), variables: variables,
            input: input, output: output, leadMilliseconds: Self.lead)
    }

    private static func inventedCallID() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return "browser-" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    // MARK: To the caller

    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
        guard case .live = state, let socket, audio.count > 0 else { return }
        socket.send(binary: audio)
        clock.play(samples)
    }

    func flush() { socket?.flush() }

    func heardSamples(at now: Instant) -> Int64 { clock.heardSamples(at: now) }

    /// The player lets the sound end within a few milliseconds by itself.
    var fadesOnCut: Bool { true }

    func cut(at now: Instant) -> Int64 {
        let (heard, clear) = clock.cut(at: now)
        if let clear {
            send(BrowserMessageWriter.clear(clear))
            socket?.flush()
        }
        return heard
    }

    func takeCutResult() -> CutResult { clock.takeCutResult(at: eventLoop.instant) }

    func perform(_ request: CarrierRequest) -> Bool {
        switch request {
        // There is no telephone behind a page; it shows what was asked for.
        case .sendDigits, .transfer: return false
        case .hangUp(let reason):
            guard socket != nil else { return false }
            endSession(reason: reason)
            socket?.close(code: 1000, reason: reason)
            return true
        }
    }

    // MARK: To the page

    func report(_ event: SessionEvent) {
        guard socket != nil else { return }
        for message in writer.messages(for: event) { send(message) }
        guard case .none = reports else { return }
        reports = .waiting
        // Not at once: a socket that breaks in a write would end the session in the middle of its own event.
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            let call = bound.value
            call.reports = .none
            call.socket?.flush()
        }
    }

    private func send(_ message: [UInt8]) {
        message.withUnsafeBytes { socket?.send(text: $0) }
    }
}
