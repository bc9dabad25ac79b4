internal import VoiceEngineCore

/// The protocol of one call: what to say to the server, and what its answers mean for the three faces. Pure: no clock,
/// no I/O.
///
///     offline ─created─► configuring ─updated─► ready ─lost─► offline (a new conversation, told again from the
///        ▲                                                    session's own messages)
///     requests: waiting ─► active (one at a time, so that nothing races) ─response.done─► next
///                             └─ cancelled: its audio and text are dropped, response.done is awaited
struct OpenAIRealtimeStateMachine {
    /// What the driver does, in order.
    enum Output: Equatable {
        case send(OpenAIRealtimeCommand)
        case heard(SpeechToTextEvent)
        case wrote(request: Int, LanguageModelEvent)
        case completed(SegmentID)
        case speechFailed(TurnID, ProviderError)
        /// The connection is of no use any more; another one may be.
        case renew(ProviderError)
        /// No connection will be of use.
        case giveUp(ProviderError)
        case log(String)
    }

    private enum Link { case offline, configuring, ready }

    private enum Work: Equatable {
        case answer(ChatRequest)
        case read(SegmentID, String)

        var turn: TurnID {
            switch self {
            case .answer(let request): request.turn
            case .read(let segment, _): segment.turn
            }
        }
    }

    private struct Request: Equatable {
        let id: Int
        let work: Work
        var tries = 0
    }

    private struct Active {
        let request: Request
        var response: String?
        var isCancelled = false
        var hasOutput = false
        /// Items that are deleted when the answer does not end well; no answer has more than a few.
        var orphans: [String] = []
    }

    private static let mostOrphans = 64
    /// A request is sent again so often after its connection was lost before anything came.
    private static let mostTries = 1

    let name: String
    private let key: Secret?
    private let bytesPerMillisecond: Int
    private(set) var ears: OpenAIRealtimeEars
    private var history = OpenAIRealtimeHistory()
    private var speech = OpenAIRealtimeSpeech(turn: .none)
    private var link = Link.offline
    private var instructions = ""
    private var tools: [ToolSpecification] = []
    private var waiting: [Request] = []
    private var active: Active?
    /// The server says that another answer is under way.
    private var isBlocked = false
    private var lastRequest = 0
    /// Speech of this turn and older ones is cancelled.
    private var dead = TurnID.none

    /// - Parameter output: Bytes for a millisecond of the model's voice.
    init(
        name: String, key: Secret?, detection: OpenAIRealtimeOptions.Detection, input: Int, output: Int
    ) {
        self.name = name
        self.key = key
        ears = OpenAIRealtimeEars(detection, bytesPerMillisecond: input)
        bytesPerMillisecond = output
    }

    var isReady: Bool { link == .ready }
    /// Something is asked for that has not ended.
    var isBusy: Bool { active != nil || !waiting.isEmpty }
    /// Between turns: the connection may be changed.
    var isIdle: Bool { !isBusy && ears.isQuiet }

    // MARK: - The connection

    mutating func sessionCreated() -> [Output] {
        guard link == .offline else { return [] }
        link = .configuring
        return [.send(.configure(instructions: instructions, tools: tools))]
    }

    /// - Returns: false when it was ready before.
    mutating func sessionUpdated() -> Bool {
        guard link == .configuring else { return false }
        link = .ready
        return true
    }

    /// All audio that was kept has been sent to the new connection.
    mutating func audioSent() -> [Output] { ears.reconnected().map { .send($0) } + advance() }

    /// The connection is gone with its conversation. What had begun to answer has failed; the rest is asked for again.
    mutating func lost(_ error: ProviderError) -> [Output] {
        link = .offline
        isBlocked = false
        history = OpenAIRealtimeHistory()
        speech.forget()
        guard let was = active else { return [] }
        active = nil
        guard !was.isCancelled else { return [] }
        if !was.hasOutput, was.request.tries < Self.mostTries {
            var again = was.request
            again.tries += 1
            waiting.insert(again, at: 0)
            return []
        }
        return fail(was.request, error)
    }

    /// Nothing will come any more: everybody who waits is told.
    mutating func failed(_ error: ProviderError) -> [Output] {
        var outputs: [Output] = []
        if let active, !active.isCancelled { outputs += fail(active.request, error) }
        for request in waiting { outputs += fail(request, error) }
        active = nil
        waiting = []
        return outputs + [.heard(.failed(error))]
    }

    /// The server has been silent for too long while something was due.
    mutating func timedOut(_ error: ProviderError) -> [Output] {
        if let was = active {
            active = nil
            return (was.isCancelled ? [] : fail(was.request, error)) + [.renew(error)]
        }
        guard !waiting.isEmpty else { return [] }
        // The answer that the server says is under way never ends.
        let renewal = isBlocked ? [Output.renew(error)] : []
        return fail(waiting.removeFirst(), error) + renewal
    }

    private mutating func fail(_ request: Request, _ error: ProviderError) -> [Output] {
        switch request.work {
        case .answer(let chat):
            // Whoever goes on in its place speaks through the voice; of what was written the audio will not come.
            let isDue = speech.turn == chat.turn && speech.giveUp() && chat.turn > dead
            return (isDue ? [.speechFailed(chat.turn, error)] : []) + [.wrote(request: request.id, .failed(error))]
        case .read(let segment, _):
            guard segment.turn > dead else { return [] }
            dead = segment.turn
            waiting.removeAll { if case .read(let other, _) = $0.work { other.turn <= segment.turn } else { false } }
            return [.speechFailed(segment.turn, error)]
        }
    }

    // MARK: - Hearing

    /// - Returns: Commands for which all audio must have been sent before.
    mutating func audio(bytes: Int) -> [Output] { ears.sent(bytes: bytes).map { .send($0) } }

    mutating func voiceStarted() { ears.voiceStarted() }

    mutating func voicePaused() -> [Output] { ears.voicePaused().map { .send($0) } }

    mutating func finishUtterance() -> [Output] {
        let (commands, events) = ears.finish()
        return commands.map { .send($0) } + events.map { .heard($0) }
    }

    mutating func utteranceCommitted() {
        for piece in ears.taken() { history.committed(piece.item, text: piece.text) }
    }

    /// The stream is closed; what it has heard is forgotten with it.
    mutating func hearingClosed() { ears.restart() }

    mutating func takeReleased() -> Int { ears.takeReleased() }

    // MARK: - Answering

    /// - Returns: The number under which the answer comes.
    mutating func generate(_ request: ChatRequest) -> (id: Int, outputs: [Output]) {
        lastRequest += 1
        if speech.turn != request.turn { speech = OpenAIRealtimeSpeech(turn: request.turn) }
        speech.isOwn = true
        waiting.append(Request(id: lastRequest, work: .answer(request)))
        return (lastRequest, advance())
    }

    mutating func cancelGeneration(_ id: Int) -> [Output] {
        waiting.removeAll { $0.id == id }
        guard active?.request.id == id else { return [] }
        return cancelActive()
    }

    private mutating func cancelActive() -> [Output] {
        guard active?.isCancelled == false else { return [] }
        active?.isCancelled = true
        // Without an id yet it is cancelled as soon as it has one.
        return active?.response.map { [.send(.cancel(response: $0))] } ?? []
    }

    private mutating func advance() -> [Output] {
        guard link == .ready, active == nil, !isBlocked, !waiting.isEmpty else { return [] }
        let request = waiting.removeFirst()
        active = Active(request: request)
        switch request.work {
        case .read(_, let text): return [.send(.read(request: request.id, text))]
        case .answer(let chat):
            var commands: [OpenAIRealtimeCommand] = []
            if chat.prompt != instructions || chat.tools != tools {
                (instructions, tools) = (chat.prompt, chat.tools)
                commands.append(.instruct(instructions, tools: tools))
            }
            commands += history.reconcile(chat.messages, turn: chat.turn)
            return (commands + [.respond(request: request.id)]).map { .send($0) }
        }
    }

    // MARK: - Speaking

    func owns(_ turn: TurnID) -> Bool { speech.turn == turn && speech.isOwn && turn > dead }

    /// - Parameter reads: A text that the model did not write is read aloud, not only noted.
    mutating func speak(_ text: String, _ segment: SegmentID, reads: Bool) -> [Output] {
        guard segment.turn > dead else { return [] }
        let isOwn = owns(segment.turn)
        history.said(text, turn: segment.turn, isOwn: isOwn)
        if isOwn {
            speech.spoke(segment)
        } else if reads {
            lastRequest += 1
            waiting.append(Request(id: lastRequest, work: .read(segment, text)))
            return advance()
        }
        return []
    }

    /// A new stream takes the audio: what was not spoken of a turn may be asked of it again.
    mutating func voiceOpened() { dead = .none }

    /// Nobody takes the audio any more.
    mutating func voiceClosed() -> [Output] {
        _ = speech.giveUp()
        waiting.removeAll { if case .read = $0.work { true } else { false } }
        if case .read? = active?.request.work { return cancelActive() }
        return []
    }

    /// The caller heard so much of the turn, and will hear no more.
    mutating func cancelSpeech(_ turn: TurnID, heard: Nanoseconds) -> [Output] {
        dead = max(dead, turn)
        waiting.removeAll { $0.work.turn <= turn && $0.work.turn != .none }
        var outputs: [Output] = []
        var isInFlight = false
        if let active, active.request.work.turn <= turn {
            isInFlight = active.response != nil
            outputs += cancelActive()
        }
        guard speech.turn == turn else { return outputs }
        let cuts = speech.cut(heard: heard, bytesPerMillisecond: bytesPerMillisecond, isInFlight: isInFlight)
        for cut in cuts {
            switch cut {
            case .delete(let item):
                active?.orphans.removeAll { $0 == item }
                outputs.append(.send(history.delete(item)))
            case .truncate(let item, let index, let milliseconds):
                outputs.append(.send(.truncate(item, contentIndex: index, milliseconds: milliseconds)))
            }
        }
        return link == .ready ? outputs : []
    }

    /// Segments whose audio is all there, now that their answer has ended.
    mutating func takeCompleted() -> [Output] {
        if let active, !active.isCancelled, active.request.work.turn == speech.turn { return [] }
        guard !waiting.contains(where: { $0.work.turn == speech.turn }), speech.turn > dead else { return [] }
        return speech.completed().map { [.completed($0)] } ?? []
    }

    /// Audio of this answer and item has come.
    ///
    /// - Returns: Whom it belongs to; nil when it is to be dropped.
    mutating func audioArrived(_ audio: OpenAIRealtimeAudio, bytes: Int) -> SegmentID? {
        guard let current = active, current.response == audio.response, !current.isCancelled else { return nil }
        active?.hasOutput = true
        switch current.request.work {
        case .read(let segment, _): return segment.turn > dead ? segment : nil
        case .answer:
            guard speech.isOwn else { return nil }
            speech.delivered(bytes, of: audio.item, contentIndex: audio.contentIndex)
            return speech.owner
        }
    }

    // MARK: - From the server

    mutating func received(_ event: OpenAIRealtimeEvent) -> [Output] {
        switch event {
        case .sessionCreated: return sessionCreated()
        case .sessionUpdated, .speechStopped: return []
        case .speechStarted: return ears.speechStarted().map { .heard($0) }
        case .committed(let item):
            history.added(item)
            ears.committed(item)
            return []
        case .transcriptDelta(let item, let text): return ears.delta(item, text).map { .heard($0) }
        case .transcript(let item, let text): return ears.completed(item, text).map { .heard($0) }
        case .transcriptFailed(let item):
            return [.log("an utterance could not be transcribed")] + ears.completed(item, nil).map { .heard($0) }
        case .responseCreated(let id, let request): return created(id, request)
        case .outputItem(let response, let item, let isCall):
            outputItem(response, item, isCall: isCall)
            return []
        case .text(let response, let text):
            guard let current = active, current.response == response, !current.isCancelled, !text.isEmpty,
                case .answer = current.request.work
            else { return [] }
            active?.hasOutput = true
            return [.wrote(request: current.request.id, .text(text))]
        case .spoken(let response, let text): return compare(response, text)
        case .done(let done): return self.done(done)
        case .error(let fault): return failed(fault)
        case .other: return []
        }
    }

    private mutating func created(_ response: String, _ request: Int?) -> [Output] {
        guard let current = active, current.response == nil, request == nil || request == current.request.id else {
            return []
        }
        active?.response = response
        return current.isCancelled ? [.send(.cancel(response: response))] : []
    }

    private mutating func outputItem(_ response: String, _ item: String, isCall: Bool) {
        guard let current = active, current.response == response, case .answer = current.request.work else { return }
        history.answered(item)
        if isCall || current.isCancelled {
            if current.orphans.count < Self.mostOrphans { active?.orphans.append(item) }
        } else {
            speech.began(item)
        }
    }

    /// A voice that converses may reword what it is to read.
    private func compare(_ response: String, _ text: String) -> [Output] {
        guard let active, active.response == response, case .read(_, let wanted) = active.request.work else {
            return []
        }
        let words = { (text: String) in
            text.lowercased().split { !$0.isLetter && !$0.isNumber }
        }
        return words(text) == words(wanted) ? [] : [.log("the voice did not read a text word by word")]
    }

    private mutating func done(_ done: OpenAIRealtimeEvent.Done) -> [Output] {
        let wasBlocked = isBlocked
        isBlocked = false
        guard let was = active,
            was.response == done.response || was.response == nil && done.request == was.request.id
        else { return wasBlocked ? advance() : [] }
        active = nil
        var outputs: [Output] = []
        if was.isCancelled || done.status != "completed" {
            outputs += was.orphans.map { .send(history.delete($0)) }
        }
        if !was.isCancelled {
            switch was.request.work {
            case .answer: outputs += answered(was.request, done)
            case .read(let segment, _):
                switch done.status {
                case "completed", "incomplete": if segment.turn > dead { outputs.append(.completed(segment)) }
                case _: outputs += fail(was.request, error(of: done))
                }
            }
        }
        return outputs + advance()
    }

    private mutating func answered(_ request: Request, _ done: OpenAIRealtimeEvent.Done) -> [Output] {
        func wrote(_ event: LanguageModelEvent) -> Output { .wrote(request: request.id, event) }
        switch done.status {
        case "completed":
            history.called(done.calls)
            let reason = done.calls.isEmpty ? FinishReason.stop : .toolCalls
            return done.calls.map { wrote(.toolCall($0)) } + [wrote(.finished(reason, done.usage))]
        case "incomplete":
            let reason = done.reason == "content_filter" ? FinishReason.contentFilter : .length
            return [wrote(.finished(reason, done.usage))]
        case _: return fail(request, error(of: done))
        }
    }

    // MARK: - Errors

    private func error(of done: OpenAIRealtimeEvent.Done) -> ProviderError {
        if let fault = done.fault { return error(of: fault) }
        let reason = done.reason.isEmpty ? "" : " (\(done.reason))"
        return ProviderError(
            .unavailable, provider: name, detail: Secret.redacted(key, "the answer is \(done.status)\(reason)"))
    }

    private func error(of fault: OpenAIRealtimeEvent.Fault) -> ProviderError {
        let code = fault.code.isEmpty ? fault.type : fault.code
        let text = fault.message.isEmpty ? code : "\(code): \(fault.message)"
        return ProviderError(Self.kind(code, type: fault.type), provider: name, detail: Secret.redacted(key, text))
    }

    /// What a code, or the reason of a closed connection, means.
    static func kind(_ code: String, type: String = "") -> ProviderError.Kind {
        func names(_ codes: String...) -> Bool { codes.contains { code.contains($0) } }
        if names("invalid_api_key", "insufficient_quota", "billing", "permission", "unauthorized") { return .auth }
        if names("rate_limit") { return .rateLimited }
        if names("session_expired", "maximum duration", "server_error", "overloaded") { return .unavailable }
        if names("model_not_found", "unknown_parameter", "invalid_value", "missing_required", "invalid_request_error") {
            return .configuration
        }
        return type == "invalid_request_error" ? .configuration : .unavailable
    }

    private mutating func failed(_ fault: OpenAIRealtimeEvent.Fault) -> [Output] {
        let error = error(of: fault)
        if error.kind == .auth { return [.giveUp(error)] }
        if fault.code == "session_expired" { return [.renew(error)] }
        if fault.eventID == "commit" || fault.code == "input_audio_buffer_commit_empty" {
            return [.log("\(error)")] + ears.commitRefused().map { .heard($0) }
        }
        if fault.eventID == "session", link != .ready { return [.giveUp(error)] }
        guard let current = active else { return [.log("\(error)")] }
        let isOurs = fault.eventID == OpenAIRealtimeWire.eventID(current.request.id)
        if fault.code == "conversation_already_has_active_response" {
            guard isOurs || current.response == nil else { return [.log("\(error)")] }
            active = nil
            isBlocked = true
            if !current.isCancelled { waiting.insert(current.request, at: 0) }
            return [.log("\(error)")]
        }
        let concerns = isOurs || fault.eventID == "session" || current.response == nil && fault.eventID == nil
        guard concerns, !Self.harmless.contains(where: fault.code.hasPrefix) else { return [.log("\(error)")] }
        active = nil
        return (current.isCancelled ? [] : fail(current.request, error)) + advance()
    }

    /// Races that the server resolves.
    private static let harmless = ["response_cancel", "item_truncate", "item_delete", "item_retrieve", "item_create"]
}
