internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// One call's connection: performs what the machine decides, keeps audio while there is no connection, makes new ones.
///
/// A connection that is lost is replaced at once, then after 0.25 and 0.5 s (less up to a quarter, so that not all calls
/// come at the same time); then the recogniser's face reports the failure and the others' requests fail. Between turns
/// a connection older than `renewal` is replaced, because the server ends it after 60 minutes. The new one is told the
/// conversation from the session's messages, before the next answer.
final class OpenAIRealtimeCall {
    private static let mostAttempts = 3
    /// [ms] Audio before the voice activity detection noticed a voice.
    private static let preRoll = 400
    /// A connection that held for so long was a good one.
    private static let steady = TimeAmount.seconds(10)
    /// How often a renewal looks for a pause between turns.
    private static let renewalStep = TimeAmount.milliseconds(500)
    /// [bytes] Longest piece of audio in one message.
    private static let longestChunk = 16_384
    /// [bytes] The network takes no more for now.
    private static let fullQueue = 256 << 10

    private let shared: OpenAIRealtimeConfiguration
    private let eventLoop: any EventLoop
    private let log: Log
    private let opened: ((TimeAmount) -> Void)?
    private let callID: String
    private weak var scope: CallScope?
    private var machine: OpenAIRealtimeStateMachine
    private var faces = Faces()
    private var link = Connection()
    private var audio = CallerAudio()
    private var watch: Scheduled<Void>?
    /// Base64 and back, in memory that is used again.
    private var message: [UInt8] = []
    private var voice: [UInt8] = []
    /// First half of a sample that a message ended in.
    private var carry: UInt8?

    private struct Faces {
        var hearing: OpenAIRealtimeHearingStream?
        var input = AudioFormat.telephone
        var heard: ((SpeechToTextEvent) -> Void)?
        var voice: OpenAIRealtimeVoiceStream?
        var output = AudioFormat.telephone
        var spoke: ((TextToSpeechEvent) -> Void)?
        var wrote: [Int: (LanguageModelEvent) -> Void] = [:]

        var isOpen: Bool { hearing != nil || voice != nil }
    }

    private struct Connection {
        var socket: WebSocketClient?
        /// Grows with every socket: events of an older one are not ours any more.
        var generation = 0
        var attempts = 0
        var readySince: NIODeadline?
        var timer: Scheduled<Void>?
        /// A new attempt is due.
        var isWaiting = false
    }

    private struct CallerAudio {
        /// What the server may be asked for again, oldest first.
        var kept: [UInt8] = []
        /// So much of it was sent on this connection.
        var sent = 0
        /// The last moments without a voice.
        var preRoll: [UInt8] = []
    }

    init(_ shared: OpenAIRealtimeConfiguration, _ context: ProviderContext) {
        self.shared = shared
        eventLoop = context.eventLoop
        log = context.log
        opened = context.connects(.realtime)
        callID = context.callID
        scope = context.scope
        machine = Self.machine(shared, Faces())
    }

    private static func machine(_ shared: OpenAIRealtimeConfiguration, _ faces: Faces) -> OpenAIRealtimeStateMachine {
        OpenAIRealtimeStateMachine(
            name: shared.name, key: shared.key, detection: shared.options.detection,
            input: bytesPerMillisecond(faces.input), output: bytesPerMillisecond(faces.output))
    }

    private static func bytesPerMillisecond(_ format: AudioFormat) -> Int {
        max(1, format.bytes(forSamples: format.samples(inMilliseconds: 1)))
    }

    // MARK: - The faces open and close

    func hears(through stream: OpenAIRealtimeHearingStream) -> Bool { faces.hearing === stream }
    func speaks(through stream: OpenAIRealtimeVoiceStream) -> Bool { faces.voice === stream }

    func open(
        hearing stream: OpenAIRealtimeHearingStream, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) {
        (faces.hearing, faces.heard) = (stream, sink)
        opened(input: format, output: faces.voice == nil ? format : faces.output)
    }

    func open(
        voice stream: OpenAIRealtimeVoiceStream, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) {
        (faces.voice, faces.spoke) = (stream, sink)
        machine.voiceOpened()
        opened(input: faces.hearing == nil ? format : faces.input, output: format)
    }

    /// A session opens both faces in one go, before the connection is there; until the second one is open its format is
    /// taken for the same.
    private func opened(input: AudioFormat, output: AudioFormat) {
        if input != faces.input || output != faces.output {
            let error = ProviderError(.unavailable, provider: shared.name, detail: "the audio format has changed")
            let outputs = link.socket == nil ? [] : machine.lost(error) + machine.failed(error)
            leaveSocket()
            (faces.input, faces.output) = (input, output)
            audio = CallerAudio()
            machine = Self.machine(shared, faces)
            // The face that has just been opened did not fail.
            perform(outputs.filter { $0 != .heard(.failed(error)) }, isCall: true)
        }
        connectIfNeeded()
    }

    func closeHearing() {
        (faces.hearing, faces.heard) = (nil, nil)
        // Whoever opens another stream knows what that one has to hear.
        machine.hearingClosed()
        audio = CallerAudio()
        closeIfUnused()
    }

    func closeVoice() {
        (faces.voice, faces.spoke) = (nil, nil)
        carry = nil
        perform(machine.voiceClosed(), isCall: true)
        closeIfUnused()
    }

    private func closeIfUnused() {
        guard !faces.isOpen else { return }
        faces.wrote = [:]
        watch?.cancel()
        leaveSocket()
        scope?.remove(self, of: shared)
    }

    // MARK: - The connection

    private func connectIfNeeded() {
        guard faces.isOpen, link.socket == nil, !link.isWaiting else { return }
        connect()
    }

    private func connect() {
        link.generation += 1
        link.isWaiting = false
        let current = link.generation
        link.socket = shared.network.openWebSocket(
            shared.url, headers: OpenAIRealtimeWire.headers(shared.key), on: eventLoop, timeout: shared.timeout,
            opened: opened
        ) { event in
            guard current == self.link.generation else { return }
            self.received(event)
        }
    }

    private func arm(_ time: TimeAmount, _ action: @escaping () -> Void) {
        link.timer?.cancel()
        let current = link.generation
        link.timer = eventLoop.assumeIsolated().scheduleTask(in: time) {
            guard current == self.link.generation, self.faces.isOpen else { return }
            action()
        }
    }

    /// Nothing of the socket is heard any more.
    private func leaveSocket() {
        link.generation += 1
        link.timer?.cancel()
        link.isWaiting = false
        link.readySince = nil
        audio.sent = 0
        carry = nil
        guard let socket = link.socket else { return }
        link.socket = nil
        if socket.isOpen { socket.close() } else { socket.abort() }
    }

    private func lost(_ error: ProviderError) {
        if let since = link.readySince, eventLoop.now - since > Self.steady { link.attempts = 0 }
        leaveSocket()
        let outputs = machine.lost(error)
        link.attempts += 1
        guard error.isRetryable, link.attempts <= Self.mostAttempts else {
            link.attempts = 0
            return perform(outputs + machine.failed(error))
        }
        log(.warning, "\(callID): \(error); connecting again")
        link.isWaiting = true
        // 0, 0.25, 0.5 s.
        let longest: Int64 = link.attempts == 1 ? 0 : 125 << Int64(link.attempts - 1)
        arm(.milliseconds(Int64.random(in: (longest * 3 / 4)...longest))) { self.connect() }
        perform(outputs)
    }

    private func giveUp(_ error: ProviderError) {
        leaveSocket()
        link.attempts = 0
        perform(machine.lost(error) + machine.failed(error))
    }

    /// Between turns nobody notices a new connection: what the caller says meanwhile waits for it.
    private func renewWhenIdle() {
        guard machine.isIdle else { return arm(Self.renewalStep) { self.renewWhenIdle() } }
        log(.info, "\(callID): \(shared.name): the connection is old and is replaced")
        let error = ProviderError(.unavailable, provider: shared.name, detail: "the connection was replaced")
        leaveSocket()
        let outputs = machine.lost(error)
        connect()
        perform(outputs)
    }

    // MARK: - Hearing

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard machine.ears.isOpen else {
            let limit = Self.preRoll * Self.bytesPerMillisecond(faces.input)
            audio.preRoll.append(contentsOf: bytes)
            if audio.preRoll.count > 2 * limit { audio.preRoll.removeFirst(audio.preRoll.count - limit) }
            return
        }
        audio.kept.append(contentsOf: bytes)
        perform(machine.audio(bytes: bytes.count), isCall: true)
        sendAudio(all: false)
    }

    func hint(_ hint: VoiceHint) {
        switch hint {
        case .started, .resumed:
            guard !machine.ears.isOpen else { return }
            machine.voiceStarted()
            let preRoll = audio.preRoll.suffix(Self.preRoll * Self.bytesPerMillisecond(faces.input))
            audio.kept.append(contentsOf: preRoll)
            let outputs = machine.audio(bytes: preRoll.count)
            audio.preRoll.removeAll(keepingCapacity: true)
            perform(outputs, isCall: true)
            sendAudio(all: false)
        case .paused: perform(machine.voicePaused(), isCall: true)
        case .quiet: break
        }
    }

    func finishUtterance() { perform(machine.finishUtterance(), isCall: true) }

    func utteranceCommitted() {
        machine.utteranceCommitted()
        forgetAudio()
    }

    private func forgetAudio() {
        let count = min(machine.takeReleased(), audio.kept.count)
        guard count > 0 else { return }
        audio.kept.removeFirst(count)
        audio.sent = max(audio.sent - count, 0)
    }

    /// - Parameter all: Also what does not fill a chunk.
    private func sendAudio(all: Bool) {
        defer { forgetAudio() }
        guard machine.isReady, let socket = link.socket else { return }
        let chunk = shared.options.chunkMilliseconds * Self.bytesPerMillisecond(faces.input)
        while audio.kept.count - audio.sent >= (all ? 1 : chunk), socket.queuedBytes < Self.fullQueue {
            let end = min(audio.kept.count, audio.sent + Self.longestChunk)
            OpenAIRealtimeWire.append(audio.kept[audio.sent..<end], into: &message)
            guard socket.send(text: message) else { return }
            audio.sent = end
        }
    }

    // MARK: - Answering and speaking

    func generate(_ request: ChatRequest, sink: @escaping (LanguageModelEvent) -> Void) -> any Generation {
        guard faces.isOpen else {
            // Without an open face nobody would close the connection.
            let detail = "answers only a call that it hears or speaks to"
            let error = ProviderError(.unavailable, provider: shared.name, detail: detail)
            let generation = OpenAIRealtimeGeneration(0, self)
            eventLoop.assumeIsolated().execute { if !generation.isCancelled { sink(.failed(error)) } }
            scope?.remove(self, of: shared)
            return generation
        }
        let (id, outputs) = machine.generate(request)
        faces.wrote[id] = sink
        connectIfNeeded()
        perform(outputs, isCall: true)
        armWatch()
        return OpenAIRealtimeGeneration(id, self)
    }

    func cancelGeneration(_ id: Int) {
        guard faces.wrote.removeValue(forKey: id) != nil else { return }
        perform(machine.cancelGeneration(id), isCall: true)
    }

    func owns(_ turn: TurnID) -> Bool { machine.owns(turn) }

    func speak(_ text: String, as segment: SegmentID, reads: Bool) {
        let outputs = machine.speak(text, segment, reads: reads)
        if machine.isBusy { connectIfNeeded() }
        perform(outputs, isCall: true)
        if reads { armWatch() }
    }

    func cancelSpeech(_ turn: TurnID, heard: Nanoseconds) {
        carry = nil
        perform(machine.cancelSpeech(turn, heard: heard), isCall: true)
    }

    /// While something is due, something must come.
    private func armWatch() {
        watch?.cancel()
        watch = nil
        guard machine.isBusy, faces.isOpen else { return }
        watch = eventLoop.assumeIsolated().scheduleTask(in: shared.timeout) {
            self.watch = nil
            let detail = "delivered nothing for \(self.shared.timeout.nanoseconds / 1_000_000) ms"
            self.perform(
                self.machine.timedOut(ProviderError(.timeout, provider: self.shared.name, detail: detail)))
            self.armWatch()
        }
    }

    // MARK: - What the machine decides

    /// - Parameter isCall: Inside a call of the session: its sinks are called later.
    private func perform(_ outputs: [OpenAIRealtimeStateMachine.Output], isCall: Bool = false) {
        var events: [OpenAIRealtimeStateMachine.Output] = []
        for output in outputs {
            switch output {
            case .send(let command): send(command)
            case .log(let text): log(.info, "\(callID): \(shared.name): \(text)")
            case .heard, .wrote, .completed, .speechFailed:
                if isCall { events.append(output) } else { tell(output) }
            case .renew(let error): lost(error)
            case .giveUp(let error): giveUp(error)
            }
        }
        guard !events.isEmpty else { return }
        eventLoop.assumeIsolated().execute { for event in events { self.tell(event) } }
    }

    private func tell(_ output: OpenAIRealtimeStateMachine.Output) {
        switch output {
        case .heard(let event):
            let sink = faces.heard
            // Dead is dead: whoever wants to be heard again opens another stream.
            if case .failed = event { faces.heard = nil }
            sink?(event)
        case .wrote(let request, let event):
            let sink = faces.wrote[request]
            switch event {
            case .finished, .failed: faces.wrote[request] = nil
            case .text, .toolCall: break
            }
            sink?(event)
        case .completed(let segment): faces.spoke?(.completed(segment))
        case .speechFailed(let turn, let error): faces.spoke?(.failed(turn, error))
        case .send, .log, .renew, .giveUp: break
        }
    }

    private func send(_ command: OpenAIRealtimeCommand) {
        guard let socket = link.socket, socket.isOpen else { return }
        if command == .commit {
            // Until the connection is ready the audio has not been sent; `audioSent` commits it.
            guard machine.isReady else { return }
            sendAudio(all: true)
        }
        let bytes = OpenAIRealtimeWire.encode(command, shared.options, input: faces.input, output: faces.output)
        guard !socket.send(text: bytes) else { return }
        let current = link.generation
        eventLoop.assumeIsolated().execute {
            guard current == self.link.generation else { return }
            self.lost(ProviderError(.unavailable, provider: self.shared.name, detail: "takes no more messages"))
        }
    }

    // MARK: - From the server

    private func received(_ event: WebSocketClient.Event) {
        switch event {
        case .open:
            arm(shared.timeout) {
                self.lost(
                    ProviderError(.timeout, provider: self.shared.name, detail: "did not answer session.update"))
            }
        case .binary: break
        case .text(let bytes): received(bytes)
        case .closed(let code, let reason):
            let what = code.map { "closed the connection with code \($0)" } ?? "the connection was lost"
            let text = reason.isEmpty ? what : "\(what): \(Secret.redacted(shared.key, reason))"
            lost(ProviderError(OpenAIRealtimeStateMachine.kind(reason), provider: shared.name, detail: text))
        case .failed(let error): lost(ProviderError(error, provider: shared.name, secret: shared.key))
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        if let piece = OpenAIRealtimeAudio(bytes) {
            deliver(piece, bytes)
            armWatch()
            return
        }
        guard let event = OpenAIRealtimeEvent.decode(bytes) else {
            let detail = "sent a message that is not of its protocol"
            return lost(ProviderError(.protocol, provider: shared.name, detail: detail))
        }
        if event == .sessionUpdated, machine.sessionUpdated() { return ready() }
        // The next answer begins with a whole sample.
        if case .done = event { carry = nil }
        let generation = link.generation
        perform(machine.received(event))
        guard generation == link.generation else { return armWatch() }
        perform(machine.takeCompleted())
        forgetAudio()
        if event.isProgress { armWatch() }
    }

    private func ready() {
        link.readySince = eventLoop.now
        arm(shared.renewal) { self.renewWhenIdle() }
        sendAudio(all: true)
        perform(machine.audioSent())
        armWatch()
    }

    private func deliver(_ piece: OpenAIRealtimeAudio, _ message: UnsafeRawBufferPointer) {
        guard let count = piece.decode(message, into: &voice) else {
            let detail = "sent audio that is not base64"
            return lost(ProviderError(.protocol, provider: shared.name, detail: detail))
        }
        guard count > 0, let owner = machine.audioArrived(piece, bytes: count) else { return }
        voice.withUnsafeBytes { bytes in
            var rest = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            guard faces.output.bytesPerSample == 2 else { return faces.spoke?(.audio(owner, rest)) ?? () }
            if let half = carry {
                carry = nil
                let sample = [half, rest[0]]
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
                sample.withUnsafeBytes { faces.spoke?(.audio(owner, $0)) }
            }
            if rest.count % 2 == 1 {
                carry = rest.last
                rest = UnsafeRawBufferPointer(rebasing: rest.dropLast())
            }
            if !rest.isEmpty { faces.spoke?(.audio(owner, rest)) }
        }
    }
}
