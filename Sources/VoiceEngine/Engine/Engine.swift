internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization
package import VoiceEngineCore


internal import VoiceEngineProviders
internal import VoiceEngineSession

// Everything that an engine owns: event loops, event threads, the inference pool and the connection pool, its agents, its live calls.
//
//   voice_engine ──► Engine ──┬─ CallLoop × n      sessions, sockets, ticks
//                             ├─ EventDispatcher   the host's on_event
//                             ├─ LocalModels       the inference pool
//                             └─ agents by name    documents with their providers
//
// An engine lives until `shutdown`, which ends every call and joins every thread. Full means: `maxSessions` calls; the next one is
// refused with `limit`.

/// One engine; engines know nothing of each other.
package final class Engine: Sendable {
    package struct Configuration: Sendable {
        package var loops = 0
        package var inferenceThreads = 0
        package var maxSessions = 4_096
        package var modelsDirectory: String?
        package var certificateAuthorities: String?
        package var log = Log.none

        package init() {}
    }

    private struct State {
        var agents: [String: Agent] = [:]
        var calls: [ObjectIdentifier: Call] = [:]
        var isShutDown = false
    }

    package let log: Log
    let metrics = EngineMetrics()
    let dispatcher: EventDispatcher
    let group: MultiThreadedEventLoopGroup
    private let loops: [CallLoop]
    private let factory: ProviderFactory
    let maxSessions: Int
    private let state = Monitor(State())

    /// - Throws: `internal` when the system has no threads for us.
    package init(_ configuration: Configuration) throws(VoiceError) {
        let cores = max(System.coreCount, 1)
        log = configuration.log
        maxSessions = configuration.maxSessions
        group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops > 0 ? configuration.loops : cores)
        dispatcher = EventDispatcher(threads: min(cores, 4))
        let metrics = metrics
        loops = group.makeIterator().map { loop in
            CallLoop(eventLoop: loop) { metrics.note(tickLateness: $0) }
        }
        factory = try ProviderFactory(
            modelsDirectory: configuration.modelsDirectory,
            inferenceThreads: configuration.inferenceThreads > 0 ? configuration.inferenceThreads : max(cores - 1, 1),
            certificateAuthorities: configuration.certificateAuthorities, group: group, log: configuration.log)
        guard dispatcher.isRunning else {
            shutdown()
            throw VoiceError(.internal, "the system gives this process no more threads")
        }
    }

    // MARK: - Agents

    /// Checks a document and prepares its providers; from now on calls can be made to it.
    package func addAgent(_ json: [UInt8]) throws(VoiceError) {
        let agent = try makeAgent(json)
        factory.prepare(agent)
        state.update { $0.agents[agent.name] = agent }
    }

    package static func check(_ json: [UInt8]) throws(VoiceError) { _ = try Agent.document(json) }

    func makeAgent(_ json: [UInt8]) throws(VoiceError) -> Agent {
        try factory.make(try Agent.document(json))
    }

    func agent(named name: String) throws(VoiceError) -> Agent {
        let (agent, known) = state.read { ($0.agents[name], $0.agents.keys.sorted()) }
        if let agent { return agent }
        // A server with one agent need not be told which.
        if name.isEmpty, known.count == 1, let only = state.read({ $0.agents[known[0]] }) { return only }
        let list = known.isEmpty ? "no agent was added" : "known agents: \(known.joined(separator: ", "))"
        throw VoiceError(.notFound, "agent \"\(name)\" is not known; \(list)")
    }

    /// Waits until everything that the agents need is loaded.
    package func waitReady(timeout: Nanoseconds) throws(VoiceError) {
        if isEventThread || isLoopThread {
            throw VoiceError(.reentrant, "wait_ready must not be called from a callback")
        }
        switch factory.waitReady(timeout: timeout) {
        case .ready: return
        case .timeout: throw VoiceError(.timeout, "the local models are still loading")
        case .failed(let detail): throw VoiceError(.modelMissing, detail)
        }
    }

    /// Everything that the agents need is loaded.
    var isReady: Bool { factory.isReady }

    // MARK: - Calls

    package var liveCalls: Int { state.read { $0.calls.count } }

    /// What makes a call: see `voice_session_config`.
    package struct CallRequest: Sendable {
        package enum AgentChoice: Sendable {
            case named(String)
            /// A document for this call alone.
            case document([UInt8])
        }

        package var agent: AgentChoice
        package var callID: String
        package var variables: [String: String]
        package var conversation: [ChatMessage]
        package var input: AudioFormat
        package var output: AudioFormat
        package var frameMilliseconds: Int

        package init(
            agent: AgentChoice, callID: String, variables: [String: String], conversation: [ChatMessage],
            input: AudioFormat, output: AudioFormat, frameMilliseconds: Int
        ) {
            self.agent = agent
            self.callID = callID
            self.variables = variables
            self.conversation = conversation
            self.input = input
            self.output = output
            self.frameMilliseconds = frameMilliseconds
        }
    }

    /// Starts a call of a host. The session begins on its loop after this has returned.
    ///
    /// - Parameters:
    ///   - playout: How the agent's audio leaves.
    ///   - events: Where its events wait for the host.
    ///   - register: Called once, before anything of the call happens: the place to make its handle.
    package func startCall(
        _ request: CallRequest, playout: HostPlayout, events: EventQueue,
        register: (Call) -> Void
    ) throws(VoiceError) {
        let agent: Agent
        switch request.agent {
        case .named(let name): agent = try self.agent(named: name)
        case .document(let json):
            agent = try makeAgent(json)
            factory.prepare(agent)
        }
        let (policy, providers) = try agent.prepared(with: request.variables)
        let pulls = if case .pull = playout { true } else { false }
        // What is pulled is encoded on the host's thread; the ring holds samples.
        let output = pulls ? try Self.pcm(request.output.sampleRate) : request.output
        let setup = CallSetup(
            agent: agent.name, callID: request.callID, variables: request.variables, input: request.input,
            output: output, frameMilliseconds: pulls ? 10 : request.frameMilliseconds,
            leadMilliseconds: pulls ? HostPorts.pullLead : 0, wantsSilence: !pulls, followsReader: pulls)
        let ports = HostPorts(input: request.input, output: request.output, pulls: pulls)
        let loop = leastLoaded
        let call = Call(engine: self, loop: loop, ports: ports, events: events)
        try admit(call)
        register(call)
        loop.callStarted()
        let log = log.named("session")
        loop.eventLoop.execute { [self] in
            let context = ProviderContext(callID: setup.callID, eventLoop: loop.eventLoop, log: log)
            let slowHost = SlowHostReport(call: call, loop: loop.eventLoop)
            let carrier = HostCarrier(
                ports: ports, playout: playout, frameMilliseconds: setup.frameMilliseconds,
                slow: { slowHost.note($0) })
            guard let clock = loop.clock else { return abandon(call, reason: "the event loop has stopped") }
            let session = Session(
                setup: setup, policy: policy, providers: providers, conversation: request.conversation,
                carrier: carrier, context: context, clock: clock,
                observer: observer(of: call, alsoAtEnd: { clock.remove(carrier) }))
            carrier.session = session
            clock.add(carrier)
            run(session, call: call)
        }
    }

    /// Takes a call of one of the engine's servers, on its own loop.
    func accept(
        _ setup: CallSetup, agent: Agent, carrier: any Carrier, call: Call, loop: CallLoop
    ) throws(VoiceError) -> Session {
        let (policy, providers) = try agent.prepared(with: setup.variables)
        guard let clock = loop.clock else { throw VoiceError(.internal, "the event loop has stopped") }
        try admit(call)
        loop.callStarted()
        let context = ProviderContext(callID: setup.callID, eventLoop: loop.eventLoop, log: log.named("session"))
        let session = Session(
            setup: setup, policy: policy, providers: providers, carrier: carrier, context: context, clock: clock,
            observer: observer(of: call, alsoAtEnd: {}))
        run(session, call: call)
        return session
    }

    private func run(_ session: Session, call: Call) {
        call.attach(session)
        do {
            try session.start()
        } catch {
            log(.error, "call could not start: \(error)")
            abandon(call, reason: "\(error)")
        }
    }

    /// A call whose session could not begin ends like any other: with `closed`.
    private func abandon(_ call: Call, reason: String) {
        var event = SessionEvent(.closed, turn: .none, time: Instant(nanoseconds: 0))
        event.text = reason
        event.status = .provider
        call.events.push(event)
        call.sessionEnded()
    }

    private func observer(
        of call: Call, alsoAtEnd: @escaping () -> Void
    ) -> (SessionEvent) -> Void {
        let metrics = metrics
        return { event in
            metrics.note(event)
            call.events.push(event)
            guard event.kind == .closed else { return }
            alsoAtEnd()
            call.sessionEnded()
        }
    }

    private func admit(_ call: Call) throws(VoiceError) {
        let refusal = state.update { state -> VoiceError? in
            if state.isShutDown { return VoiceError(.badHandle, "the engine has been destroyed") }
            guard state.calls.count < maxSessions else {
                return VoiceError(.limit, "max_sessions: \(maxSessions) calls are live already")
            }
            state.calls[ObjectIdentifier(call)] = call
            return nil
        }
        if let refusal {
            metrics.callsRefused.wrappingAdd(1, ordering: .relaxed)
            throw refusal
        }
        metrics.callsStarted.wrappingAdd(1, ordering: .relaxed)
    }

    func callEnded(_ call: Call) { state.update { $0.calls[ObjectIdentifier(call)] = nil } }

    private var leastLoaded: CallLoop { loops.min { $0.calls < $1.calls } ?? loops[0] }

    func loop(of eventLoop: any EventLoop) -> CallLoop? { loops.first { $0.eventLoop === eventLoop } }

    private static func pcm(_ rate: Int) throws(VoiceError) -> AudioFormat {
        do {
            return try AudioFormat(encoding: .pcm16, sampleRate: rate)
        } catch {
            throw VoiceError(.badArgument, "\(error)")
        }
    }

    // MARK: - Threads and end

    var isEventThread: Bool { dispatcher.isCurrentThread }
    var isLoopThread: Bool { loops.contains { $0.eventLoop.inEventLoop } }

    package func metricsText() -> String { metrics.text(liveCalls: liveCalls, version: LibraryVersion.text) }

    /// Ends every call and joins every thread. From one of the engine's own threads it is done on a thread of its own.
    package func shutdown() {
        if isEventThread || isLoopThread {
            _ = WorkerThread(name: "voice-shutdown") { self.shutdown() }
            return
        }
        let calls = state.update { state -> [Call]? in
            if state.isShutDown { return nil }
            state.isShutDown = true
            return Array(state.calls.values)
        }
        guard let calls else { return }
        for call in calls { call.destroy() }
        _ = state.wait(for: .seconds(2)) { $0.calls.isEmpty ? true : nil }
        factory.close()
        try? group.syncShutdownGracefully()
        dispatcher.stop()
    }
}

/// Tells the host, at most once a second, that its `on_audio` is slow. Confined to its loop.
private final class SlowHostReport {
    private let call: Call
    private let loop: any EventLoop
    private var last: Instant?

    init(call: Call, loop: any EventLoop) {
        self.call = call
        self.loop = loop
    }

    func note(_ taken: Nanoseconds) {
        let now = loop.instant
        if let last, now - last < .seconds(1) { return }
        last = now
        var event = SessionEvent(.slowHost, turn: .none, time: now)
        event.value = taken.rawValue / 1_000
        event.text = "on_audio took longer than a quarter of a frame"
        call.events.push(event)
    }
}

/// The library's version, for people.
package enum LibraryVersion {
    package static let text = "1.0.0"
}
