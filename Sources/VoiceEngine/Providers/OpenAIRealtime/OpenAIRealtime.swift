internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// OpenAI Realtime: one model and one connection that hear, think and speak.
package struct OpenAIRealtime: SpeechToSpeechProvider {
    package let name: String
    private let shared: OpenAIRealtimeConfiguration

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> OpenAIRealtime {
        var reader = OptionReader(setup)
        guard let model = setup.settings.model, !model.isEmpty else { throw setup.error("model", "is needed") }
        var options = OpenAIRealtimeOptions(model: model)
        options.voice = setup.settings.voice
        options.speed = try reader.double("speed", 0.25...1.5)
        let detections = OpenAIRealtimeOptions.Detection.allCases.map(\.rawValue)
        if let detection = try reader.string("vad", oneOf: detections) {
            options.detection = OpenAIRealtimeOptions.Detection(rawValue: detection) ?? .engine
        }
        options.serverSilence = try reader.int("silence_ms", 100...5_000)
        options.eagerness = try reader.string("eagerness", oneOf: ["low", "medium", "high", "auto"])
        if let transcription = try reader.string("transcription_model") { options.transcriptionModel = transcription }
        options.language = setup.settings.language.map { String($0.prefix { $0 != "-" && $0 != "_" }).lowercased() }
        options.keyterms = try reader.strings("keyterms", atMost: 100)
        options.noiseReduction = try reader.string("noise_reduction", oneOf: ["near_field", "far_field"])
        options.reasoningEffort = try reader.string("reasoning_effort")
        if let tokens = try reader.int("max_tokens", 1...4_096) { options.maximumTokens = tokens }
        options.chunkMilliseconds = try reader.int("chunk_ms", 20...100) ?? 40
        let renewal = try reader.int("renew_after_s", 60...3_540) ?? 3_300
        let timeout = try reader.int("timeout_ms", 100...120_000) ?? 5_000
        let others = try reader.rest(except: ["model", "language", "call_id", "intent"])
        guard options.serverSilence == nil || options.detection == .server else {
            throw setup.error("silence_ms", "belongs to \"vad\": \"server\"; else it is turn.end.silence_ms")
        }
        guard options.eagerness == nil || options.detection == .semantic else {
            throw setup.error("eagerness", "belongs to \"vad\": \"semantic\"")
        }
        let base = try setup.baseURL("wss://api.openai.com/v1", webSocket: true)
        return OpenAIRealtime(
            name: setup.settings.provider,
            shared: OpenAIRealtimeConfiguration(
                name: setup.settings.provider, options: options, url: OpenAIRealtimeWire.url(base, options, others),
                key: try setup.key(usual: "OPENAI_API_KEY"), timeout: .milliseconds(Int64(timeout)),
                renewal: .seconds(Int64(renewal)), network: setup.network))
    }

    package var speechToText: any SpeechToTextProvider { OpenAIRealtimeHearing(shared: shared) }
    package var languageModel: any LanguageModelProvider { OpenAIRealtimeMind(shared: shared) }
    package func voice(readsScripts: Bool) -> any OwnVoiceProvider {
        OpenAIRealtimeVoice(shared: shared, readsScripts: readsScripts)
    }
}

/// What all calls share. Its identity is the key of the call's connection in the `CallScope`.
final class OpenAIRealtimeConfiguration: Sendable {
    let name: String
    let options: OpenAIRealtimeOptions
    let url: WebURL
    let key: Secret?
    let timeout: TimeAmount
    /// Age at which a connection is replaced between turns; the server ends it after 60 minutes.
    let renewal: TimeAmount
    let network: NetworkClient

    init(
        name: String, options: OpenAIRealtimeOptions, url: WebURL, key: Secret?, timeout: TimeAmount,
        renewal: TimeAmount, network: NetworkClient
    ) {
        self.name = name
        self.options = options
        self.url = url
        self.key = key
        self.timeout = timeout
        self.renewal = renewal
        self.network = network
    }

    /// The connection of this call.
    fileprivate func call(_ context: ProviderContext) -> OpenAIRealtimeCall {
        if let call = context.scope.object(of: self, as: OpenAIRealtimeCall.self) { return call }
        let call = OpenAIRealtimeCall(self, context)
        context.scope.keep(call, for: self)
        return call
    }
}

// MARK: - The faces

private struct OpenAIRealtimeHearing: SpeechToTextProvider {
    let shared: OpenAIRealtimeConfiguration
    var name: String { shared.name }

    func format(for native: AudioFormat) -> AudioFormat { OpenAIRealtimeWire.format(for: native) }

    var messageMilliseconds: Int { shared.options.chunkMilliseconds }

    var endOfTurnEvidence: EndOfTurnEvidence { shared.options.detection == .semantic ? .meaning : .silence }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        let call = shared.call(context)
        let stream = OpenAIRealtimeHearingStream(call)
        call.open(hearing: stream, format: format, sink: sink)
        return stream
    }
}

final class OpenAIRealtimeHearingStream: SpeechToTextStream {
    private let call: OpenAIRealtimeCall

    init(_ call: OpenAIRealtimeCall) { self.call = call }

    private var isCurrent: Bool { call.hears(through: self) }

    func send(_ audio: UnsafeRawBufferPointer) { if isCurrent { call.send(audio) } }
    func hint(_ hint: VoiceHint) { if isCurrent { call.hint(hint) } }
    func finishUtterance() { if isCurrent { call.finishUtterance() } }
    func utteranceCommitted() { if isCurrent { call.utteranceCommitted() } }
    func close() { if isCurrent { call.closeHearing() } }
}

private struct OpenAIRealtimeMind: LanguageModelProvider {
    let shared: OpenAIRealtimeConfiguration
    var name: String { shared.name }
    var answersDrafts: Bool { false }

    func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation {
        shared.call(context).generate(request, sink: sink)
    }
}

final class OpenAIRealtimeGeneration: Generation {
    private let id: Int
    private weak var call: OpenAIRealtimeCall?
    private(set) var isCancelled = false

    init(_ id: Int, _ call: OpenAIRealtimeCall) {
        self.id = id
        self.call = call
    }

    func cancel() {
        isCancelled = true
        call?.cancelGeneration(id)
    }
}

private struct OpenAIRealtimeVoice: OwnVoiceProvider {
    let shared: OpenAIRealtimeConfiguration
    let readsScripts: Bool
    var name: String { shared.name }

    func format(for native: AudioFormat) -> AudioFormat { OpenAIRealtimeWire.format(for: native) }

    func openVoice(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any OwnVoiceStream {
        let call = shared.call(context)
        let stream = OpenAIRealtimeVoiceStream(call, reads: readsScripts)
        call.open(voice: stream, format: format, sink: sink)
        return stream
    }
}

final class OpenAIRealtimeVoiceStream: OwnVoiceStream {
    private let call: OpenAIRealtimeCall
    private let reads: Bool

    init(_ call: OpenAIRealtimeCall, reads: Bool) {
        self.call = call
        self.reads = reads
    }

    private var isCurrent: Bool { call.speaks(through: self) }

    func speak(_ text: String, as segment: SegmentID) {
        if isCurrent { call.speak(text, as: segment, reads: reads) }
    }
    func finish(_ turn: TurnID) {}
    func cancel(_ turn: TurnID) { cancel(turn, heard: .zero) }
    func cancel(_ turn: TurnID, heard: Nanoseconds) { if isCurrent { call.cancelSpeech(turn, heard: heard) } }
    /// The one connection also carries what the caller says, so that reading cannot stop. `max_tokens` bounds an answer
    /// below what the playout queue holds.
    func holdAudio(_ hold: Bool) {}
    func close() { if isCurrent { call.closeVoice() } }
    func owns(_ turn: TurnID) -> Bool { call.owns(turn) }
}
