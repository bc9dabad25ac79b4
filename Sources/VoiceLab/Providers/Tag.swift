/// The name of one turn of one call as a pronounceable word, so that it survives transcripts, prompts, text
/// normalisation and sentence splitting: the scripted providers pass it on, and their logs can be joined by it.
///
/// 18 bits as three syllables of consonant and vowel: 12 bits of call, 6 bits of utterance. "tag" + "bakedo".
struct Tag: Hashable, Sendable {
    /// 0...4095.
    var call: Int
    /// 0...63, the caller's utterances counted from 1.
    var utterance: Int

    private static let consonants = Array("bdfghjklmnprstvz".utf8)
    private static let vowels = Array("aeou".utf8)
    private static let prefix = Array("tag".utf8)

    init(call: Int, utterance: Int) {
        self.call = call & 4_095
        self.utterance = utterance & 63
    }

    var word: String {
        let bits = call << 6 | utterance
        var word = Self.prefix
        for shift in [12, 6, 0] {
            let syllable = bits >> shift & 63
            word += [Self.consonants[syllable >> 2], Self.vowels[syllable & 3]]
        }
        return String(decoding: word, as: UTF8.self)
    }

    /// The last tag in a text, or nil.
    init?(lastIn text: some Collection<UInt8>) {
        let bytes = Array(text)
        var index = bytes.count - 9
        while index >= 0 {
            if let tag = Tag(word: bytes[index..<index + 9]) {
                self = tag
                return
            }
            index -= 1
        }
        return nil
    }

    private init?(word: ArraySlice<UInt8>) {
        guard word.starts(with: Self.prefix) || word.starts(with: Array("Tag".utf8)) else { return nil }
        var bits = 0
        var rest = word.dropFirst(3)
        while let consonant = rest.popFirst(), let vowel = rest.popFirst() {
            guard let high = Self.consonants.firstIndex(of: consonant), let low = Self.vowels.firstIndex(of: vowel)
            else {
                return nil
            }
            bits = bits << 6 | high << 2 | low
        }
        self.init(call: bits >> 6, utterance: bits & 63)
    }
}
