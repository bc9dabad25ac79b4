internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization
package import VoiceEngineCarrier
package import VoiceEngineCore
internal import VoiceEngineMedia
internal import VoiceEngineProviders
package import VoiceEngineSession
internal import VoiceEngineThreads

// Everything that an engine owns: event loops, event threads, the inference pool and the connection pool, its agents,
// its live calls.
//
//   voice_engine ──► Engine ──┬─ CallLoop × n      sessions, sockets, ticks
//                             ├─ EventDispatcher   the host's on_event
//                             ├─ LocalModels       the inference pool
//                             └─ agents by name    documents with their providers
//
// An engine lives until `shutdown`, which ends every call and joins every thread. Full means: `maxSessions` calls; the
// next one is refused with `limit`.

/// One engine; engines know nothing of each other.
package final class Engine: Sendable {
    package struct Configuration: Sendable {
        /// 0: one for each of `loopProcessors`, else for each core.
        package var loops = 0
        /// What the loops' threads are bound to; nil: nothing.
        package var loopProcessors: ProcessorList?
        package var inferenceThreads = 0
        package var maxSessions = 4_096
        package var modelsDirectory: String?
        package var certificateAuthorities: String?
        /// As `ProxySettings.init(proxy:exceptions:environment:)` takes them.
        package var proxy: String?
        package var proxyExceptions: String?
        package var log = Log.none

        package init() {}
    }

    private struct State {
        var agents: [String: Agent] = [:]
        var calls: [ObjectIdentifier: Call] = [:]
        var servers: [ObjectIdentifier: Server] = [:]
        /// Host threads that are inside the engine and may still use its loops.
        var users = 0
        var isShutDown = false
    }

    package let log: Log
    let metrics = EngineMetrics()
    let dispatcher: EventDispatcher
    let group: MultiThreadedEventLoopGroup
    private let loops: [CallLoop]
    let factory: ProviderFactory
    let maxSessions: Int
    private let state = Monitor(State())

    /// - Throws: `internal` when the system has no threads for us, `badArgument` for authorities, a proxy or processors
    ///   that cannot be used.
    package init(_ configuration: Configuration) throws(VoiceError) {
        let cores = max(System.coreCount, 1)
        log = configuration.log
        maxSessions = configuration.maxSessions
        let loopCount =
            configuration.loops > 0 ? configuration.loops : configuration.loopProcessors?.numbers.count ?? cores
        let group = withoutSignals { MultiThreadedEventLoopGroup(numberOfThreads: loopCount) }
        let dispatcher = EventDispatcher(threads: min(max(cores, 2), 4))
        PolyphaseFilter.prepare()
        Base64.prepare()
        self.group = group
        self.dispatcher = dispatcher
        let metrics = metrics
        loops = group.makeIterator().map { loop in
            CallLoop(eventLoop: loop) { metrics.note(tickLateness: $0) }
        }
        do throws(VoiceError) {
            guard dispatcher.isRunning else {
                throw VoiceError(.internal, "the system gives this process no more threads")
            }
            if let processors = configuration.loopProcessors { try LoopBinding.bind(group, to: processors) }
            factory = ProviderFactory(
                network: try ProviderFactory.network(configuration), modelsDirectory: configuration.modelsDirectory,
                inferenceThreads: configuration.inferenceThreads > 0
                    ? configuration.inferenceThreads : max(cores - 1, 1), group: group, log: configuration.log)
        } catch {
            Self.join(group, dispatcher)
            throw error
        }
    }

    // MARK: - Agents

    /// Checks a document and prepares its providers; from now on calls can be made to it.
    package func addAgent(_ json: [UInt8]) throws(VoiceError) {
        try enter()
        defer { leave() }
        let agent = try makeAgent(json)
        let providers = agent.providers
        log(
            .info,
            "agent \(agent.name): hears with \(Self.names(providers.speechToText.providers.map(\.name))), "
                + "thinks with \(Self.names(providers.languageModel.providers.map(\.name))), "
                + "speaks with \(Self.names(providers.textToSpeech.providers.map(\.name)))")
        add(agent)
    }

    /// The same with providers of this process in place of those that the document names: for programs that measure the
    /// engine without a network.
    package func addAgent(_ json: [UInt8], providers: SessionProviders) throws(VoiceError) {
        try enter()
        defer { leave() }
        add(try factory.make(try Agent.document(json), providers: providers))
    }

    private func add(_ agent: Agent) {
        factory.prepare(agent)
        state.update { $0.agents[agent.name] = agent }
    }

    private static func names(_ chain: [String]) -> String { chain.joined(separator: ", then ") }

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

    /// Agents that calls can be made to, sorted.
    var agentNames: [String] { state.read { $0.agents.keys.sorted() } }

    /// Waits until everything that the agents need is loaded.
    package func waitReady(timeout: Nanoseconds) throws(VoiceError) {
        if Self.isInCallback { throw VoiceError(.reentrant, "wait_ready must not be called from a callback") }
        switch factory.waitReady(timeout: timeout) {
        case .ready: return
        case .timeout: throw VoiceError(.timeout, "the local models are still loading")
        case .closed: throw VoiceError(.badHandle, "the engine was destroyed meanwhile")
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
        try enter()
        defer { leave() }
        let agent: Agent
        switch request.agent {
        case .named(let name): agent = try self.agent(named: name)
        case .document(let json): agent = try makeAgent(json)
        }
        let (policy, providers) = try agent.prepared(with: request.variables)
        let pulls = if case .pull = playout { true } else { false }
        // What is pulled is encoded on the host's thread; the ring holds samples.
        let output = pulls ? try Self.pcm(request.output.sampleRate) : request.output
        let setup = CallSetup(
            agent: agent.name, callID: request.callID.isEmpty ? Self.inventedCallID() : request.callID,
            variables: request.variables, input: request.input, output: output,
            frameMilliseconds: request.frameMilliseconds, leadMilliseconds: pulls ? HostPorts.pullLead : 0,
            strideMilliseconds: pulls ? HostPorts.pullStride : 0,
            wantsSilence: !pulls, followsReader: pulls)
        let ports = HostPorts(
            input: request.input, output: request.output, pulls: pulls, comfortNoise: policy.comfortNoise)
        let loop = leastLoaded
        let call = Call(engine: self, loop: loop, ports: ports, events: events)
        try admit(call)
        if case .document = request.agent { factory.prepare(agent, isShared: false) }
        register(call)
        loop.callStarted()
        loop.eventLoop.execute { [self] in
            guard let clock = loop.clock else {
                return abandon(call, setup, loop, .failed("the event loop has stopped"))
            }
            let slowHost = SlowHostReport(call: call, loop: loop.eventLoop)
            let carrier = HostCarrier(
                ports: ports, playout: playout, frameMilliseconds: setup.frameMilliseconds,
                slow: { slowHost.note($0) })
            let session = Session(
                setup: setup, policy: policy, providers: providers, conversation: request.conversation,
                carrier: carrier, context: context(of: setup, loop), clock: clock,
                observer: observer(of: call, setup, carrier) {
                    clock.remove(carrier)
                    carrier.session = nil
                })
            carrier.session = session
            clock.add(carrier)
            if let problem = begin(session, of: call, release: {}) {
                clock.remove(carrier)
                carrier.session = nil
                abandon(call, setup, loop, problem)
            }
        }
    }

    /// Takes a call of one of the engine's servers, on its own loop.
    ///
    /// - Parameter register: Called once, before anything of the call happens.
    func accept(
        _ setup: CallSetup, agent: Agent, carrier: any Carrier, call: Call, loop: CallLoop, register: () -> Void
    ) throws(VoiceError) -> Session {
        var setup = setup
        setup.agent = agent.name
        let (policy, providers) = try agent.prepared(with: setup.variables)
        guard let clock = loop.clock else { throw VoiceError(.internal, "the event loop has stopped") }
        try admit(call)
        register()
        loop.callStarted()
        let session = Session(
            setup: setup, policy: policy, providers: providers, carrier: carrier, context: context(of: setup, loop),
            clock: clock, observer: observer(of: call, setup, carrier, alsoAtEnd: {}))
        let release = { _ = carrier.perform(.hangUp(reason: "the host hung up")) }
        if let problem = begin(session, of: call, release: release) {
            abandon(call, setup, loop, problem)
            throw VoiceError(.internal, problem.reason)
        }
        return session
    }

    private func context(of setup: CallSetup, _ loop: CallLoop) -> ProviderContext {
        ProviderContext(callID: setup.callID, eventLoop: loop.eventLoop, log: log.named("session"))
    }

    /// Why a session did not begin.
    private enum FalseStart {
        case failed(String)
        case ended

        var reason: String {
            switch self {
            case .failed(let reason): reason
            case .ended: "the host hung up"
            }
        }

        var status: SessionStatus {
            switch self {
            case .failed: .provider
            case .ended: .ok
            }
        }
    }

    private func begin(_ session: Session, of call: Call, release: @escaping () -> Void) -> FalseStart? {
        guard call.attach(session, release: release) else { return .ended }
        do {
            try session.start()
            return nil
        } catch {
            log(.error, "call could not start: \(error)")
            return .failed("\(error)")
        }
    }

    /// A call whose session could not begin looks like any other: `started`, and then `closed`.
    private func abandon(_ call: Call, _ setup: CallSetup, _ loop: CallLoop, _ problem: FalseStart) {
        var started = SessionEvent(.started, turn: .none, time: loop.eventLoop.instant)
        (started.text, started.name) = (setup.callID, setup.agent)
        var closed = SessionEvent(.closed, turn: .none, time: started.time)
        (closed.text, closed.status) = (problem.reason, problem.status)
        call.events.push(started)
        call.sessionEnds()
        call.events.push(closed)
        call.sessionEnded()
    }

    private func observer(
        of call: Call, _ setup: CallSetup, _ carrier: any Carrier, alsoAtEnd: @escaping () -> Void
    ) -> (SessionEvent) -> Void {
        let metrics = metrics
        return { event in
            var event = event
            if event.kind == .started { event.name = setup.agent }
            metrics.note(event)
            if event.kind == .closed { call.sessionEnds() }
            call.events.push(event)
            carrier.report(event)
            call.sessionChanged()
            guard event.kind == .closed else { return }
            alsoAtEnd()
            call.sessionEnded()
        }
    }

    /// For a host that names its call nothing.
    private static func inventedCallID() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return "call-" + String(repeating: "0", count: 16 - digits.count) + digits
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

    // MARK: - Servers

    /// From now until `leave` the loops run.
    /// - Throws: `badHandle` when the engine has been destroyed.
    func enter() throws(VoiceError) {
        let isAlive = state.update { state in
            if !state.isShutDown { state.users += 1 }
            return !state.isShutDown
        }
        if !isAlive { throw VoiceError(.badHandle, "the engine has been destroyed") }
    }

    func leave() { state.update { $0.users -= 1 } }

    /// Between `enter` and `leave`.
    func serverStarted(_ server: Server) { state.update { $0.servers[ObjectIdentifier(server)] = server } }
    func serverStopped(_ server: Server) { state.update { $0.servers[ObjectIdentifier(server)] = nil } }

    // MARK: - Threads and end

    /// Whether the calling thread is an event loop, of whichever engine.
    static var isOnLoop: Bool { MultiThreadedEventLoopGroup.currentEventLoop != nil }
    /// Whether a callback of the host runs on the calling thread, of whichever engine.
    static var isInCallback: Bool { isOnLoop || WorkerThread.runsHostCode }

    package func metricsText() -> String {
        metrics.text(
            liveCalls: liveCalls, version: LibraryVersion.text, network: factory.networkCounters,
            providers: factory.providerHealth)
    }

    /// Ends every call and joins every thread. From a callback it is done on a thread of its own.
    package func shutdown() {
        if Self.isInCallback {
            if !WorkerThread.detach(name: "voice-shutdown", body: { self.shutdown() }) {
                log(.error, "the engine cannot be ended: the system gives this process no more threads")
            }
            return
        }
        let isFirst = state.update { state in
            defer { state.isShutDown = true }
            return !state.isShutDown
        }
        guard isFirst else { return }
        let servers = state.wait { $0.users == 0 ? Array($0.servers.values) : nil } ?? []
        for server in servers { server.stop() }
        let calls = state.read { Array($0.calls.values) }
        for call in calls { try? call.hangUp() }
        for call in calls { call.destroy() }
        factory.close()
        Self.join(group, dispatcher)
    }

    /// Ends threads that nobody uses any more. From a callback it is done on a thread of its own: NIO ends the process when a
    /// loop waits for loops.
    private static func join(_ group: MultiThreadedEventLoopGroup, _ dispatcher: EventDispatcher) {
        if isInCallback {
            _ = WorkerThread.detach(name: "voice-shutdown") { join(group, dispatcher) }
            return
        }
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
