internal import COpenSSL

/// Checks that a webhook comes from Telnyx: `telnyx-signature-ed25519` and `telnyx-timestamp`. Pure.
package struct TelnyxSignature: Sendable {
    package static let publicKeyBytes = 32
    package static let signatureBytes = 64
    /// A webhook is no older, and no younger, than this. [s] (Telnyx's own libraries.)
    package static let tolerance: Int64 = 300

    private let publicKey: [UInt8]

    /// - Parameter publicKey: 32 bytes, of the portal.
    package init(publicKey: [UInt8]) { self.publicKey = publicKey }

    /// Why a webhook is not taken.
    package enum Problem: Error, Equatable, Sendable {
        case missing
        case malformed
        case tooOld
        case wrong

        package var text: String {
            switch self {
            case .missing: "telnyx-signature-ed25519 and telnyx-timestamp: expected both headers"
            case .malformed: "telnyx-signature-ed25519: expected the base64 of 64 bytes, and a timestamp of digits"
            case .tooOld: "telnyx-timestamp: more than \(TelnyxSignature.tolerance) s from now. Is this clock right?"
            case .wrong: "telnyx-signature-ed25519: not the signature of this body. Is the public key this account's?"
            }
        }
    }

    /// - Parameters:
    ///   - body: As it came, before it is read as JSON.
    ///   - now: Unix time. [s]
    package func check(signature: String?, timestamp: String?, body: [UInt8], now: Int64) throws(Problem) {
        guard let signature, let timestamp else { throw .missing }
        guard let code = Base64Text.decode(signature), code.count == Self.signatureBytes,
            (1...12).contains(timestamp.utf8.count), let time = Int64(timestamp), time >= 0
        else { throw .malformed }
        guard abs(now - time) <= Self.tolerance else { throw .tooOld }
        guard verify(code, Array("\(timestamp)|".utf8) + body) else { throw .wrong }
    }

    private func verify(_ code: [UInt8], _ message: [UInt8]) -> Bool {
        guard let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count) else {
            return false
        }
        defer { EVP_PKEY_free(key) }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        // What fails stays in OpenSSL's queue of this thread, where the next TLS connection would find it.
        defer { ERR_clear_error() }
        return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
            && EVP_DigestVerify(context, code, code.count, message, message.count) == 1
    }
}
