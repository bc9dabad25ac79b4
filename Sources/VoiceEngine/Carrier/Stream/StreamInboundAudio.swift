internal import VoiceEngineCore

/// Caller audio out of messages, in native byte order and mono, through buffers that are reused; and whether any comes
/// at all.
struct StreamInboundAudio: ~Copyable {
    private let format: StreamFormat
    private var audio: UnsafeMutableRawBufferPointer
    private var g722: SpanDSP.Decoder?
    /// What was decoded from G.722; empty in other calls.
    private var samples: UnsafeMutableBufferPointer<Int16>
    /// [ms] Longest G.722 message; what is longer loses its end.
    private static let longestG722 = 1_000
    /// Base64 that was written with escapes, without them.
    private var plain: [UInt8] = []
    /// [bytes] Of the last message, and of its audio.
    private var last = (message: 0, audio: 0)
    private var messages: Int64 = 0
    private var messagesAtCheck: Int64 = 0

    init(_ format: StreamFormat = .telephone) {
        self.format = format
        audio = .allocate(byteCount: 2_048, alignment: 8)
        g722 = format.packing == .g722 ? SpanDSP.shared.flatMap { SpanDSP.Decoder($0) } : nil
        samples = .allocate(capacity: g722 == nil ? 0 : Self.longestG722 * 16)
    }

    deinit {
        audio.deallocate()
        samples.deallocate()
    }

    /// The audio of one message. Borrowed until the next call, or as long as the message.
    ///
    /// - Throws: When the payload is no base64.
    mutating func decode(
        _ media: StreamMedia, of message: UnsafeRawBufferPointer
    ) throws(StreamWireError) -> UnsafeRawBufferPointer {
        let audio = try read(media, of: message)
        last = (message.count, audio.count)
        return audio
    }

    /// How many messages like the last one hold so much audio, and the size of each in bytes; none where sizes are not
    /// steady.
    func messages(inMilliseconds milliseconds: Int) -> (count: Int, size: Int) {
        let samples = format.audio.samples(inBytes: last.audio)
        guard samples > 0 else { return (0, 0) }
        return (format.audio.samples(inMilliseconds: milliseconds) / samples, last.message)
    }

    private mutating func read(
        _ media: StreamMedia, of message: UnsafeRawBufferPointer
    ) throws(StreamWireError) -> UnsafeRawBufferPointer {
        messages += 1
        let payload = UnsafeRawBufferPointer(rebasing: message[media.payload])
        switch media.coding {
        case .raw:
            if format.channels == 1, format.packing == .same { return payload }
            grow(to: payload.count)
            audio.copyMemory(from: payload)
            return native(payload.count)
        case .base64:
            grow(to: Base64.maximumDecodedCount(payload.count))
            return native(try Self.decode(payload.assumingMemoryBound(to: UInt8.self).span, into: audio))
        case .escapedBase64:
            plain.removeAll(keepingCapacity: true)
            let isText = (try? JSONScanner.unescape(media.payload, of: message, into: &plain)) != nil
            guard isText else { throw StreamWireError("media.payload", .base64) }
            grow(to: Base64.maximumDecodedCount(plain.count))
            return native(try Self.decode(plain.span, into: audio))
        }
    }

    /// Whether no audio came since the last call although some came before it: said once per silence.
    mutating func wentSilent() -> Bool {
        defer { messagesAtCheck = messages == messagesAtCheck ? -1 : messages }
        return messages == messagesAtCheck
    }

    private static func decode(
        _ characters: Span<UInt8>, into audio: UnsafeMutableRawBufferPointer
    ) throws(StreamWireError) -> Int {
        do {
            var target = audio.assumingMemoryBound(to: UInt8.self).mutableSpan
            return try Base64.decode(characters, into: &target)
        } catch {
            throw StreamWireError("media.payload", .base64)
        }
    }

    /// Takes the first channel of the first `count` bytes, and brings its bytes into order.
    private mutating func native(_ count: Int) -> UnsafeRawBufferPointer {
        if format.packing == .g722 {
            let bytes = UnsafeRawBufferPointer(rebasing: audio[..<count])
            let made = g722?.decode(bytes, into: samples) ?? 0
            return UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: samples[..<made]))
        }
        let width = max(format.audio.bytesPerSample, 1)
        var used = count
        if format.channels > 1 {
            let frames = count / (width * format.channels)
            for frame in 0..<frames {
                for byte in 0..<width { audio[frame * width + byte] = audio[frame * width * format.channels + byte] }
            }
            used = frames * width
        }
        if format.packing == .bigEndian { Self.swapBytes(UnsafeMutableRawBufferPointer(rebasing: audio[..<used])) }
        return UnsafeRawBufferPointer(rebasing: audio[..<used])
    }

    /// Exchanges the bytes of 16-bit samples; an odd last byte is left alone.
    static func swapBytes(_ samples: UnsafeMutableRawBufferPointer) {
        for offset in stride(from: 0, to: samples.count & ~1, by: 2) {
            let sample = samples.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            samples.storeBytes(of: sample.byteSwapped, toByteOffset: offset, as: UInt16.self)
        }
    }

    private mutating func grow(to count: Int) {
        guard count > audio.count else { return }
        audio.deallocate()
        audio = .allocate(byteCount: count, alignment: 8)
    }
}
