internal import NIOCore
internal import NIOHTTP1

/// Reads the answer to the upgrade request; turns the pipeline from HTTP to frames, or collects the refusal.
final class WebSocketHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart

    private enum State {
        case waiting
        case accepted(HeaderList)
        case refused(HTTPResponseHead, body: [UInt8])
        case done
    }

    private let accept: String
    private let maximumMessageBytes: Int
    private let socket: WebSocketClient
    private var state = State.waiting

    init(accept: String, maximumMessageBytes: Int, socket: WebSocketClient) {
        self.accept = accept
        self.maximumMessageBytes = maximumMessageBytes
        self.socket = socket
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .waiting): received(head)
        case (.body(let bytes), .refused(let head, var body)):
            body.append(contentsOf: bytes.readableBytesView.prefix(UpgradeRefusal.maximumBodyBytes - body.count))
            state = .refused(head, body: body)
            if body.count >= UpgradeRefusal.maximumBodyBytes { refuse(head, body) }
        case (.end, .accepted(let headers)): becomeWebSocket(context, headers)
        case (.end, .refused(let head, let body)): refuse(head, body)
        default: break
        }
    }

    private func received(_ head: HTTPResponseHead) {
        guard head.status == .switchingProtocols else {
            state = .refused(head, body: [])
            return
        }
        guard head.headers.first(name: "Sec-WebSocket-Accept") == accept,
            head.headers.first(name: "Upgrade")?.lowercased() == "websocket"
        else {
            state = .done
            return socket.fail(.malformed("the answer to the WebSocket upgrade does not match the request"))
        }
        guard head.headers.first(name: "Sec-WebSocket-Extensions") == nil else {
            state = .done
            return socket.fail(.malformed("the server uses a WebSocket extension that was not offered"))
        }
        state = .accepted(HeaderList(head.headers.map { ($0.name, $0.value) }))
    }

    private func refuse(_ head: HTTPResponseHead, _ body: [UInt8]) {
        state = .done
        socket.fail(
            .upgradeRefused(
                UpgradeRefusal(
                    status: Int(head.status.code), headers: HeaderList(head.headers.map { ($0.name, $0.value) }),
                    bodyStart: String(decoding: body, as: UTF8.self))))
    }

    private func becomeWebSocket(_ context: ChannelHandlerContext, _ headers: HeaderList) {
        state = .done
        let pipeline = context.pipeline.syncOperations
        let channel = context.channel
        do {
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
            // The HTTP decoder leaves on the next turn of the loop. Until then it watches what is written and knows requests
            // only, so nothing may be sent; as it leaves it hands on what it has read beyond the header, which `messages`
            // keeps until the socket is open.
            let messages = WebSocketMessages(maximumMessageBytes: maximumMessageBytes, socket: socket)
            try pipeline.addHandler(messages, position: .last)
            pipeline.removeHandler(encoder, promise: nil)
            pipeline.removeHandler(context: context, promise: nil)
            let socket = socket
            let left = context.eventLoop.makePromise(of: Void.self)
            left.futureResult.assumeIsolated().whenComplete { _ in
                socket.opened(headers, channel)
                messages.begin()
            }
            pipeline.removeHandler(decoder, promise: left)
        } catch {
            socket.fail(.closedBeforeAnswer)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as TLSError where error.kind != .truncated: socket.fail(.tls(error))
        case is TLSError, is IOError, HTTPParserError.invalidEOFState: break  // channelInactive follows
        default: socket.fail(.malformed("not an HTTP answer (\(error))"))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // A refusal whose body ends with the connection is still a refusal.
        if case .refused(let head, let body) = state { refuse(head, body) } else { socket.channelEnded() }
        context.fireChannelInactive()
    }
}

/// Hands a server's messages to the socket and obeys its control frames.
///
/// What comes while a message is in work, because a write of its receiver failed, waits until that is done: so does the end
/// of the channel.
final class WebSocketMessages: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum State {
        /// The socket is not open: what came with the answer to the upgrade is kept.
        case opening(ByteBuffer?)
        case idle
        /// A message is in work: what came meanwhile.
        case busy(ByteBuffer?)
        /// The same, and the channel has ended.
        case ending(ByteBuffer?)
        case ended
    }

    private let maximumMessageBytes: Int
    private let socket: WebSocketClient
    private var parser: WebSocketFrameParser
    private var state = State.opening(nil)

    init(maximumMessageBytes: Int, socket: WebSocketClient) {
        self.maximumMessageBytes = maximumMessageBytes
        self.socket = socket
        parser = WebSocketFrameParser(of: .server, maximumMessageBytes: maximumMessageBytes)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch state {
        case .opening(let kept): state = .opening(Self.joined(kept, bytes))
        case .idle: take(bytes)
        case .busy(let kept): state = .busy(Self.joined(kept, bytes))
        case .ending, .ended: break
        }
    }

    /// The socket is open.
    func begin() {
        guard case .opening(let kept) = state else { return }
        state = .idle
        if let kept { take(kept) }
    }

    private static func joined(_ kept: ByteBuffer?, _ bytes: ByteBuffer) -> ByteBuffer {
        guard var kept else { return bytes }
        kept.writeImmutableBuffer(bytes)
        return kept
    }

    private func take(_ bytes: ByteBuffer) {
        state = .busy(nil)
        var next: ByteBuffer? = bytes
        while let bytes = next {
            socket.heardFromPeer()
            bytes.withUnsafeReadableBytes { bytes in
                var rest = bytes
                while receive(parser.next(&rest)) {}
            }
            next = takeKept()
        }
        guard case .ending = state else { return state = .idle }
        state = .ended
        socket.channelEnded()
    }

    /// What came while a message was in work.
    private func takeKept() -> ByteBuffer? {
        switch state {
        case .busy(let kept):
            state = .busy(nil)
            return kept
        case .ending(let kept):
            state = .ending(nil)
            return kept
        case .opening, .idle, .ended: return nil
        }
    }

    /// - Returns: false when there is no more input.
    private func receive(_ event: WebSocketFrameParser.Event) -> Bool {
        switch event {
        case .needsMore: return false
        case .text(let message): socket.received(message, isText: true)
        case .binary(let message): socket.received(message, isText: false)
        case .ping(let payload): socket.receivedPing(payload)
        case .pong: break
        case .close(let code, let reason):
            socket.receivedClose(
                code: code == 1005 ? nil : code, reason: String(decoding: reason, as: UTF8.self))
        case .violation(code: 1009, _): socket.violated(.tooLarge(maximumMessageBytes), code: 1009)
        case .violation(let code, let reason): socket.violated(.malformed("\(reason)"), code: code)
        }
        return true
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if socket.isOpen, context.channel.isWritable { socket.drain(context.channel, force: false) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as TLSError where error.kind != .truncated: socket.fail(.tls(error))
        case is TLSError, is IOError: break  // channelInactive follows
        default: socket.fail(.malformed("\(error)"))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .busy(let kept) = state {
            state = .ending(kept)
        } else {
            state = .ended
            socket.channelEnded()
        }
        context.fireChannelInactive()
    }
}
