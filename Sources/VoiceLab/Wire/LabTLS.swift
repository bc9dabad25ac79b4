import COpenSSL
import Foundation
import NIOCore

/// A certificate for this machine's loopback interface, made for one run by the system's `openssl`.
struct LabCertificate {
    let directory: String
    /// What a client has to trust.
    var authority: String { directory + "/ca.pem" }
    var chain: String { directory + "/server.pem" }
    var key: String { directory + "/server.key" }

    /// - Throws: `WireViolation` with what `openssl` said.
    static func make(in directory: String) throws -> LabCertificate {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let certificate = LabCertificate(directory: directory)
        let request = directory + "/server.csr"
        let extensions = directory + "/server.ext"
        try "subjectAltName=DNS:localhost,IP:127.0.0.1\n".write(toFile: extensions, atomically: true, encoding: .utf8)
        let authorityKey = directory + "/ca.key"
        try openssl([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", authorityKey, "-out", certificate.authority,
            "-days", "7", "-subj", "/CN=voice-lab",
        ])
        try openssl([
            "req", "-newkey", "rsa:2048", "-nodes", "-keyout", certificate.key, "-out", request, "-subj",
            "/CN=localhost",
        ])
        try openssl([
            "x509", "-req", "-in", request, "-CA", certificate.authority, "-CAkey", authorityKey, "-CAcreateserial",
            "-out", certificate.chain, "-days", "7", "-extfile", extensions,
        ])
        return certificate
    }

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw WireViolation("openssl \(arguments[0]): \(String(decoding: text.suffix(300), as: UTF8.self))")
        }
    }
}

/// The laboratory's server side of TLS. Shared by its connections, freed never: it lives as long as the process.
///
/// `@unchecked`: the pointer is only handed to SSL_new, which OpenSSL allows from any thread.
final class LabTLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ certificate: LabCertificate) throws {
        guard let pointer = SSL_CTX_new(TLS_server_method()),
            SSL_CTX_use_certificate_chain_file(pointer, certificate.chain) == 1,
            SSL_CTX_use_PrivateKey_file(pointer, certificate.key, SSL_FILETYPE_PEM) == 1
        else { throw WireViolation("OpenSSL does not take the certificate in \(certificate.directory)") }
        self.pointer = pointer
    }
}

/// TLS for one accepted connection: records below, plain bytes above.
final class LabTLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    /// false: the connection ends without close_notify.
    var saysGoodbye = true

    init(_ context: LabTLSContext) throws {
        guard let ssl = SSL_new(context.pointer), let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem())
        else { throw WireViolation("OpenSSL has no memory") }
        (self.ssl, self.input, self.output) = (ssl, input, output)
        voice_bio_mem_set_would_block(input)
        voice_bio_mem_set_would_block(output)
        SSL_set_bio(ssl, input, output)
        SSL_set_accept_state(ssl)
    }

    deinit { SSL_free(ssl) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { _ = BIO_write(input, $0.baseAddress, Int32($0.count)) }
        var plain = [UInt8](repeating: 0, count: 16_384)
        while true {
            ERR_clear_error()
            // The handshake happens inside.
            let count = SSL_read(ssl, &plain, Int32(plain.count))
            send(context, promise: nil)
            if count > 0 {
                context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: plain[..<Int(count)])))
                continue
            }
            let reason = SSL_get_error(ssl, count)
            if reason != SSL_ERROR_WANT_READ { context.close(promise: nil) }
            return
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

    private func send(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let count = voice_bio_pending(output)
        guard count > 0 else { return promise?.succeed() ?? () }
        var records = [UInt8](repeating: 0, count: count)
        let taken = BIO_read(output, &records, Int32(count))
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: records[..<Int(max(0, taken))])), promise: promise)
    }
}
