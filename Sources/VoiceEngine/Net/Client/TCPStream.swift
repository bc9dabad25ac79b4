package import NIOCore

/// One plain byte stream to a server, for protocols that are neither HTTP nor WebSocket.
///
/// Reports `open` once, then bytes, then exactly one of `closed` and `failed`. What is sent before the stream is open,
/// or while the network takes no more, waits in order up to `maximumQueuedBytes`; beyond that `send` refuses.
///
/// - Important: Confined to the loop it was made on.
package final class TCPStream {
    package enum Event: Sendable {
        case open
        case bytes(ByteBuffer)
        /// The server ended the stream.
        case closed
        case failed(NetworkError)
    }

    private enum State {
        case connecting
        case open(any Channel)
        case closed
    }

    private let origin: Origin
    private let network: NetworkClient
    private let eventLoop: any EventLoop
    private var sink: ((Event) -> Void)?
    private var state = State.connecting
    private var queue = CircularBuffer<ByteBuffer>()
    /// [bytes] that wait here.
    package private(set) var queuedBytes = 0
    private var holdsReads = false

    init(_ origin: Origin, network: NetworkClient, eventLoop: any EventLoop, sink: @escaping (Event) -> Void) {
        self.origin = origin
        self.network = network
        self.eventLoop = eventLoop
        self.sink = sink
    }

    package var isOpen: Bool { if case .open = state { true } else { false } }

    func start(timeout: TimeAmount) {
        network.count { $0.streams += 1 }
        let future = Connector.open(origin, network: network, on: eventLoop, timeout: timeout) { channel in
            try channel.pipeline.syncOperations.addHandler(TCPStreamHandler())
        }
        future.assumeIsolated().whenComplete { result in
            guard case .connecting = self.state else {
                if case .success(let channel) = result { channel.close(promise: nil) }
                return
            }
            switch result {
            case .success(let channel): self.opened(channel)
            case .failure(let error): self.fail(error as? NetworkError ?? .unreachable("\(error)"))
            }
        }
    }

    /// - Returns: false when the bytes were not taken: the stream is closed or the queue is full.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        switch state {
        case .closed: return false
        case .connecting: return enqueue(bytes)
        case .open(let channel):
            guard channel.isWritable, queue.isEmpty else { return enqueue(bytes) }
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
            return true
        }
    }

    /// While true no more is read from the network than is on its way already.
    package func holdReads(_ hold: Bool) {
        guard hold != holdsReads else { return }
        holdsReads = hold
        if case .open(let channel) = state { try? channel.syncOptions?.setOption(.autoRead, value: !hold) }
    }

    /// Drops the connection at once. The sink is not called again.
    package func abort() {
        sink = nil
        let last = state
        finish()
        if case .open(let channel) = last { channel.close(promise: nil) }
    }

    // MARK: -

    private func opened(_ channel: any Channel) {
        guard let handler = try? channel.pipeline.syncOperations.handler(type: TCPStreamHandler.self) else {
            channel.close(promise: nil)
            return fail(.closedBeforeAnswer)
        }
        state = .open(channel)
        if holdsReads { try? channel.syncOptions?.setOption(.autoRead, value: false) }
        sink?(.open)
        drain(channel)
        handler.begin(self)
    }

    private func enqueue(_ bytes: [UInt8]) -> Bool {
        guard queuedBytes + bytes.count <= network.configuration.maximumQueuedBytes else { return false }
        queuedBytes += bytes.count
        queue.append(ByteBuffer(bytes: bytes))
        return true
    }

    fileprivate func drain(_ channel: any Channel) {
        guard case .open = state else { return }
        var wrote = false
        while channel.isWritable, let first = queue.popFirst() {
            queuedBytes -= first.readableBytes
            channel.write(first, promise: nil)
            wrote = true
        }
        if wrote { channel.flush() }
    }

    fileprivate func received(_ bytes: ByteBuffer) {
        if case .open = state { sink?(.bytes(bytes)) }
    }

    fileprivate func channelEnded() {
        guard finish() else { return }
        let sink = sink
        self.sink = nil
        sink?(.closed)
    }

    /// Reports later: the failure may happen inside the call that opens the stream.
    private func fail(_ error: NetworkError) {
        guard finish() else { return }
        eventLoop.assumeIsolated().execute {
            let sink = self.sink
            self.sink = nil
            sink?(.failed(error))
        }
    }

    @discardableResult
    private func finish() -> Bool {
        if case .closed = state { return false }
        state = .closed
        queue = CircularBuffer()
        queuedBytes = 0
        network.count { $0.streams -= 1 }
        return true
    }
}

/// Hands what comes to its stream; keeps what comes before the stream knows that it is open.
private final class TCPStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var stream: TCPStream?
    private var early: [ByteBuffer] = []
    private var hasEnded = false

    func begin(_ stream: TCPStream) {
        self.stream = stream
        let bytes = early
        early = []
        bytes.forEach(stream.received)
        if hasEnded { end() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if let stream { stream.received(bytes) } else { early.append(bytes) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { stream?.drain(context.channel) }
        context.fireChannelWritabilityChanged()
    }

    /// A reset is an end like any other.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        end()
        context.fireChannelInactive()
    }

    private func end() {
        let stream = stream
        self.stream = nil
        stream?.channelEnded()
    }
}
