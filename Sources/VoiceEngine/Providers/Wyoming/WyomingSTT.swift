internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// Recognition by a Wyoming server (faster-whisper, whisper.cpp, Vosk and others), utterance by utterance.
///
/// The servers of this protocol work on the audio after `audio-stop` and close the connection with the transcript, so
/// an utterance is sent whole at the pause, over a connection of its own that was made before it was needed.
package struct WyomingSTT: SpeechToTextProvider {
    private static let sampleRate = 16_000

    package let name: String
    package let hearsWordsLate = true
    private let settings: WyomingRecogniser.Settings
    private let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> WyomingSTT {
        var reader = OptionReader(setup)
        let settings = WyomingRecogniser.Settings(
            provider: setup.settings.provider, address: try WyomingAddress.make(setup, port: 10_300),
            model: setup.settings.model, language: OpenAITranscriptionOptions.iso639(setup.settings.language),
            sampleRate: sampleRate,
            connectTimeout: .milliseconds(Int64(try reader.int("connect_timeout_ms", 100...60_000) ?? 2_000)),
            patience: .milliseconds(Int64(try reader.int("timeout_ms", 100...120_000) ?? 15_000)))
        return WyomingSTT(name: setup.settings.provider, settings: settings, network: setup.network)
    }

    package func format(for native: AudioFormat) -> AudioFormat {
        (try? AudioFormat(encoding: .pcm16, sampleRate: Self.sampleRate)) ?? native
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        let recogniser = WyomingRecogniser(settings, network: network, context: context)
        let stream = WholeUtteranceStream(
            sampleRate: Self.sampleRate, context: context, recogniser: recogniser, sink: sink)
        recogniser.introduce { [weak stream] in stream?.fail($0) }
        return stream
    }
}

/// One call's connections to a recogniser. Confined to the call's loop.
final class WyomingRecogniser: UtteranceRecogniser {
    struct Settings: Sendable {
        var provider: String
        var address: WyomingAddress
        var model: String?
        var language: String?
        var sampleRate: Int
        var connectTimeout: TimeAmount
        /// How long a transcript may take.
        var patience: TimeAmount
    }

    /// How long a server may think about what it is.
    private static let describePatience = TimeAmount.seconds(2)

    /// At the start of a call: is there a server, and does it recognise?
    private struct Introduction {
        let fail: (ProviderError) -> Void
        let timer: Scheduled<Void>
    }

    private let settings: Settings
    private let network: NetworkClient
    private let context: ProviderContext
    /// A connection that nobody uses yet.
    private var spare: WyomingConnection?
    private var introduction: Introduction?

    init(_ settings: Settings, network: NetworkClient, context: ProviderContext) {
        self.settings = settings
        self.network = network
        self.context = context
    }

    /// Asks the server what it is. One that does not answer may still recognise.
    func introduce(_ fail: @escaping (ProviderError) -> Void) {
        let patience = settings.connectTimeout + Self.describePatience
        introduction = Introduction(
            fail: fail,
            timer: context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
                self.introduction = nil
                self.context.log(.info, "\(self.settings.provider): the server does not say what it can do")
            })
        prepare()
        spare?.send(WyomingWire.describe)
    }

    func prepare() {
        guard spare == nil else { return }
        spare = WyomingConnection(
            provider: settings.provider, address: settings.address, network: network, context: context,
            role: .speechToText, timeout: settings.connectTimeout
        ) { [weak self] in self?.received($0) }
    }

    func recognise(_ samples: [Int16], _ completion: @escaping Completion) -> any UtteranceRequest {
        endIntroduction()
        prepare()
        let request = WyomingRequest(settings, context: context, completion)
        if let connection = spare {
            spare = nil
            request.send(samples, over: connection)
        }
        return request
    }

    func close() {
        endIntroduction()
        spare?.close()
        spare = nil
    }

    private func endIntroduction() {
        introduction?.timer.cancel()
        introduction = nil
    }

    /// From the connection that nobody uses yet.
    private func received(_ event: WyomingConnection.Event) {
        let fail = introduction?.fail
        switch event {
        case .received(.info(let info)):
            endIntroduction()
            guard !info.recognises else { return }
            let detail = "the server at \(settings.address.origin) offers no speech recognition"
            fail?(ProviderError(.configuration, provider: settings.provider, detail: detail))
        case .failed(let error):
            spare = nil
            endIntroduction()
            fail?(error)
        case .open, .received: break
        }
    }
}

/// One utterance on its way, over a connection of its own.
private final class WyomingRequest: UtteranceRequest {
    /// [samples] in one event: a quarter of a second.
    private static let chunkSamples = 4_096

    private let settings: WyomingRecogniser.Settings
    private let context: ProviderContext
    private var completion: UtteranceRecogniser.Completion?
    private var connection: WyomingConnection?
    private var timer: Scheduled<Void>?

    init(
        _ settings: WyomingRecogniser.Settings, context: ProviderContext,
        _ completion: @escaping UtteranceRecogniser.Completion
    ) {
        self.settings = settings
        self.context = context
        self.completion = completion
    }

    func send(_ samples: [Int16], over connection: WyomingConnection) {
        self.connection = connection
        // Keeps the request alive until it is answered.
        connection.sink = { self.received($0) }
        var isTaken = connection.send(WyomingWire.transcribe(model: settings.model, language: settings.language))
        isTaken = connection.send(WyomingWire.audioStart(settings.sampleRate)) && isTaken
        var rest = samples[...]
        while !rest.isEmpty {
            var pcm: [UInt8] = []
            pcm.reserveCapacity(Self.chunkSamples * 2)
            for sample in rest.prefix(Self.chunkSamples) {
                withUnsafeBytes(of: sample.littleEndian) { pcm += $0 }
            }
            rest = rest.dropFirst(Self.chunkSamples)
            isTaken = connection.send(WyomingWire.audioChunk(settings.sampleRate, pcm)) && isTaken
        }
        isTaken = connection.send(WyomingWire.audioStop) && isTaken
        let patience = isTaken ? settings.patience : .zero
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
            let detail =
                isTaken ? "no transcript within \(patience.nanoseconds / 1_000_000) ms" : "takes no more audio"
            self.finish(
                .failure(
                    ProviderError(isTaken ? .timeout : .unavailable, provider: self.settings.provider, detail: detail)))
        }
    }

    func cancel() {
        completion = nil
        end()
    }

    private func received(_ event: WyomingConnection.Event) {
        switch event {
        case .received(.transcript(let text)): finish(.success(text.trimmingBlanks()))
        case .failed(let error): finish(.failure(error))
        case .open, .received: break
        }
    }

    private func finish(_ result: Result<String, ProviderError>) {
        let completion = completion
        self.completion = nil
        end()
        completion?(result)
    }

    private func end() {
        timer?.cancel()
        timer = nil
        connection?.close()
        connection = nil
    }
}
