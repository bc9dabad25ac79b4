internal import NIOCore
internal import NIOHTTP1

/// The HTTP connections of one loop: idle ones to use again, and those that are being made ahead of their use.
///
/// - Important: Confined to its loop.
final class ConnectionPool {
    typealias Completion = (Result<HTTPConnection, NetworkError>) -> Void

    let network: NetworkClient
    let eventLoop: any EventLoop
    /// Idle connections kept to one destination.
    private var most: Int
    /// Newest last; the newest is used first, so that the others can grow old.
    private var idle: [Destination: [HTTPConnection]] = [:]
    /// Connections on their way that nobody waits for yet, and who took them over meanwhile.
    private var warming: [Destination: [Warming]] = [:]

    private final class Warming {
        /// Who waits for it, not longer than for a connection of its own.
        struct Waiter {
            let completion: Completion
            let deadline: NIODeadline
            let timer: Scheduled<Void>
        }

        var waiter: Waiter?

        func takeWaiter() -> Waiter? {
            defer { waiter = nil }
            waiter?.timer.cancel()
            return waiter
        }
    }

    init(_ network: NetworkClient, _ eventLoop: any EventLoop) {
        self.network = network
        self.eventLoop = eventLoop
        most = network.configuration.maximumIdleConnections
    }

    /// Gives a connection: an idle one, one that is being warmed, or a new one.
    ///
    /// - Parameter fresh: Never one that was used before.
    func acquire(_ origin: Origin, fresh: Bool, timeout: TimeAmount, completion: @escaping Completion) {
        let destination: Destination
        do throws(NetworkError) {
            destination = try self.destination(origin)
        } catch {
            return completion(.failure(error))
        }
        if !fresh {
            while let connection = idle[destination]?.popLast() {
                if connection.leaveIdle() { return completion(.success(connection)) }
            }
            if let entry = warming[destination]?.first(where: { $0.waiter == nil }) {
                return wait(for: entry, destination, timeout, completion)
            }
        }
        connect(destination, timeout: timeout, completion: completion)
    }

    private func wait(
        for entry: Warming, _ destination: Destination, _ timeout: TimeAmount, _ completion: @escaping Completion
    ) {
        let deadline = eventLoop.now + timeout
        let timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            guard let waiter = entry.takeWaiter() else { return }
            waiter.completion(.failure(Connector.late(destination.origin, destination.route.proxy)))
        }
        entry.waiter = Warming.Waiter(completion: completion, deadline: deadline, timer: timer)
    }

    private func destination(_ origin: Origin) throws(NetworkError) -> Destination {
        Destination(origin: origin, route: try network.route(to: origin, isTunnel: false))
    }

    func warm(_ origin: Origin) {
        guard let destination = try? destination(origin), idle[destination]?.isEmpty ?? true,
            warming[destination]?.isEmpty ?? true
        else { return }
        let entry = Warming()
        warming[destination, default: []].append(entry)
        connect(destination, timeout: .seconds(5)) { result in
            self.warming[destination]?.removeAll { $0 === entry }
            if self.warming[destination]?.isEmpty ?? false { self.warming[destination] = nil }
            switch (result, entry.takeWaiter()) {
            case (.success, let waiter?): waiter.completion(result)
            case (.success(let connection), nil): self.putBack(connection)
            // Begun earlier, it had less time than the request has; and what it met may be over.
            case (.failure, let waiter?):
                self.connect(
                    destination, timeout: waiter.deadline - self.eventLoop.now, completion: waiter.completion)
            case (.failure, nil): break
            }
        }
    }

    private func connect(_ destination: Destination, timeout: TimeAmount, completion: @escaping Completion) {
        let future = Connector.open(
            destination.origin, by: destination.route, network: network, on: eventLoop, timeout: timeout
        ) { channel in
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = 16 << 10
            limits.maxHeaderListSize = 64 << 10
            limits.maxHeaderFieldCount = 128
            let decoder = HTTPResponseDecoder(
                leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: limits)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPRequestEncoder())
            try pipeline.addHandler(ByteToMessageHandler(decoder))
            try pipeline.addHandler(HTTPConnection(channel, destination))
        }
        future.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                guard let connection = try? channel.pipeline.syncOperations.handler(type: HTTPConnection.self) else {
                    return completion(.failure(.closedBeforeAnswer))
                }
                connection.opened = self.eventLoop.now
                completion(.success(connection))
            case .failure(let error):
                completion(.failure(error as? NetworkError ?? .unreachable("\(error)")))
            }
        }
    }

    /// Takes back a connection whose answer is complete.
    func putBack(_ connection: HTTPConnection) {
        let kept = idle[connection.destination]?.count ?? 0
        guard kept < most, connection.becomeIdle() else {
            return connection.close()
        }
        idle[connection.destination, default: []].append(connection)
        connection.closeWhenIdle(for: network.configuration.idleLifetime) { [weak self] in self?.forget($0) }
    }

    private func forget(_ connection: HTTPConnection) {
        idle[connection.destination]?.removeAll { $0 === connection }
        if idle[connection.destination]?.isEmpty ?? false { idle[connection.destination] = nil }
    }

    /// Closes the idle connections, and those that are put back from now on.
    func close() {
        let all = idle.values.joined()
        idle = [:]
        most = 0
        all.forEach { $0.close() }
    }
}

/// One HTTP/1.1 connection: carries one request at a time.
///
/// - Important: Confined to its channel's loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        /// Handed out, or not handed out yet; no request on it.
        case ready
        case idle(Scheduled<Void>?, forget: ((HTTPConnection) -> Void)?)
        case busy(HTTPStream)
        case closed
    }

    let destination: Destination
    /// When it could be used for the first time.
    fileprivate(set) var opened = NIODeadline.distantFuture
    private let channel: any Channel
    private var state = State.ready
    /// The answer in progress allows another one after it.
    private var keepsAlive = false
    private(set) var wasUsed = false

    init(_ channel: any Channel, _ destination: Destination) {
        self.channel = channel
        self.destination = destination
    }

    func send(_ request: HTTPRequest, for stream: HTTPStream) {
        guard case .ready = state, channel.isActive else { return stream.connectionEnded(self, error: nil) }
        state = .busy(stream)
        keepsAlive = false
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: request.url.hostHeader)
        for field in request.headers.fields { headers.add(name: field.name, value: field.value) }
        if !request.body.isEmpty || request.method != "GET" {
            headers.add(name: "Content-Length", value: String(request.body.count))
        }
        var target = request.url.target
        if case .forward(let proxy) = destination.route {
            target = request.url.description
            if let authorization = proxy.authorization {
                headers.add(name: "Proxy-Authorization", value: authorization)
            }
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: target, headers: headers)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !request.body.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: request.body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .busy(let stream) = state else {
            // An answer that nobody asked for (RFC 9112 section 9.2 says to close).
            return close()
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            // 407 is the proxy's own answer, whoever it stands in front of (RFC 9110 section 15.5.8).
            if case .forward(let proxy) = destination.route, head.status == .proxyAuthenticationRequired {
                end(ProxyTunnel.refusal(407, by: proxy, destination.origin))
                return close()
            }
            keepsAlive = head.isKeepAlive
            let headers = HeaderList(head.headers.map { ($0.name, $0.value) })
            stream.received(HTTPAnswer(status: Int(head.status.code), headers: headers))
        case .body(let bytes):
            stream.received(bytes)
        case .end:
            state = .ready
            wasUsed = true
            let isReusable = keepsAlive
            stream.receivedEnd(self, isReusable: isReusable)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as TLSError where error.kind == .truncated:
            break  // the answer was complete, or channelInactive says that it was not
        case let error as TLSError: end(.tls(error))
        case HTTPParserError.invalidEOFState: break  // the same
        case is HTTPParserError, is NIOHTTPDecoderError: end(.malformed("not an HTTP answer (\(error))"))
        case is IOError: break  // reset: the same as a close
        default: end(.malformed("\(error)"))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(nil)
        context.fireChannelInactive()
    }

    private func end(_ error: NetworkError?) {
        let last = state
        state = .closed
        switch last {
        case .busy(let stream): stream.connectionEnded(self, error: error)
        case .idle(let timer, let forget):
            timer?.cancel()
            forget?(self)
        case .ready, .closed: break
        }
    }

    /// - Returns: false when it cannot be used again.
    func becomeIdle() -> Bool {
        guard case .ready = state, channel.isActive else { return false }
        holdReads(false)
        state = .idle(nil, forget: nil)
        return true
    }

    func closeWhenIdle(for time: TimeAmount, forget: @escaping (HTTPConnection) -> Void) {
        guard case .idle = state else { return }
        let timer = channel.eventLoop.assumeIsolated().scheduleTask(in: time) { self.close() }
        state = .idle(timer, forget: forget)
    }

    /// - Returns: false when the server has closed it.
    func leaveIdle() -> Bool {
        guard case .idle(let timer, _) = state else { return false }
        timer?.cancel()
        state = .ready
        return channel.isActive
    }

    func holdReads(_ hold: Bool) {
        try? channel.syncOptions?.setOption(.autoRead, value: !hold)
    }

    /// Closes without telling a stream that may be on it.
    func close() {
        if case .idle = state { end(nil) }
        state = .closed
        channel.close(promise: nil)
    }
}
