internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

/// What the calls of one server share.
struct TwilioCallContext: Sendable {
    let host: any CallHost
    let calls: CarrierCalls
    let log: Log
}

/// One call over a Twilio media stream: the far end of its WebSocket, and the carrier of its session.
///
///     socket > TwilioWire > TwilioStreamStateMachine > CallSession
///     socket < TwilioMessageWriter < TwilioPlayoutClock < Carrier.play
///
/// - Important: Confined to the connection's loop.
final class TwilioCall: ServerWebSocketPeer, Carrier, CarrierCall {
    /// A client has this long from the handshake to its `start`.
    static let startTimeout = TimeAmount.seconds(10)
    /// Twilio sends audio all the time, silence too: without any for this long something is wrong on its side.
    static let mediaWatch = TimeAmount.seconds(5)
    /// The agent has said all for now when nothing was played for this long.
    static let speechEnd = Nanoseconds.milliseconds(100)
    static let speechEndCheck = TimeAmount.milliseconds(150)

    private enum State {
        case waiting
        case live(Line)
        case ended
    }

    /// What a live call sends with and to.
    private struct Line {
        let writer: TwilioMessageWriter
        /// nil until the host has accepted the call.
        var session: (any CallSession)?
    }

    private let context: TwilioCallContext
    private let eventLoop: any EventLoop
    private let agent: String
    private var socket: ServerWebSocket?
    private var state = State.waiting
    private var machine = TwilioStreamStateMachine()
    private var clock = TwilioPlayoutClock(sampleRate: AudioFormat.telephone.sampleRate)
    private var inbound = TwilioInboundAudio()
    private var watch: RepeatedTask?
    private var startDeadline: Scheduled<Void>?
    private var speechEndTimer: Scheduled<Void>?

    /// - Parameter agent: From the path; empty for the one of the `agent` parameter, or the only one there is.
    init(context: TwilioCallContext, agent: String, eventLoop: any EventLoop) {
        self.context = context
        self.agent = agent
        self.eventLoop = eventLoop
    }

    // MARK: The stream's life

    func opened(_ socket: ServerWebSocket) {
        self.socket = socket
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        startDeadline = eventLoop.scheduleTask(in: Self.startTimeout) {
            let call = bound.value
            call.perform(call.machine.startDeadlinePassed(), message: nil)
        }
    }

    func received(text: UnsafeRawBufferPointer) {
        let action: TwilioStreamStateMachine.Action
        do {
            action = machine.received(try TwilioWire.decode(text))
        } catch {
            action = machine.receivedMalformed(error)
        }
        perform(action, message: text)
    }

    func received(binary: UnsafeRawBufferPointer) { perform(machine.receivedBinary(), message: nil) }

    func closed(_ reason: String) {
        endSession(reason: reason)
        socket = nil
        startDeadline?.cancel()
        watch?.cancel()
        speechEndTimer?.cancel()
        (startDeadline, watch, speechEndTimer) = (nil, nil, nil)
    }

    func endByServer(reason: String) {
        endSession(reason: reason)
        socket?.close(code: 1001, reason: reason)
    }

    private func perform(_ action: TwilioStreamStateMachine.Action, message: UnsafeRawBufferPointer?) {
        switch action {
        case .none: break
        case .startCall(let start): startCall(start)
        case .takeAudio(let media): if let message { takeAudio(media, message) }
        case .takeDigit(let digit): session?.receiveDigits(String(decoding: CollectionOfOne(digit), as: UTF8.self))
        case .takeMark(let number): takeMark(number)
        case .endCall:
            endSession(reason: "the caller hung up")
            socket?.close(code: 1000, reason: "the stream has stopped")
        case .ignored(let anomaly): context.log(.debug, "twilio: ignored: \(anomaly)")
        case .close(let code, let anomaly):
            context.log(.warning, "twilio: closed with \(code): \(anomaly)")
            endSession(reason: "the stream was closed: \(anomaly)")
            socket?.close(code: code, reason: "\(anomaly)")
        }
    }

    private var session: (any CallSession)? {
        if case .live(let line) = state { line.session } else { nil }
    }

    /// Tells the session once, and lets go of it.
    private func endSession(reason: String) {
        guard case .live(let line) = state else {
            state = .ended
            return
        }
        state = .ended
        context.calls.remove(self)
        line.session?.carrierClosed(reason: reason)
    }

    // MARK: Start

    private func startCall(_ start: TwilioStart) {
        startDeadline?.cancel()
        startDeadline = nil
        do {
            try accept(start)
        } catch {
            context.log(.warning, "twilio: call \(start.callSid) refused: \(error.detail)")
            state = .ended
            socket?.close(code: Self.closeCode(error.kind), reason: error.detail)
        }
    }

    private func accept(_ start: TwilioStart) throws(CallRefusal) {
        try context.calls.add(self, on: eventLoop)
        state = .live(Line(writer: TwilioMessageWriter(streamSid: start.streamSid), session: nil))
        let session: any CallSession
        do {
            session = try context.host.accept(setup(start), carrier: self, on: eventLoop)
        } catch {
            state = .ended
            context.calls.remove(self)
            throw error
        }
        guard case .live(var line) = state else { return session.carrierClosed(reason: "the stream was closed") }
        line.session = session
        state = .live(line)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        watch = eventLoop.scheduleRepeatedTask(initialDelay: Self.mediaWatch, delay: Self.mediaWatch) { _ in
            bound.value.watchMedia()
        }
    }

    private func setup(_ start: TwilioStart) -> CallSetup {
        var variables = start.customParameters
        let named = variables.removeValue(forKey: "agent") ?? ""
        variables["callSid"] = start.callSid
        variables["accountSid"] = start.accountSid
        return CallSetup(
            agent: agent.isEmpty ? named : agent,
            callID: start.callSid.isEmpty ? start.streamSid : start.callSid,
            variables: variables, input: .telephone, output: .telephone)
    }

    private static func closeCode(_ kind: CallRefusal.Kind) -> UInt16 {
        switch kind {
        case .unknownAgent, .badRequest: 1008
        case .full, .draining, .notReady: 1013
        case .failed: 1011
        }
    }

    // MARK: From the caller

    private func takeAudio(_ media: TwilioMedia, _ message: UnsafeRawBufferPointer) {
        do {
            let audio = try inbound.decode(media, of: message)
            if audio.count > 0 { session?.receive(audio) }
        } catch {
            perform(machine.receivedMalformed(error), message: nil)
        }
    }

    private func takeMark(_ number: Int64) {
        if clock.echoed(number, at: eventLoop.instant) == .unknown {
            context.log(.debug, "twilio: a mark came back that was not sent")
        }
    }

    private func watchMedia() {
        guard inbound.wentSilent() else { return }
        context.log(.warning, "twilio: no audio from the carrier for \(Self.mediaWatch.nanoseconds / 1_000_000_000) s")
    }

    // MARK: To the caller

    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
        guard case .live(let line) = state, let socket, audio.count > 0 else { return }
        socket.send(textOf: line.writer.mediaCount(audio: audio.count)) { line.writer.writeMedia(audio, into: &$0) }
        if let mark = clock.play(samples, at: eventLoop.instant) { send(mark, line) }
        if speechEndTimer == nil { armSpeechEnd() }
    }

    func flush() { socket?.flush() }

    func heardSamples(at now: Instant) -> Int64 { clock.heardSamples(at: now) }

    func cut(at now: Instant) -> Int64 {
        let hadAudio = clock.mayHaveUnplayedSamples
        let heard = clock.cut(at: now)
        if hadAudio, case .live(let line) = state, let socket {
            socket.send(textOf: line.writer.clearCount) { line.writer.writeClear(into: &$0) }
            socket.flush()
        }
        return heard
    }

    func perform(_ request: CarrierRequest) -> Bool {
        switch request {
        // Both need Twilio's REST API: a stream has no message for them.
        case .sendDigits, .transfer: return false
        case .hangUp(let reason):
            guard let socket else { return false }
            endSession(reason: reason)
            // Twilio goes on with the TwiML behind <Connect>, and hangs up when there is none.
            socket.close(code: 1000, reason: reason)
            return true
        }
    }

    private func send(_ mark: Int64, _ line: Line) {
        socket?.send(textOf: line.writer.markCount(mark)) { line.writer.writeMark(mark, into: &$0) }
    }

    /// One timer while the agent speaks: puts a mark behind its last word.
    private func armSpeechEnd() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        speechEndTimer = eventLoop.scheduleTask(in: Self.speechEndCheck) { bound.value.checkSpeechEnd() }
    }

    private func checkSpeechEnd() {
        speechEndTimer = nil
        guard case .live(let line) = state, clock.hasUnmarkedSamples else { return }
        guard eventLoop.instant - clock.lastPlay >= Self.speechEnd else { return armSpeechEnd() }
        guard let mark = clock.playEnded() else { return }
        send(mark, line)
        socket?.flush()
    }
}
