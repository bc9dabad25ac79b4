/// Linear 16-bit samples as bytes, in the byte order of a network (RFC 2586 L16: most significant first) or
/// little-endian.
package enum L16 {
    /// Reads little-endian bytes into samples; an odd last byte is left alone.
    ///
    /// - Returns: samples decoded: the smaller of `bytes.count / 2` and `samples.count`.
    @discardableResult
    package static func decodeLittleEndian(_ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>) -> Int {
        decode(bytes, into: &samples, swapping: Int16(littleEndian: 1) != 1)
    }

    /// Reads big-endian bytes into samples; an odd last byte is left alone.
    ///
    /// - Returns: samples decoded: the smaller of `bytes.count / 2` and `samples.count`.
    @discardableResult
    package static func decodeBigEndian(_ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>) -> Int {
        decode(bytes, into: &samples, swapping: Int16(bigEndian: 1) != 1)
    }

    /// Writes samples as little-endian bytes.
    ///
    /// - Returns: bytes written: twice the samples that fit.
    @discardableResult
    package static func encodeLittleEndian(_ samples: Span<Int16>, into bytes: inout MutableSpan<UInt8>) -> Int {
        encode(samples, into: &bytes, swapping: Int16(littleEndian: 1) != 1)
    }

    /// Writes samples as big-endian bytes.
    ///
    /// - Returns: bytes written: twice the samples that fit.
    @discardableResult
    package static func encodeBigEndian(_ samples: Span<Int16>, into bytes: inout MutableSpan<UInt8>) -> Int {
        encode(samples, into: &bytes, swapping: Int16(bigEndian: 1) != 1)
    }

    private static func decode(
        _ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>, swapping: Bool
    ) -> Int {
        let count = min(bytes.count / 2, samples.count)
        bytes.withUnsafeBytes { source in
            samples.withUnsafeMutableBufferPointer { target in
                for index in 0..<count {
                    let sample = source.loadUnaligned(fromByteOffset: index &* 2, as: Int16.self)
                    target[index] = swapping ? sample.byteSwapped : sample
                }
            }
        }
        return count
    }

    private static func encode(
        _ samples: Span<Int16>, into bytes: inout MutableSpan<UInt8>, swapping: Bool
    ) -> Int {
        let count = min(bytes.count / 2, samples.count)
        samples.withUnsafeBufferPointer { source in
            bytes.withUnsafeMutableBytes { target in
                for index in 0..<count {
                    let sample = swapping ? source[index].byteSwapped : source[index]
                    target.storeBytes(of: sample, toByteOffset: index &* 2, as: Int16.self)
                }
            }
        }
        return count * 2
    }
}
