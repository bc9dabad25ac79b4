internal import VoiceEngineCore

/// A piece of text that a voice reports with its audio: usually a word, or a part of one.
struct TimedText: Equatable, Sendable {
    var text: String
    /// [ms]
    var start: Int64
    var end: Int64
}

/// Finds the words of a reply's segments in the timed text that a voice reports. Pure.
///
/// Only letters and digits are compared, without case: services differ in what they do with blanks and punctuation. A
/// piece that does not fit (a number that was spelled out) is left out, and the place is found again at a later word;
/// after too many such pieces nothing is believed any more.
struct SpokenTextAligner {
    private struct Letter {
        let character: Character
        let segment: Int
        let word: Int
        let isFirstOfWord: Bool
        let isLastOfWord: Bool
    }

    /// [letters] Longer replies are not followed to their end.
    private static let longest = 20_000
    /// [letters] How far ahead the place is searched for.
    private static let window = 80
    private static let patience = 12

    private var letters: [Letter] = []
    private var position = 0
    private var misses = 0
    private var isLost = false
    private var wordEnds: [[Int64]] = []
    /// [ms] Where the first letter of each segment begins, as far as it came.
    private var starts: [Int64?] = []
    private(set) var hasMatched = false

    /// The next segment.
    mutating func append(_ text: String) {
        let segment = wordEnds.count
        wordEnds.append([])
        starts.append(nil)
        for (word, content) in VoiceEngineCore.SpokenWords(text).words.enumerated() {
            let found = Self.letters(of: content)
            guard letters.count + found.count <= Self.longest else { return }
            for (index, character) in found.enumerated() {
                letters.append(
                    Letter(
                        character: character, segment: segment, word: word, isFirstOfWord: index == 0,
                        isLastOfWord: index == found.count - 1))
            }
        }
    }

    /// All text so far was found, or nothing can be said any more.
    var isComplete: Bool { isLost || position == letters.count }

    /// [ms] Where a segment begins; one without letters where the next one does.
    func start(of segment: Int) -> Int64? {
        guard starts.indices.contains(segment) else { return nil }
        return starts[segment...].lazy.compactMap(\.self).first
    }

    /// [ms] Where the first words of a segment end.
    func ends(of segment: Int) -> [Int64] { wordEnds.indices.contains(segment) ? wordEnds[segment] : [] }

    /// Whether anything of the segment was found.
    func hasBegun(_ segment: Int) -> Bool { starts.indices.contains(segment) && starts[segment] != nil }

    mutating func feed(_ piece: TimedText) {
        let found = Self.letters(of: piece.text)
        guard !isLost, !found.isEmpty else { return }
        if !fits(found, at: position) {
            guard found.count >= 3, let later = laterPlace(of: found) else {
                misses += 1
                if misses > Self.patience { isLost = true }
                return
            }
            position = later
        }
        hasMatched = true
        misses = 0
        let duration = max(piece.end - piece.start, 0)
        for offset in found.indices {
            // Of a piece of several words each takes its share.
            let end = piece.start + duration * Int64(offset + 1) / Int64(found.count)
            pass(letters[position + offset], TimedText(text: piece.text, start: piece.start, end: end))
        }
        position += found.count
    }

    private func fits(_ found: [Character], at place: Int) -> Bool {
        guard place + found.count <= letters.count else { return false }
        return found.indices.allSatisfy { letters[place + $0].character == found[$0] }
    }

    /// The beginning of a word not far ahead from which the piece can be read.
    private func laterPlace(of found: [Character]) -> Int? {
        let end = min(position + Self.window, letters.count)
        return (position..<end).first { letters[$0].isFirstOfWord && fits(found, at: $0) }
    }

    private mutating func pass(_ letter: Letter, _ piece: TimedText) {
        if starts[letter.segment] == nil { starts[letter.segment] = piece.start }
        guard letter.isLastOfWord else { return }
        // Words without letters, and words that were left out, end where the one before them does.
        let before = wordEnds[letter.segment].last ?? starts[letter.segment] ?? piece.start
        while wordEnds[letter.segment].count < letter.word { wordEnds[letter.segment].append(before) }
        wordEnds[letter.segment].append(max(before, piece.end))
    }

    private static func letters(of text: some StringProtocol) -> [Character] {
        text.lowercased().filter { $0.isLetter || $0.isNumber }.map(\.self)
    }
}
