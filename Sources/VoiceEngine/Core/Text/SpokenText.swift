/// Words of a transcript in which phrases are looked for, word by word. It is done with every partial transcript.
struct SpokenText {
    /// The words, a space before and behind each.
    private let text: String
    private let bytes: [UInt8]
    /// Letters and accents that stand apart are the same text as those that do not, but not the same bytes.
    private let isDecomposed: Bool

    /// - Parameter words: Normalised as by `Backchannel.words`.
    init(_ words: [String]) {
        text = words.isEmpty ? "" : " \(words.joined(separator: " ")) "
        bytes = Array(text.utf8)
        isDecomposed = text.unicodeScalars.contains { (0x300...0x36F).contains($0.value) }
    }

    var isEmpty: Bool { bytes.isEmpty }

    /// Whether the words of a phrase, with one space between two, stand here one behind the other.
    func holds(_ phrase: String) -> Bool {
        if isDecomposed { return text.contains(" \(phrase) ") }
        let phrase = phrase.utf8
        let space = UInt8(ascii: " ")
        var start = 1
        while start + phrase.count < bytes.count {
            let end = start + phrase.count
            if bytes[end] == space, bytes[start..<end].elementsEqual(phrase) { return true }
            while start < bytes.count, bytes[start] != space { start += 1 }
            start += 1
        }
        return false
    }
}
