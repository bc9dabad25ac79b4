/// Changes the sample rate of a mono PCM16 stream.
///
///     Int16 in ─▶ float ─▶ polyphase filter | libsamplerate ─▶ rounded, saturated ─▶ Int16 out
///
/// - Equal rates are passed through untouched, without delay.
/// - `standard` is a polyphase filter where the rates have a small common ratio (all of 8, 11.025, 12, 16, 22.05, 24,
///   32, 44.1 and 48 kHz), because it costs a tenth of libsamplerate at an equal stop band: images and aliases at most
///   -80 dB, flat up to 0.425 of the lower rate. Other ratios, and `best`, are libsamplerate's.
/// - Any split of the same input gives bit-identical output; no sample is lost or doubled: after `flush` the outputs
///   are round(inputs · to / from), however long the stream was.
///
/// Output is aligned with input (sample n of the output belongs to input n · from / to) but is made `delay` later.
/// After `init` nothing allocates. Not `Sendable`: belongs to one call on one thread.
package final class Resampler {
    package enum Quality: Sendable {
        case standard
        case best
    }

    private enum Kernel {
        case copy
        case polyphase(PolyphaseKernel)
        case library(SampleRateKernel)
    }

    /// [Hz]
    package let inputRate: Int
    /// [Hz]
    package let outputRate: Int
    private let kernel: Kernel
    private var consumed: Int64 = 0
    private var produced: Int64 = 0

    /// - Throws: `unsupportedRate` outside 8000...48000 Hz, or `library`.
    package convenience init(
        from inputRate: Int, to outputRate: Int, quality: Quality = .standard
    ) throws(MediaError) {
        for rate in [inputRate, outputRate] where !(8_000...48_000).contains(rate) { throw .unsupportedRate(rate) }
        if inputRate == outputRate {
            self.init(inputRate, outputRate, .copy)
            return
        }
        switch quality {
        case .standard:
            if let filter = PolyphaseFilter.shared(from: inputRate, to: outputRate) {
                self.init(inputRate, outputRate, .polyphase(PolyphaseKernel(filter)))
            } else {
                try self.init(from: inputRate, to: outputRate, converter: .medium)
            }
        case .best:
            try self.init(from: inputRate, to: outputRate, converter: .best)
        }
    }

    /// libsamplerate whatever the ratio, for comparison.
    package convenience init(from: Int, to: Int, converter: SampleRateKernel.Converter) throws(MediaError) {
        let kernel = try SampleRateKernel(converter, ratio: Double(to) / Double(from))
        self.init(from, to, .library(kernel))
    }

    private init(_ inputRate: Int, _ outputRate: Int, _ kernel: Kernel) {
        self.inputRate = inputRate
        self.outputRate = outputRate
        self.kernel = kernel
    }

    /// [input samples] that must follow a sample before its output is made. For libsamplerate an upper bound, measured.
    package var delay: Int {
        switch kernel {
        case .copy: 0
        case .polyphase(let kernel): kernel.delay
        case .library: Self.libraryDelay * max(inputRate, outputRate) / outputRate
        }
    }

    /// [samples] that `count` more inputs can become at most, `flush` included.
    package func maximumOutput(forInput count: Int) -> Int {
        // What was held back so far comes out with it; one more for rounding up.
        (count + delay + 1) * outputRate / inputRate + 2
    }

    /// Converts `input`.
    ///
    /// - Parameter output: at least `maximumOutput(forInput: input.count)` long.
    /// - Returns: [samples] written to the front of `output`.
    /// - Throws: `targetTooSmall` before anything is consumed; `library`.
    package func process(_ input: Span<Int16>, into output: inout MutableSpan<Int16>) throws(MediaError) -> Int {
        let needed = maximumOutput(forInput: input.count)
        guard output.count >= needed else { throw .targetTooSmall(needed: needed) }
        return try append(input, to: &output, at: 0)
    }

    /// As `process`, for callers that have made room for the whole of a chunk before they convert it piece by piece:
    /// the bound of `maximumOutput` holds for the sum of the pieces.
    func append(
        _ input: Span<Int16>, to output: inout MutableSpan<Int16>, at offset: Int
    ) throws(MediaError) -> Int {
        var result: Result<Int, MediaError> = .success(0)
        input.withUnsafeBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                result = convert(source, into: UnsafeMutableBufferPointer(rebasing: target[offset...]))
            }
        }
        let made = try result.get()
        consumed += Int64(input.count)
        produced += Int64(made)
        return made
    }

    /// Ends the stream: gives the outputs that were still waiting for input, then starts over as `reset` does.
    ///
    /// - Parameter output: at least `maximumOutput(forInput: 0)` long.
    /// - Returns: [samples] written to the front of `output`.
    package func flush(into output: inout MutableSpan<Int16>) throws(MediaError) -> Int {
        let needed = maximumOutput(forInput: 0)
        guard output.count >= needed else { throw .targetTooSmall(needed: needed) }
        let (rateIn, rateOut) = (Int64(inputRate), Int64(outputRate))
        let due = Int((consumed * rateOut + rateIn / 2) / rateIn - produced)
        var result: Result<Int, MediaError> = .success(0)
        let most = max(0, min(due, output.count))
        output.withUnsafeMutableBufferPointer { target in
            result = drain(into: target, most: most)
            // What rounding leaves to the last sample is silence, so that the count is right.
            if case .success(let made) = result, made < most { target[made..<most].update(repeating: 0) }
        }
        reset()
        _ = try result.get()
        return most
    }

    /// Forgets the stream: the next input is the first of a new one.
    package func reset() {
        (consumed, produced) = (0, 0)
        switch kernel {
        case .copy: break
        case .polyphase(let kernel): kernel.reset()
        case .library(let kernel): kernel.reset()
        }
    }

    private func convert(
        _ source: UnsafeBufferPointer<Int16>, into target: UnsafeMutableBufferPointer<Int16>
    ) -> Result<Int, MediaError> {
        if case .copy = kernel {
            _ = target.update(fromContentsOf: source)
            return .success(source.count)
        }
        var (taken, made) = (0, 0)
        while taken < source.count {
            let block = min(Self.blockSamples, source.count - taken)
            let part = UnsafeBufferPointer(rebasing: source[taken..<(taken + block)])
            let room = UnsafeMutableBufferPointer(rebasing: target[made...])
            switch kernel {
            case .copy: break
            case .polyphase(let kernel): made += kernel.process(part, into: room)
            case .library(let kernel):
                switch kernel.process(part, isLast: false, into: room) {
                case .success(let count): made += count
                case .failure(let error): return .failure(error)
                }
            }
            taken += block
        }
        return .success(made)
    }

    /// Makes up to `most` outputs from the inputs that are left and the silence after them.
    private func drain(into target: UnsafeMutableBufferPointer<Int16>, most: Int) -> Result<Int, MediaError> {
        let room = UnsafeMutableBufferPointer(rebasing: target[0..<most])
        switch kernel {
        case .copy: return .success(0)
        case .polyphase(let kernel): return .success(kernel.drain(into: room))
        case .library(let kernel):
            return kernel.process(UnsafeBufferPointer(start: nil, count: 0), isLast: true, into: room)
        }
    }

    /// [samples] that the kernels take at once: 20 ms at 48 kHz.
    static let blockSamples = 960
    /// [samples of the lower rate] More than half of SINC_BEST_QUALITY's filter (144 periods at most).
    private static let libraryDelay = 160
}
