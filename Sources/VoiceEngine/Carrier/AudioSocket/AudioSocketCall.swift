internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

/// What the calls of one AudioSocket listener share.
struct AudioSocketContext: Sendable {
    let host: any CallHost
    let calls: CarrierCalls
    /// Empty for the only one there is.
    let agent: String
    let log: Log
    /// What is known of calls ahead; nil: nothing.
    var expected: ExpectedCalls?
    /// Only those are taken.
    var takesOnlyExpected = false
}

/// One call over Asterisk's AudioSocket: the far end of its connection, and the carrier of its session.
///
///     stream > AudioSocketFrameParser > AudioSocketStateMachine > CallSession
///     stream < AudioSocketPlayoutClock < Carrier.play
///
/// Asterisk buffers nothing and does not pace: what it gets goes to the caller at once. So the session paces by its own
/// clock, one frame for every frame's time and none ahead, and silence too: Asterisk gives a connection up that is silent
/// for two seconds, and a telephone that gets nothing hears the line go dead. An interruption therefore needs no message:
/// what follows is silence.
///
/// - Important: Confined to the connection's loop.
final class AudioSocketCall: ServerBytePeer, Carrier, CarrierCall {
    /// Asterisk's channel driver connects before it dials.
    static let identifierTimeout = TimeAmount.seconds(10)
    /// Of the first audio after the UUID: ten frames.
    static let audioTimeout = TimeAmount.milliseconds(200)
    /// What was said last is in the caller's telephone, which drops it when the call ends.
    static let farewell = TimeAmount.milliseconds(150)
    /// [Hz] Beyond it a message of 20 ms is longer than a TCP segment, and Asterisk does not wait for the second one.
    static let highestRateOf20ms = 32_000

    private enum State {
        case waiting
        case live(Line)
        case ended
    }

    private struct Line {
        let kind: UInt8
        let input: AudioSocketInput
        /// [bytes] Of the last audio message, and [Hz] of its samples.
        var last = (bytes: 0, rate: 0)
        var clock: AudioSocketPlayoutClock
        /// nil until the host has accepted the call.
        var session: (any CallSession)?
    }

    private let context: AudioSocketContext
    private let eventLoop: any EventLoop
    private var stream: ServerByteStream?
    private var parser = AudioSocketFrameParser()
    private var machine = AudioSocketStateMachine()
    private var state = State.waiting
    /// For the UUID, then for the first audio, at last for the farewell.
    private var deadline: Scheduled<Void>?

    init(context: AudioSocketContext, eventLoop: any EventLoop) {
        self.context = context
        self.eventLoop = eventLoop
    }

    // MARK: The connection's life

    func opened(_ stream: ServerByteStream) {
        self.stream = stream
        arm(Self.identifierTimeout) { $0.perform($0.machine.identifierDeadlinePassed(), audio: nil) }
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while stream?.isOpen == true, case .frame(let kind, let payload) = parser.next(&rest) {
            do {
                perform(machine.received(try AudioSocketWire.decode(kind: kind, payload: payload)), audio: payload)
            } catch {
                perform(machine.receivedMalformed(error), audio: nil)
            }
        }
    }

    func closed(_ reason: String) {
        deadline?.cancel()
        deadline = nil
        stream = nil
        endSession(reason: reason)
    }

    func endByServer(reason: String) {
        endSession(reason: reason)
        hangUp(reason: reason)
    }

    private func arm(_ time: TimeAmount, _ body: @escaping (AudioSocketCall) -> Void) {
        deadline?.cancel()
        let bound = NIOLoopBound((self, body), eventLoop: eventLoop)
        deadline = eventLoop.scheduleTask(in: time) { bound.value.1(bound.value.0) }
    }

    private func perform(_ action: AudioSocketStateMachine.Action, audio: UnsafeRawBufferPointer?) {
        switch action {
        case .none: break
        case .awaitAudio: arm(Self.audioTimeout) { $0.perform($0.machine.audioDeadlinePassed(), audio: nil) }
        case .startCall(let id, let sampleRate, let withAudio):
            startCall(id, sampleRate: sampleRate)
            if withAudio, let audio { take(audio, sampleRate: sampleRate) }
        case .takeAudio(let sampleRate): if let audio { take(audio, sampleRate: sampleRate) }
        case .takeDigit(let digit): session?.receiveDigits(String(decoding: CollectionOfOne(digit), as: UTF8.self))
        case .endCall(let reason):
            endSession(reason: reason)
            stream?.close(reason: reason)
        case .ignored(let anomaly): context.log(.debug, "audiosocket: ignored: \(anomaly)")
        case .close(let anomaly):
            context.log(.warning, "audiosocket: closed: \(anomaly)")
            endSession(reason: "the connection was closed: \(anomaly)")
            hangUp(reason: "\(anomaly)")
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

    /// The dialplan goes on behind the application; without the message an older Asterisk would spin on the closed
    /// connection.
    private func hangUp(reason: String) {
        deadline?.cancel()
        deadline = nil
        guard let stream else { return }
        stream.send { $0.writeBytes(AudioSocketWire.terminate) }
        stream.close(reason: reason)
    }

    // MARK: Start

    private func startCall(_ id: AudioSocketID, sampleRate: Int) {
        deadline?.cancel()
        deadline = nil
        do {
            try accept(id, sampleRate: sampleRate)
        } catch {
            context.log(.warning, "audiosocket: call \(id) refused: \(error.detail)")
            state = .ended
            hangUp(reason: error.detail)
        }
    }

    private func accept(_ id: AudioSocketID, sampleRate: Int) throws(CallRefusal) {
        // Audio beyond the engine's rates is converted on its way in; Asterisk takes any rate from us.
        let callRate = min(sampleRate, AudioFormat.sampleRates.upperBound)
        guard let kind = AudioSocketWire.kind(ofSampleRate: callRate),
            let format = try? AudioFormat(encoding: .pcm16, sampleRate: callRate)
        else { throw CallRefusal(.badRequest, "audio at \(sampleRate) Hz: not a rate of this engine") }
        let setup = try setup(id, format)
        try context.calls.add(self, on: eventLoop)
        stream?.endWaiting()
        let line = Line(
            kind: kind, input: AudioSocketInput(wireRate: sampleRate, callRate: callRate),
            clock: AudioSocketPlayoutClock(sampleRate: callRate), session: nil)
        state = .live(line)
        let session: any CallSession
        do {
            session = try context.host.accept(setup, carrier: self, on: eventLoop)
        } catch {
            state = .ended
            context.calls.remove(self)
            throw error
        }
        guard case .live(var line) = state else { return session.carrierClosed(reason: "the connection was closed") }
        line.session = session
        state = .live(line)
        stream?.readInRounds()
    }

    private func setup(_ id: AudioSocketID, _ format: AudioFormat) throws(CallRefusal) -> CallSetup {
        let expected = context.expected?.take(id)
        if expected == nil, context.takesOnlyExpected {
            throw CallRefusal(.notAuthentic, "nobody told that it would come")
        }
        var variables = expected?.variables ?? [:]
        variables["uuid"] = "\(id)"
        let agent = expected?.agent ?? ""
        return CallSetup(
            agent: agent.isEmpty ? context.agent : agent, callID: "\(id)", variables: variables, input: format,
            output: format,
            frameMilliseconds: format.sampleRate > Self.highestRateOf20ms ? 10 : 20, leadMilliseconds: 0,
            wantsSilence: true)
    }

    // MARK: From the caller

    private func take(_ audio: UnsafeRawBufferPointer, sampleRate: Int) {
        guard case .live(var line) = state, let session = line.session, audio.count > 0 else { return }
        line.last = (audio.count, sampleRate)
        state = .live(line)
        let converted = line.input.convert(audio, sampleRate: sampleRate)
        if converted.count > 0 { session.receive(converted) }
    }

    func gather(_ milliseconds: Int) {
        guard case .live(let line) = state, line.last.bytes > 0 else { return }
        let messages = milliseconds * line.last.rate * 2 / 1_000 / line.last.bytes
        stream?.gather(messages: messages, of: line.last.bytes + AudioSocketWire.headerBytes)
    }

    // MARK: To the caller

    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
        guard case .live(var line) = state, let stream, let length = UInt16(exactly: audio.count), length > 0 else {
            return
        }
        line.clock.play(samples, at: eventLoop.instant)
        state = .live(line)
        let kind = line.kind
        stream.send {
            $0.writeInteger(kind)
            $0.writeInteger(length)
            $0.writeBytes(audio)
        }
    }

    func flush() { stream?.flush() }

    func heardSamples(at now: Instant) -> Int64 {
        guard case .live(var line) = state else { return 0 }
        defer { state = .live(line) }
        return line.clock.heardSamples(at: now)
    }

    func cut(at now: Instant) -> Int64 {
        guard case .live(var line) = state else { return 0 }
        defer { state = .live(line) }
        return line.clock.cut()
    }

    func perform(_ request: CarrierRequest) -> Bool {
        switch request {
        // The protocol has no message for them: the dialplan does it after the call's end.
        case .sendDigits, .transfer: return false
        case .hangUp(let reason):
            guard stream != nil else { return false }
            endSession(reason: reason)
            arm(Self.farewell) { $0.hangUp(reason: reason) }
            return true
        }
    }
}
