internal import NIOCore
internal import NIOHTTP1

/// Reads whole requests off one connection, answers them by the router, and closes clients that are slow or idle.
///
/// - Important: Confined to the connection's loop.
final class ServerConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// TLS is not agreed on yet.
        case shakingHands
        case waiting
        case reading(HTTPRequestHead, body: [UInt8])
        /// The route makes its answer; the pipeline keeps further requests back.
        case answering(HTTPRequestHead, keepAlive: Bool)
        /// The answer is out and the connection will close: the rest of the request is thrown away.
        case refused
    }

    private let router: ServerRouter
    private let limits: ServerLimits
    private let counters: ServerCounters
    private let isSecure: Bool
    private var state: State
    private var deadline: Scheduled<Void>?
    /// The answer to a WebSocket handshake that was refused; its request comes next.
    private var refusal: ServerResponse?

    /// - Parameter isSecure: A TLS handshake comes first.
    init(_ site: ServerSite, isSecure: Bool) {
        router = site.router
        limits = site.limits
        counters = site.counters
        self.isSecure = isSecure
        state = isSecure ? .shakingHands : .waiting
    }

    func handlerAdded(context: ChannelHandlerContext) {
        switch state {
        case .shakingHands: armDeadline(context, in: limits.handshakeTimeout)
        case .waiting, .reading, .answering, .refused: armDeadline(context, in: limits.requestTimeout)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        // An answer that is still being made has nobody to go to.
        state = .refused
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (Self.unwrapInboundIn(data), state) {
        case (.head(let head), .waiting):
            if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > limits.bodyBytes {
                return refuse(context, head, tooLarge)
            }
            state = .reading(head, body: [])
            if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                context.writeAndFlush(
                    Self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
            }
        case (.body(let part), .reading(let head, var body)):
            state = .waiting
            guard body.count + part.readableBytes <= limits.bodyBytes else { return refuse(context, head, tooLarge) }
            body.append(contentsOf: part.readableBytesView)
            state = .reading(head, body: body)
        case (.end, .reading(let head, let body)):
            state = .waiting
            respond(context, head, body)
        case (_, .shakingHands), (.head, .reading), (.head, .answering), (.head, .refused), (.body, .waiting),
            (.body, .answering), (.body, .refused), (.end, .waiting), (.end, .answering), (.end, .refused):
            break
        }
    }

    private var tooLarge: ServerResponse {
        counters.note(.malformed)
        return .text(413, "The request's body is longer than \(limits.bodyBytes) bytes.")
    }

    private func respond(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ body: [UInt8]) {
        var request = ServerRequest(head, body: body)
        request.isFromProxy = limits.isProxy(context.channel.remoteAddress?.ipAddress)
        request.isSecure = isSecure
        if let refusal {
            self.refusal = nil
            return write(context, head, refusal, keepAlive: false)
        }
        let response: ServerResponse
        switch router.match(method: request.method, path: request.path) {
        case .found(.respond(let answer), let parameters):
            request.parameters = parameters
            response = answer(request)
        case .found(.respondLater(let answer), let parameters):
            request.parameters = parameters
            return wait(context, head, for: answer(request, context.eventLoop))
        case .found(.webSocket, _): response = Self.noHandshake(request)
        case .notFound: response = .text(404, "There is nothing at this address.")
        case .methodNotAllowed(let methods):
            let list = methods.joined(separator: ", ")
            response = ServerResponse(
                status: 405, headers: [.init("Allow", list)], body: "This address takes \(list).\n")
        }
        wait(context, head, for: context.eventLoop.makeSucceededFuture(response))
    }

    private static func noHandshake(_ request: ServerRequest) -> ServerResponse {
        request.header("upgrade") == nil
            ? ServerHandshake.upgradeRequired
            : .text(400, "A WebSocket handshake must be the first request of its connection.")
    }

    /// Writes the answer on a fresh stack: with an answer's end the pipeline hands over the next request from inside the
    /// write, so that answers in place would nest as deep as a client sends requests ahead. It also lets the loop's
    /// calls have their turn between two requests.
    private func wait(
        _ context: ChannelHandlerContext, _ head: HTTPRequestHead, for answer: EventLoopFuture<ServerResponse>
    ) {
        state = .answering(head, keepAlive: head.isKeepAlive)
        armDeadline(context, in: limits.answerTimeout)
        let loop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        answer.whenComplete { result in
            loop.execute {
                let (connection, context) = bound.value
                connection.answered(context, result)
            }
        }
    }

    private func answered(_ context: ChannelHandlerContext, _ result: Result<ServerResponse, any Error>) {
        guard case .answering(let head, let keepAlive) = state else { return }
        state = .waiting
        switch result {
        case .success(let response): write(context, head, response, keepAlive: keepAlive)
        case .failure(let error):
            let response = error as? ServerResponse ?? .text(500, "The server could not answer.")
            write(context, head, response, keepAlive: keepAlive)
        }
    }

    private func refuse(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ response: ServerResponse) {
        state = .refused
        write(context, head, response, keepAlive: false)
    }

    private func write(
        _ context: ChannelHandlerContext, _ head: HTTPRequestHead?, _ response: ServerResponse, keepAlive: Bool
    ) {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: response.contentType)
        headers.add(name: "Content-Length", value: "\(response.body.utf8.count)")
        for header in response.headers where header.name.lowercased() != "connection" {
            headers.add(name: header.name, value: header.value)
        }
        if let named = response.headers.first(where: { $0.name.lowercased() == "connection" }) {
            headers.add(name: "Connection", value: keepAlive ? named.value : named.value + ", close")
        } else {
            headers.add(name: "Connection", value: keepAlive ? "keep-alive" : "close")
        }
        let status = HTTPResponseStatus(statusCode: response.status)
        context.write(
            Self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
            promise: nil)
        if head?.method != .HEAD {
            let body = context.channel.allocator.buffer(string: response.body)
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        // Before the end is written: with it, the next request may come.
        if keepAlive { armDeadline(context, in: limits.requestTimeout) }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
        if !context.channel.isWritable {
            closeWhenRead(context, written.futureResult)
        } else if !keepAlive {
            closeSoon(context)
        }
    }

    /// A client that does not take its answers gets no more of them: they would pile up here.
    private func closeWhenRead(_ context: ChannelHandlerContext, _ written: EventLoopFuture<Void>) {
        counters.note(.slowReader)
        state = .refused
        armDeadline(context, in: limits.answerTimeout)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.whenSuccess {
            let (connection, context) = bound.value
            connection.closeSoon(context)
        }
    }

    /// Ends the output now and the connection in a moment: closed at once, a client that is still sending would get a
    /// reset that can swallow the answer.
    private func closeSoon(_ context: ChannelHandlerContext) {
        state = .refused
        context.close(mode: .output, promise: nil)
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }

    private func armDeadline(_ context: ChannelHandlerContext, in time: TimeAmount) {
        deadline?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) {
            let (connection, context) = bound.value
            connection.deadlinePassed(context)
        }
    }

    private func deadlinePassed(_ context: ChannelHandlerContext) {
        switch state {
        case .shakingHands:
            counters.note(.handshake)
            context.close(promise: nil)
        case .waiting:
            counters.note(.slowRequest)
            context.close(promise: nil)
        case .refused: context.close(promise: nil)
        case .reading(let head, _):
            counters.note(.slowRequest)
            refuse(context, head, .text(408, "The request did not arrive within the time that this server waits."))
        case .answering(let head, _):
            refuse(context, head, .text(504, "The answer was not ready within the time that this server waits."))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let refusal = error as? ServerResponse {
            self.refusal = refusal
        } else if let error = error as? HTTPParserError {
            // What follows on a refused request is thrown away; the connection closes in a moment.
            if case .refused = state { return }
            counters.note(.malformed)
            guard case .waiting = state else { return context.close(promise: nil) }
            let response: ServerResponse =
                error == .headerOverflow
                ? .text(431, "The request's headers are longer than \(limits.headerListBytes) bytes.")
                : .text(400, "This is not an HTTP/1.1 request.")
            write(context, nil, response, keepAlive: false)
        } else {
            if case .shakingHands = state {
                // Once, although the end of the connection may be an error as well.
                state = .refused
                counters.note(.handshake)
            }
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is TLSEstablished:
            state = .waiting
            armDeadline(context, in: limits.requestTimeout)
        case is ServerStopEvent:
            // An answer that comes soon still goes out.
            guard case .answering(let head, _) = state else { return context.close(promise: nil) }
            state = .answering(head, keepAlive: false)
        case let event as ChannelEvent where event == .inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }
}

extension ServerRequest {
    init(_ head: HTTPRequestHead, body: [UInt8]) {
        self.init(
            method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) },
            body: body)
    }
}
