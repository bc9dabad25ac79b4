/// Joins bytes that arrive in arbitrary pieces to whole characters. Pure.
///
/// A language model's tokens may end in the middle of a UTF-8 character; text that is handed on must not.
struct CharacterAssembler {
    private var rest: [UInt8] = []

    /// Takes bytes and gives back all characters that are complete. What can never become one is replaced by U+FFFD.
    mutating func append(_ bytes: some Sequence<UInt8>) -> String {
        rest += bytes
        let complete = rest.count - incompleteTail
        defer { rest.removeFirst(complete) }
        return String(decoding: rest[..<complete], as: UTF8.self)
    }

    /// The end of the text: what is left, if anything, as replacement characters.
    mutating func finish() -> String {
        defer { rest = [] }
        return String(decoding: rest, as: UTF8.self)
    }

    /// [bytes] at the end that are the beginning of a character.
    private var incompleteTail: Int {
        for back in 1...4 where back <= rest.count {
            let byte = rest[rest.count - back]
            // RFC 3629: 10xxxxxx continues; the others say how long their character is.
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let length =
                switch byte {
                case 0b1100_0000...0b1101_1111: 2
                case 0b1110_0000...0b1110_1111: 3
                case 0b1111_0000...0b1111_0111: 4
                default: 1
                }
            return length > back ? back : 0
        }
        return 0
    }
}
