public import CVoiceEngine
internal import Glibc
internal import VoiceEngineCore
internal import VoiceEngineSession

// Events on their last step: from the engine's values to the structs of voice_engine.h.

@implementation @_cdecl("voice_session_event_fd")
public func voice_session_event_fd(_ session: OpaquePointer!) -> Int32 {
    var descriptor: Int32 = 0
    let status = exported { () throws(VoiceError) in
        let events = try Handles.session(session).call.events
        guard events.isPolled else {
            throw VoiceError(.unsupported, "this session reports to on_event; leave it NULL to poll")
        }
        descriptor = events.descriptor
    }
    return status == VOICE_OK ? descriptor : status
}

@implementation @_cdecl("voice_session_next_event")
public func voice_session_next_event(_ session: OpaquePointer!, _ event: UnsafeMutablePointer<voice_event>!)
    -> voice_status
{
    exported { () throws(VoiceError) in
        let entry = try Handles.session(session)
        guard entry.call.events.isPolled else {
            throw VoiceError(.unsupported, "this session reports to on_event; leave it NULL to poll")
        }
        guard let event else { throw VoiceError(.badArgument, "event: expected a struct, found NULL") }
        let size = Int(UnsafeRawPointer(event).loadUnaligned(as: UInt32.self))
        try ConfigReader.check(structSize: size, of: voice_event.self, named: "voice_event")
        guard let next = entry.call.events.next() else { throw VoiceError(.again, "no event is waiting") }
        entry.polled.withLock { texts in
            texts = EventTexts(next.event)
            var filled = texts.event(next, session: session)
            filled.struct_size = UInt32(size)
            withUnsafeBytes(of: &filled) { source in
                let target = UnsafeMutableRawBufferPointer(start: event, count: size)
                let known = min(size, source.count)
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<known]))
                UnsafeMutableRawBufferPointer(rebasing: target[known...]).initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
    }
}

/// The memory that a `voice_event` points into. It lives as long as this value.
struct EventTexts: ~Copyable, @unchecked Sendable {
    // `@unchecked Sendable`: owns its memory, which nothing else writes.
    private let text: UnsafeMutablePointer<CChar>?
    private let name: UnsafeMutablePointer<CChar>?
    private let id: UnsafeMutablePointer<CChar>?
    private let metrics: UnsafeMutablePointer<voice_turn_metrics>?

    init() {
        text = nil
        name = nil
        id = nil
        metrics = nil
    }

    init(_ event: SessionEvent) {
        text = strdup(event.text)
        name = strdup(event.name)
        id = strdup(event.id)
        metrics = event.metrics.map { value in
            let pointer = UnsafeMutablePointer<voice_turn_metrics>.allocate(capacity: 1)
            pointer.initialize(to: voice_turn_metrics(value, turn: event.turn))
            return pointer
        }
    }

    deinit {
        free(text)
        free(name)
        free(id)
        metrics?.deallocate()
    }

    func event(_ numbered: NumberedEvent, session: OpaquePointer?) -> voice_event {
        let event = numbered.event
        var result = voice_event()
        result.struct_size = UInt32(MemoryLayout<voice_event>.size)
        result.type = event.kind.rawValue
        result.session = session
        result.sequence = numbered.number
        result.turn = event.turn.number
        result.time_ns = event.time.nanoseconds
        result.position = event.position
        result.flags = event.flags.rawValue
        result.status = event.status.rawValue
        result.value = event.value
        result.text = UnsafePointer(text)
        result.name = UnsafePointer(name)
        result.id = UnsafePointer(id)
        result.metrics = UnsafePointer(metrics)
        return result
    }
}

/// The host's `on_event`.
struct EventCallback: Sendable {
    private let report: voice_event_fn
    private let host: HostPointer

    init?(_ report: voice_event_fn?, userData: UnsafeMutableRawPointer?) {
        guard let report else { return nil }
        self.report = report
        host = HostPointer(pointer: userData)
    }

    func callAsFunction(_ numbered: NumberedEvent, session: OpaquePointer?) {
        let texts = EventTexts(numbered.event)
        var event = texts.event(numbered, session: session)
        report(host.pointer, &event)
    }
}

extension voice_turn_metrics {
    init(_ metrics: TurnMetrics, turn: TurnID) {
        self.init()
        struct_size = UInt32(MemoryLayout<voice_turn_metrics>.size)
        flags = metrics.wasInterrupted ? SessionEvent.Flags.interrupted.rawValue : 0
        self.turn = turn.number
        let stages = metrics.stages.map(\.rawValue)
        endpoint_wait_ns = stages[0]
        transcript_wait_ns = stages[1]
        commit_ns = stages[2]
        llm_first_token_ns = stages[3]
        segment_ns = stages[4]
        tts_request_ns = stages[5]
        tts_first_audio_ns = stages[6]
        playout_ns = stages[7]
        total_ns = metrics.total.rawValue
        engine_ns = metrics.engineShare.rawValue
        prompt_tokens = UInt32(clamping: metrics.usage.prompt)
        completion_tokens = UInt32(clamping: metrics.usage.completion)
        fill(metrics.work)
    }

    private mutating func fill(_ work: ProviderWork) {
        stt_first_words_ns = work.firstWords?.rawValue ?? 0
        llm_answer_ns = work.firstToken?.rawValue ?? 0
        tts_answer_ns = work.firstAudio?.rawValue ?? 0
        stt_connect_ns = work.speechToText.connect?.rawValue ?? 0
        llm_connect_ns = work.languageModel.connect?.rawValue ?? 0
        tts_connect_ns = work.textToSpeech.connect?.rawValue ?? 0
        stt_audio_ns = work.recognised.rawValue
        tts_characters = UInt32(clamping: work.characters)
        stt_reconnects = UInt32(clamping: work.speechToText.retries)
        stt_failovers = UInt32(clamping: work.speechToText.failovers)
        llm_retries = UInt32(clamping: work.languageModel.retries)
        llm_failovers = UInt32(clamping: work.languageModel.failovers)
        llm_hedges = UInt32(clamping: work.languageModel.hedges)
        tts_reconnects = UInt32(clamping: work.textToSpeech.retries)
        tts_failovers = UInt32(clamping: work.textToSpeech.failovers)
        drafts = UInt32(clamping: work.drafts.begun)
        drafts_dropped = UInt32(clamping: work.drafts.dropped)
        dropped_tokens = UInt32(clamping: work.drafts.tokens)
        dropped_characters = UInt32(clamping: work.drafts.characters)
    }
}
