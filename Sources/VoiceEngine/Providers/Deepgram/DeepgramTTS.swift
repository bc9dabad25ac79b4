package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// Deepgram's streaming voice, `/v1/speak` (Aura): WebSocket, and its HTTP stream.
package struct DeepgramTTS: TextToSpeechProvider, WarmableProvider {
    package let name: String
    private let base: WebURL
    private let transport: VoiceTransport
    private let options: DeepgramSpeakOptions
    private let key: Secret?
    private let timeout: TimeAmount
    private let http: HTTPVoice
    private let network: NetworkClient

    /// The voice is the model: `voice` or `model` of the entry, the former first.
    ///
    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> DeepgramTTS {
        var reader = OptionReader(setup)
        var options = DeepgramSpeakOptions()
        if let model = setup.settings.voice ?? setup.settings.model { options.model = model }
        guard !options.model.hasPrefix("flux") else {
            throw setup.error("model", "\(options.model) speaks another protocol (/v2/speak); use an aura voice")
        }
        options.speed = try reader.double("speed", 0.5...2)
        let common = try setup.voiceSettings(&reader)
        options.others = try reader.rest(except: [
            "model", "encoding", "sample_rate", "container", "bit_rate", "callback",
        ])
        let addresses = try setup.voiceAddresses("https://api.deepgram.com")
        let key = try setup.key(usual: "DEEPGRAM_API_KEY")
        let timeout = TimeAmount.milliseconds(common.patience)
        let read = options
        return DeepgramTTS(
            name: setup.settings.provider, base: addresses.socket, transport: common.transport, options: options,
            key: key, timeout: timeout,
            http: HTTPVoice(
                name: setup.settings.provider, network: setup.network, key: key,
                longestText: DeepgramSpeakWire.maximumCharacters, trimming: common.trimming,
                timeouts: RequestTimeouts(firstByte: timeout, idle: timeout), origin: addresses.web.origin,
                request: { DeepgramSpeakWire.request($0, addresses.web, read, $1, key) }),
            network: setup.network)
    }

    package func warm(on eventLoop: any EventLoop) {
        if transport == .http { http.warm(on: eventLoop) }
    }

    /// G.711 at 8 and 16 kHz and linear audio at the server's rates as they are; else linear at the next higher rate.
    package func format(for native: AudioFormat) -> AudioFormat {
        let rates = [8_000, 16_000, 24_000, 32_000, 48_000]
        switch native.encoding {
        case .mulaw, .alaw: if native.sampleRate == 8_000 || native.sampleRate == 16_000 { return native }
        case .pcm16, .opus: break
        }
        let rate = rates.first { $0 >= native.sampleRate } ?? 48_000
        return (try? AudioFormat(encoding: .pcm16, sampleRate: rate)) ?? native
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        let headers = DeepgramEncoding.headers(key)
        let url = DeepgramSpeakWire.url(base, options, format)
        let (network, patience) = (network, timeout)
        return VoicePathStream.open(
            transport, name: name, context: context, patience: timeout, sink: sink
        ) { sink in
            http.open(context, format: format, sink: sink)
        } socket: { sink, timeout in
            DeepgramSpeakStream(
                name: name, format: format, key: key, context: context, patience: patience,
                connect: {
                    network.openWebSocket(
                        url, headers: headers, on: context.eventLoop, timeout: timeout,
                        opened: context.connects(.textToSpeech), sink: $0)
                }, sink: sink)
        }
    }
}

/// One call's connection to `/v1/speak`; made at the start of the call, and again before the next reply once it was
/// lost.
final class DeepgramSpeakStream: SocketVoiceStream {
    /// How long `Cleared` may take before the socket is given up.
    private static let clearPatience = Nanoseconds.seconds(1)
    /// The server ends a connection after 60 minutes.
    private static let maximumAge = TimeAmount.minutes(55)

    private let name: String
    private let format: AudioFormat
    private let key: Secret?
    private let context: ProviderContext
    /// How long the server may be silent while audio is due.
    private let patience: Nanoseconds
    private let makeSocket: (@escaping (WebSocketClient.Event) -> Void) -> WebSocketClient
    private var sink: ((TextToSpeechEvent) -> Void)?
    private var machine = DeepgramSpeakStateMachine()
    private var socket: WebSocketClient?
    /// Grows with every socket: events of an older one are not ours any more.
    private var generation = 0
    private var opened: NIODeadline
    /// For the answer to Clear, or for audio that is due. nil once it is closed.
    private var timer: LoopTimer?
    private var holdsAudio = false
    /// First half of a sample that a message ended in.
    private var carry: UInt8?

    init(
        name: String, format: AudioFormat, key: Secret?, context: ProviderContext, patience: TimeAmount,
        connect: @escaping (@escaping (WebSocketClient.Event) -> Void) -> WebSocketClient,
        sink: @escaping (TextToSpeechEvent) -> Void
    ) {
        self.name = name
        self.format = format
        self.key = key
        self.context = context
        self.patience = Nanoseconds(patience.nanoseconds)
        makeSocket = connect
        self.sink = sink
        opened = context.eventLoop.now
        timer = LoopTimer(eventLoop: context.eventLoop) { _ in self.isLate() }
    }

    private var now: Instant { context.eventLoop.instant }

    var isReady: Bool { socket?.isOpen ?? false }

    func prepare() {
        if sink != nil, socket == nil { connect() }
    }

    private func connect() {
        generation += 1
        let current = generation
        carry = nil
        opened = context.eventLoop.now
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
        if socket == nil {
            connect()
        } else if !machine.isBusy, !machine.isClearing,
            machine.isWornOut(at: now) || context.eventLoop.now - opened > Self.maximumAge
        {
            leaveSocket()
            connect()
        }
        perform(machine.speak(text, segment, at: now))
    }

    func finish(_ turn: TurnID) {
        guard sink != nil else { return }
        perform(machine.finish(turn, at: now))
    }

    func cancel(_ turn: TurnID) {
        guard sink != nil else { return }
        perform(machine.cancel(turn))
        guard machine.isClearing else { return }
        carry = nil
        // The answer to Clear must be seen also while the session has enough audio.
        socket?.holdReads(false)
        timer?.arm(until: now + Self.clearPatience)
    }

    var waitsInSocket: Bool { true }

    func holdAudio(_ hold: Bool) {
        holdsAudio = hold
        if !machine.isClearing { socket?.holdReads(hold) }
        watchAudio()
    }

    func close() {
        guard sink != nil else { return }
        sink = nil
        timer?.close()
        timer = nil
        if let socket, socket.isOpen, machine.isBusy { socket.send(text: DeepgramSpeakWire.clear) }
        leaveSocket()
    }

    // MARK: To the server

    private func perform(_ output: [DeepgramSpeakStateMachine.Output]) {
        guard let socket else { return }
        var isTaken = true
        socket.together {
            for message in output {
                switch message {
                case .speak(let text): isTaken = socket.send(text: DeepgramSpeakWire.speak(text)) && isTaken
                case .flush: isTaken = socket.send(text: DeepgramSpeakWire.flush) && isTaken
                case .clear: isTaken = socket.send(text: DeepgramSpeakWire.clear) && isTaken
                }
            }
        }
        if !isTaken {
            // Not inside the session's call.
            let current = generation
            context.eventLoop.assumeIsolated().execute {
                guard current == self.generation, self.sink != nil else { return }
                self.fail(
                    ProviderError(.unavailable, provider: self.name, detail: "takes no more text"), dropWaiting: true)
            }
        } else if !output.isEmpty {
            watchAudio()
        }
    }

    /// While audio is due, something must come.
    private func watchAudio() {
        guard !machine.isClearing else { return }
        guard machine.isAwaitingAudio, !holdsAudio else { return timer?.cancel() ?? () }
        timer?.arm(until: now + patience)
    }

    private func isLate() {
        if machine.isClearing {
            context.log(.info, "deepgram: Clear was not answered, taking a new connection")
            dropSocket()
            if machine.hasWaiting { connect() }
            return
        }
        let detail = "delivered no audio for \(patience.wholeMilliseconds) ms"
        fail(ProviderError(.timeout, provider: name, detail: detail), dropWaiting: false)
    }

    /// A goodbye; what the socket still says is not heard.
    private func leaveSocket() {
        generation += 1
        timer?.cancel()
        if let socket, socket.isOpen {
            socket.holdReads(false)
            socket.together {
                socket.send(text: DeepgramSpeakWire.close)
                socket.close()
            }
        } else {
            socket?.abort()
        }
        socket = nil
        _ = machine.socketLost(dropWaiting: false)
    }

    private func dropSocket() {
        generation += 1
        timer?.cancel()
        socket?.abort()
        socket = nil
        _ = machine.socketLost(dropWaiting: false)
    }

    // MARK: From the server

    private func received(_ event: WebSocketClient.Event) {
        switch event {
        case .open: perform(machine.socketOpened(at: now))
        case .binary(let bytes):
            watchAudio()
            deliver(bytes)
        case .text(let message): received(message)
        case .closed(let code, let reason):
            let what = code.map { "closed the connection with code \($0)" } ?? "the connection was lost"
            let text = reason.isEmpty ? what : "\(what): \(Secret.redacted(key, reason))"
            fail(ProviderError(.unavailable, provider: name, detail: text), dropWaiting: false)
        case .failed(let error):
            fail(ProviderError(voiceNetwork: error, provider: name, secret: key), dropWaiting: true)
        }
    }

    private func received(_ message: UnsafeRawBufferPointer) {
        guard let decoded = DeepgramSpeakWire.decode(message) else {
            let detail = "sent a message that is not of its protocol"
            return fail(ProviderError(.protocol, provider: name, detail: detail), dropWaiting: false)
        }
        switch decoded {
        case .flushed:
            // What follows begins with a whole sample.
            carry = nil
            let last = machine.flushedAnswered()
            watchAudio()
            if let last { sink?(.completed(last)) }
        case .cleared:
            guard machine.isClearing else { return }
            timer?.cancel()
            carry = nil
            socket?.holdReads(holdsAudio)
            perform(machine.cleared(at: now))
        case .warning(let text, let isFlushLimit):
            context.log(.warning, "deepgram: \(Secret.redacted(key, text))")
            if isFlushLimit, machine.isAwaitingAudio {
                let error = ProviderError(
                    .rateLimited, provider: name, detail: "executes no more flushes on this connection")
                fail(error, dropWaiting: false)
            }
        case .error(let text):
            fail(ProviderError(.protocol, provider: name, detail: Secret.redacted(key, text)), dropWaiting: false)
        case .metadata, .other: break
        }
    }

    private func deliver(_ bytes: UnsafeRawBufferPointer) {
        guard let owner = machine.audioOwner, !bytes.isEmpty else { return }
        guard format.bytesPerSample == 2 else { return sink?(.audio(owner, bytes)) ?? () }
        var rest = bytes
        if let half = carry {
            carry = nil
            let sample = [half, rest[rest.startIndex]]
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
            sample.withUnsafeBytes { sink?(.audio(owner, $0)) }
        }
        if rest.count % 2 == 1, let last = rest.last {
            carry = last
            rest = UnsafeRawBufferPointer(rebasing: rest.dropLast())
        }
        if !rest.isEmpty { sink?(.audio(owner, rest)) }
    }

    /// The socket is of no use any more; who lost something is told. Text that waits gets a new socket.
    private func fail(_ error: ProviderError, dropWaiting: Bool) {
        generation += 1
        timer?.cancel()
        socket?.abort()
        socket = nil
        let lost = machine.socketLost(dropWaiting: dropWaiting || !error.isRetryable)
        if machine.hasWaiting { connect() }
        if let lost { sink?(.failed(lost, error)) }
    }
}
