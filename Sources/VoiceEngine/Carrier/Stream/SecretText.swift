internal import COpenSSL

/// Comparison of secrets in constant time.
enum SecretText {
    static func isEqual(_ given: String, _ right: String) -> Bool {
        let (given, right) = (Array(given.utf8), Array(right.utf8))
        // Length first: it is no secret.
        return !right.isEmpty && given.count == right.count && CRYPTO_memcmp(given, right, right.count) == 0
    }
}
