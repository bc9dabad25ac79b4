internal import VoiceEngineCore

/// Text as voices are given it. Pure.
enum VoiceText {
    /// Pieces of at most `limit` characters, cut after a sentence where there is one, else between words, else
    /// anywhere; each ends with the space that no server puts between pieces. Blank text gives no piece.
    static func pieces(_ text: String, atMost limit: Int) -> [String] {
        var pieces: [String] = []
        var rest = Substring(text.map { $0.isNewline || $0.asciiValue.map { $0 < 0x20 } ?? false ? " " : $0 })
        while !rest.isEmpty {
            var end = rest.endIndex
            if rest.count >= limit {
                let window = rest.prefix(limit - 1)
                let sentence = window.lastIndex { ".!?".contains($0) }
                let space = window.lastIndex(of: " ")
                end = (sentence ?? space).map { window.index(after: $0) } ?? window.endIndex
            }
            var piece = rest[..<end]
            rest = rest[end...]
            while piece.last == " " { piece.removeLast() }
            while piece.first == " " { piece.removeFirst() }
            if !piece.isEmpty { pieces.append(String(piece) + " ") }
        }
        return pieces
    }

    /// Whether anything of it can be heard: dots and dashes alone make no audio anywhere.
    static func isAudible(_ text: String) -> Bool { text.contains { $0.isLetter || $0.isNumber } }

    /// The language as ISO 639-1: `en` of `en-US`; nil for `multi` and the like.
    static func languageCode(_ tag: String?) -> String? {
        guard let first = tag?.split(separator: "-").first, (2...3).contains(first.count) else { return nil }
        return first.lowercased()
    }
}
