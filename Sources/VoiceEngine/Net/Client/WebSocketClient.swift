internal import NIOCore
internal import NIOHTTP1

/// One WebSocket to a server: sends at any time, whole messages in.
///
/// Reports `open` once, then messages, then exactly one of `closed` and `failed`. What is sent before the socket is
/// open, or
/// while the network takes no more, waits in order up to `maximumQueuedBytes`; beyond that `send` refuses.
///
/// The sink is never called inside a call of this type: a write that fails ends the channel, and hands on what was read
/// from it, before it returns.
///
/// - Important: Confined to the loop it was made on.
package final class WebSocketClient {
    package enum Event {
        /// The header of the server's answer.
        case open(HeaderList)
        /// A whole text message. Borrowed until return. Not checked for UTF-8: what reads it as JSON does that.
        case text(UnsafeRawBufferPointer)
        case binary(UnsafeRawBufferPointer)
        /// The server closed. The code is nil when the connection ended without a close frame.
        case closed(code: UInt16?, reason: String)
        case failed(NetworkError)
    }

    /// An event that is told later, with memory of its own.
    private enum Late {
        case message([UInt8], isText: Bool)
        case end(code: UInt16?, reason: String)
    }

    private enum State {
        case connecting
        case upgrading(any Channel)
        case open(any Channel)
        /// Our close frame is out; the server's answer is awaited for a second.
        case closing(any Channel)
        case closed
    }

    private enum Liveness { case quiet, awaitingPong }

    /// Messages that wait: not open yet, or the network is full.
    private struct Queue {
        var frames = CircularBuffer<ByteBuffer>()
        var bytes = 0

        mutating func append(_ frame: ByteBuffer) {
            bytes += frame.readableBytes
            frames.append(frame)
        }
        mutating func popFirst() -> ByteBuffer? {
            guard let frame = frames.popFirst() else { return nil }
            bytes -= frame.readableBytes
            return frame
        }
    }

    private let url: WebURL
    private let headers: HeaderList
    private let network: NetworkClient
    private let eventLoop: any EventLoop
    private var sink: ((Event) -> Void)?
    private var state = State.connecting
    private var queue = Queue()
    private var direct = DirectWriter()
    /// Frames that are to leave together; nil: each leaves at once.
    private var gathered: ByteBuffer?
    private var masks = MaskSource()
    private var timer: Scheduled<Void>?
    private var liveness = Liveness.quiet
    private var closeAfterOpening: UInt16?
    private var holdsReads = false
    /// Calls of the owner that write right now, and what came meanwhile.
    private var writes = 0
    private var late = CircularBuffer<Late>()

    init(
        _ url: WebURL, headers: HeaderList, network: NetworkClient, eventLoop: any EventLoop,
        sink: @escaping (Event) -> Void
    ) {
        self.url = url
        self.headers = headers
        self.network = network
        self.eventLoop = eventLoop
        self.sink = sink
    }

    package var isOpen: Bool { if case .open = state { true } else { false } }
    /// [bytes] of messages that wait here.
    package var queuedBytes: Int { queue.bytes }

    /// - Returns: false when the message was not taken: the socket is closed or the queue is full.
    @discardableResult
    package func send(text: [UInt8]) -> Bool { text.withUnsafeBytes { send(.text, $0) } }

    /// As `send(text:)`, for a binary message. Borrowed until return.
    @discardableResult
    package func send(binary: UnsafeRawBufferPointer) -> Bool { send(.binary, binary) }

    /// What is sent inside leaves in one piece: one system call, and one TLS record.
    package func together(_ sends: () -> Void) {
        guard gathered == nil else { return sends() }
        gathered = ByteBuffer()
        sends()
        let frames = gathered
        gathered = nil
        if let frames, frames.readableBytes > 0, let channel = Self.channel(of: state) { write(frames, channel) }
    }

    /// Says goodbye after everything that was sent, waits a second for the server's answer, then closes.
    /// `closed` is reported.
    package func close(code: UInt16 = 1000) {
        switch state {
        case .connecting, .upgrading: closeAfterOpening = code
        case .open(let channel):
            drain(channel, force: true)
            write(.close, withUnsafeBytes(of: code.bigEndian) { Array($0) }, channel)
            guard case .open = state else { return }
            state = .closing(channel)
            timer?.cancel()
            timer = eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        case .closing, .closed: break
        }
    }

    /// Drops the connection at once. The sink is not called again.
    package func abort() {
        sink = nil
        late.removeAll()
        let channel = Self.channel(of: state)
        finish()
        channel?.close(promise: nil)
    }

    private static func channel(of state: State) -> (any Channel)? {
        switch state {
        case .upgrading(let channel), .open(let channel), .closing(let channel): channel
        case .connecting, .closed: nil
        }
    }

    /// While true no more is read from the network than is on its way already.
    package func holdReads(_ hold: Bool) {
        guard hold != holdsReads else { return }
        holdsReads = hold
        if case .open(let channel) = state { try? channel.syncOptions?.setOption(.autoRead, value: !hold) }
    }

    // MARK: Opening

    func start(timeout: TimeAmount) {
        network.count { $0.webSockets += 1 }
        if let field = headers.unsendable {
            return fail(.badRequest("the header \(field) holds characters that a header cannot carry"))
        }
        let deadline = eventLoop.now + timeout
        let route: Route
        do throws(NetworkError) {
            route = try network.route(to: url.origin, isTunnel: true)
        } catch {
            return fail(error)
        }
        let future = Connector.open(url.origin, by: route, network: network, on: eventLoop, timeout: timeout) {
            channel in
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = 16 << 10
            limits.maxHeaderListSize = 64 << 10
            limits.maxHeaderFieldCount = 128
            let decoder = HTTPResponseDecoder(
                leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .drop, limitConfiguration: limits)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPRequestEncoder())
            try pipeline.addHandler(ByteToMessageHandler(decoder))
        }
        future.assumeIsolated().whenComplete { result in
            guard case .connecting = self.state else {
                if case .success(let channel) = result { channel.close(promise: nil) }
                return
            }
            switch result {
            case .success(let channel): self.upgrade(channel, deadline: deadline)
            case .failure(let error): self.fail(error as? NetworkError ?? .unreachable("\(error)"))
            }
        }
    }

    private func upgrade(_ channel: any Channel, deadline: NIODeadline) {
        state = .upgrading(channel)
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.fail(.timeout(.upgrade))
        }
        let key = WebSocketFraming.makeKey()
        let handshake = WebSocketHandshake(
            accept: WebSocketFraming.accept(for: key), maximumMessageBytes: network.configuration.maximumMessageBytes,
            socket: self)
        do {
            try channel.pipeline.syncOperations.addHandler(handshake)
        } catch {
            return fail(.closedBeforeAnswer)
        }
        var fields = HTTPHeaders()
        fields.add(name: "Host", value: url.hostHeader)
        fields.add(name: "Upgrade", value: "websocket")
        fields.add(name: "Connection", value: "Upgrade")
        fields.add(name: "Sec-WebSocket-Version", value: "13")
        fields.add(name: "Sec-WebSocket-Key", value: key)
        for field in headers.fields { fields.add(name: field.name, value: field.value) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.target, headers: fields)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    func opened(_ answer: HeaderList, _ channel: any Channel) {
        guard case .upgrading = state else { return channel.close(promise: nil) }
        timer?.cancel()
        state = .open(channel)
        direct = DirectWriter(channel)
        if holdsReads { try? channel.syncOptions?.setOption(.autoRead, value: false) }
        schedulePing()
        sink?(.open(answer))
        drain(channel, force: false)
        if let code = closeAfterOpening { close(code: code) }
    }

    // MARK: Sending

    private func send(_ opcode: WebSocketFraming.Opcode, _ payload: UnsafeRawBufferPointer) -> Bool {
        switch state {
        case .connecting, .upgrading: return enqueue(frame(opcode, payload, nil))
        case .open(let channel):
            let frame = frame(opcode, payload, channel)
            guard channel.isWritable, queue.frames.isEmpty else { return enqueue(frame) }
            write(frame, channel)
            return true
        case .closing, .closed: return false
        }
    }

    private func write(_ frame: ByteBuffer, _ channel: any Channel) {
        var frame = frame
        if let waiting = gathered?.readableBytes {
            if waiting == 0 { gathered = frame } else { gathered?.writeBuffer(&frame) }
            return
        }
        writes += 1
        if !direct.write(&frame, to: channel) { channel.writeAndFlush(frame, promise: nil) }
        writes -= 1
    }

    private func frame(
        _ opcode: WebSocketFraming.Opcode, _ payload: UnsafeRawBufferPointer, _ channel: (any Channel)?
    ) -> ByteBuffer {
        let allocator = channel?.allocator ?? ByteBufferAllocator()
        var frame = allocator.buffer(capacity: payload.count + WebSocketFraming.maximumHeaderBytes)
        WebSocketFraming.append(opcode, payload, mask: masks.next(), to: &frame)
        return frame
    }

    private func enqueue(_ frame: ByteBuffer) -> Bool {
        guard queue.bytes + frame.readableBytes <= network.configuration.maximumQueuedBytes else { return false }
        queue.append(frame)
        return true
    }

    func drain(_ channel: any Channel, force: Bool) {
        while force || channel.isWritable, let frame = queue.popFirst() { write(frame, channel) }
    }

    private func write(_ opcode: WebSocketFraming.Opcode, _ payload: [UInt8], _ channel: any Channel) {
        write(payload.withUnsafeBytes { frame(opcode, $0, channel) }, channel)
    }

    // MARK: Receiving

    /// - Parameter message: Borrowed until return.
    func received(_ message: UnsafeRawBufferPointer, isText: Bool) {
        switch state {
        case .open, .closing:
            if tellsLater {
                postpone(.message(Array(message), isText: isText))
            } else {
                sink?(isText ? .text(message) : .binary(message))
            }
        case .connecting, .upgrading, .closed: break
        }
    }

    func receivedPing(_ payload: UnsafeRawBufferPointer) {
        // Control frames carry at most 125 bytes; when the network is full the peer has no use for a pong.
        if case .open(let channel) = state, channel.isWritable { write(.pong, Array(payload), channel) }
    }

    func receivedClose(code: UInt16?, reason: String) {
        let last = state
        if case .open(let channel) = last {
            write(.close, code.map { code in withUnsafeBytes(of: code.bigEndian) { Array($0) } } ?? [], channel)
        }
        end(code: code, reason: reason)
        Self.channel(of: last)?.close(promise: nil)
    }

    /// The peer broke the protocol: told so by a close frame, then dropped.
    func violated(_ error: NetworkError, code: UInt16) {
        if case .open(let channel) = state { write(.close, withUnsafeBytes(of: code.bigEndian) { Array($0) }, channel) }
        fail(error)
    }

    func channelEnded() {
        switch state {
        case .connecting, .upgrading: fail(.closedBeforeAnswer)
        case .open, .closing: end(code: nil, reason: "")
        case .closed: break
        }
    }

    // MARK: Liveness

    private func schedulePing() {
        timer?.cancel()
        liveness = .quiet
        timer = eventLoop.assumeIsolated().scheduleTask(in: network.configuration.pingInterval) {
            guard case .open(let channel) = self.state else { return }
            self.write(.ping, [], channel)
            self.liveness = .awaitingPong
            self.timer = self.eventLoop.assumeIsolated().scheduleTask(in: self.network.configuration.pongTimeout) {
                // Who does not read cannot see a pong.
                guard !self.holdsReads else { return self.schedulePing() }
                self.fail(.timeout(.pong))
            }
        }
    }

    /// Anything that arrives after a ping answers it.
    func heardFromPeer() {
        if case .open = state, liveness == .awaitingPong { schedulePing() }
    }

    // MARK: Ending

    func fail(_ error: NetworkError) {
        // First the state, then the channel: closing reports the end of the channel, here or on the next
        // turn of the loop.
        let channel = Self.channel(of: state)
        guard finish() else { return }
        channel?.close(promise: nil)
        eventLoop.assumeIsolated().execute {
            let sink = self.sink
            self.sink = nil
            sink?(.failed(error))
        }
    }

    private func end(code: UInt16?, reason: String) {
        guard finish() else { return }
        if tellsLater { postpone(.end(code: code, reason: reason)) } else { tellEnd(code: code, reason: reason) }
    }

    private var tellsLater: Bool { writes > 0 || !late.isEmpty }

    private func postpone(_ event: Late) {
        late.append(event)
        guard late.count == 1 else { return }
        eventLoop.assumeIsolated().execute {
            while let event = self.late.popFirst() {
                switch event {
                case .message(let bytes, let isText):
                    bytes.withUnsafeBytes { self.sink?(isText ? .text($0) : .binary($0)) }
                case .end(let code, let reason): self.tellEnd(code: code, reason: reason)
                }
            }
        }
    }

    private func tellEnd(code: UInt16?, reason: String) {
        let sink = sink
        self.sink = nil
        sink?(.closed(code: code, reason: reason))
    }

    @discardableResult
    private func finish() -> Bool {
        if case .closed = state { return false }
        state = .closed
        timer?.cancel()
        timer = nil
        queue = Queue()
        network.count { $0.webSockets -= 1 }
        return true
    }
}

extension WebSocketClient {
    /// The answer that a server must give to a client's key (RFC 6455 section 4.2.2).
    package static func acceptValue(forKey key: String) -> String { WebSocketFraming.accept(for: key) }
}
