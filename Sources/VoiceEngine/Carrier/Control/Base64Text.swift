internal import VoiceEngineCore

/// Base64 of small values: keys, signatures, credentials. Audio goes through `Base64` itself.
enum Base64Text {
    static func encode(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: Base64.encodedCount(bytes.count))
        var target = text.mutableSpan
        // The target has exactly the length that the encoder needs, its only reason to refuse.
        let count = (try? Base64.encode(bytes.span, into: &target)) ?? 0
        return String(decoding: text.prefix(count), as: UTF8.self)
    }

    /// - Returns: nil when it is not base64.
    static func decode(_ text: String) -> [UInt8]? {
        let source = Array(text.utf8)
        var bytes = [UInt8](repeating: 0, count: Base64.maximumDecodedCount(source.count))
        var target = bytes.mutableSpan
        guard let count = try? Base64.decode(source.span, into: &target) else { return nil }
        return Array(bytes.prefix(count))
    }
}
