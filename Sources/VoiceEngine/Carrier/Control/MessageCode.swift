internal import COpenSSL

/// HMAC-SHA256.
enum MessageCode {
    /// Empty only if the system has no SHA-256.
    static func sha256(key: [UInt8], _ data: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard HMAC(EVP_sha256(), key, Int32(clamping: key.count), data, data.count, &digest, &count) != nil else {
            return []
        }
        return Array(digest.prefix(Int(count)))
    }

    /// In constant time.
    static func isValid(_ code: [UInt8], key: [UInt8], _ data: [UInt8]) -> Bool {
        let right = sha256(key: key, data)
        return right.count == 32 && code.count == right.count && CRYPTO_memcmp(code, right, right.count) == 0
    }
}
