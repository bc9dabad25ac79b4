/// A WAV file of mono PCM16 with true sizes: servers refuse the placeholders of streams. Pure.
package enum WaveFile {
    package static let headerBytes = 44

    /// - Parameter sampleRate: [Hz]
    package static func bytes(_ samples: some Collection<Int16>, sampleRate: Int) -> [UInt8] {
        let size = UInt32(clamping: samples.count * 2)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerBytes + samples.count * 2)
        func number<Number: FixedWidthInteger>(_ value: Number) {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
        bytes += "RIFF".utf8
        number(size &+ 36)
        bytes += "WAVEfmt ".utf8
        number(UInt32(16))
        number(UInt16(1))  // PCM
        number(UInt16(1))  // mono
        number(UInt32(clamping: sampleRate))
        number(UInt32(clamping: sampleRate * 2))  // bytes a second
        number(UInt16(2))  // bytes a sample
        number(UInt16(16))  // bits a sample
        bytes += "data".utf8
        number(size)
        for sample in samples { number(sample) }
        return bytes
    }
}
