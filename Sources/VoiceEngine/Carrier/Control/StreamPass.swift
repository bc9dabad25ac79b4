internal import COpenSSL

/// Proves that a media stream belongs to a call that this server answered or placed. Pure.
///
/// A carrier's signature on a WebSocket handshake is the same for every call to that address, so whoever has seen one
/// could open streams of their own. The pass is made for one call and comes back in the stream's `start`.
struct StreamPass: Sendable {
    private let key: [UInt8]

    /// - Parameter secret: Shared with nobody but the servers that answer the same webhook; of any length.
    init(secret: String) {
        // Apart from every other use of the same secret.
        key = MessageCode.sha256(key: Array(secret.utf8), Array("libvoiceengine media stream".utf8))
    }

    /// For a server that has no secret: its passes are its own, and end with it.
    init() {
        var generator = SystemRandomNumberGenerator()
        key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// 32 characters, good for parameters and addresses.
    func pass(for subject: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let code = MessageCode.sha256(key: key, Array(subject.utf8)).prefix(16)
        return String(decoding: code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    func isValid(_ pass: String?, for subject: String) -> Bool {
        guard let pass else { return false }
        let (given, right) = (Array(pass.utf8), Array(self.pass(for: subject).utf8))
        return right.count == 32 && given.count == right.count && CRYPTO_memcmp(given, right, right.count) == 0
    }
}
