internal import COpenSSL
package import NIOCore

/// Fired into the pipeline once the handshake is done.
package struct TLSEstablished: Equatable, Sendable {
    /// The protocol agreed on by ALPN.
    package let applicationProtocol: String?
    /// An earlier session was resumed: no certificates were exchanged.
    package let isResumed: Bool
    /// As OpenSSL names it, such as `TLSv1.3`.
    package let version: String
}

/// TLS for one channel by the system's OpenSSL: plain text above, records below.
///
/// OpenSSL never sees the socket: it reads and writes `TLSRecords`.
///
///     channelRead > TLSRecords > SSL_read  > channelRead of the next handler
///     write, flush > SSL_write > TLSRecords > write, flush of the handler before
///
/// Writes before the handshake is done wait, at most `maximumWaitingBytes`. A failed handshake is one `errorCaught`
/// with a
/// `TLSError`, then the channel closes. A peer that vanishes without close_notify is `TLSError(.truncated)` before
/// `channelInactive`; whoever knows that its message was complete may ignore it.
///
/// - Important: Confined to the channel's event loop.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// [bytes] Plain text that may wait for the handshake.
    package static let maximumWaitingBytes = 4 << 20
    /// [bytes] Small writes of one flush are sealed together: a record costs 22 to 29 bytes and one pass of the
    /// cipher's set-up.
    private static let recordBytes = 16_384

    private enum State {
        /// Added to a channel that is not connected yet.
        case idle
        case handshaking
        case open
        /// We said goodbye to our side only.
        case outputClosed
        case closed
    }

    private let tls: TLSContext
    /// Host to verify and to name (SNI); nil for a server and for a client that trusts anyone.
    private let host: String?
    private let peer: String
    private var ssl: OpaquePointer?
    private let records = TLSRecords()
    private var state = State.idle
    private var waiting = CircularBuffer<(ByteBuffer, EventLoopPromise<Void>?)>()
    private var waitingBytes = 0
    /// How many of `waiting` a flush has released.
    private var flushed = 0
    private var readsUnanswered = false

    /// - Parameters:
    ///   - host: For a client: name or address that the certificate must be for. Ignored by a server.
    ///   - port: Tells sessions for resumption apart.
    package init(_ tls: TLSContext, host: String? = nil, port: Int = 443) {
        self.tls = tls
        self.host = host
        peer = "\(host ?? "").\(port)"
    }

    deinit {
        // Freed here and nowhere else: OpenSSL may be on the stack when the channel closes.
        if let ssl {
            // Without this a connection that ended without both goodbyes would spoil its session for resumption.
            SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
            SSL_free(ssl)
        }
    }

    /// OpenSSL has a session for us to keep.
    ///
    /// - Returns: true when its reference was taken over.
    func offered(_ session: OpaquePointer) -> Bool {
        guard SSL_SESSION_is_resumable(session) == 1 else { return false }
        tls.remember(TLSSession(adopting: session), for: peer)
        return true
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { beginHandshake(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        state = .closed
        failWaiting(ChannelError.ioOnClosedChannel)
    }

    package func channelActive(context: ChannelHandlerContext) {
        beginHandshake(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        switch state {
        case .handshaking:
            state = .closed
            let name = host ?? "the peer"
            context.fireErrorCaught(
                TLSError(.handshakeRefused, "\(name) closed the connection during the TLS handshake"))
        case .open, .outputClosed:
            state = .closed
            context.fireErrorCaught(
                TLSError(.truncated, "\(host ?? "the peer") ended the TLS connection without a close notification"))
        case .idle, .closed:
            state = .closed
        }
        failWaiting(ChannelError.ioOnClosedChannel)
        context.fireChannelInactive()
    }

    // MARK: Reading

    package func read(context: ChannelHandlerContext) {
        readsUnanswered = true
        context.read()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isLive else { return }
        records.append(unwrapInboundIn(data))
        if state == .handshaking { continueHandshake(context) }
        if state == .open || state == .outputClosed { decrypt(context) }
        records.releaseRead()
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        // The peer's bytes were the handshake's or half a record: the reader above still waits.
        if readsUnanswered, isLive { context.read() }
        context.fireChannelReadComplete()
    }

    private var isLive: Bool {
        switch state {
        case .handshaking, .open, .outputClosed: true
        case .idle, .closed: false
        }
    }

    private func decrypt(_ context: ChannelHandlerContext) {
        guard let ssl else { return }
        while state == .open || state == .outputClosed {
            // What a record holds is never longer than the record.
            let room = max(1024, min(records.unread + Self.recordBytes, 65_536))
            var plain = context.channel.allocator.buffer(capacity: room)
            var result: Int32 = 0
            OpenSSLErrors.clear()
            repeat {
                plain.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { space in
                    result = SSL_read(ssl, space.baseAddress, Int32(clamping: space.count))
                    return max(0, Int(result))
                }
            } while result > 0 && plain.writableBytes > 0
            let reason = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, result)
            // Judged now, delivered after the plain text that came before: the queue belongs to the thread, not to us.
            var fault: TLSError?
            if reason == SSL_ERROR_SSL || reason == SSL_ERROR_SYSCALL {
                fault = OpenSSLErrors.describe(ssl, host: host, handshaking: false)
            }
            if plain.readableBytes > 0 {
                readsUnanswered = false
                context.fireChannelRead(wrapInboundOut(plain))
            }
            sendRecords(context, promise: nil)
            if let fault { return fail(context, fault) }
            if reason == SSL_ERROR_ZERO_RETURN { return peerSaidGoodbye(context) }
            if reason != SSL_ERROR_NONE { return }
        }
    }

    /// close_notify: the peer sends no more. Neither HTTP nor WebSocket has use for the other half, so it is
    /// closed too.
    private func peerSaidGoodbye(_ context: ChannelHandlerContext) {
        guard isLive else { return }
        if let ssl, state == .open {
            OpenSSLErrors.clear()
            _ = SSL_shutdown(ssl)
            sendRecords(context, promise: nil)
        }
        state = .closed
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        context.close(promise: nil)
    }

    // MARK: Handshake

    private func beginHandshake(_ context: ChannelHandlerContext) {
        guard case .idle = state else { return }
        guard let ssl = tls.makeSSL() else {
            return fail(context, TLSError(.badConfiguration, "OpenSSL cannot make a connection"))
        }
        self.ssl = ssl
        guard records.connect(to: ssl) else {
            return fail(context, TLSError(.badConfiguration, "OpenSSL has no memory"))
        }
        _ = voice_ssl_set_app_data(ssl, Unmanaged.passUnretained(self).toOpaque())
        if tls.isClient {
            guard setPeer(ssl) else {
                return fail(context, TLSError(.badConfiguration, "\(host ?? "") is no host name that TLS can verify"))
            }
            if let session = tls.takeSession(for: peer) { _ = SSL_set_session(ssl, session.pointer) }
            SSL_set_connect_state(ssl)
        } else {
            SSL_set_accept_state(ssl)
        }
        state = .handshaking
        continueHandshake(context)
    }

    /// - Returns: false when the name cannot be checked; going on would accept a certificate of anybody.
    private func setPeer(_ ssl: OpaquePointer) -> Bool {
        guard let host, !host.isEmpty, !host.utf8.contains(0) else { return false }
        if (try? SocketAddress(ipAddress: host, port: 0)) != nil {
            // RFC 6066 section 3: no server name for an address.
            return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
        }
        SSL_set_hostflags(ssl, voice_no_partial_wildcards())
        return SSL_set1_host(ssl, host) == 1 && voice_ssl_set_server_name(ssl, host) == 1
    }

    private func continueHandshake(_ context: ChannelHandlerContext) {
        guard let ssl else { return }
        OpenSSLErrors.clear()
        let result = SSL_do_handshake(ssl)
        let reason = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, result)
        let fault: TLSError? =
            reason == SSL_ERROR_SSL || reason == SSL_ERROR_SYSCALL
            ? OpenSSLErrors.describe(ssl, host: host, handshaking: true) : nil
        // Also when it failed: the peer is told why by an alert.
        sendRecords(context, promise: nil)
        if let fault { return fail(context, fault) }
        guard result == 1, case .handshaking = state else { return }
        state = .open
        context.fireUserInboundEventTriggered(established(ssl))
        sealWaiting(context)
    }

    private func established(_ ssl: OpaquePointer) -> TLSEstablished {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        let agreed = name.map { String(decoding: UnsafeBufferPointer(start: $0, count: Int(length)), as: UTF8.self) }
        return TLSEstablished(
            applicationProtocol: agreed, isResumed: SSL_session_reused(ssl) == 1,
            version: SSL_get_version(ssl).map { String(cString: $0) } ?? "")
    }

    // MARK: Writing

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let buffer = unwrapOutboundIn(data)
        switch state {
        case .idle, .handshaking, .open:
            guard waitingBytes + buffer.readableBytes <= Self.maximumWaitingBytes else {
                promise?.fail(TLSError(.handshakeRefused, "too much was written before the TLS handshake ended"))
                return
            }
            waiting.append((buffer, promise))
            waitingBytes += buffer.readableBytes
        case .outputClosed:
            promise?.fail(ChannelError.outputClosed)
        case .closed:
            promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }

    package func flush(context: ChannelHandlerContext) {
        flushed = waiting.count
        if case .open = state { sealWaiting(context) }
        context.flush()
    }

    /// Seals what was flushed into records and sends them.
    private func sealWaiting(_ context: ChannelHandlerContext) {
        guard flushed > 0, let ssl else { return }
        var promises: [EventLoopPromise<Void>] = []
        var fault: TLSError?
        while flushed > 0, fault == nil, let (first, promise) = waiting.popFirst() {
            flushed -= 1
            waitingBytes -= first.readableBytes
            if let promise { promises.append(promise) }
            var plain = first
            while flushed > 0, let next = waiting.first, plain.readableBytes + next.0.readableBytes <= Self.recordBytes
            {
                plain.writeImmutableBuffer(next.0)
                if let promise = next.1 { promises.append(promise) }
                waitingBytes -= next.0.readableBytes
                waiting.removeFirst()
                flushed -= 1
            }
            fault = seal(&plain, ssl)
        }
        if let fault {
            promises.forEach { $0.fail(fault) }
            return fail(context, fault)
        }
        guard let last = promises.popLast() else { return sendRecords(context, promise: nil) }
        for promise in promises { last.futureResult.cascade(to: promise) }
        sendRecords(context, promise: last)
    }

    /// With memory BIOs and without renegotiation a write never has to wait for the peer.
    private func seal(_ plain: inout ByteBuffer, _ ssl: OpaquePointer) -> TLSError? {
        while plain.readableBytes > 0 {
            OpenSSLErrors.clear()
            let written = plain.readWithUnsafeReadableBytes { bytes in
                max(0, Int(SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))))
            }
            if written == 0 { return OpenSSLErrors.describe(ssl, host: host, handshaking: false) }
        }
        return nil
    }

    private func sendRecords(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        guard let written = records.takeWritten() else { return promise?.succeed() ?? () }
        context.writeAndFlush(wrapOutboundOut(written), promise: promise)
    }

    // MARK: Ending

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch (mode, state) {
        case (.input, _):
            context.close(mode: .input, promise: promise)
        case (.output, .open):
            sealWaiting(context)
            sayGoodbye(context)
            state = .outputClosed
            failWaiting(ChannelError.outputClosed)
            context.close(mode: .output, promise: promise)
        case (.all, .open):
            sayGoodbye(context)
            state = .closed
            failWaiting(ChannelError.ioOnClosedChannel)
            context.close(mode: .all, promise: promise)
        case (.all, _), (.output, _):
            state = .closed
            failWaiting(ChannelError.ioOnClosedChannel)
            context.close(mode: .all, promise: promise)
        }
    }

    private func sayGoodbye(_ context: ChannelHandlerContext) {
        guard let ssl else { return }
        OpenSSLErrors.clear()
        _ = SSL_shutdown(ssl)
        OpenSSLErrors.clear()
        sendRecords(context, promise: nil)
    }

    private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
        guard state != .closed else { return }
        state = .closed
        failWaiting(error)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    private func failWaiting(_ error: any Error) {
        waitingBytes = 0
        flushed = 0
        while let (_, promise) = waiting.popFirst() { promise?.fail(error) }
    }
}
