/// G.711 µ-law, written from the segment definition of the recommendation, not from the engine's tables.
enum MuLaw {
    /// The byte of a silent line.
    static let silence: UInt8 = 0xFF

    /// 16-bit linear value of each µ-law byte.
    static let linear: [Int16] = (0...255).map { byte in
        let bits = ~UInt8(byte)
        let segment = Int(bits >> 4) & 7
        let magnitude = ((Int(bits & 15) << 3) + 132) << segment
        return Int16(bits & 0x80 == 0 ? magnitude - 132 : 132 - magnitude)
    }

    /// The µ-law byte nearest to a 16-bit linear sample.
    static func encode(_ sample: Int16) -> UInt8 {
        let sign: UInt8 = sample < 0 ? 0x80 : 0
        // 32,635 is the largest magnitude that G.711 can carry once the bias of 132 is added.
        let magnitude = min(abs(Int(sample)), 32_635) + 132
        let segment = Int.bitWidth - 1 - magnitude.leadingZeroBitCount - 7
        let mantissa = UInt8((magnitude >> (segment + 3)) & 15)
        return ~(sign | UInt8(segment << 4) | mantissa)
    }

    static func encode(_ samples: [Int16]) -> [UInt8] {
        samples.map(encode)
    }

    static func decode(_ bytes: some Sequence<UInt8>) -> [Int16] {
        bytes.map { linear[Int($0)] }
    }
}
