import COpenSSL
import NIOCore

/// One side of TLS with its certificates. Shared by its connections, freed never: it lives as long as the process.
///
/// `@unchecked`: the pointer is only handed to SSL_new, which OpenSSL allows from any thread.
final class LabTLSContext: @unchecked Sendable {
    let pointer: OpaquePointer
    private let isServer: Bool

    /// A server's side.
    init(_ certificate: LabCertificate) throws {
        guard let pointer = SSL_CTX_new(TLS_server_method()),
            SSL_CTX_use_certificate_chain_file(pointer, certificate.chain) == 1,
            SSL_CTX_use_PrivateKey_file(pointer, certificate.key, SSL_FILETYPE_PEM) == 1
        else { throw WireViolation("OpenSSL does not take the certificate in \(certificate.directory)") }
        (self.pointer, isServer) = (pointer, true)
    }

    /// A client's side, which trusts the authorities of a PEM file and no others.
    init(trusting authority: String) throws {
        guard let pointer = SSL_CTX_new(TLS_client_method()), SSL_CTX_load_verify_file(pointer, authority) == 1 else {
            throw WireViolation("OpenSSL does not take the authority \(authority)")
        }
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        (self.pointer, isServer) = (pointer, false)
    }

    /// A connection's state, owned by the caller.
    ///
    /// - Parameter host: For a client: whose certificate it must be.
    fileprivate func makeSSL(host: String?) throws -> OpaquePointer {
        guard let ssl = SSL_new(pointer) else { throw WireViolation("OpenSSL has no memory") }
        if isServer {
            SSL_set_accept_state(ssl)
        } else {
            SSL_set_connect_state(ssl)
            // Takes addresses too.
            if let host, SSL_set1_host(ssl, host) != 1 { throw WireViolation("no name for a certificate: \(host)") }
        }
        return ssl
    }
}

/// TLS for one connection: records below, plain bytes above. A client's `channelActive` reaches the next handler when the
/// handshake is done; nothing may be written before.
final class LabTLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// A client whose handshake is under way.
        case connecting
        /// A server's handshake happens inside its first reads.
        case open
    }

    private static let mostPlain = 16_384

    private let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private var state: State
    /// false: the connection ends without close_notify.
    var saysGoodbye = true

    /// - Parameter host: Makes it a client's handler: whose certificate the server must show.
    init(_ context: LabTLSContext, host: String? = nil) throws {
        guard let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
            throw WireViolation("OpenSSL has no memory")
        }
        ssl = try context.makeSSL(host: host)
        (self.input, self.output) = (input, output)
        state = host == nil ? .open : .connecting
        voice_bio_mem_set_would_block(input)
        voice_bio_mem_set_would_block(output)
        SSL_set_bio(ssl, input, output)
    }

    deinit { SSL_free(ssl) }

    func channelActive(context: ChannelHandlerContext) {
        switch state {
        case .open: context.fireChannelActive()
        case .connecting: shakeHands(context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { _ = BIO_write(input, $0.baseAddress, Int32($0.count)) }
        if case .connecting = state { shakeHands(context) }
        guard case .open = state else { return }
        // Read into the stack first: a message of the media stream is a small part of what a record may hold.
        withUnsafeTemporaryAllocation(byteCount: Self.mostPlain, alignment: 8) { plain in
            while true {
                ERR_clear_error()
                let count = SSL_read(ssl, plain.baseAddress, Int32(plain.count))
                let reason = SSL_get_error(ssl, count)
                send(context, promise: nil)
                if count > 0 {
                    let bytes = UnsafeRawBufferPointer(rebasing: plain[..<Int(count)])
                    context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: bytes)))
                    continue
                }
                if reason != SSL_ERROR_WANT_READ { context.close(promise: nil) }
                return
            }
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        unwrapOutboundIn(data).withUnsafeReadableBytes { bytes in
            guard bytes.count > 0 else { return }
            ERR_clear_error()
            _ = SSL_write(ssl, bytes.baseAddress, Int32(bytes.count))
        }
        send(context, promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if saysGoodbye, mode != .input {
            ERR_clear_error()
            _ = SSL_shutdown(ssl)
            send(context, promise: nil)
        }
        context.close(mode: mode, promise: promise)
    }

    private func shakeHands(_ context: ChannelHandlerContext) {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        let reason = SSL_get_error(ssl, result)
        send(context, promise: nil)
        if result == 1 {
            state = .open
            context.fireChannelActive()
        } else if reason != SSL_ERROR_WANT_READ {
            let verification = SSL_get_verify_result(ssl)
            context.fireErrorCaught(
                WireViolation("the TLS handshake failed (\(reason), certificate \(verification))"))
            context.close(promise: nil)
        }
    }

    private func send(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let count = voice_bio_pending(output)
        guard count > 0 else { return promise?.succeed() ?? () }
        var records = context.channel.allocator.buffer(capacity: count)
        records.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            max(0, Int(BIO_read(output, space.baseAddress, Int32(count))))
        }
        context.writeAndFlush(wrapOutboundOut(records), promise: promise)
    }
}
