/// Splits what comes over a WebSocket into messages. Pure: bytes in, events out, in any split of the bytes.
///
/// A message that is masked, fragmented or cut is put together in one buffer that is reused, so a stream of small messages
/// does not allocate; any other is handed out where it lies. Everything that must be refused (RFC 6455 section 5) is a
/// `violation`, after which the parser takes no more.
package struct WebSocketFrameParser: ~Copyable {
    /// Who sends the frames: a client masks them, a server must not.
    package enum Sender { case client, server }

    package enum Event {
        /// All input is consumed.
        case needsMore
        /// A whole message. Borrowed until the next call, and no longer than the input.
        case text(UnsafeRawBufferPointer)
        case binary(UnsafeRawBufferPointer)
        /// A control frame with its payload. Borrowed until the next call.
        case ping(UnsafeRawBufferPointer)
        case pong
        /// The peer closes; 1005 when it gave no code. The reason is borrowed until the next call.
        case close(code: UInt16, reason: UnsafeRawBufferPointer)
        /// The connection must be closed with this code.
        case violation(code: UInt16, reason: StaticString)
    }

    private enum State {
        case header
        case payload(Frame, remaining: Int, maskOffset: Int)
        case failed
    }

    private struct Frame {
        let opcode: UInt8
        let isFinal: Bool
        /// 0 when it is not masked.
        let mask: UInt32
        var isControl: Bool { opcode & 0x8 != 0 }
    }

    private let sender: Sender
    private let maximumMessageBytes: Int
    private var state = State.header
    private var header: (bytes: [UInt8], count: Int) = ([UInt8](repeating: 0, count: 14), 0)
    /// The opcode of the message whose fragments are being put together; 0 between messages.
    private var messageOpcode: UInt8 = 0
    private var message: UnsafeMutableRawBufferPointer
    private var messageCount = 0
    private var control = UnsafeMutableRawBufferPointer.allocate(byteCount: 125, alignment: 8)
    private var controlCount = 0

    /// - Parameter maximumMessageBytes: A longer message, in one frame or many, is a violation with code 1009.
    package init(of sender: Sender, maximumMessageBytes: Int) {
        self.sender = sender
        self.maximumMessageBytes = max(1, maximumMessageBytes)
        message = .allocate(byteCount: 512, alignment: 8)
    }

    deinit {
        message.deallocate()
        control.deallocate()
    }

    /// Takes bytes off `input` up to the end of the next event.
    package mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event {
        while true {
            switch state {
            case .failed:
                input = UnsafeRawBufferPointer(rebasing: input[input.endIndex...])
                return .needsMore
            case .header:
                switch readHeader(&input) {
                case .needsMore: return .needsMore
                case .violation(let code, let reason): return fail(code, reason)
                case .frame(let frame, let length): state = .payload(frame, remaining: length, maskOffset: 0)
                }
            case .payload(let frame, let remaining, let maskOffset):
                let count = min(remaining, input.count)
                if count == remaining, isWhole(frame) {
                    let payload = UnsafeRawBufferPointer(rebasing: input[..<count])
                    input = UnsafeRawBufferPointer(rebasing: input[count...])
                    state = .header
                    return finish(frame, message: payload)
                }
                if !frame.isControl { grow(to: messageCount + count) }
                copy(input, count, frame, maskOffset)
                input = UnsafeRawBufferPointer(rebasing: input[count...])
                guard count == remaining else {
                    state = .payload(frame, remaining: remaining - count, maskOffset: (maskOffset + count) & 3)
                    return .needsMore
                }
                state = .header
                guard frame.isFinal else { continue }
                return finish(frame, message: UnsafeRawBufferPointer(rebasing: message[..<messageCount]))
            }
        }
    }

    /// Whether a message is all in this frame, of which nothing has been taken, and needs no unmasking.
    private func isWhole(_ frame: Frame) -> Bool {
        sender == .server && !frame.isControl && frame.isFinal && messageCount == 0
    }

    private enum HeaderResult {
        case needsMore
        case frame(Frame, length: Int)
        case violation(UInt16, StaticString)
    }

    private mutating func readHeader(_ input: inout UnsafeRawBufferPointer) -> HeaderResult {
        while true {
            if let needed = headerBytesNeeded, header.count >= needed { return parseHeader() }
            guard let byte = input.first else { return .needsMore }
            header.bytes[header.count] = byte
            header.count += 1
            input = UnsafeRawBufferPointer(rebasing: input[1...])
        }
    }

    /// Length of the header that has begun; nil until its second byte is there.
    private var headerBytesNeeded: Int? {
        guard header.count >= 2 else { return nil }
        // Masked or not where it must be the other: refused with the second byte, so nothing more is waited for.
        guard isMasked == (sender == .client) else { return 2 }
        let key = isMasked ? 4 : 0
        switch header.bytes[1] & 0x7F {
        case 126: return 4 + key
        case 127: return 10 + key
        default: return 2 + key
        }
    }

    private var isMasked: Bool { header.bytes[1] & 0x80 != 0 }

    private mutating func parseHeader() -> HeaderResult {
        let needed = header.count
        header.count = 0
        let first = header.bytes[0]
        let second = header.bytes[1]
        let opcode = first & 0x0F
        let isFinal = first & 0x80 != 0
        guard first & 0x70 == 0 else { return .violation(1002, "reserved bits without an extension") }
        switch (sender, isMasked) {
        case (.client, false): return .violation(1002, "a client's frames must be masked")
        case (.server, true): return .violation(1002, "a server's frames must not be masked")
        case (.client, true), (.server, false): break
        }
        var length = UInt64(second & 0x7F)
        if length >= 126 {
            let end = length == 126 ? 4 : 10
            length = 0
            for index in 2..<end { length = length << 8 | UInt64(header.bytes[index]) }
        }
        var mask: UInt32 = 0
        if isMasked {
            for index in 0..<4 { mask |= UInt32(header.bytes[needed - 4 + index]) << UInt32(8 * index) }
        }
        switch opcode {
        case 0x0:
            guard messageOpcode != 0 else { return .violation(1002, "a continuation of nothing") }
        case 0x1, 0x2:
            guard messageOpcode == 0 else { return .violation(1002, "a new message inside another") }
            messageCount = 0
            messageOpcode = opcode
        case 0x8, 0x9, 0xA:
            guard isFinal else { return .violation(1002, "a fragmented control frame") }
            guard length <= 125 else { return .violation(1002, "a control frame of more than 125 bytes") }
            controlCount = 0
        default: return .violation(1002, "a reserved opcode")
        }
        if opcode & 0x8 == 0 {
            guard length <= UInt64(maximumMessageBytes - messageCount) else {
                return .violation(1009, "the message is too long")
            }
        }
        return .frame(Frame(opcode: opcode, isFinal: isFinal, mask: mask), length: Int(length))
    }

    private mutating func grow(to count: Int) {
        guard count > message.count else { return }
        var size = message.count
        while size < count { size *= 2 }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: message[..<messageCount]))
        message.deallocate()
        message = larger
    }

    /// Unmasks `count` bytes of `input` behind what the frame's buffer holds; header checks made sure that they fit.
    private mutating func copy(_ input: UnsafeRawBufferPointer, _ count: Int, _ frame: Frame, _ maskOffset: Int) {
        let start = frame.isControl ? controlCount : messageCount
        let target = frame.isControl ? control : message
        guard count > 0, start + count <= target.count else { return }
        // The key as it lies over the first byte, twice, for eight bytes at a time.
        let shift = UInt32(8 * maskOffset)
        let rotated = shift == 0 ? frame.mask : frame.mask >> shift | frame.mask << (32 - shift)
        let wide = UInt64(rotated) << 32 | UInt64(rotated)
        var index = 0
        while index + 8 <= count {
            let word = input.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ wide
            target.storeBytes(of: word.littleEndian, toByteOffset: start + index, as: UInt64.self)
            index += 8
        }
        while index < count {
            target[start + index] = input[index] ^ UInt8(truncatingIfNeeded: rotated >> UInt32(8 * (index & 3)))
            index += 1
        }
        if frame.isControl { controlCount += count } else { messageCount += count }
    }

    private mutating func finish(_ frame: Frame, message: UnsafeRawBufferPointer) -> Event {
        switch frame.opcode {
        case 0x8: return closeEvent()
        case 0x9: return .ping(UnsafeRawBufferPointer(rebasing: control[..<controlCount]))
        case 0xA: return .pong
        default:
            let isText = messageOpcode == 0x1
            messageOpcode = 0
            return isText ? .text(message) : .binary(message)
        }
    }

    /// A server is heard out: its reason is worth more than a right code (1002 stands for a wrong one).
    private mutating func closeEvent() -> Event {
        let reason = UnsafeRawBufferPointer(rebasing: control[min(2, controlCount)..<controlCount])
        switch (controlCount, sender) {
        case (0, _), (1, .server): return .close(code: 1005, reason: reason)
        case (1, .client): return fail(1002, "a close frame of one byte")
        default: break
        }
        let code = UInt16(control[0]) << 8 | UInt16(control[1])
        switch (WebSocketFraming.isValidCloseCode(code), sender) {
        case (true, _): return .close(code: code, reason: reason)
        case (false, .server): return .close(code: 1002, reason: reason)
        case (false, .client): return fail(1002, "a close code that must not be sent")
        }
    }

    private mutating func fail(_ code: UInt16, _ reason: StaticString) -> Event {
        state = .failed
        return .violation(code: code, reason: reason)
    }
}
