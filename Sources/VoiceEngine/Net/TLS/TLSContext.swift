internal import COpenSSL
internal import Synchronization

/// Which certificates a client trusts.
package enum TLSTrust: Equatable, Sendable {
    /// The certificates that this system's OpenSSL trusts.
    case system
    /// Those of a PEM file, and no others.
    case file(String)
    /// Whatever is presented. For laboratories only.
    case anyone
}

/// One TLS configuration, shared by all its connections on all loops.
///
/// Holds the one `SSL_CTX` (certificates are read once) and, for clients, the sessions that servers have offered
/// for resumption.
package final class TLSContext: Sendable {
    package enum Mode: Equatable, Sendable {
        case client(TLSTrust)
        /// Files in PEM form; the chain begins with the server's own certificate.
        case server(certificateChain: String, privateKey: String)
    }

    /// - Important: Set once in `init`, freed in `deinit`; between them used only through functions that
    /// OpenSSL documents as
    ///   safe for several threads (SSL_new, session callbacks). That is what makes the pointer safe to share.
    nonisolated(unsafe) let context: OpaquePointer
    private let sessions = Mutex(TLSSessionCache())
    let isClient: Bool

    /// - Throws: `TLSError` of the kind `badConfiguration`, naming the file that cannot be used.
    package init(_ mode: Mode) throws(TLSError) {
        // The host may be in the middle of its own OpenSSL work on this thread: its error queue is left as it was.
        ERR_set_mark()
        defer { ERR_pop_to_mark() }
        guard let context = SSL_CTX_new(TLS_method()) else {
            throw TLSError(.badConfiguration, "OpenSSL cannot make a TLS context: \(OpenSSLErrors.lastText())")
        }
        self.context = context
        if case .client = mode { isClient = true } else { isClient = false }
        _ = voice_ssl_ctx_set_min_tls12(context)
        _ = voice_ssl_ctx_set_mode(context, voice_ssl_mode_defaults())
        _ = SSL_CTX_set_options(context, voice_ssl_options_defaults())
        switch mode {
        case .client(let trust): try Self.configureClient(context, trust)
        case .server(let chain, let key): try Self.configureServer(context, chain: chain, key: key)
        }
    }

    deinit { SSL_CTX_free(context) }

    /// A connection's state, with its two memory BIOs; owned by the caller. nil when OpenSSL has no memory.
    func makeSSL() -> OpaquePointer? { SSL_new(context) }

    /// A session to resume with this peer, and forgets it: a TLS 1.3 ticket is for one use (RFC 8446 appendix C.4).
    func takeSession(for peer: String) -> TLSSession? { sessions.withLock { $0.take(peer) } }

    func remember(_ session: TLSSession, for peer: String) { sessions.withLock { $0.add(session, for: peer) } }

    /// OpenSSL's scale: 2 asks for 112 bits, which refuses RSA keys below 2048 bits and signatures with SHA-1. Systems
    /// may ask for more, never for less: without this it would depend on how the system's OpenSSL was built.
    private static let minimumSecurityLevel: Int32 = 2

    private static func configureClient(_ context: OpaquePointer, _ trust: TLSTrust) throws(TLSError) {
        if SSL_CTX_get_security_level(context) < minimumSecurityLevel {
            SSL_CTX_set_security_level(context, minimumSecurityLevel)
        }
        switch trust {
        case .system:
            guard SSL_CTX_set_default_verify_paths(context) == 1 else {
                throw TLSError(.badConfiguration, "cannot read the system's certificates: \(OpenSSLErrors.lastText())")
            }
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        case .file(let path):
            guard SSL_CTX_load_verify_file(context, path) == 1 else {
                throw TLSError(.badConfiguration, "cannot read certificates from \(path): \(OpenSSLErrors.lastText())")
            }
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        case .anyone:
            SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        }
        let protocols = TLSContext.offeredProtocols
        _ = SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
        // Sessions are kept by us, by peer; OpenSSL's own store is for servers.
        _ = voice_ssl_ctx_set_session_cache_mode(
            context, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE))
        SSL_CTX_sess_set_new_cb(context) { ssl, session in
            guard let ssl, let session, let data = voice_ssl_get_app_data(ssl) else { return 0 }
            // The handler owns `ssl`, so it is alive while OpenSSL works on it.
            let handler = Unmanaged<TLSHandler>.fromOpaque(data).takeUnretainedValue()
            return handler.offered(session) ? 1 : 0
        }
    }

    private static func configureServer(_ context: OpaquePointer, chain: String, key: String) throws(TLSError) {
        // Without this OpenSSL would ask for a passphrase on the terminal, and wait.
        SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
        guard SSL_CTX_use_certificate_chain_file(context, chain) == 1 else {
            throw TLSError(.badConfiguration, "cannot read a certificate from \(chain): \(OpenSSLErrors.lastText())")
        }
        guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
            throw TLSError(.badConfiguration, "cannot read a private key from \(key): \(OpenSSLErrors.lastText())")
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            throw TLSError(.badConfiguration, "the key in \(key) does not belong to the first certificate in \(chain)")
        }
        SSL_CTX_set_alpn_select_cb(
            context,
            { _, out, outLength, offered, offeredLength, _ in
                TLSContext.offeredProtocols.withUnsafeBufferPointer { ours in
                    // Selects from `offered`, whose memory outlives the callback.
                    guard let offered, let out, let outLength else { return SSL_TLSEXT_ERR_NOACK }
                    var index = 0
                    while index < Int(offeredLength) {
                        let length = Int(offered[index])
                        guard index + length < Int(offeredLength) else { break }
                        let name = UnsafeBufferPointer(start: offered + index + 1, count: length)
                        if name.elementsEqual(ours.dropFirst()) {
                            out.pointee = offered + index + 1
                            outLength.pointee = UInt8(length)
                            return SSL_TLSEXT_ERR_OK
                        }
                        index += 1 + length
                    }
                    return SSL_TLSEXT_ERR_NOACK
                }
            }, nil)
        // A session is only resumed under the same context id (SSL_CTX_set_session_id_context(3)).
        let name: [UInt8] = Array("voice".utf8)
        _ = SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
    }

    /// `http/1.1` in ALPN's form: a length byte, then the name.
    private static let offeredProtocols: [UInt8] = [8] + Array("http/1.1".utf8)
}

/// A session that a server offered for resumption; frees OpenSSL's object when it goes.
///
/// - Important: `@unchecked` because the pointer is only handed to OpenSSL, whose session objects are reference-counted
///   with atomics and not changed once they were handed out.
final class TLSSession: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Takes over one reference.
    init(adopting pointer: OpaquePointer) { self.pointer = pointer }
    deinit { SSL_SESSION_free(pointer) }

    /// TLS 1.3 tickets are for one use; a TLS 1.2 session serves again and is not offered anew.
    var isReusable: Bool { SSL_SESSION_get_protocol_version(pointer) < TLS1_3_VERSION }
}

/// Sessions by peer, bounded in both directions; the oldest peer goes when there are too many.
struct TLSSessionCache {
    static let maximumPeers = 64
    static let maximumPerPeer = 4
    private var byPeer: [String: [TLSSession]] = [:]
    private var order: [String] = []

    mutating func take(_ peer: String) -> TLSSession? {
        guard let last = byPeer[peer]?.last else { return nil }
        if !last.isReusable { byPeer[peer]?.removeLast() }
        return last
    }

    mutating func add(_ session: TLSSession, for peer: String) {
        if byPeer[peer] == nil {
            if order.count >= Self.maximumPeers { byPeer[order.removeFirst()] = nil }
            order.append(peer)
        }
        byPeer[peer, default: []].append(session)
        if let kept = byPeer[peer], kept.count > Self.maximumPerPeer { byPeer[peer]?.removeFirst() }
    }
}

extension OpenSSLErrors {
    /// The text of the newest queued error, which stays (for use between a mark and its pop).
    static func lastText() -> String {
        let code = ERR_peek_last_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "no reason given" }
        return String(cString: reason)
    }
}
