package import NIOCore
internal import VoiceEngineCore

/// The outgoing half of the Twilio media stream protocol, for one stream: `media`, `mark` and `clear`, with exactly the
/// documented fields (one more, and Twilio warns). What does not change is prepared once; nothing is built per message.
package struct TwilioMessageWriter: Sendable {
    private let mediaHead: [UInt8]
    private let mediaTail: [UInt8]
    private let markHead: [UInt8]
    private let markTail: [UInt8]
    private let clear: [UInt8]

    /// - Parameter streamSid: As `TwilioWire` has checked it: no character that JSON escapes.
    package init(streamSid: String) {
        mediaHead = Array(#"{"event":"media","streamSid":"\#(streamSid)","media":{"payload":""#.utf8)
        mediaTail = Array(#""}}"#.utf8)
        markHead = Array(#"{"event":"mark","streamSid":"\#(streamSid)","mark":{"name":"v"#.utf8)
        markTail = Array(#""}}"#.utf8)
        clear = Array(#"{"event":"clear","streamSid":"\#(streamSid)"}"#.utf8)
    }

    /// [bytes] of the message for `audio` bytes.
    package func mediaCount(audio: Int) -> Int { mediaHead.count + Base64.encodedCount(audio) + mediaTail.count }

    /// Appends `mediaCount` bytes.
    package func writeMedia(_ audio: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        buffer.writeBytes(mediaHead)
        let count = Base64.encodedCount(audio.count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            let source = audio.assumingMemoryBound(to: UInt8.self)
            var characters = UnsafeMutableBufferPointer(
                start: target.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count
            ).mutableSpan
            // The room is asked for above: this cannot fail.
            return (try? Base64.encode(source.span, into: &characters)) ?? 0
        }
        buffer.writeBytes(mediaTail)
    }

    /// [bytes] of the mark of this number.
    package func markCount(_ number: Int64) -> Int {
        markHead.count + Self.digits(number) + markTail.count
    }

    /// Appends `markCount` bytes.
    package func writeMark(_ number: Int64, into buffer: inout ByteBuffer) {
        buffer.writeBytes(markHead)
        var divisor: Int64 = 1
        for _ in 1..<Self.digits(number) { divisor *= 10 }
        while divisor > 0 {
            buffer.writeInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
        buffer.writeBytes(markTail)
    }

    package var clearCount: Int { clear.count }

    /// Appends `clearCount` bytes.
    package func writeClear(into buffer: inout ByteBuffer) { buffer.writeBytes(clear) }

    private static func digits(_ number: Int64) -> Int {
        var count = 1
        var rest = number / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        return count
    }
}
