package import NIOCore

package struct HTTPRequest: Sendable {
    /// Token of RFC 9110 section 9, such as `POST`.
    package var method: String
    package var url: WebURL
    /// Besides `Host` and `Content-Length`, which are added.
    package var headers: HeaderList
    package var body: [UInt8]
    /// Goes out on a new connection, so that it never meets one that the server is just closing, and is not repeated.
    package var isSentOnce = false

    package init(_ method: String, _ url: WebURL, headers: HeaderList = .init(), body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// The head of an answer.
package struct HTTPAnswer: Equatable, Sendable {
    package let status: Int
    package let headers: HeaderList

    package init(status: Int, headers: HeaderList) {
        self.status = status
        self.headers = headers
    }
}

/// One request and its answer as it comes in.
///
/// Reports `head`, any number of `body`, then `end`; or `failed` at any point, once and last. A connection from the
/// pool that the
/// server has closed meanwhile is replaced by a new one, once, as long as not a byte of an answer has come.
///
/// - Important: Confined to the loop it was made on.
package final class HTTPStream {
    package enum Event: Sendable {
        case head(HTTPAnswer)
        case body(ByteBuffer)
        case end
        case failed(NetworkError)
    }

    private enum State {
        case connecting
        case sent(HTTPConnection)
        case answering(HTTPConnection)
        case done
    }

    private let request: HTTPRequest
    private let pool: ConnectionPool
    private let timeouts: RequestTimeouts
    private let opened: ((TimeAmount) -> Void)?
    private var sink: ((Event) -> Void)?
    private var state = State.connecting
    private var timer: Scheduled<Void>?
    private var lastActivity: NIODeadline
    private var holdsReads = false

    init(
        _ request: HTTPRequest, pool: ConnectionPool, timeouts: RequestTimeouts, opened: ((TimeAmount) -> Void)?,
        sink: @escaping (Event) -> Void
    ) {
        self.request = request
        self.pool = pool
        self.timeouts = timeouts
        self.opened = opened
        self.sink = sink
        lastActivity = pool.eventLoop.now
    }

    func start() {
        pool.network.count { $0.requests += 1 }
        if let field = request.headers.unsendable {
            return fail(.badRequest("the header \(field) holds characters that a header cannot carry"))
        }
        connect(fresh: request.isSentOnce)
    }

    /// Drops the rest of the answer; the connection is closed, which tells the server to stop. The sink is not
    /// called again.
    package func cancel() {
        switch state {
        case .sent(let connection), .answering(let connection): connection.close()
        case .connecting, .done: break
        }
        finish()
        sink = nil
    }

    /// While true no more of the answer is read than is on its way already.
    package func holdReads(_ hold: Bool) {
        guard hold != holdsReads else { return }
        holdsReads = hold
        lastActivity = pool.eventLoop.now
        if case .answering(let connection) = state { connection.holdReads(hold) }
    }

    private func connect(fresh: Bool) {
        let asked = pool.eventLoop.now
        pool.acquire(request.url.origin, fresh: fresh, timeout: timeouts.connect) { result in
            guard case .connecting = self.state else {
                if case .success(let unused) = result { self.pool.putBack(unused) }
                return
            }
            switch result {
            case .success(let connection):
                if connection.opened > asked { self.opened?(connection.opened - asked) }
                if connection.wasUsed { self.pool.network.count { $0.requestsOnReusedConnections += 1 } }
                self.state = .sent(connection)
                self.arm(self.timeouts.firstByte)
                connection.send(self.request, for: self)
            case .failure(let error): self.fail(error)
            }
        }
    }

    func received(_ answer: HTTPAnswer) {
        guard case .sent(let connection) = state else { return }
        state = .answering(connection)
        if holdsReads { connection.holdReads(true) }
        timer?.cancel()
        arm(timeouts.idle)
        lastActivity = pool.eventLoop.now
        sink?(.head(answer))
    }

    func received(_ bytes: ByteBuffer) {
        guard case .answering = state else { return }
        lastActivity = pool.eventLoop.now
        sink?(.body(bytes))
    }

    func receivedEnd(_ connection: HTTPConnection, isReusable: Bool) {
        guard case .answering = state else { return connection.close() }
        finish()
        if isReusable { pool.putBack(connection) } else { connection.close() }
        let sink = sink
        self.sink = nil
        sink?(.end)
    }

    func connectionEnded(_ connection: HTTPConnection, error: NetworkError?) {
        switch state {
        case .sent:
            timer?.cancel()
            // Only where the server may have closed an idle connection before it saw the request.
            if connection.wasUsed, error == nil {
                state = .connecting
                return connect(fresh: true)
            }
            fail(error ?? .closedBeforeAnswer)
        case .answering: fail(error ?? .closedEarly)
        case .connecting, .done: break
        }
    }

    private func arm(_ time: TimeAmount) {
        timer = pool.eventLoop.assumeIsolated().scheduleTask(in: time) { self.timeUp() }
    }

    private func timeUp() {
        switch state {
        case .sent(let connection):
            connection.close()
            fail(.timeout(.firstByte))
        case .answering(let connection):
            let now = pool.eventLoop.now
            if holdsReads { lastActivity = now }
            // Moved on by each piece without a new timer.
            let rest = lastActivity + timeouts.idle - now
            if rest > .zero { return arm(rest) }
            connection.close()
            fail(.timeout(.idle))
        case .connecting, .done: break
        }
    }

    /// Reports later: the failure may happen inside the call that sends the request.
    private func fail(_ error: NetworkError) {
        guard finish() else { return }
        pool.eventLoop.assumeIsolated().execute {
            let sink = self.sink
            self.sink = nil
            sink?(.failed(error))
        }
    }

    @discardableResult
    private func finish() -> Bool {
        if case .done = state { return false }
        state = .done
        timer?.cancel()
        timer = nil
        pool.network.count { $0.requests -= 1 }
        return true
    }
}
