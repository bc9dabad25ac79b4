/// The encodings that code sample by sample: G.711 and linear PCM. Opus codes packets, in another layer.
extension AudioEncoding {
    /// The byte that silence is made of.
    package var silence: UInt8 {
        switch self {
        case .mulaw: G711.mulawSilence
        case .alaw: G711.alawSilence
        case .pcm16, .opus: 0
        }
    }

    /// - Returns: [bytes] written to the front of `bytes`: as many whole samples as fit; none for Opus.
    package func encode(_ samples: Span<Int16>, into bytes: inout MutableSpan<UInt8>) -> Int {
        switch self {
        case .mulaw: G711.encodeMulaw(samples, into: &bytes)
        case .alaw: G711.encodeAlaw(samples, into: &bytes)
        case .pcm16: L16.encodeLittleEndian(samples, into: &bytes)
        case .opus: 0
        }
    }

    /// - Returns: [samples] written to the front of `samples`: as many as there are whole ones and as fit; none for Opus.
    package func decode(_ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>) -> Int {
        switch self {
        case .mulaw: G711.decodeMulaw(bytes, into: &samples)
        case .alaw: G711.decodeAlaw(bytes, into: &samples)
        case .pcm16: L16.decodeLittleEndian(bytes, into: &samples)
        case .opus: 0
        }
    }
}
