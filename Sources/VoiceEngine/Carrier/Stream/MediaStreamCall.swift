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
}

/// One call over a WebSocket: the far end of the socket, and the carrier of its session. `StreamWire.swift` draws how
/// its parts are connected.
///
/// - Important: Confined to the connection's loop.
final class MediaStreamCall: ServerWebSocketPeer, Carrier, CarrierCall {
    /// A client has this long from the handshake to its first message.
    static let greetingTimeout = TimeAmount.seconds(10)
    /// Carriers send audio all the time, silence too: without any for this long something is wrong on their side.
    static let mediaWatch = TimeAmount.seconds(5)
    /// The agent has said all for now when nothing was played for this long.
    static let speechEnd = Nanoseconds.milliseconds(100)
    static let speechEndCheck = TimeAmount.milliseconds(150)
    /// The same where the last audio waits for it: two frames.
    static let speechEndOfCollected = Nanoseconds.milliseconds(40)
    static let speechEndCheckOfCollected = TimeAmount.milliseconds(50)
    /// A carrier that was asked to hang up has this long to close the stream.
    static let hangUpTimeout = TimeAmount.seconds(5)

    private enum State {
        case waiting
        case live(Line)
        case ended
    }

    /// What is known of a live call.
    private struct Line {
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
    private var socket: ServerWebSocket?
    private var state = State.waiting
    private var machine = StreamStateMachine()
    private var clock = StreamPlayoutClock(sampleRate: AudioFormat.telephone.sampleRate)
    private var inbound = StreamInboundAudio()
    /// Of a carrier whose messages may overtake each other.
    private var order: StreamAudioOrder?
    private var outbound = StreamOutboundAudio(.telephone, StreamTraits())
    private var output = StreamOutput()
    private var timers = StreamTimers()

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

    private func perform(_ action: StreamStateMachine.Action, message: UnsafeRawBufferPointer?) {
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

    private var session: (any CallSession)? {
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
    private func endSession(reason: String) -> String? {
        guard case .live(let line) = state else {
            state = .ended
            return nil
        }
        state = .ended
        context.calls.remove(self)
        line.session?.carrierClosed(reason: reason)
        return line.callID
    }

    /// Ends the call from this side: the session, the call at the carrier, the stream.
    private func endCall(reason: String, code: UInt16, detail: String? = nil) {
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
            if wire.traits.hangUp == .byControl { hangUpByControl(start.callID) }
            socket?.close(code: Self.closeCode(error.kind), reason: error.detail)
            return
        }
        if let media = start.firstAudio, let message { takeAudio(media, message) }
    }

    private func accept(_ start: StreamStart) throws(CallRefusal) {
        let traits = wire.traits
        try context.calls.add(self, on: eventLoop)
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
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timers.watch = eventLoop.scheduleRepeatedTask(initialDelay: Self.mediaWatch, delay: Self.mediaWatch) { _ in
            bound.value.watchMedia()
        }
    }

    private func setup(_ start: StreamStart, _ traits: StreamTraits) -> CallSetup {
        CallSetup(
            agent: agent.isEmpty ? start.agent : agent, callID: start.callID,
            variables: variables.merging(start.variables) { $1 }, input: order?.format ?? start.input.audio,
            output: start.output.audio, frameMilliseconds: traits.frameMilliseconds,
            leadMilliseconds: traits.leadMilliseconds, wantsSilence: traits.wantsSilence)
    }

    private static func closeCode(_ kind: CallRefusal.Kind) -> UInt16 {
        switch kind {
        case .unknownAgent, .badRequest: 1008
        case .full, .draining, .notReady: 1013
        case .failed: 1011
        }
    }

    // MARK: From the caller

    private func takeAudio(_ media: StreamMedia, _ message: UnsafeRawBufferPointer) {
        do {
            let audio = try inbound.decode(media, of: message)
            guard audio.count > 0, let session else { return }
            guard let order else { return session.receive(audio) }
            order.take(audio, media, at: eventLoop.instant) { session.receive($0) }
            if timers.order == nil, order.deadline != nil { armOrder(order) }
        } catch {
            perform(machine.receivedMalformed(error), message: nil)
        }
    }

    /// Audio that waits for what was overtaken goes on in time, also when the carrier sends nothing more.
    private func armOrder(_ order: StreamAudioOrder) {
        guard let deadline = order.deadline else { return }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let time = TimeAmount.nanoseconds(max(0, (deadline - eventLoop.instant).rawValue))
        timers.order = eventLoop.scheduleTask(in: time) { bound.value.drainOrder() }
    }

    private func drainOrder() {
        timers.order = nil
        guard let order, let session else { return }
        order.drain(at: eventLoop.instant) { session.receive($0) }
        armOrder(order)
    }

    private func takeMark(_ number: Int64) {
        if clock.echoed(number, at: eventLoop.instant) == .unknown {
            context.log(.debug, "\(wire.name): a mark came back that was not sent")
        }
    }

    private func hold(_ isHeld: Bool) {
        outbound.isHeld = isHeld
        guard isHeld else { return }
        // Audio is sent in real time, so a carrier whose queue fills up does not play.
        context.log(.warning, "\(wire.name): the carrier's queue is full: audio is dropped until it plays again")
    }

    private func watchMedia() {
        guard inbound.wentSilent() else { return }
        let seconds = Self.mediaWatch.nanoseconds / 1_000_000_000
        context.log(.warning, "\(wire.name): no audio from the carrier for \(seconds) s")
    }

    // MARK: To the caller

    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
        guard case .live = state, socket != nil, audio.count > 0 else { return }
        if let message = outbound.take(audio, samples: samples) { send(message) }
        lastPlay = eventLoop.instant
        if timers.speechEnd == nil { armSpeechEnd() }
    }

    func flush() { socket?.flush() }

    func heardSamples(at now: Instant) -> Int64 { clock.heardSamples(at: now) }

    func cut(at now: Instant) -> Int64 {
        let hadAudio = clock.mayHaveUnplayedSamples
        let heard = clock.cut(at: now, unsent: outbound.drop())
        if hadAudio, case .live = state, send(.clear) { socket?.flush() }
        return heard
    }

    func perform(_ request: CarrierRequest) -> Bool {
        guard case .live(let line) = state, let socket else { return false }
        switch request {
        case .sendDigits(let digits):
            if send(.digits(digits)) {
                socket.flush()
                return true
            }
            return askControl("send digits", call: line.callID) {
                $0.sendDigits(digits, in: line.callID, on: $1)
            }
        case .transfer(let target):
            if send(.transfer(target)) {
                socket.flush()
                return true
            }
            return askControl("transfer", call: line.callID) { $0.transfer(line.callID, to: target, on: $1) }
        case .hangUp(let reason):
            hangUp(reason, call: line.callID)
            return true
        }
    }

    /// Sends audio, and a mark behind it if it is time for one.
    private func send(_ message: StreamOutboundAudio.Message) {
        if !outbound.isHeld {
            wire.writeMedia(message.audio, to: &output)
            sendOutput()
        }
        let now = eventLoop.instant
        let mark = clock.play(message.samples, at: now)
        clock.pad(message.padding, at: now)
        if let mark { send(.mark(mark)) }
    }

    @discardableResult
    private func send(_ command: StreamCommand) -> Bool {
        guard wire.write(command, to: &output) else { return false }
        sendOutput()
        return true
    }

    private func sendOutput() {
        guard let socket else { return output.removeAll() }
        output.forEach { message, isText in
            if isText {
                socket.send(textOf: message.count) { $0.writeBytes(message) }
            } else {
                socket.send(binaryOf: message.count) { $0.writeBytes(message) }
            }
        }
        output.removeAll()
    }

    // MARK: The end of speech

    /// When the session last played something.
    private var lastPlay = Instant.zero

    /// The last audio waits at the carrier or here until it is told that speech is over.
    private var holdsLastAudio: Bool { outbound.collects || wire.traits.tailMilliseconds > 0 }

    /// One timer while the agent speaks: puts a mark behind its last word.
    private func armSpeechEnd() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let time = holdsLastAudio ? Self.speechEndCheckOfCollected : Self.speechEndCheck
        timers.speechEnd = eventLoop.scheduleTask(in: time) { bound.value.checkSpeechEnd() }
    }

    private func checkSpeechEnd() {
        timers.speechEnd = nil
        guard case .live = state, clock.hasUnmarkedSamples || holdsLastAudio else { return }
        let pause = holdsLastAudio ? Self.speechEndOfCollected : Self.speechEnd
        guard eventLoop.instant - lastPlay >= pause else { return armSpeechEnd() }
        if let rest = outbound.rest() { send(rest) }
        if let mark = clock.playEnded() { send(.mark(mark)) }
        let tail = wire.traits.tailMilliseconds
        if tail > 0 { send(outbound.silence(milliseconds: tail)) }
        socket?.flush()
    }

    // MARK: What ends a call

    private func hangUp(_ reason: String, call: String) {
        let isAsked = send(.hangUp(reason))
        guard isAsked, wire.traits.hangUp == .byMessage else { return endCall(reason: reason, code: 1000) }
        socket?.flush()
        endSession(reason: reason)
        perform(machine.hungUp(), message: nil)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timers.start = eventLoop.scheduleTask(in: Self.hangUpTimeout) {
            let call = bound.value
            call.perform(call.machine.hangUpDeadlinePassed(), message: nil)
        }
    }
}

/// What a stream's call asks the carrier's REST API for.
extension MediaStreamCall {
    /// Ends the call at a carrier where closing the stream leaves it open.
    func hangUpByControl(_ call: String) {
        guard let control = context.control else {
            let text =
                "\(wire.name): call \(call) cannot be hung up without the carrier's API key: only its stream ends"
            return context.log(.warning, text)
        }
        report(control.hangUp(call, on: eventLoop), of: "hang up", call: call)
    }

    /// Asks for what the stream has no message for.
    ///
    /// - Returns: false when there is nobody to ask.
    func askControl(
        _ what: String, call: String,
        _ ask: (any CallControl, any EventLoop) -> EventLoopFuture<Void>
    ) -> Bool {
        guard let control = context.control else {
            context.log(
                .info, "\(wire.name): the stream cannot \(what), and no API key is configured: left to the host")
            return false
        }
        report(ask(control, eventLoop), of: what, call: call)
        return true
    }

    private func report(_ future: EventLoopFuture<Void>, of what: String, call: String) {
        let (log, name) = (context.log, wire.name)
        future.whenFailure { error in
            log(.error, "\(name): could not \(what) in call \(call): \(error); the call goes on as it was")
        }
    }
}

/// The timers of one stream. Setting one cancels its predecessor.
struct StreamTimers {
    /// Until the carrier has started, or hung up.
    var start: Scheduled<Void>? {
        willSet { start?.cancel() }
    }
    var speechEnd: Scheduled<Void>? {
        willSet { speechEnd?.cancel() }
    }
    var order: Scheduled<Void>? {
        willSet { order?.cancel() }
    }
    var watch: RepeatedTask? {
        willSet { watch?.cancel() }
    }

    mutating func cancel() { (start, speechEnd, order, watch) = (nil, nil, nil, nil) }
}
