internal import COpenSSL
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#endif

/// The certificate that a server shows, which can be renewed while it runs: connections that are open keep theirs, new
/// ones get the new one. Safe to use from any thread; reading blocks for the files.
package final class ServerCertificate: Sendable {
    /// Where the certificate is, in PEM form.
    package struct Files: Equatable, Sendable {
        /// The chain, the server's own certificate first.
        package var chain: String
        /// Without a passphrase.
        package var privateKey: String

        package init(chain: String, privateKey: String) {
            self.chain = chain
            self.privateKey = privateKey
        }
    }

    private struct State {
        var context: TLSContext
        /// Of the files when they were last read, whether they could be used or not.
        var stamps: [FileStamp?]
    }

    package let files: Files
    private let state: Mutex<State>

    /// - Throws: `TLSError` of the kind `badConfiguration`, which names the file and what is wrong with it.
    package init(_ files: Files) throws(TLSError) {
        self.files = files
        let stamps = Self.stamps(files)
        state = Mutex(State(context: try Self.read(files), stamps: stamps))
    }

    /// For a new connection.
    var context: TLSContext { state.withLock { $0.context } }

    /// Reads the files again, for connections from now on.
    ///
    /// - Throws: As `init` does; what was read before stays in use.
    package func reload() throws(TLSError) {
        // Taken before: a file that changes while it is read is read again.
        let stamps = Self.stamps(files)
        state.withLock { $0.stamps = stamps }
        let context = try Self.read(files)
        state.withLock { $0.context = context }
    }

    /// Reads the files again if one has changed since they were last read.
    ///
    /// - Returns: Whether there is a new certificate.
    /// - Throws: As `reload` does, once for each change.
    package func reloadIfChanged() throws(TLSError) -> Bool {
        let stamps = Self.stamps(files)
        // While one of them is being replaced it may be missing for a moment.
        guard !stamps.contains(nil), state.withLock({ $0.stamps != stamps }) else { return false }
        try reload()
        return true
    }

    // MARK: Reading

    /// [bytes] A chain has a few thousand.
    private static let largestFile = 1 << 20

    private static func read(_ files: Files) throws(TLSError) -> TLSContext {
        let chain = try text(files.chain, "the certificate")
        guard chain.contains("-----BEGIN CERTIFICATE-----") || chain.contains("-----BEGIN TRUSTED CERTIFICATE-----")
        else { throw fault("\(files.chain) holds no certificate in PEM form") }
        let key = try text(files.privateKey, "the private key")
        guard key.contains("PRIVATE KEY-----") else {
            throw fault("\(files.privateKey) holds no private key in PEM form")
        }
        guard !key.contains("ENCRYPTED") else {
            throw fault("the private key in \(files.privateKey) is protected by a passphrase; expected one without")
        }
        let context = try TLSContext(.server(certificateChain: files.chain, privateKey: files.privateKey))
        try context.checkOwnCertificate(file: files.chain)
        return context
    }

    private static func text(_ path: String, _ what: String) throws(TLSError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault("cannot read \(what) \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw fault("cannot read \(what) \(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
            guard bytes.count <= largestFile else { throw fault("\(path) is longer than \(largestFile) bytes") }
        }
    }

    private static func fault(_ detail: String) -> TLSError { TLSError(.badConfiguration, detail) }

    // MARK: Changes

    /// What tells one version of a file from the next.
    private struct FileStamp: Equatable {
        var device: UInt64
        var node: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    private static func stamps(_ files: Files) -> [FileStamp?] {
        [files.chain, files.privateKey].map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            return FileStamp(
                device: UInt64(status.st_dev), node: UInt64(status.st_ino), size: Int64(status.st_size),
                seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec))
        }
    }
}

extension TLSContext {
    /// [bits] As OpenSSL counts them: RSA with 2048 bits, elliptic curves with 224.
    private static let leastSecurityBits: Int32 = 112

    /// Refuses a certificate that every client would refuse.
    fileprivate func checkOwnCertificate(file: String) throws(TLSError) {
        guard let certificate = SSL_CTX_get0_certificate(context) else {
            throw TLSError(.badConfiguration, "\(file) holds no certificate")
        }
        // Below 0: the time has passed; 0: it cannot be read.
        guard X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0 else {
            throw TLSError(.badConfiguration, "the certificate in \(file) has expired")
        }
        guard X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 else {
            throw TLSError(
                .badConfiguration,
                "the certificate in \(file) is not valid yet; is the clock of this machine right?")
        }
        guard let key = X509_get0_pubkey(certificate), EVP_PKEY_get_security_bits(key) >= Self.leastSecurityBits else {
            throw TLSError(
                .badConfiguration,
                "the key of the certificate in \(file) is too weak; expected RSA of 2048 bits, or an elliptic curve")
        }
    }
}
