package import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// Recognition of whole utterances by upload: OpenAI, Groq, and every server with the same `/audio/transcriptions`.
package struct OpenAITranscription: SpeechToTextProvider, WarmableProvider {
    /// What the known services differ in.
    package struct Profile: Sendable {
        let baseURL: String?
        let keyVariable: String?
        let model: String?
        /// Takes 8 kHz and resamples better than we need to; local servers may not.
        let takesTelephoneRate: Bool

        package static let openAI = Profile(
            baseURL: "https://api.openai.com/v1", keyVariable: "OPENAI_API_KEY", model: "gpt-transcribe",
            takesTelephoneRate: true)
        package static let groq = Profile(
            baseURL: "https://api.groq.com/openai/v1", keyVariable: "GROQ_API_KEY", model: "whisper-large-v3-turbo",
            takesTelephoneRate: true)
        package static let compatible = Profile(
            baseURL: nil, keyVariable: nil, model: nil, takesTelephoneRate: false)
    }

    package let name: String
    package let hearsWordsLate = true
    private let url: WebURL
    private let options: OpenAITranscriptionOptions
    private let takesTelephoneRate: Bool
    private let key: Secret?
    private let timeouts: RequestTimeouts
    private let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(
        _ setup: ProviderSetup, profile: Profile
    ) throws(ProviderSetupError) -> OpenAITranscription {
        var reader = OptionReader(setup)
        let base = try setup.baseURL(profile.baseURL, webSocket: false)
        let isOwnService = profile.baseURL.flatMap { try? WebURL($0) }?.origin == base.origin
        var options = OpenAITranscriptionOptions(model: setup.settings.model ?? profile.model)
        options.language = OpenAITranscriptionOptions.iso639(setup.settings.language)
        options.prompt = try reader.string("prompt")
        options.keyterms = try reader.strings("keyterms", atMost: 100)
        options.temperature = try reader.double("temperature", 0...1)
        let format = try reader.string("response_format", oneOf: ["auto", "json", "verbose_json"])
        options.format =
            format.flatMap { .init(rawValue: $0) }
            ?? (options.model?.contains("whisper") ?? false ? .verboseJSON : .json)
        for member in try reader.object("extra")?.members ?? [] {
            guard !OpenAITranscriptionWire.reserved.contains(member.key) else {
                throw setup.error("extra.\(member.key)", "is set by the engine")
            }
            guard let value = member.value.lenientString ?? member.value.bool.map(String.init) else {
                throw setup.error("extra.\(member.key)", "is text, a number, true or false")
            }
            options.extra.append((member.key, value))
        }
        let connect = try reader.int("connect_timeout_ms", 100...60_000) ?? 3_000
        let first = try reader.int("timeout_ms", 100...120_000) ?? (isOwnService ? 8_000 : 30_000)
        let query = try reader.rest(except: [])
        return OpenAITranscription(
            name: setup.settings.provider,
            url: base.appending(path: "audio/transcriptions").appending(query: query), options: options,
            takesTelephoneRate: isOwnService && profile.takesTelephoneRate,
            key: try setup.key(usual: profile.keyVariable),
            timeouts: RequestTimeouts(
                connect: .milliseconds(Int64(connect)), firstByte: .milliseconds(Int64(first)), idle: .seconds(10)),
            network: setup.network)
    }

    package func warm(on eventLoop: any EventLoop) { network.preconnect(url.origin, on: eventLoop) }

    /// Linear, as a WAV file holds it. Telephone audio stays at 8 kHz for the services, which resample it themselves:
    /// 16 kHz would double the upload, which the caller waits for, and add nothing. Everything else is 16 kHz, which is
    /// what the models take and the one rate that every local server takes.
    package func format(for native: AudioFormat) -> AudioFormat {
        let rate = takesTelephoneRate && native.sampleRate == 8_000 ? 8_000 : 16_000
        return (try? AudioFormat(encoding: .pcm16, sampleRate: rate)) ?? native
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        var headers = HeaderList([("Accept", "application/json")])
        if let key { headers.add("Authorization", "Bearer \(key.reveal())") }
        let (network, timeouts, options, url) = (network, timeouts, options, url)
        let uploader = TranscriptionUploader(
            name: name, key: key, prepare: { network.preconnect(url.origin, on: context.eventLoop) }
        ) { samples, events in
            let boundary =
                String(UInt64.random(in: .min ... .max), radix: 36)
                + String(UInt64.random(in: .min ... .max), radix: 36)
            let form = OpenAITranscriptionWire.request(
                samples, sampleRate: format.sampleRate, options, boundary: "voice-" + boundary)
            var headers = headers
            headers.add("Content-Type", form.contentType)
            return network.send(
                HTTPRequest("POST", url, headers: headers, body: form.body), on: context.eventLoop,
                timeouts: timeouts, opened: context.connects(.speechToText), sink: events)
        }
        return WholeUtteranceStream(sampleRate: format.sampleRate, context: context, recogniser: uploader, sink: sink)
    }
}

/// Uploads utterances, each in a request of its own. Confined to the call's event loop.
private final class TranscriptionUploader: UtteranceRecogniser {
    typealias Ask = (_ samples: [Int16], _ events: @escaping (HTTPStream.Event) -> Void) -> HTTPStream

    private let name: String
    private let key: Secret?
    private let warm: () -> Void
    private let ask: Ask

    init(name: String, key: Secret?, prepare: @escaping () -> Void, ask: @escaping Ask) {
        self.name = name
        self.key = key
        warm = prepare
        self.ask = ask
    }

    func prepare() { warm() }

    func recognise(_ samples: [Int16], _ completion: @escaping Completion) -> any UtteranceRequest {
        let request = TranscriptionRequest(name: name, key: key, completion)
        request.start { self.ask(samples, $0) }
        return request
    }

    func close() {}
}

/// One upload and its answer.
private final class TranscriptionRequest: UtteranceRequest {
    /// [bytes] Half a minute of speech with all its segments and words is a tenth of this.
    private static let maximumAnswerBytes = 1 << 20

    private let name: String
    private let key: Secret?
    private var completion: UtteranceRecogniser.Completion?
    private var stream: HTTPStream?
    private var answer: HTTPAnswer?
    private var body: [UInt8] = []

    init(name: String, key: Secret?, _ completion: @escaping UtteranceRecogniser.Completion) {
        self.name = name
        self.key = key
        self.completion = completion
    }

    func start(_ ask: (@escaping (HTTPStream.Event) -> Void) -> HTTPStream) { stream = ask { self.received($0) } }

    func cancel() {
        completion = nil
        stream?.cancel()
        stream = nil
    }

    private func received(_ event: HTTPStream.Event) {
        switch event {
        case .head(let answer): self.answer = answer
        case .body(let bytes):
            guard body.count + bytes.readableBytes <= Self.maximumAnswerBytes else {
                stream?.cancel()
                return finish(
                    .failure(error(.protocol, "sent an answer of more than \(Self.maximumAnswerBytes) bytes")))
            }
            body += bytes.readableBytesView
        case .end: finish(result())
        case .failed(let error):
            // A refusal whose body was cut is still a refusal.
            if let answer, answer.status != 200 { return finish(result()) }
            finish(.failure(ProviderError(error, provider: name, secret: key)))
        }
    }

    private func result() -> Result<String, ProviderError> {
        guard let answer, answer.status == 200 else {
            let fault = ServiceFault(body: body)
            guard let answer else { return .failure(error(.protocol, "sent no answer")) }
            let kind: ProviderError.Kind? = answer.status == 422 && name == "groq" ? .protocol : nil
            return .failure(ProviderError(answer, fault, kind: kind, provider: name, secret: key))
        }
        if let text = OpenAITranscriptionWire.text(body) { return .success(text) }
        // Some servers put an error into a good answer.
        let fault = ServiceFault(body: body).map { ": \($0.message)" } ?? ""
        return .failure(error(.protocol, "sent an answer that is no transcript\(fault)"))
    }

    private func error(_ kind: ProviderError.Kind, _ text: String) -> ProviderError {
        ProviderError(kind, provider: name, detail: Secret.redacted(key, text))
    }

    private func finish(_ result: Result<String, ProviderError>) {
        let completion = completion
        self.completion = nil
        stream = nil
        completion?(result)
    }
}
