internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// One call's connection to a streaming recogniser: performs what its machine decides.
///
/// Audio waits for the connection in `AudioUplink`. Dead is dead: the stream reports `failed` once, and whoever opened
/// it opens another. Confined to the call's loop.
final class RecogniserStream<Machine: RecogniserMachine>: SpeechToTextStream {
    /// What the connection cannot take now, or may not yet, is tried again after.
    private static var retryInterval: TimeAmount { .milliseconds(100) }
    /// What may wait in the socket; more stays in the uplink, which drops the oldest when it is too much.
    private static var maximumQueuedBytes: Int { 160_000 }

    private enum State {
        case connecting
        /// Open; the server has not begun yet.
        case waiting
        case ready
        case ended
    }

    private let endpoint: RecogniserEndpoint
    private let profile: RecogniserProfile
    private let format: AudioFormat
    private let context: ProviderContext
    private var machine: Machine
    private var uplink: AudioUplink
    private var state = State.connecting
    /// nil once the stream is closed or has failed.
    private var sink: ((SpeechToTextEvent) -> Void)?
    private var socket: WebSocketClient?
    /// A message around audio, kept for its memory.
    private var message: [UInt8] = []
    /// `finishUtterance` waits for the connection or for the backlog.
    private var finishWanted = false
    /// Grows with every commit: reports made before it are of another utterance.
    private var utterance = 0
    private var timers = Timers()
    private var clocks: Clocks

    private struct Timers {
        var ready: Scheduled<Void>?
        var finish: Scheduled<Void>?
        var idle: Scheduled<Void>?
        var drain: Scheduled<Void>?
        var goodbye: Scheduled<Void>?

        mutating func cancelAll() {
            for timer in [ready, finish, idle, drain, goodbye] { timer?.cancel() }
            self = Timers()
        }
    }

    private struct Clocks {
        /// When audio was sent last; nil before the first.
        var sent: NIODeadline?
        var heard: NIODeadline
        /// When the backlog was worked on last; nil before the first time.
        var drained: NIODeadline?
    }

    init(
        _ machine: Machine, _ profile: RecogniserProfile, _ endpoint: RecogniserEndpoint, format: AudioFormat,
        context: ProviderContext, sink: @escaping (SpeechToTextEvent) -> Void
    ) {
        self.machine = machine
        self.profile = profile
        self.endpoint = endpoint
        self.format = format
        self.context = context
        self.sink = sink
        uplink = AudioUplink(
            format: format, chunkMilliseconds: profile.chunkMilliseconds,
            quietMilliseconds: profile.quietMilliseconds, smallestMilliseconds: profile.smallestMilliseconds)
        clocks = Clocks(heard: context.eventLoop.now)
    }

    func connect(_ url: WebURL, _ headers: HeaderList) {
        // The socket keeps the stream alive until it reports its end.
        socket = endpoint.network.openWebSocket(
            url, headers: headers, on: context.eventLoop, timeout: endpoint.timeout,
            opened: context.connects(.speechToText)
        ) { self.received($0) }
    }

    private var now: NIODeadline { context.eventLoop.now }

    private func after(_ time: TimeAmount, _ body: @escaping () -> Void) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time, body)
    }

    // MARK: From the session

    func send(_ audio: UnsafeRawBufferPointer) {
        guard sink != nil else { return }
        uplink.append(audio) { self.take($0) }
        drain()
    }

    func hint(_ hint: VoiceHint) {
        guard sink != nil else { return }
        switch hint {
        case .started, .resumed: uplink.attend { self.take($0) }
        case .quiet: uplink.quieten()
        case .paused: uplink.pause { self.take($0) }
        }
    }

    func finishUtterance() {
        guard sink != nil else { return }
        finishWanted = true
        let finish = {
            self.uplink.flush { self.take($0) }
            self.drain()
            self.finishIfPossible()
        }
        if let socket { socket.together(finish) } else { finish() }
    }

    func utteranceCommitted() {
        guard sink != nil else { return }
        utterance += 1
        finishWanted = false
        timers.finish?.cancel()
        perform(machine.committed(sent: uplink.sentMilliseconds), calledBySession: true)
    }

    func close() {
        guard sink != nil else { return }
        let wasReady = state == .ready
        if wasReady, uplink.backlogBytes == 0 { uplink.flush { self.take($0) } }
        end()
        guard let socket else { return }
        guard socket.isOpen else { return socket.abort() }
        if let goodbye = profile.goodbye { socket.send(text: goodbye) }
        guard wasReady, profile.goodbyePatience > .zero else { return socket.close() }
        timers.goodbye = after(profile.goodbyePatience) { socket.close() }
    }

    // MARK: To the server

    private func take(_ audio: UnsafeRawBufferPointer) -> Bool {
        guard state == .ready, let socket, socket.queuedBytes < Self.maximumQueuedBytes else { return false }
        switch profile.framing {
        case .binary: guard socket.send(binary: audio) else { return false }
        case .text(let write):
            message.removeAll(keepingCapacity: true)
            write(audio, &message)
            guard socket.send(text: message) else { return false }
        }
        clocks.sent = now
        return true
    }

    /// Works off the backlog, as fast as the house allows.
    private func drain() {
        guard state == .ready, uplink.backlogBytes > 0, timers.drain == nil else { return }
        var allowance = Int.max
        if profile.catchUp > 0 {
            // The first second goes at once.
            let elapsed = clocks.drained.map { min(1_000, (now - $0).nanoseconds / 1_000_000) } ?? 1_000
            let milliseconds = min(1_000, Int(clamping: elapsed) * profile.catchUp)
            allowance = format.bytes(forSamples: format.samples(inMilliseconds: milliseconds))
        }
        clocks.drained = now
        _ = uplink.drain(atMost: allowance) { self.take($0) }
        guard uplink.backlogBytes > 0 else { return finishIfPossible() }
        timers.drain = after(Self.retryInterval) {
            self.timers.drain = nil
            self.drain()
        }
    }

    private func finishIfPossible() {
        guard finishWanted, state == .ready, uplink.backlogBytes == 0 else { return }
        finishWanted = false
        perform(machine.finish(sent: uplink.sentMilliseconds), calledBySession: true)
    }

    private func perform(_ effects: [RecogniserEffect], calledBySession: Bool = false) {
        let current = utterance
        for effect in effects {
            guard sink != nil else { return }
            // The session may have committed when it was told of an effect before this one.
            if case .report = effect, current != utterance { continue }
            switch effect {
            case .ready: begin()
            case .send(let message): socket?.send(text: message)
            case .silence(let time): uplink.appendSilence(milliseconds: time) { self.take($0) }
            case .report(let event): calledBySession ? reportLater(event) : report(event)
            case .await(let time):
                timers.finish?.cancel()
                timers.finish = after(.milliseconds(Int64(time))) { self.perform(self.machine.finishTimedOut()) }
            case .answered: timers.finish?.cancel()
            case .fail(let kind, let detail): fail(kind, detail)
            case .note(let text): context.log(.debug, "\(endpoint.name): \(Secret.redacted(endpoint.key, text))")
            }
        }
    }

    private func report(_ event: SpeechToTextEvent) {
        guard case .transcript(var transcript) = event else {
            sink?(event)
            return
        }
        transcript.coveredMilliseconds = transcript.coveredMilliseconds.map { uplink.callMilliseconds(ofSent: $0) }
        sink?(.transcript(transcript))
    }

    /// A sink is not called inside a call of the session.
    private func reportLater(_ event: SpeechToTextEvent) {
        let current = utterance
        context.eventLoop.assumeIsolated().execute {
            if current == self.utterance { self.report(event) }
        }
    }

    private func begin() {
        guard state == .connecting || state == .waiting else { return }
        state = .ready
        timers.ready?.cancel()
        clocks.heard = now
        drain()
        finishIfPossible()
        armIdle()
    }

    private func armIdle() {
        timers.idle = after(profile.idle.interval) {
            let now = self.now
            if let patience = self.machine.longestSilence, let sent = self.clocks.sent, sent > self.clocks.heard,
                now - self.clocks.heard >= .milliseconds(Int64(patience))
            {
                return self.fail(.timeout, "has said nothing for \(patience) ms while audio was sent")
            }
            self.keepAlive(now)
            self.armIdle()
        }
    }

    private func keepAlive(_ now: NIODeadline) {
        let isFirst = clocks.sent == nil
        if let sent = clocks.sent, now - sent < profile.idle.interval { return }
        if isFirst, profile.idle.firstSilence > 0 {
            uplink.appendSilence(milliseconds: profile.idle.firstSilence) { self.take($0) }
        }
        switch profile.idle.act {
        case .message(let message): socket?.send(text: message)
        case .silence(let time): uplink.appendSilence(milliseconds: time) { self.take($0) }
        }
    }

    // MARK: From the server

    private func received(_ event: WebSocketClient.Event) {
        guard sink != nil else {
            // Said goodbye; the server closes, or has.
            if case .closed = event { timers.goodbye?.cancel() }
            if case .failed = event { timers.goodbye?.cancel() }
            return
        }
        clocks.heard = now
        switch event {
        case .open: opened()
        case .text(let message):
            perform(machine.received(message))
            while sink != nil, let more = machine.receivedRest() { perform(more) }
        case .binary: break
        case .closed(let code, let reason):
            let (kind, detail) = machine.meaning(ofClose: code, reason)
            fail(kind, detail)
        case .failed(let error): fail(ProviderError(error, provider: endpoint.name, secret: endpoint.key))
        }
    }

    private func opened() {
        state = .waiting
        perform(machine.opened())
        guard let patience = profile.readyPatience else { return begin() }
        guard state == .waiting, sink != nil else { return }
        timers.ready = after(patience) {
            self.fail(
                .timeout,
                "did not begin the session within \(patience.nanoseconds / 1_000_000) ms; it may not know a parameter")
        }
    }

    private func fail(_ kind: ProviderError.Kind, _ detail: String) {
        fail(ProviderError(kind, provider: endpoint.name, detail: Secret.redacted(endpoint.key, detail)))
    }

    private func fail(_ error: ProviderError) {
        guard let sink else { return }
        end()
        socket?.abort()
        socket = nil
        sink(.failed(error))
    }

    private func end() {
        sink = nil
        state = .ended
        finishWanted = false
        timers.cancelAll()
        uplink.removeAll()
    }
}
