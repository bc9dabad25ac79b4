internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineProviders
internal import VoiceEngineSession

/// The engine's counters, in the Prometheus text format. Any thread; nothing here locks.
///
/// Names follow the Prometheus conventions: base units, `_total` for counters, labels of bounded cardinality.
final class EngineMetrics: Sendable {
    static let stageNames = [
        "endpoint_wait", "transcript_wait", "commit", "llm_first_token", "segment", "tts_request", "tts_first_audio",
        "playout",
    ]

    let callsStarted = Atomic<Int>(0)
    let callsRefused = Atomic<Int>(0)
    private let turns = Atomic<Int>(0)
    private let errors = Atomic<Int>(0)
    private let bargeInsConfirmed = Atomic<Int>(0)
    private let bargeInsResumed = Atomic<Int>(0)
    private let promptTokens = Atomic<Int>(0)
    private let completionTokens = Atomic<Int>(0)
    private let draftsReleased = Atomic<Int>(0)
    private let draftsDropped = Atomic<Int>(0)
    private let droppedTokens = Atomic<Int>(0)
    private let droppedCharacters = Atomic<Int>(0)
    private let stages: [Histogram]
    private let total = Histogram(bounds: Histogram.turnBounds)
    private let engineShare = Histogram(bounds: Histogram.fineBounds)
    private let tickLateness = Histogram(bounds: Histogram.lateBounds)

    init() { stages = Self.stageNames.map { _ in Histogram(bounds: Histogram.turnBounds) } }

    /// Since the engine was made.
    var ticks: TickLateness { TickLateness(bounds: tickLateness.bounds, counts: tickLateness.snapshot.counts) }

    func note(tickLateness lateness: Nanoseconds) { tickLateness.observe(lateness) }

    func note(_ event: SessionEvent) {
        switch event.kind {
        case .turnStarted: turns.wrappingAdd(1, ordering: .relaxed)
        case .error: errors.wrappingAdd(1, ordering: .relaxed)
        case .bargeIn:
            if event.flags.contains(.confirmed) { bargeInsConfirmed.wrappingAdd(1, ordering: .relaxed) }
            if event.flags.contains(.resumed) { bargeInsResumed.wrappingAdd(1, ordering: .relaxed) }
        case .turnMetrics:
            guard let metrics = event.metrics else { return }
            for (histogram, stage) in zip(stages, metrics.stages) { histogram.observe(stage) }
            total.observe(metrics.total)
            engineShare.observe(metrics.engineShare)
            promptTokens.wrappingAdd(metrics.usage.prompt, ordering: .relaxed)
            completionTokens.wrappingAdd(metrics.usage.completion, ordering: .relaxed)
            note(metrics.work.drafts)
        case .started, .callerStarted, .callerStopped, .transcript, .agentText, .agentStarted, .agentStopped,
            .agentHeard, .toolCall, .dtmfIn, .dtmfOut, .transfer, .hangUp, .slowHost, .closed, .voicemail, .node:
            break
        }
    }

    private func note(_ drafts: ProviderWork.Drafts) {
        draftsReleased.wrappingAdd(max(drafts.begun - drafts.dropped, 0), ordering: .relaxed)
        draftsDropped.wrappingAdd(drafts.dropped, ordering: .relaxed)
        droppedTokens.wrappingAdd(drafts.tokens, ordering: .relaxed)
        droppedCharacters.wrappingAdd(drafts.characters, ordering: .relaxed)
    }

    /// - Parameters:
    ///   - liveCalls: Calls right now.
    ///   - network: What the connections to providers do.
    ///   - providers: What is known of the providers in use.
    func text(
        liveCalls: Int, version: String, network: NetworkCounters = .init(), providers: [ProviderHealth] = []
    ) -> String {
        var page = PrometheusPage()
        page.gauge("voice_engine_build_info", "Version of the library.", [(["version": version], 1)])
        page.gauge("voice_engine_calls", "Calls that are live.", [([:], liveCalls)])
        page.counter("voice_engine_calls_started_total", "Calls that were taken.", [([:], load(callsStarted))])
        page.counter("voice_engine_calls_refused_total", "Calls that were not taken.", [([:], load(callsRefused))])
        page.counter("voice_engine_turns_total", "Turns of callers that were answered.", [([:], load(turns))])
        page.counter("voice_engine_errors_total", "Failures of providers and parts.", [([:], load(errors))])
        page.counter(
            "voice_engine_barge_ins_total", "Decisions on voice over the agent.",
            [(["outcome": "confirmed"], load(bargeInsConfirmed)), (["outcome": "resumed"], load(bargeInsResumed))])
        page.counter(
            "voice_engine_llm_tokens_total", "Tokens as language models report them.",
            [(["kind": "prompt"], load(promptTokens)), (["kind": "completion"], load(completionTokens))])
        page.counter(
            "voice_engine_drafts_total", "Answers begun before their turn was committed.",
            [(["outcome": "released"], load(draftsReleased)), (["outcome": "dropped"], load(draftsDropped))])
        page.counter(
            "voice_engine_draft_tokens_dropped_total", "Tokens of answers that were dropped, partly estimated.",
            [([:], load(droppedTokens))])
        page.counter(
            "voice_engine_draft_characters_dropped_total", "Characters given to voices for answers that were dropped.",
            [([:], load(droppedCharacters))])
        page.histogram(
            "voice_engine_turn_seconds", "From the caller's last speech to the first sample of the reply.",
            [([:], total)])
        page.histogram(
            "voice_engine_turn_stage_seconds", "The stages of a turn; they add up to the whole.",
            zip(Self.stageNames, stages).map { (["stage": $0], $1) })
        page.histogram(
            "voice_engine_turn_own_seconds", "The engine's own share of a turn.", [([:], engineShare)])
        page.histogram(
            "voice_engine_tick_lateness_seconds", "How late the ticks of the event loops came.", [([:], tickLateness)])
        write(network, to: &page)
        ProviderMetrics(providers).write(to: &page)
        return page.text
    }

    private func write(_ network: NetworkCounters, to page: inout PrometheusPage) {
        page.gauge(
            "voice_engine_connections", "Connections to providers that are being made or open, idle ones included.",
            [([:], network.connections)])
        page.gauge(
            "voice_engine_streams", "Requests, WebSockets and byte streams to providers that are under way.",
            [
                (["kind": "http"], network.requests), (["kind": "websocket"], network.webSockets),
                (["kind": "tcp"], network.streams),
            ])
        page.counter(
            "voice_engine_connections_opened_total", "Connections to providers that were begun.",
            [([:], network.connectionsOpened)])
        page.counter(
            "voice_engine_connections_reused_total", "Requests that were made on a connection that had served before.",
            [([:], network.requestsOnReusedConnections)])
    }

    private func load(_ counter: borrowing Atomic<Int>) -> Int { counter.load(ordering: .relaxed) }
}

/// A histogram of durations with fixed bounds.
final class Histogram: Sendable {
    /// [s] Bounds around what a conversation feels: 10 ms to 10 s.
    static let turnBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10]
    /// [s] Bounds of the engine's own work: 0.1 ms to 1 s.
    static let fineBounds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.004, 0.008, 0.01, 0.02, 0.05, 0.1, 0.5, 1,
    ]

    /// [s] Bounds of the lateness of frames, close where admission decides: 0.1 ms to 1 s.
    static let lateBounds = [
        0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1,
    ]

    let bounds: [Double]
    private let counts: Counts
    private let sum = Atomic<Int64>(0)

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Counts(bounds.count + 1)
    }

    func observe(_ duration: Nanoseconds) {
        let seconds = duration.seconds
        counts.add(to: bounds.firstIndex { seconds <= $0 } ?? bounds.count)
        sum.wrappingAdd(duration.rawValue, ordering: .relaxed)
    }

    /// Observations at or below each bound, then all of them; the same bucket by bucket; and their sum. [s]
    var snapshot: (cumulative: [Int], counts: [Int], sum: Double) {
        var running = 0
        let counts = (0...bounds.count).map { self.counts.load($0) }
        let cumulative = counts.map { count in
            running += count
            return running
        }
        return (cumulative, counts, Nanoseconds(sum.load(ordering: .relaxed)).seconds)
    }

    /// A fixed number of atomic counters.
    ///
    /// `@unchecked Sendable`: the pointer never changes; what it points to is atomic.
    private final class Counts: @unchecked Sendable {
        private let count: Int
        private let cells: UnsafeMutablePointer<Atomic<Int>>

        init(_ count: Int) {
            self.count = count
            cells = .allocate(capacity: count)
            for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
        }

        deinit {
            cells.deinitialize(count: count)
            cells.deallocate()
        }

        func add(to index: Int) {
            if index < count { cells[index].wrappingAdd(1, ordering: .relaxed) }
        }

        func load(_ index: Int) -> Int { index < count ? cells[index].load(ordering: .relaxed) : 0 }
    }
}

extension PrometheusPage {
    /// All with the same bounds.
    fileprivate mutating func histogram(_ name: String, _ help: String, _ values: [(Labels, Histogram)]) {
        histogram(
            name, help, bounds: values.first?.1.bounds ?? [],
            values.map { labels, histogram in
                let (cumulative, _, sum) = histogram.snapshot
                return (labels, cumulative, sum)
            })
    }
}
