internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// How a service is asked for speech by HTTP: each piece of text one request, whose answer is audio as it is made.
///
/// ElevenLabs, Deepgram, Cartesia and everything that speaks OpenAI's speech endpoint differ in the request alone.
struct HTTPVoice: Sendable {
    let name: String
    let network: NetworkClient
    let key: Secret?
    /// [characters] of one request.
    let longestText: Int
    /// [ms] of silence at the start of a reply that are left out at most.
    let trimming: Int
    let timeouts: RequestTimeouts
    let origin: Origin
    let request: @Sendable (HTTPVoiceStateMachine.Piece, AudioFormat) -> HTTPRequest

    func warm(on eventLoop: any EventLoop) { network.preconnect(origin, on: eventLoop) }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> HTTPVoiceStream {
        HTTPVoiceStream(self, format: format, context: context, sink: sink)
    }
}

/// One call's requests. Confined to the call's event loop.
///
/// Full means: while `holdAudio` holds, the current answer is not read; the one that was asked for ahead is never read
/// before its turn, but for what had come with its head.
final class HTTPVoiceStream: TextToSpeechStream {
    private struct Answer {
        enum Stage {
            case asked
            case audio
            /// The status or the type says that it is no audio; the body says why.
            case refused(HTTPAnswer, body: [UInt8])
        }
        var stream: HTTPStream?
        var stage = Stage.asked
        var decoder: PCMStreamDecoder
        var hasAudio = false
        let isAudible: Bool
        /// What came ahead of its time.
        var early: [HTTPStream.Event] = []
    }

    private let voice: HTTPVoice
    private let format: AudioFormat
    private let context: ProviderContext
    private var sink: ((TextToSpeechEvent) -> Void)?
    private var machine: HTTPVoiceStateMachine
    private var answers: [Int: Answer] = [:]
    private var holdsAudio = false

    init(
        _ voice: HTTPVoice, format: AudioFormat, context: ProviderContext,
        sink: @escaping (TextToSpeechEvent) -> Void
    ) {
        self.voice = voice
        self.format = format
        self.context = context
        self.sink = sink
        machine = HTTPVoiceStateMachine(longestText: voice.longestText)
    }

    // MARK: From the session

    func speak(_ text: String, as segment: SegmentID) {
        guard sink != nil else { return }
        let output = machine.speak(text, segment)
        // A segment without a word is complete at once: not inside the session's call.
        let isComplete = output.contains { if case .completed = $0 { true } else { false } }
        guard isComplete else { return perform(output) }
        context.eventLoop.assumeIsolated().execute { self.perform(output) }
    }

    func finish(_ turn: TurnID) {}

    func cancel(_ turn: TurnID) {
        guard sink != nil else { return }
        perform(machine.cancel(turn))
    }

    func holdAudio(_ hold: Bool) {
        holdsAudio = hold
        for (number, answer) in answers where machine.owner(of: number) != nil { answer.stream?.holdReads(hold) }
    }

    func close() {
        sink = nil
        for answer in answers.values { answer.stream?.cancel() }
        answers = [:]
    }

    // MARK: To the server

    private func perform(_ output: [HTTPVoiceStateMachine.Output]) {
        for action in output {
            guard let sink else { return }
            switch action {
            case .ask(let number, let piece): ask(number, piece)
            case .play(let number): play(number)
            case .drop(let number): answers.removeValue(forKey: number)?.stream?.cancel()
            case .completed(let segment): if segment.turn > machine.dead { sink(.completed(segment)) }
            }
        }
    }

    private func ask(_ number: Int, _ piece: HTTPVoiceStateMachine.Piece) {
        answers[number] = Answer(
            decoder: PCMStreamDecoder(format, trimming: piece.isFirst ? voice.trimming : 0),
            isAudible: VoiceText.isAudible(piece.text))
        let request = voice.request(piece, format)
        let stream = voice.network.send(
            request, on: context.eventLoop, timeouts: voice.timeouts, opened: context.connects(.textToSpeech)
        ) {
            self.received($0, number)
        }
        stream.holdReads(machine.owner(of: number) == nil || holdsAudio)
        answers[number]?.stream = stream
    }

    /// What came ahead of its time is handed over, then the rest is read.
    private func play(_ number: Int) {
        guard let answer = answers[number] else { return }
        answers[number]?.early = []
        answer.stream?.holdReads(holdsAudio)
        for event in answer.early { received(event, number) }
    }

    // MARK: From the server

    private func received(_ event: HTTPStream.Event, _ number: Int) {
        guard sink != nil, let answer = answers[number] else { return }
        let isDue = machine.owner(of: number) != nil
        switch (event, answer.stage) {
        case (.head(let head), _):
            if head.status == 200, Self.mayBeAudio(head.headers["content-type"]) {
                answers[number]?.stage = .audio
                perform(machine.answered(number))
            } else {
                answers[number]?.stage = .refused(head, body: [])
                answer.stream?.holdReads(false)
            }
        case (.body(let bytes), .refused(let head, var body)):
            body.append(contentsOf: bytes.readableBytesView.prefix(ProviderError.maximumVoiceErrorBytes - body.count))
            answers[number]?.stage = .refused(head, body: body)
            if body.count >= ProviderError.maximumVoiceErrorBytes { refused(number, head, body) }
        case (.end, .refused(let head, let body)), (.failed, .refused(let head, let body)):
            refused(number, head, body)
        case (.failed(let error), .asked):
            fail(
                number, error: ProviderError(voiceNetwork: error, provider: voice.name, secret: voice.key),
                mayRepeat: error == .closedBeforeAnswer)
        case (.body, .audio) where !isDue, (.end, .audio) where !isDue: answers[number]?.early.append(event)
        case (.failed(let error), .audio):
            fail(number, error: ProviderError(voiceNetwork: error, provider: voice.name, secret: voice.key))
        case (.body(let bytes), .audio): play(bytes, number)
        case (.end, .audio): end(number)
        case (.body, .asked), (.end, .asked): break
        }
    }

    private func play(_ bytes: ByteBuffer, _ number: Int) {
        // Out of the dictionary and back: the decoder is changed while the sink may change the dictionary.
        guard var decoder = answers[number]?.decoder else { return }
        let fault = bytes.withUnsafeReadableBytes { bytes in decoder.feed(bytes) { deliver($0, number) } }
        answers[number]?.decoder = decoder
        switch fault {
        case nil: break
        case .notAudio(let start):
            let text = VoiceFault(body: Array(start.utf8))?.description ?? start
            let kind = VoiceFault(body: Array(start.utf8))?.kind(status: nil) ?? .protocol
            fail(number, error: error(kind, "sent text instead of audio: \(text)"))
        case .wrongFormat(let detail): fail(number, error: error(.configuration, "sent \(detail)"))
        }
    }

    private func end(_ number: Int) {
        guard var decoder = answers[number]?.decoder else { return }
        decoder.end { deliver($0, number) }
        guard let answer = answers[number] else { return }
        guard answer.hasAudio || !answer.isAudible || decoder.trimmed > 0 else {
            return fail(number, error: error(.protocol, "answered without any audio"))
        }
        answers.removeValue(forKey: number)
        perform(machine.ended(number))
    }

    private func deliver(_ audio: UnsafeRawBufferPointer, _ number: Int) {
        guard !audio.isEmpty, let owner = machine.owner(of: number) else { return }
        answers[number]?.hasAudio = true
        sink?(.audio(owner, audio))
    }

    private func refused(_ number: Int, _ head: HTTPAnswer, _ body: [UInt8]) {
        fail(
            number,
            error: ProviderError(voiceAnswer: head, body: body, provider: voice.name, secret: voice.key))
    }

    private func fail(_ number: Int, error: ProviderError, mayRepeat: Bool = false) {
        answers.removeValue(forKey: number)?.stream?.cancel()
        let (lost, output) = machine.failed(number, mayRepeat: mayRepeat)
        if let lost { sink?(.failed(lost, error)) }
        perform(output)
    }

    private func error(_ kind: ProviderError.Kind, _ detail: String) -> ProviderError {
        ProviderError(kind, provider: voice.name, detail: Secret.redacted(voice.key, detail))
    }

    /// Servers name their audio in many ways; only what is certainly text is none.
    private static func mayBeAudio(_ type: String?) -> Bool {
        guard let type = type?.lowercased() else { return true }
        return !["application/json", "application/problem", "text/"].contains { type.hasPrefix($0) }
    }
}
