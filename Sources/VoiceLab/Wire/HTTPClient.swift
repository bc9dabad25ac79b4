import NIOCore
import NIOPosix

/// One HTTP request on a connection of its own.
final class HTTPClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private var parser = HTTPParser()
    private var received = ByteBuffer()
    private var promise: EventLoopPromise<HTTPMessage>?

    private init(request: ByteBuffer, promise: EventLoopPromise<HTTPMessage>) {
        self.request = request
        self.promise = promise
    }

    /// Sends the request and returns the whole answer, or fails after `timeout`.
    static func send(
        method: String, endpoint: Endpoint, headers: [(String, String)] = [], body: [UInt8] = [],
        timeout: TimeAmount = .seconds(15), trust: LabTLSContext? = nil, on loop: any EventLoop
    ) async throws -> HTTPMessage {
        var head = "\(method) \(endpoint.target) HTTP/1.1\r\nHost: \(endpoint.authority)\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" { head += "Content-Length: \(body.count)\r\n" }
        let request = ByteBuffer(bytes: Array((head + "\r\n").utf8) + body)
        let promise = loop.makePromise(of: HTTPMessage.self)
        let expiry = loop.scheduleTask(in: timeout) {
            promise.fail(
                WireViolation("\(endpoint.authority) did not answer within \(timeout.nanoseconds / 1_000_000) ms"))
        }
        promise.futureResult.whenComplete { _ in expiry.cancel() }
        let connecting = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers(endpoint.handlers(trust: trust))
                    try pipeline.addHandler(HTTPClient(request: request, promise: promise))
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
        connecting.whenFailure { promise.fail(WireViolation("cannot connect to \(endpoint.authority): \($0)")) }
        promise.futureResult.whenComplete { _ in connecting.whenSuccess { $0.close(promise: nil) } }
        return try await promise.futureResult.get()
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        do {
            if let answer = try parser.next(from: &received) { promise?.succeed(answer) }
        } catch {
            promise?.fail(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise?.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise?.fail(WireViolation("the connection ended before the answer was complete"))
    }
}
