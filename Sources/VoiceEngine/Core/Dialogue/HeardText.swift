/// What of a reply the caller has heard: maps samples played to words.
///
/// Text and audio arrive apart: segments of text first, then their audio in pieces, then the news that a segment's
/// audio is complete. Inside completed audio the words are spread over the samples by weight (letters, digits, pauses
/// at punctuation) or by the provider's word times; inside audio that still arrives, by the speed measured so far.
/// Segments that are completed by one report (a provider that knows no borders) count as one stretch of audio.
///
/// A word counts as heard when more than half of it was played. One value per reply; pure.
package struct HeardText: Equatable, Sendable {
    private struct Segment: Equatable {
        let index: Int
        let text: String
        var samples: Int64 = 0
        var wordEnds: [Int64] = []
    }

    /// A stretch of audio with its text.
    private struct Stretch: Equatable {
        var segments: [Segment]
        var samples: Int64
        var weight: Double
    }

    /// [characters/s] Ordinary English speech, until some has been measured.
    private static let usualSpeed = 15.0

    private let samplesPerSecond: Double
    private var completed: [Stretch] = []
    private var open: [Segment] = []

    /// - Parameter sampleRate: [Hz] Of the samples that are counted; only matters until the first segment is complete.
    package init(sampleRate: Int = 8_000) { samplesPerSecond = Double(max(sampleRate, 1)) }

    /// The whole text so far.
    package var text: String {
        (completed.flatMap(\.segments) + open).map(\.text).joined(separator: " ")
    }

    /// The next segment's text, before its audio. Segments come in order of their index.
    package mutating func append(segment index: Int, text: String) {
        open.append(Segment(index: index, text: text))
    }

    /// More audio of a segment. Audio comes in the order of the segments.
    package mutating func append(samples: Int, to segment: Int) {
        guard let position = open.lastIndex(where: { $0.index <= segment }) else { return }
        open[position].samples += Int64(max(samples, 0))
    }

    /// The audio of all segments up to and including this one has been appended.
    package mutating func complete(through index: Int) {
        let segments = Array(open.prefix { $0.index <= index })
        guard !segments.isEmpty else { return }
        open.removeFirst(segments.count)
        completed.append(Self.stretch(of: segments))
    }

    /// Word times of a provider that has them: where each word ends, in samples from the start of the segment's audio.
    /// Ignored unless they are as many as the words of the text, and in order.
    package mutating func setWordEnds(_ ends: [Int64], of segment: Int) {
        guard let position = open.firstIndex(where: { $0.index == segment }),
            ends.count == open[position].text.split(separator: " ").count,
            zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return }
        open[position].wordEnds = ends
    }

    /// The text that was heard when `samples` samples of the reply have been played.
    package func heard(upTo samples: Int64) -> String {
        var left = max(samples, 0)
        var pieces: [String] = []
        for stretch in completed {
            if left >= stretch.samples {
                pieces += stretch.segments.map(\.text)
                left -= stretch.samples
                continue
            }
            pieces.append(Self.cut(stretch, at: left, total: Double(stretch.samples)))
            return pieces.filter { !$0.isEmpty }.joined(separator: " ")
        }
        let stretch = Self.stretch(of: open)
        if stretch.samples > 0 {
            // Never faster than the audio that is there already needs.
            let total = max(stretch.weight * samplesPerWeight, Double(stretch.samples))
            pieces.append(Self.cut(stretch, at: min(left, stretch.samples), total: total))
        }
        return pieces.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Measured over the completed audio.
    private var samplesPerWeight: Double {
        let weight = completed.reduce(0) { $0 + $1.weight }
        let samples = completed.reduce(0) { $0 + $1.samples }
        return weight > 0 && samples > 0 ? Double(samples) / weight : samplesPerSecond / Self.usualSpeed
    }

    /// The words of a stretch of `total` samples that end (by half) before `position`.
    private static func cut(_ stretch: Stretch, at position: Int64, total: Double) -> String {
        var heard: [Substring] = []
        var passed = 0.0
        for segment in stretch.segments {
            let words = segment.text.split(separator: " ")
            let isTimed = stretch.segments.count == 1 && !segment.wordEnds.isEmpty
            var previousEnd = 0.0
            for (number, word) in words.enumerated() {
                let weight = weight(of: word)
                let start = isTimed ? previousEnd : passed / max(stretch.weight, 1) * total
                let end =
                    isTimed
                    ? Double(segment.wordEnds[number]) : (passed + weight.spoken) / max(stretch.weight, 1) * total
                guard (start + end) / 2 < Double(position) else { return heard.joined(separator: " ") }
                heard.append(word)
                passed += weight.spoken + weight.pause
                previousEnd = end
            }
        }
        return heard.joined(separator: " ")
    }

    private static func stretch(of segments: [Segment]) -> Stretch {
        var weight = 0.0
        for word in segments.lazy.flatMap({ $0.text.split(separator: " ") }) {
            let (spoken, pause) = self.weight(of: word)
            weight += spoken + pause
        }
        return Stretch(segments: segments, samples: segments.reduce(0) { $0 + $1.samples }, weight: weight)
    }

    /// In letters: a digit is a word of about four; a comma is a pause of about 0.2 s, the end of a sentence one of
    /// 0.4 s.
    private static func weight(of word: Substring) -> (spoken: Double, pause: Double) {
        var spoken = 0.0
        for character in word {
            if character.isNumber { spoken += 4 } else if character.isLetter { spoken += 1 }
        }
        let pause: Double
        switch word.last(where: { !"\"')]»”’".contains($0) }) {
        case ",", ";", ":", "–", "—": pause = 3
        case ".", "!", "?", "…": pause = 6
        case _: pause = 0
        }
        return (max(spoken, 1), pause + 1)
    }
}
