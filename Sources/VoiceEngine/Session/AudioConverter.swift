internal import VoiceEngineCore
internal import VoiceEngineMedia

/// Bytes of one format to samples at one rate, into memory of its own. Confined to its session's loop.
///
/// Allocates only when a chunk is larger than every one before it.
final class AudioConverter {
    private let decoder: FrameDecoder
    private var buffer: UnsafeMutableBufferPointer<Int16>

    init(from format: AudioFormat, toRate rate: Int) throws(MediaError) {
        decoder = try FrameDecoder(from: format, to: rate)
        let usual = decoder.maximumSamples(forBytes: format.bytes(forSamples: format.samples(inMilliseconds: 60)))
        buffer = .allocate(capacity: max(usual, 1))
        buffer.initialize(repeating: 0)
    }

    deinit { buffer.deallocate() }

    /// - Returns: The samples, borrowed until the next call. None for a packet that cannot be decoded.
    func decode(_ bytes: UnsafeRawBufferPointer) -> UnsafeBufferPointer<Int16> {
        reserve(decoder.maximumSamples(forBytes: bytes.count))
        var samples = buffer.mutableSpan
        let input = bytes.withMemoryRebound(to: UInt8.self) { $0 }
        let count = (try? decoder.decode(input.span, into: &samples)) ?? 0
        return UnsafeBufferPointer(rebasing: buffer[..<count])
    }

    /// Ends a stretch: what the resampler still holds. Borrowed until the next call.
    func flush() -> UnsafeBufferPointer<Int16> {
        reserve(decoder.maximumSamples(forBytes: 0))
        var samples = buffer.mutableSpan
        let count = (try? decoder.flush(into: &samples)) ?? 0
        return UnsafeBufferPointer(rebasing: buffer[..<count])
    }

    func reset() { decoder.reset() }

    private func reserve(_ count: Int) {
        guard count > buffer.count else { return }
        buffer.deallocate()
        buffer = .allocate(capacity: count)
        buffer.initialize(repeating: 0)
    }
}

/// Bytes of one format to bytes of another, sample by sample (no Opus on the way out). Confined to its session's loop.
final class AudioTranscoder {
    private let converter: AudioConverter
    private let format: AudioFormat
    private var bytes: UnsafeMutableBufferPointer<UInt8>

    init(from: AudioFormat, to format: AudioFormat) throws(MediaError) {
        converter = try AudioConverter(from: from, toRate: format.sampleRate)
        self.format = format
        bytes = .allocate(capacity: 4_096)
        bytes.initialize(repeating: 0)
    }

    deinit { bytes.deallocate() }

    /// Forgets what the resampler holds.
    func reset() { converter.reset() }

    /// - Returns: The converted bytes, borrowed until the next call.
    func convert(_ audio: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let samples = converter.decode(audio)
        let needed = format.bytes(forSamples: samples.count)
        if needed > bytes.count {
            bytes.deallocate()
            bytes = .allocate(capacity: needed)
            bytes.initialize(repeating: 0)
        }
        var target = bytes.mutableSpan
        let count = format.encoding.encode(samples.span, into: &target)
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<count])
    }
}

/// Frames of samples to frames of the carrier's format, into memory of its own.
final class CarrierEncoder {
    private let encoder: FrameEncoder
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    init(format: AudioFormat, frameMilliseconds: Int) throws(MediaError) {
        encoder = try FrameEncoder(from: format.sampleRate, to: format, frameMs: frameMilliseconds)
        bytes = .allocate(capacity: max(encoder.maximumFrameBytes, 1))
        bytes.initialize(repeating: 0)
    }

    deinit { bytes.deallocate() }

    /// - Parameter frame: One whole frame.
    /// - Returns: The encoded frame, borrowed until the next call; empty when it could not be encoded.
    func encode(_ frame: UnsafeBufferPointer<Int16>) -> UnsafeRawBufferPointer {
        var target = bytes.mutableSpan
        let count = (try? encoder.encode(frame.span, into: &target)) ?? 0
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<count])
    }
}
