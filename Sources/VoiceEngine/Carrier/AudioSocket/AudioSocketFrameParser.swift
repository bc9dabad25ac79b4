/// Splits what Asterisk sends into messages. Pure: bytes in, frames out, in any split of the bytes.
///
/// A frame that arrived whole is handed on where it lies; one in pieces is put together in a buffer that is reused. It is
/// never longer than 65,538 bytes: the length is two bytes. There are no malformed frames: any three bytes are a header.
package struct AudioSocketFrameParser: ~Copyable {
    package enum Event {
        /// All input is consumed.
        case needsMore
        /// The payload is borrowed until the next call, and no longer than the input.
        case frame(kind: UInt8, payload: UnsafeRawBufferPointer)
    }

    /// Grows to the longest frame that came in pieces.
    private var pending: UnsafeMutableRawBufferPointer
    /// Bytes of a frame that is not whole yet; nothing else is ever in `pending`.
    private var count = 0

    package init() { pending = .allocate(byteCount: 1_024, alignment: 8) }

    deinit { pending.deallocate() }

    /// Takes bytes off `input` up to the end of the next frame.
    package mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event {
        if count == 0, let length = Self.frameLength(input), input.count >= length {
            let frame = UnsafeRawBufferPointer(rebasing: input[..<length])
            input = UnsafeRawBufferPointer(rebasing: input[length...])
            return Self.event(frame)
        }
        take(&input, upTo: AudioSocketWire.headerBytes)
        guard let length = Self.frameLength(UnsafeRawBufferPointer(rebasing: pending[..<count])) else {
            return .needsMore
        }
        reserve(length)
        take(&input, upTo: length)
        guard count == length else { return .needsMore }
        count = 0
        return Self.event(UnsafeRawBufferPointer(rebasing: pending[..<length]))
    }

    /// Of the frame that begins here; nil while its header is not whole.
    private static func frameLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= AudioSocketWire.headerBytes else { return nil }
        return AudioSocketWire.headerBytes + Int(bytes[1]) << 8 + Int(bytes[2])
    }

    private static func event(_ frame: UnsafeRawBufferPointer) -> Event {
        .frame(kind: frame[0], payload: UnsafeRawBufferPointer(rebasing: frame[AudioSocketWire.headerBytes...]))
    }

    private mutating func take(_ input: inout UnsafeRawBufferPointer, upTo length: Int) {
        let taken = min(max(length - count, 0), input.count)
        guard taken > 0 else { return }
        UnsafeMutableRawBufferPointer(rebasing: pending[count..<(count + taken)])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<taken]))
        count += taken
        input = UnsafeRawBufferPointer(rebasing: input[taken...])
    }

    private mutating func reserve(_ length: Int) {
        guard length > pending.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 8)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: pending[..<count]))
        pending.deallocate()
        pending = larger
    }
}
