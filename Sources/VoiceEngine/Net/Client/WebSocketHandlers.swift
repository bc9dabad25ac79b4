internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

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
            // The HTTP decoder leaves on the next turn of the loop. Until then it watches what is
            // written and knows requests
            // only, so nothing may be sent; as it leaves it hands on what it has read beyond the header,
            // which the frames'
            // decoder behind it takes and `messages` keeps until the socket is open.
            let frames = WebSocketFrameDecoder(maxFrameSize: maximumMessageBytes)
            let messages = WebSocketMessages(maximumMessageBytes: maximumMessageBytes, socket: socket)
            try pipeline.addHandler(ByteToMessageHandler(frames), position: .after(decoder))
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

/// Puts the frames of a server together to messages and obeys its control frames.
final class WebSocketMessages: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let maximumMessageBytes: Int
    private let socket: WebSocketClient
    /// The message whose fragments are coming.
    private var partial: (bytes: ByteBuffer, isText: Bool)?
    /// Frames that came with the answer to the upgrade; nil once the socket is open.
    private var early: [WebSocketFrame]? = []

    init(maximumMessageBytes: Int, socket: WebSocketClient) {
        self.maximumMessageBytes = maximumMessageBytes
        self.socket = socket
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if early != nil {
            early?.append(frame)
        } else {
            receive(frame)
        }
    }

    /// The socket is open.
    func begin() {
        let frames = early ?? []
        early = nil
        frames.forEach(receive)
    }

    private func receive(_ frame: WebSocketFrame) {
        socket.heardFromPeer()
        guard frame.maskKey == nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return socket.violated(.malformed("a frame with a mask or with reserved bits"), code: 1002)
        }
        switch frame.opcode {
        case .text, .binary:
            guard partial == nil else { return socket.violated(.malformed("a message inside another"), code: 1002) }
            if frame.fin { return socket.received(frame.data, isText: frame.opcode == .text) }
            partial = (frame.data, frame.opcode == .text)
        case .continuation:
            guard var message = partial else {
                return socket.violated(.malformed("a fragment without a beginning"), code: 1002)
            }
            partial = nil
            guard message.bytes.readableBytes + frame.data.readableBytes <= maximumMessageBytes else {
                return socket.violated(.tooLarge(maximumMessageBytes), code: 1009)
            }
            message.bytes.writeImmutableBuffer(frame.data)
            if frame.fin { socket.received(message.bytes, isText: message.isText) } else { partial = message }
        case .ping: socket.receivedPing(frame.data)
        case .pong: break
        case .connectionClose: close(frame.data)
        default: socket.violated(.malformed("a frame of an unknown kind"), code: 1002)
        }
    }

    private func close(_ payload: ByteBuffer) {
        var payload = payload
        guard let code = payload.readInteger(as: UInt16.self) else {
            return socket.receivedClose(code: nil, reason: "")
        }
        socket.receivedClose(
            code: WebSocketFraming.isValidCloseCode(code) ? code : 1002,
            reason: String(decoding: payload.readableBytesView, as: UTF8.self))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if socket.isOpen, context.channel.isWritable { socket.drain(context.channel, force: false) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as TLSError where error.kind != .truncated: socket.fail(.tls(error))
        case is TLSError, is IOError: break  // channelInactive follows
        case NIOWebSocketError.invalidFrameLength:
            socket.violated(.tooLarge(maximumMessageBytes), code: 1009)
        default: socket.violated(.malformed("\(error)"), code: 1002)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        socket.channelEnded()
        context.fireChannelInactive()
    }
}
