internal import CSampleRate

/// Runs libsamplerate over a stream, through fixed buffers: for ratios without a small common divisor, for the highest
/// quality, and as the reference of the tests.
package final class SampleRateKernel {
    /// libsamplerate's converters; the names say what its documentation promises.
    package enum Converter: Int32, Sendable {
        /// 144 dB, passes 96 % of the band.
        case best = 0
        /// 121 dB, passes 90 %.
        case medium = 1
        /// 97 dB, passes 80 %.
        case fastest = 2
    }

    private let state: OpaquePointer
    private let ratio: Double
    private let input: UnsafeMutableBufferPointer<Float>
    private let output: UnsafeMutableBufferPointer<Float>

    init(_ converter: Converter, ratio: Double) throws(MediaError) {
        var error: Int32 = 0
        guard let state = src_new(converter.rawValue, 1, &error) else { throw .library(error) }
        self.state = state
        self.ratio = ratio
        input = .allocate(capacity: Resampler.blockSamples)
        input.initialize(repeating: 0)
        output = .allocate(capacity: Int(Double(Resampler.blockSamples) * ratio) + 64)
        output.initialize(repeating: 0)
    }

    deinit {
        _ = src_delete(state)
        input.deallocate()
        output.deallocate()
    }

    func reset() {
        _ = src_reset(state)
    }

    /// - Parameters:
    ///   - source: at most `Resampler.blockSamples`.
    ///   - isLast: the stream ends here; the rest of the filter is played out.
    /// - Returns: outputs made.
    func process(
        _ source: UnsafeBufferPointer<Int16>, isLast: Bool, into target: UnsafeMutableBufferPointer<Int16>
    ) -> Result<Int, MediaError> {
        for index in 0..<source.count { input[index] = Float(source[index]) }
        var (used, made) = (0, 0)
        while true {
            var data = SRC_DATA()
            data.data_in = UnsafePointer(input.baseAddress.unsafelyUnwrapped + used)
            data.input_frames = source.count - used
            data.data_out = output.baseAddress
            data.output_frames = min(output.count, target.count - made)
            data.end_of_input = isLast ? 1 : 0
            data.src_ratio = ratio
            let code = src_process(state, &data)
            guard code == 0 else { return .failure(.library(code)) }
            for index in 0..<data.output_frames_gen { target[made + index] = saturate(output[index]) }
            used += data.input_frames_used
            made += data.output_frames_gen
            if data.output_frames_gen == 0, used == source.count || data.input_frames_used == 0 {
                return .success(made)
            }
        }
    }
}
