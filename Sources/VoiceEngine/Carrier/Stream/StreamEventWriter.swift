internal import NIOCore

/// Writes the messages of the carriers whose format `StreamEventFields` reads: media, mark and clear of one stream.
/// What does not change is prepared once; nothing is built per message.
package struct StreamEventWriter: Sendable {
    private let mediaHead: [UInt8]
    private let mediaTail: [UInt8]
    private let markHead: [UInt8]
    private let markTail: [UInt8]
    private let clear: [UInt8]

    /// - Parameters:
    ///   - media: Text before and behind the base64.
    ///   - mark: Text before and behind the mark's number, the `v` of its name included.
    package init(media: (String, String), mark: (String, String), clear: String) {
        mediaHead = Array(media.0.utf8)
        mediaTail = Array(media.1.utf8)
        markHead = Array(mark.0.utf8)
        markTail = Array(mark.1.utf8)
        self.clear = Array(clear.utf8)
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        output.text { buffer in
            buffer.writeBytes(mediaHead)
            buffer.writeBase64(audio)
            buffer.writeBytes(mediaTail)
        }
    }

    package func writeMark(_ number: Int64, to output: inout StreamOutput) {
        output.text { buffer in
            buffer.writeBytes(markHead)
            buffer.writeDecimal(number)
            buffer.writeBytes(markTail)
        }
    }

    package func writeClear(to output: inout StreamOutput) {
        output.text { $0.writeBytes(clear) }
    }
}
