/// The vocabulary of Moonshine: from token numbers to text.
struct MoonshineTokens: Sendable {
    static let start: Int64 = 1
    static let end: Int64 = 2

    private let pieces: [[UInt8]]

    /// - Parameter file: Lines of a token's bytes in base64, a space, and its number; numbers in order from 0.
    init(file: [UInt8]) throws(LocalModelError) {
        var pieces: [[UInt8]] = []
        for line in file.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard fields.count == 2, let piece = Base64.decode(fields[0]),
                Int(String(decoding: fields[1], as: UTF8.self)) == pieces.count
            else { throw .unusable("tokens.txt: line \(pieces.count + 1) is not a token") }
            // <unk>, <s>, </s>, <<ST_0>> and the like are no text.
            let isControl = piece.first == UInt8(ascii: "<") && piece.last == UInt8(ascii: ">") && piece.count > 2
            pieces.append(isControl ? [] : piece)
        }
        self.pieces = pieces
    }

    /// The text of tokens, without spaces at its ends. Bytes that are no UTF-8 are replaced.
    func text(of tokens: [Int64]) -> String {
        var bytes: [UInt8] = []
        for token in tokens where pieces.indices.contains(Int(token)) { bytes += pieces[Int(token)] }
        // U+2581 stands for a space.
        let words = String(decoding: bytes, as: UTF8.self).split { $0 == "\u{2581}" || $0 == " " }
        return words.joined(separator: " ")
    }
}

/// RFC 4648 base64, as much of it as tokens.txt has.
private enum Base64 {
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for character in text where character != UInt8(ascii: "=") {
            guard let value = value(of: character) else { return nil }
            buffer = buffer << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
