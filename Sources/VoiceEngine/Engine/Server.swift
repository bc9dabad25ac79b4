internal import NIOCore
internal import VoiceEngineCarrier
package import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession
internal import VoiceEngineThreads

/// A server of the engine, behind a `voice_server` handle.
package final class Server: Sendable {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        package var port = 0
        /// How carriers reach the server, such as "https://agent.example.com"; nil takes it from each request.
        package var publicURL: String?
        /// 0: as the settings say, or else the engine's own limit.
        package var maximumCalls = 0
        /// The server document; nil for a server with the usual settings.
        package var settings: [UInt8]?

        package init() {}
    }

    private enum Phase { case running, stopping, stopped }

    private struct State {
        var phase = Phase.running
        /// Host threads that wait for calls to end.
        var drains = 0
        /// Looks after the certificate; joined once.
        var watcher: WorkerThread?
    }

    private let engine: Engine
    private let carriers: CarrierServer
    private let calls: ServerCalls
    private let state = Monitor(State())

    /// Listens at once. Blocks until it does.
    ///
    /// - Parameter register: Called for each call before its first event, on its loop: where its events go.
    package init(
        _ configuration: Configuration, engine: Engine,
        register: @escaping @Sendable (EventDispatcher) throws(VoiceError) -> CallEvents
    ) throws(VoiceError) {
        if Engine.isInCallback {
            throw VoiceError(.reentrant, "a server must not be started from a callback")
        }
        try engine.enter()
        defer { engine.leave() }
        let settings = try Self.settings(configuration, engine)
        self.engine = engine
        calls = ServerCalls(engine: engine, register: register)
        do {
            carriers = try CarrierServer.start(settings, host: calls, on: engine.group).wait()
        } catch let error as ServerStartError {
            throw VoiceError(error.kind == .settings ? .badConfiguration : .network, error.detail)
        } catch {
            throw VoiceError(.network, "\(error)")
        }
        engine.serverStarted(self)
        if let watch = settings.settings.tls?.watch, watch > .zero { startWatching(every: watch, settings.log) }
    }

    // MARK: Certificate

    /// Reads the certificate's files again. Blocks for them.
    package func reload() throws(VoiceError) {
        try checkRuns(state.read { $0 })
        do throws(TLSError) {
            try carriers.reloadCertificate()
        } catch {
            throw VoiceError(.badConfiguration, "tls: \(error.detail); the certificate stays as it was")
        }
    }

    /// On a thread of its own: files can block.
    private func startWatching(every interval: Nanoseconds, _ log: Log) {
        let (state, carriers) = (state, carriers)
        let thread = WorkerThread(name: "voice-cert") {
            while state.wait(for: interval, { $0.phase == .running ? nil : true }) == nil {
                do throws(TLSError) {
                    if try carriers.reloadCertificateIfChanged() { log(.info, "the certificate was read again") }
                } catch {
                    log(.error, "tls: \(error.detail); the certificate stays as it was")
                }
            }
        }
        if !thread.isRunning { log(.warning, "no thread to look after the certificate: renew it by a reload") }
        state.update { $0.watcher = thread }
    }

    private static func settings(
        _ configuration: Configuration, _ engine: Engine
    ) throws(VoiceError) -> CarrierServerConfiguration {
        var settings = CarrierServerConfiguration()
        settings.host = configuration.host
        settings.port = configuration.port
        settings.settings = try document(configuration.settings)
        settings.maximumCalls = engine.maxSessions
        // What the command line says goes before what a file says.
        if configuration.maximumCalls > 0 { settings.settings.admission.mostCalls = configuration.maximumCalls }
        settings.log = engine.log.named("server")
        settings.control = try control(settings.settings, engine)
        guard let url = configuration.publicURL else { return settings }
        do {
            settings.publicAddress = try PublicAddress(url)
        } catch {
            throw VoiceError(.badArgument, "public_url: \(error)")
        }
        return settings
    }

    private static func document(_ json: [UInt8]?) throws(VoiceError) -> ServerDocument {
        guard let json else { return ServerDocument(environment: Environment.value) }
        do throws(AgentError) {
            return try ServerDocument.parse(json, environment: Environment.value)
        } catch {
            let status: VoiceError.Status = if case .unset = error { .keyMissing } else { .badConfiguration }
            throw VoiceError(status, "settings: \(error)")
        }
    }

    private static func control(
        _ document: ServerDocument, _ engine: Engine
    ) throws(VoiceError) -> CarrierControlSettings {
        do {
            return try CarrierControlSettings(
                document, network: engine.factory.network, environment: Environment.value)
        } catch {
            throw VoiceError(.badConfiguration, "settings: \(error)")
        }
    }

    package func port() throws(VoiceError) -> Int {
        try checkRuns(state.read { $0 })
        return carriers.port
    }

    package func liveCalls() throws(VoiceError) -> Int {
        try checkRuns(state.read { $0 })
        return carriers.liveCalls
    }

    /// A server ends with its engine, even if its own handle lives on.
    private func checkRuns(_ state: State) throws(VoiceError) {
        if state.phase != .running { throw VoiceError(.badHandle, "the server has ended with its engine") }
    }

    /// - Returns: Whether all calls ended by themselves.
    package func drain(timeout: Nanoseconds) throws(VoiceError) -> Bool {
        if Engine.isInCallback {
            throw VoiceError(.reentrant, "a server must not be drained from a callback")
        }
        let carriers = carriers
        let drained = state.update { state -> EventLoopFuture<Bool>? in
            guard state.phase == .running else { return nil }
            state.drains += 1
            return carriers.drain(timeout: .nanoseconds(timeout.rawValue))
        }
        guard let drained else { throw VoiceError(.badHandle, "the server has ended with its engine") }
        defer { state.update { $0.drains -= 1 } }
        do {
            return try drained.wait()
        } catch {
            throw VoiceError(.internal, "\(error)")
        }
    }

    /// Ends all calls and closes the port. Returns when no callback of a call runs or will run; from a callback it
    /// returns at once.
    package func stop() {
        let isFirst = state.update { state in
            guard state.phase == .running else { return false }
            state.phase = .stopping
            return true
        }
        if isFirst {
            carriers.stop().whenComplete { [self] _ in
                engine.serverStopped(self)
                state.update { $0.phase = .stopped }
            }
        }
        if Engine.isInCallback { return }
        _ = state.wait { $0.phase == .stopped && $0.drains == 0 ? true : nil }
        for call in calls.all { call.destroy() }
        let watcher = state.update { state in
            defer { state.watcher = nil }
            return state.watcher
        }
        watcher?.join()
    }
}

/// Where the events of one server call go.
package struct CallEvents: Sendable {
    package let queue: EventQueue
    /// Told of the call once it exists, before its first event.
    package let attach: @Sendable (Call) -> Void

    package init(queue: EventQueue, attach: @escaping @Sendable (Call) -> Void) {
        self.queue = queue
        self.attach = attach
    }
}

/// What the engine offers to its carriers' server.
private final class ServerCalls: CallHost {
    private struct State {
        var calls: [Call] = []
        /// Beyond this many, those that are over are forgotten.
        var limit = 64
    }

    private let engine: Engine
    private let register: @Sendable (EventDispatcher) throws(VoiceError) -> CallEvents
    private let state = Monitor(State())

    init(engine: Engine, register: @escaping @Sendable (EventDispatcher) throws(VoiceError) -> CallEvents) {
        self.engine = engine
        self.register = register
    }

    /// Calls that may still report something, and some that are over.
    var all: [Call] { state.read { $0.calls } }

    func accept(
        _ setup: CallSetup, carrier: any Carrier, on eventLoop: any EventLoop
    ) throws(CallRefusal) -> any CallSession {
        guard let loop = engine.loop(of: eventLoop) else {
            throw CallRefusal(.failed, "the call is not on one of the engine's loops")
        }
        do throws(VoiceError) {
            let agent = try engine.agent(named: setup.agent)
            let events = try register(engine.dispatcher)
            let call = Call(engine: engine, loop: loop, ports: nil, events: events.queue)
            return try engine.accept(setup, agent: agent, carrier: carrier, call: call, loop: loop) {
                remember(call)
                events.attach(call)
            }
        } catch {
            throw CallRefusal(error)
        }
    }

    private func remember(_ call: Call) {
        state.update { state in
            state.calls.append(call)
            guard state.calls.count > state.limit else { return }
            state.calls.removeAll { $0.hasEnded && $0.events.isIdle }
            state.limit = max(64, 2 * state.calls.count)
        }
    }

    func admit(agent: String) throws(CallRefusal) {
        do {
            _ = try engine.agent(named: agent)
        } catch {
            throw CallRefusal(error)
        }
        if engine.liveCalls >= engine.maxSessions { throw CallRefusal(.full, "the engine has its calls") }
    }

    var isReady: Bool { engine.isReady }

    var agentNames: [String] { engine.agentNames }

    func metricsText() -> String { engine.metricsText() }

    func tickLateness() -> TickLateness? { engine.metrics.ticks }

    func sayGoodbye(reason: String) {
        // A call that has ended meanwhile needs none.
        for call in all { try? call.sayGoodbye(reason: reason) }
    }
}

extension CallRefusal {
    fileprivate init(_ error: VoiceError) {
        let kind: Kind =
            switch error.status {
            case .notFound: .unknownAgent
            case .limit: .full
            case .draining: .draining
            case .badArgument, .badConfiguration: .badRequest
            case .badHandle, .reentrant, .unsupported, .overrun, .again, .timeout, .keyMissing, .modelMissing,
                .provider,
                .network, .closed, .internal:
                .failed
            }
        self.init(kind, error.detail)
    }
}
