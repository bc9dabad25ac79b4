import VoiceEngineCarrier
import VoiceEngineCore
import VoiceEngineNet

/// One kernel over one buffer.
struct ByteKernelFinding {
    let name: String
    /// [bytes] Of what it is asked to convert.
    let input: Int
    /// [bytes] Read and written.
    let moved: Int
    let nanoseconds: Double
    /// [ns] A copy that moves as many bytes.
    let copy: Double

    var inputRate: Double { Double(input) / nanoseconds }
    var movedRate: Double { Double(moved) / nanoseconds }
    var shareOfCopy: Double { copy / nanoseconds }
}

/// What is done to bytes of audio and of messages on every frame.
enum ByteKernels {
    /// - Parameter samples: 160 are a frame; more are a block for which a call's own cost does not count.
    static func measure(samples: Int) -> [ByteKernelFinding] {
        g711(samples) + base64(samples) + messages(samples)
    }

    /// What no cache holds: 96 MB, from main memory and back to it.
    static let samplesOfMemory = 32 << 20

    private static func finding(_ name: String, input: Int, moved: Int, _ work: () -> Void) -> ByteKernelFinding {
        let from = [UInt8](repeating: 1, count: moved / 2)
        var to = from
        let copy = to.withUnsafeMutableBytes { to in
            from.withUnsafeBytes { from in KernelTimer.nanoseconds { keep(to, from) } }
        }
        return ByteKernelFinding(
            name: name, input: input, moved: moved, nanoseconds: KernelTimer.nanoseconds(work), copy: copy)
    }

    /// A copy that the compiler cannot leave out.
    @inline(never)
    private static func keep(_ to: UnsafeMutableRawBufferPointer, _ from: UnsafeRawBufferPointer) {
        to.copyMemory(from: from)
    }

    /// G.711 with all vectors that this processor has.
    static func g711(_ count: Int) -> [ByteKernelFinding] {
        G711.Vectors.all.flatMap { g711(count, by: $0) }
    }

    private static func g711(_ count: Int, by vectors: G711.Vectors) -> [ByteKernelFinding] {
        let samples = (0..<count).map { Int16(truncatingIfNeeded: $0 &* 7_919) }
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var coded = bytes
        var linear = samples
        let moved = count * 3
        return [
            finding("μ-law encode, \(vectors)", input: count * 2, moved: moved) {
                var target = coded.mutableSpan
                G711.encodeMulaw(samples.span, into: &target, by: vectors)
            },
            finding("μ-law decode, \(vectors)", input: count, moved: moved) {
                var target = linear.mutableSpan
                G711.decodeMulaw(bytes.span, into: &target, by: vectors)
            },
            finding("A-law encode, \(vectors)", input: count * 2, moved: moved) {
                var target = coded.mutableSpan
                G711.encodeAlaw(samples.span, into: &target, by: vectors)
            },
            finding("A-law decode, \(vectors)", input: count, moved: moved) {
                var target = linear.mutableSpan
                G711.decodeAlaw(bytes.span, into: &target, by: vectors)
            },
        ]
    }

    private static func base64(_ count: Int) -> [ByteKernelFinding] {
        var bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var text = [UInt8](repeating: 0, count: Base64.encodedCount(count))
        let moved = bytes.count + text.count
        return [
            finding("base64 encode", input: bytes.count, moved: moved) {
                var target = text.mutableSpan
                _ = try? Base64.encode(bytes.span, into: &target)
            },
            finding("base64 decode", input: text.count, moved: moved) {
                var target = bytes.mutableSpan
                _ = try? Base64.decode(text.span, into: &target)
            },
        ]
    }

    /// A media message of Twilio's with so many bytes of audio.
    private static func messages(_ count: Int) -> [ByteKernelFinding] {
        let message = ClientSide.mediaText([UInt8](repeating: 0x5A, count: count))
        let frame = ClientSide.frame(message)
        let wire = TwilioWire()
        var parser = WebSocketFrameParser(of: .client, maximumMessageBytes: 1 << 20)
        var audio = [UInt8](repeating: 0, count: count)
        var seen = 0
        return [
            finding("media message: scan", input: message.count, moved: message.count) {
                message.withUnsafeBytes { bytes in
                    if case .media = try? wire.decode(text: bytes) { seen += 1 }
                }
            },
            finding("WebSocket: frame, unmask", input: frame.count, moved: frame.count * 2) {
                frame.withUnsafeBytes { bytes in
                    var rest = bytes
                    if case .text = parser.next(&rest) { seen += 1 }
                }
            },
            finding("frame to audio: all three", input: frame.count, moved: frame.count * 2 + count) {
                frame.withUnsafeBytes { bytes in
                    var rest = bytes
                    guard case .text(let message) = parser.next(&rest),
                        case .media(let media) = try? wire.decode(text: message)
                    else { return }
                    var target = audio.mutableSpan
                    let text = UnsafeRawBufferPointer(rebasing: message[media.payload])
                    seen += (try? Base64.decode(text.bindMemory(to: UInt8.self).span, into: &target)) ?? 0
                }
            },
        ]
    }
}
