package import VoiceEngineCore

/// Audio in any format to PCM16 at the rate that the engine wants: decoding, then resampling.
///
/// Chunks of PCM16 and G.711 may be of any length: half a sample at the end of one is completed by the next. A chunk of
/// Opus is one packet. PCM16 is in native byte order, which is little-endian wherever this library runs.
///
/// After `init` nothing allocates. Not `Sendable`: belongs to one call on one thread.
package final class FrameDecoder {
    package let format: AudioFormat
    /// [Hz] of the output.
    package let outputRate: Int

    private let resampler: Resampler
    private let opus: OpusDecoder?
    private let scratch: UnsafeMutableBufferPointer<Int16>
    /// The first byte of a sample whose second has not come yet.
    private var torn: UInt8?

    /// - Parameters:
    ///   - format: of the input.
    ///   - outputRate: [Hz] 8000...48000.
    package init(
        from format: AudioFormat, to outputRate: Int, quality: Resampler.Quality = .standard
    ) throws(MediaError) {
        self.format = format
        self.outputRate = outputRate
        resampler = try Resampler(from: format.sampleRate, to: outputRate, quality: quality)
        opus = format.encoding == .opus ? try OpusDecoder(sampleRate: format.sampleRate) : nil
        scratch = .allocate(capacity: max(Resampler.blockSamples, opus?.maximumPacketSamples ?? 0))
        scratch.initialize(repeating: 0)
    }

    deinit {
        scratch.deallocate()
    }

    /// [input samples] by which resampling delays.
    package var delay: Int { resampler.delay }

    /// [samples] that a chunk of `count` bytes can become at most, `flush` included.
    package func maximumSamples(forBytes count: Int) -> Int {
        let samples = opus?.maximumPacketSamples ?? (count + 1) / format.bytesPerSample
        return resampler.maximumOutput(forInput: samples)
    }

    /// Converts one chunk.
    ///
    /// - Parameter samples: at least `maximumSamples(forBytes: bytes.count)` long.
    /// - Returns: [samples] written to the front of `samples`.
    /// - Throws: `targetTooSmall` before anything is consumed; `badPacket` for what is not Opus.
    package func decode(_ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>) throws(MediaError) -> Int {
        let needed = maximumSamples(forBytes: bytes.count)
        guard samples.count >= needed else { throw .targetTooSmall(needed: needed) }
        if bytes.isEmpty { return 0 }
        var pcm = scratch.mutableSpan
        if let opus {
            let count = try opus.decode(bytes, into: &pcm)
            return try resample(count, into: &samples, at: 0)
        }
        var (taken, made) = (0, 0)
        if let first = torn {
            torn = nil
            scratch[0] = Int16(littleEndian: Int16(first) | Int16(truncatingIfNeeded: Int(bytes[0]) << 8))
            taken = 1
            made = try resample(1, into: &samples, at: 0)
        }
        while bytes.count - taken >= format.bytesPerSample {
            let rest = bytes.extracting(taken...)
            let count = format.encoding.decode(rest, into: &pcm)
            taken += count * format.bytesPerSample
            made += try resample(count, into: &samples, at: made)
        }
        if taken < bytes.count { torn = bytes[taken] }
        return made
    }

    /// Fills the place of a lost packet or chunk: Opus conceals, the others are silent.
    ///
    /// - Parameters:
    ///   - count: [input samples] lost; at most 120 ms are filled.
    ///   - samples: at least `maximumSamples(forBytes:)` of a chunk of that length.
    /// - Returns: [samples] written to the front of `samples`.
    package func conceal(_ count: Int, into samples: inout MutableSpan<Int16>) throws(MediaError) -> Int {
        let most = min(max(0, count), format.sampleRate * OpusDecoder.maximumPacketMs / 1_000)
        let needed = resampler.maximumOutput(forInput: most)
        guard samples.count >= needed else { throw .targetTooSmall(needed: needed) }
        torn = nil
        var pcm = scratch.mutableSpan
        if let opus { return try resample(try opus.conceal(most, into: &pcm), into: &samples, at: 0) }
        var (left, made) = (most, 0)
        while left > 0 {
            let block = min(left, scratch.count)
            UnsafeMutableBufferPointer(rebasing: scratch[0..<block]).update(repeating: 0)
            made += try resample(block, into: &samples, at: made)
            left -= block
        }
        return made
    }

    /// Ends the stream: gives what the resampler still holds and starts over.
    ///
    /// - Parameter samples: at least `maximumSamples(forBytes: 0)` long.
    package func flush(into samples: inout MutableSpan<Int16>) throws(MediaError) -> Int {
        torn = nil
        opus?.reset()
        return try resampler.flush(into: &samples)
    }

    /// Forgets the stream without giving what is left of it.
    package func reset() {
        torn = nil
        opus?.reset()
        resampler.reset()
    }

    private func resample(_ count: Int, into samples: inout MutableSpan<Int16>, at offset: Int) throws(MediaError)
        -> Int
    {
        try resampler.append(UnsafeBufferPointer(rebasing: scratch[0..<count]).span, to: &samples, at: offset)
    }
}
