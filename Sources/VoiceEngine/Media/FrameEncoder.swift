package import VoiceEngineCore

/// PCM16 frames at the engine's rate to frames in any format: resampling, then encoding.
///
/// One frame in, exactly one frame (or Opus packet) out. What the resampler holds back is made up once, by silence
/// before the first frame, so that every frame is full: the price is the resampler's delay.
///
/// After `init` nothing allocates. Not `Sendable`: belongs to one call on one thread.
package final class FrameEncoder {
    package let format: AudioFormat
    /// [samples] of one frame in.
    package let inputSamples: Int
    /// [samples] of one frame out.
    package let outputSamples: Int

    private let resampler: Resampler
    private let opus: OpusEncoder?
    /// Resampled audio that waits for its frame; at most one frame, the delay and what one frame becomes.
    private let waiting: UnsafeMutableBufferPointer<Int16>
    private var waitingCount: Int
    /// [samples out] Silence before the first frame.
    private let lead: Int

    /// - Parameters:
    ///   - inputRate: [Hz] 8000...48000.
    ///   - format: of the output.
    ///   - frameMs: [ms] 10, 20, 30 or 60 (not 30 with Opus); a whole number of samples at both rates.
    package init(
        from inputRate: Int, to format: AudioFormat, frameMs: Int, quality: Resampler.Quality = .standard,
        opus settings: OpusEncoder.Settings = .init()
    ) throws(MediaError) {
        guard let samples = try? format.frameSamples(milliseconds: frameMs),
            (frameMs * inputRate).isMultiple(of: 1_000)
        else { throw .badFrame(expected: format.sampleRate / 50) }
        self.format = format
        resampler = try Resampler(from: inputRate, to: format.sampleRate, quality: quality)
        inputSamples = frameMs * inputRate / 1_000
        outputSamples = samples
        opus =
            format.encoding == .opus
            ? try OpusEncoder(sampleRate: format.sampleRate, frameMs: frameMs, settings: settings) : nil
        lead = (resampler.delay * format.sampleRate + inputRate - 1) / inputRate + (resampler.delay > 0 ? 1 : 0)
        waiting = .allocate(capacity: samples + lead + resampler.maximumOutput(forInput: inputSamples))
        waiting.initialize(repeating: 0)
        waitingCount = lead
    }

    deinit {
        waiting.deallocate()
    }

    /// [output samples] by which resampling delays the audio (Opus adds its own `lookahead`).
    package var delay: Int { lead }

    /// [bytes] that a frame takes at most; exactly so but for Opus.
    package var maximumFrameBytes: Int { format.bytes(forSamples: outputSamples) }

    /// Converts one frame.
    ///
    /// - Parameters:
    ///   - frame: exactly `inputSamples`.
    ///   - bytes: at least `maximumFrameBytes` long.
    /// - Returns: [bytes] written to the front of `bytes`.
    /// - Throws: `badFrame`, `targetTooSmall` before anything is consumed; `library`.
    package func encode(_ frame: Span<Int16>, into bytes: inout MutableSpan<UInt8>) throws(MediaError) -> Int {
        guard frame.count == inputSamples else { throw .badFrame(expected: inputSamples) }
        guard bytes.count >= maximumFrameBytes else { throw .targetTooSmall(needed: maximumFrameBytes) }
        var room = UnsafeMutableBufferPointer(rebasing: waiting[waitingCount...]).mutableSpan
        waitingCount += try resampler.process(frame, into: &room)
        // Cannot happen as long as `lead` covers the resampler's delay; a short frame would end in old samples.
        if waitingCount < outputSamples {
            UnsafeMutableBufferPointer(rebasing: waiting[waitingCount..<outputSamples]).update(repeating: 0)
            waitingCount = outputSamples
        }
        let pcm = UnsafeBufferPointer(rebasing: waiting[0..<outputSamples]).span
        defer { dropFrame() }
        if let opus { return try opus.encode(pcm, into: &bytes) }
        return format.encoding.encode(pcm, into: &bytes)
    }

    /// Forgets the stream: the next frame begins a new one.
    package func reset() {
        resampler.reset()
        opus?.reset()
        waiting.update(repeating: 0)
        waitingCount = lead
    }

    private func dropFrame() {
        waitingCount -= outputSamples
        guard let base = waiting.baseAddress else { return }
        base.update(from: base + outputSamples, count: waitingCount)
    }
}
