internal import NIOCore
internal import VoiceEngineCarrier
package import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

/// A server of the engine, behind a `voice_server` handle.
package final class Server: Sendable {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        package var port = 0
        /// How carriers reach the server, such as "https://agent.example.com"; nil takes it from each request.
        package var publicURL: String?
        /// 0: the engine's own limit.
        package var maximumCalls = 0

        package init() {}
    }

    private let engine: Engine
    private let carriers: CarrierServer

    /// Listens at once. Blocks until it does.
    ///
    /// - Parameter register: Called for each call before its first event, on its loop: where its events go.
    package init(
        _ configuration: Configuration, engine: Engine, register: @escaping @Sendable (EventDispatcher) -> CallEvents
    ) throws(VoiceError) {
        if engine.isLoopThread || engine.isEventThread {
            throw VoiceError(.reentrant, "a server must not be started from a callback")
        }
        var settings = CarrierServerConfiguration()
        settings.host = configuration.host
        settings.port = configuration.port
        settings.maximumCalls = configuration.maximumCalls > 0 ? configuration.maximumCalls : engine.maxSessions
        settings.twilioAuthToken = Environment.value("TWILIO_AUTH_TOKEN")
        settings.log = engine.log.named("server")
        if let url = configuration.publicURL {
            do {
                settings.publicAddress = try PublicAddress(url)
            } catch {
                throw VoiceError(.badArgument, "public_url: \(error)")
            }
        }
        self.engine = engine
        let host = ServerCalls(engine: engine, register: register)
        do {
            carriers = try CarrierServer.start(settings, host: host, on: engine.group).wait()
        } catch {
            throw VoiceError(.network, "\(error)")
        }
        if settings.twilioAuthToken == nil {
            settings.log(
                .warning, "TWILIO_AUTH_TOKEN is not set: requests are taken without checking that Twilio signed them")
        }
    }

    package var port: Int { carriers.port }
    package var liveCalls: Int { carriers.liveCalls }

    /// - Returns: Whether all calls ended by themselves.
    package func drain(timeout: Nanoseconds) throws(VoiceError) -> Bool {
        if engine.isLoopThread || engine.isEventThread {
            throw VoiceError(.reentrant, "a server must not be drained from a callback")
        }
        do {
            return try carriers.drain(timeout: .nanoseconds(timeout.rawValue)).wait()
        } catch {
            throw VoiceError(.internal, "\(error)")
        }
    }

    package func stop() {
        let stopped = carriers.stop()
        if engine.isLoopThread || engine.isEventThread { return }
        try? stopped.wait()
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
    private let engine: Engine
    private let register: @Sendable (EventDispatcher) -> CallEvents

    init(engine: Engine, register: @escaping @Sendable (EventDispatcher) -> CallEvents) {
        self.engine = engine
        self.register = register
    }

    func accept(
        _ setup: CallSetup, carrier: any Carrier, on eventLoop: any EventLoop
    ) throws(CallRefusal) -> any CallSession {
        guard let loop = engine.loop(of: eventLoop) else {
            throw CallRefusal(.failed, "the call is not on one of the engine's loops")
        }
        do {
            let agent = try engine.agent(named: setup.agent)
            let events = register(engine.dispatcher)
            let call = Call(engine: engine, loop: loop, ports: nil, events: events.queue)
            events.attach(call)
            return try engine.accept(setup, agent: agent, carrier: carrier, call: call, loop: loop)
        } catch {
            throw CallRefusal(error)
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

    func metricsText() -> String { engine.metricsText() }
}

extension CallRefusal {
    fileprivate init(_ error: VoiceError) {
        let kind: Kind =
            switch error.status {
            case .notFound: .unknownAgent
            case .limit: .full
            case .draining: .draining
            case .badArgument, .badConfiguration: .badRequest
            case .badHandle, .reentrant, .unsupported, .overrun, .again, .timeout, .keyMissing, .modelMissing, .provider,
                .network, .closed, .internal:
                .failed
            }
        self.init(kind, error.detail)
    }
}
