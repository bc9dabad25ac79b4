import NIOCore
import NIOPosix

/// What a server of the laboratory does with a request.
protocol LabService: AnyObject {
    /// A plain request; answer through `connection`.
    func received(_ request: HTTPMessage, on connection: LabConnection)
    /// A WebSocket handshake.
    func upgrade(_ request: HTTPMessage) -> LabUpgrade
    /// A request has come: how the service wants to see it, and what is to go wrong with its answer.
    func begin(_ request: HTTPMessage) -> (HTTPMessage, [Fault])
    /// A connection begins, becomes a WebSocket or ends.
    func count(connections: Int, sockets: Int)
}

extension LabService {
    func begin(_ request: HTTPMessage) -> (HTTPMessage, [Fault]) { (request, []) }
    func count(connections: Int, sockets: Int) {}
}

/// The answer to a WebSocket handshake.
enum LabUpgrade {
    case accept(any LabSocket, headers: [(String, String)] = [])
    case refuse(status: String, headers: [(String, String)] = [], body: String = "")
}

/// The server's end of one WebSocket. All calls come on the loop of the connection.
protocol LabSocket: AnyObject {
    func opened(_ connection: LabConnection)
    func received(_ message: WebSocketMessage)
    /// The connection is over; a reason when the peer broke the protocol.
    func closed(_ violation: WireViolation?)
}

/// One accepted connection: HTTP/1.1 with keep-alive, or a WebSocket after an upgrade. Confined to its event loop.
final class LabConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case http(HTTPParser), socket(WebSocketParser, any LabSocket), closed }

    private let service: any LabService
    private let isPlain: Bool
    private var direct = DirectSend()
    private var state = State.http(HTTPParser())
    private var received = ByteBuffer()
    private var out = ByteBuffer()
    private var context: ChannelHandlerContext?
    /// nil while nothing is to go wrong.
    private var faults: FaultRun?
    /// The answer that a fault wants for the request at hand. [s] to wait.
    private var status: (code: Int, retryAfter: Int?)?
    /// Called when the peer goes away while an answer is being streamed.
    var onDisconnect: () -> Void = {}

    init(service: any LabService, isPlain: Bool) {
        self.service = service
        self.isPlain = isPlain
    }

    var eventLoop: (any EventLoop)? { context?.eventLoop }

    /// Listens on a port (0 = any free one) with every connection on `loop`; to be called there.
    static func listen(
        service: any LabService, host: String, port: Int, tls: LabTLSContext? = nil, on loop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(service, eventLoop: loop)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(LabTLSHandler(tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        LabConnection(service: bound.value, isPlain: tls == nil))
                }
            }
            .bind(host: host, port: port)
    }

    // MARK: HTTP answers

    func respond(status: String, headers: [(String, String)] = [], body: some Collection<UInt8>) {
        writeHead(status, headers + [("Content-Length", "\(body.count)")], body)
    }

    /// Begins an answer of unknown length; continue with `write(chunk:)` and `endChunks`.
    func beginChunks(status: String, headers: [(String, String)]) {
        writeHead(status, headers + [("Transfer-Encoding", "chunked")], [])
    }

    func write(chunk: some Collection<UInt8>) {
        out.clear()
        out.writeString(String(chunk.count, radix: 16) + "\r\n")
        out.writeBytes(chunk)
        out.writeString("\r\n")
        flush()
    }

    func endChunks() {
        out.clear()
        out.writeString("0\r\n\r\n")
        flush()
        onDisconnect = {}
    }

    private func writeHead(_ status: String, _ headers: [(String, String)], _ body: some Collection<UInt8>) {
        out.clear()
        out.writeString("HTTP/1.1 \(status)\r\n")
        for (name, value) in headers { out.writeString("\(name): \(value)\r\n") }
        out.writeString("\r\n")
        out.writeBytes(body)
        flush()
    }

    // MARK: WebSocket messages

    func send(text: some Collection<UInt8>) { send(WebSocketFrame.text, text) }

    func send(binary: UnsafeRawBufferPointer) {
        guard case .socket = state else { return }
        out.clear()
        WebSocketFrame.write(opcode: WebSocketFrame.binary, payload: binary, mask: nil, into: &out)
        flush()
    }

    /// Sends a close frame and ends the connection.
    func close(code: UInt16, reason: String = "") {
        send(WebSocketFrame.close, [UInt8(code >> 8), UInt8(code & 255)] + Array(reason.utf8))
        if let faults { faults.close() } else { context?.close(promise: nil) }
    }

    private func send(_ opcode: UInt8, _ payload: some Collection<UInt8>) {
        guard case .socket = state else { return }
        out.clear()
        WebSocketFrame.write(opcode: opcode, payload: payload, mask: nil, into: &out)
        flush()
    }

    private func flush() {
        if let faults { return faults.send(out) }
        if let context { direct.send(out, context) }
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        service.count(connections: 1, sockets: 0)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        faults?.cancel()
        service.count(connections: -1, sockets: 0)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            received = bytes
        } else {
            received.writeImmutableBuffer(bytes)
        }
        do {
            while try consume() {}
        } catch {
            finish(error as? WireViolation ?? WireViolation("\(error)"))
            context.close(promise: nil)
        }
    }

    /// - Returns: whether there may be more to consume.
    private func consume() throws -> Bool {
        switch state {
        case .closed: return false
        case .http(var parser):
            let request = try parser.next(from: &received)
            state = .http(parser)
            guard let request = request.map(begin) else { return false }
            if refuses(request) { return true }
            if request.header("Upgrade")?.lowercased() == "websocket" {
                upgrade(request)
            } else {
                service.received(request, on: self)
            }
            return true
        case .socket(var parser, let socket):
            let message = try parser.next(from: &received)
            if case .socket = state { state = .socket(parser, socket) }
            guard let message else { return false }
            faults?.received()
            guard case .socket = state else { return false }
            switch message {
            case .ping(let payload): send(WebSocketFrame.pong, payload.readableBytesView)
            case .close:
                socket.received(message)
                close(code: 1000)
                return false
            case .text, .binary, .pong: socket.received(message)
            }
            return true
        }
    }

    /// Takes over the faults that the service has for this request.
    private func begin(_ request: HTTPMessage) -> HTTPMessage {
        let (request, chosen) = service.begin(request)
        status =
            chosen.lazy.compactMap { if case .status(let code, let wait) = $0.kind { (code, wait) } else { nil } }
            .first
        if !chosen.isEmpty, let channel = context?.channel { faults = FaultRun(chosen, channel) } else { faults = nil }
        return request
    }

    /// Answers with the status that a fault wants, in words that every client of the laboratory reads.
    private func refuses(_ request: HTTPMessage) -> Bool {
        guard let (code, wait) = status else { return false }
        var headers = [("Content-Type", "application/json"), ("dg-error", "scripted \(code)")]
        if let wait { headers.append(("Retry-After", "\(wait)")) }
        let text =
            #"{"error":{"message":"scripted \#(code)","type":"lab","param":null,"code":"lab"},"#
            + #""err_code":"LAB","err_msg":"scripted \#(code)","request_id":"lab"}"#
        respond(status: "\(code) Scripted", headers: headers, body: Array(text.utf8))
        return true
    }

    private func upgrade(_ request: HTTPMessage) {
        guard let key = request.header("Sec-WebSocket-Key"), request.header("Sec-WebSocket-Version") == "13" else {
            return respond(
                status: "400 Bad Request", body: Array("a WebSocket handshake needs key and version 13".utf8))
        }
        switch service.upgrade(request) {
        case .refuse(let status, let headers, let body):
            respond(status: status, headers: headers, body: Array(body.utf8))
        case .accept(let socket, let headers):
            let accept = ("Sec-WebSocket-Accept", WebSocketHandshake.accept(key: key))
            writeHead(
                "101 Switching Protocols", [("Upgrade", "websocket"), ("Connection", "Upgrade"), accept] + headers, [])
            // A fault may have ended the connection in place of the answer.
            guard case .http = state else { return }
            state = .socket(WebSocketParser(peer: .client), socket)
            if isPlain, faults == nil, let context { direct = DirectSend(context) }
            service.count(connections: 0, sockets: 1)
            socket.opened(self)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { finish(nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(nil)
        context.close(promise: nil)
    }

    private func finish(_ violation: WireViolation?) {
        let last = state
        state = .closed
        if case .socket(_, let socket) = last {
            service.count(connections: 0, sockets: -1)
            socket.closed(violation)
        }
        onDisconnect()
        onDisconnect = {}
    }
}

/// The query of a request target, percent-decoded; repeated names keep every value.
struct QueryParameters {
    private var values: [String: [String]] = [:]

    init(target: String) {
        guard let mark = target.firstIndex(of: "?") else { return }
        for pair in target[target.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[Self.decoded(parts[0]), default: []].append(parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    subscript(name: String) -> String? { values[name]?.first }
    var names: [String] { values.keys.sorted() }

    static func decoded(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 32 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
