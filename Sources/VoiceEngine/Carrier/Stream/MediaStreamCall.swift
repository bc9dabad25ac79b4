internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

/// What the calls of one carrier share.
struct MediaStreamContext: Sendable {
    let host: any CallHost
    let calls: CarrierCalls
    let log: Log
    /// The carrier's REST API, for what its stream has no message for; nil when it is not configured.
    var control: (any CallControl)?
    /// For calls that leave their stream and come back; nil where none does.
    var park: CallPark?
}

/// One call over a WebSocket: the far end of the socket, and the carrier of its session. `StreamWire.swift` draws how
/// its parts are connected.
///
/// - Important: Confined to the connection's loop.
final class MediaStreamCall: ServerWebSocketPeer, Carrier, CarrierCall {
    /// A client has this long from the handshake to its first message.
    static let greetingTimeout = TimeAmount.seconds(10)
    /// Carriers send audio all the time, silence too: without any for this long something is wrong on their side.
    static let mediaWatch = Nanoseconds.seconds(5)
    /// A carrier that was asked to hang up has this long to close the stream.
    static let hangUpTimeout = TimeAmount.seconds(5)

    enum State {
        case waiting
        case live(Line)
        case ended
    }

    /// What is known of a live call.
    struct Line {
        let callID: String
        /// nil until the host has accepted the call.
        var session: (any CallSession)?
    }

    let context: MediaStreamContext
    let wire: any StreamWire
    let eventLoop: any EventLoop
    private let agent: String
    /// What the request for the socket told about the call.
    private let variables: [String: String]
    var socket: ServerWebSocket?
    var state = State.waiting
    var machine = StreamStateMachine()
    var clock = StreamPlayoutClock(sampleRate: AudioFormat.telephone.sampleRate)
    var inbound = StreamInboundAudio()
    /// Of a carrier whose messages may overtake each other.
    var order: StreamAudioOrder?
    var outbound = StreamOutboundAudio(.telephone, StreamTraits())
    var output = StreamOutput()
    var timers = StreamTimers()

    /// - Parameters:
    ///   - agent: From the path; empty for the one that the stream names, or the only one there is.
    ///   - variables: What the address holds; what the stream itself tells comes first.
    init(
        context: MediaStreamContext, wire: any StreamWire, agent: String, variables: [String: String] = [:],
        eventLoop: any EventLoop
    ) {
        self.context = context
        self.wire = wire
        self.agent = agent
        self.variables = variables
        self.eventLoop = eventLoop
    }

    // MARK: The stream's life

    func opened(_ socket: ServerWebSocket) {
        self.socket = socket
        if !wire.traits.takesPings { socket.stopPings() }
        awaitStart(within: Self.greetingTimeout)
    }

    func received(text: UnsafeRawBufferPointer) {
        let action: StreamStateMachine.Action
        do {
            action = machine.received(try wire.decode(text: text))
        } catch {
            action = machine.receivedMalformed(error)
        }
        perform(action, message: text)
    }

    func received(binary: UnsafeRawBufferPointer) {
        let action: StreamStateMachine.Action
        do {
            action = machine.received(try wire.decode(binary: binary))
        } catch {
            action = machine.receivedMalformed(error)
        }
        perform(action, message: binary)
    }

    func closed(_ reason: String) {
        endSession(reason: reason)
        socket = nil
        timers.cancel()
    }

    func endByServer(reason: String) { endCall(reason: reason, code: 1001) }

    func carrierFound(_ finding: AnswerFinding) { session?.carrierFound(finding) }

    func carrierPlays(_ isPlaying: Bool) { session?.carrierPlays(isPlaying) }

    func perform(_ action: StreamStateMachine.Action, message: UnsafeRawBufferPointer?) {
        switch action {
        case .none: break
        case .awaitStart: awaitStart(within: .seconds(Int64(wire.traits.startSeconds)))
        case .startCall(let start): startCall(start, message)
        case .takeAudio(let media): if let message { takeAudio(media, message) }
        case .takeDigit(let digit): session?.receiveDigits(String(decoding: CollectionOfOne(digit), as: UTF8.self))
        case .takeMark(let number): takeMark(number)
        case .queueDrained: clock.drained(at: eventLoop.instant)
        case .holdAudio(let isHeld): hold(isHeld)
        case .reply: if send(.reply) { socket?.flush() }
        case .report(let text): context.log(.warning, "\(wire.name): the carrier reports: \(text)")
        case .endCall:
            endSession(reason: "the caller hung up")
            send(.stopped)
            socket?.close(code: 1000, reason: "the stream has stopped")
        case .ignored(let anomaly): context.log(.debug, "\(wire.name): ignored: \(anomaly)")
        case .close(let code, let anomaly):
            context.log(.warning, "\(wire.name): closed with \(code): \(anomaly)")
            endCall(reason: "the stream was closed: \(anomaly)", code: code, detail: "\(anomaly)")
        }
    }

    var session: (any CallSession)? {
        if case .live(let line) = state { line.session } else { nil }
    }

    private func awaitStart(within time: TimeAmount) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timers.start = eventLoop.scheduleTask(in: time) {
            let call = bound.value
            call.perform(call.machine.startDeadlinePassed(), message: nil)
        }
    }

    /// Tells the session once, and lets go of it.
    ///
    /// - Returns: The call that was live.
    @discardableResult
    func endSession(reason: String) -> String? {
        guard case .live(let line) = state else {
            state = .ended
            return nil
        }
        state = .ended
        context.calls.remove(self)
        if let session = line.session {
            session.carrierClosed(reason: reason)
            context.park?.keep(line.callID) { session.memory }
        }
        return line.callID
    }

    /// Ends the call from this side: the session, the call at the carrier, the stream.
    func endCall(reason: String, code: UInt16, detail: String? = nil) {
        if let call = endSession(reason: reason), wire.traits.hangUp == .byControl { hangUpByControl(call) }
        socket?.close(code: code, reason: detail ?? reason)
    }

    // MARK: Start

    private func startCall(_ start: StreamStart, _ message: UnsafeRawBufferPointer?) {
        timers.start = nil
        do {
            try accept(start)
        } catch {
            context.log(.warning, "\(wire.name): call \(start.callID) refused: \(error.detail)")
            state = .ended
            send(.refused(error.detail))
            // Whoever only claims to be a call must not end it.
            if wire.traits.hangUp == .byControl, error.kind != .notAuthentic { hangUpByControl(start.callID) }
            socket?.close(code: error.closeCode, reason: error.detail)
            return
        }
        if let media = start.firstAudio, let message { takeAudio(media, message) }
    }

    private func accept(_ start: StreamStart) throws(CallRefusal) {
        let traits = wire.traits
        try context.calls.add(self, as: CarrierCallKey(carrier: wire.name, id: start.callID), on: eventLoop)
        state = .live(Line(callID: start.callID, session: nil))
        inbound = StreamInboundAudio(start.input)
        order = traits.reorders ? try? StreamAudioOrder(start.input.audio) : nil
        outbound = StreamOutboundAudio(start.output, traits)
        clock = StreamPlayoutClock(sampleRate: start.output.audio.sampleRate, marks: traits.marks)
        if send(.accepted) { socket?.flush() }
        let session: any CallSession
        do {
            session = try context.host.accept(setup(start, traits), carrier: self, on: eventLoop)
        } catch {
            state = .ended
            context.calls.remove(self)
            throw error
        }
        guard case .live(var line) = state else { return session.carrierClosed(reason: "the stream was closed") }
        line.session = session
        state = .live(line)
        socket?.readInRounds()
        timers.speechEnd = ClockTimer(session.clock) { [weak self] _ in self?.speechEnded() }
        timers.watch = ClockTimer(session.clock) { [weak self] _ in self?.watchMedia() }
        timers.watch?.arm(throughTicks: Self.mediaWatch)
    }

    private func setup(_ start: StreamStart, _ traits: StreamTraits) -> CallSetup {
        CallSetup(
            agent: agent.isEmpty ? start.agent : agent, callID: start.callID,
            variables: variables.merging(start.variables) { $1 }, input: order?.format ?? start.input.audio,
            output: start.output.audio, frameMilliseconds: traits.frameMilliseconds,
            leadMilliseconds: traits.leadMilliseconds, strideMilliseconds: traits.strideMilliseconds,
            wantsSilence: traits.wantsSilence)
    }
}
