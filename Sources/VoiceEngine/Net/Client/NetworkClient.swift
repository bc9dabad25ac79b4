// The client's side of the network: the only place besides Net/Server that owns sockets.
//
//     HTTPStream ── ConnectionPool (one per loop) ── Connector ── [ProxyTunnel] ── Transport ── socket
//     WebSocketClient, TCPStream ─────────────────────┘
//
// Lifetime: one NetworkClient per engine, shared by all calls; everything below it belongs to one event loop, is
// called there
// and calls its sink there. Sinks are never called inside a call into the object that has not returned yet.
//
// Limits: an answer's header 64 KiB in 128 fields; a WebSocket message `maximumMessageBytes`; idle connections per
// loop and
// server `maximumIdleConnections` for `idleLifetime`; sends that wait for a WebSocket `maximumQueuedBytes`. When a
// queue is
// full the send is refused and the caller decides (audio drops its oldest). Received data is never queued here:
// `holdReads`
// stops reading from the socket and leaves the rest to TCP.
package import NIOCore
internal import Synchronization

/// How long a request may take in each of its phases.
package struct RequestTimeouts: Equatable, Sendable {
    package var connect: TimeAmount
    /// From the request's last byte to the answer's first.
    package var firstByte: TimeAmount
    /// Between two pieces of the answer.
    package var idle: TimeAmount

    package init(
        connect: TimeAmount = .seconds(3), firstByte: TimeAmount = .seconds(10), idle: TimeAmount = .seconds(10)
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
    }
}

/// What is alive, and what has been, for metrics and for tests that look for leaks.
package struct NetworkCounters: Equatable, Sendable {
    /// Connections being made or open, idle ones included.
    package var connections = 0
    package var requests = 0
    package var webSockets = 0
    /// Plain byte streams.
    package var streams = 0
    /// Since the start.
    package var connectionsOpened = 0
    package var requestsOnReusedConnections = 0

    package init() {}
    package var isQuiet: Bool { connections == 0 && requests == 0 && webSockets == 0 && streams == 0 }
}

/// The engine's outgoing connections. Safe to use from any thread where not said otherwise.
package final class NetworkClient: Sendable {
    package struct Configuration: Sendable {
        package var trust = TLSTrust.system
        /// Which servers are reached through a proxy. The environment is read as the configuration is made.
        package var proxies = ProxySettings.environment
        package var maximumIdleConnections = 16
        /// Many servers close an idle connection after 60 s, some (uvicorn) after 5 s; closing first avoids the race.
        package var idleLifetime = TimeAmount.seconds(50)
        package var maximumMessageBytes = 4 << 20
        package var maximumQueuedBytes = 1 << 20
        package var pingInterval = TimeAmount.seconds(20)
        package var pongTimeout = TimeAmount.seconds(10)
        package init() {}
    }

    /// The pools of the loops. They hold the client, so the client lets go of them when it is closed: else neither, nor
    /// the loops, would ever end.
    private enum Pools {
        case open([ObjectIdentifier: NIOLoopBound<ConnectionPool>])
        case closed
    }

    package let configuration: Configuration
    let tls: TLSContext
    let transport: Transport
    private let tally = Mutex(NetworkCounters())
    private let pools = Mutex<Pools>(.open([:]))

    /// - Throws: when the certificates cannot be read.
    package init(_ configuration: Configuration = .init(), transport: Transport = .sockets) throws(TLSError) {
        self.configuration = configuration
        self.transport = transport
        tls = try TLSContext(.client(configuration.trust))
    }

    package var counters: NetworkCounters { tally.withLock { $0 } }

    func count(_ change: (inout NetworkCounters) -> Void) { tally.withLock { change(&$0) } }

    /// Sends a request; the answer comes to the sink in pieces.
    ///
    /// - Parameter opened: Told how long the request waited for its connection; not where one was ready.
    /// - Important: On `eventLoop`, which then owns the stream.
    package func send(
        _ request: HTTPRequest, on eventLoop: any EventLoop, timeouts: RequestTimeouts = .init(),
        opened: ((TimeAmount) -> Void)? = nil, sink: @escaping (HTTPStream.Event) -> Void
    ) -> HTTPStream {
        let stream = HTTPStream(request, pool: pool(eventLoop), timeouts: timeouts, opened: opened, sink: sink)
        stream.start()
        return stream
    }

    /// Opens a WebSocket. Messages may be sent at once; they wait until it is open.
    ///
    /// - Parameter opened: Told how long that took, before the sink is told that it is open.
    /// - Important: On `eventLoop`, which then owns the socket.
    package func openWebSocket(
        _ url: WebURL, headers: HeaderList, on eventLoop: any EventLoop, timeout: TimeAmount = .seconds(5),
        opened: ((TimeAmount) -> Void)? = nil, sink: @escaping (WebSocketClient.Event) -> Void
    ) -> WebSocketClient {
        let start = eventLoop.now
        let socket = WebSocketClient(url, headers: headers, network: self, eventLoop: eventLoop) { event in
            if case .open = event { opened?(eventLoop.now - start) }
            sink(event)
        }
        socket.start(timeout: timeout)
        return socket
    }

    /// The way to a server. `isTunnel`: see `ProxySettings.route`.
    func route(to origin: Origin, isTunnel: Bool) throws(NetworkError) -> Route {
        try configuration.proxies.route(to: origin, isTunnel: isTunnel)
    }

    /// Opens a plain byte stream. Bytes may be sent at once; they wait until it is open.
    ///
    /// - Parameter opened: Told how long that took, before the sink is told that it is open.
    /// - Important: On `eventLoop`, which then owns the stream.
    package func openStream(
        _ origin: Origin, on eventLoop: any EventLoop, timeout: TimeAmount = .seconds(2),
        opened: ((TimeAmount) -> Void)? = nil, sink: @escaping (TCPStream.Event) -> Void
    ) -> TCPStream {
        let start = eventLoop.now
        let stream = TCPStream(origin, network: self, eventLoop: eventLoop) { event in
            if case .open = event { opened?(eventLoop.now - start) }
            sink(event)
        }
        stream.start(timeout: timeout)
        return stream
    }

    /// Makes a connection that the next request on this loop finds ready, unless one is there. Failures are not
    /// reported: the request will meet them itself.
    package func preconnect(_ origin: Origin, on eventLoop: any EventLoop) {
        eventLoop.execute { self.pool(eventLoop).warm(origin) }
    }

    /// Closes the idle connections of all loops; those in use close when they are done, and from now on none is kept.
    /// To be called before the loops end.
    package func closeIdleConnections() {
        let last = pools.withLock { pools in
            defer { pools = .closed }
            return pools
        }
        guard case .open(let open) = last else { return }
        for pool in open.values {
            pool.eventLoop.execute { pool.value.close() }
        }
    }

    private func pool(_ eventLoop: any EventLoop) -> ConnectionPool {
        pools.withLock { pools in
            guard case .open(var open) = pools else {
                let pool = ConnectionPool(self, eventLoop)
                pool.close()
                return NIOLoopBound(pool, eventLoop: eventLoop)
            }
            if let pool = open[ObjectIdentifier(eventLoop)] { return pool }
            let pool = NIOLoopBound(ConnectionPool(self, eventLoop), eventLoop: eventLoop)
            open[ObjectIdentifier(eventLoop)] = pool
            pools = .open(open)
            return pool
        }.value
    }
}
