internal import NIOCore

/// Fired into the pipeline once a proxy has made the tunnel to a server that is spoken to without TLS.
struct TunnelOpened {}

/// Asks a proxy for a tunnel by CONNECT; once it is there, starts TLS with the server in it and leaves the pipeline.
///
/// Its failures are one `errorCaught` with a `NetworkError` that names the proxy, never its credentials. How long it may
/// take is the connector's deadline.
///
///     active (or TLS with the proxy) > CONNECT > "200" > TLS with the server, or TunnelOpened
final class ProxyTunnel: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Not connected to the proxy yet.
        case idle
        case asked(ByteBuffer)
        case done
    }

    /// [bytes] An answer to CONNECT is a line and a few fields.
    private static let maximumHeadBytes = 16 << 10

    private let proxy: Proxy
    private let origin: Origin
    /// For the server behind the tunnel; nil for one without TLS.
    private let tls: TLSContext?
    private var state = State.idle

    init(_ proxy: Proxy, to origin: Origin, tls: TLSContext?) {
        self.proxy = proxy
        self.origin = origin
        self.tls = tls
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if !proxy.origin.isSecure { ask(context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // TLS with the proxy is not what the rest of the pipeline waits for.
        if event is TLSEstablished { return ask(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func ask(_ context: ChannelHandlerContext) {
        guard case .idle = state else { return }
        state = .asked(ByteBuffer())
        let target = "\(origin)"
        var text = "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n"
        if let authorization = proxy.authorization { text += "Proxy-Authorization: \(authorization)\r\n" }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .asked(var received) = state else { return context.fireChannelRead(data) }
        received.writeImmutableBuffer(unwrapInboundIn(data))
        guard let end = Self.end(ofHeadIn: received.readableBytesView) else {
            guard received.readableBytes <= Self.maximumHeadBytes else {
                return fail(context, .malformed("the proxy \(proxy) answered CONNECT with a head that has no end"))
            }
            state = .asked(received)
            return
        }
        let head = String(decoding: received.readableBytesView[..<end], as: UTF8.self)
        received.moveReaderIndex(to: end)
        let words = head.prefix { $0 != "\r\n" && $0 != "\n" }.split(separator: " ")
        guard let version = words.first, version.hasPrefix("HTTP/1."), words.count > 1, let status = Int(words[1])
        else {
            return fail(context, .malformed("the proxy \(proxy) did not answer CONNECT as an HTTP proxy does"))
        }
        guard (200..<300).contains(status) else { return fail(context, Self.refusal(status, by: proxy, origin)) }
        open(context, received)
    }

    private func open(_ context: ChannelHandlerContext, _ rest: ByteBuffer) {
        state = .done
        let pipeline = context.pipeline.syncOperations
        do {
            // Added to a live channel, it begins its handshake at once.
            if let tls {
                let handler = TLSHandler(tls, host: origin.host, port: origin.port)
                try pipeline.addHandler(handler, position: .after(self))
            } else {
                context.fireUserInboundEventTriggered(TunnelOpened())
            }
        } catch {
            return fail(context, .closedBeforeAnswer)
        }
        if rest.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(rest))
            context.fireChannelReadComplete()
        }
        pipeline.removeHandler(context: context, promise: nil)
    }

    /// Where the empty line ends, as an index of the view.
    private static func end(ofHeadIn view: ByteBufferView) -> Int? {
        var newlines = 0
        for index in view.indices {
            switch view[index] {
            case 0x0A: newlines += 1
            case 0x0D: break
            default: newlines = 0
            }
            if newlines == 2 { return index + 1 }
        }
        return nil
    }

    /// What the status of a proxy's own answer means.
    static func refusal(_ status: Int, by proxy: Proxy, _ origin: Origin) -> NetworkError {
        switch status {
        case 407 where proxy.authorization == nil:
            .badRequest(
                "the proxy \(proxy) asks for a user name and a password (407): put them into its address, as in "
                    + "http://user:password@\(proxy)")
        case 407:
            .badRequest("the proxy \(proxy) does not accept the user name and the password in its address (407)")
        case 400..<500 where status != 408 && status != 429:
            .badRequest(
                "the proxy \(proxy) refuses to connect to \(origin) (\(status)): allow it there, or name the host in "
                    + "no_proxy")
        case 300..<400: .malformed("the proxy \(proxy) answered CONNECT with \(status)")
        default: .unreachable("the proxy \(proxy) cannot connect to \(origin) (\(status))")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch state {
        case .idle, .asked:
            state = .done
            context.fireErrorCaught(
                NetworkError.unreachable("the proxy \(proxy) closed the connection before it answered CONNECT"))
        case .done: break
        }
        context.fireChannelInactive()
    }

    private func fail(_ context: ChannelHandlerContext, _ error: NetworkError) {
        state = .done
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }
}
