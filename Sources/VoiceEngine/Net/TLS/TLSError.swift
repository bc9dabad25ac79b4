/// Why a TLS connection could not be made or broke.
package struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The certificate is for another host.
        case wrongHost
        case certificateExpired
        /// Signed by nobody that is trusted here, or by itself.
        case unknownAuthority
        /// Any other fault of the certificate.
        case badCertificate
        /// No version or cipher in common, or the peer refused for a reason of its own.
        case handshakeRefused
        /// The peer does not speak TLS on this port.
        case notTLS
        /// The connection ended without TLS's own goodbye: what was received may lack its end.
        case truncated
        /// The peer broke the protocol.
        case protocolViolation
        /// Certificates, keys or settings of ours that cannot be used.
        case badConfiguration
    }

    package let kind: Kind
    /// One sentence for the operator.
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    package var description: String { detail }
}
