/// Words of a transcript in which phrases are looked for, word by word. It is done with every partial transcript.
struct SpokenText {
    /// The words, a space before and behind each.
    private let text: String
    private let bytes: [UInt8]
    /// Where in `bytes` the words begin.
    private let starts: [Int]
    /// Letters and accents that stand apart are the same text as those that do not, but not the same bytes.
    private let isDecomposed: Bool

    private static let space = UInt8(ascii: " ")

    /// - Parameter words: Normalised as by `Backchannel.words`.
    init(_ words: [String]) {
        text = words.isEmpty ? "" : " \(words.joined(separator: " ")) "
        bytes = Array(text.utf8)
        var starts: [Int] = []
        starts.reserveCapacity(words.count)
        for index in bytes.indices.dropLast() where bytes[index] == Self.space { starts.append(index + 1) }
        self.starts = starts
        isDecomposed =
            bytes.contains { $0 >= 0x80 } && text.unicodeScalars.contains { (0x300...0x36F).contains($0.value) }
    }

    var isEmpty: Bool { bytes.isEmpty }

    /// Whether the words of a phrase, with one space between two, stand here one behind the other.
    func holds(_ phrase: String) -> Bool {
        if isDecomposed { return text.contains(" \(phrase) ") }
        var phrase = phrase
        return phrase.withUTF8 { phrase in starts.contains { isWhole(phrase, at: $0) } }
    }

    /// Whether a phrase stands at the beginning of a word and ends with one.
    private func isWhole(_ phrase: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        let end = start + phrase.count
        guard end < bytes.count, bytes[end] == Self.space else { return false }
        for index in phrase.indices where bytes[start + index] != phrase[index] { return false }
        return true
    }
}
