package import NIOCore
internal import VoiceEngineCore

/// Messages that a wire wrote, one after the other in memory that is reused.
package struct StreamOutput: Sendable {
    private struct Message {
        let isText: Bool
        let end: Int
    }

    private var bytes = ByteBuffer()
    private var messages: [Message] = []

    package init() {
        bytes.reserveCapacity(1_024)
        messages.reserveCapacity(4)
    }

    package var isEmpty: Bool { messages.isEmpty }
    /// Of all messages.
    package var byteCount: Int { bytes.readableBytes }

    /// Adds the text message that `write` appends.
    package mutating func text(_ write: (inout ByteBuffer) -> Void) { add(isText: true, write) }

    package mutating func text(_ message: String) { add(isText: true) { $0.writeString(message) } }

    /// Adds the binary message that `write` appends.
    package mutating func binary(_ write: (inout ByteBuffer) -> Void) { add(isText: false, write) }

    /// Visits the messages in order. What is visited is borrowed until `visit` returns.
    package func forEach(_ visit: (_ message: UnsafeRawBufferPointer, _ isText: Bool) -> Void) {
        bytes.withUnsafeReadableBytes { bytes in
            var start = 0
            for message in messages {
                visit(UnsafeRawBufferPointer(rebasing: bytes[start..<message.end]), message.isText)
                start = message.end
            }
        }
    }

    /// Forgets the messages and keeps the memory.
    package mutating func removeAll() {
        bytes.clear()
        messages.removeAll(keepingCapacity: true)
    }

    private mutating func add(isText: Bool, _ write: (inout ByteBuffer) -> Void) {
        write(&bytes)
        messages.append(Message(isText: isText, end: bytes.readableBytes))
    }
}

extension ByteBuffer {
    /// Appends bytes as base64. No allocation where there is room.
    mutating func writeBase64(_ bytes: UnsafeRawBufferPointer) {
        let count = Base64.encodedCount(bytes.count)
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            let source = bytes.assumingMemoryBound(to: UInt8.self)
            var characters = UnsafeMutableBufferPointer(
                start: target.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count
            ).mutableSpan
            // The room is asked for above: this cannot fail.
            return (try? Base64.encode(source.span, into: &characters)) ?? 0
        }
    }

    /// Appends a number that is not negative, in decimal digits. No allocation where there is room.
    mutating func writeDecimal(_ number: Int64) {
        var divisor: Int64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            writeInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    /// Appends text as a JSON string, quotes included.
    mutating func writeJSON(_ text: String) {
        var writer = JSONWriter()
        writer.string(text)
        writeBytes(writer.bytes)
    }
}

/// The names of our marks: `v` and a number that only grows, so that an echo says which one came back.
package enum StreamMarkName {
    package static func number(_ name: UnsafeRawBufferPointer) -> Int64? {
        guard name.first == UInt8(ascii: "v"), (2...18).contains(name.count) else { return nil }
        var number: Int64 = 0
        for byte in name.dropFirst() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return number
    }
}
