internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// What a stream over a socket needs to know of its service.
struct VoiceSocketSetup: Sendable {
    let name: String
    let key: Secret?
    /// How long the server may be silent while audio is due.
    let patience: TimeAmount
    /// [ms] of silence at the start of a reply that are left out at most.
    let trimming: Int
}

/// One call's socket into a voice that knows contexts; made at the start of the call, and again before the next reply
/// once it was lost.
///
/// Full means: while `holdAudio` holds, the socket is not read. Text that the network does not take any more (1 MiB
/// waits) fails the reply.
final class VoiceContextStream<Wire: VoiceContextWire>: SocketVoiceStream {
    private let setup: VoiceSocketSetup
    private let wire: Wire
    private let format: AudioFormat
    private let context: ProviderContext
    private let makeSocket: (@escaping (WebSocketClient.Event) -> Void) -> WebSocketClient
    private var sink: ((TextToSpeechEvent) -> Void)?
    private var machine: VoiceContextStateMachine
    private var decoders: [Int: PCMStreamDecoder] = [:]
    private var socket: WebSocketClient?
    /// Grows with every socket: events of an older one are not ours any more.
    private var generation = 0
    /// For audio that is due. nil once it is closed.
    private var timer: LoopTimer?
    private var keepAlive: Scheduled<Void>?
    private var holdsAudio = false
    /// The latest message's audio; kept for its memory.
    private var audio: [UInt8] = []

    init(
        _ setup: VoiceSocketSetup, wire: Wire, format: AudioFormat, context: ProviderContext,
        connect: @escaping (@escaping (WebSocketClient.Event) -> Void) -> WebSocketClient,
        sink: @escaping (TextToSpeechEvent) -> Void
    ) {
        self.setup = setup
        self.wire = wire
        self.format = format
        self.context = context
        makeSocket = connect
        self.sink = sink
        machine = VoiceContextStateMachine(wire.rules(format))
        timer = LoopTimer(eventLoop: context.eventLoop) { _ in self.isLate() }
    }

    var isReady: Bool { socket?.isOpen ?? false }

    func prepare() {
        guard sink != nil, socket == nil else { return }
        generation += 1
        let current = generation
        decoders = [:]
        let socket = makeSocket { event in
            guard current == self.generation, self.sink != nil else { return }
            self.received(event)
        }
        socket.holdReads(holdsAudio)
        self.socket = socket
    }

    // MARK: From the session

    func speak(_ text: String, as segment: SegmentID) {
        guard sink != nil else { return }
        prepare()
        perform(machine.speak(text, segment))
    }

    func finish(_ turn: TurnID) {
        guard sink != nil else { return }
        perform(machine.finish(turn))
    }

    func cancel(_ turn: TurnID) {
        guard sink != nil else { return }
        perform(machine.cancel(turn))
    }

    var waitsInSocket: Bool { true }

    func holdAudio(_ hold: Bool) {
        holdsAudio = hold
        socket?.holdReads(hold)
        watchAudio()
    }

    func close() {
        guard sink != nil else { return }
        sink = nil
        timer?.close()
        timer = nil
        leaveSocket()
    }

    // MARK: To the server

    private func perform(_ output: [VoiceContextStateMachine.Output]) {
        var isTaken = true
        let act = {
            for action in output { isTaken = self.perform(action) && isTaken }
        }
        if let socket { socket.together(act) } else { act() }
        if isTaken { return watchAudio() }
        // Not inside the session's call.
        let current = generation
        context.eventLoop.assumeIsolated().execute {
            guard current == self.generation, self.sink != nil else { return }
            self.fail(self.error(.unavailable, "takes no more text"), isFinal: true)
        }
    }

    /// - Returns: false when the socket did not take a message.
    private func perform(_ action: VoiceContextStateMachine.Output) -> Bool {
        switch action {
        case .open(let id):
            decoders[id] = PCMStreamDecoder(format, trimming: setup.trimming)
            return send(wire.open(id))
        case .text(let id, let text): return wire.text(id, text).reduce(true) { send($1) && $0 }
        case .end(let id): return wire.end(id).reduce(true) { send($1) && $0 }
        case .cancel(let id):
            decoders[id] = nil
            return send(wire.cancel(id))
        case .replaceSocket:
            leaveSocket()
            prepare()
            return true
        }
    }

    private func send(_ message: [UInt8]?) -> Bool {
        guard let message else { return true }
        return socket?.send(text: message) ?? false
    }

    /// While audio is due, something must come.
    private func watchAudio() {
        guard machine.isAwaitingAudio, !holdsAudio, socket != nil else { return timer?.cancel() ?? () }
        timer?.arm(until: context.eventLoop.instant + Nanoseconds(setup.patience.nanoseconds))
    }

    private func isLate() {
        let detail = "delivered no audio for \(setup.patience.nanoseconds / 1_000_000) ms"
        fail(error(.timeout, detail), isFinal: false, mayRepeat: false)
    }

    private func scheduleKeepAlive() {
        keepAlive?.cancel()
        guard let seconds = wire.keepAliveSeconds else { return }
        let current = generation
        keepAlive = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) {
            guard current == self.generation, self.sink != nil else { return }
            for message in self.wire.keepAlive(self.machine.openContexts) { _ = self.send(message) }
            self.scheduleKeepAlive()
        }
    }

    /// A goodbye; what the socket still says is not heard.
    private func leaveSocket() {
        endGeneration()
        if let socket, socket.isOpen {
            socket.holdReads(false)
            socket.together {
                if let goodbye = wire.goodbye { socket.send(text: goodbye) }
                socket.close()
            }
        } else {
            socket?.abort()
        }
        socket = nil
    }

    private func endGeneration() {
        generation += 1
        timer?.cancel()
        keepAlive?.cancel()
        decoders = [:]
    }

    // MARK: From the server

    private func received(_ event: WebSocketClient.Event) {
        switch event {
        case .open:
            if let greeting = wire.greeting { _ = send(greeting) }
            scheduleKeepAlive()
            perform(machine.socketOpened())
        case .text(let message), .binary(let message): received(message)
        case .closed(let code, let reason):
            let what = code.map { "closed the connection with code \($0)" } ?? "the connection was lost"
            // Some services put into the close frame what others say in a message before it.
            let name = reason.replacing(" ", with: "_")
            let error = error(
                reason.isEmpty ? .unavailable : VoiceFault(code: name, message: "").kind(status: nil),
                reason.isEmpty ? what : "\(what): \(reason)")
            fail(error, isFinal: !error.isRetryable, mayRepeat: error.isRetryable)
        case .failed(let fault):
            let isOpen = isReady
            fail(ProviderError(voiceNetwork: fault, provider: setup.name, secret: setup.key), isFinal: !isOpen)
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        audio.removeAll(keepingCapacity: true)
        guard let message = wire.decode(bytes, audio: &audio) else {
            return fail(error(.protocol, "sent a message that is not of its protocol"), isFinal: false)
        }
        let id = message.context ?? machine.onlyContext
        // Signs of life are no audio.
        let isProgress =
            id.map(machine.isLive) ?? false && (!audio.isEmpty || message.timing != .none || message.event != .none)
        if let id, machine.isLive(id) {
            switch message.timing {
            case .none: break
            case .ofMessage(let pieces): report(machine.timed(pieces, isRelative: true, of: id))
            case .ofContext(let pieces): report(machine.timed(pieces, isRelative: false, of: id))
            }
            guard audio.isEmpty || deliver(id) else { return }
        }
        switch message.event {
        case .none: break
        case .segmentEnded: if let id { machine.marked(id) }
        case .final:
            guard let id else { break }
            decoders[id] = nil
            let (reports, output, lost) = machine.final(id)
            report(reports)
            if let lost { sink?(.failed(lost, error(.protocol, "ended a reply before it was spoken"))) }
            perform(output)
        case .fault(let fault): received(fault, message.context)
        }
        if isProgress { watchAudio() }
    }

    private func received(_ fault: VoiceFault, _ id: Int?) {
        let error = error(fault.kind(status: nil), fault.description)
        guard let id else { return fail(error, isFinal: !error.isRetryable, mayRepeat: false) }
        decoders[id] = nil
        if let lost = machine.contextFailed(id) { sink?(.failed(lost, error)) }
    }

    /// Hands the message's audio over.
    ///
    /// - Returns: false when it is none: the socket is given up.
    private func deliver(_ id: Int) -> Bool {
        guard var decoder = decoders[id] else { return true }
        let trimmed = decoder.trimmed
        // Collected first: the decoder is changed while the sink may cancel the context.
        var samples: [UInt8] = []
        let fault = audio.withUnsafeBytes { bytes in decoder.feed(bytes) { samples.append(contentsOf: $0) } }
        decoders[id] = decoder
        if let fault {
            let detail =
                switch fault {
                case .notAudio(let start): "sent text instead of audio: \(start)"
                case .wrongFormat(let text): "sent \(text)"
                }
            fail(error(.configuration, detail), isFinal: true)
            return false
        }
        machine.skipped(samples: decoder.trimmed - trimmed, of: id)
        let reports = machine.audio(samples: format.samples(inBytes: samples.count), of: id)
        samples.withUnsafeBytes { report(reports, audio: $0) }
        return true
    }

    private func report(
        _ reports: [VoiceContextStateMachine.Report], audio: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) {
        var rest = audio
        for report in reports {
            guard let sink else { return }
            switch report {
            case .audio(let segment, let samples):
                let count = min(format.bytes(forSamples: samples), rest.count)
                let part = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                if segment.turn > machine.dead { sink(.audio(segment, part)) }
            case .words(let segment, let ends):
                if segment.turn > machine.dead { sink(.wordEnds(segment, milliseconds: ends)) }
            case .completed(let segment): if segment.turn > machine.dead { sink(.completed(segment)) }
            }
        }
    }

    private func error(_ kind: ProviderError.Kind, _ detail: String) -> ProviderError {
        ProviderError(kind, provider: setup.name, detail: Secret.redacted(setup.key, detail))
    }

    /// The socket is of no use any more; who lost something is told. Text that waits gets a new one.
    ///
    /// - Parameters:
    ///   - isFinal: There is no sense in another socket now.
    ///   - mayRepeat: A reply of which nothing has come is said again.
    private func fail(_ error: ProviderError, isFinal: Bool, mayRepeat: Bool = true) {
        endGeneration()
        socket?.abort()
        socket = nil
        let lost = machine.socketLost(mayRepeat: mayRepeat, dropWaiting: isFinal)
        if machine.hasWaiting { prepare() }
        if let lost {
            sink?(.failed(lost, error))
        } else {
            context.log(.info, "\(error)")
        }
    }
}
