internal import CG711

/// ITU-T G.711: 8 bits per sample, logarithmic, as every telephone network speaks it.
///
/// The kernels are in C (`CG711`), once for each width of vectors; the widest that the processor has are taken.
package enum G711 {
    /// The byte that means silence in a μ-law stream (positive zero).
    package static let mulawSilence: UInt8 = 0xFF
    /// The byte that means (nearly) silence in an A-law stream.
    package static let alawSilence: UInt8 = 0xD5

    /// The vectors that a kernel works with.
    package struct Vectors: Sendable, CustomStringConvertible {
        fileprivate let compiled: g711_vectors

        /// The widest that this processor has.
        package static let widest = Vectors(compiled: g711_widest_vectors())

        /// All that this processor has, narrow ones first.
        package static var all: [Vectors] {
            (0...widest.compiled.rawValue).map { Vectors(compiled: g711_vectors($0)) }
        }

        package var description: String {
            switch compiled {
            case G711_VECTORS_AVX2: "AVX2"
            case G711_VECTORS_AVX512: "AVX-512"
            default: Self.always
            }
        }

        #if arch(x86_64)
            private static let always = "SSE2"
        #else
            private static let always = "NEON"
        #endif
    }

    // MARK: Spans

    /// Encodes to μ-law.
    ///
    /// - Returns: samples encoded: the smaller of the two counts.
    @discardableResult
    package static func encodeMulaw(
        _ samples: Span<Int16>, into bytes: inout MutableSpan<UInt8>, by vectors: Vectors = .widest
    ) -> Int {
        map(samples, into: &bytes, vectors, g711_encode_mulaw)
    }

    /// Decodes μ-law.
    ///
    /// - Returns: samples decoded: the smaller of the two counts.
    @discardableResult
    package static func decodeMulaw(
        _ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>, by vectors: Vectors = .widest
    ) -> Int {
        map(bytes, into: &samples, vectors, g711_decode_mulaw)
    }

    /// Encodes to A-law.
    ///
    /// - Returns: samples encoded: the smaller of the two counts.
    @discardableResult
    package static func encodeAlaw(
        _ samples: Span<Int16>, into bytes: inout MutableSpan<UInt8>, by vectors: Vectors = .widest
    ) -> Int {
        map(samples, into: &bytes, vectors, g711_encode_alaw)
    }

    /// Decodes A-law.
    ///
    /// - Returns: samples decoded: the smaller of the two counts.
    @discardableResult
    package static func decodeAlaw(
        _ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>, by vectors: Vectors = .widest
    ) -> Int {
        map(bytes, into: &samples, vectors, g711_decode_alaw)
    }

    @inline(__always)
    private static func map<From: BitwiseCopyable, To: BitwiseCopyable>(
        _ input: Span<From>, into output: inout MutableSpan<To>, _ vectors: Vectors,
        _ convert: (UnsafePointer<From>?, UnsafeMutablePointer<To>?, Int, g711_vectors) -> Void
    ) -> Int {
        let count = min(input.count, output.count)
        input.withUnsafeBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                convert(source.baseAddress, target.baseAddress, count, vectors.compiled)
            }
        }
        return count
    }

    // MARK: One sample

    /// One sample to μ-law. The lower two of its 16 bits are dropped, as G.711 codes 14.
    package static func mulaw(_ sample: Int16) -> UInt8 { g711_mulaw(sample) }

    /// One μ-law byte to its sample: -32124...32124.
    package static func linear(mulaw byte: UInt8) -> Int16 { g711_linear_of_mulaw(byte) }

    /// One sample to A-law. The lower three of its 16 bits are dropped, as G.711 codes 13.
    package static func alaw(_ sample: Int16) -> UInt8 { g711_alaw(sample) }

    /// One A-law byte to its sample: -32256...32256.
    package static func linear(alaw byte: UInt8) -> Int16 { g711_linear_of_alaw(byte) }
}
