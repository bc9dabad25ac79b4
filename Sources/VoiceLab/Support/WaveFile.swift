import Foundation

/// Why a sound cannot be used.
enum WaveError: Error, CustomStringConvertible {
    case unreadable(path: String, reason: String)

    var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot use \(path): \(reason)"
        }
    }
}

/// RIFF/WAVE in and out: PCM of 8, 16, 24 and 32 bits, and µ-law; any rate, any channels (the first is taken).
enum WaveFile {
    /// Reads a file as 16-bit mono at 8 kHz.
    static func readTelephone(path: String) throws -> [Int16] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw WaveError.unreadable(path: path, reason: "no such file, or no permission")
        }
        let (samples, rate) = try parse([UInt8](data), path: path)
        return Resampling.toTelephoneRate(samples, from: rate)
    }

    /// Parses the chunks of a RIFF file. Sizes are not trusted: a data chunk that claims more than there is ends early.
    static func parse(_ bytes: [UInt8], path: String) throws -> (samples: [Int16], rate: Int) {
        func fail(_ reason: String) -> WaveError { .unreadable(path: path, reason: reason) }
        guard bytes.count >= 12, bytes.starts(with: Array("RIFF".utf8)), Array(bytes[8..<12]) == Array("WAVE".utf8)
        else { throw fail("not a RIFF/WAVE file") }
        var format: Format?
        var offset = 12
        while offset + 8 <= bytes.count {
            let name = String(decoding: bytes[offset..<offset + 4], as: UTF8.self)
            let size = Int(little32(bytes, offset + 4))
            let body = offset + 8
            let end = min(body + size, bytes.count)
            if name == "fmt " {
                guard end - body >= 16 else { throw fail("its format chunk is cut") }
                format = Format(
                    code: Int(little16(bytes, body)), channels: Int(little16(bytes, body + 2)),
                    rate: Int(little32(bytes, body + 4)), bits: Int(little16(bytes, body + 14)),
                    subcode: end - body >= 26 ? Int(little16(bytes, body + 24)) : 0)
            } else if name == "data" {
                guard let format else { throw fail("its data comes before its format") }
                guard format.channels > 0, (1_000...384_000).contains(format.rate) else {
                    throw fail("\(format.channels) channels at \(format.rate) Hz")
                }
                guard let samples = decode(bytes[body..<end], format) else {
                    throw fail("format \(format.code) with \(format.bits) bits; expected PCM or µ-law")
                }
                return (samples, format.rate)
            }
            offset = end + (size & 1)
        }
        throw fail("it has no data chunk")
    }

    /// A 16-bit PCM file of interleaved channels of equal length.
    static func write(channels: [[Int16]], rate: Int, path: String) throws {
        let frames = channels.map(\.count).max() ?? 0
        var bytes: [UInt8] = []
        bytes.reserveCapacity(44 + frames * channels.count * 2)
        func put32(_ value: Int) {
            for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(value >> shift & 255)) }
        }
        func put16(_ value: Int) { for shift in [0, 8] { bytes.append(UInt8(value >> shift & 255)) } }
        bytes += "RIFF".utf8
        put32(36 + frames * channels.count * 2)
        bytes += "WAVEfmt ".utf8
        put32(16)
        put16(1)
        put16(channels.count)
        put32(rate)
        put32(rate * channels.count * 2)
        put16(channels.count * 2)
        put16(16)
        bytes += "data".utf8
        put32(frames * channels.count * 2)
        for frame in 0..<frames {
            for channel in channels {
                put16(Int(frame < channel.count ? channel[frame] : 0))
            }
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private struct Format {
        var code: Int
        var channels: Int
        var rate: Int
        var bits: Int
        var subcode: Int

        /// WAVE_FORMAT_EXTENSIBLE keeps the real code in its sub-format.
        var effectiveCode: Int { code == 0xFFFE ? subcode : code }
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, _ format: Format) -> [Int16]? {
        let width = format.bits / 8
        let step = width * format.channels
        guard step > 0 else { return nil }
        let starts = stride(from: bytes.startIndex, through: bytes.endIndex - step, by: step)
        switch (format.effectiveCode, format.bits) {
        case (1, 8): return starts.map { Int16(Int(bytes[$0]) - 128) << 8 }
        case (1, 16), (1, 24), (1, 32):
            // The two most significant bytes of a little-endian sample are its last two.
            return starts.map { start in
                let high = start + width - 1
                return Int16(bitPattern: UInt16(bytes[high]) << 8 | UInt16(bytes[high - 1]))
            }
        case (7, 8): return starts.map { MuLaw.linear[Int(bytes[$0])] }
        default: return nil
        }
    }

    private static func little16(_ bytes: [UInt8], _ offset: Int) -> UInt16 {
        UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }

    private static func little32(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(little16(bytes, offset)) | UInt32(little16(bytes, offset + 2)) << 16
    }
}

/// Conversion to 8 kHz by a windowed sinc: caller audio is prepared once, so plain and exact is enough.
enum Resampling {
    static func toTelephoneRate(_ samples: [Int16], from rate: Int) -> [Int16] {
        let target = Telephone.samplesPerSecond
        guard rate != target, rate > 0, !samples.isEmpty else { return samples }
        let ratio = Double(rate) / Double(target)
        // Cut off at 92 % of the lower of the two Nyquist frequencies; 24 zero crossings keep aliases below the µ-law noise.
        let cutoff = 0.92 * min(1, 1 / ratio)
        let reach = Int((24 / cutoff).rounded(.up))
        return (0..<Int(Double(samples.count) / ratio)).map { index in
            let centre = Double(index) * ratio
            let middle = Int(centre)
            var sum = 0.0
            for tap in max(0, middle - reach)...min(samples.count - 1, middle + reach) {
                let distance = Double(tap) - centre
                let window = 0.5 + 0.5 * cos(.pi * distance / Double(reach + 1))
                let angle = .pi * distance * cutoff
                let sinc = abs(angle) < 1e-9 ? 1 : sin(angle) / angle
                sum += Double(samples[tap]) * cutoff * sinc * window
            }
            return Int16(max(-32_768, min(32_767, sum.rounded())))
        }
    }
}
