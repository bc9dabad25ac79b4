internal import COpenSSL

/// Reads the calling thread's OpenSSL error queue and says in plain words what it holds.
enum OpenSSLErrors {
    /// Empties the queue; without this the result of the next call could be judged by an older error
    /// (SSL_get_error(3)).
    static func clear() { ERR_clear_error() }

    /// The first error of the queue, which is emptied.
    private static func drain() -> UInt {
        let first = ERR_get_error()
        if first != 0 { while ERR_get_error() != 0 {} }
        return first
    }

    private static func text(_ code: UInt) -> String {
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "no reason given" }
        return String(cString: reason)
    }

    /// The text of the first queued error; empties the queue.
    static func drainText() -> String { text(drain()) }

    /// Judges a failed operation on `ssl`; empties the queue.
    static func describe(_ ssl: OpaquePointer, host: String?, handshaking: Bool) -> TLSError {
        let code = drain()
        let name = host ?? "the peer"
        guard voice_err_library(code) == ERR_LIB_SSL else {
            return TLSError(.protocolViolation, "TLS with \(name) failed: \(text(code))")
        }
        switch voice_err_reason(code) {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return verification(SSL_get_verify_result(ssl), name)
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG,
            SSL_R_BAD_RECORD_TYPE:
            guard handshaking else { break }
            return TLSError(.notTLS, "\(name) does not speak TLS on this port (is the address http:// or ws://?)")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_NO_PROTOCOLS_AVAILABLE,
            SSL_R_VERSION_TOO_LOW:
            return TLSError(.handshakeRefused, "\(name) does not offer TLS 1.2 or newer")
        case SSL_R_NO_SHARED_CIPHER, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
            return TLSError(.handshakeRefused, "\(name) refused the TLS handshake: \(text(code))")
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
            SSL_R_TLSV1_ALERT_UNKNOWN_CA, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
            SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, SSL_R_TLSV1_UNRECOGNIZED_NAME, SSL_R_TLSV1_ALERT_ACCESS_DENIED,
            SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, SSL_R_TLSV1_ALERT_NO_RENEGOTIATION,
            SSL_R_TLSV1_ALERT_INTERNAL_ERROR, SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
            return TLSError(.handshakeRefused, "\(name) refused the TLS handshake: \(text(code))")
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return TLSError(.truncated, "\(name) ended the TLS connection without a close notification")
        default:
            break
        }
        return TLSError(.protocolViolation, "TLS with \(name) failed: \(text(code))")
    }

    private static func verification(_ result: Int, _ name: String) -> TLSError {
        let reason = X509_verify_cert_error_string(result).map { String(cString: $0) } ?? "error \(result)"
        switch Int32(clamping: result) {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return TLSError(.wrongHost, "the certificate presented by \(name) is for another host (\(reason))")
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return TLSError(.certificateExpired, "the certificate of \(name) is not valid any more (\(reason))")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return TLSError(
                .certificateExpired,
                "the certificate of \(name) is not valid yet (\(reason)); is the clock of this machine right?")
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return TLSError(
                .unknownAuthority, "the certificate of \(name) is signed by itself and not trusted here (\(reason))")
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            return TLSError(.badCertificate, "the certificate of \(name) is too weak to be trusted (\(reason))")
        case X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_INVALID_CA:
            return TLSError(.badCertificate, "the certificate of \(name) is not made for a server (\(reason))")
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return TLSError(
                .unknownAuthority,
                "the certificate of \(name) is signed by an authority that is not trusted here (\(reason))")
        default:
            return TLSError(.badCertificate, "the certificate of \(name) is not acceptable (\(reason))")
        }
    }
}
