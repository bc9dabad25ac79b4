package import NIOCore

/// What the server does with one plain TCP connection. All calls come on the connection's loop.
package protocol ServerBytePeer: AnyObject {
    /// The connection is there; from now on bytes arrive and may be sent.
    func opened(_ stream: ServerByteStream)
    /// Bytes as they arrived, in any split. Borrowed until return.
    func received(_ bytes: UnsafeRawBufferPointer)
    /// The connection is gone, for this reason; called exactly once, and nothing is called after it.
    func closed(_ reason: String)
}

/// The server's end of one plain TCP connection: hands over what arrives, and collects outgoing bytes into one write per
/// `flush`.
///
///     opened > received* > (close | the client's close | a stalled client | stop) > closed
///
/// The peer is never called inside a call of this type: what a write that fails still reads nobody can answer any more,
/// and the end is told on the loop's next turn (`ServerOutput`).
///
/// - Important: Confined to the connection's loop.
package final class ServerByteStream: ChannelInboundHandler, RoundReader {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private enum State {
        case idle
        case open(ChannelHandlerContext)
        /// Our side is closed: input is thrown away until the client closes too, or the deadline.
        case closing(ChannelHandlerContext, reason: String)
        case closed
    }

    private let limits: ServerLimits
    private let peer: any ServerBytePeer
    private var state = State.idle
    private let output: ServerOutput
    private var input: ServerInput
    private var closeTask: Scheduled<Void>?
    private let waited: (any Channel) -> Void

    init(
        limits: ServerLimits, peer: any ServerBytePeer, allocator: ByteBufferAllocator, rounds: LoopReadRounds?,
        waited: @escaping (any Channel) -> Void
    ) {
        self.limits = limits
        input = ServerInput(rounds)
        self.waited = waited
        self.peer = peer
        output = ServerOutput(allocator: allocator, mostStalled: limits.byteStreamStalledBytes)
    }

    // MARK: Sending

    /// Whether bytes may still be sent.
    package var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// The client is known: its connection no longer counts among those that only hold a place.
    package func endWaiting() {
        if case .open(let context) = state { waited(context.channel) }
    }

    /// Collects what `write` appends until the next `flush`. Does nothing once the stream closes.
    package func send(_ write: (inout ByteBuffer) -> Void) {
        guard case .open = state else { return }
        write(&output.bytes)
    }

    /// Writes out what `send` collected.
    package func flush() {
        guard case .open(let context) = state else { return }
        output.flush(to: context) { finish("the client does not read") }
    }

    /// Lets input wait in the socket until so many messages are there or the connection ends.
    ///
    /// - Parameters:
    ///   - messages: Less than two: everything is read as it comes, what waited included.
    ///   - size: [bytes] Of each, about.
    package func gather(messages: Int, of size: Int) {
        if case .open(let context) = state { input.gather(messages: messages, of: size, on: context.channel) }
    }

    /// From now on input may come up to 5 ms later, together with that of other calls.
    package func readInRounds() {
        if case .open(let context) = state { input.readInRounds(context.channel, for: self) }
    }

    /// Sends what is collected and closes our side; the client has a moment to close its own.
    package func close(reason: String) {
        flush()
        guard case .open(let context) = state else { return }
        state = .closing(context, reason: reason)
        let deadline = NIOLoopBound(self, eventLoop: context.eventLoop)
        closeTask = context.eventLoop.scheduleTask(in: limits.byteStreamCloseTimeout) { deadline.value.finish(reason) }
        // Closed at once, a client that is still sending would get a reset that can swallow what was sent last.
        context.close(mode: .output, promise: nil)
    }

    // MARK: Lifetime

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { open(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        open(context)
        context.fireChannelActive()
    }

    private func open(_ context: ChannelHandlerContext) {
        guard case .idle = state else { return }
        state = .open(context)
        output.open(context.channel)
        peer.opened(self)
    }

    package func handlerRemoved(context: ChannelHandlerContext) { finish("the connection is gone") }

    package func channelInactive(context: ChannelHandlerContext) {
        finish("the client closed the connection")
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish("the connection failed: \(error)")
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ServerStopEvent { close(reason: "the server stops") }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { output.becameWritable() }
        context.fireChannelWritabilityChanged()
    }

    /// Ends the connection. Once; what the first caller of `close` said is told.
    private func finish(_ reason: String) {
        let told: String
        let open: ChannelHandlerContext?
        switch state {
        case .closed: return
        case .idle: (told, open) = (reason, nil)
        case .open(let context): (told, open) = (reason, context)
        case .closing(let context, let first): (told, open) = (first, context)
        }
        // First, because closing may call back.
        state = .closed
        closeTask?.cancel()
        closeTask = nil
        if let open { input.end(on: open.eventLoop) }
        open?.close(promise: nil)
        guard let open else { return peer.closed(told) }
        output.afterWriting(on: open.eventLoop) { [peer] in peer.closed(told) }
    }

    // MARK: Receiving

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) { read(Self.unwrapInboundIn(data)) }

    func read(_ bytes: ByteBuffer) {
        guard case .open = state, !output.isWriting else { return }
        bytes.withUnsafeReadableBytes { peer.received($0) }
    }
}
