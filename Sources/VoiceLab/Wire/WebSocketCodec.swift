import NIOCore

/// One message of a WebSocket (RFC 6455), fragments joined.
enum WebSocketMessage {
    case text(ByteBuffer)
    case binary(ByteBuffer)
    case ping(ByteBuffer)
    case pong(ByteBuffer)
    case close(code: UInt16?, reason: String)
}

/// The handshake's arithmetic.
enum WebSocketHandshake {
    /// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
    static func accept(key: String) -> String {
        let digest = SHA1.digest(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return String(decoding: Base64.encode(digest), as: UTF8.self)
    }
}

/// Bytes to messages. Strict: what the peer's role forbids is a violation, so that the engine's side is really checked.
struct WebSocketParser {
    /// Which side sent the bytes: clients must mask, servers must not.
    enum Peer { case client, server }

    private let peer: Peer
    private let maxMessage = 16 << 20
    private var fragments: (opcode: UInt8, payload: ByteBuffer)?

    init(peer: Peer) { self.peer = peer }

    /// The next whole message, or nil until more bytes are there.
    mutating func next(from buffer: inout ByteBuffer) throws -> WebSocketMessage? {
        while let (first, payload) = try frame(from: &buffer) {
            let (final, opcode) = (first & 0x80 != 0, first & 0x0F)
            if opcode >= 8 { return try control(opcode, payload) }
            if opcode == 0 {
                guard var open = fragments else { throw WireViolation("a continuation without a beginning") }
                open.payload.writeImmutableBuffer(payload)
                guard open.payload.readableBytes <= maxMessage else { throw WireViolation("a message above 16 MiB") }
                fragments = final ? nil : open
                if final { return data(open.opcode, open.payload) }
            } else {
                guard opcode <= 2 else { throw WireViolation("opcode \(opcode)") }
                guard fragments == nil else { throw WireViolation("a new message inside a fragmented one") }
                if final { return data(opcode, payload) }
                fragments = (opcode, payload)
            }
        }
        return nil
    }

    private func frame(from buffer: inout ByteBuffer) throws -> (first: UInt8, payload: ByteBuffer)? {
        let start = buffer.readerIndex
        guard let first: UInt8 = buffer.getInteger(at: start), let second: UInt8 = buffer.getInteger(at: start + 1)
        else { return nil }
        guard first & 0x70 == 0 else { throw WireViolation("reserved bits set without an extension") }
        guard (second & 0x80 != 0) == (peer == .client) else {
            throw WireViolation(peer == .client ? "a client's frame without mask" : "a server's frame with a mask")
        }
        var header = 2
        var length = Int(second & 0x7F)
        if length == 126 {
            guard let extended: UInt16 = buffer.getInteger(at: start + 2) else { return nil }
            (length, header) = (Int(extended), 4)
            guard length >= 126 else { throw WireViolation("a length that is not in its shortest form") }
        } else if length == 127 {
            guard let extended: UInt64 = buffer.getInteger(at: start + 2) else { return nil }
            guard extended <= UInt64(maxMessage) else { throw WireViolation("a frame of \(extended) bytes") }
            (length, header) = (Int(extended), 10)
            guard length > 65_535 else { throw WireViolation("a length that is not in its shortest form") }
        }
        if first & 0x08 != 0 {
            guard first & 0x80 != 0, length <= 125 else { throw WireViolation("a long or fragmented control frame") }
        }
        let maskBytes = peer == .client ? 4 : 0
        guard buffer.readableBytes >= header + maskBytes + length else { return nil }
        buffer.moveReaderIndex(forwardBy: header)
        let mask: UInt32 = maskBytes == 0 ? 0 : buffer.readInteger() ?? 0
        guard var payload = buffer.readSlice(length: length) else { return nil }
        if mask != 0 { WebSocketFrame.toggle(mask: mask, in: &payload) }
        return (first, payload)
    }

    private func data(_ opcode: UInt8, _ payload: ByteBuffer) -> WebSocketMessage {
        opcode == 1 ? .text(payload) : .binary(payload)
    }

    private func control(_ opcode: UInt8, _ payload: ByteBuffer) throws -> WebSocketMessage {
        var payload = payload
        switch opcode {
        case 8:
            guard payload.readableBytes != 1 else { throw WireViolation("a close frame of one byte") }
            let code: UInt16? = payload.readInteger()
            return .close(code: code, reason: String(buffer: payload))
        case 9: return .ping(payload)
        case 10: return .pong(payload)
        default: throw WireViolation("opcode \(opcode)")
        }
    }
}

/// Messages to bytes, one frame each.
enum WebSocketFrame {
    static let text: UInt8 = 1
    static let binary: UInt8 = 2
    static let close: UInt8 = 8
    static let ping: UInt8 = 9
    static let pong: UInt8 = 10

    /// Appends one final frame.
    ///
    /// - Parameter mask: the key of a client's frame, nil on a server. Any constant will do on a test wire; it is not
    ///   zero, so that the peer really has to unmask.
    static func write(opcode: UInt8, payload: UnsafeRawBufferPointer, mask: UInt32?, into out: inout ByteBuffer) {
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        out.writeInteger(0x80 | opcode)
        switch payload.count {
        case 0..<126: out.writeInteger(maskBit | UInt8(payload.count))
        case 126..<65_536:
            out.writeInteger(maskBit | 126)
            out.writeInteger(UInt16(payload.count))
        default:
            out.writeInteger(maskBit | 127)
            out.writeInteger(UInt64(payload.count))
        }
        if let mask { out.writeInteger(mask) }
        let start = out.writerIndex
        out.writeBytes(payload)
        if let mask { toggle(mask: mask, in: &out, from: start) }
    }

    static func write(opcode: UInt8, payload: some Collection<UInt8>, mask: UInt32?, into out: inout ByteBuffer) {
        Array(payload).withUnsafeBytes { write(opcode: opcode, payload: $0, mask: mask, into: &out) }
    }

    /// Applies a mask to the bytes from `from` (absolute index; nil = the first readable) to the end.
    static func toggle(mask: UInt32, in buffer: inout ByteBuffer, from: Int? = nil) {
        let start = (from ?? buffer.readerIndex) - buffer.readerIndex
        let wide = UInt64(mask.bigEndian) << 32 | UInt64(mask.bigEndian)
        buffer.withUnsafeMutableReadableBytes { bytes in
            var index = start
            while index + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                bytes.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            var shift: UInt32 = 24
            while index < bytes.count {
                bytes[index] ^= UInt8(mask >> shift & 255)
                shift = shift == 0 ? 24 : shift - 8
                index += 1
            }
        }
    }
}
