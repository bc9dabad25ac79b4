package import NIOCore

/// What the server does with one open WebSocket. All calls come on the connection's loop.
package protocol ServerWebSocketPeer: AnyObject {
    /// The handshake is done; from now on messages arrive and may be sent.
    func opened(_ socket: ServerWebSocket)
    /// A whole text message. Borrowed until return. Not checked to be UTF-8.
    func received(text: UnsafeRawBufferPointer)
    func received(binary: UnsafeRawBufferPointer)
    /// The bytes that arrived together have been handed over.
    func receivedAll()
    /// The connection is gone, for this reason; called exactly once, and nothing is called after it.
    func closed(_ reason: String)
}

extension ServerWebSocketPeer {
    package func receivedAll() {}
}

/// The server's end of one WebSocket: a channel handler that reads frames, answers pings, closes as RFC 6455 wants it,
/// and collects outgoing messages into one write per `flush`.
///
///     opened > received* > (close | peer's close | violation | dead peer | stop) > closed
///
/// The peer is never called inside a call of this type: what a write that fails still reads nobody can answer any more,
/// and the end is told on the loop's next turn (`ServerOutput`).
///
/// - Important: Confined to the connection's loop.
package final class ServerWebSocket: ChannelInboundHandler, RoundReader {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private enum State {
        case idle
        case open(ChannelHandlerContext)
        /// A close frame is sent: input is thrown away until the peer closes too, the deadline or the byte limit.
        case closing(ChannelHandlerContext, reason: String, discarded: Int)
        case closed
    }

    private let limits: ServerLimits
    private let counters: ServerCounters
    private let peer: any ServerWebSocketPeer
    private var parser: WebSocketFrameParser
    private var state = State.idle
    private let output: ServerOutput
    private var input: ServerInput
    private var liveness = ServerPeerLiveness()
    private var pingTask: RepeatedTask?
    private var closeTask: Scheduled<Void>?
    /// Runs until the first message.
    private var silenceTask: Scheduled<Void>?

    init(_ site: ServerSite, peer: any ServerWebSocketPeer, allocator: ByteBufferAllocator) {
        limits = site.limits
        counters = site.counters
        input = ServerInput(site.rounds)
        self.peer = peer
        parser = WebSocketFrameParser(of: .client, maximumMessageBytes: limits.webSocketMessageBytes)
        output = ServerOutput(allocator: allocator, mostStalled: limits.webSocketStalledBytes)
    }

    // MARK: Sending

    /// Whether messages may still be sent.
    package var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Collects one text message until the next `flush`. Does nothing once the socket closes.
    package func send(text message: UnsafeRawBufferPointer) { collect(message, opcode: 0x1) }

    /// Collects one binary message, as `send(text:)` does.
    package func send(binary message: UnsafeRawBufferPointer) { collect(message, opcode: 0x2) }

    private func collect(_ message: UnsafeRawBufferPointer, opcode: UInt8) {
        guard case .open = state else { return }
        writeFrameHeader(opcode: opcode, count: message.count)
        // A quarter of the instructions of `writeBytes`.
        output.bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: message.count) { free in
            free.copyMemory(from: message)
            return message.count
        }
    }

    /// Writes out what `send` collected.
    package func flush() {
        switch state {
        case .idle, .closed: break
        case .open(let context), .closing(let context, _, _):
            output.flush(to: context) {
                counters.note(.slowReader)
                abort("the client does not read")
            }
        }
    }

    /// Sends what is collected and a close frame, then waits for the peer's for a moment.
    ///
    /// - Parameters:
    ///   - code: RFC 6455 section 7.4.1.
    ///   - reason: At most 123 bytes are sent.
    package func close(code: UInt16, reason: String) {
        guard case .open(let context) = state else { return }
        gather(messages: 1, of: 0)
        writeCloseFrame(code: code, reason: reason)
        state = .closing(context, reason: "closed with \(code): \(reason)", discarded: 0)
        flush()
        stopPings()
        let deadline = NIOLoopBound(self, eventLoop: context.eventLoop)
        closeTask = context.eventLoop.scheduleTask(in: limits.webSocketCloseTimeout) { deadline.value.finish() }
        // A half close lets a peer that is still sending see the end without a reset that could swallow the close
        // frame.
        context.close(mode: .output, promise: nil)
    }

    private func writeFrameHeader(opcode: UInt8, count: Int) {
        output.bytes.writeInteger(0x80 | opcode)
        switch count {
        case 0...125: output.bytes.writeInteger(UInt8(count))
        case 126...0xFFFF:
            output.bytes.writeInteger(UInt8(126))
            output.bytes.writeInteger(UInt16(count))
        default:
            output.bytes.writeInteger(UInt8(127))
            output.bytes.writeInteger(UInt64(count))
        }
    }

    private func writeCloseFrame(code: UInt16, reason: String) {
        var end = reason.utf8.startIndex
        var count = 0
        for character in reason {
            let bytes = character.utf8.count
            guard count + bytes <= 123 else { break }
            count += bytes
            end = reason.utf8.index(end, offsetBy: bytes)
        }
        writeFrameHeader(opcode: 0x8, count: 2 + count)
        output.bytes.writeInteger(code)
        output.bytes.writeSubstring(reason[..<end])
    }

    // MARK: Pace of reading

    /// Lets input wait in the socket until so many messages are there or the connection ends: the system then wakes this
    /// loop once for all of them.
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

    // MARK: Lifetime

    package func handlerAdded(context: ChannelHandlerContext) {
        guard case .idle = state else { return }
        guard context.channel.isActive else { return finish("the connection broke during the handshake") }
        state = .open(context)
        output.open(context.channel)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        pingTask = context.eventLoop.scheduleRepeatedTask(
            initialDelay: limits.webSocketPingInterval, delay: limits.webSocketPingInterval
        ) { _ in bound.value.pingDue() }
        silenceTask = context.eventLoop.scheduleTask(in: limits.firstMessageTimeout) { bound.value.stayedSilent() }
        peer.opened(self)
    }

    private func stayedSilent() {
        guard isOpen else { return }
        counters.note(.silent)
        close(code: 1008, reason: "no message came")
    }

    private func firstMessageCame() {
        silenceTask?.cancel()
        silenceTask = nil
    }

    package func handlerRemoved(context: ChannelHandlerContext) { finish("the connection is gone") }

    package func channelInactive(context: ChannelHandlerContext) {
        finish("the client closed the connection without a close frame")
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Told again as the end of the connection, which it is.
        if let error = error as? TLSError, error.kind == .truncated { return }
        abort("the connection failed: \(error)")
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ServerStopEvent {
            close(code: 1001, reason: "the server stops")
        } else if let event = event as? ChannelEvent, event == .inputClosed {
            abort("the client closed its side")
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { output.becameWritable() }
        context.fireChannelWritabilityChanged()
    }

    private func pingDue() {
        switch liveness.intervalPassed() {
        case .ping:
            guard case .open = state else { return }
            writeFrameHeader(opcode: 0x9, count: 0)
            flush()
        case .giveUp:
            counters.note(.silent)
            abort("the client has been silent and did not answer a ping")
        }
    }

    /// Sends no pings any more: for peers that do not stand them. A dead peer is then found by TCP alone.
    package func stopPings() {
        pingTask?.cancel()
        pingTask = nil
    }

    /// Closes the connection at once, without a close frame.
    private func abort(_ reason: String) { finish(reason) }

    private func finish(_ reason: String? = nil) {
        let told: String
        let open: ChannelHandlerContext?
        switch state {
        case .closed: return
        case .idle: (told, open) = (reason ?? "the connection is gone", nil)
        case .open(let context): (told, open) = (reason ?? "the connection is gone", context)
        case .closing(let context, let first, _): (told, open) = (first, context)
        }
        // First, because closing may call back.
        state = .closed
        stopPings()
        closeTask?.cancel()
        closeTask = nil
        firstMessageCame()
        if let open { input.end(on: open.eventLoop) }
        open?.close(promise: nil)
        guard let open else { return peer.closed(told) }
        output.afterWriting(on: open.eventLoop) { [peer] in peer.closed(told) }
    }

    // MARK: Receiving

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) { read(Self.unwrapInboundIn(data)) }

    func read(_ buffer: ByteBuffer) {
        guard !output.isWriting else { return }
        liveness.heard()
        switch state {
        case .idle, .closed: break
        case .closing(let context, let reason, let discarded):
            let total = discarded + buffer.readableBytes
            state = .closing(context, reason: reason, discarded: total)
            // A peer that answers our close needs a few bytes for it; one that pours on is cut off.
            if total > limits.webSocketDiscardedBytes || discardUntilClose(buffer) { finish() }
        case .open:
            buffer.withUnsafeReadableBytes { bytes in
                var rest = bytes
                while isOpen, handle(parser.next(&rest)) {}
            }
            if isOpen { peer.receivedAll() }
        }
    }

    /// Whether the peer's answer to our close frame has come. After a violation the parser takes nothing: the deadline
    /// or the peer's end of the connection decides then.
    private func discardUntilClose(_ buffer: ByteBuffer) -> Bool {
        buffer.withUnsafeReadableBytes { bytes in
            var rest = bytes
            while true {
                switch parser.next(&rest) {
                case .needsMore: return false
                case .close: return true
                case .text, .binary, .ping, .pong, .violation: continue
                }
            }
        }
    }

    /// Acts on one event; false when there is no more input.
    private func handle(_ event: WebSocketFrameParser.Event) -> Bool {
        switch event {
        case .needsMore: return false
        case .text(let message):
            firstMessageCame()
            peer.received(text: message)
        case .binary(let message):
            firstMessageCame()
            peer.received(binary: message)
        case .pong: break
        case .ping(let payload):
            writeFrameHeader(opcode: 0xA, count: payload.count)
            output.bytes.writeBytes(payload)
            flush()
        case .close(let code, _):
            guard case .open(let context) = state else { return false }
            // The echo completes the handshake; then it is the server that closes the connection (section 7.1.1).
            writeCloseFrame(code: code == 1005 ? 1000 : code, reason: "")
            flush()
            state = .closing(context, reason: "the client closed with \(code)", discarded: 0)
            finish()
        case .violation(let code, let reason):
            counters.note(.violation)
            close(code: code, reason: "\(reason)")
        }
        return true
    }
}

/// Whether a WebSocket's peer still lives, judged once per ping interval. Pure.
struct ServerPeerLiveness {
    enum Verdict: Equatable { case ping, giveUp }

    private enum State {
        case heardSincePing
        case silentSincePing
        case fresh
    }

    private var state = State.fresh

    /// Something arrived, whatever it was.
    mutating func heard() { state = .heardSincePing }

    /// An interval has passed. A peer that has sent nothing, not even the pong, since the last ping is given up.
    mutating func intervalPassed() -> Verdict {
        switch state {
        case .fresh, .heardSincePing:
            state = .silentSincePing
            return .ping
        case .silentSincePing: return .giveUp
        }
    }
}
