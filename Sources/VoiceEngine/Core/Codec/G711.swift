/// ITU-T G.711: 8 bits per sample, logarithmic, as every telephone network speaks it.
///
/// The kernels are arithmetic without tables or branches, so that the compiler vectorises them. The trick: the exponent
/// and the four upper bits of the fraction of an IEEE float *are* G.711's segment and step. Encoding converts the
/// biased magnitude to a float and shifts its bits; decoding assembles the float. Every number stays below 2^24, where
/// floats are exact. Bit for bit equal to Sun's g711.c (Python's audioop) over all inputs:
/// `Tests/GoldenAudio/make_g711.py`.
package enum G711 {
    /// The byte that means silence in a μ-law stream (positive zero).
    package static let mulawSilence: UInt8 = 0xFF
    /// The byte that means (nearly) silence in an A-law stream.
    package static let alawSilence: UInt8 = 0xD5

    // MARK: Spans

    /// Encodes to μ-law.
    ///
    /// - Returns: samples encoded: the smaller of the two counts.
    @discardableResult
    package static func encodeMulaw(_ samples: Span<Int16>, into bytes: inout MutableSpan<UInt8>) -> Int {
        map(samples, into: &bytes) { mulaw($0) }
    }

    /// Decodes μ-law.
    ///
    /// - Returns: samples decoded: the smaller of the two counts.
    @discardableResult
    package static func decodeMulaw(_ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>) -> Int {
        map(bytes, into: &samples) { linear(mulaw: $0) }
    }

    /// Encodes to A-law.
    ///
    /// - Returns: samples encoded: the smaller of the two counts.
    @discardableResult
    package static func encodeAlaw(_ samples: Span<Int16>, into bytes: inout MutableSpan<UInt8>) -> Int {
        map(samples, into: &bytes) { alaw($0) }
    }

    /// Decodes A-law.
    ///
    /// - Returns: samples decoded: the smaller of the two counts.
    @discardableResult
    package static func decodeAlaw(_ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>) -> Int {
        map(bytes, into: &samples) { linear(alaw: $0) }
    }

    @inline(__always)
    private static func map<From: BitwiseCopyable, To: BitwiseCopyable>(
        _ input: Span<From>, into output: inout MutableSpan<To>, _ code: (From) -> To
    ) -> Int {
        let count = min(input.count, output.count)
        input.withUnsafeBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                for index in 0..<count { target[index] = code(source[index]) }
            }
        }
        return count
    }

    // MARK: One sample

    /// One sample to μ-law. The lower two of its 16 bits are dropped, as G.711 codes 14.
    @inline(__always)
    package static func mulaw(_ sample: Int16) -> UInt8 {
        let value = Int32(sample) >> 2
        let sign = value >> 31  // 0, or all ones
        // 8158 + bias 33 = 8191: the largest magnitude of the top segment.
        let magnitude = min((value ^ sign) &- sign, 8_158) &+ 33
        // The bias makes the smallest magnitude 2^5 + 1, so that exponent 5 is segment 0.
        let segmentAndStep = Int32(bitPattern: Float(magnitude).bitPattern >> 19) &- ((127 + 5) << 4)
        return ~UInt8(truncatingIfNeeded: segmentAndStep | (sign & 0x80))
    }

    /// One μ-law byte to its sample: -32124...32124.
    @inline(__always)
    package static func linear(mulaw byte: UInt8) -> Int16 {
        let code = Int32(~byte)
        let magnitude = assemble(code & 0x7F) &- 132
        let sign = -(code >> 7)
        return Int16(truncatingIfNeeded: (magnitude ^ sign) &- sign)
    }

    /// One sample to A-law. The lower three of its 16 bits are dropped, as G.711 codes 13.
    @inline(__always)
    package static func alaw(_ sample: Int16) -> UInt8 {
        let value = Int32(sample) >> 3
        let sign = value >> 31
        let magnitude = value ^ sign  // one's complement: 0...4095
        let logarithmic = Int32(bitPattern: Float(magnitude).bitPattern >> 19) &- ((127 + 4) << 4)
        // Below 32 the law is linear.
        let segmentAndStep = magnitude < 32 ? magnitude >> 1 : logarithmic
        return UInt8(truncatingIfNeeded: segmentAndStep ^ 0xD5 ^ (sign & 0x80))
    }

    /// One A-law byte to its sample: -32256...32256.
    @inline(__always)
    package static func linear(alaw byte: UInt8) -> Int16 {
        let code = Int32(byte ^ 0x55)
        let step = code & 0x7F
        let magnitude = step < 16 ? (step << 4) &+ 8 : assemble(step)
        let sign = (code >> 7) &- 1  // the sign bit is set for positive samples
        return Int16(truncatingIfNeeded: (magnitude ^ sign) &- sign)
    }

    /// 2^(segment + 7) · (1 + step/16 + 1/32): the middle of the interval, as an integer.
    @inline(__always)
    private static func assemble(_ segmentAndStep: Int32) -> Int32 {
        let bits = (segmentAndStep << 19) &+ ((127 + 7) << 23) &+ (1 << 18)
        let value = Float(bitPattern: UInt32(bitPattern: bits))
        // Adding 2^23 puts the integer into the low bits of the fraction. A checked conversion would not vectorise.
        return Int32(bitPattern: (value + 8_388_608).bitPattern & 0x7F_FFFF)
    }
}
