internal import COpenSSL
internal import NIOCore
internal import VoiceEngineCore

/// What a client writes on a WebSocket (RFC 6455 section 5), and the handshake's arithmetic. Pure.
enum WebSocketFraming {
    enum Opcode: UInt8 { case text = 1, binary, close = 8, ping, pong }

    /// [bytes] of the longest header of a masked frame.
    static let maximumHeaderBytes = 14

    /// Appends one whole masked message.
    static func append(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer, mask: UInt32, to buffer: inout ByteBuffer) {
        buffer.reserveCapacity(minimumWritableBytes: maximumHeaderBytes + payload.count)
        buffer.writeInteger(0x80 | opcode.rawValue)
        switch payload.count {
        case ..<126:
            buffer.writeInteger(0x80 | UInt8(payload.count))
        case ..<65_536:
            buffer.writeInteger(UInt8(0x80 | 126))
            buffer.writeInteger(UInt16(payload.count))
        default:
            buffer.writeInteger(UInt8(0x80 | 127))
            buffer.writeInteger(UInt64(payload.count))
        }
        buffer.writeInteger(mask)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: payload.count) { space in
            let wide = mask.bigEndian
            var index = 0
            while index + 4 <= payload.count {
                let word = payload.loadUnaligned(fromByteOffset: index, as: UInt32.self) ^ wide
                space.storeBytes(of: word, toByteOffset: index, as: UInt32.self)
                index += 4
            }
            while index < payload.count {
                space[index] = payload[index] ^ UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * (index & 3)))
                index += 1
            }
            return payload.count
        }
    }

    /// The answer that a server must give to a key (RFC 6455 section 4.2.2).
    static func accept(for key: String) -> String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        _ = SHA1(text, text.count, &digest)
        return encodeBase64(digest)
    }

    /// A fresh key: 16 random bytes.
    static func makeKey() -> String {
        var generator = SystemRandomNumberGenerator()
        return encodeBase64((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    static func encodeBase64(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: Base64.encodedCount(bytes.count))
        var target = text.mutableSpan
        // Cannot fail: the target has the room that the encoder asks for.
        _ = try? Base64.encode(bytes.span, into: &target)
        return String(decoding: text, as: UTF8.self)
    }

    /// Codes that may stand in a close frame (RFC 6455 section 7.4).
    static func isValidCloseCode(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// Masking keys, 64 at a time from OpenSSL's generator. Swift's own asks the system for each of them.
struct MaskSource {
    private var keys: [UInt32] = []

    mutating func next() -> UInt32 {
        if keys.isEmpty {
            keys = [UInt32](repeating: 0, count: 64)
            let filled = keys.withUnsafeMutableBytes { bytes in
                RAND_bytes(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(bytes.count)) == 1
            }
            // It fails without entropy alone; masks must not be foreseen (RFC 6455 section 5.3).
            if !filled {
                var generator = SystemRandomNumberGenerator()
                for index in keys.indices { keys[index] = generator.next() }
            }
        }
        return keys.popLast() ?? 0
    }
}
