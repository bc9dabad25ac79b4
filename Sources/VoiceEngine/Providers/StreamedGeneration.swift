internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// One answer of a language model on its way: one request, a stream of events, one end.
///
/// What it adds to the parser: a body that explains a refusal is read (bounded); a connection that the server closed
/// before it answered is replaced once; a complete answer is left to drain so that its connection serves again; every
/// other end closes it, which tells the server to stop. A server that only sends signs of life is not taken for one
/// that works.
///
/// - Important: Confined to the call's event loop.
final class StreamedGeneration: Generation {
    private enum State {
        /// Nothing has come; a lost connection may be tried once more.
        case asked(mayRetry: Bool)
        case streaming
        /// The status says no; the body says why.
        case refused(HTTPAnswer, body: [UInt8])
        case over
    }

    /// [bytes] of an error body that are read.
    private static let maximumErrorBytes = 16 << 10

    private let name: String
    private let key: Secret?
    private let context: ProviderContext
    private let timeouts: RequestTimeouts
    private let ask: (@escaping (HTTPStream.Event) -> Void) -> HTTPStream
    private var sink: ((LanguageModelEvent) -> Void)?
    private var state = State.asked(mayRetry: true)
    private var stream: HTTPStream?
    private var parser: any AnswerParser
    /// Beside the parser, which cannot be asked while it reports.
    private let house: any AnswerParser.Type
    /// When the model last showed that it works, and how long it may not from there.
    private var progress: (at: NIODeadline, patience: TimeAmount)
    private var timer: Scheduled<Void>?

    init(
        name: String, key: Secret?, context: ProviderContext, timeouts: RequestTimeouts, parser: any AnswerParser,
        sink: @escaping (LanguageModelEvent) -> Void,
        ask: @escaping (@escaping (HTTPStream.Event) -> Void) -> HTTPStream
    ) {
        self.name = name
        self.key = key
        self.context = context
        self.timeouts = timeouts
        self.parser = parser
        house = type(of: parser)
        self.sink = sink
        self.ask = ask
        progress = (context.eventLoop.now, timeouts.firstByte)
    }

    /// An id for a tool call whose server gives none: unique within the session, and beyond it.
    static func makeCallID() -> String { "call_" + String(UInt64.random(in: .min ... .max), radix: 36) }

    func start() { stream = ask { self.received($0) } }

    func cancel() {
        sink = nil
        // A complete answer is left to drain, so that its connection serves again.
        if case .over = state { return }
        end(drain: false)
    }

    func holdAnswer(_ hold: Bool) {
        if case .streaming = state { stream?.holdReads(hold) }
    }

    private func received(_ event: HTTPStream.Event) {
        switch (event, state) {
        case (.head(let answer), .asked):
            guard answer.status == 200 else { return state = .refused(answer, body: []) }
            state = .streaming
            progress = (context.eventLoop.now, timeouts.firstByte)
            watch()
        case (.body(let bytes), .streaming):
            bytes.withUnsafeReadableBytes { bytes in parser.feed(bytes) { report($0) } }
        case (.end, .streaming):
            parser.end { report($0) }
            stream = nil
        case (.body(let bytes), .refused(let answer, var body)):
            body.append(contentsOf: bytes.readableBytesView.prefix(Self.maximumErrorBytes - body.count))
            state = .refused(answer, body: body)
            if body.count >= Self.maximumErrorBytes { refused(answer, body, drain: false) }
        case (.end, .refused(let answer, let body)): refused(answer, body, drain: true)
        case (.failed, .refused(let answer, let body)): refused(answer, body, drain: false)
        case (.failed(.closedBeforeAnswer), .asked(mayRetry: true)):
            state = .asked(mayRetry: false)
            start()
        case (.failed(let error), .asked), (.failed(let error), .streaming):
            finish(.failed(ProviderError(error, provider: name, secret: key)), drain: false)
        case (_, .over): if case .end = event { stream = nil }
        case (.head, _), (.body, .asked), (.end, .asked): break
        }
    }

    private func report(_ output: AnswerOutput) {
        progress = (context.eventLoop.now, timeouts.idle)
        switch output {
        case .text(let text): sink?(.text(text))
        case .toolCall(let call): sink?(.toolCall(call))
        case .progress: break
        case .finished(let reason, let usage): finish(.finished(reason, usage), drain: true)
        case .failed(let fault): finish(.failed(midStream(fault)), drain: false)
        }
    }

    /// The network counts every byte as life, also a ping; this does not.
    private func watch() {
        let rest = progress.at + progress.patience - context.eventLoop.now
        guard rest <= .zero else {
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: rest) { self.watch() }
            return
        }
        let detail = "the model has not gone on for \(progress.patience.nanoseconds / 1_000_000) ms"
        finish(.failed(ProviderError(.timeout, provider: name, detail: detail)), drain: false)
    }

    private func finish(_ event: LanguageModelEvent, drain: Bool) {
        if case .over = state { return }
        end(drain: drain)
        let sink = sink
        self.sink = nil
        sink?(event)
    }

    private func end(drain: Bool) {
        state = .over
        timer?.cancel()
        timer = nil
        if drain {
            stream?.holdReads(false)
        } else {
            stream?.cancel()
            stream = nil
        }
    }

    // MARK: Errors

    private func midStream(_ fault: ServiceFault) -> ProviderError {
        let text = ["failed in the middle of an answer", fault.code, fault.message].filter { !$0.isEmpty }
        return ProviderError(
            house.kind(ofFault: fault.code), provider: name,
            detail: Secret.redacted(key, text.joined(separator: ": ")))
    }

    private func refused(_ answer: HTTPAnswer, _ body: [UInt8], drain: Bool) {
        let fault = ServiceFault(body: body)
        let kind = house.kind(ofRefusal: answer.status, fault, provider: name)
        let error = ProviderError(answer, fault, kind: kind, provider: name, secret: key)
        finish(.failed(error), drain: drain)
    }
}
