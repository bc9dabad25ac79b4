internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineMedia
internal import VoiceEngineNet

/// The voice of a Wyoming server (Piper and others), segment by segment.
package struct WyomingTTS: TextToSpeechProvider {
    struct Settings: Sendable {
        var provider: String
        var address: WyomingAddress
        var voice: WyomingWire.Voice
        var connectTimeout: TimeAmount
        /// How long a segment's first audio may take, and each pause in it.
        var patience: TimeAmount
    }

    package let name: String
    private let settings: Settings
    private let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> WyomingTTS {
        var reader = OptionReader(setup)
        let voice = WyomingWire.Voice(
            name: setup.settings.voice ?? setup.settings.model, speaker: try reader.string("speaker"),
            language: setup.settings.language)
        let settings = Settings(
            provider: setup.settings.provider, address: try WyomingAddress.make(setup, port: 10_200), voice: voice,
            connectTimeout: .milliseconds(Int64(try reader.int("connect_timeout_ms", 100...60_000) ?? 2_000)),
            patience: .milliseconds(Int64(try reader.int("timeout_ms", 100...120_000) ?? 5_000)))
        return WyomingTTS(name: setup.settings.provider, settings: settings, network: setup.network)
    }

    /// Linear at the call's rate: a voice's own rate is known only when it speaks, so it is converted here.
    package func format(for native: AudioFormat) -> AudioFormat {
        (try? AudioFormat(encoding: .pcm16, sampleRate: native.sampleRate)) ?? native
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        let stream = WyomingSpeechStream(settings, network: network, format: format, context: context, sink: sink)
        stream.introduce()
        return stream
    }
}

/// One call's connection to a voice. Confined to the call's loop.
final class WyomingSpeechStream: TextToSpeechStream {
    private let settings: WyomingTTS.Settings
    private let network: NetworkClient
    private let format: AudioFormat
    private let context: ProviderContext
    /// nil once closed.
    private var sink: ((TextToSpeechEvent) -> Void)?
    private var machine = WyomingSpeechStateMachine()
    private var connection: WyomingConnection?
    private var converter: WyomingAudioConverter?
    private var timer: Scheduled<Void>?
    private var holdsAudio = false
    /// Why the server will never speak.
    private var refusal: ProviderError?

    init(
        _ settings: WyomingTTS.Settings, network: NetworkClient, format: AudioFormat, context: ProviderContext,
        sink: @escaping (TextToSpeechEvent) -> Void
    ) {
        self.settings = settings
        self.network = network
        self.format = format
        self.context = context
        self.sink = sink
    }

    /// Connects and asks the server what it is, long before the first word.
    func introduce() {
        connect()
        connection?.send(WyomingWire.describe)
    }

    // MARK: From the session

    func speak(_ text: String, as segment: SegmentID) {
        guard sink != nil else { return }
        perform(machine.speak(text, segment), error: error(.unavailable, "takes no more text"), isInsideCall: true)
    }

    func finish(_ turn: TurnID) {}

    func cancel(_ turn: TurnID) {
        guard sink != nil else { return }
        perform(machine.cancel(turn), error: nil, isInsideCall: true)
        // The next reply finds a connection.
        if connection == nil { connect() }
    }

    func holdAudio(_ hold: Bool) {
        holdsAudio = hold
        connection?.holdReads(hold)
        watch()
    }

    func close() {
        sink = nil
        dropConnection()
    }

    // MARK: -

    private func connect() {
        let connection = WyomingConnection(
            provider: settings.provider, address: settings.address, network: network, context: context,
            role: .textToSpeech, timeout: settings.connectTimeout
        ) { [weak self] in self?.received($0) }
        connection.holdReads(holdsAudio)
        self.connection = connection
    }

    private func dropConnection() {
        timer?.cancel()
        timer = nil
        connection?.close()
        connection = nil
        converter = nil
    }

    /// - Parameters:
    ///   - error: What a failed turn is told.
    ///   - isInsideCall: The session has not returned from its call into this stream yet.
    private func perform(_ actions: [WyomingSpeechStateMachine.Action], error: ProviderError?, isInsideCall: Bool) {
        for action in actions {
            switch action {
            case .synthesize(let segment, let text): if machine.speaking == segment { synthesize(text) }
            case .dropConnection: dropConnection()
            case .completed(let segment): report(.completed(segment), isInsideCall)
            case .failed(let turn):
                let error = refusal ?? error ?? self.error(.unavailable, "failed")
                report(.failed(turn, error), isInsideCall)
            }
        }
    }

    private func report(_ event: TextToSpeechEvent, _ isInsideCall: Bool) {
        guard isInsideCall else { return sink?(event) ?? () }
        context.eventLoop.assumeIsolated().execute { self.sink?(event) }
    }

    private func synthesize(_ text: String) {
        if refusal != nil { return later { $0.lost(nil) } }
        if connection == nil { connect() }
        guard connection?.send(WyomingWire.synthesize(text, settings.voice)) ?? false else {
            dropConnection()
            return later { $0.lost(nil) }
        }
        watch()
    }

    private func later(_ body: @escaping (WyomingSpeechStream) -> Void) {
        context.eventLoop.assumeIsolated().execute {
            if self.sink != nil { body(self) }
        }
    }

    /// While audio is due, something must come.
    private func watch() {
        timer?.cancel()
        timer = nil
        guard machine.speaking != nil, !holdsAudio else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: settings.patience) {
            let text = "delivered no audio for \(self.settings.patience.nanoseconds / 1_000_000) ms"
            // Asked twice it would take twice as long.
            self.machine.audioCame()
            self.lost(self.error(.timeout, text))
        }
    }

    private func lost(_ error: ProviderError?) {
        dropConnection()
        let mayRetry = refusal == nil && (error?.isRetryable ?? true)
        perform(machine.lost(mayRetry: mayRetry), error: error, isInsideCall: false)
    }

    private func error(_ kind: ProviderError.Kind, _ text: String) -> ProviderError {
        ProviderError(kind, provider: settings.provider, detail: text)
    }

    // MARK: From the server

    private func received(_ event: WyomingConnection.Event) {
        switch event {
        case .received(.info(let info)):
            guard !info.speaks else { return }
            refusal = error(.configuration, "the server at \(settings.address.origin) offers no voice")
            lost(refusal)
        case .received(.audioStart(let audio)):
            watch()
            converter = WyomingAudioConverter(audio, to: format.sampleRate)
        case .received(.audioChunk(let bytes)):
            watch()
            guard let segment = machine.speaking, let converter else { return }
            machine.audioCame()
            converter.convert(bytes) { sink?(.audio(segment, $0)) }
        case .received(.audioStop):
            if let segment = machine.speaking { converter?.finish { sink?(.audio(segment, $0)) } }
            converter = nil
            guard sink != nil else { return }
            perform(machine.ended(), error: nil, isInsideCall: false)
            watch()
        case .failed(let error): lost(error)
        case .open, .received: break
        }
    }
}

/// A segment's audio from the voice's format to the call's.
final class WyomingAudioConverter {
    private let channels: Int
    private let resampler: Resampler
    /// A sample, or its channels, that a chunk ended in.
    private var carry: [UInt8] = []
    private var samples: [Int16] = []
    private var converted: [Int16] = []

    /// - Returns: nil for rates that cannot be converted.
    init?(_ audio: WyomingWire.Audio, to rate: Int) {
        guard let resampler = try? Resampler(from: audio.rate, to: rate) else { return nil }
        channels = audio.channels
        self.resampler = resampler
    }

    func convert(_ bytes: [UInt8], _ output: (UnsafeRawBufferPointer) -> Void) {
        carry += bytes
        let frame = channels * 2
        let count = carry.count / frame
        samples.removeAll(keepingCapacity: true)
        for index in 0..<count {
            var sum = 0
            for channel in 0..<channels {
                let at = index * frame + channel * 2
                sum += Int(Int16(bitPattern: UInt16(carry[at]) | UInt16(carry[at + 1]) << 8))
            }
            samples.append(Int16(clamping: sum / channels))
        }
        carry.removeFirst(count * frame)
        let needed = resampler.maximumOutput(forInput: samples.count)
        if converted.count < needed { converted = [Int16](repeating: 0, count: needed) }
        let made = converted.withUnsafeMutableBufferPointer { converted in
            samples.withUnsafeBufferPointer { samples in
                var target = MutableSpan(_unsafeElements: converted)
                return (try? resampler.process(samples.span, into: &target)) ?? 0
            }
        }
        hand(made, output)
    }

    /// What the filter still holds.
    func finish(_ output: (UnsafeRawBufferPointer) -> Void) {
        let needed = resampler.maximumOutput(forInput: 0)
        if converted.count < needed { converted = [Int16](repeating: 0, count: needed) }
        let made = converted.withUnsafeMutableBufferPointer { converted in
            var target = MutableSpan(_unsafeElements: converted)
            return (try? resampler.flush(into: &target)) ?? 0
        }
        hand(made, output)
    }

    private func hand(_ count: Int, _ output: (UnsafeRawBufferPointer) -> Void) {
        guard count > 0 else { return }
        converted.withUnsafeBytes { output(UnsafeRawBufferPointer(rebasing: $0[..<(count * 2)])) }
    }
}
