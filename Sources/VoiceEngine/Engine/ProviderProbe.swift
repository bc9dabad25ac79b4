internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineLocal
internal import VoiceEngineProviders
internal import VoiceEngineSession
internal import VoiceEngineThreads

// Tries the providers of a document before a caller does: each is asked for a little real work, which proves the
// address, the certificate, the key, the model and the voice at once.

/// How one provider of a document did.
package struct ProbeResult: Equatable, Sendable {
    /// Where it stands in the document, such as `stt[0]`.
    package var path: String
    package var provider: String
    /// nil: it did its work.
    package var problem: VoiceError?
    /// Until the first result, or the failure.
    package var elapsed: Nanoseconds

    package var detail: String { problem?.detail ?? "" }
}

/// One provider that is being asked.
enum ProbeSubject: Sendable {
    case speechToText(any SpeechToTextProvider)
    case languageModel(any LanguageModelProvider)
    case textToSpeech(any TextToSpeechProvider)
}

extension Engine {
    /// Asks every provider of a document for a little work: a second of sound recognised, a word written, a word
    /// spoken. Costs what such a request costs.
    ///
    /// Blocks until all have answered, failed, or the time is over.
    ///
    /// - Returns: In the order of the document.
    package func probe(_ json: [UInt8], timeout: Nanoseconds) throws(VoiceError) -> [ProbeResult] {
        if Self.isInCallback { throw VoiceError(.reentrant, "a probe must not be made from a callback") }
        try enter()
        defer { leave() }
        let document = try Agent.document(json)
        let candidates = factory.candidates(document)
        let results = Monitor(
            candidates.map { candidate -> ProbeResult? in
                guard case .failure(let problem) = candidate.subject else { return nil }
                return ProbeResult(
                    path: candidate.path, provider: candidate.provider, problem: problem, elapsed: .zero)
            })
        for (position, candidate) in candidates.enumerated() {
            guard case .success(let subject) = candidate.subject else { continue }
            let loop = group.next()
            let context = ProviderContext(callID: "probe", eventLoop: loop, log: log.named("probe"))
            loop.execute {
                let probe = ProviderProbe(subject, context, timeout: timeout) { problem, elapsed in
                    results.update {
                        $0[position] = ProbeResult(
                            path: candidate.path, provider: candidate.provider, problem: problem, elapsed: elapsed)
                    }
                }
                probe.start()
            }
        }
        return results.wait { all in all.allSatisfy { $0 != nil } ? all.compactMap(\.self) : nil } ?? []
    }
}

/// One provider at its trial. Confined to its loop; kept alive by its own timer until it has an answer.
private final class ProviderProbe {
    private let subject: ProbeSubject
    private let context: ProviderContext
    private let timeout: Nanoseconds
    private let begin: Instant
    private var report: ((VoiceError?, Nanoseconds) -> Void)?
    private var deadline: Scheduled<Void>?
    private var end: () -> Void = {}

    init(
        _ subject: ProbeSubject, _ context: ProviderContext, timeout: Nanoseconds,
        report: @escaping (VoiceError?, Nanoseconds) -> Void
    ) {
        self.subject = subject
        self.context = context
        self.timeout = timeout
        self.report = report
        begin = context.eventLoop.instant
    }

    func start() {
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(timeout.rawValue)) {
            self.finish(
                VoiceError(.timeout, "no answer in \(self.timeout.wholeMilliseconds) ms; is the address right?"))
        }
        switch subject {
        case .speechToText(let provider): hear(provider)
        case .languageModel(let provider): think(provider)
        case .textToSpeech(let provider): speak(provider)
        }
    }

    private func hear(_ provider: any SpeechToTextProvider) {
        let format = provider.format(for: .telephone)
        let stream = provider.open(context, format: format) { event in
            switch event {
            case .transcript, .endOfTurn, .earlyEndOfTurn, .turnStarted, .turnResumed: self.finish(nil)
            case .failed(let error): self.finish(VoiceError(error))
            }
        }
        end = { stream.close() }
        stream.hint(.started(atMilliseconds: 0))
        for frame in Self.hum(format) { frame.withUnsafeBytes { stream.send($0) } }
        stream.hint(.paused(atMilliseconds: Self.humMilliseconds))
        stream.finishUtterance()
    }

    private func think(_ provider: any LanguageModelProvider) {
        let request = ChatRequest(
            prompt: "Answer with the single word \"ready\".", messages: [.user("Are you there?")], tools: [])
        let generation = provider.generate(request, context: context) { event in
            switch event {
            case .text, .toolCall, .finished: self.finish(nil)
            case .failed(let error): self.finish(VoiceError(error))
            }
        }
        end = { generation.cancel() }
    }

    private func speak(_ provider: any TextToSpeechProvider) {
        let stream = provider.open(context, format: provider.format(for: .telephone)) { event in
            switch event {
            case .audio: self.finish(nil)
            case .completed, .wordEnds: break
            case .failed(_, let error): self.finish(VoiceError(error))
            }
        }
        end = { stream.close() }
        let turn = TurnID.none.next
        stream.speak("Hello.", as: SegmentID(turn: turn, index: 0))
        stream.finish(turn)
    }

    private func finish(_ problem: VoiceError?) {
        guard let report else { return }
        self.report = nil
        deadline?.cancel()
        report(problem, context.eventLoop.instant - begin)
        // Not inside the provider's own call.
        context.eventLoop.assumeIsolated().execute {
            self.end()
            self.end = {}
        }
    }

    private static let humMilliseconds: Int64 = 1_000

    /// A hum like a long vowel, in frames of 20 ms: silence would not be recognised by those who look for speech first.
    private static func hum(_ format: AudioFormat) -> [[UInt8]] {
        let period = max(format.sampleRate / 120, 2)
        let frameSamples = format.samples(inMilliseconds: 20)
        return (0..<Int(humMilliseconds / 20)).map { frame in
            // A sawtooth of 120 Hz has all the harmonics of a voice.
            let samples = (0..<frameSamples).map { offset in
                Int16(((frame * frameSamples + offset) % period) * 12_000 / period - 6_000)
            }
            var bytes = [UInt8](repeating: 0, count: format.bytes(forSamples: frameSamples))
            var target = bytes.mutableSpan
            let count = format.encoding.encode(samples.span, into: &target)
            return Array(bytes[..<count])
        }
    }
}

extension VoiceError {
    /// As a probe's result.
    fileprivate init(_ error: ProviderError) {
        let status: Status =
            switch error.kind {
            case .auth: .keyMissing
            case .configuration: .badConfiguration
            case .timeout: .timeout
            case .unavailable: .network
            case .rateLimited, .protocol, .cancelled: .provider
            }
        self.init(status, error.detail)
    }
}

extension ProviderFactory {
    /// A provider of a document, or why it cannot be made here.
    struct Candidate: Sendable {
        let path: String
        let provider: String
        let subject: Result<ProbeSubject, VoiceError>
    }

    /// Every provider that the document names, in its order.
    func candidates(_ document: AgentDocument) -> [Candidate] {
        // To speak, a model that does everything must have taken the key, the model's name and the voice.
        candidates("realtime", document.realtime.map { [$0] } ?? [], document) {
            (registry, setup) throws(ProviderSetupError) in
            .textToSpeech(try registry.makeSpeechToSpeech(setup).voice(readsScripts: true))
        }
            + candidates("stt", document.speechToText, document) { (registry, setup) throws(ProviderSetupError) in
                .speechToText(try registry.makeSpeechToText(setup))
            }
            + candidates("llm", document.languageModel, document) { (registry, setup) throws(ProviderSetupError) in
                .languageModel(try registry.makeLanguageModel(setup))
            }
            + candidates("tts", document.textToSpeech, document) { (registry, setup) throws(ProviderSetupError) in
                .textToSpeech(try registry.makeTextToSpeech(setup))
            }
            + document.otherVoices.flatMap { voice in
                candidates("tts", voice.chain, path: "voices.\(voice.name)", document) {
                    (registry, setup) throws(ProviderSetupError) in
                    .textToSpeech(try registry.makeTextToSpeech(setup))
                }
            }
    }

    private func candidates(
        _ role: String, _ chain: [ProviderChoice], path: String? = nil, _ document: AgentDocument,
        _ make: (ProviderRegistry, ProviderSetup) throws(ProviderSetupError) -> ProbeSubject
    ) -> [Candidate] {
        chain.enumerated().map { index, choice in
            let place = path ?? role
            let path = chain.count == 1 ? place : "\(place)[\(index)]"
            do throws(VoiceError) {
                let subject = try self.made(role, choice, path: path, document, make)
                return Candidate(path: path, provider: choice.provider, subject: .success(subject))
            } catch {
                return Candidate(path: path, provider: choice.provider, subject: .failure(error))
            }
        }
    }
}
