/// Standard base64 with padding (RFC 4648), over bytes.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var held = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            held += 1
            if held == 3 {
                for shift in [18, 12, 6, 0] as [UInt32] { out.append(alphabet[Int(group >> shift & 63)]) }
                (group, held) = (0, 0)
            }
        }
        if held > 0 {
            group <<= UInt32(8 * (3 - held))
            for index in 0...held { out.append(alphabet[Int(group >> UInt32(18 - 6 * index) & 63)]) }
            out += [UInt8](repeating: UInt8(ascii: "="), count: 3 - held)
        }
        return out
    }

    /// The bytes, or nil when the text is not exactly what an encoder writes (length, alphabet, padding).
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var held = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                group <<= 6
            } else {
                let value = values[Int(character)]
                guard value != 0xFF, padding == 0 else { return nil }
                group = group << 6 | UInt32(value)
            }
            held += 1
            if held == 4 {
                guard padding <= 2 else { return nil }
                out.append(UInt8(group >> 16 & 255))
                if padding < 2 { out.append(UInt8(group >> 8 & 255)) }
                if padding < 1 { out.append(UInt8(group & 255)) }
                (group, held) = (0, 0)
            }
        }
        return out
    }
}
