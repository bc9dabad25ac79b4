/// Names that cannot be guessed.
enum RandomID {
    /// - Returns: `prefix_` and 128 bits of the system's random numbers.
    static func make(_ prefix: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var generator = SystemRandomNumberGenerator()
        let text = (0..<32).map { _ in digits[Int(generator.next() & 15)] }
        return "\(prefix)_" + String(decoding: text, as: UTF8.self)
    }
}
