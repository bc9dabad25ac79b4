import NIOCore
import NIOPosix

/// A place to connect to, taken from a ws, wss, http or https URL.
struct Endpoint: Equatable, Sendable {
    var scheme: String
    var host: String
    var port: Int
    /// Path with query, at least "/".
    var target: String

    /// Host as it belongs into a Host header.
    var authority: String { port == (isSecure ? 443 : 80) ? host : "\(host):\(port)" }
    var isSecure: Bool { scheme == "wss" || scheme == "https" }

    init?(url: String) {
        guard let colon = url.range(of: "://") else { return nil }
        scheme = url[..<colon.lowerBound].lowercased()
        guard ["ws", "wss", "http", "https"].contains(scheme) else { return nil }
        let rest = url[colon.upperBound...]
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var authority = rest[..<slash]
        target = rest[slash...].hasPrefix("/") ? String(rest[slash...]) : "/" + rest[slash...]
        if let bracket = authority.lastIndex(of: "]"), authority.hasPrefix("[") {
            host = String(authority[authority.index(after: authority.startIndex)..<bracket])
            authority = authority[authority.index(after: bracket)...]
        } else {
            host = String(authority.prefix { $0 != ":" })
            authority = authority.dropFirst(host.count)
        }
        let standard = scheme == "wss" || scheme == "https" ? 443 : 80
        guard !host.isEmpty, let number = authority.isEmpty ? standard : Int(authority.dropFirst()),
            (1...65_535).contains(number)
        else { return nil }
        port = number
    }

    /// What a connection to this place has first in its pipeline.
    ///
    /// - Parameter trust: Without one a secure scheme is spoken in plain text.
    func handlers(trust: LabTLSContext?) throws -> [any ChannelHandler] {
        guard isSecure, let trust else { return [] }
        return [try LabTLSHandler(trust, host: host)]
    }

    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

/// A WebSocket client on one channel: its own handshake, its own frames. Confined to the channel's event loop; the
/// closures run there.
final class WebSocketClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case connecting, handshake(HTTPParser), open(WebSocketParser), closed }

    /// Any constant mask will do on a test wire, see `WebSocketFrame.write`.
    private static let mask: UInt32 = 0x5A3C_96E1
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    private let endpoint: Endpoint
    private let headers: [(String, String)]
    private let trust: LabTLSContext?
    private var state = State.connecting
    private var received = ByteBuffer()
    private var out = ByteBuffer()
    private var context: ChannelHandlerContext?
    private var direct = DirectSend()
    private var patience: Scheduled<Void>?

    var onOpen: () -> Void = {}
    /// A message; pings are answered before.
    var onMessage: (WebSocketMessage) -> Void = { _ in }
    /// The connection is over; nil after a close frame or an end of stream, else what went wrong. Called once.
    var onClose: (WireViolation?) -> Void = { _ in }

    init(endpoint: Endpoint, headers: [(String, String)] = [], trust: LabTLSContext? = nil) {
        self.endpoint = endpoint
        self.headers = headers
        self.trust = trust
    }

    /// Connects on `loop`; to be called there. Failure comes through `onClose`, after 15 s at the latest.
    func connect(on loop: any EventLoop) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let (endpoint, trust) = (endpoint, trust)
        patience = loop.scheduleTask(in: .seconds(15)) { bound.value.finish(WireViolation("no answer within 15 s")) }
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers(endpoint.handlers(trust: trust))
                    try pipeline.addHandler(bound.value)
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .whenFailure { error in bound.value.finish(WireViolation("cannot connect: \(error)")) }
    }

    /// Sends one text message.
    func send(text: some Collection<UInt8>) {
        text.withContiguousStorageIfAvailable { send(opcode: WebSocketFrame.text, UnsafeRawBufferPointer($0)) }
            ?? Array(text).withUnsafeBytes { send(opcode: WebSocketFrame.text, $0) }
    }

    /// Sends a close frame; the peer ends the connection, or it is ended after a second.
    func close(code: UInt16) {
        guard case .open = state, let context else { return finish(nil) }
        [UInt8(code >> 8), UInt8(code & 255)].withUnsafeBytes { send(opcode: WebSocketFrame.close, $0) }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(1)) { bound.value.finish(nil) }
    }

    private func send(opcode: UInt8, _ payload: UnsafeRawBufferPointer) {
        guard case .open = state, let context else { return }
        out.clear()
        WebSocketFrame.write(opcode: opcode, payload: payload, mask: Self.mask, into: &out)
        direct.send(out, context)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        var request = "GET \(endpoint.target) HTTP/1.1\r\nHost: \(endpoint.authority)\r\nConnection: Upgrade\r\n"
        request += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(Self.key)\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        state = .handshake(HTTPParser())
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request + "\r\n")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            received = bytes
        } else {
            received.writeImmutableBuffer(bytes)
        }
        do {
            try consume()
        } catch let violation as WireViolation {
            finish(violation)
        } catch {
            finish(WireViolation("\(error)"))
        }
    }

    private func consume() throws {
        if case .handshake(var parser) = state {
            let answer = try parser.next(from: &received)
            state = .handshake(parser)
            guard let answer else { return }
            guard answer.status == 101 else {
                throw WireViolation("the upgrade was answered with “\(answer.startLine)”")
            }
            guard answer.header("Sec-WebSocket-Accept") == WebSocketHandshake.accept(key: Self.key) else {
                throw WireViolation("Sec-WebSocket-Accept is wrong")
            }
            state = .open(WebSocketParser(peer: .server))
            if !endpoint.isSecure || trust == nil, let context { direct = DirectSend(context) }
            patience?.cancel()
            onOpen()
        }
        while case .open(var parser) = state {
            let message = try parser.next(from: &received)
            // A handler may have closed the connection meanwhile; then the parser is not needed any more.
            state = .open(parser)
            guard let message else { return }
            switch message {
            case .ping(let payload): payload.withUnsafeReadableBytes { send(opcode: WebSocketFrame.pong, $0) }
            case .close(let code, _):
                onMessage(message)
                let echo = code.map { [UInt8($0 >> 8), UInt8($0 & 255)] } ?? []
                echo.withUnsafeBytes { send(opcode: WebSocketFrame.close, $0) }
                return finish(nil)
            case .text, .binary, .pong: onMessage(message)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) { finish(nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(WireViolation("\(error)")) }

    private func finish(_ violation: WireViolation?) {
        if case .closed = state { return }
        state = .closed
        patience?.cancel()
        context?.close(promise: nil)
        onClose(violation)
        (onOpen, onMessage, onClose) = ({}, { _ in }, { _ in })
    }
}
